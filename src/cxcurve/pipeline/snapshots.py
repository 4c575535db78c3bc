"""What is known at one as_of, from the derived tables."""

from __future__ import annotations

from dataclasses import replace
from weakref import WeakKeyDictionary

import ibis
import ibis.expr.types as ir

from cxcurve.metrics.customer_states import known_until_us
from cxcurve.metrics.customers import customers_known
from cxcurve.metrics.indexes import with_indexes
from cxcurve.metrics.snapshot import Snapshot
from cxcurve.pipeline.run import Run
from cxcurve.store import Store

_KEPT: WeakKeyDictionary[Store, tuple[str, Snapshot]] = WeakKeyDictionary()
"""The last one's expressions: they are the same until the plan, the weeks or as_of are others."""


def snapshot(run: Run) -> Snapshot:
    """The derived tables of a run as expressions, with customers as known at its as_of."""
    store = run.store
    store.make_temporary("customers_now", store.compiled(("customers_now", run.mark), lambda: _customers(run)))
    mark, kept = _KEPT.get(store, ("", None))
    if kept is None or mark != run.mark:
        kept = _expressions(run)
        _KEPT[store] = run.mark, kept
    use_until_us, speech_until_us = known_until_us(run.feeds, run.plan)
    return replace(
        kept,
        silent=run.feeds.silent,
        behind_us=run.standing.behind_us(run.ticks.ends_us),
        use_until_us=use_until_us,
        speech_until_us=speech_until_us,
    )


def _customers(run: Run) -> ir.Table:
    customers, keys = run.store.table("customers"), run.store.table("customer_keys")
    return customers_known(run.log, customers, keys, run.plan, as_of_us=run.as_of_us)


def _expressions(run: Run) -> Snapshot:
    """What a snapshot has that is no data yet."""
    store = run.store
    references = store.table("reference_weeks").drop("n")
    weeks = store.table("customer_weeks")
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
        customers=store.table("customers_now"),
        received_until_us=run.received_until_us,
    )


def _newest(weeks: ir.Table, run: Run) -> ir.Table:
    """Every week once, by the newest version it is known under."""
    restated = [(one.first_week, one.in_force_week, one.weights.version_number) for one in run.versions]
    is_passed = [
        (weeks.week >= first) & (weeks.week < end) & (weeks.version < number) for first, end, number in restated
    ]
    return weeks.filter(~ibis.or_(*is_passed)) if len(run.versions) > 1 else weeks
