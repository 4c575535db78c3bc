"""Transitions: stay to stay, or to the exit."""

from __future__ import annotations

import random

from worlds import DAY_US, JOURNEY, Event, new_store, random_log, scored, table, us

from cxcurve.journey.transitions import EXIT, transitions
from cxcurve.pipeline.snapshots import snapshot

AS_OF = us("2025-05-14")
START = us("2025-02-17")


def test_each_ended_stay_is_one_transition() -> None:
    days = [(0, "visit"), (4, "bought"), (10, "lost"), (20, "demo"), (20.5, "bought")]
    events = [Event(f"e{day}", "ann", name, START + int(day * DAY_US)) for day, name in days]
    with new_store() as store:
        store.append(table(events))
        rows = store.arrow(transitions(snapshot(scored(store, AS_OF)).stays).order_by("at_us")).to_pylist()
    stage = JOURNEY.stage_names.index
    told = [(r["cycle"], r["from_stage"], r["to_stage"], (r["at_us"] - START) / DAY_US, r["dwell_days"]) for r in rows]
    assert told == [
        (1, stage("look"), stage("buy"), 4, 4),
        (1, stage("buy"), EXIT, 10, 6),
        (2, stage("try"), stage("buy"), 20.5, 0.5),
    ]


def test_they_lead_forward_and_chain_up() -> None:
    with new_store() as store:
        store.append(table(random_log(random.Random(2), 300, ties=True)))
        known = snapshot(scored(store, AS_OF)).stays
        stays, moves = store.arrow(known).to_pylist(), store.arrow(transitions(known)).to_pylist()
    assert len(moves) == sum(stay["left_us"] is not None for stay in stays) > 20
    entries = {(s["customer_key"], s["cycle"], s["stage"], s["entered_us"]) for s in stays}
    for move in moves:
        assert move["to_stage"] == EXIT or move["to_stage"] > move["from_stage"]
        assert move["dwell_days"] >= 0
        if move["to_stage"] != EXIT:
            assert (move["customer_key"], move["cycle"], move["to_stage"], move["at_us"]) in entries
