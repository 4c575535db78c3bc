"""Why: points add up to the index as shown, and rebuild F."""

from __future__ import annotations

from math import log2

import accounts
import pytest
from accounts import ACCOUNTS, DRIFTER, HEALTHY, STORMY
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import Oracle
from worlds import WEEK_US, changed

from cxcurve.metrics.why import STAGE_BASE, SignalPoints, largest_remainder, points
from cxcurve.workspace.customers import CustomerResult
from cxcurve.workspace.workspace import Workspace

Shares = dict[str, tuple[float, dict[str, float]]]
shares = st.dictionaries(
    st.text("abc", min_size=1, max_size=3),
    st.tuples(
        st.floats(0, 5),
        st.dictionaries(st.text("xyz", min_size=1, max_size=3), st.just(0.0) | st.floats(0.001, 1), max_size=4),
    ),
    max_size=8,
)


def shown(rows: tuple[SignalPoints, ...]) -> float:
    return round(sum(row.points for row in rows), 6)


@settings(max_examples=200)
@given(shares, st.floats(0, 100))
def test_points_add_up_to_what_is_shown(parts: Shares, index: float) -> None:
    rows = tuple(points(parts, index))
    total = sum(value for value, _ in parts.values())
    assert shown(rows) == (float(f"{index:.1f}") if total > 0 else 0)
    for row in rows:
        value, events = parts[row.signal]
        assert abs(row.points - value / total * index) < 0.1 + 0.05 + 1e-9
        assert row.points >= 0
        if any(worth > 0 for worth in events.values()):
            assert sum(event.points for event in row.events) == pytest.approx(row.points)
            ratio = [event.points for event in row.events]
            assert ratio == sorted(ratio, reverse=True)


@settings(max_examples=200)
@given(st.lists(st.floats(0.001, 1), min_size=1, max_size=12), st.integers(0, 1000))
def test_largest_remainder_gives_whole_numbers_that_add_up(sizes: list[float], total: int) -> None:
    parts = [size / sum(sizes) for size in sizes]
    whole = largest_remainder(parts, total)
    assert sum(whole) == total
    assert all(abs(n - part * total) < 1 + 1e-6 for n, part in zip(whole, parts, strict=True))


def test_without_a_sum_momentum_is_one_row_and_friction_none() -> None:
    assert points({}, 50.0, empty=STAGE_BASE) == [SignalPoints(STAGE_BASE, 50.0)]
    assert points({}, 0.0) == []


def test_the_index_is_rounded_as_it_is_printed() -> None:
    parts: Shares = {"a": (1.0, {})}
    for index in (0.15, 0.25, 12.25, 33.35, 66.65, 99.95):
        assert points(parts, index)[0].points == float(f"{index:.1f}"), index


def test_points_of_every_customer_add_up(company: Workspace) -> None:
    checked = 0
    for row in company.customers()[::12]:
        result = company.customer(row["customer_id"])
        if result.friction_index is None or result.momentum_index is None:
            continue
        checked += 1
        for rows, index in ((result.friction, result.friction_index), (result.momentum, result.momentum_index)):
            if rows:
                assert shown(rows) == float(f"{index:.1f}")
            for signal in rows:
                if signal.events:
                    assert sum(event.points for event in signal.events) == pytest.approx(signal.points)
        assert result.friction or result.friction_index < 0.05
    assert checked >= 8


@pytest.mark.parametrize(("name", "week"), [(HEALTHY, 49), (DRIFTER, 40), (DRIFTER, 50), (STORMY, 10), (STORMY, 24)])
def test_shares_rebuild_f(company: Workspace, name: str, week: int) -> None:
    """Points are the reference's weight x feature of each signal, as parts of its F."""
    as_of_us = accounts.START_US + week * WEEK_US + 3 * WEEK_US // 7
    result = company.customer(name, as_of=_iso(as_of_us))
    seats = dict(company.store.rows("SELECT customer_id, seats FROM customers WHERE seats > 0"))
    # Each from a source of its own: the reference does not know that others keep the source alive.
    own = [changed(event, source=event.event_id) for event in accounts.events() if event.customer == name]
    truth = Oracle(own, company.journey, "UTC", as_of_us, seats)
    expected = _friction_by_signal(truth, name, as_of_us)
    assert result.friction_index is not None
    total = sum(expected.values())
    row = truth.row(name, max(truth.ticks()), as_of_us)
    assert row is not None
    assert total == pytest.approx(row.friction)
    found = {signal.signal: signal.points for signal in result.friction}
    assert found.keys() == expected.keys()
    for signal, value in expected.items():
        assert found[signal] == pytest.approx(value / total * result.friction_index, abs=0.1 + 1e-6), signal
    assert all(event.event_id.startswith(name) for signal in result.friction for event in signal.events)


def _friction_by_signal(truth: Oracle, name: str, as_of_us: int) -> dict[str, float]:
    journey = truth.journey
    parts: dict[str, float] = {}
    for (signal, part), n in truth.counts(name, as_of_us).items():
        weight = {"count": journey.signals[signal].friction, "friction": journey.signals[signal].valence_friction}.get(
            part, 0
        )
        parts[signal] = parts.get(signal, 0) + weight * (log2(1 + n) if n >= 1 / 32 else 0)
    week = max(truth.ticks())
    row = truth.row(name, week, as_of_us)
    assert row is not None
    states = {
        "stall": truth.stall(row.stage, row.dwell_days),
        "decline": truth.decline(name, week - 1),
        "silence": truth.silence(name, as_of_us),
        "open_issues": log2(1 + truth.open_issues(name, as_of_us)),
    }
    parts |= {state: journey.states[state].friction * x for state, x in states.items()}  # type: ignore[index]
    return {signal: value for signal, value in parts.items() if value > 0}


def _iso(at_us: int) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(at_us / 1e6, UTC).isoformat()


def test_an_account_outside_has_no_index_and_says_so(company: Workspace) -> None:
    result: CustomerResult = company.customer(DRIFTER)
    assert (result.friction_index, result.level, result.friction, result.reason) == (None, None, (), "outside")
    assert set(ACCOUNTS) <= {row["customer_id"] for row in company.customers()}
