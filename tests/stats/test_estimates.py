import pytest

from cxcurve.errors import Reason
from cxcurve.stats.estimates import Estimate, difference, nothing
from cxcurve.stats.proportions import nps, wilson


def test_a_difference_needs_both_values() -> None:
    both = difference(wilson(3, 10), nothing(2))
    assert (both.value, both.reason) == (None, Reason.TOO_FEW)
    assert difference(Estimate(2.0, n=1), wilson(3, 10)).value == pytest.approx(1.7)
    assert difference(Estimate(2.0, n=1), wilson(3, 10)).low is None


def test_a_difference_of_nps_is_narrower_than_the_sum_of_the_intervals() -> None:
    first, second = nps(60, 20, 20), nps(40, 30, 30)
    found = difference(first, second)
    assert found.value == pytest.approx(0.3)
    assert first.low - second.high < found.low < found.value < found.high < first.high - second.low
