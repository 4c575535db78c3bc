"""Keys that programs show: a write key for each source that sends, read keys for those that read.

Only a hash of a key is kept. Keys are long and random, so that one round of SHA-256 is enough: what makes slow
hashes needful is that people choose their passwords.
"""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cxcurve.errors import BadValueError, UnknownNameError

Kind = Literal["write", "read"]
KINDS: tuple[Kind, ...] = ("write", "read")
FRESH_S = 1.0
"""How long a key that was looked up is believed: a withdrawn one is refused after at most so long."""
MOST_REMEMBERED = 10_000
_SCHEMA = """
CREATE TABLE IF NOT EXISTS keys (
    number INTEGER PRIMARY KEY AUTOINCREMENT, hash TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, source TEXT NOT NULL,
    made_us INTEGER NOT NULL, withdrawn_us INTEGER);
"""


@dataclass(frozen=True, slots=True)
class KeyFact:
    """What is kept of a key: never the key itself."""

    number: int
    kind: Kind
    source: str
    made_us: int
    withdrawn_us: int | None


class Keys:
    """The keys of a workspace; several processes may have them open. Close it when done."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
        self._connection.executescript(f"PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; {_SCHEMA}")
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

    def create(self, kind: Kind, source: str, made_us: int) -> str:
        """A new key, told this once.

        Raises:
            BadValueError: there is no such kind, or the source has no name.
        """
        if kind not in KINDS:
            raise BadValueError(f'"{kind}" is no kind of key; expected {" or ".join(KINDS)}')
        if not source.strip():
            raise BadValueError("the source has no name; give the one that its events are to carry, such as web")
        key = f"cx{kind[0]}_{secrets.token_urlsafe(24)}"
        with self._lock:
            row = (_hashed(key), kind, source, made_us)
            self._connection.execute("INSERT INTO keys (hash, kind, source, made_us) VALUES (?, ?, ?, ?)", row)
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
        sql = "SELECT number, kind, source, made_us, withdrawn_us FROM keys ORDER BY number"
        with self._lock:
            return [KeyFact(*row) for row in self._connection.execute(sql)]

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
        sql = "SELECT number, kind, source, made_us, withdrawn_us FROM keys WHERE hash = ? AND withdrawn_us IS NULL"
        row = self._connection.execute(sql, (hashed,)).fetchone()
        return KeyFact(*row) if row else None


def _hashed(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()
