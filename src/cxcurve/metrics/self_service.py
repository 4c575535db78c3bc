"""Self-service success: help or bot sessions after which nobody had to be asked (definitions.md, 8)."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from cxcurve.metrics.snapshot import Snapshot
from cxcurve.tables import US_PER_DAY

FOLLOWED_DAYS = 3
SOLVED, FAILED = "self_service_solved", "self_service_failed"


def sessions(snapshot: Snapshot) -> ir.Table | None:
    """Sessions with 72 full hours of follow-up: customer_key, occurred_us, is_solved.

    A session is solved when its event says so and the customer opened no issue within 72 hours, on whatever topic,
    for events name none. None where the plan does not know both endings: one alone would be a share of 0 or 1.
    """
    plan = snapshot.plan
    if not {SOLVED, FAILED} <= plan.journey.signals.keys():
        return None
    solved, both = plan.keys_of(SOLVED), plan.keys_of(SOLVED, FAILED)
    asked = plan.issue_keys or plan.complaint_keys
    chosen = snapshot.log.filter(snapshot.log.signal_key.isin([*both, *asked] or [-1]))
    is_contact = chosen.signal_key.isin(asked or [-1])
    rows = chosen.select(
        "customer_key",
        "occurred_us",
        is_session=chosen.signal_key.isin(both or [-1]),
        is_said_solved=chosen.signal_key.isin(solved or [-1]),
        is_contact=is_contact.cast("int32"),
        contact_us=is_contact.ifelse(chosen.occurred_us, ibis.null("int64")),
    )
    # At one moment the session comes first: the contact follows it.
    order = ["occurred_us", "is_contact"]
    ahead = ibis.window(group_by="customer_key", order_by=order, following=(0, None))
    rows = rows.mutate(next_us=rows.contact_us.min().over(ahead))
    window = FOLLOWED_DAYS * US_PER_DAY
    rows = rows.filter(rows.is_session & (rows.occurred_us <= snapshot.as_of_us - window))
    is_asked = (rows.next_us - rows.occurred_us <= window).fill_null(False)
    return rows.select("customer_key", "occurred_us", is_solved=rows.is_said_solved & ~is_asked)
