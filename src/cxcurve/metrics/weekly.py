"""Friction, momentum and advocacy of a block of customers at every tick (definitions.md, 1 and 3).

Events come from the recursion, states from stays, core use and activity. Indexes come later, when the references are
known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
Rows = Mapping[str, NDArray[Any]]
"""Every (customer, tick) inside the journey: positions, stage, cycle, cycle_week, dwell_days."""


@dataclass(frozen=True)
class Habits:
    """What is known of customers' use and activity up to a week's end: arrays in order of the customers.

    Attributes:
        decline: fall of core use there, 0 to 1.
        decline_before: the same at the last week's end before the latest event of the sources of core use.
        core_since: week of the first core use, `NEVER_WEEK` where there was none.
        n_days, first_day, last_day: active business days, the first and the last (inf and -inf where none).
        complaint_us: latest complaint, -inf where none.
    """

    decline: Floats
    decline_before: Floats
    core_since: Ints
    n_days: Floats
    first_day: Floats
    last_day: Floats
    complaint_us: Floats

    @classmethod
    def none(cls, n: int) -> Habits:
        """Of customers without a past."""
        never = np.full(n, np.inf)
        return cls(np.zeros(n), np.zeros(n), np.full(n, NEVER_WEEK), np.zeros(n), never, -never, -never)

    @classmethod
    def read(cls, table: pa.Table, keys: Ints) -> Habits:
        """From `tables.CUSTOMER_STATE` of the customers `keys`."""
        at = np.searchsorted(keys, native(table, "customer_key"))
        habits = cls.none(len(keys))
        habits.decline[at] = native(table, "decline")
        habits.decline_before[at] = native(table, "decline_before")
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
                "decline_before": self.decline_before[said],
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
        not_due: ticks x customers, issues that have fallen due since their sources are stale; None where none did.
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
    not_due: Floats | None = None


@dataclass(frozen=True)
class Scored:
    """Rows of `tables.CUSTOMER_WEEKS`, and what is carried on from the last whole week."""

    rows: pa.Table
    signal_state: pa.Table
    customer_state: pa.Table


@dataclass(frozen=True)
class VersionWeeks:
    """The weeks that are scored by one version of the weights.

    Attributes:
        weights: which.
        first_week: from which on.
        last_week: until which.
        in_force_week: the first one they are in force in; the weeks before are restated under them.
    """

    weights: Weights
    first_week: int
    last_week: int
    in_force_week: int


def score_block(block: Block, versions: Sequence[VersionWeeks], ticks: Ticks, expected_days: Floats) -> Scored:
    """A block at every tick, the row at as_of included (the last tick's week).

    Args:
        block: the customers.
        versions: of the weights, in order of time; the last one is in force at as_of.
        ticks: when.
        expected_days: by stage; 0 where the model expects nothing.
    """
    rows, weights = stay_rows(block, ticks), versions[-1].weights
    of_events, memory = _recursion(block, versions, ticks)
    fall = _decline(block, weights, ticks)
    done = activity(block, ticks)
    values = _states(rows, fall.told, _silence(done, ticks), weights, ticks, expected_days)
    whole = ticks.last_whole_week - ticks.first_week + 1
    kept = (values[:, whole] for values in (done.n_days, done.first_day, done.last_day, done.complaint_us))
    carried = Habits(fall.last, fall.before, fall.since, *kept).written(block.keys)
    week = rows["tick"] + ticks.first_week
    dated = {**rows, "week": week, "is_stale": _is_stale(ticks)[rows["tick"]]}
    pairs = zip(versions, of_events, strict=True)
    parts = [_scored_rows(block, version, dated, values, sums) for version, sums in pairs]
    return Scored(pa.concat_tables(parts), memory.written(block.keys, weights), carried)


def _scored_rows(
    block: Block, version: VersionWeeks, rows: Rows, states_of: Mapping[str, Floats], of_events: Floats
) -> pa.Table:
    """The rows of one version as `tables.CUSTOMER_WEEKS`."""
    chosen = (rows["week"] >= version.first_week) & (rows["week"] <= version.last_week)
    mine = {name: values[chosen] for name, values in rows.items()}
    at, week = (mine["customer"], mine["tick"]), mine["week"]
    friction = of_events[0].T[at] + sum(
        version.weights.state(name) * values[chosen] for name, values in states_of.items()
    )
    return pa.table(
        {
            "customer_key": pa.array(block.keys[mine["customer"]], pa.int32()),
            "week": pa.array(week, pa.int32()),
            "version": pa.array(np.full(len(week), version.weights.version_number), pa.int32()),
            "is_restated": pa.array(week < version.in_force_week),
            "is_stale": pa.array(mine["is_stale"]),
            "cycle": pa.array(mine["cycle"], pa.int32()),
            "cycle_week": pa.array(mine["cycle_week"], pa.int32()),
            "stage": pa.array(mine["stage"], pa.int32()),
            "dwell_days": mine["dwell_days"],
            "friction": friction,
            "momentum": of_events[1].T[at],
            "advocacy": of_events[2].T[at],
        }
    )


def state_rows(
    block: Block, weights: Weights, ticks: Ticks, rows: Rows, expected_days: Floats, done: Activity
) -> dict[str, Floats]:
    """Stall, decline and silence of the rows of `stay_rows`, 0 where the model does not count them."""
    fall = _decline(block, weights, ticks).told
    return _states(rows, fall, _silence(done, ticks), weights, ticks, expected_days)


def overdue_at(tick: int, block: Block, memory: Memory) -> Floats:
    """Issues open beyond their target; after the last event of stale sources none falls due."""
    return memory.overdue if block.not_due is None else memory.overdue - block.not_due[tick]


def _states(
    rows: Rows, fall: Floats, quiet: Floats, weights: Weights, ticks: Ticks, expected_days: Floats
) -> dict[str, Floats]:
    at, stage, dwell_days = (rows["customer"], rows["tick"]), rows["stage"], rows["dwell_days"]
    if ticks.standing:
        dwell_days = dwell_days - ticks.standing.stage_behind_us[rows["tick"], stage] / US_PER_DAY
    values = {
        "stall": states.stall(dwell_days, expected_days[stage]),
        "decline": fall[at],
        "silence": quiet[at],
    }
    return {name: np.where(weights.state_stages(name)[stage], value, 0.0) for name, value in values.items()}


def stay_rows(block: Block, ticks: Ticks) -> Rows:
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


def _recursion(block: Block, versions: Sequence[VersionWeeks], ticks: Ticks) -> tuple[list[Floats], Memory]:
    """By version F, M and A of the events (measures x ticks x customers), and what is carried on."""
    out = [np.zeros((3, len(ticks), len(block.keys))) for _ in versions]
    whole = ticks.last_whole_week - ticks.first_week
    carried, weights = block.memory.copy() if whole < 0 else block.memory, versions[-1].weights
    walk = features(block.signal_weeks, block.keys, block.seat_factors, weights, ticks, block.memory)
    for tick, (x, memory) in enumerate(walk):
        overdue = np.log2(1.0 + overdue_at(tick, block, memory))
        for version, sums in zip(versions, out, strict=True):
            if version.first_week <= ticks.first_week + tick <= version.last_week:
                sums[:, tick] = _weighed(x, version.weights.matrix)
                sums[0, tick] += version.weights.state("open_issues") * overdue
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


@dataclass(frozen=True)
class _Decline:
    """Decline of core use.

    Attributes:
        told: customers x ticks; inside a week that of the last whole one.
        last: at the end of the last whole week.
        before: at the last week's end before the latest event of its sources then.
        since: week of the first core use.
    """

    told: Floats
    last: Floats
    before: Floats
    since: Ints


def _decline(block: Block, weights: Weights, ticks: Ticks) -> _Decline:
    """Decline at every tick; where its sources are stale, as it was at their last event."""
    carried = block.habits
    fall, since = _fall(block, weights, ticks)
    known = np.column_stack([carried.decline_before, carried.decline, fall])
    n_whole = fall.shape[1]
    edges = np.r_[ticks.since_us, ticks.ends_us[:n_whole]]
    standing = ticks.standing
    told = np.searchsorted(edges, standing.use_us if standing else ticks.ends_us, "right")
    # Since then there was no event: what was before it is what is carried, however long ago it was.
    before = known[:, np.searchsorted(edges, standing.used_us[n_whole - 1], "right")] if standing and n_whole else None
    return _Decline(known[:, told], known[:, -1], carried.decline_before if before is None else before, since)


def _fall(block: Block, weights: Weights, ticks: Ticks) -> tuple[Floats, Ints]:
    """Fall of core use, customers x whole weeks, and the week of the first; a part of a week is no week."""
    before = block.habits
    n_whole = ticks.last_whole_week - ticks.first_week + 1
    if not weights.plan.core_keys or "decline" not in weights.states or not n_whole:
        return np.zeros((len(block.keys), n_whole)), before.core_since
    look_back = block.seasons.shape[1] - len(ticks)
    first, n_weeks = ticks.first_week - look_back, look_back + n_whole
    counts = _core_counts(block, first, n_weeks)
    used = counts > 0
    since = np.where(used.any(axis=1), first + used.argmax(axis=1), NEVER_WEEK)
    since = np.minimum(before.core_since, since)
    return states.decline(counts / block.seasons[:, :n_weeks], since - first)[:, look_back:], since


def _is_stale(ticks: Ticks) -> NDArray[np.bool_]:
    return ticks.standing.is_stale if ticks.standing else np.zeros(len(ticks), dtype=bool)


def _core_counts(block: Block, first_week: int, n_weeks: int) -> Floats:
    """Core use, customers x weeks."""
    table = block.core_weeks
    week = native(table, "week") - first_week
    inside = week < n_weeks
    cell = np.searchsorted(block.keys, native(table, "customer_key")) * n_weeks + week
    counts = np.bincount(cell[inside], native(table, "n_events")[inside], len(block.keys) * n_weeks)
    return counts.astype(np.float64).reshape(len(block.keys), n_weeks)


@dataclass(frozen=True)
class Activity:
    """What customers had done up to each tick: customers x (ticks + 1), the first column before all of them.

    Attributes:
        n_days, first_day, last_day: active business days, the first and the last (inf and -inf where none).
        complaint_us: latest complaint, -inf where none.
    """

    n_days: Floats
    first_day: Floats
    last_day: Floats
    complaint_us: Floats


def activity(block: Block, ticks: Ticks) -> Activity:
    """What the customers of a block had done up to each tick."""
    table, before = block.activity_weeks, block.habits
    shape = (len(block.keys), len(ticks) + 1)
    at = np.searchsorted(block.keys, column(table, "customer_key")), column(table, "week") - ticks.first_week + 1
    days, first, last = np.zeros(shape), np.full(shape, np.inf), np.full(shape, -np.inf)
    complaint = np.full(shape, -np.inf)
    days[:, 0], first[:, 0], last[:, 0] = before.n_days, before.first_day, before.last_day
    complaint[:, 0] = before.complaint_us
    days[at], first[at], last[at] = column(table, "n_days"), _first(table), _last(table, "last_day")
    complaint[at] = _last(table, "complaint_us")
    return Activity(
        np.cumsum(days, axis=1),
        np.minimum.accumulate(first, axis=1),
        np.maximum.accumulate(last, axis=1),
        np.maximum.accumulate(complaint, axis=1),
    )


def _silence(done: Activity, ticks: Ticks) -> Floats:
    """Who is silent, customers x ticks; where the source of what they do is stale, as of its last event."""
    standing = ticks.standing
    today, now_us = (standing.activity_days, standing.activity_us) if standing else (ticks.business_days, ticks.ends_us)
    return states.silence(
        done.n_days[:, 1:], done.first_day[:, 1:], done.last_day[:, 1:], today[None, :],
        done.complaint_us[:, 1:], now_us[None, :].astype(float),
    )  # fmt: skip


def _first(table: pa.Table) -> Floats:
    """First active day; inf where there is none."""
    values = column(table, "first_day", missing=NEVER_US)
    return np.where(values == NEVER_US, np.inf, values.astype(float))


def _last(table: pa.Table, name: str) -> Floats:
    """The last of something; -inf where there is none."""
    values = column(table, name, missing=NEVER_US)
    return np.where(values == NEVER_US, -np.inf, values.astype(float))
