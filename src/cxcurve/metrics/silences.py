"""Silence told with its own false-alarm rate, and exits that nobody was warned of (definitions.md, 8).

A silence that ended with new activity, and not with an exit, was a false alarm. What the rule says at the end of each
gap is asked of the rule itself, with what was known then.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cxcurve.metrics.activity import is_complaint
from cxcurve.metrics.recursion import column, native
from cxcurve.metrics.snapshot import Snapshot
from cxcurve.metrics.states import silence
from cxcurve.stats.clusters import effective_n
from cxcurve.stats.estimates import Estimate, nothing
from cxcurve.stats.proportions import wilson
from cxcurve.tables import US_PER_DAY

FIXED_DAYS = 10
"""Business days of the rule of thumb that the rule is set beside: two weeks."""
QUIET_EXIT_DAYS, FEWEST = 90, 10
ACTIVITY = ("few", "some", "many")
_NEVER_US = 2**62
_SPAN_MS = 2**40

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Gaps:
    """Finished gaps between business days on which a customer did something, within a cycle; arrays of n rows.

    Attributes:
        customer: customer_key.
        n_days: active business days of that customer in all.
        days: length of the gap, in business days.
        is_alarm: whether the customer was told silent at its end.
    """

    customer: Ints
    n_days: Ints
    days: Ints
    is_alarm: Bools


@dataclass(frozen=True)
class FalseAlarms:
    """Of customers by activity, the share of finished gaps in which they were told silent.

    Attributes:
        activity: few, some or many active days; all of them together.
        from_days, to_days: how many active business days that is.
        n_customers: who has such a gap.
        share: by the rule; `n` are gaps.
        fixed: by a rule of two weeks for everybody.
    """

    activity: str
    from_days: int
    to_days: int
    n_customers: int
    share: Estimate
    fixed: Estimate


def active_days(snapshot: Snapshot) -> ir.Table:
    """Business days with an event the customer made: customer_key, day, at_us (the first that day)."""
    log = snapshot.log.filter(snapshot.log.signal_key.isin(snapshot.plan.customer_made_keys or [-1]))
    days = log.select("customer_key", "occurred_us", day=snapshot.calendar.business_day_of(log.occurred_us))
    return days.group_by("customer_key", "day").agg(at_us=days.occurred_us.min())


def complaints(snapshot: Snapshot) -> ir.Table:
    """customer_key, occurred_us."""
    return snapshot.log.filter(is_complaint(snapshot.log, snapshot.plan)).select("customer_key", "occurred_us")


def cycles(snapshot: Snapshot) -> ir.Table:
    """customer_key, began_us, left_us (null while open)."""
    stays = snapshot.stays
    is_open = stays.left_us.isnull().any()
    ends = stays.group_by("customer_key", "cycle").agg(
        began_us=stays.entered_us.min(), ended_us=stays.left_us.max(), is_open=is_open
    )
    return ends.select("customer_key", "began_us", left_us=ends.is_open.ifelse(ibis.null("int64"), ends.ended_us))


def gaps(days: pa.Table, complained: pa.Table, cycled: pa.Table) -> Gaps:
    """The finished gaps of some customers.

    Args:
        days: rows of `active_days`.
        complained: rows of `complaints`.
        cycled: rows of `cycles`.
    """
    customer, day, at_us = (native(days, name).astype(np.int64) for name in ("customer_key", "day", "at_us"))
    order = np.lexsort((day, customer))
    customer, day, at_us = customer[order], day[order], at_us[order]
    starts = np.flatnonzero(np.r_[True, customer[1:] != customer[:-1]][: len(customer)])
    n_days = np.diff(np.r_[starts, len(customer)])
    place = np.arange(len(customer)) - np.repeat(starts, n_days)
    first, before = np.repeat(day[starts], n_days), np.r_[0, day[:-1]][: len(day)]
    told_us = _latest(customer, at_us, native(complained, "customer_key"), native(complained, "occurred_us"))
    cycle = _cycle(customer, at_us, cycled)
    is_gap = (place > 0) & (cycle >= 0) & (cycle == np.r_[-1, cycle[:-1]][: len(cycle)])
    is_alarm = silence(*(values.astype(float) for values in (place, first, before, day, told_us, at_us))) > 0
    chosen = np.flatnonzero(is_gap)
    return Gaps(
        customer[chosen], np.repeat(n_days, n_days)[chosen], (day - before)[chosen], np.asarray(is_alarm)[chosen]
    )


def false_alarms(found: Gaps) -> list[FalseAlarms]:
    """All gaps, then those of the customers with few, some and many active days: a third of the customers each."""
    if not len(found.days):
        return []
    first = np.unique(found.customer, return_index=True)[1]
    edges = np.quantile(found.n_days[first], [1 / 3, 2 / 3])
    third = np.searchsorted(edges, found.n_days)
    parts = [("all", np.ones(len(third), bool)), *((name, third == i) for i, name in enumerate(ACTIVITY))]
    return [_alarms(name, found, part) for name, part in parts if part.any()]


def exits(snapshot: Snapshot) -> ir.Table:
    """Every exit: customer_key, stage (that was left), occurred_us, is_quiet (no complaint in the 90 days before)."""
    stays = snapshot.stays.filter(snapshot.stays.ended_by == "exited")
    left = stays.select("customer_key", "stage", occurred_us=stays.left_us)
    said = complaints(snapshot).select("customer_key", said_us="occurred_us")
    both = left.join(said, "customer_key")
    age_us = both.occurred_us - both.said_us
    loud = both.filter((age_us > 0) & (age_us <= int(QUIET_EXIT_DAYS * US_PER_DAY)))
    loud = loud.select("customer_key", "occurred_us").distinct().mutate(is_loud=True)
    rows = left.left_join(loud, ["customer_key", "occurred_us"])
    return rows.select("customer_key", "stage", "occurred_us", is_quiet=rows.is_loud.isnull())


def share_of(is_so: Bools, customer: Ints) -> Estimate:
    """A share with its interval, clustered by customer; None of fewer than ten."""
    if len(is_so) < FEWEST:
        return nothing(len(is_so))
    return wilson(int(is_so.sum()), len(is_so), n_effective=effective_n(is_so, customer))


def _alarms(name: str, found: Gaps, part: Bools) -> FalseAlarms:
    customer, n_days = found.customer[part], found.n_days[part]
    shares = (share_of(is_so[part], customer) for is_so in (found.is_alarm, found.days > FIXED_DAYS))
    return FalseAlarms(name, int(n_days.min()), int(n_days.max()), len(np.unique(customer)), *shares)


def _cycle(customer: Ints, at_us: Ints, cycled: pa.Table) -> Ints:
    """Which cycle each moment lies in, by number over all customers; -1 outside."""
    whose, began, left = (column(cycled, name, _NEVER_US) for name in ("customer_key", "began_us", "left_us"))
    order = np.lexsort((began, whose))
    place = _before(customer, at_us, whose[order], began[order], "right")
    is_inside = (place >= 0) & (at_us < np.r_[left[order], 0][place])
    return np.asarray(np.where(is_inside, place, -1))


def _latest(customer: Ints, at_us: Ints, whose: Ints, when: Ints) -> Floats:
    """The customer's own latest moment before each; -inf where there is none."""
    order = np.lexsort((when, whose))
    place = _before(customer, at_us, whose[order].astype(np.int64), when[order], "left")
    return np.where(place >= 0, np.r_[when[order], 0][place].astype(float), -np.inf)


def _before(customer: Ints, at_us: Ints, whose: Ints, when: Ints, side: Literal["left", "right"]) -> Ints:
    """Place of the customer's own latest moment before (left) or up to (right) each; -1 where there is none."""
    if not len(whose):
        return np.full(len(customer), -1)
    first = min(int(at_us.min(initial=int(when.min()))), int(when.min()))
    code, known = (who * _SPAN_MS + (us - first) // 1000 for who, us in ((customer, at_us), (whose, when)))
    place = np.searchsorted(known, code, side) - 1
    return np.where((place >= 0) & (whose[place] == customer), place, -1)
