"""Small worlds: a journey with every rule of the tracking plan, random logs for it, and a store that scores them."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.compute as pc
import yaml
from hypothesis import strategies as st

from cxcurve import tables
from cxcurve.journey.stays import stays
from cxcurve.model.journey import Journey
from cxcurve.pipeline.run import Run
from cxcurve.pipeline.scoring import score
from cxcurve.pipeline.snapshots import snapshot
from cxcurve.sources import arrow_schema
from cxcurve.store import Store
from cxcurve.workspace.workspace import Workspace

MINUTE_US = 60_000_000
DAY_US = 86_400_000_000
WEEK_US = 7 * DAY_US

JOURNEY = Journey.model_validate(
    yaml.safe_load("""
journey: small
stages:
  - {name: look, expected: 10d}
  - {name: try, expected: 14d}
  - {name: buy, expected: 21d}
  - {name: live, expected: 90d}
  - {name: share, expected: 365d}
exits: [lost, quit]
targets: {open_issue: 3d}
time_to_value: {from: bought, to: value}
states: {stall: {friction: 0.8}, decline: {friction: 2.2}, silence: {friction: 1.0}, open_issues: {friction: 0.25}}
signals:
  visit:     {stage: look, momentum: 0.15, half_life: 14d}
  demo:      {stage: try, momentum: 0.7, half_life: 21d, contact: true}
  bought:    {stage: buy, momentum: 0.7, half_life: 21d}
  value:     {stage: live, after: bought, momentum: 1.0, half_life: 28d}
  used:      {momentum: 0.3, core: true, per: seats}
  ticket:    {friction: 0.3, contact: true, per: seats, until: closed}
  urgent:    {friction: 0.6, contact: true, until: closed, half_life: 10d}
  late_step: {friction: 0.5, by: company, half_life: 10d, until: step}
  step:      {momentum: 0.35, stage: buy, after: bought}
  closed:    {by: company}
  nps:       {valence: "value: 0..6=-1, 7..8=0, 9..10=1", valence_friction: 0.9, valence_momentum: 0.6, half_life: 60d,
              keep: latest}
  review:    {stage: share, when: "value >= 4", valence: "value: 1..2=-1, 3=-0.3, 4=0.5, 5=1", valence_friction: 1.0,
              valence_momentum: 0.5, advocacy: 1.0, half_life: 60d}
  dispute:   {friction: 0.9, contact: true, half_life: 28d}
  referral:  {stage: share, momentum: 0.6, advocacy: 1.5, half_life: 90d}
  lost:      {}
  quit:      {}
""")
)
SCORES = {"nps": (0, 10), "review": (1, 6)}
"""Range of answers; a review of 6 is a code that no band holds."""
SOURCES = {
    **dict.fromkeys(("visit", "demo", "bought", "lost"), "crm"),
    **dict.fromkeys(("value", "used", "step", "late_step", "quit"), "app"),
    **dict.fromkeys(("ticket", "urgent", "closed", "dispute"), "desk"),
}
"""Where events come from; the others from "asked", and every seventh from "app" whatever it is."""
GAPS = {"crm": 5 * DAY_US, "app": 3 * DAY_US, "desk": 9 * DAY_US}
"""How long sources may be silent before they have shown 20 gaps of their own."""
CUSTOMERS = ("ann", "bea", "cem", "dia", "eli", "fay")
SEATS = {"ann": 5.0, "bea": 20.0, "cem": 40.0, "eli": 400.0, "gus": 1000.0}
"""Dia and Fay tell none; Gus never makes an event."""


@dataclass(frozen=True)
class Event:
    """One event of a small world."""

    event_id: str
    customer: str
    name: str
    at_us: int
    person: str | None = None
    conversation: str | None = None
    value: float | None = None
    source: str = "test"


@dataclass(frozen=True)
class Company:
    """What a simulated company's files hold."""

    events: pa.Table
    customers: pa.Table
    people: pa.Table


@dataclass(frozen=True)
class Engine:
    """Takes Arrow tables in and gives an expression's rows out."""

    name: str
    put: Callable[[str, pa.Table], ir.Table]
    get: Callable[[ir.Table], pa.Table]


def us(text: str, zone: str = "UTC") -> int:
    """A local time, as microseconds UTC."""
    return round(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()) * 1_000_000


@st.composite
def logs(draw: st.DrawFn, *, most: int = 90, ties: bool = False) -> list[Event]:
    """A random log. With `ties`, times fall on few instants, so that order within one instant matters."""
    seed = draw(st.integers(0, 2**32))
    n = draw(st.integers(1, most))
    rng = random.Random(seed)
    return interrupted(rng, random_log(rng, n, ties=ties))


def random_log(
    rng: random.Random, n: int, *, start: str = "2025-02-12", weeks: int = 14, ties: bool = False
) -> list[Event]:
    """`n` random events; off the minute, so that no age is a whole number of half-lives unless `ties` wants it."""
    step, slots = (6 * 60 * MINUTE_US, weeks * 28) if ties else (MINUTE_US, weeks * 10_080)
    begin = us(start) + (0 if ties else 17_000_123)
    names = [*JOURNEY.signals, "used", "used", "visit", "demo", "bought", "value", "ticket", "closed", "never_planned"]
    return [_event(rng, number, begin + step * rng.randrange(slots), rng.choice(names)) for number in range(n)]


def interrupted(rng: random.Random, events: list[Event]) -> list[Event]:
    """The log without what some sources would have brought while they were broken; one event is left at least."""
    first, last = min(e.at_us for e in events), max(e.at_us for e in events)
    broken: dict[str, tuple[int, int]] = {}
    for source in sorted({e.source for e in events}):
        start = rng.randint(first, last)
        if rng.random() < 0.6:
            broken[source] = start, start + rng.randint(1, 60) * DAY_US
    left = [e for e in events if not (e.source in broken and broken[e.source][0] <= e.at_us < broken[e.source][1])]
    return left or events[:1]


def _event(rng: random.Random, number: int, at_us: int, name: str) -> Event:
    value = float(rng.randint(*SCORES[name])) if name in SCORES else None
    key = rng.choice([None, "k1", "k2"]) if name in {"ticket", "urgent", "closed"} else None
    source = SOURCES.get(name, "asked") if number % 7 else "app"
    who = rng.choice(CUSTOMERS), name, at_us, rng.choice([None, "p1", "p2"]), key, value
    return Event(f"e{number:04d}", *who, source)


def table(events: Iterable[Event]) -> pa.Table:
    """The events as `tables.EVENTS`."""
    rows = [
        {
            "event_id": e.event_id, "account_id": e.customer, "person_id": e.person, "occurred_us": e.at_us,
            "received_us": e.at_us, "name": e.name, "source": e.source, "value": e.value,
            "conversation_id": e.conversation, "data_class": "observed", "properties": "{}",
        }
        for e in events
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, schema=arrow_schema(tables.EVENTS))


def seats_table(seats: dict[str, float], valid_from_us: int = 0) -> pa.Table:
    """Customers with their seats as `tables.CUSTOMERS`."""
    same = {"valid_from_us": valid_from_us, "attributes": "{}"}
    rows = [{"customer_id": name, "seats": n, **same} for name, n in seats.items()]
    return pa.Table.from_pylist(rows, schema=arrow_schema(tables.CUSTOMERS))


@contextmanager
def new_store(seats: dict[str, float] | None = None) -> Iterator[Store]:
    """A store in a folder of its own, with the customers' seats."""
    with TemporaryDirectory() as folder, Store(Path(folder) / ".cxcurve" / "events.duckdb") as store:
        store.upsert(tables.CUSTOMERS, seats_table(SEATS if seats is None else seats))
        yield store


def scored(
    store: Store,
    as_of_us: int,
    *,
    zone: str = "UTC",
    keys: Sequence[int] | None = None,
    gaps: Mapping[str, int] = GAPS,
) -> Run:
    """Score a store; all of it unless `keys` says whom."""
    run = Run(store, JOURNEY, zone, as_of_us, expected_gaps=gaps)
    score(run, keys)
    return run


def stays_before(store: Store, as_of_us: int) -> pa.Table:
    """The stays alone, without a score."""
    run = Run(store, JOURNEY, "UTC", as_of_us)
    return store.arrow(stays(run.log, store.temporary("plan_now", run.plan.table), run.plan))


def derived(run: Run) -> dict[str, list[tuple[Any, ...]]]:
    """Every derived table by text ids, sorted: what must not depend on the way the events came."""
    known = snapshot(run)
    named = {
        "stays": known.stays, "signal_weeks": known.signal_weeks, "customer_weeks": known.customer_weeks,
        "customer_now": known.customer_now, "comparable_weeks": known.comparable_weeks,
        **{name: run.store.table(name) for name in ("transitions", "activity_weeks", "signal_state", "customer_state")},
    }  # fmt: skip
    found = {name: _by_name(run, expression) for name, expression in named.items()}
    return found | {"reference_weeks": _rows(run.store.arrow(run.store.table("reference_weeks")))}


def _by_name(run: Run, expression: Any) -> list[tuple[Any, ...]]:
    customers = dict(run.store.rows("SELECT customer_key, customer_id FROM customer_keys"))
    signals = {key: name for name, key in run.plan.keys.items()}
    rows = run.store.arrow(expression).to_pylist()
    for row in rows:
        row["customer_key"] = customers[row["customer_key"]]
        if "signal_key" in row:
            row["signal_key"] = signals.get(row["signal_key"], "any")
    return _rows(pa.Table.from_pylist(rows, expression.schema().to_pyarrow() if not rows else None))


def _rows(found: pa.Table) -> list[tuple[Any, ...]]:
    names = sorted(found.column_names)
    return sorted((tuple(row[name] for name in names) for row in found.to_pylist()), key=repr)


def changed(event: Event, **values: Any) -> Event:
    """The same event, told otherwise."""
    return replace(event, **values)


def run_of(workspace: Workspace) -> Run:
    """The run of the last score."""
    scored_us = workspace.store.meta("scored_as_of_us")
    assert scored_us is not None
    return Run(workspace.store, workspace.journey, workspace.settings.zone, int(scored_us))


def tables_of(workspace: Workspace) -> dict[str, Any]:
    """All derived tables, by text ids."""
    names = ("season_weeks",)
    return derived(run_of(workspace)) | {
        name: sorted(workspace.store.rows(f"SELECT * FROM {name}"), key=repr) for name in names
    }


def same_as_full(workspace: Workspace, expected_touched: int | None = None) -> None:
    """Score the touched customers, then everybody: the tables are identical to the last bit."""
    n = workspace.score()
    partial = tables_of(workspace)
    n_all = workspace.score(full=True)
    assert 0 < n < n_all
    if expected_touched is not None:
        assert n == expected_touched
    full = tables_of(workspace)
    for name, rows in full.items():
        assert partial[name] == rows, name


def split(events: pa.Table, is_in: Callable[[dict[str, Any]], bool]) -> tuple[pa.Table, pa.Table]:
    """Events that are in, and the others."""
    mask = pa.array([is_in(row) for row in events.to_pylist()])
    return events.filter(mask), events.filter(pc.invert(mask))
