"""Marks of the erased: keyed hashes of their ids, by which what comes in of them once more is left out."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

from ibis.backends.duckdb import Backend

from cxcurve.store.resolution import Id

Secret: TypeAlias = Callable[[], bytes]
"""Gives the key of the marks, made when first needed."""
CUSTOMER = "customer"
"""The kind of the mark of a customer's name: rows of customers do not say whether it is an account's or a person's."""
ID_COLUMNS: Mapping[str, str] = {"account_id": "account", "person_id": "person", "anonymous_id": "anonymous"}


def secret_of(folder: Path) -> bytes:
    """The key of the marks, made when first needed; without it nobody can tell whom a mark is of."""
    path = folder / "secret.key"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_bytes(secrets.token_bytes(32))
    return path.read_bytes()


def mark(secret: bytes, id_: Id) -> str:
    """What an id is remembered by."""
    return hmac.new(secret, f"{id_[0]}:{id_[1]}".encode(), hashlib.sha256).hexdigest()


def leave_out(backend: Backend, table: str, columns: Mapping[str, str], when: str | None, secret: Secret) -> int:
    """Take rows of erased ids out of a temporary table; of events those that happened before the erasure.

    Args:
        backend: the store.
        table: the temporary table.
        columns: kind of id by the column that holds it.
        when: the column of the time; None where rows have none.
        secret: gives the key of the marks.
    """
    marks = dict(backend.con.execute("SELECT mark, erased_us FROM erased").fetchall())
    if not marks:
        return 0
    n, key = 0, secret()
    for column, kind in columns.items():
        found = backend.con.execute(f"SELECT DISTINCT {column} FROM {table} WHERE {column} IS NOT NULL").fetchall()
        gone = [(id_, until) for (id_,) in found if (until := marks.get(mark(key, (kind, id_))))]
        # On a shared device what somebody else did, signed in, stays.
        alone = "AND person_id IS NULL AND account_id IS NULL" if column == "anonymous_id" else ""
        for id_, until in gone:
            before = f"{alone} AND {when} < {until}" if when else alone
            n += backend.con.execute(f"DELETE FROM {table} WHERE {column} = $1 {before}", [id_]).fetchall()[0][0]
    return n


def leave_out_told(backend: Backend, table: str, when: str, secret: Secret) -> int:
    """The same of a temporary table that names each of whom it tells by `id_kind` and `id`."""
    ids = ", ".join(f"CASE id_kind WHEN '{kind}' THEN id END AS {name}" for name, kind in ID_COLUMNS.items())
    backend.raw_sql(f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT *, {ids} FROM {table}")
    return leave_out(backend, table, ID_COLUMNS, when, secret)
