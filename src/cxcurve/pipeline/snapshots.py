"""What is known at one as_of, from the derived tables."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from cxcurve.metrics.customer_states import known_until_us
from cxcurve.metrics.customers import customers_known
from cxcurve.metrics.indexes import with_indexes
from cxcurve.metrics.snapshot import Snapshot
from cxcurve.pipeline.run import Run


def snapshot(run: Run) -> Snapshot:
    """The derived tables of a run as expressions, with customers as known at its as_of."""
    store = run.store
    use_until_us, speech_until_us = known_until_us(run.feeds, run.plan)
    references = store.table("reference_weeks").drop("n")
    weeks = store.table("customer_weeks")
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
        customer_weeks=with_indexes(weeks.filter(~weeks.is_restated), references),
        comparable_weeks=with_indexes(_newest(weeks, run), references),
        customer_now=with_indexes(store.table("customer_now"), references),
        customers=store.temporary_from("customers_now", store.sql(customers)),
        received_until_us=run.received_until_us,
        silent=run.feeds.silent,
        behind_us=run.standing.behind_us(run.ticks.ends_us),
        use_until_us=use_until_us,
        speech_until_us=speech_until_us,
    )


def _newest(weeks: ir.Table, run: Run) -> ir.Table:
    """Every week once, by the newest version it is known under."""
    restated = [(one.first_week, one.in_force_week, one.weights.version_number) for one in run.versions]
    is_passed = [
        (weeks.week >= first) & (weeks.week < end) & (weeks.version < number) for first, end, number in restated
    ]
    return weeks.filter(~ibis.or_(*is_passed)) if len(run.versions) > 1 else weeks
