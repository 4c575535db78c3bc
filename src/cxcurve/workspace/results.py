"""How results are written as JSON: plain values, times as ISO 8601, nothing that JSON does not know."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from html import escape
from typing import Any


def moment(us: int) -> datetime:
    """Microseconds UTC as a datetime."""
    return datetime.fromtimestamp(us / 1e6, UTC)


def plain(value: Any) -> Any:
    """A value for JSON: datetimes as text, numpy's as Python's, NaN and infinity as null."""
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def html_table(heading: str, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A small table for a notebook."""
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    body = "".join(f"<tr>{''.join(f'<td>{escape(_shown(cell))}</td>' for cell in row)}</tr>" for row in rows)
    caption = f"<caption>{escape(heading)}</caption>"
    return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _shown(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:,.3g}" if abs(value) < 1000 else f"{value:,.0f}"
    return str(value)


def at(us: int | None) -> str | None:
    """A time for JSON."""
    return None if us is None else plain(moment(us))
