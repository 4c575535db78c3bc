"""Friction events: what went wrong, for whom, at which stage, where, and how long it lasted (definitions.md, 8)."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from cxcurve.journey.plan import Plan
from cxcurve.metrics.contributions import valence
from cxcurve.metrics.episodes import episodes
from cxcurve.metrics.literals import float64
from cxcurve.model.journey import Signal

NEVER_US = 2**62
"""What is still open ends then."""


def friction_keys(plan: Plan) -> dict[int, Signal]:
    """The signals seen that carry friction, by key; of those with a valence the bad answers do."""
    return {key: one for key, one in sorted(plan.signals.items()) if one.friction or one.valence_friction}


def friction_events(log: ir.Table, stays: ir.Table, plan: Plan) -> ir.Table:
    """Friction spans with where the customer was then, and how that ended.

    Args:
        log: events before as_of.
        stays: `tables.STAYS` of the same customers.
        plan: the tracking plan.

    Returns:
        The columns of `friction_spans`, stage (position where the customer was then; null outside the journey),
        exit_us (the exit that ended that cycle, null where none did by as_of).
    """
    return _placed(friction_spans(log, plan), stays)


def friction_spans(log: ir.Table, plan: Plan) -> ir.Table:
    """One row per event that carries friction; of a signal with valence those with a negative one.

    The touchpoint is the event's channel, else the source that told of it: where the customer met it.

    Args:
        log: events before as_of.
        plan: the tracking plan.

    Returns:
        customer_key, signal_key, event_id, touchpoint, at_us, until_us (when it ended: at once, or with the event
        that ends it; 2^62 while open).
    """
    keys = friction_keys(plan)
    events = log.filter(log.signal_key.isin(list(keys) or [-1]))
    weighed = [key for key, signal in keys.items() if signal.valence is not None and not signal.friction]
    if weighed:
        is_bad = (valence(events, plan) < float64(0.0)).fill_null(False)
        events = events.filter(~events.signal_key.isin(weighed) | is_bad)
    events = events.select(
        "customer_key", "signal_key", "event_id", touchpoint=events.channel.fill_null(events.source),
        at_us=events.occurred_us,
    )  # fmt: skip
    ends = episodes(log, plan).select("event_id", "ended_us")
    joined = events.left_join(ends, "event_id").drop("event_id_right")
    lasts = joined.signal_key.isin(plan.until_keys or [-1])
    return joined.select(
        *events.columns,
        until_us=lasts.ifelse(joined.ended_us.fill_null(ibis.literal(NEVER_US, "int64")), joined.at_us),
    )


def _placed(rows: ir.Table, stays: ir.Table) -> ir.Table:
    """With the stage each happened at, and the exit that ended the cycle."""
    spans = stays.select("customer_key", "cycle", "stage", "entered_us", "left_us", "ended_by")
    gone = spans.filter(spans.ended_by == "exited").select("customer_key", "cycle", exit_us="left_us")
    spans = spans.left_join(gone, ["customer_key", "cycle"]).select(*spans.columns, "exit_us")
    spans = spans.mutate(gone_us=spans.left_us.fill_null(ibis.literal(NEVER_US, "int64")))
    there = rows.join(
        spans, [rows.customer_key == spans.customer_key, rows.at_us >= spans.entered_us, rows.at_us < spans.gone_us]
    ).select(rows.event_id, spans.stage, spans.exit_us)
    placed = rows.left_join(there, "event_id")
    return placed.select(*rows.columns, "stage", "exit_us")
