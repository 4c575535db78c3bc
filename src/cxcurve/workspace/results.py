"""How results are written as JSON: plain values, times as ISO 8601, nothing that JSON does not know."""

from __future__ import annotations

import math
from datetime import UTC, datetime
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


def at(us: int | None) -> str | None:
    """A time for JSON."""
    return None if us is None else plain(moment(us))
