"""How many events of each name a day brought, in the workspace's zone; days count from 1970-01-01."""

from __future__ import annotations

import ibis.expr.types as ir

from cxcurve.journey.calendar import DAY_US, Calendar


def with_days(log: ir.Table, calendar: Calendar) -> ir.Table:
    """The log with `day`, the day clocks showed."""
    local = calendar.local(log.occurred_us)
    return log.mutate(day=((local - local % DAY_US) / DAY_US).cast("int32"))


def event_days(log: ir.Table, calendar: Calendar) -> ir.Table:
    """Events of each name and day: signal_key, day, n."""
    days = with_days(log, calendar)
    return days.group_by("signal_key", "day").agg(n=days.count())
