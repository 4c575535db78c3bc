import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxcurve.errors import BadValueError, Reason
from cxcurve.stats.event_table import EventTable
from cxcurve.stats.survival import (
    aalen_johansen,
    curves_cross,
    kaplan_meier,
    restricted_mean,
    restricted_mean_difference,
    restricted_mean_without,
    restricted_mean_without_difference,
)

ROWS = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 2)), min_size=1, max_size=60)


def count(rows: list[tuple[int, int]]) -> EventTable:
    return EventTable.from_rows([day for day, _ in rows], [cause for _, cause in rows], 2)


@given(ROWS)
def test_ended_and_waiting_shares_add_up_to_all(rows: list) -> None:
    table = count(rows)
    waiting, one, two = kaplan_meier(table), aalen_johansen(table, 1), aalen_johansen(table, 2)
    np.testing.assert_allclose(waiting.share + one.share + two.share, 1, atol=1e-12)


@given(ROWS, st.sampled_from(["log", "log-log"]))
def test_shares_and_bounds_stay_in_order_between_0_and_1(rows: list, interval: str) -> None:
    table = count(rows)
    for curve in (kaplan_meier(table, interval=interval), aalen_johansen(table, 1), aalen_johansen(table, 2)):
        step = np.diff(curve.share) * (1 if curve.is_rising else -1)
        assert (step >= -1e-12).all()
        for lower, upper in ((0, curve.low), (curve.low, curve.share), (curve.share, curve.high), (curve.high, 1)):
            assert (np.asarray(lower) <= np.asarray(upper) + 1e-12).all()


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 1)), min_size=1, max_size=60))
def test_with_one_cause_aalen_johansen_is_one_minus_kaplan_meier(rows: list) -> None:
    table = EventTable.from_rows([day for day, _ in rows], [cause for _, cause in rows])
    falling, rising = kaplan_meier(table), aalen_johansen(table, 1)
    np.testing.assert_allclose(rising.share, 1 - falling.share, atol=1e-12)
    inside = falling.share > 0
    np.testing.assert_allclose(rising.variance[inside], falling.variance[inside], atol=1e-10)


@given(ROWS)
def test_treating_the_other_ending_as_censored_overstates(rows: list) -> None:
    table = count(rows)
    assert (1 - kaplan_meier(table, cause=1).share >= aalen_johansen(table, 1).share - 1e-12).all()


def test_without_censoring_the_curve_is_the_plain_share() -> None:
    curve = kaplan_meier(EventTable.from_rows([1, 2, 2, 4], [1, 1, 1, 1]))
    assert [curve.at(day).value for day in (0, 1, 1.5, 2, 3.9, 4, 400)] == pytest.approx(
        [1, 0.75, 0.75, 0.25, 0.25, 0, 0]
    )
    assert curve.at(1).standard_error == pytest.approx((0.75 * 0.25 / 4) ** 0.5)


def test_reached_on_day_0_counts_on_day_0() -> None:
    curve = aalen_johansen(EventTable.from_rows([0, 0, 5, 9], [1, 1, 1, 0]), 1)
    assert curve.at(0).value == pytest.approx(0.5)
    assert curve.median().value == 0


def test_median_is_not_reached_when_fewer_than_half_are_through() -> None:
    median = aalen_johansen(EventTable.from_rows([3, 5, 9, 9, 9], [1, 1, 2, 2, 0], 2), 1).median()
    assert (median.value, median.high, median.reason) == (None, None, Reason.NOT_REACHED)
    assert median.low == 3


def test_nothing_is_said_beyond_the_last_day_followed() -> None:
    curve = aalen_johansen(EventTable.from_rows([3, 9, 9], [1, 0, 0]), 1)
    assert curve.at(10).reason is Reason.TOO_FEW
    assert curve.at(10).value is None
    assert curve.at(10, extend=True).value == pytest.approx(1 / 3)


def test_nobody_yet_is_not_never() -> None:
    share = aalen_johansen(EventTable.from_rows([9] * 20, [0] * 20), 1).at(5)
    assert (share.value, share.low) == (0, 0)
    assert share.high == pytest.approx(0.1611, abs=5e-5)  # Wilson, 0 of 20: Newcombe 1998


def test_nobody_yet_is_judged_by_all_who_were_followed_not_by_the_few_left() -> None:
    table = EventTable.from_rows([1] * 18 + [9] * 2, [2] * 18 + [0] * 2, 2)
    assert aalen_johansen(table, 1).at(9).high == pytest.approx(0.1611, abs=5e-5)


def test_everybody_so_far_is_not_everybody_for_ever() -> None:
    curve = kaplan_meier(EventTable.from_rows([1, 2, 3, 4], [1, 1, 1, 1]))
    assert (curve.at(4).value, curve.at(4).low) == (0, 0)
    assert curve.at(4).high == curve.at(3).high > 0.5
    assert aalen_johansen(EventTable.from_rows([1, 2, 3, 4], [1, 1, 1, 1]), 1).at(4).low < 0.5


def test_an_empty_table_has_no_value_but_a_reason() -> None:
    for curve in (kaplan_meier(EventTable.empty()), aalen_johansen(EventTable.empty(), 1)):
        assert curve.at(0).reason is Reason.TOO_FEW
        assert curve.median().reason is Reason.TOO_FEW
    assert restricted_mean(EventTable.empty(), 5).reason is Reason.TOO_FEW


def test_restricted_mean_without_censoring_is_the_plain_mean() -> None:
    days = np.array([1.0, 2, 2, 4, 7, 11])
    found = restricted_mean(EventTable.from_rows(days, np.ones(6, int)), 10)
    cut = np.minimum(days, 10)
    assert found.value == pytest.approx(cut.mean())
    assert found.standard_error == pytest.approx((cut.var() / 6) ** 0.5)


def test_restricted_mean_needs_follow_up_to_the_horizon() -> None:
    table = EventTable.from_rows([3, 9], [1, 0])
    assert restricted_mean(table, 10).reason is Reason.TOO_FEW
    assert restricted_mean(table, 9).value == pytest.approx(6)
    with pytest.raises(BadValueError, match="horizon_days is 0; expected more than 0 days"):
        restricted_mean(table, 0)


def test_difference_of_restricted_means_keeps_both_errors() -> None:
    one, two = EventTable.from_rows([1, 2, 6], [1, 1, 1]), EventTable.from_rows([3, 4, 5, 9], [1, 1, 1, 1])
    a, b, both = restricted_mean(one, 8), restricted_mean(two, 8), restricted_mean_difference(one, two, 8)
    assert both.value == pytest.approx(a.value - b.value)
    assert both.standard_error**2 == pytest.approx(a.standard_error**2 + b.standard_error**2)


def competing(rng: np.random.Generator, n: int, mean: float = 1 / 0.06, leaving: float = 1 / 0.03) -> EventTable:
    """Two exponential causes, 0.06 and 0.03 a day unless told, censored evenly over 60 days."""
    first, second, censored = rng.exponential(mean, n), rng.exponential(leaving, n), rng.uniform(0, 60, n)
    days = np.minimum(np.minimum(first, second), censored)
    return EventTable.from_rows(days, np.where(days == first, 1, np.where(days == second, 2, 0)), 2)


def test_intervals_cover_the_planted_share_at_their_stated_rate() -> None:
    """Pointwise on days 5, 15 and 40, and of those still waiting on day 15."""
    rng = np.random.default_rng(11)
    days = np.array([5.0, 15.0, 40.0])
    truth = [*(0.06 / 0.09 * (1 - np.exp(-0.09 * days))), np.exp(-0.09 * 15)]
    hits = []
    for _ in range(1500):
        table = competing(rng, 150)
        curve = aalen_johansen(table, 1)
        found = [*(curve.at(day, extend=True) for day in days), kaplan_meier(table).at(15, extend=True)]
        hits.append([one.low <= true <= one.high for one, true in zip(found, truth, strict=True)])
    assert (np.abs(np.mean(hits, axis=0) - 0.95) <= 0.02).all(), np.mean(hits, axis=0)


def test_restricted_mean_without_a_cause_without_censoring_is_the_plain_mean() -> None:
    """Who ended by the other cause, on day 1 or 8, never had this one: 10 days each."""
    days, causes = np.array([1.0, 2, 2, 4, 7, 11, 1, 8]), np.array([1, 1, 1, 1, 1, 1, 2, 2])
    found = restricted_mean_without(EventTable.from_rows(days, causes, 2), 1, 10)
    without = np.array([1.0, 2, 2, 4, 7, 10, 10, 10])
    assert found.value == pytest.approx(without.mean())
    assert found.standard_error == pytest.approx((without.var() / 8) ** 0.5)


def test_restricted_mean_without_a_cause_by_hand_with_censoring() -> None:
    """Value on day 2, exit on day 3, one seen for 4 days, value on day 6: CIF 1/4 from day 2, 3/4 from day 6.

    Area below 1 - CIF to day 8: 2 + 4 x 3/4 + 2 x 1/4. One ending more on day 2 adds 6 days, less what it takes of the
    later 1/2 x 2 days: 6 - 1/(3/4) = 14/3, on day 3 it takes 1/(2/3) = 3/2, on day 6 it adds 2 x 1/2, as all end there.
    """
    found = restricted_mean_without(EventTable.from_rows([2.0, 3, 4, 6], [1, 2, 0, 1], 2), 1, 8)
    assert found.value == pytest.approx(2 + 3 + 0.5)
    variance = (14 / 3) ** 2 * (1 / 4 * 3 / 4) / 4 + (3 / 2) ** 2 * (1 / 3 * 2 / 3) / 3
    assert found.standard_error == pytest.approx(variance**0.5)


@given(st.lists(st.tuples(st.integers(1, 12), st.integers(0, 1)), min_size=1, max_size=60), st.integers(1, 12))
def test_with_one_cause_it_is_the_restricted_mean(rows: list, horizon: int) -> None:
    table = EventTable.from_rows([day for day, _ in rows], [cause for _, cause in rows])
    plain, without = restricted_mean(table, horizon), restricted_mean_without(table, 1, horizon)
    assert (plain.value is None) == (without.value is None)
    if plain.value is not None and without.value is not None:
        assert without.value == pytest.approx(plain.value)
        assert without.standard_error == pytest.approx(plain.standard_error, abs=1e-9)


def test_restricted_mean_without_needs_follow_up_to_the_horizon() -> None:
    table = EventTable.from_rows([3, 9], [1, 0])
    assert restricted_mean_without(table, 1, 10).reason is Reason.TOO_FEW
    assert restricted_mean_without(EventTable.empty(), 1, 5).reason is Reason.TOO_FEW
    with pytest.raises(BadValueError, match="horizon_days is 0; expected more than 0 days"):
        restricted_mean_without(table, 1, 0)


def test_the_difference_of_restricted_means_covers_the_planted_one() -> None:
    """Area below 1 - CIF of two exponential causes a, b to h: h - a/(a + b) (h - (1 - e^-(a + b)h)/(a + b))."""

    def area(a: float, b: float, h: float) -> float:
        return h - a / (a + b) * (h - (1 - np.exp(-(a + b) * h)) / (a + b))

    rng = np.random.default_rng(12)
    truth = area(0.06, 0.03, 15) - area(0.1, 0.03, 15)
    hits = []
    for _ in range(1000):
        found = restricted_mean_without_difference(competing(rng, 120), competing(rng, 120, mean=10), 1, 15)
        hits.append(found.low <= truth <= found.high)
    assert abs(np.mean(hits) - 0.95) <= 0.02, np.mean(hits)


def test_curves_that_cross_are_told_from_those_that_do_not() -> None:
    """Half of one at once and half hardly ever, against all after about twelve days; and one ahead all the time."""
    rng = np.random.default_rng(13)

    def table(days: np.ndarray) -> EventTable:
        return EventTable.from_rows(np.minimum(days, 60), (days < 60).astype(int))

    crossing, ahead = [], []
    for _ in range(100):
        mixed = np.where(rng.random(200) < 0.5, rng.exponential(3, 200), rng.exponential(80, 200))
        one, two, three = (
            aalen_johansen(table(days), 1) for days in (mixed, 12 * rng.weibull(3, 200), rng.exponential(9, 200))
        )
        crossing.append(curves_cross(one, two, until_days=60))
        ahead.append(curves_cross(aalen_johansen(table(rng.exponential(15, 200)), 1), three, until_days=60))
    assert np.mean(crossing) >= 0.95
    assert np.mean(ahead) <= 0.02
    assert not curves_cross(one, two, until_days=2), "they have not crossed yet"


def test_a_share_between_0_and_1_is_asked_for() -> None:
    with pytest.raises(
        BadValueError, match=r"share is 50; expected a number between 0 and 1, such as 0.5 for the median"
    ):
        kaplan_meier(EventTable.empty()).quantile(50)
