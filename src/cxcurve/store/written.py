"""What destinations acknowledged, customer by customer, and how the last writing went."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import pyarrow as pa

from cxcurve.store.store import Store

_ROWS = pa.schema([("customer_id", pa.string()), ("mark", pa.string()), ("refusal", pa.string())])


class Remembered(NamedTuple):
    """Marks of what was taken last, and of what was refused after that."""

    mark: str | None = None
    refused_mark: str | None = None
    refused_us: int | None = None


def remembered(store: Store, destination: str) -> dict[str, Remembered]:
    """What is remembered of each customer."""
    names = "customer_id, mark, refused_mark, refused_us"
    rows = store.rows(f"SELECT {names} FROM written WHERE destination = $1", destination)
    return {customer_id: Remembered(*rest) for customer_id, *rest in rows}


def refusals(store: Store, destination: str) -> list[tuple[str, str]]:
    """Customers that were refused and not taken since, with the reason."""
    sql = "SELECT customer_id, refusal FROM written WHERE destination = $1 AND refusal IS NOT NULL ORDER BY 1"
    return [(customer_id, refusal) for customer_id, refusal in store.rows(sql, destination)]


def remember(
    store: Store,
    destination: str,
    taken: Sequence[tuple[str, str]],
    refused: Mapping[str, tuple[str, str]],
    now_us: int,
) -> None:
    """Keep what was taken (customer, mark) and what was refused (mark and reason by customer), in one transaction.

    Of a customer that was erased in the meantime nothing is kept.
    """
    with store.transaction():
        marks = [{"customer_id": customer_id, "mark": mark} for customer_id, mark in taken]
        store.temporary("answers", pa.Table.from_pylist(marks, _ROWS))
        known = "FROM answers JOIN customer_keys USING (customer_id)"
        store.execute(
            f"INSERT OR REPLACE INTO written SELECT $1, customer_id, mark, $2, NULL, NULL, NULL {known}",
            destination, now_us,
        )  # fmt: skip
        told = [{"customer_id": one, "mark": mark, "refusal": why} for one, (mark, why) in refused.items()]
        store.temporary("answers", pa.Table.from_pylist(told, _ROWS))
        before = "LEFT JOIN written AS w ON w.destination = $1 AND w.customer_id = a.customer_id"
        store.execute(
            "INSERT OR REPLACE INTO written SELECT $1, a.customer_id, w.mark, w.written_us, a.mark, $2, a.refusal "
            f"FROM answers AS a JOIN customer_keys USING (customer_id) {before}",
            destination, now_us,
        )  # fmt: skip


def forget(store: Store, destination: str, customer_ids: Collection[str]) -> None:
    """Forget customers that are none any more and whose fields were emptied."""
    sql = "DELETE FROM written WHERE destination = $1 AND list_contains($2, customer_id)"
    store.execute(sql, destination, list(customer_ids))


def last_write(store: Store, destination: str) -> dict[str, Any] | None:
    """How the last writing went; None where there was none."""
    rows = store.rows("SELECT document FROM writes WHERE destination = $1", destination)
    return dict(json.loads(rows[0][0])) if rows else None


def keep_write(store: Store, destination: str, document: Mapping[str, Any]) -> None:
    """Keep how a writing went."""
    store.execute("INSERT OR REPLACE INTO writes VALUES ($1, $2)", destination, json.dumps(document))
