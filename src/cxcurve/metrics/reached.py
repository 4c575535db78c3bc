"""What became of customers from the start of an action on: stages, exits, indexes by week, and contacts."""

from __future__ import annotations

import ibis.expr.types as ir

from cxcurve.metrics.snapshot import Snapshot


def inside_at(snapshot: Snapshot, start_us: int) -> ir.Table:
    """Who was inside the journey at a moment, and until when; nobody leaves this table who leaves the journey.

    Returns:
        customer_key, stage (position), moved_us (when they went on to a later stage), exit_us (when their run through
        the journey ended), segment; null where it did not happen by as_of.
    """
    stays = snapshot.stays
    is_there = (stays.entered_us < start_us) & (stays.left_us.isnull() | (stays.left_us >= start_us))
    here = stays.filter(is_there).select(
        "customer_key", "cycle", "stage", moved_us=(stays.ended_by == "progressed").ifelse(stays.left_us, None)
    )
    exits = stays.filter(stays.ended_by == "exited").select("customer_key", "cycle", exit_us=stays.left_us)
    rows = here.left_join(exits, ["customer_key", "cycle"]).select(*here.columns, "exit_us")
    named = snapshot.customers.select("customer_key", "segment")
    return rows.left_join(named, "customer_key").select(
        "customer_key", "stage", "moved_us", "exit_us", named.segment.fill_null("").name("segment")
    )


def index_weeks(snapshot: Snapshot, measure: str, first_week: int, last_week: int) -> ir.Table:
    """An index at the end of each of some weeks, by the weights in force: customer_key, week, version, value."""
    weeks = snapshot.customer_weeks
    chosen = weeks.filter((weeks.week >= first_week) & (weeks.week <= last_week))
    return chosen.select("customer_key", "week", "version", value=chosen[measure])


def contact_times(snapshot: Snapshot, since_us: int, until_us: int) -> ir.Table:
    """Contacts (`metrics.contacts`) within some time: customer_key, occurred_us."""
    plan, log = snapshot.plan, snapshot.log
    chosen = log.filter(log.signal_key.isin(plan.issue_keys or plan.complaint_keys or [-1]))
    return chosen.filter((chosen.occurred_us >= since_us) & (chosen.occurred_us < until_us)).select(
        "customer_key", "occurred_us"
    )
