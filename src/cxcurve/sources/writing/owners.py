"""One CSV file for each owner, whole or not at all, and nothing in it that a spreadsheet would run."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

NOBODY = "no-owner.csv"
_FORMULA = ("=", "+", "-", "@")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")


def write_owners(
    folder: Path, rows: Sequence[tuple[str | None, Mapping[str, Any]]], names: Sequence[str], earlier: Collection[str]
) -> tuple[list[str], int]:
    """Write the customers of each owner.

    Args:
        folder: made where it is not there.
        rows: owner and customer, by the names of columns.
        names: the columns.
        earlier: files of an earlier writing; whose owner has no customers any more keeps the first line only.

    Returns:
        The files that are there now, and how many of them were written: what would not change is left alone.
    """
    folder.mkdir(parents=True, exist_ok=True)
    by_file: dict[str, list[Mapping[str, Any]]] = {name: [] for name in earlier}
    for owner, row in rows:
        by_file.setdefault(file_name(owner), []).append(row)
    written = [_written(folder / name, _text(some, names)) for name, some in sorted(by_file.items())]
    return sorted(by_file), sum(written)


def file_name(owner: str | None) -> str:
    """A name that any file system takes; of what it cannot show as it is, a hash keeps owners apart."""
    if owner is None or not owner.strip():
        return NOBODY
    plain = re.sub(r"[^a-z0-9@._-]+", "-", owner.lower()).strip("-.")[:60]
    is_taken = f"{plain}.csv" == NOBODY or plain.partition(".")[0] in _RESERVED or _HASHED.search(plain)
    if plain == owner and not is_taken:
        return f"{plain}.csv"
    return f"{plain or 'owner'}-{hashlib.sha256(owner.encode()).hexdigest()[:12]}.csv"


_HASHED = re.compile(r"-[0-9a-f]{12}$")
_RESERVED = frozenset({"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))})
"""What Windows takes for a device."""


def harmless(value: Any) -> Any:
    """A text on one line, with an apostrophe before what a spreadsheet would take for a formula; numbers stay numbers.

    Source: https://owasp.org/www-community/attacks/CSV_Injection
    """
    if not isinstance(value, str):
        return value
    text = _CONTROL.sub(" ", value)
    return f"'{text}" if text.lstrip().startswith(_FORMULA) else text


def _text(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: harmless(row[name]) for name in names} for row in rows)
    return text.getvalue()


def _written(path: Path, text: str) -> bool:
    data = text.encode()
    if path.is_file() and path.read_bytes() == data:
        return False
    fresh = path.with_suffix(".csv.new")
    fresh.write_bytes(data)
    fresh.replace(path)
    return True
