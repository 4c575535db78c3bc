"""Personas made from data: what customers of a segment, role and mindset do and meet at each stage."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from cxcurve.journey.plan import Plan
from cxcurve.metrics.contributions import valence
from cxcurve.metrics.friction_events import NEVER_US
from cxcurve.metrics.literals import float64
from cxcurve.metrics.mindset import CLEAR_SHARE, FEWEST_PIECES
from cxcurve.metrics.snapshot import Snapshot
from cxcurve.tables import US_PER_DAY

PERSONA_DAYS, LEVEL_WEEKS = 365, 13
MINDSETS = ("reactive", "proactive")


def mindsets(log: ir.Table, plan: Plan, *, as_of_us: int) -> ir.Table:
    """Customers whose mindset is clear (definitions.md, 1): customer_key, mindset.

    Args:
        log: events before as_of.
        plan: the tracking plan.
        as_of_us: evidence fades up to it.
    """
    told = {key: one for key, one in plan.signals.items() if one.mindset}
    events = log.filter(log.signal_key.isin(list(told) or [-1]))
    if not told:
        return events.select("customer_key", mindset=ibis.literal("", "string"))
    kind = ibis.cases(*((events.signal_key == key, one.mindset) for key, one in told.items()), else_="")
    half_us = ibis.cases(
        *((events.signal_key == key, float64(one.half_life.seconds * 1e6)) for key, one in told.items()),
        else_=float64(1.0),
    )
    age_us = ibis.literal(as_of_us, "int64") - events.occurred_us
    weight = float64(2.0) ** (-age_us.cast("float64") / half_us)
    rows = events.select("customer_key", is_reactive=kind == "reactive", weight=weight)
    sums = rows.group_by("customer_key").agg(
        n=rows.count(), total=rows.weight.sum(),
        reactive=rows.is_reactive.ifelse(rows.weight, float64(0.0)).sum(),
    )  # fmt: skip
    share = sums.reactive / sums.total
    clear = sums.filter((sums.n >= FEWEST_PIECES) & (sums.total > float64(0.0)))
    found = clear.mutate(
        mindset=ibis.cases(
            (share >= float64(CLEAR_SHARE), "reactive"), (share <= float64(1 - CLEAR_SHARE), "proactive"), else_=""
        )
    )
    return found.filter(found.mindset != "").select("customer_key", "mindset")


def deeds(known: Snapshot, people: ir.Table | None = None) -> ir.Table:
    """What customers did and met at each stage in the last year.

    Args:
        known: the customers.
        people: person_id of those whose events alone count; everybody's when None.

    Returns:
        stage, signal_key, n_customers, n_events, and of answers with a valence their mean, valence.
    """
    log = known.log.filter(known.log.occurred_us >= known.as_of_us - PERSONA_DAYS * US_PER_DAY)
    if people is not None:
        log = log.semi_join(people, "person_id")
    events = log.select("customer_key", "event_id", "signal_key", "occurred_us", felt=valence(log, known.plan))
    spans = known.stays.mutate(gone_us=known.stays.left_us.fill_null(ibis.literal(NEVER_US, "int64")))
    there = events.join(
        spans,
        [
            events.customer_key == spans.customer_key,
            events.occurred_us >= spans.entered_us,
            events.occurred_us < spans.gone_us,
        ],
    ).select(events.customer_key, events.signal_key, events.felt, spans.stage)
    return there.group_by("stage", "signal_key").agg(
        n_customers=there.customer_key.nunique(), n_events=there.count(), valence=there.felt.mean()
    )


def levels(known: Snapshot) -> ir.Table:
    """Mean level of each customer at each stage in the last 13 weeks: customer_key, stage, level."""
    last = known.first_week + known.n_weeks - 1
    weeks = known.comparable_weeks.filter(known.comparable_weeks.week > last - LEVEL_WEEKS)
    return weeks.group_by("customer_key", "stage").agg(level=weeks.level.mean())
