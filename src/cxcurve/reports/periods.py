"""What a report is of: a week such as 2026-W47, or a quarter such as 2026-Q3."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal
from urllib.parse import parse_qsl, urlencode

from cxcurve.charts.format import day
from cxcurve.errors import BadValueError

Kind = Literal["week", "quarter"]
Span = Literal["day", "week", "quarter", "month"]
_WEEK, _QUARTER = re.compile(r"(\d{4})-?W(\d{1,2})", re.I), re.compile(r"(\d{4})-?Q([1-4])", re.I)


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """A week from Monday to Sunday, or the whole weeks that end in a quarter.

    Attributes:
        first, last: its days.
        name: as it is kept and asked for.
        kind: week or quarter; of what is sent without a report also day or month.
    """

    first: date
    last: date
    name: str
    kind: Span

    @classmethod
    def week_of(cls, day_in: date) -> Period:
        """The week that a day is in."""
        first = day_in - timedelta(days=day_in.weekday())
        year, number, _ = first.isocalendar()
        return cls(first, first + timedelta(days=6), f"{year}-W{number:02}", "week")

    @classmethod
    def quarter_of(cls, day_in: date) -> Period:
        """The quarter that a day is in, by the weeks whose last day is in it."""
        number = (day_in.month - 1) // 3
        start = date(day_in.year, 3 * number + 1, 1)
        after = date(day_in.year + number // 3, 3 * ((number + 1) % 4) + 1, 1)
        last = _sunday_before(after)
        return cls(_sunday_before(start) + timedelta(days=1), last, f"{day_in.year}-Q{number + 1}", "quarter")

    @classmethod
    def over_before(cls, today: date, kind: Literal["day", "week", "month"]) -> Period:
        """The last day, week or month that is over."""
        yesterday = today - timedelta(days=1)
        if kind == "week":
            return cls.week_of(today).before
        if kind == "day":
            return cls(yesterday, yesterday, yesterday.isoformat(), "day")
        last = today.replace(day=1) - timedelta(days=1)
        return cls(last.replace(day=1), last, f"{last:%Y-%m}", "month")

    @classmethod
    def read(cls, text: str, kind: Kind) -> Period:
        """A period by its name, or by a day in it.

        Raises:
            BadValueError: it is neither.
        """
        found = (_WEEK if kind == "week" else _QUARTER).fullmatch(text.strip())
        try:
            if found is None:
                day_in = date.fromisoformat(text.strip())
            elif kind == "week":
                day_in = date.fromisocalendar(int(found[1]), int(found[2]), 1)
            else:
                day_in = date(int(found[1]), 3 * int(found[2]) - 1, 1)
        except ValueError:
            such = "2026-W47" if kind == "week" else "2026-Q3"
            raise BadValueError(f'"{text}" is no {kind}; expected such as {such}, or a day in it') from None
        return cls.week_of(day_in) if kind == "week" else cls.quarter_of(day_in)

    def key(self, segment: Mapping[str, str]) -> str:
        """As a report of it is kept: its name, and whom it is about where that is not everybody."""
        return f"{self.name}?{urlencode(sorted(segment.items()))}" if segment else self.name

    @property
    def said(self) -> str:
        """As in "week to 22 Nov 2026", "third quarter of 2026", "month to 31 Oct 2026"."""
        if self.kind in ("day", "month"):
            return f"{self.kind} to {day(self.last)}" if self.kind == "month" else f"day {day(self.last)}"
        if self.kind == "week":
            return f"week to {day(self.last)}"
        return f"{('first', 'second', 'third', 'fourth')[int(self.name[-1]) - 1]} quarter of {self.name[:4]}"

    @property
    def before(self) -> Period:
        """The one before it."""
        return type(self).week_of(self.first - timedelta(days=1)) if self.kind == "week" else _quarter_before(self)


def read_key(key: str) -> tuple[Period, dict[str, str]]:
    """Of which period a kept report is, and of which segment.

    Raises:
        BadValueError: it is no such key.
    """
    name, _, query = key.partition("?")
    return Period.read(name, "quarter" if "Q" in name.upper() else "week"), dict(parse_qsl(query))


def _sunday_before(day_after: date) -> date:
    """The last Sunday before a day."""
    return day_after - timedelta(days=1 + (day_after - timedelta(days=1)).isoweekday() % 7)


def _quarter_before(period: Period) -> Period:
    year, number = int(period.name[:4]), int(period.name[-1])
    return Period.quarter_of(date(year, 3 * number - 4, 1) if number > 1 else date(year - 1, 11, 1))
