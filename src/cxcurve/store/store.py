"""The store: owns the connection, keeps events, customers and what is derived from them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Hashable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import ibis.expr.types as ir
import pyarrow as pa

from cxcurve import tables
from cxcurve.errors import StoreError
from cxcurve.store import erasing, identity, log
from cxcurve.store.engine import connect, said_clearly
from cxcurve.store.log import Appended
from cxcurve.store.marks import ID_COLUMNS, leave_out, secret_of
from cxcurve.store.migrations import MIGRATIONS, create
from cxcurve.store.resolution import Id
from cxcurve.store.session import transaction

MOST_COMPILED, MOST_PREPARED = 64, 16


class Store:
    """One workspace's data. Close it when done: one process at a time can have it open."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._backend = connect(path)
        self._compiled: dict[Hashable, str] = {}
        try:
            self._migrate()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Give the file back."""
        self._backend.disconnect()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- reading

    @property
    def events(self) -> ir.Table:
        """Events as `tables.EVENTS`, with `customer_id`, the integer keys, and `occurred_at`."""
        return self._backend.table("events")

    @property
    def log(self) -> ir.Table:
        """The events with integer keys only: what analysis reads. `person_id` is everybody's last id."""
        return self._backend.table("event_log").drop("person_id").rename(person_id="speaker")

    def table(self, name: str) -> ir.Table:
        """A table by its name in `tables.py`."""
        return self._backend.table(name)

    def has(self, name: str) -> bool:
        """Whether a derived table was made yet."""
        return bool(self.rows("SELECT 1 FROM duckdb_tables() WHERE table_name = $1", name))

    def arrow(self, expression: ir.Table) -> pa.Table:
        """The rows of an expression."""
        with said_clearly():
            return self._backend.to_pyarrow(expression)

    def fetch(self, sql: str) -> pa.Table:
        """Rows of a query as Arrow, in no order."""
        with said_clearly():
            return self._backend.con.sql(sql).to_arrow_table()

    def records(self, sql: str, *parameters: Any) -> list[dict[str, Any]]:
        """A few rows of a query as dictionaries, in no order; quicker than `fetch`, which binds twice."""
        with said_clearly():
            result = self._backend.con.execute(sql, list(parameters))
            names = [column[0] for column in result.description]
            return [dict(zip(names, row, strict=True)) for row in result.fetchall()]

    def rows(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Rows of a small question in SQL."""
        with said_clearly():
            found: list[tuple[Any, ...]] = self._backend.con.execute(sql, list(parameters)).fetchall()
        return found

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

    def touched(self) -> list[int]:
        """Customers whose events, seats or segment changed since the last score, in order of their keys."""
        return [key for (key,) in self.rows("SELECT DISTINCT customer_key FROM touched ORDER BY 1")]

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
        return transaction(self._backend)

    def trial(self) -> AbstractContextManager[None]:
        """Changes that are seen inside the block and gone after it."""
        return transaction(self._backend, keep=False)

    def append(self, events: pa.Table) -> Appended:
        """Add events to the log, once each (see `log.append`)."""
        return log.append(self._backend, events, self._secret)

    def replace_keys(self, source: str, row_keys: Sequence[str], events: pa.Table) -> Appended:
        """Make the events of staged keys exactly these (see `log.replace_keys`)."""
        return log.replace_keys(self._backend, source, row_keys, events, self._secret)

    def remember(self, key: str, value: str) -> None:
        """Keep a fact about the store."""
        with said_clearly():
            self._backend.con.execute("INSERT OR REPLACE INTO meta VALUES ($1, $2)", [key, value])

    def versions(self, as_of_us: int) -> list[str]:
        """The documents of the versions of the weights known at as_of, in order of time."""
        sql = "SELECT document FROM versions WHERE as_of_us <= $1 ORDER BY as_of_us, number"
        return [document for (document,) in self.rows(sql, as_of_us)]

    def upsert(self, table: tables.Table, rows: pa.Table) -> None:
        """Write rows by the table's key; of twins in `rows` the last wins."""
        if not rows.num_rows:
            return
        names = ", ".join(f'"{name}"' for name in table.column_names)
        keys = ", ".join(table.key)
        numbered = rows.append_column("n", pa.array(range(rows.num_rows)))
        with self._registered(numbered) as view, self.transaction():
            if table is tables.CUSTOMERS:
                self._touch_changed(view)
            self.execute(
                f"INSERT OR REPLACE INTO {table.name} ({names}) SELECT {names} FROM {view} "
                f"QUALIFY row_number() OVER (PARTITION BY {keys} ORDER BY n DESC) = 1"
            )

    def _touch_changed(self, view: str) -> None:
        """Customers whose seats or segment are not what they were are to be scored anew; of others there is no news."""
        self.execute(
            f"INSERT INTO touched SELECT k.customer_key, v.valid_from_us FROM {view} AS v "
            "JOIN customer_keys AS k USING (customer_id) LEFT JOIN customers AS c USING (customer_id, valid_from_us) "
            "WHERE c.customer_id IS NULL OR c.seats IS DISTINCT FROM v.seats OR c.segment IS DISTINCT FROM v.segment"
        )

    def forget_quarantine(self, source: str, file: str, before_us: int) -> None:
        """Drop what a file's earlier load refused and its latest load did not."""
        with said_clearly():
            self._backend.con.execute(
                "DELETE FROM quarantine WHERE source = $1 AND file = $2 AND seen_us < $3 AND kind <> 'conflict'",
                [source, file, before_us],
            )

    def upsert_people(self, people: pa.Table) -> None:
        """Write people; events that a person made before the account was known move to the account."""
        with said_clearly(), self.transaction():
            self.upsert(tables.PEOPLE, people)
            log.move_people(self._backend)
            persons = [("person", id_) for id_ in people["person_id"].to_pylist()]
            if joined := identity.linked(self._backend, persons):
                identity.settle(self._backend, joined)

    # --- erasing

    def ids_of(self, kind: str, id_: str) -> set[Id]:
        """All ids of somebody (see `erasing.ids_of`); none where nothing names him."""
        return erasing.ids_of(self._backend, kind, id_) if erasing.is_known(self._backend, kind, id_) else set()

    def erase(self, ids: Collection[Id], erased_us: int) -> dict[str, int]:
        """Delete what names these ids, for good; returns the rows deleted by table."""
        return erasing.erase(self._backend, ids, erased_us, self._secret())

    def rewrite(self) -> None:
        """Write the file anew, without what was deleted: an engine keeps the blocks it frees."""
        fresh = erasing.rewrite(self._backend, self.path)
        self._backend.disconnect()
        fresh.replace(self.path)
        self.path.with_name(f"{self.path.name}.wal").unlink(missing_ok=True)
        self._backend = connect(self.path)

    def _secret(self) -> bytes:
        return secret_of(self.path.parent)

    def record_links(self, links: pa.Table) -> int:
        """Keep statements of who is who (`tables.LINKS`), each once; returns how many are new."""
        return identity.record(self._backend, links)

    def record_traits(self, traits: pa.Table) -> None:
        """Keep what was told of persons and accounts (`tables.TRAITS`), each once; nothing of the erased."""
        names = ", ".join(tables.TRAITS.column_names)
        with self._registered(traits) as view, self.transaction():
            ids = ", ".join(f"CASE id_kind WHEN '{kind}' THEN id END AS {name}" for name, kind in ID_COLUMNS.items())
            self.execute(f"CREATE OR REPLACE TEMP TABLE told AS SELECT *, {ids} FROM {view}")
            leave_out(self._backend, "told", ID_COLUMNS, "said_us", self._secret)
            self.execute(f"INSERT OR IGNORE INTO traits ({names}) SELECT {names} FROM told")
            self.execute("DROP TABLE told")

    def undo_link(self, link_id: str, undone_us: int) -> None:
        """Take a statement of who is who back (see `identity.undo`)."""
        identity.undo(self._backend, link_id, undone_us)

    def conflicts(self) -> Sequence[tuple[Id, list[Id]]]:
        """The ids of which statements contradict each other, with whose they may be."""
        return identity.conflicts(self._backend)

    def stage(self, source: str, rows: pa.Table) -> None:
        """Keep raw rows of a source with `by`, and remember that the events of their keys are to be derived."""
        names = ", ".join(tables.STAGED.column_names)
        numbered = rows.append_column("n", pa.array(range(rows.num_rows)))
        with self._registered(numbered) as view, self.transaction():
            self.execute(
                f"INSERT OR REPLACE INTO staged ({names}) SELECT {names} FROM {view} "
                "QUALIFY row_number() OVER (PARTITION BY source, row_id ORDER BY n DESC) = 1"
            )
            self.execute(f"INSERT INTO pending_keys SELECT DISTINCT $1, row_key FROM {view}", source)

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
            self.execute(f"DROP TABLE IF EXISTS {name}")
            self.execute(create(tables.DERIVED[name]))
            return
        self.temporary("cleared_keys", pa.table({"customer_key": pa.array(keys, pa.int32())}))
        self.execute(f"DELETE FROM {name} WHERE customer_key IN (SELECT customer_key FROM cleared_keys) AND {where}")

    def add(self, name: str, rows: pa.Table) -> None:
        """Add rows to a derived table."""
        with self._registered(rows) as view:
            self.insert(name, f"SELECT * FROM {view}")

    def insert(self, name: str, sql: str) -> None:
        """Add what a query gives to a derived table; the table's types hold, whatever the engine makes of a sum."""
        self.execute(f"INSERT INTO {name} BY NAME {sql}")

    def sql(self, expression: ir.Table) -> str:
        """The expression in the engine's SQL, for repeated use."""
        return str(self._backend.compile(expression))

    def compiled(self, key: Hashable, build: Callable[[], ir.Table]) -> str:
        """The SQL of an expression that was built before under this key; building costs more than most queries."""
        if key not in self._compiled:
            if len(self._compiled) >= MOST_COMPILED:
                self._compiled.pop(next(iter(self._compiled)))
            self._compiled[key] = self.sql(build())
        return self._compiled[key]

    def prepared(self, key: Hashable, build: Callable[[], ir.Table]) -> list[dict[str, Any]]:
        """Rows of a query asked again and again: reading so long a text takes the engine as long as answering it."""
        name = f"prepared_{hashlib.sha256(repr(key).encode()).hexdigest()[:16]}"
        known = [one for (one,) in self.rows("SELECT name FROM duckdb_prepared_statements()")]
        if name not in known:
            if len(known) >= MOST_PREPARED:
                self.execute(f"DEALLOCATE {known[0]}")
            self.execute(f"PREPARE {name} AS {self.sql(build())}")
        return self.records(f"EXECUTE {name}")

    def temporary(self, name: str, rows: pa.Table) -> ir.Table:
        """A table of this connection only."""
        with self._registered(rows) as view:
            return self.temporary_from(name, f"SELECT * FROM {view}")

    def temporary_from(self, name: str, sql: str) -> ir.Table:
        """The same from a query."""
        self.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {sql}")
        return self._backend.table(name)

    def drop_temporary(self, name: str) -> None:
        """Free such a table."""
        self.execute(f"DROP TABLE IF EXISTS temp.{name}")

    @contextmanager
    def _registered(self, rows: pa.Table) -> Iterator[str]:
        self._backend.con.register("rows_view", rows)
        try:
            yield "rows_view"
        finally:
            self._backend.con.unregister("rows_view")

    def execute(self, sql: str, *parameters: Any) -> None:
        """Change something small, in SQL."""
        with said_clearly():
            self._backend.con.execute(sql, list(parameters))

    def compact(self) -> None:
        """Cluster the log by customer and time, so that one customer's events lie together."""
        with said_clearly(), self.transaction():
            self._backend.raw_sql(
                "CREATE OR REPLACE TABLE event_log AS "
                "SELECT * FROM event_log ORDER BY customer_key, occurred_us, event_id"
            )
        self.checkpoint()

    def checkpoint(self) -> None:
        """Write what is committed into the file proper."""
        with said_clearly():
            self._backend.raw_sql("CHECKPOINT")

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
