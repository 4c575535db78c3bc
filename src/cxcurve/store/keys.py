"""Keys that programs show: a write key for each source that sends, read keys for those that read.

Only a hash of a key is kept. Keys are long and random, so that one round of SHA-256 is enough: what makes slow
hashes needful is that people choose their passwords.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import secrets
import sqlite3
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from cxcurve.errors import BadValueError, UnknownNameError

Kind = Literal["write", "read"]
KINDS: tuple[Kind, ...] = ("write", "read")
FRESH_S = 1.0
"""How long a key that was looked up is believed: a withdrawn one is refused after at most so long."""
MOST_REMEMBERED = 10_000
USED_EVERY_US = 600_000_000
"""How exactly is kept when a key was used last: writing it down each time would cost what the inbox costs."""
SHOWN = 8
"""Signs of a key that are kept as they are, for its owner to know it again."""
_LATER = {
    "used_us": "INTEGER", "prefix": "TEXT NOT NULL DEFAULT ''", "until_us": "INTEGER",
    "grant_json": "TEXT NOT NULL DEFAULT '{}'",
}  # fmt: skip
"""Columns that files of before do not have."""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS keys (
    number INTEGER PRIMARY KEY AUTOINCREMENT, hash TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, source TEXT NOT NULL,
    made_us INTEGER NOT NULL, withdrawn_us INTEGER, used_us INTEGER);
"""
_COLUMNS = "number, kind, source, made_us, withdrawn_us, used_us, prefix, until_us, grant_json"


@dataclass(frozen=True, slots=True)
class KeyFact:
    """What is kept of a key: its first signs, never the key itself; `grant` says what one for reading allows.

    `used_us` is exact to ten minutes.
    """

    number: int
    kind: Kind
    source: str
    made_us: int
    withdrawn_us: int | None
    used_us: int | None = None
    prefix: str = ""
    until_us: int | None = None
    grant: Mapping[str, Any] = field(default_factory=dict)

    def is_over(self, now_us: int) -> bool:
        """Whether its time is up."""
        return self.until_us is not None and now_us >= self.until_us


class Keys:
    """The keys of a workspace; several processes may have them open. Close it when done."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
        self._connection.executescript(f"PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; {_SCHEMA}")
        known = {row[1] for row in self._connection.execute("PRAGMA table_info(keys)")}
        for name in _LATER.keys() - known:
            self._connection.execute(f"ALTER TABLE keys ADD COLUMN {name} {_LATER[name]}")
        path.chmod(0o600)
        self._lock = threading.Lock()
        self._found: dict[str, tuple[float, KeyFact | None]] = {}

    def close(self) -> None:
        """Give the file back."""
        self._connection.close()

    def __enter__(self) -> Keys:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def create(
        self,
        kind: Kind,
        source: str,
        made_us: int,
        *,
        until_us: int | None = None,
        grant: Mapping[str, Any] | None = None,
    ) -> str:
        """A new key, told this once; refused from `until_us` on.

        Raises:
            BadValueError: there is no such kind, or the source has no name.
        """
        if kind not in KINDS:
            raise BadValueError(f'"{kind}" is no kind of key; expected {" or ".join(KINDS)}')
        if not source.strip():
            raise BadValueError("the source has no name; give the one that its events are to carry, such as web")
        key = f"cx{kind[0]}_{secrets.token_urlsafe(24)}"
        with self._lock:
            row = (_hashed(key), kind, source, made_us, key[:SHOWN], until_us, json.dumps(dict(grant or {})))
            names = "hash, kind, source, made_us, prefix, until_us, grant_json"
            self._connection.execute(f"INSERT INTO keys ({names}) VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        return key

    def find(self, key: str) -> KeyFact | None:
        """What is known of a key; None where there is none such, or it was withdrawn."""
        hashed, now = _hashed(key), time.monotonic()
        with self._lock:
            when, found = self._found.get(hashed, (-FRESH_S, None))
            if now - when >= FRESH_S:
                found = self._looked_up(hashed)
                if len(self._found) >= MOST_REMEMBERED:  # somebody tries keys
                    self._found.clear()
                self._found[hashed] = now, found
        return found

    def all(self) -> list[KeyFact]:
        """Every key that was ever made, the oldest first."""
        with self._lock:
            return [_fact(row) for row in self._connection.execute(f"SELECT {_COLUMNS} FROM keys ORDER BY number")]

    def withdraw(self, number: int, withdrawn_us: int) -> None:
        """Let a key be refused from now on.

        Raises:
            UnknownNameError: there is no such key.
        """
        with self._lock:
            sql = "UPDATE keys SET withdrawn_us = coalesce(withdrawn_us, ?) WHERE number = ?"
            if not self._connection.execute(sql, (withdrawn_us, number)).rowcount:
                raise UnknownNameError("key", str(number))
            self._found.clear()

    def _looked_up(self, hashed: str) -> KeyFact | None:
        sql = f"SELECT {_COLUMNS} FROM keys WHERE hash = ? AND withdrawn_us IS NULL"
        row = self._connection.execute(sql, (hashed,)).fetchone()
        return self._used(_fact(row)) if row else None

    def _used(self, key: KeyFact) -> KeyFact:
        now_us = time.time_ns() // 1000
        if now_us - (key.used_us or 0) > USED_EVERY_US:
            with contextlib.suppress(sqlite3.OperationalError):  # a full disk is no reason to refuse a key
                self._connection.execute("UPDATE keys SET used_us = ? WHERE number = ?", (now_us, key.number))
        return key


def _fact(row: tuple[Any, ...]) -> KeyFact:
    return replace(KeyFact(*row[:-1]), grant=json.loads(row[-1]))


def _hashed(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()
