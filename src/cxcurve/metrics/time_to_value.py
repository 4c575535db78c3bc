"""Time to Value: from the start event to the first value event of the same cycle (definitions.md, 5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cxcurve.errors import Reason
from cxcurve.journey.stays import in_segments
from cxcurve.metrics.snapshot import Snapshot
from cxcurve.stats.estimates import Estimate, Floats, Ints, Test
from cxcurve.stats.event_table import EventTable
from cxcurve.stats.logrank import logrank
from cxcurve.stats.survival import Curve as Incidence
from cxcurve.stats.survival import aalen_johansen
from cxcurve.tables import US_PER_DAY

REACHED, EXITED = 1, 2
FOREVER_US = 2**62
FEWEST = 5
RECENT_DAYS, FEWEST_RECENT = 180, 20


@dataclass(frozen=True, slots=True)
class Waiting:
    """A customer still waiting for value."""

    customer_key: int
    days: float


@dataclass(frozen=True, slots=True)
class TimeToValue:
    """How long customers wait for value, censoring kept; leaving before value competes."""

    n: int
    n_reached: int
    n_before_start: int
    n_exited: int
    n_waiting: int
    median: Estimate
    reached: dict[float, Estimate]
    incidence: Incidence | None
    waiting: tuple[Waiting, ...]
    reason: Reason | None


def value_times(snapshot: Snapshot) -> ir.Table | None:
    """One row per cycle with a start event: customer_key, start_us, goal_us?, exit_us?; None where not modelled.

    `goal_us` is the first value event of the cycle, be it before the start.
    """
    rule = snapshot.plan.journey.time_to_value
    if rule is None:
        return None
    starts, goals = snapshot.plan.keys_of(rule.start), snapshot.plan.keys_of(rule.goal)
    events = in_segments(snapshot.log, snapshot.plan, [*starts, *goals])
    cycles = events.group_by("customer_key", "segment").agg(
        start_us=events.occurred_us.min(where=events.signal_key.isin(starts or [-1])),
        goal_us=events.occurred_us.min(where=events.signal_key.isin(goals or [-1])),
        exit_us=events.exit_us.min(),
    )
    return cycles.filter(cycles.start_us.notnull()).select("customer_key", "start_us", "goal_us", "exit_us")


def time_to_value(times: pa.Table, *, as_of_us: int, days: Sequence[float] = (7, 10, 14)) -> TimeToValue:
    """Median, share reached by day, and who is waiting.

    Args:
        times: rows of `value_times`.
        as_of_us: customers without value and exit are censored there.
        days: days at which the share reached is told.

    Source: Aalen & Johansen 1978, Scand. J. Statist. 5:141-150
    """
    waited, causes = waits(times, as_of_us)
    is_waiting = causes == 0
    keys = times["customer_key"].to_numpy()
    order = np.flatnonzero(is_waiting)[np.argsort(-waited[is_waiting], kind="stable")]
    n = times.num_rows
    incidence = aalen_johansen(EventTable.from_rows(waited, causes, 2), REACHED) if n else None
    reason = _reason(n)
    nothing = Estimate(None, n=n, reason=reason)
    return TimeToValue(
        n=n,
        n_reached=int((causes == REACHED).sum()),
        n_before_start=pc.sum(pc.less(times["goal_us"], times["start_us"])).as_py() or 0,
        n_exited=int((causes == EXITED).sum()),
        n_waiting=int(is_waiting.sum()),
        median=nothing if incidence is None or reason else incidence.median(),
        reached={day: nothing if incidence is None or reason else incidence.at(day) for day in days},
        incidence=incidence,
        waiting=tuple(Waiting(int(keys[i]), float(waited[i])) for i in order),
        reason=reason,
    )


def known_at(times: pa.Table, as_of_us: int) -> pa.Table:
    """Rows of `value_times` as they would have been at an earlier time."""
    started = times.filter(pc.less(times["start_us"], as_of_us))
    for name in ("goal_us", "exit_us"):
        known = pc.if_else(pc.less(started[name], as_of_us), started[name], pa.scalar(None, pa.int64()))
        started = started.set_column(started.schema.get_field_index(name), name, known)
    return started


def by_start(times: pa.Table, as_of_us: int) -> tuple[pa.Table, pa.Table]:
    """Rows of `value_times`: who started in the last 180 days, and who did before.

    Where fewer than 20 started lately it is everybody, and nobody before.
    """
    is_recent = pc.greater_equal(times["start_us"], as_of_us - RECENT_DAYS * US_PER_DAY)
    recent = times.filter(is_recent)
    if recent.num_rows < FEWEST_RECENT:
        return times, times.slice(0, 0)
    return recent, times.filter(pc.invert(is_recent))


def same_pace(recent: pa.Table, earlier: pa.Table, as_of_us: int) -> Test:
    """Whether both reach value at the same pace: log-rank on reaching it, exits and who waits censored.

    No test with fewer than 20 on a side.
    """
    if min(recent.num_rows, earlier.num_rows) < FEWEST_RECENT:
        return Test(None, reason=Reason.TOO_FEW)
    tables = [EventTable.from_rows(*waits(times, as_of_us), 2) for times in (recent, earlier)]
    return logrank(tables, cause=REACHED)


def waits(times: pa.Table, as_of_us: int) -> tuple[Floats, Ints]:
    """Days waited, never below 0, and how it ended: `REACHED`, `EXITED`, or 0 for those who wait."""
    start = times["start_us"].to_numpy().astype(np.int64)
    goal, left = (times[name].cast(pa.int64()).fill_null(FOREVER_US).to_numpy() for name in ("goal_us", "exit_us"))
    is_reached, is_exited = goal < FOREVER_US, (goal == FOREVER_US) & (left < FOREVER_US)
    end = np.where(is_reached, goal, np.where(is_exited, left, as_of_us))
    return np.maximum(end - start, 0) / US_PER_DAY, np.where(is_reached, REACHED, np.where(is_exited, EXITED, 0))


def _reason(n: int) -> Reason | None:
    if n == 0:
        return Reason.NO_EVENTS
    return Reason.TOO_FEW if n < FEWEST else None
