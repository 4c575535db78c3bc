import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxcurve.errors import BadValueError
from cxcurve.stats.quantiles import Histogram

BINS = st.lists(st.integers(-50, 50), max_size=60)
SHARES = st.sampled_from([0, 0.05, 0.1, 0.25, 0.5, 0.7, 0.9, 1])


@given(BINS, BINS, SHARES)
def test_the_sum_of_shards_has_the_quantile_of_the_whole(one: list, two: list, share: float) -> None:
    merged, whole = Histogram.from_bins(one) + Histogram.from_bins(two), Histogram.from_bins(one + two)
    np.testing.assert_array_equal(merged.bins, whole.bins)
    np.testing.assert_array_equal(merged.counts, whole.counts)
    assert merged.quantile(share) == whole.quantile(share)


@given(BINS.filter(bool), SHARES)
def test_it_is_the_lowest_value_that_reaches_the_share(values: list, share: float) -> None:
    found = Histogram.from_bins(values).quantile(share)
    assert found == np.quantile(values, share, method="inverted_cdf")
    assert Histogram.from_bins(values).share_at_or_below(found) >= share - 1e-12


def test_counted_bins_are_repeated_bins() -> None:
    assert Histogram.from_bins([3, 1, 2], [2, 1, 0]).quantile(0.5) == Histogram.from_bins([3, 1, 3]).quantile(0.5) == 3


def test_an_empty_histogram_has_no_quantile() -> None:
    assert Histogram.from_bins([]).quantile(0.5) is None
    assert Histogram.from_bins([]).share_at_or_below(3) is None


def test_misuse_is_named() -> None:
    with pytest.raises(BadValueError, match="share is 90; expected a number between 0 and 1"):
        Histogram.from_bins([1]).quantile(90)
    with pytest.raises(BadValueError, match="expected one count of 0 or more per bin"):
        Histogram.from_bins([1], [-1])
