"""What is known at one as_of, from the derived tables."""

from __future__ import annotations

from cxcurve.metrics.customers import customers_known
from cxcurve.metrics.indexes import with_indexes
from cxcurve.metrics.snapshot import Snapshot
from cxcurve.pipeline.run import Run


def snapshot(run: Run) -> Snapshot:
    """The derived tables of a run as expressions, with customers as known at its as_of."""
    store = run.store
    references = store.table("reference_weeks").select("week", "stage", "friction_ref", "momentum_ref")
    customers = customers_known(
        run.log, store.table("customers"), store.table("customer_keys"), run.plan, as_of_us=run.as_of_us
    )
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
        customers=store.temporary_from("customers_now", store.sql(customers)),
        received_until_us=run.received_until_us,
    )
