import csv
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from cxcurve.errors import BadValueError, Reason
from cxcurve.stats.proportions import (
    nps,
    odds_ratio,
    risk_ratio,
    sample_ratio_test,
    share_difference,
    share_sample_size,
    two_share_test,
    wilson,
)

UDACITY = Path(__file__).parents[3] / "shared" / "data" / "udacity_ab"
PART = st.integers(0, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(PART)
def test_a_share_lies_within_its_interval_within_0_and_1(part: tuple[int, int]) -> None:
    found = wilson(*part)
    if part[1] == 0:
        assert (found.value, found.reason) == (None, Reason.TOO_FEW)
    else:
        assert 0 <= found.low <= found.value <= found.high <= 1
        assert found.low < found.high


@given(PART, PART)
def test_swapping_the_groups_turns_the_difference_round(one: tuple, two: tuple) -> None:
    forward, backward = share_difference(*one, *two), share_difference(*two, *one)
    if forward.value is None:
        assert forward.reason is backward.reason is Reason.TOO_FEW
    else:
        assert -1 <= forward.low <= forward.value <= forward.high <= 1
        assert (forward.low, forward.high) == pytest.approx((-backward.high, -backward.low))


@pytest.mark.parametrize(("share_1", "share_2"), [(0.5, 0.3), (0.05, 0.1), (0.02, 0.02)])
def test_newcombe_covers_at_its_stated_rate_counted_over_all_outcomes(share_1: float, share_2: float) -> None:
    n_1, n_2 = 25, 30
    weight_1 = stats.binom.pmf(range(n_1 + 1), n_1, share_1)
    weight_2 = stats.binom.pmf(range(n_2 + 1), n_2, share_2)
    covered = 0.0
    for a, b in product(range(n_1 + 1), range(n_2 + 1)):
        found = share_difference(a, n_1, b, n_2)
        covered += weight_1[a] * weight_2[b] * (found.low <= share_1 - share_2 <= found.high)
    assert 0.935 < covered <= 1


def test_ratios_of_the_physicians_health_study() -> None:
    """Heart attacks, placebo 189 of 11,034 and aspirin 104 of 11,037: Agresti 2013, Categorical Data Analysis, 3.1."""
    odds, risk = odds_ratio(189, 11034, 104, 11037), risk_ratio(189, 11034, 104, 11037)
    assert (odds.value, odds.low, odds.high) == pytest.approx((1.832, 1.440, 2.331), abs=6e-4)
    assert (risk.value, risk.low, risk.high) == pytest.approx((1.818, 1.433, 2.306), abs=6e-4)


def test_a_ratio_is_finite_where_a_count_is_0() -> None:
    found = odds_ratio(0, 20, 5, 20)
    error = (1 / 0.5 + 1 / 20.5 + 1 / 5.5 + 1 / 15.5) ** 0.5
    assert found.value == pytest.approx(0.5 * 15.5 / (20.5 * 5.5))
    assert found.high == pytest.approx(found.value * 2.718281828 ** (1.959964 * error), rel=1e-5)
    assert risk_ratio(0, 20, 5, 20).low > 0
    everybody = risk_ratio(20, 20, 20, 20)
    assert everybody.low < everybody.value == 1 < everybody.high
    assert odds_ratio(0, 0, 5, 20).reason is Reason.TOO_FEW


@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 60))
def test_nps_lies_within_its_interval_and_is_odd(promoters: int, passives: int, detractors: int) -> None:
    found, mirrored = nps(promoters, passives, detractors), nps(detractors, passives, promoters)
    if promoters + passives + detractors == 0:
        assert (found.value, found.reason) == (None, Reason.TOO_FEW)
    else:
        assert -1 <= found.low <= found.value <= found.high <= 1
        assert (found.low, found.high) == pytest.approx((-mirrored.high, -mirrored.low))


def test_the_planned_size_has_the_planned_power() -> None:
    n = round(share_sample_size(0.3, 0.1, power=0.9))
    hits = [two_share_test(a, n, b, n).p_value < 0.05 for a, b in _outcomes(n, 0.3, 0.4)]
    assert sum(hits) / len(hits) == pytest.approx(0.9, abs=0.02)


def _outcomes(n: int, share_1: float, share_2: float) -> list[tuple[int, int]]:
    return list(zip(
        stats.binom.rvs(n, share_1, size=3000, random_state=1).tolist(),
        stats.binom.rvs(n, share_2, size=3000, random_state=2).tolist(),
        strict=True,
    ))  # fmt: skip


def test_no_test_where_nothing_differs() -> None:
    assert two_share_test(0, 10, 0, 10).reason is Reason.TOO_FEW
    assert sample_ratio_test([0, 0], [1, 1]).reason is Reason.TOO_FEW


def test_misuse_is_named() -> None:
    with pytest.raises(BadValueError, match="successes is 5, more than n, which is 3; swap the arguments"):
        wilson(5, 3)
    with pytest.raises(BadValueError, match="detractors is -1; expected a count of 0 or more"):
        nps(1, 1, -1)
    with pytest.raises(BadValueError, match="expected two or more counts, a share above 0 for each"):
        sample_ratio_test([5, 5], [1, 0])
    with pytest.raises(BadValueError, match="expected both shares between 0 and 1, and a change"):
        share_sample_size(0.9, 0.2)


@pytest.mark.real
@pytest.mark.skipif(not UDACITY.exists(), reason="../shared/data/udacity_ab is missing")
def test_the_free_trial_screener() -> None:
    """Udacity's A/B test: gross conversion -0.0206 (-0.0291, -0.0120), net conversion -0.0049 (-0.0116, 0.0019)."""
    arms = []
    for name in ("experiment", "control"):
        with (UDACITY / f"{name}.csv").open() as file:
            arms.append([row for row in csv.DictReader(file) if row["Enrollments"]])

    def total(arm: list[dict[str, str]], column: str) -> int:
        return sum(int(row[column]) for row in arm)

    for column, published in (("Enrollments", (-0.0206, -0.0291, -0.0120)), ("Payments", (-0.0049, -0.0116, 0.0019))):
        counts = [n for arm in arms for n in (total(arm, column), total(arm, "Clicks"))]
        found = share_difference(*counts)
        assert (found.value, found.low, found.high) == pytest.approx(published, abs=6e-5)
        assert found.is_real() is (column == "Enrollments")
    assert sample_ratio_test([total(arm, "Pageviews") for arm in arms], [1, 1]).p_value > 0.001
