"""Moving: from the inbox into the store, each request once, whatever happens in between.

How far the store is stands in the store itself and is written in the transaction of the rows: after a kill the same
requests are moved again, or none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, fields, replace
from itertools import groupby

import pyarrow as pa

from cxcurve.model.event_checks import event_checks
from cxcurve.model.journey import Journey
from cxcurve.model.sources import Source
from cxcurve.pipeline.loading import keep
from cxcurve.sources import Batch, Refused
from cxcurve.sources.events import Plan
from cxcurve.sources.live.heard import Heard
from cxcurve.sources.live.mapping import heard_in, live_source, map_heard
from cxcurve.store import Appended, Store
from cxcurve.store.inbox import Inbox, Request

MOST_ITEMS = 5_000
"""Moved at once: one transaction."""


@dataclass(frozen=True, slots=True)
class Account:
    """What became of the items of a live source: a row of `tables.LEDGER`."""

    used: int = 0
    no_event: int = 0
    refused_items: int = 0
    repeated_items: int = 0
    made: int = 0
    loaded: int = 0
    duplicate: int = 0
    conflict: int = 0
    quarantined: int = 0

    def __add__(self, other: Account) -> Account:
        return Account(*(mine + theirs for mine, theirs in zip(astuple(self), astuple(other), strict=True)))


@dataclass(frozen=True, slots=True)
class Moved:
    """How many items are in the store now, and up to which position the inbox may forget them once that is for good."""

    n_items: int = 0
    until: int = 0


def move(
    store: Store, inbox: Inbox, sources: Mapping[str, Source], journey: Journey, most_items: int = MOST_ITEMS
) -> int:
    """Bring what waits into the store, so many items at most; returns how many items that were.

    Raises:
        StoreError: the disk is full; nothing of this step was kept, and it waits still.
    """
    moved = take(store, inbox, sources, journey, most_items)
    forget(inbox, moved)
    return moved.n_items


def take(
    store: Store, inbox: Inbox, sources: Mapping[str, Source], journey: Journey, most_items: int = MOST_ITEMS
) -> Moved:
    """The same without forgetting it: for a transaction in which more is done. `forget` it when that is committed."""
    until = moved_until(store, inbox)
    requests = inbox.after(until, most_items)
    if not requests:
        return Moved(0, until)
    with store.transaction():
        for source, some in _by_source(requests):
            record(store, source, _moved(store, live_source(source, sources.get(source)), journey, some))
        store.remember("inbox", f"{inbox.id} {requests[-1].position}")
    return Moved(sum(request.n_items for request in requests), requests[-1].position)


def forget(inbox: Inbox, moved: Moved) -> None:
    """Overwrite in the inbox what the store has; also what somebody left who died between the two."""
    if moved.n_items or (moved.until and not inbox.is_empty):
        inbox.forget(moved.until)


def moved_until(store: Store, inbox: Inbox) -> int:
    """Up to which position the store has everything of this inbox; of another one it has nothing."""
    id_, _, position = (store.meta("inbox") or "").partition(" ")
    return int(position) if id_ == inbox.id else 0


def accounts(store: Store) -> dict[str, Account]:
    """What became of everything that was moved, by source."""
    names = ", ".join(field.name for field in fields(Account))
    return {
        source: Account(*counts) for source, *counts in store.rows(f"SELECT source, {names} FROM ledger ORDER BY 1")
    }


def _by_source(requests: Sequence[Request]) -> Iterator[tuple[str, list[Request]]]:
    in_order = sorted(requests, key=lambda request: (request.source, request.position))
    for source, group in groupby(in_order, key=lambda request: request.source):
        yield source, list(group)


def _moved(store: Store, source: Source, journey: Journey, requests: Sequence[Request]) -> Account:
    heard = [one for request in requests for one in heard_in(request)]
    received_us = requests[-1].received_us
    batch = mapped(plan_of(source, journey, received_us, store.contact_key), heard)
    is_new = _is_new(store, batch.refused)
    return account_of(batch, keep(store, batch, journey, source.key, received_us), is_new)


def plan_of(source: Source, journey: Journey, received_us: int, secret: bytes) -> Plan:
    """How what a live source says is mapped."""
    classes = {name: signal.data_class for name, signal in journey.signals.items()}
    names, checks = journey.signals.keys(), event_checks(journey)
    return Plan(source, received_us, names, classes, checks, consent=journey.consent, secret=secret)


def mapped(plan: Plan, heard: Sequence[Heard]) -> Batch:
    """The batch; should mapping fail, by halves, so that an item nobody thought of stops no other."""
    try:
        return map_heard(plan, heard)
    except (ValueError, TypeError, ArithmeticError, LookupError, RecursionError, pa.ArrowException):
        if len(heard) > 1:
            half = len(heard) // 2
            return _together([mapped(plan, heard[:half]), mapped(plan, heard[half:])])
        item = replace(heard[0].item, call=None, reason="cannot be mapped: a fault of cxcurve, please report it")
        return map_heard(plan, [replace(heard[0], item=item)])


def _together(batches: Sequence[Batch]) -> Batch:
    return Batch(
        events=pa.concat_tables([batch.events for batch in batches], promote_options="default"),
        refused=tuple(one for batch in batches for one in batch.refused),
        n_read=sum(batch.n_read for batch in batches),
        n_used=sum(batch.n_used for batch in batches),
        n_no_event=sum(batch.n_no_event for batch in batches),
        links=pa.concat_tables([batch.links for batch in batches if batch.links is not None]),
        traits=pa.concat_tables([batch.traits for batch in batches if batch.traits is not None]),
        consents=pa.concat_tables([batch.consents for batch in batches if batch.consents is not None]),
    )


def account_of(batch: Batch, appended: Appended, is_new: Sequence[bool]) -> Account:
    """What became of a batch; `is_new` says of each that was refused whether it was not in quarantine before."""
    events = [new for one, new in zip(batch.refused, is_new, strict=True) if one.kind == "event"]
    rows = [new for one, new in zip(batch.refused, is_new, strict=True) if one.kind == "row"]
    return Account(
        used=batch.n_used,
        no_event=batch.n_no_event,
        refused_items=sum(rows),
        repeated_items=len(rows) - sum(rows),
        made=batch.n_made,
        loaded=appended.loaded,
        duplicate=appended.duplicate + len(events) - sum(events),
        conflict=appended.conflict,
        quarantined=sum(events),
    )


def _is_new(store: Store, refused: Sequence[Refused]) -> list[bool]:
    """Of each that was refused whether it is not in quarantine yet; of twins the first is new."""
    if not refused:
        return []
    marks = [one.ordinal for one in refused]
    sql = "SELECT source, file, ordinal FROM quarantine WHERE replayed_us IS NULL AND list_contains($1, ordinal)"
    known = set(store.rows(sql, marks))
    found = []
    for one in refused:
        key = one.source, one.file, one.ordinal
        found.append(key not in known)
        known.add(key)
    return found


def record(store: Store, source: str, account: Account) -> None:
    """Add to what became of the items of a source."""
    total = accounts(store).get(source, Account()) + account
    values = ", ".join(f"${i}" for i in range(1, len(fields(Account)) + 2))
    store.execute(f"INSERT OR REPLACE INTO ledger VALUES ({values})", source, *astuple(total))
