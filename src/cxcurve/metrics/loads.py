"""What pulls and drags at customers at the end of one week, signal by signal (definitions.md, 3).

The sums F and M of a customer week, taken apart. Counts come from one sum over the weeks up to then, so that no week
between has to be walked through.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cxcurve.journey.calendar import Calendar
from cxcurve.metrics import states
from cxcurve.metrics.contributions import OVERDUE
from cxcurve.metrics.literals import float64
from cxcurve.metrics.recursion import Floats, Ints, Ticks, column, column_of, native
from cxcurve.metrics.signal_weeks import faded
from cxcurve.metrics.weights import STATES, Weights, feature
from cxcurve.tables import PARTIAL_ONE, US_PER_DAY

REST = "other"
"""What no signal of the plan accounts for: nothing, unless the source of issues has gone silent and some fell due."""
MOST_HALF_LIVES = 1000.0
"""After so many nothing is left that could be undone."""


@dataclass(frozen=True, eq=False)
class Rows:
    """Customer weeks of one week, in order of the customers; arrays of n rows.

    Attributes:
        key: customer_key, ascending.
        stage: position of the stage.
        dwell_days: days in it, as far as is known.
        friction, momentum: F and M.
        seat_factor: what `per: seats` divides by.
        business_day, now_us: until when it is known what customers do.
        behind_us: by signal, how long before the week's end it was last known, where its sources have gone silent.
    """

    key: Ints
    stage: Ints
    dwell_days: Floats
    friction: Floats
    momentum: Floats
    seat_factor: Floats
    business_day: float
    now_us: int
    behind_us: Mapping[int, int]


def rows_at(table: pa.Table, ticks: Ticks, week: int, seat_factor: Floats) -> Rows:
    """The rows of a week (`tables.CUSTOMER_WEEKS`, in order of the customers), as of when their sources were heard."""
    tick, told = week - ticks.first_week, ticks.standing
    stage, end_us = column(table, "stage"), int(ticks.ends_us[tick])
    held = {} if told is None else {key: end_us - int(us[tick]) for key, us in told.signals_us.items()}
    late_days = np.zeros(len(stage)) if told is None else told.stage_behind_us[tick, stage] / US_PER_DAY
    return Rows(
        key=column(table, "customer_key"),
        stage=stage,
        dwell_days=native(table, "dwell_days") - late_days,
        friction=native(table, "friction"),
        momentum=native(table, "momentum"),
        seat_factor=seat_factor,
        business_day=float(ticks.business_days[tick] if told is None else told.activity_days[tick]),
        now_us=end_us if told is None else int(told.activity_us[tick]),
        behind_us=held,
    )


@dataclass(frozen=True, eq=False)
class Features:
    """What customers carry at the end of a week, before it is weighed.

    Attributes:
        x: (columns of the weights, n) log2(1 + n).
        states: (n,) by state signal.
        rest: (2, n) what F and M have beyond, in doublings.
    """

    x: Floats
    states: dict[str, Floats]
    rest: Floats


def counts_at(signal_weeks: ir.Table, plan_table: ir.Table, calendar: Calendar, week: int) -> ir.Table:
    """Decayed counts at the end of a week: customer_key, signal_key, part, faded, n_open.

    Args:
        signal_weeks: `tables.SIGNAL_WEEKS`.
        plan_table: `Plan.table`, on the same engine.
        calendar: the weeks.
        week: which one.
    """
    rows = signal_weeks.filter(signal_weeks.week <= week)
    rows = rows.join(plan_table.select("signal_key", "half_life_us"), "signal_key")
    left = faded(calendar.end_of(rows.week), ibis.literal(calendar.end_at(week), "int64"), rows.half_life_us)
    rows = rows.mutate(left=left * rows.partial.cast("float64") / float64(PARTIAL_ONE))
    return rows.group_by("customer_key", "signal_key", "part").agg(faded=rows.left.sum(), n_open=rows.steps.sum())


def activity_at(activity_weeks: ir.Table, week: int) -> ir.Table:
    """What customers had done up to the end of a week: customer_key, n_days, first_day, last_day, complaint_us."""
    rows = activity_weeks.filter(activity_weeks.week <= week)
    return rows.group_by("customer_key").agg(
        n_days=rows.n_days.sum(), first_day=rows.first_day.min(), last_day=rows.last_day.max(),
        complaint_us=rows.complaint_us.max(),
    )  # fmt: skip


def features_at(rows: Rows, counts: pa.Table, done: pa.Table, weights: Weights, expected_days: Floats) -> Features:
    """The features of customers at the end of a week.

    Args:
        rows: the customers.
        counts: rows of `counts_at`.
        done: rows of `activity_at`.
        weights: those that F and M were made with.
        expected_days: by stage; 0 where the model expects nothing.
    """
    x, overdue = _counted(rows, counts, weights)
    found = {
        "stall": states.stall(rows.dwell_days, expected_days[rows.stage]),
        "silence": _silence(rows, done),
        "decline": np.zeros(len(rows.key)),
    }
    found = {name: np.where(weights.state_stages(name)[rows.stage], value, 0.0) for name, value in found.items()}
    bare = Features(x, {**found, "open_issues": np.log2(1.0 + overdue)}, np.zeros((2, len(rows.key))))
    rest = np.stack([rows.friction, rows.momentum]) - loads(bare, weights).sum(axis=2)
    return _with_decline(bare, rest, rows.stage, weights)


def part_names(weights: Weights) -> tuple[str, ...]:
    """Signals that carry a weight, the states, and what is beyond; both parts of a valence are one."""
    return (*dict.fromkeys(_signals(weights)), *STATES, REST)


def loads(found: Features, weights: Weights) -> Floats:
    """What each part adds to F and to M, in doublings: (2, n, parts)."""
    names = part_names(weights)
    made = np.zeros((2, found.rest.shape[1], len(names)))
    for x, name, weight in zip(found.x, _signals(weights), weights.matrix, strict=True):
        made[:, :, names.index(name)] += weight[:2, None] * x
    for name, x in found.states.items():
        made[0, :, names.index(name)] = weights.state(name) * x
    made[:, :, -1] = found.rest
    return made


def _signals(weights: Weights) -> list[str]:
    return [weights.plan.signals[key].name for key, _ in weights.columns]


def _counted(rows: Rows, counts: pa.Table, weights: Weights) -> tuple[Floats, Floats]:
    """Columns of the weights x customers of log2(1 + n), and issues open beyond their target."""
    customer, is_mine = _place(rows.key, column(counts, "customer_key"))
    part = column(counts, "part")
    is_late = part == OVERDUE
    n_open, left = counts["n_open"].to_numpy(), counts["faded"].to_numpy()
    late = is_mine & is_late
    overdue = np.bincount(customer[late], n_open[late], len(rows.key)).astype(np.float64)
    at = column_of(weights)[np.where(is_late, 0, 4 * column(counts, "signal_key") + part)]
    mine = is_mine & ~is_late & (at >= 0)
    n = np.zeros((len(weights.columns), len(rows.key)))
    unfaded = _unfaded(rows, weights)[at[mine]]
    n[at[mine], customer[mine]] = left[mine] * unfaded + np.where(weights.has_until[at[mine]], n_open[mine], 0)
    n[weights.per_seats] /= rows.seat_factor
    return feature(n), overdue


def _unfaded(rows: Rows, weights: Weights) -> Floats:
    """By column what undoes the fading since its sources are silent."""
    behind = np.array([rows.behind_us.get(key, 0) for key, _ in weights.columns], dtype=float)
    return np.asarray(2.0 ** np.minimum(behind / weights.half_life_us, MOST_HALF_LIVES))


def _silence(rows: Rows, done: pa.Table) -> Floats:
    customer, is_mine = _place(rows.key, column(done, "customer_key"))

    def said(name: str, none: float) -> Floats:
        values = np.full(len(rows.key), none)
        values[customer[is_mine]] = done[name].cast(pa.float64()).fill_null(none).to_numpy()[is_mine]
        return values

    return states.silence(
        said("n_days", 0.0), said("first_day", np.inf), said("last_day", -np.inf), np.array(rows.business_day),
        said("complaint_us", -np.inf), np.array(float(rows.now_us)),
    )  # fmt: skip


def _with_decline(bare: Features, rest: Floats, stage: Ints, weights: Weights) -> Features:
    """Decline rests on the seasons of its time: it is what F has beyond all else, as far as decline can be so much."""
    weight = weights.state("decline")
    if not weight:
        return Features(bare.x, bare.states, rest)
    decline = np.where(weights.state_stages("decline")[stage], np.clip(rest[0] / weight, 0.0, 1.0), 0.0)
    return Features(bare.x, {**bare.states, "decline": decline}, np.stack([rest[0] - weight * decline, rest[1]]))


def _place(keys: Ints, wanted: Ints) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Where each wanted key stands, and whether it is there."""
    at = np.minimum(np.searchsorted(keys, wanted), max(len(keys) - 1, 0))
    return at, (keys[at] == wanted) if len(keys) else np.zeros(len(wanted), dtype=bool)
