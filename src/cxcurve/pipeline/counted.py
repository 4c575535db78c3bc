"""Sums over the whole log that are kept in memory and brought up to date by what was added to it.

Nothing here is the truth: it is what a query over all events would give, and where more happened to the log than that
events were added, that query is asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from weakref import WeakKeyDictionary

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cxcurve.journey.calendar import Calendar
from cxcurve.metrics.staleness import brought
from cxcurve.store import Store
from cxcurve.tables import US_PER_DAY


@dataclass(frozen=True)
class Span:
    """The first and the last moment of any event, and when the latest was received; None and 0 where there is none."""

    first_us: int | None = None
    last_us: int | None = None
    received_us: int = 0

    def __or__(self, other: Span) -> Span:
        firsts = [us for us in (self.first_us, other.first_us) if us is not None]
        lasts = [us for us in (self.last_us, other.last_us) if us is not None]
        return Span(min(firsts, default=None), max(lasts, default=None), max(self.received_us, other.received_us))


Clock = tuple[tuple[int, int], ...]
"""Since when clocks are how far ahead: `Calendar.offsets`."""


@dataclass
class _Counted:
    """`number`: up to which step of the log; `clock`: by which clock days are told."""

    number: int
    span: Span
    clock: Clock = ()
    days: pa.Table | None = None


_KEPT: WeakKeyDictionary[Store, _Counted] = WeakKeyDictionary()


def span(store: Store) -> Span:
    """From when to when the log has events."""
    return _counted(store).span


def days_of(store: Store, calendar: Calendar, as_of_us: int) -> pa.Table:
    """What each source brought on each day before as_of: the rows of `brought`, in any order."""
    counted, clock = _counted(store), tuple(calendar.offsets)
    if counted.days is None or counted.clock != clock:
        counted.days = _brought(store, store.log("analytics"), calendar)
        counted.clock = clock
    is_over = pc.less(counted.days["last_us"], as_of_us)
    is_cut = pc.and_(pc.invert(is_over), pc.less(counted.days["first_us"], as_of_us))
    if not pc.any(is_cut).as_py():
        return counted.days.filter(is_over)
    first = pc.min(counted.days.filter(is_cut)["day"]).as_py()
    before = counted.days.filter(pc.and_(is_over, pc.less(counted.days["day"], first)))
    return pa.concat_tables([before, _cut(store, calendar, first, as_of_us)])


def _cut(store: Store, calendar: Calendar, first: int, as_of_us: int) -> pa.Table:
    """The days from one on, of which as_of lies within one: only what is before it counts."""
    log, since_us = store.log("analytics"), first - max(ahead for _, ahead in calendar.offsets)
    some = log.filter((log.occurred_us >= since_us) & (log.occurred_us < as_of_us))
    days = _brought(store, some, calendar)
    return days.filter(pc.greater_equal(days["day"], first))


def _brought(store: Store, log: ir.Table, calendar: Calendar) -> pa.Table:
    rows = store.arrow(brought(log, calendar))
    return pa.table([rows[name] for name in _COLUMNS], names=_COLUMNS)


def _counted(store: Store) -> _Counted:
    """Up to date; who reads beside hears of no additions and counts anew."""
    kept = _KEPT.get(store)
    added = None if kept is None else store.additions.since(kept.number)
    if kept is None or added is None:
        kept = _KEPT[store] = _Counted(store.additions.number, _span(store))
        return kept
    kept.number = store.additions.number
    for events in added:
        kept.span |= _span_of(events)
        if kept.days is not None:
            kept.days = _together(kept.days, _days(events, kept.clock))
    return kept


def _span(store: Store) -> Span:
    log = store.log("analytics")
    found = store.arrow(
        log.agg(first=log.occurred_us.min(), last=log.occurred_us.max(), received=log.received_us.max())
    ).to_pylist()[0]
    return Span(found["first"], found["last"], found["received"] or 0)


def _span_of(events: pa.Table) -> Span:
    occurred = pc.min_max(events["occurred_us"]).as_py()
    return Span(occurred["min"], occurred["max"], pc.max(events["received_us"]).as_py())


def _days(events: pa.Table, clock: Clock) -> pa.Table:
    """The same as `brought` of some events, in memory."""
    since, ahead = np.array(clock, dtype=np.int64).T
    us = events["occurred_us"].to_numpy()
    local = us + ahead[np.searchsorted(since, us, side="right") - 1]
    of_one = {"n": np.ones(len(us), dtype=np.int64), "first_us": us, "last_us": us}
    told = {"source": events["source"], "signal_key": events["signal_key"], "day": local - local % US_PER_DAY, **of_one}
    return pa.table(told)


def _together(days: pa.Table, more: pa.Table) -> pa.Table:
    both = pa.concat_tables([days, more.select(_COLUMNS).cast(days.schema)])
    sums = both.group_by(["source", "signal_key", "day"]).aggregate(
        [("n", "sum"), ("first_us", "min"), ("last_us", "max")]
    )
    names = ("source", "signal_key", "day", "n_sum", "first_us_min", "last_us_max")
    return pa.table([sums[name] for name in names], names=_COLUMNS)


_COLUMNS = ("source", "signal_key", "day", "n", "first_us", "last_us")
