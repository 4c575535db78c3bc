"""Moments as people write them, in microseconds UTC."""

from __future__ import annotations

import time
from datetime import datetime
from zoneinfo import ZoneInfo

from cxcurve.errors import BadValueError
from cxcurve.journey.calendar import end_of_day


def instant_us(value: str | datetime, zone: str) -> int:
    """A moment as microseconds UTC; a date alone means the end of that day, in the zone.

    Raises:
        BadValueError: it is no date.
    """
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            raise BadValueError(f'"{value}" is no date; expected such as 2026-05-03 or 2026-05-03T12:00') from None
        is_date = len(value) <= len("2026-05-03")
    else:
        moment, is_date = value, False
    if not 1990 <= moment.year <= 2200:
        raise BadValueError(f'"{value}" cannot be meant; expected a year from 1990 on, such as 2026-05-03')
    local = moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))
    us = round(local.timestamp() * 1e6)
    return end_of_day(us, zone) if is_date else us


def note_us(value: str | datetime, zone: str) -> int:
    """A moment as microseconds UTC; a date alone means its beginning, in the zone."""
    us = instant_us(value, zone)
    is_date = isinstance(value, str) and len(value) <= len("2026-05-03")
    return instant_us(f"{value}T00:00:00", zone) if is_date else us


def now_us() -> int:
    """The present, microseconds UTC."""
    return time.time_ns() // 1000
