"""Rows of the friction inventory: who is in which, in any order of events; counts against a slow reference."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxcurve.errors import Reason
from cxcurve.metrics.exit_chances import Chances
from cxcurve.metrics.friction_events import NEVER_US
from cxcurve.metrics.inventory import OUTSIDE, FrictionEvent, Inside, Inventory, Place, inventory
from cxcurve.stats.estimates import Estimate
from cxcurve.stats.strata import Stratified
from cxcurve.tables import US_PER_DAY

NOW = 1_000 * US_PER_DAY
TICKETS, ERRORS = 3, 5
KNOWN = Chances(
    np.zeros(6),
    np.array([40, 60, 50]),
    {
        TICKETS: Stratified(200, 190, 900, 0.2, 0.1, Estimate(3.0, 2.0, 4.5, 190)),
        ERRORS: Stratified(80, 80, 500, 0.2, 0.1, Estimate(1.5, 0.8, 2.8, 80)),
    },
)


def event(customer, days_ago, *, signal=TICKETS, at="mail", stage=1, lasts=0.0, left=None, id_=None) -> FrictionEvent:
    at_us = NOW - int(days_ago * US_PER_DAY)
    until = NEVER_US if lasts is None else at_us + int(lasts * US_PER_DAY)
    exit_us = NEVER_US if left is None else NOW - int(left * US_PER_DAY)
    return FrictionEvent(
        customer, id_ or f"{customer}-{signal}-{days_ago}", Place(signal, at, stage), at_us, until, exit_us
    )


def inside(n: int, revenue: float = 1_000.0) -> Inside:
    return Inside(np.arange(n), np.full(n, 1), np.full(n, 0.5), np.full(n, revenue))


def told(events: list[FrictionEvent], n: int = 4, known: Chances = KNOWN, revenue: float = 1_000.0) -> Inventory:
    return inventory(events, inside(n, revenue), known, NOW)


def test_a_row_for_each_signal_touchpoint_and_stage_with_its_risk() -> None:
    found = told([event(0, 3), event(1, 5), event(2, 4, at="chat"), event(3, 2, stage=2)])
    rows = {row.place: row for row in found.rows}
    assert {place: row.n_customers for place, row in rows.items()} == {
        Place(TICKETS, "mail", 1): 2, Place(TICKETS, "chat", 1): 1, Place(TICKETS, "mail", 2): 1,
    }  # fmt: skip
    # Odds of 1 to 1 were 1 to 3 without it: a quarter of 1,000 each.
    assert rows[Place(TICKETS, "mail", 1)].risk.value == pytest.approx(500)
    assert found.rows[0].place == Place(TICKETS, "mail", 1)
    assert (found.revenue, found.leaving_revenue, found.risk_revenue) == pytest.approx((4_000, 2_000, 1_000))


def test_a_customer_is_in_one_row_of_a_signal_that_of_his_latest_event() -> None:
    found = told([event(0, 20, at="chat"), event(0, 3), event(0, 60)])
    assert [(row.place.touchpoint, row.n_customers, row.n_events) for row in found.rows] == [("mail", 1, 2)]


def test_four_weeks_ago_is_over_unless_it_is_still_open() -> None:
    assert told([event(0, 29), event(1, 27, id_="a")]).rows[0].n_customers == 1
    assert told([event(0, 300, lasts=None)]).rows[0].n_customers == 1


def test_outside_the_journey_then_is_where_he_is_now_and_outside_now_is_nowhere() -> None:
    assert told([event(0, 3, stage=OUTSIDE)]).rows[0].place.stage == 1
    assert told([event(9, 3)]).rows == ()


def test_two_frictions_of_a_customer_share_what_both_would_take() -> None:
    found = told([event(0, 3), event(0, 3, signal=ERRORS)])
    # Odds of 1 to 1 were 1 to 4.5 without both.
    assert found.risk_revenue == pytest.approx(1_000 * (0.5 - 1 / 5.5))
    alone = 250 / (250 + 100)  # of 500 - 250 and 500 - 400
    assert found.rows[0].risk.value == pytest.approx((found.risk_revenue or 0) * alone)


def test_no_friction_no_risk() -> None:
    found = told([])
    assert (found.rows, found.n_affected, found.risk_revenue) == ((), 0, None)


def test_too_few_exits_leave_the_rows_and_say_why_there_is_no_money() -> None:
    found = told([event(0, 3)], known=Chances(None, np.zeros(3, np.int64), {}, Reason.TOO_FEW))
    assert (found.rows[0].risk.value, found.rows[0].risk.reason) == (None, Reason.TOO_FEW)
    assert found.leaving_revenue is None


def test_left_within_90_days_of_those_met_180_to_90_days_ago() -> None:
    events = [
        event(0, 100, left=50), event(1, 100, left=5), event(2, 100), event(3, 100, id_="x"), event(3, 95, left=20),
        event(0, 80, left=50), event(0, 1),
    ]  # fmt: skip
    row = told(events).rows[0]
    assert (row.drop_off.value, row.drop_off.n) == (0.25, 4)  # of 3 the first time counts, without an exit


def test_again_within_seven_days_of_events_followed_so_long() -> None:
    events = [event(0, 30), event(0, 25), event(0, 12), event(1, 40), event(1, 3), event(2, 6), event(2, 5)]
    row = told(events).rows[0]
    assert (row.again.n, row.again.value) == (4, 0.25)


def test_hours_beyond_the_usual_fifth() -> None:
    events = [event(i % 4, 20 + i, lasts=1, id_=f"u{i}") for i in range(10)] + [event(0, 2, lasts=None, id_="open")]
    assert told(events).rows[0].hours == pytest.approx(24)
    assert told(events[:3]).rows[0].hours is None


EVENTS = st.lists(
    st.tuples(
        st.integers(0, 5), st.integers(1, 200), st.sampled_from([TICKETS, ERRORS]), st.sampled_from(["mail", "chat"]),
        st.integers(-1, 2), st.sampled_from([0, 3, 40, None]),
    ),
    max_size=25,
)  # fmt: skip


def made(drawn: list[tuple[int, int, int, str, int, int | None]]) -> list[FrictionEvent]:
    return [
        event(who, days, signal=signal, at=at, stage=stage, lasts=lasts if signal == TICKETS else 0, id_=f"e{i}")
        for i, (who, days, signal, at, stage, lasts) in enumerate(drawn)
    ]


@given(EVENTS, st.randoms(use_true_random=False))
def test_the_order_of_events_plays_no_part(drawn: list, rnd: random.Random) -> None:
    events = made(drawn)
    other = events[:]
    rnd.shuffle(other)
    one, two = told(events), told(other)
    assert one.rows == two.rows or [vars_of(row) for row in one.rows] == [vars_of(row) for row in two.rows]


@given(EVENTS, st.floats(0.1, 50))
def test_risk_scales_with_revenue_and_never_exceeds_it(drawn: list, times: float) -> None:
    one, two = told(made(drawn)), told(made(drawn), revenue=1_000 * times)
    assert (two.risk_revenue or 0) == pytest.approx((one.risk_revenue or 0) * times)
    assert (one.risk_revenue or 0) <= (one.leaving_revenue or 0) + 1e-9
    for row, other in zip(one.rows, two.rows, strict=True):
        assert (other.risk.high or 0) == pytest.approx((row.risk.high or 0) * times)


@given(EVENTS)
def test_every_customer_met_is_in_exactly_one_row_of_the_signal(drawn: list) -> None:
    events, found = made(drawn), told(made(drawn))
    since = NOW - 28 * US_PER_DAY
    slow = {(one.customer, one.place.signal) for one in events if one.until_us >= since and one.customer < 4}
    fast = [(i, row.place.signal) for row in found.rows for i, _ in row.felt]
    assert sorted(fast) == sorted(slow)
    assert found.n_affected == len({who for who, _ in slow})


def vars_of(row) -> tuple:
    return row.place, row.n_customers, row.n_events, row.risk, row.hours, row.drop_off, row.again, list(row.felt)
