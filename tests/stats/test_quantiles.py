import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from cxcurve.errors import BadValueError, Reason
from cxcurve.stats.quantiles import Histogram, median

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


@given(st.lists(st.integers(-20, 20), min_size=1, max_size=80), st.sampled_from([0.8, 0.9, 0.95, 0.99]))
def test_a_median_and_its_bounds_are_those_of_the_binomial(values: list, level: float) -> None:
    found = median(values, level=level)
    assert found.value == np.median(values)
    expected = stats.quantile_test(values, p=0.5).confidence_interval(level)
    ends = [None, None] if np.isnan(expected.low) else [expected.low, expected.high]
    assert [found.low, found.high] == ends


def test_a_median_of_few_has_no_bounds_and_of_nobody_a_reason() -> None:
    assert (median([3, 1, 2, 9, 5]).value, median([3, 1, 2, 9, 5]).low) == (3, None)
    six = median([9, 1, 2, 3, 5, 4])
    assert (six.value, six.low, six.high, six.n) == (3.5, 1, 9, 6), "31 of 32 samples hold it between the ends"
    assert median([]).reason is Reason.TOO_FEW


@pytest.mark.parametrize("n", [6, 20, 300])
def test_bounds_of_a_median_cover_at_least_as_often_as_told(n: int) -> None:
    """Whatever the distribution: lognormal, whose median is 1."""
    rng = np.random.default_rng(4)
    found = [median(np.exp(rng.normal(size=n))) for _ in range(500)]
    assert 0.935 < np.mean([one.low <= 1 <= one.high for one in found]) < 0.99


def test_a_median_asks_for_a_level_between_0_and_1() -> None:
    with pytest.raises(BadValueError, match="level is 95; expected a share between 0 and 1"):
        median([1, 2, 3], level=95)
