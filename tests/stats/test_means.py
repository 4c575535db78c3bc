import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from cxcurve.errors import BadValueError, Reason
from cxcurve.stats.means import (
    Moments,
    PairMoments,
    cuped,
    mean,
    relative_lift,
    t_test_power,
    t_test_sample_size,
    welch,
)

VALUES = st.lists(st.integers(-100, 100), max_size=40)


@given(VALUES, VALUES)
def test_the_sum_of_shards_is_the_whole(one: list, two: list) -> None:
    assert Moments.from_values(one) + Moments.from_values(two) == Moments.from_values(one + two)
    shards = PairMoments.from_values(one, one[::-1]) + PairMoments.from_values(two, two[::-1])
    assert shards == PairMoments.from_values(one + two, one[::-1] + two[::-1])


@given(st.lists(st.integers(-100, 100), min_size=2, max_size=40))
def test_the_interval_of_a_mean_is_that_of_the_t_test(values: list) -> None:
    found = mean(Moments.from_values(values))
    assert found.value == pytest.approx(np.mean(values))
    if np.ptp(values) > 0:
        low, high = stats.ttest_1samp(values, 0).confidence_interval()
        assert (found.low, found.high) == pytest.approx((low, high), abs=1e-9)


def test_welch_is_scipys() -> None:
    rng = np.random.default_rng(1)
    one, two = rng.normal(3, 1, 20), rng.normal(2, 4, 35)
    reference = stats.ttest_ind(one, two, equal_var=False)
    found = welch(Moments.from_values(one), Moments.from_values(two))
    assert found.p_value == pytest.approx(reference.pvalue)
    assert (found.low, found.high) == pytest.approx(tuple(reference.confidence_interval()))


def test_too_little_data_has_a_reason() -> None:
    one, two = Moments.from_values([4]), Moments.from_values([1, 2, 3])
    assert mean(Moments(0, 0, 0)).reason is Reason.TOO_FEW
    assert (mean(one).value, mean(one).low) == (4, None)
    assert welch(one, two).reason is Reason.TOO_FEW
    assert relative_lift(two, Moments.from_values([-1, 1])).reason is Reason.TOO_FEW
    assert cuped(PairMoments.from_values([1], [1]), PairMoments.from_values([1, 2], [1, 2])).reason is Reason.TOO_FEW


def test_relative_lift_covers_the_planted_lift() -> None:
    rng = np.random.default_rng(4)
    hits = []
    for _ in range(400):
        treated, control = rng.exponential(12, 300), rng.exponential(10, 300)
        found = relative_lift(Moments.from_values(treated), Moments.from_values(control))
        hits.append(found.low <= 0.2 <= found.high)
    assert np.mean(hits) == pytest.approx(0.95, abs=0.03)


def test_cuped_covers_the_planted_effect_in_a_narrower_interval() -> None:
    rng = np.random.default_rng(6)
    hits, widths = [], []
    for _ in range(300):
        before = rng.normal(50, 10, (2, 200))
        value = before + rng.normal(0, 5, (2, 200)) + np.array([[3], [0]])
        treated, control = (PairMoments.from_values(value[arm], before[arm]) for arm in (0, 1))
        found, plain = cuped(treated, control), welch(treated.value, control.value)
        hits.append(found.low <= 3 <= found.high)
        widths.append((found.high - found.low) / (plain.high - plain.low))
    assert np.mean(hits) == pytest.approx(0.95, abs=0.03)
    assert np.mean(widths) == pytest.approx(5 / 125**0.5, abs=0.02)  # sqrt(1 - rho^2)


def test_cuped_with_a_value_before_that_never_varied_is_welch() -> None:
    treated, control = PairMoments.from_values([1, 2, 5], [7, 7, 7]), PairMoments.from_values([0, 2, 1], [7, 7, 7])
    assert cuped(treated, control) == welch(treated.value, control.value)


def test_a_change_is_called_real_only_when_the_interval_leaves_0_out() -> None:
    same, more = Moments.from_values([1, 2, 3, 4]), Moments.from_values([11, 12, 13, 14])
    assert welch(more, same).is_real() is True
    assert welch(same, same).is_real() is False
    assert welch(same, Moments.from_values([1])).is_real() is None
    assert welch(more, same).is_thin
    assert not mean(Moments(30, 60, 130)).is_thin


def test_the_planned_size_has_the_planned_power() -> None:
    n = t_test_sample_size(0.5, 2.0, power=0.8)
    assert t_test_power(n, 0.5, 2.0) == pytest.approx(0.8)
    assert t_test_sample_size(1000.0) == 2


def test_misuse_is_named() -> None:
    with pytest.raises(
        BadValueError, match=r"values has shape \(2,\) and before \(1,\); expected one of each per customer"
    ):
        PairMoments.from_values([1, 2], [1])
    with pytest.raises(BadValueError, match="expected a change, and a power between alpha and 1"):
        t_test_sample_size(0)
    with pytest.raises(BadValueError, match=r"n is 1 and sd 1\.0; expected at least 2 customers per arm"):
        t_test_power(1, 0.5)
