"""Who was active when: the business days of customer-made events, and the latest complaint, by week."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from cxcurve.journey.calendar import Calendar
from cxcurve.journey.plan import Plan


def activity_weeks(log: ir.Table, plan: Plan, calendar: Calendar) -> ir.Table:
    """What a customer did in each week.

    Returns:
        customer_key, week, n_days (distinct business days with an event the customer made; a weekend counts to its
        Friday), first_day, last_day (business days since 1970-01-05), complaint_us (latest complaint, or null).
    """
    made = log.filter(log.signal_key.isin(plan.customer_made_keys or [-1]))
    days = made.select("customer_key", business_day=calendar.business_day_of(made.occurred_us)).distinct()
    active = days.mutate(week=((days.business_day - days.business_day % 5) / 5).cast("int32"))
    active = active.group_by("customer_key", "week").agg(
        n_days=active.count(), first_day=active.business_day.min(), last_day=active.business_day.max()
    )
    complaints = log.filter(is_complaint(log, plan))
    complaints = complaints.mutate(week=calendar.week_of(complaints.occurred_us))
    complaints = complaints.group_by("customer_key", "week").agg(complaint_us=complaints.occurred_us.max())
    both = active.outer_join(complaints, ["customer_key", "week"])
    return both.select(
        customer_key=both.customer_key.fill_null(both.customer_key_right),
        week=both.week.fill_null(both.week_right),
        n_days=both.n_days.fill_null(0),
        first_day=both.first_day,
        last_day=both.last_day,
        complaint_us=both.complaint_us,
    )


def is_complaint(log: ir.Table, plan: Plan) -> ir.BooleanValue:
    """A contact that is friction, or an answer with a negative valence."""
    said = log.signal_key.isin(plan.complaint_keys or [-1])
    for key, signal in plan.signals.items():
        for band in signal.valence.bands if signal.valence else ():
            if band.valence < 0:
                value = log[signal.valence.column].cast("float64")  # type: ignore[union-attr]
                inside = (value >= ibis.literal(band.low, "float64")) & (value <= ibis.literal(band.high, "float64"))
                said = said | ((log.signal_key == key) & inside.fill_null(False))
    return said
