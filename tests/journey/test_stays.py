"""Stays and cycles: cases by hand, and properties over random logs against the slow reference (definitions 2)."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import Oracle
from worlds import (
    DAY_US,
    JOURNEY,
    SEATS,
    Event,
    changed,
    derived,
    logs,
    new_store,
    random_log,
    scored,
    stays_before,
    table,
    us,
)

from cxcurve.store import Store

START = us("2025-02-17")
AS_OF = us("2025-05-14T15:30")
IN_ORDER = [(name, "ascending") for name in ("customer_key", "cycle", "entered_us")]


def told(*moves: tuple[float, str]) -> list[Event]:
    """Events of Ann: (day, name), in order of their ids."""
    return [Event(f"e{number}", "ann", name, START + int(day * DAY_US)) for number, (day, name) in enumerate(moves)]


def stays_of(events: Sequence[Event]) -> list[tuple[Any, ...]]:
    """(cycle, stage, entered day, left day, how) in order."""
    with new_store() as store:
        store.append(table(events))
        return [
            (row["cycle"], row["stage"], _day(row["entered_us"]), _day(row["left_us"]), row["ended_by"])
            for row in _stays(store)
        ]


def _day(at_us: int | None) -> float | None:
    return None if at_us is None else (at_us - START) / DAY_US


def _stays(store: Store) -> list[dict[str, Any]]:
    names = JOURNEY.stage_names
    return [row | {"stage": names[row["stage"]]} for row in stays_before(store, AS_OF).sort_by(IN_ORDER).to_pylist()]


def test_a_straight_journey() -> None:
    events = told((0, "visit"), (3, "demo"), (5, "visit"), (8, "bought"), (30, "value"))
    assert stays_of(events) == [
        (1, "look", 0, 3, "progressed"),
        (1, "try", 3, 8, "progressed"),
        (1, "buy", 8, 30, "progressed"),
        (1, "live", 30, None, "open"),
    ]


def test_a_skipped_stage_has_no_stay_and_an_earlier_stage_is_not_entered_again() -> None:
    events = told((0, "visit"), (4, "bought"), (6, "demo"), (7, "visit"))
    assert stays_of(events) == [(1, "look", 0, 4, "progressed"), (1, "buy", 4, None, "open")]


def test_an_exit_ends_the_cycle_and_the_next_stage_event_starts_one() -> None:
    events = told((0, "demo"), (5, "lost"), (9, "ticket"), (20, "visit"), (22, "quit"), (40, "bought"))
    assert stays_of(events) == [
        (1, "try", 0, 5, "exited"),
        (2, "look", 20, 22, "exited"),
        (3, "buy", 40, None, "open"),
    ]


def test_an_exit_outside_a_cycle_is_ignored() -> None:
    events = told((0, "lost"), (1, "ticket"), (2, "quit"), (3, "visit"), (5, "lost"), (6, "lost"), (9, "demo"))
    assert stays_of(events) == [(1, "look", 3, 5, "exited"), (2, "try", 9, None, "open")]


def test_at_one_instant_the_exit_comes_last_whatever_the_ids_say() -> None:
    events = [
        Event("a", "ann", "lost", START + 5 * DAY_US),
        Event("b", "ann", "bought", START + 5 * DAY_US),
        Event("c", "ann", "visit", START),
    ]
    assert stays_of(events) == [(1, "look", 0, 5, "progressed"), (1, "buy", 5, 5, "exited")]


def test_of_two_stages_at_one_instant_the_later_one_is_entered() -> None:
    assert stays_of(told((2, "visit"), (2, "demo"))) == [(1, "try", 2, None, "open")]


def test_after_waits_for_its_event_in_the_same_cycle() -> None:
    early = told((0, "visit"), (1, "value"), (5, "bought"), (9, "value"))
    assert stays_of(early) == [
        (1, "look", 0, 5, "progressed"),
        (1, "buy", 5, 9, "progressed"),
        (1, "live", 9, None, "open"),
    ]
    other_cycle = told((0, "bought"), (5, "lost"), (9, "visit"), (10, "value"))
    assert stays_of(other_cycle) == [(1, "buy", 0, 5, "exited"), (2, "look", 9, None, "open")]


def test_when_decides_by_the_value() -> None:
    reviews = [
        Event("a", "ann", "visit", START),
        Event("b", "ann", "review", START + 1 * DAY_US, value=3),
        Event("c", "ann", "review", START + 2 * DAY_US),
        Event("d", "ann", "review", START + 3 * DAY_US, value=4),
    ]
    assert stays_of(reviews) == [(1, "look", 0, 3, "progressed"), (1, "share", 3, None, "open")]


def test_events_at_as_of_are_not_known() -> None:
    known = [Event("a", "ann", "visit", AS_OF - 1), Event("b", "ann", "demo", AS_OF)]
    assert [stay[1:2] + stay[3:] for stay in stays_of(known)] == [("look", None, "open")]


@settings(max_examples=12)
@given(logs(most=150, ties=True))
def test_stays_are_what_the_definitions_say_and_the_ledger_of_time_adds_up(events: list[Event]) -> None:
    truth = Oracle(events, JOURNEY, "UTC", AS_OF, SEATS)
    with new_store() as store:
        store.append(table(events))
        found = stays_before(store, AS_OF).to_pylist()
        customers = dict(store.rows("SELECT customer_key, customer_id FROM customer_keys"))
    for customer in {e.customer for e in events}:
        mine = [row for row in found if customers[row["customer_key"]] == customer]
        expected = sorted((s.cycle, s.stage, s.entered_us, s.left_us, s.ended_by) for s in truth.stays(customer))
        names = ("cycle", "stage", "entered_us", "left_us", "ended_by")
        assert sorted((tuple(row[name] for name in names) for row in mine), key=repr) == sorted(expected, key=repr)
        _ledger(truth, customer, mine)


def _ledger(truth: Oracle, customer: str, stays: Sequence[dict[str, Any]]) -> None:
    """Every microsecond from the first event to as_of is in exactly one stay or outside; the parts sum to the whole."""
    history = truth.history(customer)
    if not history:
        assert not stays
        return
    spans = sorted((s["entered_us"], AS_OF if s["left_us"] is None else s["left_us"]) for s in stays)
    edges = [history[0].at_us, *(edge for span in spans for edge in span), AS_OF]
    assert edges == sorted(edges), "stays overlap, or lie outside the customer's time"
    inside = sum(end - start for start, end in spans)
    outside = sum(start - end for end, start in zip(edges[::2], edges[1::2], strict=True))
    assert inside + outside == AS_OF - history[0].at_us
    assert sum(s["left_us"] is None for s in stays) <= 1
    by_start = sorted(stays, key=lambda s: (s["cycle"], s["entered_us"]))
    for stay, following in zip_longest(by_start, by_start[1:]):
        stage = following["stage"] if following and following["cycle"] == stay["cycle"] else None
        assert stay["next_stage"] == stage
        assert (stay["ended_by"] == "progressed") == (stage is not None)


@settings(max_examples=3)
@given(logs(most=120, ties=True), st.integers(0, 2**32))
def test_shuffled_split_and_repeated_events_give_identical_tables(events: list[Event], seed: int) -> None:
    rng = random.Random(seed)
    with new_store() as store:
        store.append(table(events))
        at_once = derived(scored(store, AS_OF))
    shuffled = rng.sample(events, len(events))
    cuts = sorted(rng.randrange(len(events) + 1) for _ in range(3))
    parts = [shuffled[a:b] for a, b in zip([0, *cuts], [*cuts, len(events)], strict=True)]
    with new_store() as store:
        for part in parts:
            store.append(table([*part, *rng.sample(events, len(events) // 5)]))
        assert derived(scored(store, AS_OF)) == at_once


def test_late_events_change_the_past_as_if_they_had_been_there() -> None:
    events = random_log(random.Random(3), 200)
    late = [changed(e, event_id=f"late{e.event_id}", at_us=e.at_us - 9 * DAY_US) for e in events[::7]]
    with new_store() as store:
        store.append(table([*events, *late]))
        at_once = derived(scored(store, AS_OF))
    with new_store() as store:
        store.append(table(events))
        scored(store, AS_OF)
        store.append(table(late))
        assert derived(scored(store, AS_OF)) == at_once


@pytest.mark.parametrize("name", ["never_planned", "ticket", "quit"])
def test_a_customer_without_a_stage_event_is_outside(name: str) -> None:
    assert stays_of(told((0, name))) == []
