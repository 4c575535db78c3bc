"""What is to be sent: what differs from what a destination acknowledged."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from cxcurve.sources.writing.contract import Record
from cxcurve.store.written import Remembered

AGAIN_US = 86_400_000_000
"""What was refused is tried again after a day, since it may have been mended there; at once where it changed here."""


@dataclass(frozen=True, slots=True)
class Change:
    """A record to be sent, and the mark by which it is remembered once it was taken."""

    record: Record
    mark: str


def mark_of(place: str, record: Record, unmarked: str | None) -> str:
    """What tells a record from another one for the customer, or for another place.

    Args:
        place: where it goes.
        record: what is sent.
        unmarked: the field that changes with each score (as_of): it goes along and is no reason to send.
    """
    values = {name: value for name, value in record.values.items() if name != unmarked}
    said = json.dumps([place, record.customer_id, values], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(said.encode()).hexdigest()[:32]


def changes(
    records: Iterable[Record],
    known: Mapping[str, Remembered],
    place: str,
    unmarked: str | None,
    now_us: int,
    *,
    is_all: bool = False,
    is_retry: bool = False,
) -> Iterator[Change]:
    """The records to send, in order of their customers.

    Args:
        records: all customers as they would be sent.
        known: what is remembered of each.
        place: where they go.
        unmarked: as for `mark_of`.
        now_us: the present.
        is_all: whether to send also what did not change.
        is_retry: whether to send at once what was refused and did not change since.
    """
    for record in sorted(records, key=lambda one: one.customer_id):
        mark, before = mark_of(place, record, unmarked), known.get(record.customer_id, Remembered())
        is_refused = before.refused_mark == mark and now_us - (before.refused_us or 0) < AGAIN_US
        if is_all or (before.mark != mark and (is_retry or not is_refused)):
            yield Change(record, mark)
