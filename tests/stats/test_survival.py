import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxcurve.errors import BadValueError, Reason
from cxcurve.stats.event_table import EventTable
from cxcurve.stats.survival import aalen_johansen, kaplan_meier, restricted_mean, restricted_mean_difference

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


def test_intervals_cover_the_planted_share_at_their_stated_rate() -> None:
    """Two exponential causes, 0.06 and 0.03 a day, censored evenly over 60 days."""
    rng = np.random.default_rng(11)
    truth = 0.06 / 0.09 * (1 - np.exp(-0.09 * 15))
    hits = np.zeros((300, 2))
    for run in range(len(hits)):
        first, second, censored = (
            rng.exponential(1 / 0.06, 150),
            rng.exponential(1 / 0.03, 150),
            rng.uniform(0, 60, 150),
        )
        days = np.minimum(np.minimum(first, second), censored)
        table = EventTable.from_rows(days, np.where(days == first, 1, np.where(days == second, 2, 0)), 2)
        share, waiting = aalen_johansen(table, 1).at(15), kaplan_meier(table).at(15)
        hits[run] = share.low <= truth <= share.high, waiting.low <= np.exp(-0.09 * 15) <= waiting.high
    assert (np.abs(hits.mean(axis=0) - 0.95) < 0.035).all(), hits.mean(axis=0)


def test_a_share_between_0_and_1_is_asked_for() -> None:
    with pytest.raises(
        BadValueError, match=r"share is 50; expected a number between 0 and 1, such as 0.5 for the median"
    ):
        kaplan_meier(EventTable.empty()).quantile(50)
