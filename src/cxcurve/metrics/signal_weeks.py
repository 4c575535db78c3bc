"""Faded weekly counts: what each week adds to each signal of each customer (definitions.md, 1).

Kept as integers, `sum of round(2^32 a 2^-((end - t)/h))`, so that any order, sharding or merging of the same events
gives bit-equal tables; float sums do not.
"""

from __future__ import annotations

import ibis.expr.types as ir

from cxcurve.journey.calendar import Calendar
from cxcurve.journey.plan import Plan
from cxcurve.metrics.contributions import contributions
from cxcurve.metrics.literals import float64
from cxcurve.tables import PARTIAL_ONE


def signal_weeks(log: ir.Table, plan_table: ir.Table, plan: Plan, calendar: Calendar, *, now_us: int) -> ir.Table:
    """Contributions by customer, signal, part and week (`tables.SIGNAL_WEEKS`).

    Args:
        log: events before `now_us`.
        plan_table: `Plan.table` on the same engine.
        plan: the tracking plan.
        calendar: the weeks.
        now_us: as_of; issues that fall due later are not yet overdue.
    """
    rows = contributions(log, plan_table, plan, now_us=now_us)
    rows = rows.mutate(week=calendar.week_of(rows.entered_us))
    rows = rows.join(plan_table.select("signal_key", "half_life_us"), "signal_key")
    # Also the week of as_of is faded to its own end: what it holds stays true when as_of moves on.
    partial = faded(rows.anchor_us, calendar.end_of(rows.week), rows.half_life_us) * rows.amount * float64(PARTIAL_ONE)
    rows = rows.mutate(partial=partial.round().cast("int64"))
    return rows.group_by("customer_key", "signal_key", "part", "week").agg(
        n_events=rows.n.sum(), steps=rows.step.sum(), partial=rows.partial.sum()
    )


def faded(anchor_us: ir.IntegerValue, end_us: ir.IntegerValue, half_life_us: ir.FloatingValue) -> ir.FloatingValue:
    """What is left of 1 at `end_us` when it fades from `anchor_us` on."""
    return float64(2.0) ** ((anchor_us - end_us).cast("float64") / half_life_us)
