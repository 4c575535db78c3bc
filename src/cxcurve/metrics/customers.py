"""Who the customers are at one as_of: their attributes as known then, and what they are worth (definitions.md, 1)."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from cxcurve.journey.plan import Plan
from cxcurve.metrics.literals import float64

_ATTRIBUTES = (
    "name", "segment", "industry", "plan", "region", "owner", "partner_id", "revenue_per_year", "seats", "created_us",
    "attributes",
)  # fmt: skip


def customers_known(log: ir.Table, customers: ir.Table, keys: ir.Table, plan: Plan, *, as_of_us: int) -> ir.Table:
    """Everybody who has an event before as_of, with or without attributes.

    Args:
        log: events before as_of.
        customers: `tables.CUSTOMERS`.
        keys: customer_key, customer_id, bucket (`tables.N_BUCKETS`).
        plan: the tracking plan.
        as_of_us: rows valid from then on are not known yet.

    Returns:
        customer_key, customer_id, bucket, the attributes, `revenue` (a year: the customer's own, else the amount of its
        latest offer, else the median of its segment, else that of all) and `is_usual_revenue` (it is such a median).
    """
    known = _latest(customers.filter(customers.valid_from_us < as_of_us), "customer_id", "valid_from_us")
    known = known.mutate(segment_or_none=known.segment.fill_null(""))
    usual = known.group_by("segment_or_none").agg(usual_revenue=known.revenue_per_year.median())
    everybody = known.agg(any_revenue=known.revenue_per_year.median())
    seen = keys.semi_join(log, "customer_key")
    rows = seen.left_join(known, "customer_id").select(*seen.columns, *_ATTRIBUTES)
    rows = rows.mutate(segment_or_none=rows.segment.fill_null(""))
    rows = rows.left_join(usual, "segment_or_none").drop("segment_or_none_right")
    rows = rows.left_join(_offers(log, plan), "customer_key").drop("customer_key_right")
    rows = rows.cross_join(everybody)
    own = ibis.coalesce(rows.revenue_per_year, rows.offered)
    return rows.select(
        "customer_key",
        "customer_id",
        "bucket",
        *(name for name in _ATTRIBUTES if name != "name"),
        name=rows.name.fill_null(rows.customer_id),
        revenue=ibis.coalesce(own, rows.usual_revenue, rows.any_revenue, float64(0.0)),
        is_usual_revenue=own.isnull(),
    )


def _offers(log: ir.Table, plan: Plan) -> ir.Table:
    """The amount of each customer's latest event of a stage before the purchase, where one has an amount."""
    found = log.filter(log.signal_key.isin(_offer_keys(plan) or [-1]) & (log.amount > float64(0.0)))
    latest = _latest(found, "customer_key", "occurred_us", "event_id")
    return latest.select("customer_key", offered=latest.amount)


def _offer_keys(plan: Plan) -> list[int]:
    """Signals that enter a stage before the one of the purchase, which is where the way to value begins."""
    rule, names = plan.journey.time_to_value, plan.journey.stage_names
    bought = plan.journey.signals.get(rule.start) if rule else None
    if bought is None or bought.stage is None:
        return []
    before = names[: names.index(bought.stage)]
    return [key for key, signal in plan.signals.items() if signal.stage in before]


def _latest(rows: ir.Table, of: str, *order: str) -> ir.Table:
    """Of each customer the last row."""
    newest = ibis.window(group_by=of, order_by=[ibis.desc(name) for name in order])
    ranked = rows.mutate(rank=ibis.row_number().over(newest))
    return ranked.filter(ranked["rank"] == 0).drop("rank")
