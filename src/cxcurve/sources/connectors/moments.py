"""Moments of a cursor: read out of rows, and written as the service wants them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from time import time_ns
from typing import Any

from cxcurve.sources.connectors.contract import State
from cxcurve.sources.connectors.services import Cursor


def now_us() -> int:
    """The present, microseconds UTC."""
    return time_ns() // 1000


def moment_us(value: Any, unit: str | None) -> int | None:
    """A cursor's value as microseconds; None where it cannot be read."""
    if value is None:
        return None
    try:
        if unit:
            return round(float(value) * (1e6 if unit == "s" else 1e3))
        moment = datetime.fromisoformat(str(value))
        return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1e6)
    except ValueError:
        return None


def written(us: int, cursor: Cursor) -> str | int:
    """A moment as the service wants it."""
    if cursor.format in ("s", "ms"):
        number = us // (1_000_000 if cursor.format == "s" else 1000)
        return str(number) if cursor.is_text else number
    form = "%Y-%m-%dT%H:%M:%SZ" if cursor.format == "iso" else cursor.format
    return datetime.fromtimestamp(us / 1e6, UTC).strftime(form)


def earliest_us(cursor: Cursor | None, settings: Mapping[str, str], state: State) -> int:
    """From when on a run asks: before the newest row by the overlap, else from the first day that is wanted."""
    start = settings.get("since") or (cursor.start if cursor else "")
    first = moment_us(start, None) or 0
    if cursor is None or state.get("newest") is None:
        return first
    return max(first, int(state["newest"]) - round(cursor.overlap.seconds * 1e6))
