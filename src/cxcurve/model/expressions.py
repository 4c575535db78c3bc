"""What `when:` says: small safe expressions over the columns of a row (the grammar is in `syntax`).

The same tree is evaluated on one row, on pandas Series and on Ibis columns, with one meaning:

- A number converts the other side to a number; two columns are compared as numbers by < <= > >= and as they
  are by = and !=; a text compares as it is; true and false compare with the lower-case text.
- A comparison with a null, or with something that is no number where one is needed, is neither true nor
  false: neither it nor its `not` holds. So a missing value never makes an event by accident.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from cxcurve.model.syntax import And, Column, Compare, Constant, IsNull, Node, Not, Operand, Or, parse

_OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_OPPOSITE = {"=": "!=", "!=": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}


@dataclass(frozen=True, slots=True)
class Expression:
    """A condition on a row.

    `columns` are those of the row itself, `previous` those read through `previous(column)`.
    """

    text: str
    node: Node = field(repr=False)
    columns: frozenset[str]
    previous: frozenset[str]

    @classmethod
    def parse(cls, text: str) -> Expression:
        """Read an expression.

        Raises:
            ValueError: with the character (from 1) and what was expected there.
        """
        node = parse(text)
        found = list(_columns(node))
        now = frozenset(column.name for column in found if not column.is_previous)
        return cls(text, node, now, frozenset(column.name for column in found if column.is_previous))

    def evaluate(
        self,
        column: Callable[[str], Any],
        previous: Callable[[str], Any] | None = None,
        number: Callable[[Any], Any] = lambda values: values,
        lowered: Callable[[Any], Any] = lambda values: values.str.lower() if hasattr(values, "str") else values.lower(),
        is_null: Callable[[Any], Any] = lambda values: values.isnull(),
    ) -> Any:
        """Which rows fulfil it: a boolean column without nulls (an Ibis column or a pandas Series).

        Args:
            column: gives a column of the rows by name, as it is (text in CSV sources).
            previous: the same of the row before with the same key; null on the first.
            number: converts a column to numbers, null where it is none; NaN must become null too, since engines
                order it differently.
            lowered: converts a column to lower-case text.
            is_null: where a column has nothing.

        Raises:
            ValueError: it uses `previous` and none is given.
        """
        if self.previous and previous is None:
            raise ValueError(f'expression "{self.text}": previous() needs rows with a key and an order')
        return _holds(self.node, _Columns(column, previous or column, number, lowered, is_null))

    def holds(self, row: Mapping[str, Any], previous: Mapping[str, Any] | None = None) -> bool:
        """Whether one row fulfils it; `previous` is the row before, None for the first. Absent keys are null."""
        return bool(_holds(self.node, _Row(row, previous or {})))

    def __str__(self) -> str:
        return self.text


def _columns(node: Node) -> Iterator[Column]:
    match node:
        case Compare(left=left, right=right):
            yield from (side for side in (left, right) if isinstance(side, Column))
        case IsNull(column=column):
            yield column
        case Not(part=part):
            yield from _columns(part)
        case And(parts=parts) | Or(parts=parts):
            for part in parts:
                yield from _columns(part)


class _Values(Protocol):
    """Where the operands come from: whole columns, or one row."""

    def get(self, column: Column) -> Any: ...
    def number(self, values: Any) -> Any: ...
    def lowered(self, values: Any) -> Any: ...
    def is_null(self, values: Any) -> Any: ...
    def compare(self, name: str, left: Any, right: Any) -> Any: ...
    def invert(self, values: Any) -> Any: ...


@dataclass(frozen=True, slots=True)
class _Columns:
    """Operands are columns with overloaded operators."""

    column: Callable[[str], Any]
    previous: Callable[[str], Any]
    number: Callable[[Any], Any]
    lowered: Callable[[Any], Any]
    is_null: Callable[[Any], Any]

    def get(self, column: Column) -> Any:
        return (self.previous if column.is_previous else self.column)(column.name)

    def compare(self, name: str, left: Any, right: Any) -> Any:
        return _OPERATORS[name](left, right)

    def invert(self, values: Any) -> Any:
        return ~values


@dataclass(frozen=True, slots=True)
class _Row:
    """Operands are the plain values of one row."""

    row: Mapping[str, Any]
    before: Mapping[str, Any]

    def get(self, column: Column) -> Any:
        return (self.before if column.is_previous else self.row).get(column.name)

    def number(self, values: Any) -> float | None:
        try:
            return None if "_" in str(values) else float(values)  # Python alone reads 1_000
        except (TypeError, ValueError):
            return None

    def lowered(self, values: Any) -> str | None:
        return None if values is None else str(values).lower()

    def is_null(self, values: Any) -> bool:
        return values is None or (isinstance(values, float) and math.isnan(values))

    def compare(self, name: str, left: Any, right: Any) -> bool:
        return not self.is_null(left) and not self.is_null(right) and bool(_OPERATORS[name](left, right))

    def invert(self, values: bool) -> bool:
        return not values


def _holds(node: Node, values: _Values, negated: bool = False) -> Any:
    """Where `node` (or its opposite) is true. Pushing `not` down to the tests keeps nulls false on both sides."""
    match node:
        case Not(part=part):
            return _holds(part, values, not negated)
        case And(parts=parts) | Or(parts=parts):
            joined = operator.or_ if isinstance(node, Or) != negated else operator.and_
            return functools.reduce(joined, (_holds(part, values, negated) for part in parts))
        case IsNull(column=column):
            empty = values.is_null(values.get(column))
            return values.invert(empty) if negated else empty
        case Compare():
            return _compared(node, values, negated)


def _compared(test: Compare, values: _Values, negated: bool) -> Any:
    convert = _conversion(test, values)
    sides = [_operand(side, values, convert) for side in (test.left, test.right)]
    columns = [side for side, part in zip(sides, (test.left, test.right), strict=True) if isinstance(part, Column)]
    result = values.compare(_OPPOSITE[test.operator] if negated else test.operator, *sides)
    for column in columns:
        result = result & values.invert(values.is_null(column))
    return result


def _operand(side: Operand, values: _Values, convert: Callable[[Any], Any]) -> Any:
    if isinstance(side, Column):
        return convert(values.get(side))
    return str(side.value).lower() if isinstance(side.value, bool) else side.value


def _conversion(test: Compare, values: _Values) -> Callable[[Any], Any]:
    """What the columns of a comparison are converted by: it depends on the other side."""
    constants = [side.value for side in (test.left, test.right) if isinstance(side, Constant)]
    if any(isinstance(value, bool) for value in constants):
        return values.lowered
    if any(isinstance(value, float) for value in constants):
        return values.number
    if not constants and test.operator not in ("=", "!="):
        return values.number
    return lambda column: column
