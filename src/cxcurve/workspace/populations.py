"""Whom a number is about: everybody, a segment, or a cohort such as "entered invest in the last 90d"."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Mapping

import ibis.expr.types as ir
import pyarrow as pa

from cxcurve.errors import BadValueError, UnknownNameError
from cxcurve.metrics.snapshot import Snapshot
from cxcurve.model.durations import Duration
from cxcurve.people.scope import COLUMNS as SCOPED
from cxcurve.people.scope import Scope
from cxcurve.store import Store

COLUMNS = ("segment", "industry", "plan", "region", "owner", "partner_id")
MOST_VALUES = 30
_COHORT = re.compile(r"^\s*entered\s+(?P<stage>\S+)\s+in\s+the\s+last\s+(?P<time>\S+)\s*$")


def population(snapshot: Snapshot, store: Store, segment: Mapping[str, str] | None, cohort: str | None) -> Snapshot:
    """The snapshot of the customers of a segment and cohort.

    Raises:
        UnknownNameError: the segment's key is none of the model's, or the stage is unknown.
        BadValueError: the cohort cannot be read.
    """
    if segment is not None and not isinstance(segment, Mapping):
        raise BadValueError(f'segment {segment!r} is no mapping; expected such as {{"plan": "pro"}}')
    if not segment and not cohort:
        return snapshot
    keys = set(store.arrow(snapshot.customers.select("customer_key"))["customer_key"].to_pylist())
    for key, value in (segment or {}).items():
        keys &= _in_segment(snapshot, store, key, value)
    if cohort:
        entered = _entered(snapshot, cohort).select("customer_key").distinct()
        keys &= set(store.arrow(entered)["customer_key"].to_pylist())
    return _only(snapshot, store, keys, (sorted((segment or {}).items()), cohort))


def within(snapshot: Snapshot, store: Store, keys: Collection[int]) -> Snapshot:
    """The snapshot of the customers that somebody may know of, whoever else there is."""
    return _only(snapshot, store, keys, hashlib.sha256(repr(sorted(keys)).encode()).hexdigest())


def keys_within(snapshot: Snapshot, store: Store, scope: Scope) -> frozenset[int]:
    """The customers of a scope, by what is known of them in a snapshot."""
    rows = store.arrow(snapshot.customers.select("customer_key", *SCOPED)).to_pylist()
    return frozenset(row["customer_key"] for row in rows if scope.holds(row))


def values_by_customer(snapshot: Snapshot, store: Store) -> dict[str, dict[str, frozenset[int]]]:
    """Who has which value, for each segment key of the model."""
    found: dict[str, dict[str, set[int]]] = {key: {} for key in snapshot.plan.journey.segments}
    for row in store.arrow(snapshot.customers.select("customer_key", *COLUMNS, "attributes")).to_pylist():
        for key, values in found.items():
            value = value_of(row, key)
            if value is not None:
                values.setdefault(value, set()).add(row["customer_key"])
    return {key: {value: frozenset(keys) for value, keys in values.items()} for key, values in found.items()}


def _only(snapshot: Snapshot, store: Store, keys: Collection[int], said: object) -> Snapshot:
    """A name of its own for each population: several may be looked at side by side."""
    told = json.dumps([said, snapshot.population, snapshot.as_of_us])
    mark = hashlib.sha256(told.encode()).hexdigest()[:12]
    rows = pa.table({"customer_key": pa.array(sorted(keys), pa.int32())})
    return snapshot.only(store.temporary(f"population_{mark}", rows), mark)


def segment_values(snapshot: Snapshot, store: Store) -> dict[str, list[str]]:
    """The values customers have for each segment key of the model, most frequent first; at most `MOST_VALUES` each."""
    found = {}
    rows = store.arrow(snapshot.customers.select(*COLUMNS, "attributes")).to_pylist()
    for key in snapshot.plan.journey.segments:
        counts: dict[str, int] = {}
        for row in rows:
            value = value_of(row, key)
            if value is not None:
                counts[value] = counts.get(value, 0) + 1
        found[key] = sorted(counts, key=lambda value: (-counts[value], value))[:MOST_VALUES]
    return found


def _in_segment(snapshot: Snapshot, store: Store, key: str, value: str) -> set[int]:
    known = snapshot.plan.journey.segments
    if key not in known and key not in COLUMNS:
        raise UnknownNameError("segment", key, (*known, *COLUMNS))
    rows = store.arrow(snapshot.customers.select("customer_key", *COLUMNS, "attributes")).to_pylist()
    found = {row["customer_key"] for row in rows if value_of(row, key) == value}
    if not found and snapshot.population:  # what others have is none of theirs who may know of some only
        raise UnknownNameError(key, value, sorted(name for row in rows if (name := value_of(row, key)) is not None))
    if not found:
        told = store.arrow(store.table("customers").select(*COLUMNS, "attributes")).to_pylist()
        ever = {value_of(row, key) for row in told}
        if value not in ever:
            raise UnknownNameError(key, value, sorted(name for name in ever if name is not None))
    return found


def value_of(row: Mapping[str, str | None], key: str) -> str | None:
    """What a customer has for a key of a segment."""
    value = row[key] if key in COLUMNS else json.loads(row["attributes"] or "{}").get(key)
    return None if value is None else str(value)


def _entered(snapshot: Snapshot, cohort: str) -> ir.Table:
    match = _COHORT.match(cohort)
    if match is None:
        raise BadValueError(f'cohort "{cohort}" cannot be read; expected such as "entered invest in the last 90d"')
    if match["stage"] not in snapshot.stage_names:
        raise UnknownNameError("stage", match["stage"], snapshot.stage_names)
    try:
        since = max(0, snapshot.as_of_us - int(Duration.parse(match["time"]).seconds * 1_000_000))
    except ValueError as error:
        raise BadValueError(f'cohort "{cohort}": {error}') from None
    stage = snapshot.stage_names.index(match["stage"])
    return snapshot.stays.filter((snapshot.stays.stage == stage) & (snapshot.stays.entered_us >= since))
