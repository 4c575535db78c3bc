"""A table of any database that SQLAlchemy knows: rows are updated by their key, new ones added."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from cxcurve.errors import ConnectError
from cxcurve.model.destinations import FIELDS, Destination, Kind
from cxcurve.sources.connectors.contract import SecretOf
from cxcurve.sources.sql import Database
from cxcurve.sources.writing.contract import Record, Refusal, Value
from cxcurve.sources.writing.halving import BatchRefusedError, halved


class Table:
    """A writer (`contract.Writer`) of one table."""

    at_once = 500

    def __init__(self, destination: Destination, secret_of: SecretOf) -> None:
        assert destination.url is not None
        assert destination.table is not None
        self._it, self._name = destination, destination.table
        self._database = Database("table", destination.url, secret_of)
        self._kinds: dict[str, Kind] = {theirs: FIELDS[ours].kind for ours, theirs in destination.theirs.items()}
        self._table: Any = None

    def prepare(self) -> None:
        """Make the table where there is none, and look for the columns where there is one."""
        import sqlalchemy as sa

        schema, _, name = self._name.rpartition(".")
        made = sa.Table(name, sa.MetaData(schema=schema or None), *self._columns())
        inspector = self._database.said(lambda: sa.inspect(self._database.engine))
        if not self._database.said(lambda: inspector.has_table(name, schema=schema or None)):
            self._database.said(lambda: made.create(self._database.engine))
        there = self._database.said(lambda: inspector.get_columns(name, schema=schema or None))
        names = {one["name"] for one in there}
        if lacking := [one.name for one in made.columns if one.name not in names]:
            raise ConnectError(
                f"table: {self._name} has no column {', '.join(lacking)}; add it there, or leave it out of `fields`"
            )
        self._table = made

    def write(self, records: Sequence[Record]) -> Mapping[str, Refusal]:
        """Write them in one transaction; in halves where a value does not fit its column."""
        return halved(self._merge, records)

    def _merge(self, records: Sequence[Record]) -> dict[str, Refusal]:
        from sqlalchemy.exc import DataError, IntegrityError, StatementError

        rows = [self._row(one) for one in records]
        try:
            self._merged(rows)
        except (DataError, IntegrityError) as error:
            raise BatchRefusedError(self._database.told(error)) from None
        except StatementError as error:
            raise ConnectError(self._database.told(error)) from None
        return {}

    def _merged(self, rows: Sequence[dict[str, Any]]) -> None:
        """Update what is there and insert the rest: every database knows that, and columns of your own stay."""
        import sqlalchemy as sa

        table, key = self._table, self._table.c[self._it.matching]
        with self._database.engine.begin() as connection:
            asked = sa.select(key).where(key.in_([row[key.name] for row in rows]))
            there = {one for (one,) in connection.execute(asked)}
            old = [{"of_key": row[key.name], **row} for row in rows if row[key.name] in there]
            new = [row for row in rows if row[key.name] not in there]
            if old and self._kinds:
                values: dict[str, Any] = {name: sa.bindparam(name) for name in self._kinds}
                connection.execute(sa.update(table).where(key == sa.bindparam("of_key")).values(values), old)
            if new:
                connection.execute(sa.insert(table), new)

    def _columns(self) -> list[Any]:
        import sqlalchemy as sa

        kinds: dict[Kind, Any] = {"text": sa.String(255), "number": sa.Float(), "time": sa.DateTime()}
        columns: list[Any] = [sa.Column(name, kinds[kind]) for name, kind in self._kinds.items()]
        return [sa.Column(self._it.matching, sa.String(255), primary_key=True), *columns]

    def _row(self, record: Record) -> dict[str, Any]:
        values = {name: _value(value, self._kinds[name]) for name, value in record.values.items()}
        return {self._it.matching: record.customer_id, **values}


def _value(value: Value, kind: Kind) -> Any:
    """Times as databases have them: UTC, without a zone."""
    if kind != "time" or not isinstance(value, str):
        return value
    return datetime.fromisoformat(value).astimezone(UTC).replace(tzinfo=None)
