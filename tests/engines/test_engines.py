"""The same expressions on two engines: integers and text equal to the bit, floats to 1e-9."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import ibis.expr.types as ir
import pyarrow as pa
import pytest
from worlds import DAY_US, JOURNEY, Engine, new_store, random_log, scored, table, us

from cxcurve.journey.calendar import Calendar
from cxcurve.journey.plan import Plan
from cxcurve.journey.stays import in_segments, stage_firsts, stays
from cxcurve.journey.transitions import transitions
from cxcurve.metrics.activity import activity_weeks
from cxcurve.metrics.advocacy import actions, critics, design_check, followed, readiness
from cxcurve.metrics.contacts import contacts
from cxcurve.metrics.contributions import contributions
from cxcurve.metrics.curve import curve_sums, stage_sums
from cxcurve.metrics.customer_states import lives, pair_weeks
from cxcurve.metrics.customers import customers_known
from cxcurve.metrics.early_signals import early_signals, equal_dwell_groups
from cxcurve.metrics.episodes import episodes
from cxcurve.metrics.event_days import event_days
from cxcurve.metrics.feedback import answers
from cxcurve.metrics.indexes import with_indexes
from cxcurve.metrics.issues import handled_issues
from cxcurve.metrics.leavers import exit_counts, weight_tables, with_weights
from cxcurve.metrics.loads import activity_at, counts_at
from cxcurve.metrics.moments import first_times
from cxcurve.metrics.passages import passages
from cxcurve.metrics.references import coarse_counts, fine_counts
from cxcurve.metrics.seasons import core_by_segment
from cxcurve.metrics.self_service import sessions
from cxcurve.metrics.signal_weeks import signal_weeks
from cxcurve.metrics.silences import active_days, cycles, exits
from cxcurve.metrics.snapshot import Snapshot
from cxcurve.metrics.time_to_value import value_times
from cxcurve.metrics.zone_levels import zone_sums
from cxcurve.pipeline.run import Run
from cxcurve.pipeline.snapshots import snapshot
from cxcurve.sources import arrow_schema
from cxcurve.tables import CUSTOMERS

ZONE = "Europe/Berlin"
AS_OF = us("2025-05-14T15:30", ZONE)
NAMES = ("event_log", "stays", "signal_weeks", "activity_weeks", "customer_weeks", "customer_now", "reference_weeks")


@dataclass(frozen=True)
class World:
    """A scored company as Arrow tables, with the run that made it."""

    run: Run
    tables: dict[str, pa.Table]
    calendar: Calendar
    groups: pa.Table
    exits: pa.Table
    last_week: int


@pytest.fixture(scope="module")
def world() -> World:
    with new_store() as store:
        store.append(table(random_log(random.Random(4), 500)))
        run = scored(store, AS_OF, zone=ZONE)
        found = {name: store.arrow(store.table(name)) for name in NAMES}
        amounts = pa.array([float(i % 7 * 10) for i in range(found["event_log"].num_rows)])
        found["event_log"] = (
            found["event_log"].drop_columns(["body", "row_key", "amount"]).append_column("amount", amounts)
        )
        found |= {"customers": _customers(), "customer_keys": store.arrow(store.table("customer_keys"))}
        found = {name: _nullable(rows) for name, rows in found.items()}
        found["plan_now"] = run.plan.table
        _ = run.weights, run.ticks
        passage = passages(found["stays"], len(JOURNEY.stages), AS_OF)[1]
        last_week = run.ticks.last_whole_week
        exits = store.arrow(exit_counts(snapshot(run).customer_weeks, last_week))
        return World(run, found, run.calendar, equal_dwell_groups(passage, 6.0), exits, last_week)


def _customers() -> pa.Table:
    """Attributes that change, some without revenue or segment, one row that holds only later."""
    said = [
        ("ann", "A", 120.0, 0), ("ann", "B", 150.0, us("2025-03-01")), ("bea", "A", None, 0), ("cem", None, 80.0, 0),
        ("dia", None, None, 0), ("eli", "A", 40.0, 0), ("eli", "B", 9000.0, us("2025-06-01")),
    ]  # fmt: skip
    rows = [
        {
            "customer_id": name,
            "segment": segment,
            "revenue_per_year": revenue,
            "valid_from_us": since,
            "attributes": "{}",
        }
        for name, segment, revenue, since in said
    ]
    return pa.Table.from_pylist(rows, schema=arrow_schema(CUSTOMERS))


def _nullable(rows: pa.Table) -> pa.Table:
    """Columns as the scoring's temporary tables have them: knowing a column is never null makes other types."""
    return rows.cast(pa.schema([field.with_nullable(True) for field in rows.schema]))


@dataclass(frozen=True)
class On:
    """The company on one engine."""

    world: World
    engine: Engine

    def put(self, name: str) -> ir.Table:
        return self.engine.put(name, self.world.tables[name])

    @cached_property
    def log(self) -> ir.Table:
        log = self.put("event_log")
        return log.filter(log.occurred_us < AS_OF)

    @cached_property
    def plan(self) -> ir.Table:
        return self.put("plan_now")

    @cached_property
    def snapshot(self) -> Snapshot:
        references = self.put("reference_weeks").drop("n")
        calendar = self.world.calendar
        weeks, now = (with_indexes(self.put(name), references) for name in ("customer_weeks", "customer_now"))
        return Snapshot(
            plan=self.world.run.plan, zone=ZONE, as_of_us=AS_OF, first_week=calendar.first_week,
            n_weeks=len(calendar.ends_us), log=self.log, stays=self.put("stays"), signal_weeks=self.put("signal_weeks"),
            customer_weeks=weeks, comparable_weeks=weeks, customer_now=now, customers=self.put("customer_keys"),
        )  # fmt: skip

    @property
    def groups(self) -> ir.Table:
        return self.engine.put("dwell_groups", self.world.groups)

    @property
    def members(self) -> ir.Table:
        rows = [(1, "A", 0, 4), (1, "B", 4, 99), (2, "A", 3, 99), (4, "B", 0, 99)]
        names = ("customer_key", "segment", "from_tick", "until_tick")
        kinds = (pa.int32(), pa.string(), pa.int32(), pa.int32())
        columns = [pa.array(values, kind) for values, kind in zip(zip(*rows, strict=True), kinds, strict=True)]
        return self.engine.put("segment_members", pa.table(dict(zip(names, columns, strict=True))))

    @property
    def bins(self) -> ir.Table:
        stages, bins = zip(*((stage, number) for stage in range(3) for number in range(0, 160, 2)), strict=True)
        wanted = {"stage": pa.array(stages, pa.int32()), "bin": pa.array(bins, pa.int64())}
        return self.engine.put("wanted_bins", pa.table(wanted))


def _plan(on: On) -> Any:
    return on.world.run.plan


def _values(on: On) -> ir.Table:
    found = value_times(on.snapshot)
    assert found is not None
    return found


def _sessions(on: On) -> ir.Table:
    """Two names of the log stand for the two endings of a session."""
    plan = on.snapshot.plan
    names = {"self_service_solved": "used", "self_service_failed": "step"}
    signals = {name: plan.journey.signals[other] for name, other in names.items()}
    journey = plan.journey.model_copy(update={"signals": {**plan.journey.signals, **signals}})
    keys = {**plan.keys, **{name: plan.keys[other] for name, other in names.items()}}
    found = sessions(replace(on.snapshot, plan=Plan(journey, keys)))
    assert found is not None
    return found


def _handled(on: On) -> ir.Table:
    found = handled_issues(on.log, _plan(on))
    assert found is not None
    return found


def _readiness(on: On) -> ir.Table:
    found = readiness(on.snapshot)
    assert found is not None
    return found


def _critics(on: On) -> ir.Table:
    """The small journey's reviews are public."""
    plan = on.snapshot.plan
    review = plan.journey.signals["review"].model_copy(update={"feedback": "indirect"})
    journey = plan.journey.model_copy(update={"signals": {**plan.journey.signals, "review": review}})
    return critics(on.log, Plan(journey, plan.keys))


def _sums(x: Any) -> Callable[[On], ir.Table]:
    return lambda on: curve_sums(on.snapshot, x, [10.0, 14.0, 21.0, 90.0, 365.0])


def _weighted(on: On) -> ir.Table:
    """Customer weeks with weights, from exits counted on DuckDB: both engines get the same tables."""
    cells, kept = weight_tables(on.world.exits, len(JOURNEY.stages))
    return with_weights(on.snapshot.customer_weeks, on.engine.put("exit_cells", cells), on.engine.put("kept", kept))


EXPRESSIONS: dict[str, Callable[[On], ir.Table]] = {
    "in_segments": lambda on: in_segments(on.log, _plan(on), _plan(on).stage_keys).select(
        "customer_key", "event_id", "segment", "exit_us"
    ),
    "stage_firsts": lambda on: stage_firsts(on.log, on.plan, _plan(on)),
    "stays": lambda on: stays(on.log, on.plan, _plan(on)),
    "transitions": lambda on: transitions(on.snapshot.stays),
    "episodes": lambda on: episodes(on.log, _plan(on)),
    "contributions": lambda on: contributions(on.log, on.plan, _plan(on), now_us=AS_OF),
    "signal_weeks": lambda on: signal_weeks(on.log, on.plan, _plan(on), on.world.calendar, now_us=AS_OF),
    "event_days": lambda on: event_days(on.log, on.world.calendar),
    "activity_weeks": lambda on: activity_weeks(on.log, _plan(on), on.world.calendar),
    "with_indexes": lambda on: on.snapshot.customer_weeks,
    "curve_sums by week": _sums("week"),
    "curve_sums by position": _sums("position"),
    "curve_sums by date": _sums("date"),
    "stage_sums": lambda on: stage_sums(on.snapshot),
    "exit_counts": lambda on: exit_counts(on.snapshot.customer_weeks, on.world.last_week),
    "with_weights": _weighted,
    "curve_sums weighted": lambda on: curve_sums(on.snapshot, "week", [], _weighted(on)),
    "counts_at": lambda on: counts_at(on.snapshot.signal_weeks, on.plan, on.world.calendar, on.world.last_week - 2),
    "activity_at": lambda on: activity_at(on.put("activity_weeks"), on.world.last_week - 2),
    "coarse_counts": lambda on: coarse_counts(on.snapshot.customer_weeks, "friction"),
    "fine_counts": lambda on: fine_counts(on.snapshot.customer_weeks, "momentum", on.bins),
    "value_times": _values,
    "contacts": lambda on: contacts(on.snapshot),
    "sessions": _sessions,
    "zone_sums": lambda on: zone_sums(on.snapshot),
    "early_signals": lambda on: early_signals(on.snapshot, on.groups),
    "answers": lambda on: answers(on.snapshot, "nps"),
    "first_times": lambda on: first_times(on.log, _plan(on)),
    "handled_issues": _handled,
    "actions": lambda on: actions(on.log, _plan(on)),
    "critics": _critics,
    "readiness": _readiness,
    "design_check": lambda on: design_check(followed(_readiness(on), AS_OF + 90 * DAY_US)),
    "lives": lambda on: lives(on.snapshot),
    "pair_weeks": lambda on: pair_weeks(on.snapshot),
    "active_days": lambda on: active_days(on.snapshot),
    "cycles": lambda on: cycles(on.snapshot),
    "exits": lambda on: exits(on.snapshot),
    "customers_known": lambda on: customers_known(
        on.log, on.put("customers"), on.put("customer_keys"), _plan(on), as_of_us=AS_OF
    ),
    "core_by_segment": lambda on: core_by_segment(
        on.put("signal_weeks"), on.members, _plan(on).core_keys, on.world.calendar.first_week
    ),
    "snapshot of some customers": lambda on: (
        replace(on.snapshot, stays=on.snapshot.only(on.groups.select("customer_key"), "some").stays).stays
    ),
}

GAPS: dict[str, str] = {}
"""Expressions an engine cannot run, and why; strict, so that one that heals is noticed."""


def _cases() -> list[Any]:
    gap = {name: pytest.mark.xfail(reason=reason, strict=True) for name, reason in GAPS.items()}
    return [pytest.param(name, marks=gap.get(name, ())) for name in EXPRESSIONS]


@pytest.mark.engine
@pytest.mark.parametrize("name", _cases())
def test_engines_agree(world: World, duck: Engine, sail: Engine, name: str) -> None:
    build = EXPRESSIONS[name]
    here, there = (engine.get(build(On(world, engine))) for engine in (duck, sail))
    names = sorted(here.column_names)
    assert sorted(there.column_names) == names
    assert here.num_rows == there.num_rows > 0
    mine, other = _rows(here, names), _rows(there, names)
    for left, right in zip(mine, other, strict=True):
        assert [value for value in left if not isinstance(value, float)] == [
            v for v in right if not isinstance(v, float)
        ]
        floats = [value for value in left if isinstance(value, float)]
        assert floats == pytest.approx([value for value in right if isinstance(value, float)], abs=1e-9, rel=1e-9)


def _rows(found: pa.Table, names: list[str]) -> list[tuple[Any, ...]]:
    """Rows in the order of what is exact; floats only break ties."""
    rows = [tuple(row[name] for name in names) for row in found.to_pylist()]
    exact = [name for name in names if not pa.types.is_floating(found.schema.field(name).type)]
    at = [names.index(name) for name in exact]
    return sorted(rows, key=lambda row: (repr([row[i] for i in at]), repr(row)))
