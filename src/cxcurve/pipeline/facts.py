"""Seats and segments of the customers, as they were known at every tick."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cxcurve.metrics.recursion import Ticks
from cxcurve.metrics.weights import seat_factor
from cxcurve.store import Store

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class CustomerFacts:
    """One entry per row of the customers table that held before as_of, by customer and time.

    Attributes:
        key: the customer; -1 for one without events, whose seats count in the median all the same: else a first event
            would move everybody's score.
        valid_from_us: since when the row holds.
        tick: the first tick after that.
        seats: seats paid for, nan where not known.
        segment: position in `segment_names`.
        segment_names: the first stands for customers without one.
        median_seats: at each tick, over all accounts.
    """

    key: Ints
    valid_from_us: Ints
    tick: Ints
    seats: Floats
    segment: Ints
    segment_names: tuple[str, ...]
    median_seats: Floats

    @classmethod
    def read(cls, store: Store, as_of_us: int, ticks: Ticks) -> CustomerFacts:
        """As known at as_of, and at every tick before; the last ones are kept, many beats find them as they were."""
        mark = (*store.rows(_MARK)[0], as_of_us, ticks.ends_us.tobytes())
        if _KEPT.get(store, ((), None))[0] != mark:
            _KEPT[store] = mark, cls._read(store, as_of_us, ticks)
        return _KEPT[store][1]

    @classmethod
    def _read(cls, store: Store, as_of_us: int, ticks: Ticks) -> CustomerFacts:
        customers, keys = store.table("customers"), store.table("customer_keys")
        known = customers.filter(customers.valid_from_us < as_of_us).left_join(keys, "customer_id")
        rows = store.arrow(known.select("customer_key", "customer_id", "valid_from_us", "seats", "segment"))
        rows = rows.sort_by([("customer_id", "ascending"), ("valid_from_us", "ascending")])
        names = sorted({name for name in rows["segment"].to_pylist() if name})
        place = {name: number + 1 for number, name in enumerate(names)}
        valid_from_us = rows["valid_from_us"].to_numpy()
        tick = np.searchsorted(ticks.ends_us, valid_from_us, "right")
        seats = np.asarray(rows["seats"].to_numpy(zero_copy_only=False), dtype=np.float64)
        customer = np.asarray(rows["customer_id"].combine_chunks().dictionary_encode().indices)
        return cls(
            key=rows["customer_key"].cast(pa.int64()).fill_null(-1).to_numpy(),
            valid_from_us=valid_from_us,
            tick=tick,
            seats=seats,
            segment=np.array([place.get(name, 0) for name in rows["segment"].to_pylist()], dtype=np.int64),
            segment_names=("", *names),
            median_seats=_medians(customer, tick, seats, len(ticks)),
        )

    def median_steps(self, first_week: int, n_ticks: int) -> str:
        """The median's course over the first ticks, from change to change: when it differs everybody's scores do."""
        course = self.median_seats[: max(n_ticks, 0)]
        changes = np.flatnonzero(np.diff(course)) + 1
        return repr([*course[:1].tolist(), *((first_week + int(i), float(course[i])) for i in changes)])

    def seat_factors(self, keys: Ints, first: int, n_ticks: int) -> Floats:
        """Ticks x customers: what `per: seats` divides by, from the tick `first` on."""
        at = self._rows_at(keys, first, n_ticks)
        seats = np.r_[np.nan, self.seats][at].T
        return seat_factor(seats, self.median_seats[first : first + n_ticks, None])

    def segments(self, keys: Ints, first: int, n_ticks: int) -> Ints:
        """Customers x ticks: positions in `segment_names`."""
        return np.asarray(np.r_[0, self.segment][self._rows_at(keys, first, n_ticks)])

    @cached_property
    def members(self) -> pa.Table:
        """Who was in which segment: customer_key, segment, from_tick, until_tick (excluded)."""
        has_key = self.key >= 0
        key, tick, segment = (values[has_key] for values in (self.key, self.tick, self.segment))
        is_next = np.r_[key[1:] == key[:-1], False] if len(key) else np.zeros(0, dtype=bool)
        until = np.where(is_next, np.r_[tick[1:], 0][: len(tick)], len(self.median_seats))
        names = np.array(self.segment_names, dtype=object)
        return pa.table(
            {
                "customer_key": pa.array(key, pa.int32()),
                "segment": pa.array(names[segment], pa.string()),
                "from_tick": pa.array(tick, pa.int32()),
                "until_tick": pa.array(until, pa.int32()),
            }
        )

    def keys_in(self, segments: set[str]) -> set[int]:
        """Customers who were ever in one of these segments."""
        names = np.array(self.segment_names, dtype=object)[self.segment]
        return {int(key) for key in self.key[np.isin(names, list(segments))] if key >= 0}

    def keys_from(self, us: int) -> set[int]:
        """Customers of whom something holds from `us` or later on."""
        return {int(key) for key in self.key[self.valid_from_us >= us] if key >= 0}

    @cached_property
    def _by_key(self) -> tuple[Ints, Ints]:
        """Keys in order, and which row each stands in; rows of a customer stay in order of time."""
        order = np.argsort(self.key, kind="stable")
        return self.key[order], order

    def _rows_at(self, keys: Ints, first: int, n_ticks: int) -> Any:
        """Customers x ticks: one more than the row that held; 0 where there was none."""
        ordered, order = self._by_key
        low, high = np.searchsorted(ordered, keys, "left"), np.searchsorted(ordered, keys, "right")
        counts = high - low
        customer = np.repeat(np.arange(len(keys)), counts)
        place = np.arange(len(customer)) - np.repeat(np.cumsum(counts) - counts, counts) + np.repeat(low, counts)
        row = order[place]
        tick = np.maximum(self.tick[row] - first, 0)
        holds = tick < n_ticks
        at = np.zeros((len(keys), n_ticks), dtype=np.int64)
        # Of two rows that begin between the same ticks the later one, which is further down, holds.
        at[customer[holds], tick[holds]] = row[holds] + 1
        return np.maximum.accumulate(at, axis=1)


_MARK = (
    "SELECT c.*, k.* FROM "
    "(SELECT count(*), bit_xor(hash(hash(customer_id, valid_from_us, seats, segment))) FROM customers) AS c, "
    "(SELECT count(*), bit_xor(hash(hash(customer_key, customer_id))) FROM customer_keys) AS k"
)
"""Tells what customers were last told to be from what they are told now.

The hash of several columns is a sum of theirs, in which rows that change places do not show: once more hashed they do.
"""
_KEPT: WeakKeyDictionary[Store, tuple[tuple[object, ...], CustomerFacts]] = WeakKeyDictionary()


def _medians(customer: Ints, tick: Ints, seats: Floats, n_ticks: int) -> Floats:
    """Median seats of all accounts whose seats were known, at each tick; 0 where there were none."""
    out, now = np.zeros(n_ticks), np.full(int(customer.max()) + 1 if len(customer) else 0, np.nan)
    order = np.argsort(tick, kind="stable")
    edges = np.searchsorted(tick[order], np.arange(n_ticks + 1))
    for number in range(n_ticks):
        rows = order[edges[number] : edges[number + 1]]
        if not len(rows):
            out[number] = out[number - 1] if number else 0.0
            continue
        now[customer[rows]] = seats[rows]
        known = now[now > 0]
        out[number] = np.median(known) if len(known) else 0.0
    return out
