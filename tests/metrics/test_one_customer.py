"""One customer told from its own rows is told as the engine tells everybody."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import GAPS, JOURNEY, Event, logs, new_store, table, us

from cxcurve.metrics.advocacy import critics, is_critical
from cxcurve.metrics.contributions import contributions
from cxcurve.metrics.customer_states import Beside, beside
from cxcurve.metrics.one_customer import beside_of, effects
from cxcurve.pipeline.run import Run
from cxcurve.pipeline.scoring import score
from cxcurve.pipeline.snapshots import snapshot
from cxcurve.workspace.briefs import events_of
from cxcurve.workspace.customers import rows_of

PUBLIC = JOURNEY.model_copy(update={
    "signals": JOURNEY.signals | {"review": JOURNEY.signals["review"].model_copy(update={"feedback": "indirect"})}
})  # fmt: skip


def written(events: list[Event]) -> pa.Table:
    """The events, some of the answers with a text, one with an empty one."""
    texts = [("", "too slow", None)[number % 3] for number in range(len(events))]
    rows = table(events)
    return rows.set_column(rows.column_names.index("text"), "text", pa.array(texts, pa.string()))


def told(row: dict[str, Any]) -> tuple[Any, ...]:
    names = ("signal_key", "event_id", "part", "entered_us", "anchor_us", "amount", "n", "step")
    return tuple(row[name] for name in names)


@given(st.one_of(logs(), logs(ties=True)), st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kathmandu"]))
@settings(max_examples=4)
def test_of_random_logs(events: list[Event], zone: str) -> None:
    with new_store() as store:
        store.append(written(events))
        run = Run(store, PUBLIC, zone, us("2025-05-14T15:30"), expected_gaps=GAPS)
        score(run, None)
        known = snapshot(run)
        plan_table = store.temporary("plan_now", run.plan.table)
        log = store.temporary_from("log_now", store.sql(run.log))
        rows = store.arrow(contributions(log, plan_table, run.plan, now_us=run.as_of_us)).to_pylist()
        states = beside(known, lambda _, build: store.arrow(build(known)))
        for (key,) in store.rows("SELECT customer_key FROM customer_keys"):
            happened = events_of(run, key)
            expected = sorted(told(row) for row in rows if row["customer_key"] == key)
            assert sorted(map(told, effects(happened, run.plan, run.as_of_us))) == expected
            now, stays, weeks = (rows_of(run, known, n, key) for n in ("customer_now", "stays", "comparable_weeks"))
            found = beside_of(known, key, now[0] if now else None, stays, weeks, happened)
            assert found == states.get(key, Beside())


ANSWERS = [
    ("review", 2.0, None, True), ("review", 3.0, "meh", False), ("review", 6.0, None, False),
    ("nps", 6.0, "slow", True), ("nps", 6.0, "", False), ("nps", 7.0, "fine", False), ("visit", 0.0, "x", False),
]  # fmt: skip


def test_who_is_a_critic() -> None:
    at_us = us("2025-05-02")
    rows = table([Event(f"e{n}", f"c{n}", name, at_us, value=value) for n, (name, value, *_) in enumerate(ANSWERS)])
    with new_store() as store:
        texts = pa.array([text for _, _, text, _ in ANSWERS], pa.string())
        store.append(rows.set_column(rows.column_names.index("text"), "text", texts))
        run = Run(store, PUBLIC, "UTC", us("2025-05-14"))
        keys = dict(store.rows("SELECT customer_id, customer_key FROM customer_keys"))
        engine = set(store.arrow(critics(run.log, run.plan))["customer_key"].to_pylist())
        for n, (*_, is_one) in enumerate(ANSWERS):
            key = keys[f"c{n}"]
            assert (key in engine, is_critical(events_of(run, key)[0], run.plan)) == (is_one, is_one), ANSWERS[n]
