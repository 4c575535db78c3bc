"""The weekly recursion: what each signal of each customer has come to at every tick.

A tick is the end of a week, or as_of. `n(t) = open + n(t-1) 2^-(dt/h) + what the week added`. What a customer carries
from one whole week to the next is kept (`tables.SIGNAL_STATE`), so that another day needs no past.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cxcurve.metrics.contributions import OVERDUE
from cxcurve.metrics.staleness import Standing
from cxcurve.metrics.weights import Weights, feature
from cxcurve.tables import PARTIAL_ONE

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Ticks:
    """The instants at which everything is known: ends of the weeks `first_week` on, the last one as_of.

    Attributes:
        first_week: number of the first tick's week.
        ends_us: when each tick is.
        business_days: business day that each tick ends.
        since_us: from when time passes to the first tick.
        ahead_us: how long after the last tick its week ends; 0 where it ends with it.
        standing: as of when things are told where sources have gone silent; None where nothing is known of sources.
    """

    first_week: int
    ends_us: Ints
    business_days: Floats
    since_us: int
    ahead_us: int = 0
    standing: Standing | None = None

    def __len__(self) -> int:
        return len(self.ends_us)

    @property
    def is_whole(self) -> bool:
        """Whether the last tick ends its week."""
        return not self.ahead_us

    @property
    def last_whole_week(self) -> int:
        """Number of the last week that is over; the one before the first where none is."""
        return self.first_week + len(self) - (1 if self.is_whole else 2)

    def after(self, week: int) -> Ticks:
        """The ticks of later weeks; time passes from the end of `week` on."""
        n = week + 1 - self.first_week
        if n <= 0:
            return self
        since_us = int(self.ends_us[n - 1])
        return replace(
            self,
            first_week=week + 1,
            ends_us=self.ends_us[n:],
            business_days=self.business_days[n:],
            since_us=since_us,
            standing=self.standing.since(n) if self.standing else None,
        )


@dataclass(frozen=True)
class Memory:
    """What customers carry from tick to tick.

    Attributes:
        faded: columns of the weights x customers.
        is_open: columns with `until` x customers, how many are open.
        overdue: by customer, issues open beyond their target.
    """

    faded: Floats
    is_open: Floats
    overdue: Floats

    @classmethod
    def empty(cls, weights: Weights, n: int) -> Memory:
        """Of customers without a past."""
        return cls(np.zeros((len(weights.columns), n)), np.zeros((int(weights.has_until.sum()), n)), np.zeros(n))

    @classmethod
    def read(cls, table: pa.Table, keys: Ints, weights: Weights) -> Memory:
        """From `tables.SIGNAL_STATE` of the customers `keys`."""
        memory = cls.empty(weights, len(keys))
        customer = np.searchsorted(keys, native(table, "customer_key"))
        part = native(table, "part")
        is_late = part == OVERDUE
        memory.overdue[customer[is_late]] = native(table, "n_open")[is_late]
        customer, code = customer[~is_late], (4 * native(table, "signal_key") + part)[~is_late]
        column = column_of(weights)[code]
        memory.faded[column, customer] = native(table, "faded")[~is_late]
        has_open = weights.has_until[column]
        slots = np.cumsum(weights.has_until) - 1
        memory.is_open[slots[column[has_open]], customer[has_open]] = native(table, "n_open")[~is_late][has_open]
        return memory

    def written(self, keys: Ints, weights: Weights) -> pa.Table:
        """As `tables.SIGNAL_STATE`: what is not 0."""
        opens = np.zeros_like(self.faded)
        opens[weights.has_until] = self.is_open
        column, customer = np.nonzero((self.faded != 0) | (opens != 0))
        late = np.flatnonzero(self.overdue)
        signal, part = np.array(weights.columns, dtype=np.int32).reshape(-1, 2).T
        return pa.table(
            {
                "customer_key": pa.array(keys[np.r_[customer, late]], pa.int32()),
                "signal_key": pa.array(np.r_[signal[column], np.full(len(late), -1)], pa.int32()),
                "part": pa.array(np.r_[part[column], np.full(len(late), OVERDUE)], pa.int32()),
                "faded": np.r_[self.faded[column, customer], np.zeros(len(late))],
                "n_open": pa.array(np.r_[opens[column, customer], self.overdue[late]].astype(np.int64), pa.int64()),
            }
        )

    def copy(self) -> Memory:
        """One of its own."""
        return Memory(self.faded.copy(), self.is_open.copy(), self.overdue.copy())


def features(
    signal_weeks: pa.Table, keys: Ints, seat_factors: Floats, weights: Weights, ticks: Ticks, start: Memory
) -> Iterator[tuple[Floats, Memory]]:
    """At each tick in turn: columns x customers of log2(1 + n), and what the customers carry.

    What has come from stale sources alone is as it was at their last event; what is carried goes on fading, for a
    source may come back. The arrays are those of the next tick too: use them before going on.

    Args:
        signal_weeks: `tables.SIGNAL_WEEKS` of the customers, from the first tick's week on.
        keys: the customers.
        seat_factors: ticks x customers, what `per: seats` divides by.
        weights: the weights.
        ticks: when.
        start: what the customers carry when time begins; is changed.
    """
    memory, x = start, np.zeros_like(start.faded)
    opens, seated = np.flatnonzero(weights.has_until), np.flatnonzero(weights.per_seats)
    slot = np.cumsum(weights.has_until) - 1
    decay, held = _decay(weights, ticks), unfaded(weights, ticks)
    lift = 2.0 ** (ticks.ahead_us / weights.half_life_us)
    for tick, week in enumerate(_by_tick(signal_weeks, keys, weights, ticks)):
        np.multiply(memory.faded, decay[tick][:, None], out=memory.faded)
        added = week.partial / PARTIAL_ONE
        if ticks.ahead_us and tick == len(ticks) - 1:  # it is faded to a moment that is still to come
            added *= lift[week.column]
        memory.faded[week.column, week.customer] += added
        moved = np.flatnonzero(week.steps)
        memory.is_open[slot[week.column[moved]], week.customer[moved]] += week.steps[moved]
        memory.overdue[week.late_customer] += week.late_steps
        np.copyto(x, memory.faded)
        for place, times in held[tick]:
            x[place] *= times
        x[opens] += memory.is_open
        x[seated] /= seat_factors[tick]
        yield feature(x), memory


def _decay(weights: Weights, ticks: Ticks) -> Floats:
    """What is left at each tick of what there was at the one before: ticks x columns."""
    elapsed = np.diff(ticks.ends_us, prepend=ticks.since_us).astype(float)
    return np.asarray(2.0 ** (-elapsed[:, None] / weights.half_life_us[None, :]))


def unfaded(weights: Weights, ticks: Ticks) -> list[list[tuple[int, float]]]:
    """At each tick the columns that are told as of an earlier moment, and what undoes their fading since then."""
    found: list[list[tuple[int, float]]] = [[] for _ in range(len(ticks))]
    for place, (key, _) in enumerate(weights.columns):
        until = ticks.standing.signals_us.get(key) if ticks.standing else None
        if until is None:
            continue
        for tick in np.flatnonzero(until < ticks.ends_us):
            half_lives = float(ticks.ends_us[tick] - until[tick]) / weights.half_life_us[place]
            # After a thousand half-lives nothing is left that could be undone.
            found[tick].append((place, 2.0 ** min(half_lives, 1000.0)))
    return found


@dataclass(frozen=True)
class _Week:
    customer: Ints
    column: Ints
    partial: Ints
    steps: Ints
    late_customer: Ints
    late_steps: Ints


def _by_tick(table: pa.Table, keys: Ints, weights: Weights, ticks: Ticks) -> Iterator[_Week]:
    """The contributions, one entry per tick."""
    # Sixteen bits sort in linear time, and there are never so many weeks.
    tick = (native(table, "week") - ticks.first_week).astype(np.int16)
    order = np.argsort(tick, kind="stable")
    edges = np.searchsorted(tick[order], np.arange(len(ticks) + 1))
    part = native(table, "part")[order]
    code = native(table, "signal_key")[order] * 4 + part
    customer = np.searchsorted(keys, native(table, "customer_key"))[order]
    partial, steps = native(table, "partial")[order], native(table, "steps")[order]
    is_late = part == OVERDUE
    place = column_of(weights)[np.where(is_late, 0, code)]
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


def column_of(weights: Weights) -> Ints:
    """Column of every 4 x signal key + part; -1 where there is none."""
    found = np.full(4 * max(weights.plan.keys.values(), default=0) + 4, -1)
    for number, (key, kind) in enumerate(weights.columns):
        found[4 * key + kind] = number
    return found


def native(table: pa.Table, name: str) -> NDArray[Any]:
    """A column without nulls, in its own type."""
    return np.asarray(table.column(name).to_numpy())


def column(table: pa.Table, name: str, missing: int | None = None) -> Ints:
    """A column as int64; nulls become `missing`."""
    values = table.column(name)
    if missing is not None:
        values = values.cast(pa.int64()).fill_null(missing)
    return np.asarray(values.to_numpy(), dtype=np.int64)
