"""One customer from its own rows, told as the engine tells everybody: planning such queries takes longer than this.

`effects` is `contributions`, `beside_of` is `customer_states.beside` (definitions.md, 1, 2, 3 and 7).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from cxcurve.journey.plan import Plan
from cxcurve.metrics.advocacy import ACTION_DAYS, is_critical
from cxcurve.metrics.contributions import COUNT, FRICTION, MOMENTUM, OVERDUE
from cxcurve.metrics.customer_states import NEW_EVENTS, NEW_WEEKS, Beside, beside, is_spoken, last_week
from cxcurve.metrics.episodes import NO_KEY
from cxcurve.metrics.pairs import bands_of
from cxcurve.metrics.snapshot import Snapshot
from cxcurve.tables import US_PER_DAY

Row = Mapping[str, Any]
_SCHEMAS = {
    "lives": pa.schema([
        ("customer_key", pa.int32()), ("stage", pa.int32()), ("began_us", pa.int64()), ("entered_us", pa.int64()),
        ("spoke_us", pa.int64()), ("used_us", pa.int64()), ("third_week", pa.int32()), ("is_new", pa.bool_()),
    ]),
    "critics": pa.schema([("customer_key", pa.int32()), ("since_us", pa.int64())]),
    "pair_weeks": pa.schema([("customer_key", pa.int32()), ("week", pa.int32()), ("bands", pa.int8())]),
}  # fmt: skip


def effects(events: Sequence[Row], plan: Plan, now_us: int) -> list[dict[str, Any]]:
    """What each event does to a signal: the columns of `contributions` but for customer_key.

    Args:
        events: the customer's before `now_us`, in order of time and event_id: event_id, signal_key, occurred_us,
            person_id, value, amount, conversation_id.
        plan: the tracking plan.
        now_us: as_of.
    """
    found: list[dict[str, Any]] = []
    answers: dict[tuple[int, str], Row] = {}
    latest_keys = set(plan.latest_keys)
    for event in events:
        key = event["signal_key"]
        if key in plan.sum_keys:
            found += _impulse(event, plan, event["occurred_us"], 1)
        if key in latest_keys:
            who = key, event["person_id"] or ""
            if before := answers.get(who):
                found += _impulse(before, plan, event["occurred_us"], -1)
            found += _impulse(event, plan, event["occurred_us"], 1)
            answers[who] = event
    for key in plan.until_keys:
        for event, ended_us in _episodes(events, key, plan):
            found += _steps(event, ended_us, plan, now_us)
    return found


def _impulse(event: Row, plan: Plan, entered_us: int, sign: int) -> Iterator[dict[str, Any]]:
    """A fading contribution; none of an answer that no band holds."""
    rule, part, size = plan.signals[event["signal_key"]].valence, COUNT, 1.0
    if rule is not None:
        value = event[rule.column]
        valence = None if value is None else rule.valence_of(float(value))
        if valence is None:
            return
        part, size = FRICTION if valence < 0 else MOMENTUM, abs(valence)
    told = {"signal_key": event["signal_key"], "event_id": event["event_id"], "part": part}
    times = {"entered_us": entered_us, "anchor_us": event["occurred_us"]}
    yield {**told, **times, "amount": size * sign, "n": int(sign > 0), "step": 0}


def _steps(event: Row, ended_us: int | None, plan: Plan, now_us: int) -> Iterator[dict[str, Any]]:
    """An opening, its ending, and the time it was open beyond its target."""
    key, opened_us = event["signal_key"], event["occurred_us"]

    def step(us: int, by: int, part: int, n: int = 0, amount: float = 0.0) -> dict[str, Any]:
        told = {"signal_key": key, "event_id": event["event_id"], "part": part, "entered_us": us, "anchor_us": us}
        return {**told, "amount": amount, "n": n, "step": by}

    yield step(opened_us, 1, COUNT, n=1)
    if ended_us is not None:
        yield step(ended_us, -1, COUNT, amount=1.0)
    if key not in plan.issue_keys or plan.overdue_us is None:
        return
    due_us = opened_us + plan.overdue_us
    if due_us < now_us and (ended_us is None or ended_us > due_us):
        yield step(due_us, 1, OVERDUE)
        if ended_us is not None:
            yield step(ended_us, -1, OVERDUE)


def _episodes(events: Sequence[Row], key: int, plan: Plan) -> Iterator[tuple[Row, int | None]]:
    """Openings of a signal with the time of their ending: `episodes` of one customer."""
    ends = plan.keys_of(plan.signals[key].until or "")
    moves = [(one["occurred_us"], 0, one["event_id"], one) for one in events if one["signal_key"] == key]
    moves += [(one["occurred_us"], 1, one["event_id"], one) for one in events if one["signal_key"] in ends]
    waiting: dict[str, list[Row]] = defaultdict(list)
    for us, is_end, _, event in sorted(moves, key=lambda move: move[:3]):
        thread = waiting[event["conversation_id"] or NO_KEY]
        if not is_end:
            thread.append(event)
        elif thread:
            yield thread.pop(0), us
    yield from ((event, None) for thread in waiting.values() for event in thread)


def beside_of(
    snapshot: Snapshot, key: int, now: Row | None, stays: Sequence[Row], weeks: Sequence[Row], events: Sequence[Row]
) -> Beside:
    """What stands beside a customer's stage.

    Args:
        snapshot: what is known.
        key: the customer.
        now: its row of `customer_now`.
        stays: its rows of `stays`.
        weeks: its rows of `comparable_weeks`.
        events: all of its events in order of time, with name, signal_key and what `when` rules read.
    """
    recent_us = snapshot.as_of_us - ACTION_DAYS * US_PER_DAY
    said = [one["occurred_us"] for one in events if one["occurred_us"] >= recent_us and is_critical(one, snapshot.plan)]
    rows: dict[str, list[dict[str, Any]]] = {"lives": [], "critics": [], "pair_weeks": []}
    rows["critics"] = [{"customer_key": key, "since_us": min(said)}] if said else []
    if now is not None:
        rows["lives"] = [_life(snapshot, now, stays, events)]
        last = [one for one in weeks if one["cycle"] == now["cycle"] and one["week"] < last_week(snapshot)]
        rows["pair_weeks"] = [
            {"customer_key": key, "week": one["week"], "bands": bands_of(one["friction_index"], one["momentum_index"])}
            for one in (*last, now)
            if one["cycle_week"] >= NEW_WEEKS
        ]
    tables = {name: pa.Table.from_pylist(found, schema=_SCHEMAS[name]) for name, found in rows.items()}
    return beside(snapshot, lambda name, _: tables[name]).get(key, Beside())


def _life(snapshot: Snapshot, now: Row, stays: Sequence[Row], events: Sequence[Row]) -> dict[str, Any]:
    """The row of `lives`."""
    plan, core_keys, times = snapshot.plan, set(snapshot.plan.core_keys), [one["occurred_us"] for one in events]
    entered = [one["entered_us"] for one in stays if one["cycle"] == now["cycle"]]
    new_until_us = min(entered) + round(NEW_WEEKS * 7 * US_PER_DAY)
    third = None
    if len(times) >= NEW_EVENTS:
        is_early = times[NEW_EVENTS - 1] < new_until_us
        third = 0 if is_early else snapshot.calendar.week_at(times[NEW_EVENTS - 1])
    return {
        "customer_key": now["customer_key"],
        "stage": now["stage"],
        "began_us": min(entered),
        "entered_us": max(entered),
        "spoke_us": max((one["occurred_us"] for one in events if is_spoken(one, plan)), default=None),
        "used_us": max((one["occurred_us"] for one in events if one["signal_key"] in core_keys), default=None),
        "third_week": third,
        "is_new": now["cycle_week"] < NEW_WEEKS or third is None,
    }
