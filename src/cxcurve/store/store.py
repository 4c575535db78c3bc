"""The store: owns the connection, keeps events, customers and what is derived from them."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Self

import ibis.expr.types as ir
import pyarrow as pa
from ibis.backends.duckdb import Backend

from cxcurve import tables
from cxcurve.errors import StoreError
from cxcurve.store import consents, erasing, identity, log, retention, told
from cxcurve.store.additions import Additions
from cxcurve.store.engine import said_clearly
from cxcurve.store.log import Appended
from cxcurve.store.marks import ID_COLUMNS, leave_out, secret_of
from cxcurve.store.migrations import MIGRATIONS, create
from cxcurve.store.queries import Queries
from cxcurve.store.resolution import Id
from cxcurve.store.session import transaction
from cxcurve.tables import OPERATION, Operation, Purpose

SCORED_IN = ("meta", "touched")
"""What a score writes beside the derived tables."""


class Store(Queries):
    """One workspace's data. Close it when done: one process at a time can have it open."""

    def __init__(self, path: Path, backend: Backend | None = None) -> None:
        super().__init__(path, backend)
        self.additions = Additions(is_blind=self.is_beside)
        self._is_apart = False
        self.shared: dict[str, Any] = {}
        """What whoever writes has worked out, for those beside: each says itself of which state of the data it is."""
        try:
            if not self.is_beside:
                self._migrate()
        except BaseException:
            self.close()
            raise

    def beside(self) -> Self:
        """The same store for reading while this one is written, by a connection of its own; closed with it."""
        other = super().beside()
        other.shared = self.shared
        return other

    @contextmanager
    def apart(self) -> Iterator[Self]:
        """The same store to try a score in, as it was committed now, while this one is written.

        What a score writes are tables of that connection alone, which hide those of the file, and are gone after it.
        """
        other = super().beside()
        try:
            with other._transaction(keep=False):
                for name in SCORED_IN:
                    other._copy_apart(name)
                other._is_apart = True
                yield other
        finally:
            if other in self._besides:  # unless the file was given back meanwhile
                self._besides.remove(other)
            other._backend.disconnect()

    def _copy_apart(self, name: str) -> None:
        made, file = self.rows("SELECT sql, current_database() FROM duckdb_tables() WHERE table_name = $1", name)[0]
        self.execute(made.replace("CREATE TABLE", "CREATE TEMP TABLE", 1))
        self.execute(f'INSERT INTO temp.{name} SELECT * FROM "{file}".main.{name}')

    # --- reading

    def events(self, purpose: Purpose | Operation) -> ir.Table:
        """Events as `tables.EVENTS`, with `customer_id`, keys and `occurred_at`; those that may be used for it."""
        return self._backend.table(self.events_name(purpose))

    def events_name(self, purpose: Purpose | Operation) -> str:
        """What SQL calls them."""
        return "events" if purpose == OPERATION else f"{purpose}_events"

    def log(self, purpose: Purpose | Operation) -> ir.Table:
        """The same with integer keys only: what analysis reads. `person_id` is everybody's last id."""
        return self.table(self.log_name(purpose)).drop("person_id").rename(person_id="speaker")

    def log_name(self, purpose: Purpose | Operation) -> str:
        """What SQL calls it."""
        return "event_log" if purpose == OPERATION else f"{purpose}_log"

    def signal_keys(self) -> dict[str, int]:
        """Integer key of every event name seen."""
        return dict(self.rows("SELECT name, signal_key FROM signal_keys"))

    def customer_key(self, customer_id: str) -> int | None:
        """Integer key of a customer, None when unknown."""
        rows = self.rows("SELECT customer_key FROM customer_keys WHERE customer_id = $1", customer_id)
        return rows[0][0] if rows else None

    def meta(self, key: str) -> str | None:
        """A remembered fact about the store."""
        rows = self.rows("SELECT value FROM meta WHERE key = $1", key)
        return rows[0][0] if rows else None

    def metas(self) -> dict[str, str]:
        """All of them at once: each question takes the engine as long."""
        return dict(self.rows("SELECT key, value FROM meta"))

    def touched(self, before_us: int = 2**62) -> list[int]:
        """Customers whose events, seats or segment of before a moment changed since the last score, in order."""
        sql = "SELECT DISTINCT customer_key FROM touched WHERE since_us < $1 ORDER BY 1"
        return [key for (key,) in self.rows(sql, before_us)]

    @property
    def has_touched(self) -> bool:
        """Whether anything that is scored changed since the last score."""
        return bool(self.rows("SELECT 1 FROM touched LIMIT 1"))

    def touched_since(self) -> int | None:
        """From when on something changed since the last score; None where nothing did."""
        since: int | None = self.rows("SELECT min(since_us) FROM touched")[0][0]
        return since

    # --- writing

    def transaction(self) -> AbstractContextManager[None]:
        """All of a step, or nothing of it."""
        return self._transaction(keep=True)

    def trial(self) -> AbstractContextManager[None]:
        """Changes that are seen inside the block and gone after it."""
        assert not self.is_beside, "what is only tried would stay, or be in the way of the one who writes"
        return self._transaction(keep=False)

    @contextmanager
    def _transaction(self, *, keep: bool) -> Iterator[None]:
        number, is_kept = self.additions.number, False
        try:
            with transaction(self._backend, keep=keep):
                yield
            is_kept = keep
        finally:
            if not is_kept:
                self._there.clear()  # what was made in it is gone
                if self.additions.number != number:
                    self.additions.lose()

    def append(self, events: pa.Table) -> Appended:
        """Add events to the log, once each (see `log.append`)."""
        with self.transaction():
            counts = log.append(self._backend, events, self._secret, self.additions)
            self._fold_own()
        return counts

    def replace_keys(self, source: str, row_keys: Sequence[str], events: pa.Table) -> Appended:
        """Make the events of staged keys exactly these (see `log.replace_keys`)."""
        self.additions.lose()
        with self.transaction():
            counts = log.replace_keys(self._backend, source, row_keys, events, self._secret)
            self._fold_own()
        return counts

    def remember(self, key: str, value: str, **more: str) -> None:
        """Keep a fact about the store, or several by their names."""
        facts = {key: value, **more}
        places = ", ".join(f"(${2 * n + 1}, ${2 * n + 2})" for n in range(len(facts)))
        self.execute(f"INSERT OR REPLACE INTO meta VALUES {places}", *(word for fact in facts.items() for word in fact))

    def versions(self, as_of_us: int) -> list[str]:
        """The documents of the versions of the weights known at as_of, in order of time."""
        sql = "SELECT document FROM versions WHERE as_of_us <= $1 ORDER BY as_of_us, number"
        return [document for (document,) in self.rows(sql, as_of_us)]

    def upsert(self, table: tables.Table, rows: pa.Table) -> None:
        """Write rows by the table's key; of twins in `rows` the last wins."""
        known = {tables.CUSTOMERS.name: self.upsert_customers, tables.PEOPLE.name: self.upsert_people}
        if table.name in known:
            known[table.name](rows)
        elif table.name == tables.QUARANTINE.name:
            self._upsert(table, erasing.without_erased(self._backend, rows, self._secret))
        else:
            self._upsert(table, rows)

    def _upsert(self, table: tables.Table, rows: pa.Table) -> None:
        if not rows.num_rows:
            return
        names = ", ".join(f'"{name}"' for name in table.column_names)
        keys = ", ".join(table.key)
        numbered = rows.append_column("n", pa.array(range(rows.num_rows)))
        with self._registered(numbered) as view, self.transaction():
            self.execute(
                f"INSERT OR REPLACE INTO {table.name} ({names}) SELECT {names} FROM {view} "
                f"QUALIFY row_number() OVER (PARTITION BY {keys} ORDER BY n DESC) = 1"
            )

    def upsert_customers(self, customers: pa.Table, source: str = "") -> None:
        """Write what a source says of customers (`tables.CUSTOMERS`); whose seats or segment change is scored anew."""
        self.shared.clear()  # seats of accounts without events count as well
        with said_clearly(), self.transaction():
            told.tell_customers(self._backend, customers, source, self._secret)

    def upsert_people(self, people: pa.Table, source: str = "") -> None:
        """Write people; events that a person made before the account was known move to the account."""
        with said_clearly(), self.transaction(), self._judging():
            persons = told.tell_people(self._backend, people, source, self._secret)
            log.move_people(self._backend)
            if joined := identity.linked(self._backend, persons):
                identity.settle(self._backend, joined)
            told.fold_people(self._backend, persons)
            self._fold_own()

    def _fold_own(self) -> None:
        if told.fold_own(self._backend):
            self.shared.clear()

    def forget_quarantine(self, source: str, file: str, before_us: int) -> None:
        """Drop what a file's earlier load refused and its latest load did not."""
        with said_clearly():
            self._backend.con.execute(
                "DELETE FROM quarantine WHERE source = $1 AND file = $2 AND seen_us < $3 AND kind <> 'conflict'",
                [source, file, before_us],
            )

    # --- erasing

    def ids_of(self, kind: str, id_: str) -> set[Id]:
        """All ids of somebody (see `erasing.ids_of`); none where nothing names him."""
        return erasing.ids_of(self._backend, kind, id_) if erasing.is_known(self._backend, kind, id_) else set()

    def erase(self, ids: Collection[Id], erased_us: int) -> dict[str, int]:
        """Delete what names these ids, for good; returns the rows deleted by table."""
        self.additions.lose()
        self.shared.clear()
        with self.transaction():
            deleted = erasing.erase(self._backend, ids, erased_us, self._secret())
            self._fold_own()
        return deleted

    def forget_stories(self, customer_ids: Collection[str]) -> int:
        """Take what reports tell of single customers out of them; returns how many stories that were."""
        with self.transaction():
            return erasing.delete_stories(self._backend, customer_ids)

    def retire(self, before_us: Mapping[str, int], quarantine_before_us: int | None) -> dict[str, int]:
        """Delete what is older than it may be kept (see `retention.retire`)."""
        self.additions.lose()
        self.shared.clear()
        with self.transaction():
            deleted = retention.retire(self._backend, before_us, quarantine_before_us)
            self._fold_own()
        return deleted

    def rewrite(self) -> None:
        """Write the file anew, without what was deleted: an engine keeps the blocks it frees."""
        fresh = erasing.rewrite(self._backend, self.path)
        self._disconnect()
        fresh.replace(self.path)
        self.path.with_name(f"{self.path.name}.wal").unlink(missing_ok=True)
        self._connect()

    @property
    def contact_key(self) -> bytes:
        """The key of the hashes of addresses and numbers, made from the workspace's secret."""
        return hmac.new(self._secret(), b"contacts", hashlib.sha256).digest()

    def _secret(self) -> bytes:
        return secret_of(self.path.parent)

    def record_links(self, links: pa.Table) -> int:
        """Keep statements of who is who (`tables.LINKS`), each once; returns how many are new."""
        with self.transaction(), self._judging():
            n = identity.record(self._backend, links, self._secret)
            self._fold_own()
        return n

    def record_traits(self, traits: pa.Table) -> None:
        """Keep what was told of persons and accounts (`tables.TRAITS`), each once; nothing of the erased."""
        if traits.num_rows:
            self.shared.clear()
        with said_clearly(), self.transaction():
            told.tell_traits(self._backend, traits, self._secret)
            self._fold_own()

    def record_consents(self, said: pa.Table) -> int:
        """Keep what people allow and withdraw (`tables.CONSENTS`), each once; returns how many are new."""
        if not said.num_rows:
            return 0
        with self._judging():
            return consents.record(self._backend, said, self._secret)

    def record_consents_of(self, people: pa.Table, source: str, seen_us: int) -> None:
        """Keep what a source's table of people says of consent, where that is news."""
        with said_clearly(), self.transaction(), self._judging():
            consents.record_of_people(self._backend, people, source, seen_us, self._secret)

    def denied(self, purpose: Purpose, now_us: int) -> set[str]:
        """The customers whose data may not be used for a purpose now (see `consents.denied`)."""
        return consents.denied(self._backend, purpose, now_us)

    def set_default_purposes(self, purposes: Collection[Purpose]) -> None:
        """What events may be used for about which nobody said anything."""
        if not consents.is_default(self._backend, purposes):
            with self._judging():
                consents.set_default(self._backend, purposes)

    def undo_link(self, link_id: str, undone_us: int) -> None:
        """Take a statement of who is who back (see `identity.undo`)."""
        with self.transaction(), self._judging():
            identity.undo(self._backend, link_id, undone_us)
            self._fold_own()

    @contextmanager
    def _judging(self) -> Iterator[None]:
        """Inside, what events may be used for may change: who keeps a sum over them counts anew then."""
        before = self.meta(consents.JUDGED)
        yield
        if self.meta(consents.JUDGED) != before:
            self.additions.lose()
            self.shared.clear()

    def conflicts(self) -> Sequence[tuple[Id, list[Id]]]:
        """The ids of which statements contradict each other, with whose they may be."""
        return identity.conflicts(self._backend)

    def stage(self, source: str, rows: pa.Table) -> None:
        """Keep raw rows of a source with `by`, and remember that the events of their keys are to be derived.

        Rows of the erased are left out, where `rows` say whose they are (`account_id`, ...) and until when (`at_us`).
        """
        names = ", ".join(tables.STAGED.column_names)
        numbered = rows.append_column("n", pa.array(range(rows.num_rows)))
        with self._registered(numbered) as view, self.transaction():
            self.execute(f"CREATE OR REPLACE TEMP TABLE staged_now AS SELECT * FROM {view}")
            if "at_us" in rows.column_names:
                leave_out(self._backend, "staged_now", ID_COLUMNS, "coalesce(at_us, 0)", self._secret)
            self.execute(
                f"INSERT OR REPLACE INTO staged ({names}) SELECT {names} FROM staged_now "
                "QUALIFY row_number() OVER (PARTITION BY source, row_id ORDER BY n DESC) = 1"
            )
            self.execute("INSERT INTO pending_keys SELECT DISTINCT $1, row_key FROM staged_now", source)

    def forget_staged(self, source: str, row_keys: Sequence[str], marked: str) -> None:
        """Drop the rows of keys that are gone where they come from, but for those whose id begins with `marked`.

        Rows that are sent late would otherwise bring the events back.
        """
        keys = pa.table({"row_key": pa.array(row_keys, pa.string())})
        with self._registered(keys) as view:
            self.execute(
                f"DELETE FROM staged WHERE source = $1 AND row_key IN (SELECT row_key FROM {view}) "
                "AND NOT starts_with(row_id, $2)",
                source,
                marked,
            )

    def pending_keys(self, source: str, most: int) -> list[str]:
        """Keys of a source whose events are still to be derived."""
        sql = "SELECT DISTINCT row_key FROM pending_keys WHERE source = $1 ORDER BY 1 LIMIT $2"
        return [key for (key,) in self.rows(sql, source, most)]

    def staged(self, source: str, row_keys: Sequence[str]) -> pa.Table:
        """All rows of some keys."""
        keys = self.temporary("wanted_keys", pa.table({"row_key": pa.array(row_keys, pa.string())}))
        table = self.table("staged")
        return self.arrow(table.filter(table.source == source).semi_join(keys, "row_key"))

    def replace(self, name: str, rows: pa.Table) -> None:
        """Make a derived table exactly `rows`."""
        self.clear(name, None)
        self.add(name, rows)

    def clear(self, name: str, keys: Sequence[int] | None, where: str = "TRUE") -> None:
        """Empty a derived table, made when missing, or drop the rows of some customers, of those that `where` says."""
        if keys is None or not self.has(name):
            self._shapes.pop(name, None)
            self.execute(f"DROP TABLE IF EXISTS {'temp.' if self._is_apart else ''}{name}")
            self.execute(create(tables.DERIVED[name], is_temporary=self._is_apart))
            return
        chosen = "customer_key IN (SELECT unnest($1::INTEGER[]))"
        self.execute(f"DELETE FROM {name} WHERE {chosen} AND {where}", list(keys))

    def add(self, name: str, rows: pa.Table) -> None:
        """Add rows to a derived table."""
        with self._registered(rows) as view:
            self.insert(name, f"SELECT * FROM {view}")

    def compact(self) -> None:
        """Cluster the log by customer and time, so that one customer's events lie together."""
        with said_clearly(), self.transaction():
            self._backend.raw_sql(
                "CREATE OR REPLACE TABLE event_log AS "
                "SELECT * FROM event_log ORDER BY customer_key, occurred_us, event_id"
            )
        self.checkpoint()

    # --- the schema

    def _migrate(self) -> None:
        version = int(self.meta("schema_version") or 0) if self.has("meta") else 0
        if version > len(MIGRATIONS):
            raise StoreError(
                f"{self.path}: was written by a newer cxcurve (schema {version}, this one knows {len(MIGRATIONS)}). "
                "Upgrade cxcurve and try again."
            )
        for number in range(version, len(MIGRATIONS)):
            with said_clearly(), self.transaction():
                for statement in MIGRATIONS[number]:
                    self._backend.raw_sql(statement)
                self.remember("schema_version", str(number + 1))
