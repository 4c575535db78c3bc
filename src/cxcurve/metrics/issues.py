"""Issues: what customers came to us with, and whether it was handled well (definitions.md, 10)."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from cxcurve.journey.plan import Plan
from cxcurve.metrics.contributions import valence
from cxcurve.metrics.episodes import episodes
from cxcurve.metrics.literals import float64
from cxcurve.tables import US_PER_DAY

GRACE_DAYS = 7
"""Within so many days after its end an issue that comes back was not handled."""
_NEVER_US = 2**62


def handled_issues(log: ir.Table, plan: Plan) -> ir.Table | None:
    """Every issue with how it was handled; None where the plan has none, or no `targets: open_issue`.

    Well: ended within the target, no complaint in the 7 days after (reopened, or asked again), and no negative
    score from the opening until it is judged. What counts is what names the same conversation, or none. All are judged
    equally long after their opening, target and 7 days: else who leaves before an answer would have been handled badly
    by leaving.

    Args:
        log: events before as_of.
        plan: the tracking plan.

    Returns:
        customer_key, opened_us, ended_us (null while open), is_well.
    """
    if not plan.issue_keys or plan.overdue_us is None:
        return None
    grace_us = GRACE_DAYS * US_PER_DAY
    spans = episodes(log, plan).select("customer_key", "signal_key", "event_id", "opened_us", "ended_us")
    spans = spans.filter(spans.signal_key.isin(plan.issue_keys))
    opened = log.filter(log.signal_key.isin(plan.issue_keys)).select("event_id", "conversation_id")
    spans = spans.join(opened, "event_id").mutate(done_us=spans.ended_us.fill_null(_NEVER_US))
    back = _next(spans, "done_us", log.filter(log.signal_key.isin(plan.complaint_keys or [-1])))
    bad = _next(spans, "opened_us", log.filter(valence(log, plan) < float64(0.0)))
    spans = spans.join(back.rename(back_us="next_us"), ["signal_key", "event_id"])
    spans = spans.join(bad.rename(bad_us="next_us"), ["signal_key", "event_id"])
    is_in_time = spans.done_us <= spans.opened_us + plan.overdue_us
    comes_back = spans.back_us <= spans.done_us + grace_us
    is_scored_bad = spans.bad_us <= spans.opened_us + plan.overdue_us + grace_us
    return spans.select("customer_key", "opened_us", "ended_us", is_well=is_in_time & ~comes_back & ~is_scored_bad)


def _next(spans: ir.Table, at: str, events: ir.Table) -> ir.Table:
    """The first of some events after a time of each issue, by the same conversation or none.

    Returns:
        signal_key, event_id, next_us (2^62 where there is none).
    """
    named = _ahead(spans, at, events.filter(events.conversation_id.notnull()), ["customer_key", "conversation_id"])
    unnamed = _ahead(spans, at, events.filter(events.conversation_id.isnull()), ["customer_key"])
    both = named.union(unnamed)
    return both.group_by("signal_key", "event_id").agg(next_us=both.next_us.min())


def _ahead(spans: ir.Table, at: str, events: ir.Table, by: list[str]) -> ir.Table:
    """The first event after each issue's time among those alike in `by`: one window over both, no join by time."""
    never = ibis.literal(_NEVER_US, "int64")
    asked = _rows(spans, by, at_us=spans[at], found_us=never, is_issue=1)
    told = _rows(events, by, at_us=events.occurred_us, found_us=events.occurred_us, is_issue=0)
    rows = asked.union(told)
    # An event at the same moment comes first, and so is not after it.
    ahead = ibis.window(group_by=by, order_by=["at_us", "is_issue"], following=(0, None))
    rows = rows.mutate(next_us=rows.found_us.min().over(ahead))
    return rows.filter(rows.is_issue == 1).select("signal_key", "event_id", "next_us")


def _rows(table: ir.Table, by: list[str], *, at_us: ir.Value, found_us: ir.Value, is_issue: int) -> ir.Table:
    """Cast, since what the log says is never null and what comes from a join may be."""
    names = dict.fromkeys([*by, "signal_key", "event_id"])
    kept = {name: table[name].cast("int32" if name.endswith("_key") else "string") for name in names}
    return table.select(
        **kept,
        at_us=at_us.cast("int64"),
        found_us=found_us.cast("int64"),
        is_issue=ibis.literal(is_issue, "int32"),
    )
