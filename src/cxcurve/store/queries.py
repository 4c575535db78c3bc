"""The connection to the store's file: queries, temporary tables, transactions."""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import ibis.expr.types as ir
import pyarrow as pa
from ibis.backends.duckdb import Backend

from cxcurve.errors import StoreError
from cxcurve.store.engine import beside, checkpoint, connect, said_clearly
from cxcurve.store.session import is_running
from cxcurve.store.texts import Texts

MOST_COMPILED = 256
_TEXTS = Texts(MOST_COMPILED)


class Queries:
    """One connection to one file; `beside` it others may read."""

    def __init__(self, path: Path, backend: Backend | None = None) -> None:
        self.path = path
        self._backend = backend or connect(path)
        self.is_beside = backend is not None
        self._besides: list[Queries] = []
        self._texts = Texts(MOST_COMPILED)
        self._shapes: dict[str, ir.Table] = {}
        self._made: dict[tuple[str, pa.Schema], ir.Table] = {}
        self._there: set[str] = set()

    def beside(self) -> Self:
        """The same for reading while this one writes, by a connection of its own; closed with it."""
        other = type(self)(self.path, beside(self._backend))
        self._besides.append(other)
        return other

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the file back."""
        self._disconnect()
        self._besides.clear()

    def revive(self) -> bool:
        """Open the file anew where the engine has given up for good, as it does when a full disk stops it halfway.

        Returns:
            Whether it had.

        Raises:
            StoreError: it cannot be opened yet; nothing that was committed is lost by trying again.
        """
        try:
            self.rows("SELECT 1")
        except StoreError:
            self._disconnect()
            self._connect()
            return True
        return False

    def _disconnect(self) -> None:
        """From the file, which the engine holds as long as anybody reads beside."""
        for one in self._besides:
            one._backend.disconnect()
        self._backend.disconnect()

    def _connect(self) -> None:
        """To the file anew, and whoever reads beside."""
        self._backend = connect(self.path)
        self._forget_shapes()
        for one in self._besides:
            one._backend = beside(self._backend)
            one._forget_shapes()

    def _forget_shapes(self) -> None:
        for kept in (self._texts, self._shapes, self._made, self._there):
            kept.clear()

    def table(self, name: str) -> ir.Table:
        """A table by its name in `tables.py`. Its columns are asked for once: that takes as long as a small query."""
        if name not in self._shapes:
            with said_clearly():
                self._shapes[name] = self._backend.table(name)
        return self._shapes[name]

    def has(self, name: str) -> bool:
        """Whether a derived table was made yet; once it was, it stays."""
        if name not in self._there and self.rows("SELECT 1 FROM duckdb_tables() WHERE table_name = $1", name):
            self._there.add(name)
        return name in self._there

    def arrow(self, expression: ir.Table) -> pa.Table:
        """The rows of an expression."""
        rows, wanted = self.fetch(self.sql(expression)), expression.schema().to_pyarrow()
        columns = [rows[field.name].cast(field.type) for field in wanted]
        return pa.Table.from_arrays(columns, schema=wanted)

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

    def execute(self, sql: str, *parameters: Any) -> None:
        """Change something small, in SQL."""
        with said_clearly():
            self._backend.con.execute(sql, list(parameters))

    def sql(self, expression: ir.Table) -> str:
        """The expression in the engine's SQL."""
        return self._texts.get(expression.op(), lambda: str(self._backend.compile(expression)))

    def compiled(self, key: Hashable, build: Callable[[], ir.Table]) -> str:
        """The SQL of an expression that was built before under this key, be it over another store.

        Tables have the same names and columns in all of them.
        """
        return _TEXTS.get(key, lambda: str(self._backend.compile(build())))

    def temporary(self, name: str, rows: pa.Table) -> ir.Table:
        """A table of this connection only."""
        with self._registered(rows) as view:
            self.make_temporary(name, f"SELECT * FROM {view}")
        shape = name, rows.schema
        if shape not in self._made:
            self._made[shape] = self._backend.table(name)
        self._shapes[name] = self._made[shape]
        return self._shapes[name]

    def temporary_keys(self, name: str, keys: Sequence[int]) -> ir.Table:
        """The same of some customers: customer_key. A list is handed over more quickly than a table."""
        self.make_temporary(name, "SELECT unnest($1::INTEGER[]) AS customer_key", list(keys))
        return self.table(name)

    def temporary_from(self, name: str, sql: str) -> ir.Table:
        """The same from a query."""
        self.make_temporary(name, sql)
        self._shapes[name] = self._backend.table(name)
        return self._shapes[name]

    def make_temporary(self, name: str, sql: str, *parameters: Any) -> None:
        """The same, of a table that has the same columns each time, for `table` to give."""
        self.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {sql}", *parameters)

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

    def insert(self, name: str, sql: str) -> None:
        """Add what a query gives to a derived table; the table's types hold, whatever the engine makes of a sum."""
        self.execute(f"INSERT INTO {name} BY NAME {sql}")

    def spare_a_processor(self) -> None:
        """Leave one to who serves beside: queries of two connections on all of them keep each other waiting."""
        self.execute(f"SET threads = {max(1, (os.cpu_count() or 1) - 1)}")

    def checkpoint(self) -> None:
        """Write what is committed into the file proper; within a transaction that is nothing yet."""
        if not is_running(self._backend):
            with said_clearly():
                checkpoint(self._backend)
