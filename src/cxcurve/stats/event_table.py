"""Event tables: what survival statistics need of any number of customers, as counts that add up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cxcurve.errors import BadValueError
from cxcurve.stats.estimates import Floats, Ints


@dataclass(frozen=True, eq=False, slots=True)
class EventTable:
    """How many customers had which event, or were last seen, after each distinct time.

    Tables of disjoint customers add with `+`; the sum is the table of all of them, exactly.

    Attributes:
        times: (t,) distinct days since entry, rising, from 0.
        n_events: (t, k) customers whose waiting ended then, by cause.
        n_censored: (t,) customers last seen then, still waiting.
    """

    times: Floats
    n_events: Ints
    n_censored: Ints

    @classmethod
    def from_rows(cls, days: ArrayLike, causes: ArrayLike, n_causes: int = 1) -> EventTable:
        """Count rows, one a customer, in any order.

        Args:
            days: (n,) days waited, 0 or more.
            causes: (n,) 0 still waiting (censored), 1 to `n_causes` how the waiting ended.
            n_causes: how many ways there are to end.

        Raises:
            BadValueError: unequal lengths, a day below 0 or not finite, an unknown cause.
        """
        day, cause = _rows(days, causes, n_causes)
        times, place = np.unique(day, return_inverse=True)
        width = n_causes + 1
        cells = np.bincount(place * width + cause, minlength=len(times) * width).reshape(-1, width)
        return cls(times, cells[:, 1:], cells[:, 0])

    @classmethod
    def empty(cls, n_causes: int = 1) -> EventTable:
        """The table of nobody, which adds nothing."""
        return cls(np.zeros(0), np.zeros((0, n_causes), np.int64), np.zeros(0, np.int64))

    def __add__(self, other: EventTable) -> EventTable:
        """The table of both groups of customers."""
        if self.n_causes != other.n_causes:
            raise BadValueError(
                f"tables of {self.n_causes} and {other.n_causes} causes cannot be added; count both alike"
            )
        times, place = np.unique(np.concatenate([self.times, other.times]), return_inverse=True)
        events = np.zeros((len(times), self.n_causes), np.int64)
        censored = np.zeros(len(times), np.int64)
        np.add.at(events, place, np.concatenate([self.n_events, other.n_events]))
        np.add.at(censored, place, np.concatenate([self.n_censored, other.n_censored]))
        return EventTable(times, events, censored)

    @property
    def n_causes(self) -> int:
        """How many ways the waiting can end."""
        return int(self.n_events.shape[1])

    @property
    def n(self) -> int:
        """How many customers were counted."""
        return int(self.n_events.sum() + self.n_censored.sum())

    @property
    def n_at_risk(self) -> Ints:
        """(t,) customers still waiting just before each time; one censored at a time counts as at risk there."""
        leaving = self.n_events.sum(axis=1) + self.n_censored
        return np.cumsum(leaving[::-1], dtype=np.int64)[::-1]

    def n_ended(self, cause: int | None = None) -> Ints:
        """(t,) endings by `cause`, or by any cause."""
        if cause is None:
            return np.asarray(self.n_events.sum(axis=1), np.int64)
        if not 1 <= cause <= self.n_causes:
            raise BadValueError(f"cause {cause} is not in the table; expected 1 to {self.n_causes}")
        return self.n_events[:, cause - 1]


def _rows(days: ArrayLike, causes: ArrayLike, n_causes: int) -> tuple[Floats, NDArray[np.intp]]:
    day = np.atleast_1d(np.asarray(days, float))
    cause = np.atleast_1d(np.asarray(causes)).astype(np.intp)
    if day.shape != cause.shape or day.ndim != 1:
        raise BadValueError(f"days has shape {day.shape} and causes {cause.shape}; expected one of each per customer")
    if not np.all(np.isfinite(day) & (day >= 0)):
        bad = int(np.flatnonzero(~(np.isfinite(day) & (day >= 0)))[0])
        raise BadValueError(f"days[{bad}] is {day[bad]}; expected a finite number of 0 or more")
    if cause.size and not (cause.min() >= 0 and cause.max() <= n_causes):
        raise BadValueError(f"causes run from {cause.min()} to {cause.max()}; expected 0 (censored) to {n_causes}")
    return day, cause
