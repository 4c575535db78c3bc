"""Moments: the first time of each event in a cycle (definitions.md, 8)."""

from __future__ import annotations

import ibis.expr.types as ir

from cxcurve.journey.plan import Plan
from cxcurve.journey.stays import in_segments


def first_times(log: ir.Table, plan: Plan) -> ir.Table:
    """First time of each event between two exits, also of events the tracking plan does not name; exits are none.

    What happens between an exit and the first stage event after it belongs to what follows: who comes back having
    seen the prices has seen them.

    Args:
        log: events with customer_key, signal_key, occurred_us; only those before as_of.
        plan: the tracking plan.

    Returns:
        customer_key, signal_key, at_us, until_us (the next exit, null where there is none).
    """
    exits = plan.exit_keys
    keys = [key for key in plan.keys.values() if key not in exits]
    events = in_segments(log.select("customer_key", "signal_key", "occurred_us"), plan, keys)
    firsts = events.group_by("customer_key", "segment", "signal_key").agg(
        at_us=events.occurred_us.min(), until_us=events.exit_us.min()
    )
    return firsts.drop("segment")
