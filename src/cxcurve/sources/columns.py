"""Which columns a source reads, and for what: to check the files, and to keep only these where rows are staged."""

from __future__ import annotations

from collections.abc import Iterator

from cxcurve.model.sources import EventRule, Source
from cxcurve.tables import CUSTOMERS, PEOPLE, Table

SINGLE = ("account", "person", "anonymous", "by", "name", "value", "amount", "currency", "text", "channel",
          "conversation", "partner")  # fmt: skip


def used_columns(source: Source) -> dict[str, str]:
    """Every column that `source` names, with what for ("account", "id", "ticket_opened: at", ...)."""
    used: dict[str, str] = {}
    for column, role in _roles(source):
        used.setdefault(column, role)
    return used


def value_columns(source: Source) -> list[str]:
    """The columns of which `source` reads one value; what is a mere property may be an object or a list."""
    return list(dict.fromkeys(column for column, role in _roles(source) if role != "properties"))


def register_of(source: Source) -> Table:
    """The table a source of customers or people fills."""
    return CUSTOMERS if source.table == "customers" else PEOPLE


def _roles(source: Source) -> Iterator[tuple[str, str]]:
    for role in SINGLE:
        if column := getattr(source, role):
            yield column, role
    if source.time and source.time.column:
        yield source.time.column, "time"
    for role in ("id", "order", "properties"):
        yield from ((column, role) for column in getattr(source, role))
    yield from ((column, f"columns: {ours}") for ours, column in source.columns.items())
    for name, rule in source.events.items():
        yield from ((column, f"{name}: {role}") for column, role in _rule_roles(rule))


def _rule_roles(rule: EventRule) -> Iterator[tuple[str, str]]:
    for role in ("at", "value", "text"):
        if column := getattr(rule, role):
            yield column, role
    if rule.when:
        yield from ((column, "when") for column in sorted(rule.when.columns | rule.when.previous))
