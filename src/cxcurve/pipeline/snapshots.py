"""What is known at one as_of, from the derived tables."""

from __future__ import annotations

from cxcurve.metrics.indexes import with_indexes
from cxcurve.metrics.snapshot import Snapshot
from cxcurve.pipeline.run import Run


def snapshot(run: Run) -> Snapshot:
    """The derived tables of a run as expressions, with customers as known at its as_of."""
    store = run.store
    references = store.table("reference_weeks").select("week", "stage", "friction_ref", "momentum_ref")
    customers = store.temporary_from("customers_now", _CUSTOMERS.format(as_of_us=run.as_of_us))
    return Snapshot(
        plan=run.plan,
        zone=run.zone,
        as_of_us=run.as_of_us,
        first_week=run.calendar.first_week,
        n_weeks=len(run.ticks),
        log=run.log,
        stays=store.table("stays"),
        signal_weeks=store.table("signal_weeks"),
        customer_weeks=with_indexes(store.table("customer_weeks"), references),
        customer_now=with_indexes(store.table("customer_now"), references),
        customers=customers,
    )


_CUSTOMERS = """
    WITH seen AS (SELECT DISTINCT customer_key FROM event_log WHERE occurred_us < {as_of_us}),
         known AS (SELECT * FROM customers WHERE valid_from_us < {as_of_us}
                   QUALIFY row_number() OVER (PARTITION BY customer_id ORDER BY valid_from_us DESC) = 1),
         usual AS (SELECT segment, median(revenue_per_year) AS revenue FROM known GROUP BY segment)
    SELECT k.customer_key, k.customer_id, coalesce(c.name, k.customer_id) AS name, c.segment, c.industry, c.plan,
           c.region, c.owner, c.partner_id, c.revenue_per_year, c.seats, c.created_us, c.attributes,
           coalesce(c.revenue_per_year, u.revenue, (SELECT median(revenue_per_year) FROM known), 0) AS revenue,
           c.revenue_per_year IS NULL AS is_usual_revenue
    FROM customer_keys AS k JOIN seen USING (customer_key) LEFT JOIN known AS c USING (customer_id)
    LEFT JOIN usual AS u ON u.segment IS NOT DISTINCT FROM c.segment
"""
