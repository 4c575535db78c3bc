"""Tables of a warehouse as sources: any connection that Ibis knows; columns keep the names they have there.

    orders:
      connect: {service: warehouse, url: "postgresql://reader@db.acme.example/dwh", rows: analytics.fct_orders,
                cursor: updated_at}

The password is a secret (CXCURVE_WAREHOUSE_PASSWORD). Models of dbt are tables: what dbt calls a column is what the
mapping calls it. Without `cursor` the whole table is read each time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import ibis
import ibis.expr.types as ir

from cxcurve.errors import ConnectError, UnknownNameError, clip
from cxcurve.model.durations import Duration
from cxcurve.sources.connectors.contract import Page, SecretOf, State
from cxcurve.sources.connectors.secrets import scrubbed
from cxcurve.sources.reading import plain

ROWS_AT_ONCE = 5000
_KNOWN = ("url", "cursor", "overlap", "since")


@dataclass
class Warehouse:
    """A connector (`contract.Connector`) whose kinds of rows are tables, `table` or `schema.table`."""

    settings: Mapping[str, str]
    secret_of: SecretOf = field(repr=False)

    def __post_init__(self) -> None:
        for name in self.settings:
            if name not in _KNOWN:
                raise UnknownNameError("setting", name, _KNOWN)
        if "url" not in self.settings:
            raise ConnectError('warehouse: needs `url` beside `connect:`, such as "postgresql://reader@host/database"')
        self._secrets: list[str] = []
        self._backend = self._connected()

    def pages(self, rows: str, state: State) -> Iterator[Page]:
        """The table's rows from the last value of the cursor on, less the overlap, in the cursor's order.

        A row without a value of the cursor is not read: nothing would say whether it changed.
        """
        table, cursor = self._table(rows), self.settings.get("cursor")
        if cursor is None:
            found = self._fetched(table)
            for at in range(0, len(found), ROWS_AT_ONCE):
                yield Page(found[at : at + ROWS_AT_ONCE], {})
            return
        if cursor not in table.columns:
            raise UnknownNameError(f"column of {rows}", cursor, table.columns)
        wanted, after = self._begin(table, cursor, state), state.get("after")
        while found := self._fetched(wanted.order_by(cursor).limit(ROWS_AT_ONCE)):
            last, is_full = found[-1][cursor], len(found) == ROWS_AT_ONCE
            value = ibis.literal(last).cast(table[cursor].type())
            if is_full and found[0][cursor] == last:  # more rows of one moment than a page holds
                found = self._fetched(table.filter(table[cursor] == value))
                wanted = table.filter(table[cursor] > value)
            elif is_full:  # the next page begins with the moment that this one may have cut
                found = [row for row in found if row[cursor] != last]
                wanted = table.filter(table[cursor] >= value)
            after = found[-1][cursor]
            yield Page(found, {"after": after})
            if not is_full:
                return

    def _fetched(self, table: ir.Table) -> list[dict[str, Any]]:
        """All rows, with every column, null or not: a table always has its columns."""
        result = self._said(table.to_pyarrow)
        columns = {name: list(plain(result[name].combine_chunks())) for name in result.column_names}
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]

    def _begin(self, table: ir.Table, cursor: str, state: State) -> ir.Table:
        column, kind = table[cursor], table[cursor].type()
        after = state.get("after", self.settings.get("since"))
        if after is None:
            return table.filter(column.notnull())
        value = ibis.literal(after).cast(kind)
        if kind.is_timestamp():
            overlap = Duration.parse(self.settings.get("overlap", "10m"))
            value = value - ibis.interval(seconds=round(overlap.seconds))
        return table.filter(column >= value)

    def _table(self, name: str) -> ir.Table:
        schema, _, table = name.rpartition(".")
        found: ir.Table = self._said(lambda: self._backend.table(table, database=schema or None))
        return found

    def _connected(self) -> Any:
        parts = urlsplit(self.settings["url"])
        if parts.username and parts.password is None:
            password = self.secret_of("password")
            self._secrets += [password, quote(password, safe="")]
            host = parts.netloc.rpartition("@")[2]
            parts = parts._replace(netloc=f"{parts.username}:{quote(password, safe='')}@{host}")
        return self._said(lambda: ibis.connect(urlunsplit(parts)))

    def _said(self, do: Any) -> Any:
        """The engines have errors of their own, too many to name, and some quote the address with the password."""
        try:
            return do()
        except Exception as error:
            text = clip(str(error).partition("\n")[0], 200)
            raise ConnectError(scrubbed(f"warehouse: {type(error).__name__}: {text}", self._secrets)) from None
