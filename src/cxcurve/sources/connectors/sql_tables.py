"""Tables of any database that SQLAlchemy knows, where Ibis has no backend or its driver is another.

    orders:
      connect: {service: warehouse, url: "oracle+oracledb://reader@db.acme.example/dwh", rows: analytics.fct_orders,
                cursor: updated_at}

The url says which driver, as SQLAlchemy has it; the password is a secret (CXCURVE_WAREHOUSE_PASSWORD).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from importlib.metadata import entry_points
from math import isnan
from typing import Any
from urllib.parse import urlsplit

from cxcurve.errors import ConnectError, UnknownNameError
from cxcurve.model.durations import Duration
from cxcurve.sources.connectors.contract import Page, SecretOf, State
from cxcurve.sources.sql import Database

ROWS_AT_ONCE = 5000
KNOWN = ("url", "cursor", "overlap", "since")
_OF_IBIS = ("postgresql", "file", "md", "motherduck")


def is_sql(url: str) -> bool:
    """Whether an address is SQLAlchemy's: it names a driver (`mssql+pyodbc:`), or a database Ibis does not know."""
    scheme = urlsplit(url).scheme
    ours = {point.name for point in entry_points(group="ibis.backends")} | {*_OF_IBIS, ""}
    return "+" in scheme or scheme not in ours


@dataclass
class SqlTables:
    """A connector (`contract.Connector`) whose kinds of rows are tables or views, `table` or `schema.table`."""

    settings: Mapping[str, str]
    secret_of: SecretOf = field(repr=False)

    def __post_init__(self) -> None:
        for name in self.settings:
            if name not in KNOWN:
                raise UnknownNameError("setting", name, KNOWN)
        self._database = Database("warehouse", self.settings["url"], self.secret_of)

    def pages(self, rows: str, state: State) -> Iterator[Page]:
        """The table's rows from the last value of the cursor on, less the overlap, in the cursor's order.

        A row without a value of the cursor is not read: nothing would say whether it changed.
        """
        import sqlalchemy as sa

        table, cursor = self._table(rows), self.settings.get("cursor")
        if cursor is None:
            yield from self._whole(table)
            return
        if cursor not in table.c:
            raise UnknownNameError(f"column of {rows}", cursor, table.c.keys())
        column = table.c[cursor]
        wanted = self._begin(column, state)
        while True:
            asked = sa.select(table).where(wanted).order_by(column).limit(ROWS_AT_ONCE)
            found = self._fetched(asked)
            if not found:
                return
            last, is_full = found[-1][cursor], len(found) == ROWS_AT_ONCE
            if is_full and found[0][cursor] == last:  # more rows of one moment than a page holds
                found, wanted = self._fetched(sa.select(table).where(column == last)), column > last
            elif is_full:  # the next page begins with the moment that this one may have cut
                found, wanted = [row for row in found if row[cursor] != last], column >= last
            yield Page([_plain(row) for row in found], {"after": _value(found[-1][cursor])})
            if not is_full:
                return

    def _whole(self, table: Any) -> Iterator[Page]:
        import sqlalchemy as sa

        with self._database.said(self._database.engine.connect) as connection:
            asked = connection.execution_options(stream_results=True)
            result = self._database.said(lambda: asked.execute(sa.select(table))).mappings()
            while some := self._database.said(lambda: result.fetchmany(ROWS_AT_ONCE)):
                yield Page([_plain(row) for row in some], {})

    def _fetched(self, asked: Any) -> list[Mapping[str, Any]]:
        def fetch() -> list[Mapping[str, Any]]:
            with self._database.engine.connect() as connection:
                return list(connection.execute(asked).mappings())

        return self._database.said(fetch)

    def _begin(self, column: Any, state: State) -> Any:
        after = state.get("after", self.settings.get("since"))
        if after is None:
            return column.is_not(None)
        value = _as(after, column)
        if isinstance(value, datetime):
            value -= timedelta(seconds=Duration.parse(self.settings.get("overlap", "10m")).seconds)
        return column >= value

    def _table(self, name: str) -> Any:
        import sqlalchemy as sa

        schema, _, table = name.rpartition(".")
        engine, cursor = self._database.engine, self.settings.get("cursor")
        options = {"schema": schema or None, "autoload_with": engine, "resolve_fks": False}
        # SQLite has no times but texts, and those of other programs are not written as SQLAlchemy compares them.
        texts = [sa.Column(cursor, sa.String)] if cursor and engine.dialect.name == "sqlite" else []
        try:
            found = self._database.said(lambda: sa.Table(table, sa.MetaData(), **options))
            is_text = texts and cursor is not None and cursor in found.c
            return sa.Table(table, sa.MetaData(), *texts, **options) if is_text else found
        except ConnectError as error:
            if "NoSuchTableError" not in str(error):
                raise
            raise ConnectError(f"warehouse: there is no table {name}, or its user may not see it") from None


def _as(value: Any, column: Any) -> Any:
    """What stands in a state or a setting, as the column has it."""
    try:
        kind = column.type.python_type
    except NotImplementedError:
        return value
    if not isinstance(value, str):
        return value
    if issubclass(kind, datetime):
        return datetime.fromisoformat(value)
    return date.fromisoformat(value[:10]) if issubclass(kind, date) else value


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _value(value) for name, value in row.items()}


def _value(value: Any) -> Any:
    """As plain JSON: times as ISO text, decimals exact as text, bytes as hexadecimal, NaN as null."""
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    if isinstance(value, float) and isnan(value):
        return None
    return str(value) if isinstance(value, Decimal) or not _is_json(value) else value


def _is_json(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float | bool | list | dict)
