"""Friction, momentum and advocacy of a block of customers at every tick (definitions.md, 1 and 3).

Events come from the recursion, states from stays, core use and activity. Indexes come later, when the references are
known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from cxcurve.metrics import states
from cxcurve.metrics.contributions import COUNT
from cxcurve.metrics.recursion import Floats, Ints, Memory, Ticks, column, features, native
from cxcurve.metrics.weights import Weights
from cxcurve.tables import US_PER_DAY

LOOK_BACK_WEEKS = states.LOOK_BACK_WEEKS + states.BEST_WEEKS
"""So many weeks before a tick can still say something of core use there."""
NEVER_WEEK, NEVER_US = 2**30, 2**62


@dataclass(frozen=True)
class Habits:
    """What is known of customers' use and activity up to a week's end: arrays in order of the customers.

    Attributes:
        decline: fall of core use there, 0 to 1.
        core_since: week of the first core use, `NEVER_WEEK` where there was none.
        n_days, first_day, last_day: active business days, the first and the last (inf and -inf where none).
        complaint_us: latest complaint, -inf where none.
    """

    decline: Floats
    core_since: Ints
    n_days: Floats
    first_day: Floats
    last_day: Floats
    complaint_us: Floats

    @classmethod
    def none(cls, n: int) -> Habits:
        """Of customers without a past."""
        never = np.full(n, np.inf)
        return cls(np.zeros(n), np.full(n, NEVER_WEEK), np.zeros(n), never, -never, -never)

    @classmethod
    def read(cls, table: pa.Table, keys: Ints) -> Habits:
        """From `tables.CUSTOMER_STATE` of the customers `keys`."""
        at = np.searchsorted(keys, native(table, "customer_key"))
        habits = cls.none(len(keys))
        habits.decline[at] = native(table, "decline")
        habits.core_since[at] = column(table, "core_since", NEVER_WEEK)
        habits.n_days[at] = native(table, "n_days")
        habits.first_day[at], habits.last_day[at] = _first(table), _last(table, "last_day")
        habits.complaint_us[at] = _last(table, "complaint_us")
        return habits

    def written(self, keys: Ints) -> pa.Table:
        """As `tables.CUSTOMER_STATE`, without the customers of whom there is nothing to say."""
        said = (self.n_days > 0) | (self.core_since < NEVER_WEEK) | np.isfinite(self.complaint_us)

        def known(values: NDArray[Any], is_known: NDArray[np.bool_], kind: pa.DataType) -> pa.Array:
            return pa.array(np.where(is_known, values, 0).astype(np.int64)[said], kind, mask=~is_known[said])

        return pa.table(
            {
                "customer_key": pa.array(keys[said], pa.int32()),
                "decline": self.decline[said],
                "core_since": known(self.core_since, self.core_since < NEVER_WEEK, pa.int32()),
                "n_days": pa.array(self.n_days[said].astype(np.int64), pa.int64()),
                "first_day": known(self.first_day, np.isfinite(self.first_day), pa.int64()),
                "last_day": known(self.last_day, np.isfinite(self.last_day), pa.int64()),
                "complaint_us": known(self.complaint_us, np.isfinite(self.complaint_us), pa.int64()),
            }
        )


@dataclass(frozen=True)
class Block:
    """What some customers' weeks are made from: tables by `customer_key`, and arrays in order of `keys`.

    Attributes:
        keys: the customers, in order.
        signal_weeks, activity_weeks: from the first tick's week on.
        core_weeks: `tables.SIGNAL_WEEKS` of core use, from as many weeks earlier as `seasons` has more than ticks.
        stays: all of theirs.
        seat_factors: ticks x customers.
        seasons: customers x weeks, factor of core use in their segment (1 = usual).
        memory, habits: what they carry when time begins.
    """

    keys: Ints
    signal_weeks: pa.Table
    activity_weeks: pa.Table
    core_weeks: pa.Table
    stays: pa.Table
    seat_factors: Floats
    seasons: Floats
    memory: Memory
    habits: Habits


@dataclass(frozen=True)
class Scored:
    """Rows of `tables.CUSTOMER_WEEKS`, and what is carried on from the last whole week."""

    rows: pa.Table
    signal_state: pa.Table
    customer_state: pa.Table


def score_block(block: Block, weights: Weights, ticks: Ticks, expected_days: Floats) -> Scored:
    """A block at every tick, the row at as_of included (the last tick's week).

    Args:
        block: the customers.
        weights: signal weights.
        ticks: when.
        expected_days: by stage; 0 where the model expects nothing.
    """
    rows = _stay_rows(block, ticks)
    of_events, memory = _recursion(block, weights, ticks)
    fall, core_since = _decline(block, weights, ticks)
    quiet, habits = _silence(block, ticks)
    stalled = states.stall(rows["dwell_days"], expected_days[rows["stage"]])
    at = rows["customer"], rows["tick"]
    friction = of_events[0].T[at] + sum(
        weights.state(name) * np.where(weights.state_stages(name)[rows["stage"]], values, 0.0)
        for name, values in (("stall", stalled), ("decline", fall[at]), ("silence", quiet[at]))
    )
    # Inside a week decline is that of the last whole one: what the last tick has is what is carried on.
    carried = Habits(
        fall[:, -1], core_since, habits.n_days, habits.first_day, habits.last_day, habits.complaint_us
    ).written(block.keys)
    return Scored(
        pa.table(
            {
                "customer_key": pa.array(block.keys[rows["customer"]], pa.int32()),
                "week": pa.array(rows["tick"] + ticks.first_week, pa.int32()),
                "cycle": pa.array(rows["cycle"], pa.int32()),
                "cycle_week": pa.array(rows["cycle_week"], pa.int32()),
                "stage": pa.array(rows["stage"], pa.int32()),
                "dwell_days": rows["dwell_days"],
                "friction": friction,
                "momentum": of_events[1].T[at],
                "advocacy": of_events[2].T[at],
            }
        ),
        memory.written(block.keys, weights),
        carried,
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


def _recursion(block: Block, weights: Weights, ticks: Ticks) -> tuple[Floats, Memory]:
    """F, M and A of the events (measures x ticks x customers), and what is carried on."""
    out = np.zeros((3, len(ticks), len(block.keys)))
    whole = ticks.last_whole_week - ticks.first_week
    carried = block.memory.copy() if whole < 0 else block.memory
    walk = features(block.signal_weeks, block.keys, block.seat_factors, weights, ticks, block.memory)
    for tick, (x, memory) in enumerate(walk):
        out[:, tick] = _weighed(x, weights.matrix)
        out[0, tick] += weights.state("open_issues") * np.log2(1.0 + memory.overdue)
        if tick == whole:
            carried = memory.copy()
    return out, carried


def _weighed(x: Floats, matrix: Floats) -> Floats:
    """Measures x customers.

    Summed column by column: a matrix product rounds differently when other customers stand beside, and scores of a
    part of the customers would not equal those of all.
    """
    out = np.zeros((matrix.shape[1], x.shape[1]))
    for place, measure in np.argwhere(matrix):
        out[measure] += x[place] * matrix[place, measure]
    return out


def core_use(signal_weeks: pa.Table, weights: Weights) -> pa.Table:
    """The rows of `tables.SIGNAL_WEEKS` that are core use."""
    keys = pa.array(weights.plan.core_keys, pa.int32())
    return signal_weeks.filter(
        pc.and_(pc.is_in(signal_weeks["signal_key"], keys), pc.equal(signal_weeks["part"], COUNT))
    )


def _decline(block: Block, weights: Weights, ticks: Ticks) -> tuple[Floats, Ints]:
    """Decline of core use, customers x ticks, and the week of the first; a part of a week is no week."""
    before = block.habits
    n_whole = ticks.last_whole_week - ticks.first_week + 1
    if not weights.plan.core_keys or not weights.state("decline") or not n_whole:
        return np.repeat(before.decline[:, None], len(ticks), axis=1), before.core_since
    look_back = block.seasons.shape[1] - len(ticks)
    first, n_weeks = ticks.first_week - look_back, look_back + n_whole
    counts = _core_counts(block, first, n_weeks)
    used = counts > 0
    since = np.where(used.any(axis=1), first + used.argmax(axis=1), NEVER_WEEK)
    since = np.minimum(before.core_since, since)
    fall = states.decline(counts / block.seasons[:, :n_weeks], since - first)[:, look_back:]
    return (fall if ticks.is_whole else np.concatenate([fall, fall[:, -1:]], axis=1)), since


def _core_counts(block: Block, first_week: int, n_weeks: int) -> Floats:
    """Core use, customers x weeks."""
    table = block.core_weeks
    week = native(table, "week") - first_week
    inside = week < n_weeks
    cell = np.searchsorted(block.keys, native(table, "customer_key")) * n_weeks + week
    counts = np.bincount(cell[inside], native(table, "n_events")[inside], len(block.keys) * n_weeks)
    return counts.astype(np.float64).reshape(len(block.keys), n_weeks)


def _silence(block: Block, ticks: Ticks) -> tuple[Floats, Habits]:
    """Who is silent, customers x ticks, and the activity up to the last whole week (decline is not told here)."""
    table, before = block.activity_weeks, block.habits
    shape = (len(block.keys), len(ticks) + 1)
    at = np.searchsorted(block.keys, column(table, "customer_key")), column(table, "week") - ticks.first_week + 1
    days, first, last = np.zeros(shape), np.full(shape, np.inf), np.full(shape, -np.inf)
    complaint = np.full(shape, -np.inf)
    days[:, 0], first[:, 0], last[:, 0] = before.n_days, before.first_day, before.last_day
    complaint[:, 0] = before.complaint_us
    days[at], first[at], last[at] = column(table, "n_days"), _first(table), _last(table, "last_day")
    complaint[at] = _last(table, "complaint_us")
    days, first = np.cumsum(days, axis=1), np.minimum.accumulate(first, axis=1)
    last, complaint = np.maximum.accumulate(last, axis=1), np.maximum.accumulate(complaint, axis=1)
    quiet = states.silence(
        days[:, 1:], first[:, 1:], last[:, 1:], ticks.business_days[None, :], complaint[:, 1:],
        ticks.ends_us[None, :].astype(float),
    )  # fmt: skip
    whole = ticks.last_whole_week - ticks.first_week + 1
    kept = (values[:, whole] for values in (days, first, last, complaint))
    return quiet, Habits(before.decline, before.core_since, *kept)


def _first(table: pa.Table) -> Floats:
    """First active day; inf where there is none."""
    values = column(table, "first_day", missing=NEVER_US)
    return np.where(values == NEVER_US, np.inf, values.astype(float))


def _last(table: pa.Table, name: str) -> Floats:
    """The last of something; -inf where there is none."""
    values = column(table, name, missing=NEVER_US)
    return np.where(values == NEVER_US, -np.inf, values.astype(float))
