"""Time at the simulated company: weeks from Monday, business hours, seasons. Instants are seconds since 1970 UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxcurve.sources.simulated_truth import Truth

Times = NDArray[np.int64]

HOUR, DAY, WEEK = 3600, 86_400, 604_800
_FIRST_MONDAY = 4 * DAY
"""1970-01-05."""
_WEEKDAYS = np.array([1.30, 1.12, 1.08, 1.00, 0.78, 0.06, 0.05])
_HOURS = np.array(
    [0, 0, 0, 0, 0, 0, 0.1, 0.5, 1.5, 2.4, 2.5, 2.1, 1.2, 1.8, 2.3, 2.1, 1.7, 0.9, 0.4, 0.25, 0.2, 0.1, 0, 0]
)
_HOURS_OF_WEEK = np.cumsum(np.outer(_WEEKDAYS, _HOURS).ravel() / (_WEEKDAYS.sum() * _HOURS.sum()))


def instant(day: date) -> int:
    """Midnight UTC at the beginning of `day`."""
    return int(datetime.combine(day, time(), UTC).timestamp())


def monday(at: int) -> int:
    """The Monday 00:00 at or before `at`."""
    return at - (at - _FIRST_MONDAY) % WEEK


def business_times(n: int, week_start: int, rng: np.random.Generator) -> Times:
    """`n` instants in a week as people at work make them: Mondays most, nights and weekends hardly."""
    hours = np.searchsorted(_HOURS_OF_WEEK, rng.random(n), side="right")
    return np.asarray(week_start + np.minimum(hours, 167) * HOUR + rng.integers(0, HOUR, n))


def any_times(n: int, week_start: int, rng: np.random.Generator) -> Times:
    """`n` instants in a week, day and night alike: machines."""
    return week_start + rng.integers(0, WEEK, n)


def at_work(times: Times) -> Times:
    """The same instants, those outside working hours (8 to 18, Monday to Friday) moved to the next morning."""
    into_day = (times - _FIRST_MONDAY) % DAY
    midnight = times - into_day
    morning = midnight + np.where(into_day >= 18 * HOUR, DAY, 0) + 8 * HOUR + into_day % (2 * HOUR)
    is_open = (into_day >= 8 * HOUR) & (into_day < 18 * HOUR)
    moved = np.where(is_open, times, morning)
    weekday = (moved - _FIRST_MONDAY) % WEEK // DAY
    return np.asarray(moved + np.where(weekday > 4, (7 - weekday) * DAY, 0))


def season(week_start: int, truth: Truth) -> float:
    """Use of the product in a week against an ordinary one: low at Christmas, lower in August."""
    middle = (datetime.fromtimestamp(week_start, UTC) + timedelta(days=3)).date()
    if (middle.month, middle.day) >= (12, 21) or (middle.month, middle.day) <= (1, 3):
        return truth.christmas
    return truth.august if middle.month == 8 else 1.0


def iso(times: Times) -> NDArray[Any]:
    """ISO 8601 texts in UTC, to the second."""
    return np.char.add(np.datetime_as_string(times.astype("datetime64[s]")), "Z")
