"""The inbox: what was sent to us, acknowledged only once it is on disk, and kept until the store has it.

One thread writes. All that waits while it writes goes into the next transaction, so that many senders share the
wait for the disk. Positions only ever grow; the store remembers up to which position it has everything.
"""

from __future__ import annotations

import queue
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from cxcurve.errors import InboxFullError

MOST_KEPT_BYTES = 2**30
"""On disk, not yet moved: some two million events."""
MOST_QUEUED_BYTES = 2**26
"""In memory, waiting for the disk: a slow disk is told to the senders before it becomes a wait of minutes."""
MOST_AT_ONCE = 2_000
_SCHEMA = """
CREATE TABLE IF NOT EXISTS requests (
    position INTEGER PRIMARY KEY AUTOINCREMENT, source TEXT NOT NULL, form TEXT NOT NULL,
    received_us INTEGER NOT NULL, n_items INTEGER NOT NULL, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS inbox (id TEXT NOT NULL);
INSERT INTO inbox SELECT lower(hex(randomblob(16))) WHERE NOT EXISTS (SELECT 1 FROM inbox);
"""


@dataclass(frozen=True, slots=True)
class Request:
    """What was sent at once: by which source, in which form ("segment/batch"), when, and the body as it came."""

    source: str
    form: str
    received_us: int
    n_items: int
    body: bytes
    position: int = 0


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Something for the writing thread to do: keep requests, or forget those up to a position."""

    done: Future[int]
    requests: Sequence[Request] = ()
    until: int = 0

    @property
    def size(self) -> int:
        """Bytes to be kept."""
        return sum(len(request.body) for request in self.requests)


class Inbox:
    """Requests on their way to the store. Close it when done."""

    def __init__(
        self, path: Path, *, most_kept_bytes: int = MOST_KEPT_BYTES, most_queued_bytes: int = MOST_QUEUED_BYTES
    ) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._most_kept, self._most_queued = most_kept_bytes, most_queued_bytes
        self._reading, self._reads = _connect(path), threading.Lock()
        self._reading.executescript(_SCHEMA)
        self.id: str = self._reading.execute("SELECT id FROM inbox").fetchone()[0]
        self._kept = _kept_bytes(self._reading)
        self._queued, self._counts = 0, threading.Lock()
        self._wanted: queue.SimpleQueue[_Wanted | None] = queue.SimpleQueue()
        self._writer = threading.Thread(target=self._write, args=(path,), name="inbox", daemon=True)
        self._writer.start()

    def close(self) -> None:
        """Write what waits, then stop."""
        self._wanted.put(None)
        self._writer.join()
        self._reading.close()

    # --- writing

    def put(self, requests: Sequence[Request]) -> Future[int]:
        """Keep requests, all or none; the future gives the position of the last once they are on disk.

        Raises:
            InboxFullError: too much waits, for the store or for the disk; also by way of the future, where the disk
                takes no more. Nothing of the requests is kept then.
        """
        wanted = _Wanted(Future(), requests)
        self._make_room(wanted.size)
        self._wanted.put(wanted)
        return wanted.done

    def _make_room(self, size: int) -> None:
        with self._counts:
            if self._kept + self._queued > self._most_kept:
                raise InboxFullError("the inbox is full: events come in faster than they are stored", retry_after_s=10)
            if self._queued + size > self._most_queued and self._queued:
                raise InboxFullError("the disk is slower than what comes in", retry_after_s=2)
            self._queued += size

    @property
    def is_empty(self) -> bool:
        """Whether nothing is kept, neither waiting nor moved and not overwritten yet."""
        with self._reads:
            return self._reading.execute("SELECT 1 FROM requests LIMIT 1").fetchone() is None

    def forget(self, until: int) -> None:
        """Overwrite the requests up to a position: the store has them."""
        wanted = _Wanted(Future(), until=until)
        self._wanted.put(wanted)
        wanted.done.result()

    def _write(self, path: Path) -> None:
        connection = _connect(path)
        is_over = False
        while not is_over:
            batch = [self._wanted.get()]
            while len(batch) < MOST_AT_ONCE and not self._wanted.empty():
                batch.append(self._wanted.get())
            is_over = None in batch
            self._commit(connection, [wanted for wanted in batch if wanted is not None])
        connection.close()

    def _commit(self, connection: sqlite3.Connection, batch: list[_Wanted]) -> None:
        size = sum(wanted.size for wanted in batch)
        try:
            with _transaction(connection):
                positions = [_carried_out(connection, wanted) for wanted in batch]
                kept = _kept_bytes(connection) if any(wanted.until for wanted in batch) else self._kept + size
        except sqlite3.Error as error:
            self._count(-size, self._kept)
            full = InboxFullError(f"the disk takes nothing more ({error})", retry_after_s=30)
            for wanted in batch:
                wanted.done.set_exception(full)
            return
        self._count(-size, kept)
        if any(wanted.until for wanted in batch):
            _overwrite_log(connection)
        for wanted, position in zip(batch, positions, strict=True):
            wanted.done.set_result(position)

    def _count(self, queued: int, kept: int) -> None:
        with self._counts:
            self._queued += queued
            self._kept = kept

    # --- reading

    def after(self, position: int, most_items: int) -> list[Request]:
        """The oldest requests behind a position, of so many items together, or one of more."""
        columns = "source, form, received_us, n_items, body, position"
        sql = f"SELECT {columns} FROM requests WHERE position > ? ORDER BY position LIMIT ?"
        found: list[Request] = []
        n = 0
        with self._reads:
            for row in self._reading.execute(sql, (position, most_items)).fetchall():
                n += row[3]
                if found and n > most_items:
                    break
                found.append(Request(*row))
        return found

    def waiting(self, position: int) -> dict[str, int]:
        """Items behind a position, by source."""
        sql = "SELECT source, sum(n_items) FROM requests WHERE position > ? GROUP BY source"
        with self._reads:
            return dict(self._reading.execute(sql, (position,)).fetchall())


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")  # a commit is on disk before it is acknowledged
    connection.execute("PRAGMA secure_delete = ON")  # what was moved is overwritten: the store alone answers for it
    path.chmod(0o600)
    return connection


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _carried_out(connection: sqlite3.Connection, wanted: _Wanted) -> int:
    """The position of the last request that was kept, or up to which they were forgotten."""
    if wanted.until:
        connection.execute("DELETE FROM requests WHERE position <= ?", (wanted.until,))
        return wanted.until
    sql = "INSERT INTO requests (source, form, received_us, n_items, body) VALUES (?, ?, ?, ?, ?)"
    rows = [(one.source, one.form, one.received_us, one.n_items, one.body) for one in wanted.requests]
    connection.executemany(sql, rows)
    return int(connection.execute("SELECT last_insert_rowid()").fetchone()[0])


def _kept_bytes(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT coalesce(sum(length(body)), 0) FROM requests").fetchone()[0])


def _overwrite_log(connection: sqlite3.Connection) -> None:
    """The log still has what was deleted: write it away where nobody reads, and cut it."""
    with suppress(sqlite3.OperationalError):  # the next time, then
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
