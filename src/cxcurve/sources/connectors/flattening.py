"""Nested answers as flat rows: `{"via": {"channel": "web"}}` has the columns `via_channel` and, as it is, `via`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def flat(record: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of a record. A column of its own wins over one that nesting makes of the same name.

    Lists and objects stay beside what is taken out of them: where a column was one value and has become an object,
    that can then be said.
    """
    nested: dict[str, Any] = {}
    for name, value in record.items():
        if isinstance(value, dict):
            nested |= {f"{name}_{inner}": one for inner, one in flat(value).items()}
    return nested | {name: value for name, value in record.items() if value != {}}


def column(record: Mapping[str, Any], name: str) -> Any:
    """One column of the flat record; None where it has none of the name."""
    if name in record:
        return record[name]
    parts = ((key, value) for key, value in record.items() if isinstance(value, dict) and name.startswith(f"{key}_"))
    found = (column(value, name[len(key) + 1 :]) for key, value in parts)
    return next((value for value in found if value is not None), None)


def inside(record: Any, path: str) -> Any:
    """What lies at a path such as `pages.next.starting_after`; None where there is nothing."""
    for step in path.split(".") if path else ():
        record = record.get(step) if isinstance(record, Mapping) else None
    return record


def exploded(record: Mapping[str, Any], path: str, keep: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """One record for each entry of a list inside, with columns of the record around it (`keep`: theirs by ours)."""
    around = flat(record)
    kept = {ours: around.get(theirs) for ours, theirs in keep.items()}
    for entry in inside(record, path) or ():
        yield kept | {name: value for name, value in entry.items() if value is not None or name not in kept}
