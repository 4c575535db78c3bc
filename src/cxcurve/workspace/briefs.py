"""Reading what a brief is said from: a handful of small questions about one customer, and none about the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cxcurve.errors import UnknownNameError
from cxcurve.metrics.snapshot import Snapshot
from cxcurve.pipeline.run import Run
from cxcurve.store.consents import EVER
from cxcurve.workspace.advice import brief_of
from cxcurve.workspace.brief import Brief
from cxcurve.workspace.known import CALLS, Event, Known

EVENT_COLUMNS = (
    "event_id", "signal_key", "occurred_us", "person_id", "source", "channel", "value", "amount", "text",
    "conversation_id", "properties",
)  # fmt: skip
TOLERATED_FALL = 0.2
"""A fall of core use by a fifth is none yet."""
FACTS = ("customer_id", "name", "segment", "plan", "owner")


def brief_result(run: Run, snapshot: Snapshot, customer_id: str, events: Sequence[Event] | None = None) -> Brief:
    """The brief of a customer, of its events where they were read already (`events_of`).

    Raises:
        UnknownNameError: no event before as_of names this customer.
    """
    key = run.store.customer_key(customer_id)
    if events is None:
        events = [] if key is None else events_of(run, key)
    named_so = f"SELECT {', '.join(FACTS)} FROM customers_now WHERE customer_key = $1"
    facts = [] if key is None else run.store.records(named_so, key)
    if key is None or not events or not facts:
        raise UnknownNameError("customer", customer_id)
    now = run.store.rows(f"SELECT stage FROM customer_now WHERE customer_key = {key}")
    stays = "SELECT max(entered_us) FROM stays WHERE customer_key = $1 AND left_us IS NULL"
    since = run.store.rows(stays, key)[0][0] if now else None
    stage = snapshot.stage_name(now[0][0]) if now else None
    return brief_of(known_of(run, snapshot, key, facts[0], stage, since, events))


def known_of(
    run: Run,
    snapshot: Snapshot,
    key: int,
    facts: Mapping[str, Any],
    stage: str | None,
    since_us: int | None,
    events: Sequence[Event],
) -> Known:
    """The same of whom the page has read already."""
    return Known(
        journey=run.journey,
        zone=snapshot.zone,
        as_of_us=snapshot.as_of_us,
        facts={name: facts[name] for name in FACTS},
        stage=stage,
        stage_since_us=since_us,
        happened=events,
        fall=None if stage is None else _fall(run, key),
        has_calls=_has_calls(run),
        refuses=_refuses(run, key),
        silent=tuple(one.name for one in snapshot.silent),
    )


def events_of(run: Run, key: int) -> list[dict[str, Any]]:
    """A customer's events before as_of, by the names of the tracking plan, in order of time."""
    sql = run.store.compiled(("log", run.mark), lambda: run.log)
    columns = ", ".join(dict.fromkeys((*EVENT_COLUMNS, *run.plan.when_columns)))
    rows = run.store.records(f"SELECT {columns} FROM ({sql}) WHERE customer_key = {key}")
    names = {number: name for name, number in run.plan.keys.items()}
    for row in rows:
        row["name"] = names[row["signal_key"]]
    return sorted(rows, key=lambda row: (row["occurred_us"], row["event_id"]))


def _fall(run: Run, key: int) -> float | None:
    """How far core use is below its own best: what the state signal `decline` is made of (definitions.md, 1)."""
    is_before = run.standing.use_us[-1] < run.calendar.end_at(run.ticks.last_whole_week)
    name = "decline_before" if is_before else "decline"
    found = run.store.rows(f"SELECT {name} FROM customer_state WHERE customer_key = $1", key)
    return TOLERATED_FALL + (1 - TOLERATED_FALL) * found[0][0] if found and found[0][0] else None


def _has_calls(run: Run) -> bool:
    """Whether calls of anybody are recorded here."""
    log = run.store.log_name("analytics")
    sql = f"SELECT 1 FROM {log} WHERE list_contains($1, lower(channel)) AND occurred_us < {run.as_of_us} LIMIT 1"
    return bool(run.store.rows(sql, sorted(CALLS)))


def _refuses(run: Run, key: int) -> tuple[str, ...]:
    """Who of a customer withdrew that something may be offered to them; "" is the account for all of its people."""
    sql = f"""
        SELECT DISTINCT CASE WHEN d.id_kind = 'account' THEN '' ELSE d.id END
        FROM identities AS d
        LEFT JOIN resolved AS r ON (r.id_kind, r.id) = (d.id_kind, d.id)
        JOIN terms AS t ON t.id_kind = CASE WHEN r.head_id IS NULL THEN d.id_kind ELSE 'person' END
            AND t.id = coalesce(r.head_id, d.id)
        WHERE d.customer_key = $1 AND t.withdrawn_outreach > {EVER} AND t.given_outreach > {run.as_of_us}
        ORDER BY 1
    """
    return tuple(one for (one,) in run.store.rows(sql, key))
