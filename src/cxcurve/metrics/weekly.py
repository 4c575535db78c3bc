"""Friction, momentum and advocacy of a block of customers at every tick: the weekly recursion.

A tick is the end of a week, or as_of. `n(t) = open + n(t-1) 2^-(dt/h) + what the week added`; the features of all
signals make F, M and A (definitions.md, 1 and 3). Indexes come later, when the references are known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from cxcurve.metrics import states
from cxcurve.metrics.contributions import COUNT, OVERDUE
from cxcurve.metrics.weights import Weights, feature
from cxcurve.tables import PARTIAL_ONE, US_PER_DAY

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Ticks:
    """The instants at which everything is known: ends of the weeks `first_week` on, the last one as_of."""

    first_week: int
    ends_us: Ints
    business_days: Floats
    is_whole: bool

    def __len__(self) -> int:
        return len(self.ends_us)


@dataclass(frozen=True)
class Block:
    """What the recursion needs of some customers: tables by `customer_key`, and arrays in order of `keys`."""

    keys: Ints
    signal_weeks: pa.Table
    activity_weeks: pa.Table
    stays: pa.Table
    seat_factors: Floats
    segments: NDArray[np.int64]


@dataclass(frozen=True)
class Scored:
    """F, M and A by customer and tick."""

    friction: Floats
    momentum: Floats
    advocacy: Floats


def score_block(block: Block, weights: Weights, ticks: Ticks, seasons: Floats, expected_days: Floats) -> pa.Table:
    """Rows of `tables.CUSTOMER_WEEKS` for a block, the row at as_of included (the last tick's week).

    Args:
        block: the customers.
        weights: signal weights.
        ticks: when.
        seasons: segments x ticks, factor of core use (1 = usual).
        expected_days: by stage; 0 where the model expects nothing.
    """
    rows = _stay_rows(block, ticks)
    scored = _recursion(block, weights, ticks)
    stalled = states.stall(rows["dwell_days"], expected_days[rows["stage"]])
    at = rows["customer"], rows["tick"]
    friction = scored.friction[at] + sum(
        weights.state(name) * np.where(weights.state_stages(name)[rows["stage"]], values, 0.0)
        for name, values in (
            ("stall", stalled),
            ("decline", _decline(block, weights, ticks, seasons)[at]),
            ("silence", _silence(block, ticks)[at]),
        )
    )
    return pa.table(
        {
            "customer_key": pa.array(block.keys[rows["customer"]], pa.int32()),
            "week": pa.array(rows["tick"] + ticks.first_week, pa.int32()),
            "cycle": pa.array(rows["cycle"], pa.int32()),
            "cycle_week": pa.array(rows["cycle_week"], pa.int32()),
            "stage": pa.array(rows["stage"], pa.int32()),
            "dwell_days": rows["dwell_days"],
            "friction": friction,
            "momentum": scored.momentum[at],
            "advocacy": scored.advocacy[at],
        }
    )


def _stay_rows(block: Block, ticks: Ticks) -> Mapping[str, NDArray[Any]]:
    """Every (customer, tick) inside the journey, with stage, dwell and weeks since the cycle began."""
    stays = block.stays
    entered, left = column(stays, "entered_us"), column(stays, "left_us", missing=np.iinfo(np.int64).max)
    # In a stage at t: entered before t, not left before t.
    first, last = np.searchsorted(ticks.ends_us, entered, "right"), np.searchsorted(ticks.ends_us, left, "right")
    counts = np.maximum(last - first, 0)
    stay = np.repeat(np.arange(len(counts)), counts)
    tick = np.arange(len(stay)) - np.repeat(np.cumsum(counts) - counts, counts) + first[stay]
    customer = np.searchsorted(block.keys, column(stays, "customer_key"))
    cycle = column(stays, "cycle")
    began = _cycle_starts(customer, cycle, entered)
    at = ticks.ends_us[tick]
    return {
        "customer": customer[stay],
        "tick": tick,
        "stage": column(stays, "stage")[stay],
        "cycle": cycle[stay],
        "cycle_week": (at - began[stay]) // (7 * US_PER_DAY),
        "dwell_days": (at - entered[stay]) / US_PER_DAY,
    }


def _cycle_starts(customer: Ints, cycle: Ints, entered: Ints) -> Ints:
    """When the cycle of each stay began."""
    if not len(customer):
        return entered
    code = customer * (int(cycle.max()) + 1) + cycle
    _, place = np.unique(code, return_inverse=True)
    began = np.full(int(place.max()) + 1, np.iinfo(np.int64).max)
    np.minimum.at(began, place, entered)
    return began[place]


def _recursion(block: Block, weights: Weights, ticks: Ticks) -> Scored:
    out = np.zeros((3, len(ticks), len(block.keys)))
    for tick, (x, overdue) in enumerate(features(block, weights, ticks)):
        out[:, tick] = _weighed(x, weights.matrix)
        out[0, tick] += weights.state("open_issues") * np.log2(1.0 + overdue)
    return Scored(out[0].T, out[1].T, out[2].T)


def _weighed(x: Floats, matrix: Floats) -> Floats:
    """Measures x customers.

    Summed column by column: a matrix product rounds differently when other customers stand beside, and scores of a
    part of the customers would not equal those of all.
    """
    out = np.zeros((matrix.shape[1], x.shape[1]))
    for column, measure in np.argwhere(matrix):
        out[measure] += x[column] * matrix[column, measure]
    return out


def features(block: Block, weights: Weights, ticks: Ticks) -> Iterator[tuple[Floats, Floats]]:
    """At each tick in turn: columns x customers of log2(1 + n), and customers' issues open beyond their target.

    The arrays are those of the next tick too: use them before going on.
    """
    shape = len(weights.columns), len(block.keys)
    faded, x = np.zeros(shape), np.zeros(shape)
    opens = np.flatnonzero(weights.has_until)
    is_open, slot = np.zeros((len(opens), len(block.keys))), np.cumsum(weights.has_until) - 1
    overdue = np.zeros(len(block.keys))
    seated = np.flatnonzero(weights.per_seats)
    decay = _decay(weights, ticks)
    for tick, week in enumerate(_by_tick(block, weights, ticks)):
        faded *= decay[tick][:, None]
        faded[week.column, week.customer] += week.partial / PARTIAL_ONE
        moved = np.flatnonzero(week.steps)
        is_open[slot[week.column[moved]], week.customer[moved]] += week.steps[moved]
        overdue[week.late_customer] += week.late_steps
        np.copyto(x, faded)
        x[opens] += is_open
        x[seated] /= block.seat_factors
        yield feature(x), overdue


def _decay(weights: Weights, ticks: Ticks) -> Floats:
    """What is left at each tick of what there was at the one before: ticks x columns."""
    elapsed = np.diff(ticks.ends_us, prepend=ticks.ends_us[:1]).astype(float)
    return np.asarray(2.0 ** (-elapsed[:, None] / weights.half_life_us[None, :]))


@dataclass(frozen=True)
class _Week:
    customer: Ints
    column: Ints
    partial: Ints
    steps: Ints
    late_customer: Ints
    late_steps: Ints


def _by_tick(block: Block, weights: Weights, ticks: Ticks) -> Iterator[_Week]:
    """The block's contributions, one entry per tick."""
    table = block.signal_weeks
    # Sixteen bits sort in linear time, and there are never so many weeks.
    tick = (native(table, "week") - ticks.first_week).astype(np.int16)
    order = np.argsort(tick, kind="stable")
    edges = np.searchsorted(tick[order], np.arange(len(ticks) + 1))
    part = native(table, "part")[order]
    code = native(table, "signal_key")[order] * 4 + part
    column_of = np.full(max([4 * key + 3 for key, _ in weights.columns], default=0) + 1, -1)
    for number, (key, kind) in enumerate(weights.columns):
        column_of[4 * key + kind] = number
    customer = np.searchsorted(block.keys, native(table, "customer_key"))[order]
    partial, steps = native(table, "partial")[order], native(table, "steps")[order]
    is_late = part == OVERDUE
    place = column_of[np.where(is_late, 0, code)]
    # Core use without a weight is kept for other metrics and plays no part here.
    has_column = is_late | (place >= 0)
    if not has_column.all():
        counted = np.cumsum(np.concatenate([[0], has_column]))
        edges = counted[edges]
        customer, place, partial, steps, is_late = (
            values[has_column] for values in (customer, place, partial, steps, is_late)
        )
    has_late = bool(is_late.any())
    for number in range(len(ticks)):
        rows = slice(edges[number], edges[number + 1])
        late: Any = is_late[rows]
        if not has_late:
            nobody = np.zeros(0, dtype=np.int64)
            yield _Week(customer[rows], place[rows], partial[rows], steps[rows], nobody, nobody)
            continue
        # Several signals of a customer may fall due in one week, and fancy indexing adds a customer once.
        late_customer, inverse = np.unique(customer[rows][late], return_inverse=True)
        late_steps = np.bincount(inverse, steps[rows][late], len(late_customer)).astype(np.int64)
        who, where, added, moved = (values[rows][~late] for values in (customer, place, partial, steps))
        yield _Week(who, where, added, moved, late_customer, late_steps)


def core_counts(block: Block, weights: Weights, ticks: Ticks) -> Floats:
    """Core use, customers x ticks."""
    table, keys = block.signal_weeks, pa.array(weights.plan.core_keys, pa.int32())
    is_core = pc.and_(pc.is_in(table["signal_key"], keys), pc.equal(table["part"], COUNT))
    table = table.filter(is_core)
    customer = np.searchsorted(block.keys, native(table, "customer_key"))
    cell = customer * len(ticks) + (native(table, "week") - ticks.first_week)
    counts = np.bincount(cell, native(table, "n_events"), len(block.keys) * len(ticks))
    return counts.astype(np.float64).reshape(len(block.keys), len(ticks))


def _decline(block: Block, weights: Weights, ticks: Ticks, seasons: Floats) -> Floats:
    """Decline of core use; inside a week it is that of the last whole one, since a part of a week is no week."""
    if not weights.plan.core_keys or not weights.state("decline"):
        return np.zeros((len(block.keys), len(ticks)))
    counts = core_counts(block, weights, ticks) / seasons[block.segments]
    if ticks.is_whole:
        return states.decline(counts)
    fall = states.decline(counts[:, :-1])
    return np.concatenate([fall, fall[:, -1:] if fall.shape[1] else np.zeros((len(fall), 1))], axis=1)


def _silence(block: Block, ticks: Ticks) -> Floats:
    table = block.activity_weeks
    shape = (len(block.keys), len(ticks))
    at = np.searchsorted(block.keys, column(table, "customer_key")), column(table, "week") - ticks.first_week
    days, first, last = np.zeros(shape), np.full(shape, np.inf), np.full(shape, -np.inf)
    complaint = np.full(shape, -np.inf)
    days[at] = column(table, "n_days")
    first[at] = column(table, "first_day", missing=2**40)
    last[at] = column(table, "last_day", missing=-(2**40))
    complaint[at] = column(table, "complaint_us", missing=-(2**62))
    return states.silence(
        np.cumsum(days, axis=1),
        np.minimum.accumulate(first, axis=1),
        np.maximum.accumulate(last, axis=1),
        ticks.business_days[None, :],
        np.maximum.accumulate(complaint, axis=1),
        ticks.ends_us[None, :].astype(float),
    )


def native(table: pa.Table, name: str) -> NDArray[Any]:
    """A column without nulls, in its own type."""
    return np.asarray(table.column(name).to_numpy())


def column(table: pa.Table, name: str, missing: int | None = None) -> Ints:
    """A column as int64; nulls become `missing`."""
    values = table.column(name)
    if missing is not None:
        values = values.cast(pa.int64()).fill_null(missing)
    return np.asarray(values.to_numpy(), dtype=np.int64)
