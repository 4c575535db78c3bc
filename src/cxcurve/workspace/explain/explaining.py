"""Explain a number: read its key, find what it rests on, and the events below."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from zoneinfo import ZoneInfo

import pyarrow as pa

from cxcurve.journey.calendar import end_of_day
from cxcurve.workspace.explain import (
    actions,
    advocacy,
    backtests,
    curves,
    customers,
    deals,
    drift,
    flows,
    friction,
    moved,
    revenue,
    scorecards,
    ttv,
)
from cxcurve.workspace.explain.explanation import EVENTS, Explanation, Grounds
from cxcurve.workspace.explain.keys import Key
from cxcurve.workspace.explain.results import Results
from cxcurve.workspace.results import at, moment

MOST_EVENTS = 100
"""Events named unless more are asked for; the newest."""
_KINDS: Mapping[str, Callable[..., Grounds]] = {
    "scorecard": scorecards.grounds,
    "customer": customers.grounds,
    "curve": curves.grounds,
    "moved": moved.grounds,
    "drift": drift.grounds,
    "ttv": ttv.grounds,
    "advocacy": advocacy.grounds,
    "revenue": revenue.grounds,
    "friction": friction.grounds,
    "deals": deals.grounds,
    "flows": flows.grounds,
    "action": actions.grounds,
    "backtest": backtests.grounds,
}
"""By the kind of a key; its parts follow."""


def explanation_of(results: Results, key: Key, most_events: int | None = MOST_EVENTS) -> Explanation:
    """The explanation of a key.

    Args:
        results: about whom the key is, as of when it is.
        key: which number.
        most_events: how many events are named; None names all.

    Raises:
        UnknownNameError: there is no such number.
    """
    found = _KINDS[key.kind](results, *key.parts)
    events, n_events = _events(results, found, most_events)
    as_of_us = results.known.as_of_us
    told = key.at(_as_of(as_of_us, results.known.zone))
    made = Explanation(str(told), found, as_of_us, _version(results), events, n_events)
    return replace(made, recomputed=made.recompute(results.run.store))


def numbers(results: Results, customer_ids: list[str]) -> Iterator[str]:
    """The keys of all numbers about some customers, and of the own numbers of those that are named."""
    yield from scorecards.keys(results)
    yield from drift.keys(results)
    yield from ttv.keys(results)
    yield from advocacy.keys(results)
    yield from revenue.keys(results)
    yield from friction.keys(results)
    yield from deals.keys(results)
    yield from flows.keys(results)
    yield from moved.keys(results)
    yield from actions.keys(results)
    yield from backtests.keys(results)
    for axis in curves.AXES:
        yield from curves.keys(results, axis)
    for customer_id in customer_ids:
        yield from customers.keys(results, customer_id)


def _events(results: Results, found: Grounds, most: int | None) -> tuple[pa.Table, int]:
    """The newest events of the customers, by the names people know them by, and how many there are."""
    run = results.run
    who = pa.table({"customer_id": pa.array(found.customers, pa.string())})
    run.store.temporary("explained_customers", who)
    until_us = min(found.below.until_us or run.as_of_us, run.as_of_us)
    known = f"l.occurred_us < {until_us} AND l.occurred_us >= {found.below.since_us or 0}"
    if run.received_until_us is not None:
        known += f" AND l.received_us <= {run.received_until_us}"
    keys = ", ".join(map(str, found.below.signal_keys or (-1,)))
    log = run.store.log_name("analytics")
    sql = (
        f"FROM {log} AS l JOIN customer_keys USING (customer_key) JOIN explained_customers USING (customer_id) "
        f"JOIN signal_keys AS s USING (signal_key) WHERE l.signal_key IN ({keys}) AND {known}"
    )
    n = int(run.store.rows(f"SELECT count(*) {sql}")[0][0])
    order = f"ORDER BY occurred_us DESC, event_id{'' if most is None else f' LIMIT {most}'}"
    rows = run.store.fetch(f"SELECT customer_id, event_id, s.name, occurred_us {sql} {order}")
    run.store.drop_temporary("explained_customers")
    return rows.cast(EVENTS).sort_by([("occurred_us", "descending"), ("event_id", "ascending")]), n


def _as_of(us: int, zone: str) -> str:
    """As people write it: the day that ends there, else the moment."""
    day = moment(us - 1).astimezone(ZoneInfo(zone)).date().isoformat()
    return day if end_of_day(us - 1, zone) == us else str(at(us))


def _version(results: Results) -> str:
    """Whose weights are in force, and which references."""
    version = results.run.weights.version
    if version is None:
        return "expert weights (journey.yaml); references from the 26 weeks up to each week"
    when = f"{version.friction.kind}, {moment(version.as_of_us):%Y-%m-%d}"
    return f"version {version.number} of the weights ({when}) and its references; each week by those in force then"
