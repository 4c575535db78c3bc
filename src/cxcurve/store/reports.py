"""What reports said when they were made, kept for good, and to whom they were sent."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from cxcurve.store.store import Store

_NAMES = "period, edition, as_of_us, made_us, document"


class Kept(NamedTuple):
    """What a report said: of which period, in which edition, what was known, when it was made, and its numbers."""

    period: str
    edition: int
    as_of_us: int
    made_us: int
    document: dict[str, Any]


class Sent(NamedTuple):
    """What became of a report for one recipient: `sending`, `sent` or `failed`, when, and what went wrong."""

    period: str
    recipient: str
    state: str
    at_us: int
    note: str | None


def keep_report(store: Store, period: str, as_of_us: int, made_us: int, document: Mapping[str, Any]) -> Kept:
    """Keep a report as the next edition of its period; those before it stay as they are."""
    with store.transaction():
        sql = "SELECT coalesce(max(edition), 0) + 1 FROM reports WHERE period = $1"
        edition = int(store.rows(sql, period)[0][0])
        text = json.dumps(document, ensure_ascii=False, allow_nan=False)
        store.execute("INSERT INTO reports VALUES ($1, $2, $3, $4, $5)", period, edition, as_of_us, made_us, text)
    return Kept(period, edition, as_of_us, made_us, json.loads(text))


def kept_report(store: Store, period: str, edition: int = 1) -> Kept | None:
    """An edition of a report; None where there is none."""
    rows = store.rows(f"SELECT {_NAMES} FROM reports WHERE period = $1 AND edition = $2", period, edition)
    return _kept(rows[0]) if rows else None


def editions_of(store: Store, period: str) -> list[Kept]:
    """All editions of a period, the first one first."""
    return [
        _kept(row) for row in store.rows(f"SELECT {_NAMES} FROM reports WHERE period = $1 ORDER BY edition", period)
    ]


def all_reports(store: Store) -> list[Kept]:
    """Every report, the newest period first, its editions in order."""
    return [_kept(row) for row in store.rows(f"SELECT {_NAMES} FROM reports ORDER BY as_of_us DESC, period, edition")]


def stories_of(store: Store, customer_ids: Collection[str]) -> list[dict[str, Any]]:
    """What reports tell of some customers, with the period and the edition."""
    return [
        {"period": one.period, "edition": one.edition, **story}
        for one in all_reports(store)
        for story in one.document.get("stories", ())
        if story["customer_id"] in customer_ids
    ]


def _kept(row: tuple[Any, ...]) -> Kept:
    period, edition, as_of_us, made_us, text = row
    return Kept(period, edition, as_of_us, made_us, json.loads(text))


def note_sending(
    store: Store, schedule: str, period: str, recipient: str, state: str, at_us: int, note: str | None = None
) -> None:
    """Write down what became of a report for one recipient."""
    store.execute(
        "INSERT OR REPLACE INTO report_sends VALUES ($1, $2, $3, $4, $5, $6)",
        schedule, period, recipient, state, at_us, note,
    )  # fmt: skip


def sendings(store: Store, schedule: str) -> list[Sent]:
    """What became of the reports of a schedule, the newest first."""
    sql = (
        "SELECT period, recipient, state, at_us, note FROM report_sends WHERE schedule = $1 "
        "ORDER BY at_us DESC, period, recipient"
    )
    return [Sent(*row) for row in store.rows(sql, schedule)]
