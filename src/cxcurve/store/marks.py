"""Marks of the erased: keyed hashes of their ids, by which what comes in of them once more is left out."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path

from ibis.backends.duckdb import Backend

from cxcurve.store.resolution import Id

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


def leave_out(
    backend: Backend, table: str, columns: Mapping[str, str], when: str | None, secret: Callable[[], bytes]
) -> int:
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
        for id_, until in gone:
            before = f"AND {when} < {until}" if when else ""
            n += backend.con.execute(f"DELETE FROM {table} WHERE {column} = $1 {before}", [id_]).fetchall()[0][0]
    return n
