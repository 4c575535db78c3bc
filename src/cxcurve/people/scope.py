"""Row scope: which customers somebody may know of, by partner, region and owner."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cxcurve.errors import BadValueError, UnknownNameError

COLUMNS = ("partner_id", "region", "owner")


@dataclass(frozen=True, slots=True)
class Scope:
    """A customer is inside where each column named has one of its values. Without any rule nobody is."""

    rules: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @classmethod
    def read(cls, texts: Iterable[str]) -> Scope | None:
        """Read `partner_id=p-3`, `region=EMEA` ...; values of one column add up. None where nothing is said: all.

        Raises:
            BadValueError: one has no `=`, or no value.
            UnknownNameError: a column that scopes are not made of.
        """
        rules: dict[str, set[str]] = {}
        for text in texts:
            column, is_said, value = text.partition("=")
            column, value = column.strip(), value.strip()
            if not is_said or not value:
                raise BadValueError(f'scope "{text[:80]}" cannot be read; expected such as partner_id=p-3')
            if column not in COLUMNS:
                raise UnknownNameError("column of a scope", column, COLUMNS)
            rules.setdefault(column, set()).add(value)
        return cls(tuple((column, tuple(sorted(rules[column]))) for column in sorted(rules))) if rules else None

    @classmethod
    def from_json(cls, told: Mapping[str, Iterable[str]] | None) -> Scope | None:
        """As it is kept."""
        return None if told is None else cls(tuple((column, tuple(values)) for column, values in told.items()))

    def to_json(self) -> dict[str, list[str]]:
        """By column its values."""
        return {column: list(values) for column, values in self.rules}

    def holds(self, row: Mapping[str, Any]) -> bool:
        """Whether a customer (partner_id, region, owner) is inside; one whose value is not known is not."""
        return bool(self.rules) and all(row[column] in values for column, values in self.rules)

    def __str__(self) -> str:
        if not self.rules:
            return "nobody"
        return "; ".join(f"{column} = {' or '.join(values)}" for column, values in self.rules)


NOBODY = Scope()
