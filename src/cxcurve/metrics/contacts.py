"""Repeat contact and first contact resolution (definitions.md, 8)."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from cxcurve.metrics.snapshot import Snapshot
from cxcurve.tables import US_PER_DAY

REPEAT_DAYS = 7


def contacts(snapshot: Snapshot) -> ir.Table:
    """Contacts with seven full days of follow-up: customer_key, occurred_us, is_repeated.

    A contact is repeated when another of the same customer follows within seven days. What counts is the opening of
    an issue (`contact: true` with `until`), for a reopening or a call about it belongs to that issue; in a plan
    without such signals it is every contact that is friction.
    """
    plan = snapshot.plan
    chosen = snapshot.log.filter(snapshot.log.signal_key.isin(plan.issue_keys or plan.complaint_keys or [-1]))
    chosen = chosen.select("customer_key", "occurred_us", "event_id")
    next_us = chosen.occurred_us.lead().over(ibis.window(group_by="customer_key", order_by=["occurred_us", "event_id"]))
    followed = chosen.mutate(next_us=next_us)
    window = int(REPEAT_DAYS * US_PER_DAY)
    followed = followed.filter(followed.occurred_us <= snapshot.as_of_us - window)
    is_repeated = (followed.next_us - followed.occurred_us <= window).fill_null(False)
    return followed.select("customer_key", "occurred_us", is_repeated=is_repeated)
