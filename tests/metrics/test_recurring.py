"""Recurring revenue: what each event does to it, and that its ledger reconciles to the cent whatever happens."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxcurve.errors import Reason
from cxcurve.metrics.months import Period, periods, whole, year_before
from cxcurve.metrics.recurring import KINDS, Kind, Movements, movements_of, recurring_rule
from cxcurve.metrics.revenue import Kept, kept, ledger, line, standing
from cxcurve.metrics.revenue_cohorts import began, revenue_cohorts, together
from cxcurve.model.journey import Journey, Recurring

KEYS = {"started": 0, "added": 1, "removed": 2, "changed": 3, "ended": 4}
RULE = Recurring(starts=("started",), adds=("added",), removes=("removed",), changes=("changed",), ends=("ended",))
DAY_US = 86_400_000_000
START_US = 1_735_689_600_000_000  # 2025-01-01
Event = tuple[int, str, int, float | None]
"""Customer, name, day, amount."""


def events_of(events: list[Event], currency: str | None = None) -> pa.Table:
    rows = [
        {"customer_key": who, "signal_key": KEYS[name], "occurred_us": START_US + day * DAY_US,
         "event_id": f"e{i:05d}", "amount": amount, "currency": currency}
        for i, (who, name, day, amount) in enumerate(events)
    ]  # fmt: skip
    schema = pa.schema([
        ("customer_key", pa.int32()), ("signal_key", pa.int32()), ("occurred_us", pa.int64()),
        ("event_id", pa.string()), ("amount", pa.float64()), ("currency", pa.string()),
    ])  # fmt: skip
    return pa.Table.from_pylist(rows, schema=schema)


def moves_of(events: list[Event], known: dict[int, float] | None = None, rule: Recurring = RULE) -> Movements:
    return movements_of(events_of(events), rule, KEYS, known or {}, "EUR")


def told(moves: Movements) -> list[tuple[int, str, int]]:
    return [(int(c), KINDS[k], int(v)) for c, k, v in zip(moves.customer, moves.kind, moves.cents, strict=True)]


def between(first_day: int, last_day: int) -> Period:
    return Period("p", START_US + first_day * DAY_US, START_US + last_day * DAY_US)


def test_every_event_moves_what_the_rule_says() -> None:
    moves = moves_of([
        (1, "started", 0, 1000.0), (1, "added", 10, 200.5), (1, "removed", 20, 100.25), (1, "changed", 30, -50.0),
        (1, "ended", 40, None), (1, "started", 50, 300.0), (1, "started", 60, 99.99), (1, "ended", 70, 99.99),
    ])  # fmt: skip
    assert told(moves) == [
        (1, "new", 100_000), (1, "expansion", 20_050), (1, "contraction", -10_025), (1, "contraction", -5_000),
        (1, "churn", -105_025), (1, "reactivation", 30_000), (1, "expansion", 9_999), (1, "contraction", -9_999),
    ]  # fmt: skip


def test_amounts_of_a_month_count_for_a_year() -> None:
    monthly = RULE.model_copy(update={"per": "month"})
    assert told(moves_of([(1, "started", 0, 99.99), (1, "added", 5, 0.01)], rule=monthly)) == [
        (1, "new", 119_988), (1, "expansion", 12),
    ]  # fmt: skip


def test_nobody_pays_less_than_nothing() -> None:
    moves = moves_of([(1, "started", 0, 100.0), (1, "removed", 1, 250.0), (1, "added", 2, 10.0), (2, "ended", 3, 5.0)])
    assert told(moves) == [(1, "new", 10_000), (1, "churn", -10_000)]
    assert moves.n_before_start == 1  # what was added after the end; who never paid may leave without a word


def test_a_start_without_an_amount_is_worked_back() -> None:
    """From the end's own amount where it has one, else from the table of customers, less what changed since."""
    moves = moves_of(
        [(1, "started", 0, None), (1, "added", 1, 20.0), (2, "started", 0, None), (2, "added", 1, 20.0),
         (2, "ended", 9, 70.0), (3, "started", 0, None)],
        known={1: 120.0, 2: 999.0},
    )  # fmt: skip
    assert told(moves) == [
        (1, "new", 10_000), (1, "expansion", 2_000), (2, "new", 5_000), (2, "expansion", 2_000), (2, "churn", -7_000),
        (3, "new", 0),
    ]  # fmt: skip
    assert (moves.n_from_table, moves.n_without) == (2, 1)


def test_other_currencies_are_left_out_and_counted() -> None:
    moves = movements_of(events_of([(1, "started", 0, 100.0)], "USD"), RULE, KEYS, {}, "EUR")
    assert told(moves) == [(1, "new", 0)]
    assert moves.n_foreign == 1


def test_without_a_word_of_it_customers_pay_from_purchase_to_exit() -> None:
    journey = {"journey": "j", "stages": ["a"], "exits": ["gone"], "time_to_value": {"from": "bought", "to": "value"}}
    rule, is_said = recurring_rule(Journey.model_validate(journey))
    assert rule is not None
    assert (rule.starts, rule.ends, rule.adds, is_said) == (("bought",), ("gone",), (), False)
    assert recurring_rule(Journey.model_validate({"journey": "j", "stages": ["a"]})) == (None, False)


# --- retention


def test_net_revenue_retention_as_published() -> None:
    """https://churnzero.net/churnopedia/net-revenue-retention/: $27,000 in, grown to $35,000, of which $5,000 churned:
    111 % ($30,000 / $27,000). Spread over 27 customers: six leave with 5,000, the others grow by 8,000."""
    start = dict.fromkeys(range(27), 1000.0) | {0: 500.0, 1: 500.0}
    start |= {6: 2000.0}
    events: list[Event] = [(who, "started", 0, amount) for who, amount in start.items()]
    events += [(who, "ended", 20, None) for who in range(6)] + [(6, "added", 15, 8000.0)]
    found = line(moves_of(events), between(10, 30), {}).kept
    assert (found.start, found.expansion, found.churn, found.end) == (2_700_000, 800_000, 500_000, 3_000_000)
    assert found.nrr.value == pytest.approx(30 / 27)
    assert found.grr.value == pytest.approx(22 / 27)
    assert (found.n, found.n_kept) == (27, 21)
    assert found.nrr.low is not None
    assert found.nrr.low < 30 / 27 < (found.nrr.high or 0)


def test_fewer_than_ten_tell_nothing() -> None:
    found = line(moves_of([(who, "started", 0, 10.0) for who in range(9)]), between(1, 2), {}).kept
    assert [one.value for one in (found.nrr, found.grr, found.customers)] == [None] * 3
    assert found.nrr.reason is Reason.TOO_FEW


def test_customers_without_money_are_counted_and_their_money_is_not_told() -> None:
    found = line(moves_of([(who, "started", 0, None) for who in range(20)]), between(1, 2), {}).kept
    assert found.nrr.reason is Reason.NO_REVENUE
    assert found.customers.value == 1.0


# --- what holds whatever happens

amounts = st.one_of(st.none(), st.integers(0, 10_000_00).map(lambda cents: cents / 100))
events_ = st.lists(
    st.tuples(st.integers(0, 30), st.sampled_from([*KEYS]), st.integers(0, 700), amounts), max_size=120
)  # fmt: skip


@given(events_, st.dictionaries(st.integers(0, 30), st.integers(1, 99_999).map(float)))
def test_the_ledger_reconciles_to_the_cent(events: list[Event], known: dict[int, float]) -> None:
    moves = moves_of(events, known)
    every = periods(START_US, START_US + 730 * DAY_US, "Europe/Berlin")
    lines = ledger(moves, every, {})
    assert lines[0].opening == 0
    for one, after in pairwise(lines):
        assert one.closing == after.opening
        assert one.n_closing == after.n_opening
    for one in lines:
        assert one.opening + one.net == one.closing
        assert one.closing == sum(_paid(moves, who, one.period.until_us) for who in range(31))
        assert one.n_opening + _gained(moves, one.period) == one.n_closing
    total = standing(moves, START_US + 731 * DAY_US)
    assert total.total == int(moves.cents.sum())
    assert (total.cents >= 0).all()
    assert (total.cents[~total.is_paying] == 0).all()


def _paid(moves: Movements, who: int, us: int) -> int:
    return sum(int(c) for k, t, c in zip(moves.customer, moves.at_us, moves.cents, strict=True) if k == who and t < us)


def _gained(moves: Movements, period: Period) -> int:
    within = (moves.at_us >= period.since_us) & (moves.at_us < period.until_us)
    kinds = moves.kind[within]
    return int(np.isin(kinds, [Kind.NEW, Kind.REACTIVATION]).sum() - (kinds == Kind.CHURN).sum())


@given(events_, st.randoms(use_true_random=False), st.dictionaries(st.integers(0, 30), st.just(50.0)))
def test_the_order_in_which_rows_come_plays_no_part(
    events: list[Event], chance: random.Random, known: dict[int, float]
) -> None:
    rows = events_of(events)
    order = [*range(len(events))]
    chance.shuffle(order)
    one, other = (
        movements_of(each, RULE, KEYS, known, "EUR") for each in (rows, rows.take(pa.array(order, pa.int64())))
    )
    for name in ("customer", "at_us", "kind", "cents"):
        assert np.array_equal(getattr(one, name), getattr(other, name))


@given(events_, st.integers(0, 700), st.integers(0, 700))
def test_what_is_kept_adds_up(events: list[Event], one: int, other: int) -> None:
    moves = moves_of(events, dict.fromkeys(range(31), 12.34))
    before, after = (standing(moves, START_US + day * DAY_US) for day in sorted((one, other)))
    found = kept(before, after, {})
    assert found.start - found.contraction - found.churn + found.expansion == found.end
    assert min(found.contraction, found.churn, found.expansion) >= 0
    if found.grr.value is None or found.nrr.value is None:
        assert found.n < 10 or found.start == 0
        return
    assert 0 <= found.grr.value <= min(1.0, found.nrr.value)
    assert (found.grr.value == found.nrr.value) == (found.expansion == 0)
    assert found.grr.low is None or 0 <= found.grr.low <= found.grr.value <= (found.grr.high or 0) <= 1


def test_gross_is_net_where_nobody_grows() -> None:
    events: list[Event] = [(who, "started", 0, 10.0 * who + 1) for who in range(12)] + [(3, "removed", 5, 2.0)]
    found: Kept = line(moves_of(events), between(1, 9), {}).kept
    assert found.nrr.value == found.grr.value == pytest.approx(found.end / found.start)
    assert found.end < found.start


# --- cohorts


def test_a_cohort_is_followed_as_far_as_its_periods_are_over() -> None:
    """Twenty begin in January, ten in February; five of the former leave in March, one of them comes back in April."""
    events: list[Event] = [(who, "started", 3, 100.0) for who in range(20)]
    events += [(who, "started", 35, 50.0) for who in range(20, 30)]
    events += [(who, "ended", 70, None) for who in range(5)] + [(0, "started", 95, 100.0), (7, "added", 40, 400.0)]
    moves, as_of_us = moves_of(events), START_US + 120 * DAY_US  # 1 May
    every = periods(START_US, as_of_us, "UTC")
    n_over = len(whole(every, as_of_us, "UTC"))
    found = revenue_cohorts(moves, began(moves), every, n_over)
    assert [one.name for one in found] == ["2025-01", "2025-02", "2025-03", "2025-04"]
    assert [one.n for one in found] == [20, 10, 0, 0]
    assert [cell.n_kept for cell in found[0].cells] == [20, 20, 15, 16]
    assert [cell.revenue.value for cell in found[0].cells] == pytest.approx([1.0, 1.2, 0.95, 1.0])
    assert [cell.customers.value for cell in found[1].cells] == [1.0, 1.0, 1.0]
    everybody = together(found, 4)
    assert everybody.n == 30
    assert [cell.n_kept for cell in everybody.cells] == [30, 30, 25, 16]
    assert [cell.customers.n for cell in everybody.cells] == [30, 30, 30, 20]


def test_a_cohort_by_first_value_begins_with_it() -> None:
    moves = moves_of([(1, "started", 0, 10.0), (2, "started", 0, 10.0), (3, "started", 0, 10.0), (3, "ended", 5, None)])
    value_us = {1: START_US + 40 * DAY_US, 2: START_US - DAY_US, 3: START_US + 40 * DAY_US}
    since = began(moves, value_us)
    assert since == {1: START_US + 40 * DAY_US, 2: START_US, 3: START_US + 40 * DAY_US}
    every = periods(START_US, START_US + 59 * DAY_US, "UTC")
    assert [one.n for one in revenue_cohorts(moves, since, every, 2)] == [1, 1]  # who left before value is in none


# --- months


def us_of(*moment: int) -> int:
    return round(datetime(*moment, tzinfo=UTC).timestamp()) * 1_000_000  # type: ignore[misc]


def test_periods_follow_the_clocks_of_the_zone() -> None:
    found = periods(us_of(2026, 2, 10), us_of(2026, 4, 15), "Europe/Berlin")
    assert [one.name for one in found] == ["2026-02", "2026-03", "2026-04"]
    assert [one.since_us for one in found] == [us_of(2026, 1, 31, 23), us_of(2026, 2, 28, 23), us_of(2026, 3, 31, 22)]
    assert found[-1].until_us == us_of(2026, 4, 15)
    assert [one.name for one in whole(found, us_of(2026, 4, 15), "Europe/Berlin")] == ["2026-02", "2026-03"]
    assert len(whole(found, us_of(2026, 4, 15), "Europe/Berlin")) == 2
    quarters = periods(us_of(2025, 11, 10), us_of(2026, 4, 1), "UTC", "quarter")
    assert [one.name for one in quarters] == ["2025-Q4", "2026-Q1"]
    assert len(whole(quarters, us_of(2026, 4, 1), "UTC", "quarter")) == 2


@pytest.mark.parametrize(
    ("now", "then"),
    [((2026, 3, 1), (2025, 3, 1)), ((2024, 2, 29), (2023, 2, 28)), ((2024, 12, 31), (2023, 12, 31))],
    ids=["plain", "leap-day", "end-of-year"],
)
def test_a_year_before(now: Any, then: Any) -> None:
    assert year_before(us_of(*now), "UTC") == us_of(*then)
