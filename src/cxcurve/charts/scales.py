"""From numbers and dates to pixels, and the round values an axis names."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

X = float | date
"""A place on the horizontal axis: weeks, journey position, or a day."""

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_WEEK_STEPS = (1, 2, 4, 8, 13, 26, 52)
_DAY_STEPS = (1, 2, 7, 14, 30, 60, 90, 180, 365)


@dataclass(frozen=True, slots=True)
class Scale:
    """A straight line through (low, start) and (high, end)."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """The pixel of `value`."""
        span = self.high - self.low
        return self.start + (value - self.low) / (span or 1.0) * (self.end - self.start)

    def clamp(self, value: float) -> float:
        """The pixel of `value`, or of the nearer end where it lies outside."""
        return self(min(max(value, self.low), self.high))


def as_number(value: X) -> float:
    """A date as its day number, a number as itself."""
    return float(value.toordinal()) if isinstance(value, date) else float(value)


def nice_step(span: float, most: int) -> float:
    """The smallest round step that cuts `span` into at most `most` parts."""
    if span <= 0:
        return 1.0
    unit = 10.0 ** math.floor(math.log10(span / most))
    return next(step * unit for step in (*_STEPS, 20.0, 50.0, 100.0) if span / (step * unit) <= most)


def ticks(low: float, high: float, step: float) -> tuple[float, ...]:
    """Multiples of `step` from `low` to `high`, both ends included where they are one."""
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return tuple(round(index * step, 10) for index in range(first, last + 1))


def padded(low: float, high: float, step: float) -> tuple[float, float]:
    """The ends, moved outwards to multiples of `step`."""
    return math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step


def week_ticks(low: float, high: float, most: int) -> tuple[float, ...]:
    """Week numbers at 1, 2, 4, 8, 13, 26 or 52 apart: the steps people count in."""
    return _stepped(low, high, most, _WEEK_STEPS)


def day_ticks(low: float, high: float, most: int) -> tuple[float, ...]:
    """Day numbers at days, weeks, months or quarters apart."""
    return _stepped(low, high, most, _DAY_STEPS)


def month_ticks(low: date, high: date, most: int) -> tuple[tuple[date, str], ...]:
    """First days of months with their label; the year is told in January and at the first.

    Under two months, Mondays instead.
    """
    if (high - low).days < 60:
        return _monday_ticks(low, high, most)
    months = [day for day in _months(low, high) if day >= low]
    every = next(step for step in (1, 2, 3, 6, 12, 24, 60, 120, 1200) if len(months) / step <= most)
    kept = [day for day in months if (day.year * 12 + day.month - 1) % every == 0]
    return tuple((day, _month_label(day, index == 0)) for index, day in enumerate(kept))


def nearest(values: Sequence[float], target: float) -> int:
    """Index of the value nearest to `target`; the first of two equally near."""
    return min(range(len(values)), key=lambda index: abs(values[index] - target))


def _stepped(low: float, high: float, most: int, steps: Sequence[int]) -> tuple[float, ...]:
    step = next((step for step in steps if (high - low) / step <= most), None)
    return ticks(low, high, float(step) if step else nice_step(high - low, most))


def _monday_ticks(low: date, high: date, most: int) -> tuple[tuple[date, str], ...]:
    first = low + timedelta(days=-low.weekday() % 7)
    days = [first + timedelta(days=7 * index) for index in range(((high - first).days) // 7 + 1)]
    every = max(1, math.ceil(len(days) / most))
    return tuple((day, f"{day.day} {day:%b}") for day in days[::every])


def _months(low: date, high: date) -> list[date]:
    count = (high.year - low.year) * 12 + high.month - low.month
    return [date(low.year + (low.month - 1 + i) // 12, (low.month - 1 + i) % 12 + 1, 1) for i in range(count + 1)]


def _month_label(day: date, is_first: bool) -> str:
    return f"{day:%b} {day.year}" if is_first or day.month == 1 else f"{day:%b}"
