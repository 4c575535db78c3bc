"""Which columns a source reads, and for what: to check the files, and to keep only these where rows are staged."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cxcurve.model.sources import EventRule, Source
from cxcurve.tables import CUSTOMERS, PEOPLE, Table

SINGLE = ("account", "person", "anonymous", "by", "name", "value", "amount", "currency", "text", "channel",
          "conversation", "partner", "purpose")  # fmt: skip

_CHANGE = re.compile(r"change\((.+)\)")


def used_columns(source: Source) -> dict[str, str]:
    """Every column that `source` names, with what for ("account", "id", "ticket_opened: at", ...)."""
    used: dict[str, str] = {}
    for column, role in _roles(source):
        used.setdefault(column, role)
    return used


def value_columns(source: Source) -> list[str]:
    """The columns of which `source` reads one value; what is a mere property may be an object or a list."""
    return list(dict.fromkeys(column for column, role in _roles(source) if role != "properties"))


def id_columns(source: Source) -> list[str]:
    """The columns with ids of somebody, or that ids are made of."""
    roles = {"account", "person", "anonymous", "by", "id", "conversation", "columns: customer_id", "columns: person_id"}
    named = [column for column, role in _roles(source) if role in roles]
    return list(dict.fromkeys([*named, *(() if source.table == "events" else ("customer_id", "person_id"))]))


def text_columns(source: Source) -> set[str]:
    """The columns with what somebody wrote, and those that nothing but properties are made of."""
    roles: dict[str, set[str]] = {}
    for column, role in _roles(source):
        roles.setdefault(column, set()).add(role)
    return {
        column
        for column, found in roles.items()
        if found == {"properties"} or any(role == "text" or role.endswith(": text") for role in found)
    }


def changing(column: str) -> str | None:
    """The column whose change is meant by `change(column)`: its value less that of the row before; else None."""
    found = _CHANGE.fullmatch(column)
    return found[1] if found else None


def register_of(source: Source) -> Table:
    """The table a source of customers or people fills."""
    return CUSTOMERS if source.table == "customers" else PEOPLE


def _roles(source: Source) -> Iterator[tuple[str, str]]:
    for role in SINGLE:
        if column := getattr(source, role):
            yield changing(column) or column, role
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
