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
import pandas as pd

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
        """The table's rows from the last value of the cursor on, less the overlap, in the cursor's order."""
        table, cursor = self._table(rows), self.settings.get("cursor")
        if cursor is not None and cursor not in table.columns:
            raise UnknownNameError(f"column of {rows}", cursor, table.columns)
        wanted = table if cursor is None else self._later(table, cursor, state).order_by(cursor)
        after: dict[str, Any] = dict(state)
        for batch in self._said(lambda: wanted.to_pyarrow_batches(chunk_size=ROWS_AT_ONCE)):
            frame = pd.DataFrame({name: plain(column) for name, column in zip(batch.schema.names, batch, strict=True)})
            found = [{str(k): v for k, v in row.items() if v is not None} for row in frame.to_dict("records")]
            if cursor is not None and found:
                after = {"after": max((row[cursor] for row in found if cursor in row), default=state.get("after"))}
            columns = dict.fromkeys(map(str, frame.columns))
            yield Page([columns | row for row in found], after)

    def _later(self, table: ir.Table, cursor: str, state: State) -> ir.Table:
        column, kind = table[cursor], table[cursor].type()
        after = state.get("after", self.settings.get("since"))
        if after is None:
            return table
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
