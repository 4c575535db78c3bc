"""Calendar months and quarters of a zone, as moments UTC."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Literal
from zoneinfo import ZoneInfo

Span = Literal["month", "quarter"]
MONTHS_OF = {"month": 1, "quarter": 3}
MONTHS_A_YEAR = 12


@dataclass(frozen=True, slots=True)
class Period:
    """A month such as 2026-03, or a quarter such as 2026-Q1: from `since_us` on and before `until_us`."""

    name: str
    since_us: int
    until_us: int


def months(first_us: int, last_us: int, zone: str) -> list[tuple[datetime, int]]:
    """The first of each month from the one of `first_us` to the one after `last_us`, with its microseconds UTC."""
    return _starts(first_us, last_us, ZoneInfo(zone), 1)


def periods(first_us: int, as_of_us: int, zone: str, span: Span = "month") -> list[Period]:
    """The months or quarters from the one of `first_us` to the one that as_of is in; that one ends at as_of."""
    if first_us >= as_of_us:
        return []
    starts = _starts(first_us, as_of_us, ZoneInfo(zone), MONTHS_OF[span])
    return [Period(_name(start, span), us, min(end, as_of_us)) for (start, us), (_, end) in pairwise(starts)]


def whole(found: Sequence[Period], as_of_us: int, zone: str, span: Span = "month") -> list[Period]:
    """Those that are over at as_of."""
    ends = {us for _, us in _starts(as_of_us - 1, as_of_us, ZoneInfo(zone), MONTHS_OF[span])}
    return [one for one in found if one.until_us < as_of_us or one.until_us in ends]


def year_before(us: int, zone: str) -> int:
    """The same time of the same day a year earlier, by the clocks of the zone; of 29 February the 28th."""
    there = datetime.fromtimestamp(us / 1e6, ZoneInfo(zone))
    is_leap_day = (there.month, there.day) == (2, 29)
    back = there.replace(year=there.year - 1, day=28 if is_leap_day else there.day)
    return round(back.timestamp() * 1e6)


def _starts(first_us: int, last_us: int, zone: ZoneInfo, step: int) -> list[tuple[datetime, int]]:
    first, last = (datetime.fromtimestamp(us // 1_000_000, zone) for us in (first_us, last_us - 1))
    begin = (first.year * MONTHS_A_YEAR + first.month - 1) // step * step
    numbers = range(begin, last.year * MONTHS_A_YEAR + last.month + step, step)
    found = [datetime(number // 12, number % 12 + 1, 1, tzinfo=zone) for number in numbers]
    moments = [(month, round(month.timestamp()) * 1_000_000) for month in found]
    beyond = [index for index, (_, us) in enumerate(moments) if us >= last_us]
    return moments[: beyond[0] + 1]


def _name(start: datetime, span: Span) -> str:
    return f"{start:%Y-%m}" if span == "month" else f"{start:%Y}-Q{(start.month + 2) // 3}"
