"""What is known of customers and people: a pure fold of what was said of them, whatever order it came in.

Files and services say rows, calls say traits. Of one field what was said later holds. A row leaves open what it has no
value for; a trait that was told as null says that there is nothing any more. Of one source the last row alone speaks.
What a call tells for once (`tables.ONCE`) lies under all of that, and there what was told first holds.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Any, TypeAlias

from cxcurve.tables import CUSTOMERS, ONCE, PEOPLE, Table

Fields: TypeAlias = Mapping[str, Any]
Row: TypeAlias = dict[str, Any]
ATTRIBUTE = "attributes."
"""Before the name of what has no column of its own."""
_APART = {"customer_id", "person_id", "valid_from_us", "attributes", "consent"}
_STAND_INS = {"title": "role", "jobtitle": "role"}
"""Traits that tell a column as long as nobody tells the column itself; they are kept as attributes, too."""
_MILLISECONDS_FROM = 1e11


@dataclass(frozen=True, slots=True, order=True)
class Statement:
    """What was said at once; a trait comes after a row of the same moment.

    `who` is the source of a row, the message of a trait: of two said at one moment, the one of the later name holds.
    `is_own` where a person who is the customer told it of himself.
    """

    at_us: int
    is_trait: bool
    who: str
    document: str
    is_own: bool = False

    def fields(self, table: Table) -> Fields:
        """Values by column of `table`, and `attributes.NAME` for all others."""
        said = json.loads(self.document)
        if not self.is_trait:
            return _row_fields(said)
        return self._told(table, {name: value for name, value in said.items() if name != ONCE})

    def once(self, table: Table) -> Fields:
        """The same of what it tells for once; that there is nothing is no news then."""
        said = json.loads(self.document).get(ONCE) if self.is_trait else None
        fields = self._told(table, said) if isinstance(said, dict) else {}
        return {name: value for name, value in fields.items() if value is not None}

    def _told(self, table: Table, traits: Fields) -> Fields:
        fields = told_fields(table, traits)
        if not self.is_own:
            return fields
        return {name: value for name, value in fields.items() if _plain(name.removeprefix(ATTRIBUTE)) not in _PERSONAL}


def told_fields(table: Table, traits: Fields) -> dict[str, Any]:
    """Traits by column, in any spelling of its name (`revenuePerYear`); what is none, or no such value, by attribute.

    Null and an empty text say that there is nothing any more.
    """
    columns = _columns(table)
    fields: dict[str, Any] = {}
    stand_ins: dict[str, Any] = {}
    for name, told in sorted(traits.items()):
        value = None if told == "" else told
        column, stand_in = columns.get(_plain(name)), _STAND_INS.get(_plain(name))
        typed = _typed(table, column, value) if column else None
        if column and (typed is not None or value is None):
            fields[column] = typed
        else:
            fields[ATTRIBUTE + name] = value
        if stand_in in columns.values() and isinstance(value, str | None):
            stand_ins[str(stand_in)] = value
    return stand_ins | fields


def customer_rows(customer_id: str, statements: Iterable[Statement]) -> list[Row]:
    """The rows of a customer (`tables.CUSTOMERS`): one for each row said, and for each trait that changed something."""
    rows: list[Row] = []
    known = _Known(CUSTOMERS)
    for at_us, said in groupby(sorted(statements), key=lambda one: one.at_us):
        now = list(said)
        known.hear(now)
        row = known.row()
        if not rows or not all(one.is_trait for one in now) or row != rows[-1] | {"valid_from_us": None}:
            rows.append(row)
            rows[-1] = row | {"valid_from_us": at_us}
    return [row | {"customer_id": customer_id} for row in rows]


def person_row(person_id: str, customer_id: str | None, statements: Iterable[Statement]) -> Row:
    """A person as known by all that was said (`tables.PEOPLE`)."""
    known = _Known(PEOPLE)
    known.hear(sorted(statements))
    return known.row() | {"person_id": person_id, "customer_id": customer_id}


class _Known:
    """What is known up to a moment, told statement by statement in order of time."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._rows: dict[str, tuple[Statement, Fields]] = {}
        self._traits: dict[str, tuple[Statement, Any]] = {}
        self._once: Fields = {}

    def hear(self, statements: Sequence[Statement]) -> None:
        for one in statements:
            fields = one.fields(self._table)
            self._once = {**one.once(self._table), **self._once}
            if one.is_trait:
                self._traits |= {name: (one, value) for name, value in fields.items()}
            else:
                self._rows[one.who] = one, fields

    def row(self) -> Row:
        latest: dict[str, tuple[Statement, Any]] = {}
        for statement, fields in sorted(self._rows.values(), key=lambda said: said[0]):
            latest |= {name: (statement, value) for name, value in fields.items()}
        for name, said in self._traits.items():
            if name not in latest or said[0] > latest[name][0]:
                latest[name] = said
        told = {**self._once, **{name: value for name, (_, value) in latest.items()}}
        values = {name: value for name, value in told.items() if value is not None}
        attributes = {name.removeprefix(ATTRIBUTE): v for name, v in values.items() if name.startswith(ATTRIBUTE)}
        columns = {name: values.get(name) for name in self._table.column_names}
        more = {"consent": values.get("consent", "{}")} if "consent" in columns else {}
        return columns | more | {"attributes": written(attributes)}


def written(value: Any) -> str:
    """JSON with sorted keys, so that equal things are equal texts."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def _row_fields(row: Fields) -> dict[str, Any]:
    attributes = json.loads(row.get("attributes") or "{}")
    said = {name: value for name, value in row.items() if value is not None and name not in _APART - {"consent"}}
    return said | {ATTRIBUTE + name: value for name, value in attributes.items()}


def _columns(table: Table) -> dict[str, str]:
    columns = {_plain(name): name for name in table.column_names if name not in _APART}
    return columns | ({"createdat": "created_us"} if "created_us" in table.column_names else {})


def _plain(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def _typed(table: Table, name: str, value: Any) -> Any:
    """The value as the column's type; None where it cannot be read so."""
    if value is None or isinstance(value, dict | list):
        return None
    kind = next(column.type for column in table.columns if column.name == name)
    if kind == "string":
        return value if isinstance(value, str) else json.dumps(value)
    return _moment_us(value) if kind == "int64" else _number(value)


def _number(value: Any) -> float | None:
    try:
        number = None if isinstance(value, bool) else float(value)
    except ValueError:
        return None
    return number if number is not None and abs(number) < float("inf") else None


def _moment_us(value: Any) -> int | None:
    """ISO 8601, or seconds or milliseconds since 1970."""
    number = _number(value)
    try:
        if number is not None:
            return round(number * (1e3 if abs(number) >= _MILLISECONDS_FROM else 1e6))
        moment = datetime.fromisoformat(str(value))
    except (ValueError, OverflowError):
        return None
    return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1e6)


_PERSONAL = frozenset({"name", *_columns(PEOPLE)})
"""What is told of a person as a person: it stays in `people`."""
