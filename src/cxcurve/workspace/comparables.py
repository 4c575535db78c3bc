"""One customer like another that stayed: the most alike in the same week, and what it got from the company."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from cxcurve.charts.format import words
from cxcurve.learn.forecasts import AT_RISK_INDEX
from cxcurve.metrics.snapshot import Snapshot
from cxcurve.pipeline.run import Run
from cxcurve.tables import US_PER_DAY
from cxcurve.workspace.results import at

STAYED_DAYS = 90.0
ALIKE = ("friction_index", "momentum_index", "dwell_days")
Row = Mapping[str, Any]


class Alone(StrEnum):
    """Why there is no comparable customer."""

    NO_WARNING = "no_warning"
    NOT_FOLLOWED = "not_followed"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Done:
    """Something the company did, or that happened on its side; `who` is the person it was with, else the owner."""

    at_us: int
    event_id: str
    signal: str
    label: str
    who: str | None
    adds_friction: bool

    def to_json(self) -> dict[str, Any]:
        """For programs."""
        told = {"event_id": self.event_id, "signal": self.signal, "who": self.who, "adds_friction": self.adds_friction}
        return {"at": at(self.at_us), **told}


@dataclass(frozen=True, slots=True)
class Comparable:
    """A customer of the same stage and segment, at risk in the same week, that was still there 90 days later."""

    customer_id: str
    name: str
    friction_index: float
    momentum_index: float
    dwell_days: float
    done: tuple[Done, ...]

    def to_json(self) -> dict[str, Any]:
        """For programs."""
        told = {name: getattr(self, name) for name in ("customer_id", "name", *ALIKE)}
        return {**told, "done": [one.to_json() for one in self.done]}


def comparable(
    run: Run, snapshot: Snapshot, facts: Row, row: Row, days: float
) -> tuple[Comparable | None, Alone | None]:
    """Who was most alike in the week of a warning and stayed, with what it got in so many days; or why nobody is.

    Args:
        run: what the score needed.
        snapshot: what is known.
        facts: the customer's row of `snapshot.customers`.
        row: its row of `weeks` at the warning.
        days: from the end of that week on.
    """
    since_us = run.calendar.end_at(row["week"])
    until_us = since_us + round(STAYED_DAYS * US_PER_DAY)
    if until_us > run.as_of_us:
        return None, Alone.NOT_FOLLOWED
    peers = weeks(run, snapshot, f"week = {row['week']} AND stage = {row['stage']}")
    known = _stayed(run, snapshot, facts, until_us)
    fits = [one for one in peers if _identity(one) in known and one["friction_index"] >= AT_RISK_INDEX]
    if not fits:
        return None, Alone.NOBODY
    peer = nearest(row, fits, peers)
    other = known[_identity(peer)]
    return Comparable(
        customer_id=other["customer_id"],
        name=other["name"],
        friction_index=peer["friction_index"],
        momentum_index=peer["momentum_index"],
        dwell_days=peer["dwell_days"],
        done=company_events(run, other, since_us, since_us + round(days * US_PER_DAY)),
    ), None


def nearest(row: Row, fits: Sequence[Row], peers: Sequence[Row]) -> Row:
    """The most alike in friction, momentum and dwell, each measured in its spread over all peers; ties by key."""
    spread = [float(np.std([peer[name] for peer in peers])) or 1.0 for name in ALIKE]

    def distance(peer: Row) -> float:
        return sum((float(peer[name] - row[name]) / sd) ** 2 for name, sd in zip(ALIKE, spread, strict=True))

    return min(fits, key=lambda peer: (distance(peer), peer["customer_key"]))


def weeks(run: Run, snapshot: Snapshot, where: str) -> list[dict[str, Any]]:
    """Rows of customer and week: stage, dwell and indexes, by the weights in force."""
    sql = run.store.compiled(("read", "customer_weeks", run.mark, snapshot.population), lambda: snapshot.customer_weeks)
    names = ", ".join(("customer_key", "cycle", "week", "stage", *ALIKE))
    return run.store.records(f"SELECT {names} FROM ({sql}) WHERE {where}")


def company_events(run: Run, facts: Row, since_us: int, until_us: int) -> tuple[Done, ...]:
    """Events of a customer that the tracking plan says are the company's, in order of time; not those at `until_us`."""
    plan = run.plan.signals
    keys = [key for key, signal in plan.items() if signal.by == "company"]
    sql = run.store.compiled(("log", run.mark), lambda: run.log)
    rows = run.store.records(f"""
        SELECT occurred_us, event_id, signal_key, person_id FROM ({sql})
        WHERE customer_key = {facts["customer_key"]} AND occurred_us >= {since_us} AND occurred_us < {until_us}
        AND signal_key IN ({", ".join(map(str, [*keys, -1]))}) ORDER BY 1, 2
    """)
    found = []
    for row in rows:
        signal = plan[row["signal_key"]]
        label, who = signal.label or words(signal.name).capitalize(), row["person_id"] or facts["owner"]
        found.append(Done(row["occurred_us"], row["event_id"], signal.name, label, who, signal.friction > 0))
    return tuple(found)


def _identity(row: Row) -> tuple[int, int]:
    return row["customer_key"], row["cycle"]


def _stayed(run: Run, snapshot: Snapshot, facts: Row, until_us: int) -> dict[tuple[int, int], dict[str, Any]]:
    """By customer and cycle those of the same segment who were on the journey at `until_us`."""
    sql = run.store.compiled(("read", "customers", run.mark, snapshot.population), lambda: snapshot.customers)
    stays = run.store.compiled(("read", "stays", run.mark, snapshot.population), lambda: snapshot.stays)
    segment = "IS NULL" if facts["segment"] is None else f"= '{facts['segment'].replace(chr(39), chr(39) * 2)}'"
    rows = run.store.records(f"""
        SELECT customer_key, cycle, customer_id, name, owner FROM ({sql}) JOIN ({stays}) USING (customer_key)
        WHERE segment {segment} AND customer_key <> {facts["customer_key"]}
        AND entered_us <= {until_us} AND (left_us IS NULL OR left_us > {until_us})
    """)
    return {_identity(row): row for row in rows}
