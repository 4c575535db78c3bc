"""Lost customers, as their company lists them: would there have been a warning, when, and why.

By the forecasts of the backtest: each week is scored by weights learned before its quarter, from other customers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cxcurve.learn.backtest import WARNED_DAYS
from cxcurve.learn.forecasts import Forecasts
from cxcurve.metrics.weights import Feature
from cxcurve.tables import US_PER_DAY

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
MOST_REASONS, LEAST_DOUBLINGS = 3, 0.05


@dataclass(frozen=True, slots=True)
class Mark:
    """The first week at risk before a customer was lost, as it was told then.

    Attributes:
        at_us: end of the week.
        days_before: from there to the day it was lost.
        friction_index: of that week.
        chance: of leaving within 28 days; None by the experts' weights, which tell none.
        usual: the share of the stage that leaves within 28 days, at that time.
        reasons: features with the doublings they add beyond the mean of the stage, the largest first.
    """

    at_us: int
    days_before: float
    friction_index: float
    chance: float | None
    usual: float
    reasons: tuple[tuple[Feature, float], ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Of one listed customer: the weeks that were scored in the 90 days before, and the first one at risk."""

    n_weeks: int
    mark: Mark | None


@dataclass(frozen=True, slots=True)
class LookBack:
    """What was told of the listed customers, in their order; and of as many weeks of customers who stayed."""

    verdicts: tuple[Verdict, ...]
    n_stayed: int
    n_stayed_marked: int


def look_back(told: Forecasts, customer: Ints, lost_us: Ints) -> LookBack:
    """Look for marks in the 90 days before each customer was lost, whether the log knows of its exit or not.

    Args:
        told: the forecasts.
        customer: (n,) customer_key.
        lost_us: (n,) when each was lost; what ends later is not looked at.
    """
    windows = list(_windows(told, customer, lost_us))
    verdicts = tuple(_verdict(told, rows, int(at)) for rows, at in zip(windows, lost_us, strict=True))
    weeks = [told.periods.week[rows] for rows in windows if len(rows)]
    return LookBack(verdicts, *_stayed(told, weeks, customer))


def _windows(told: Forecasts, customer: Ints, lost_us: Ints) -> Iterator[Ints]:
    """The rows of each customer in the 90 days before, in order of time."""
    periods = told.periods
    order = np.lexsort((periods.ends_us, periods.customer))
    whose = periods.customer[order]
    for key, at in zip(customer, lost_us, strict=True):
        mine = order[np.searchsorted(whose, key) : np.searchsorted(whose, key, "right")]
        days = (at - periods.ends_us[mine]) / US_PER_DAY
        yield mine[(days >= 0) & (days < WARNED_DAYS)]


def _verdict(told: Forecasts, rows: Ints, lost_us: int) -> Verdict:
    marked = rows[told.is_at_risk[rows]]
    return Verdict(len(rows), _mark(told, int(marked[0]), lost_us) if len(marked) else None)


def _mark(told: Forecasts, row: int, lost_us: int) -> Mark:
    at_us, scorer = int(told.periods.ends_us[row]), told.scorer(row)
    return Mark(
        at_us=at_us,
        days_before=(lost_us - at_us) / US_PER_DAY,
        friction_index=float(told.values[row]),
        chance=None if scorer.learned.chance is None else float(told.chance[row]),
        usual=float(told.usual[row]),
        reasons=reasons(told, row),
    )


def reasons(told: Forecasts, row: int, most: int = MOST_REASONS) -> tuple[tuple[Feature, float], ...]:
    """Weight times what a feature has beyond the mean of its stage, in doublings; those that add most, if anything."""
    scorer, periods = told.scorer(row), told.periods
    added = scorer.learned.weights * (periods.drag[row] - scorer.typical[periods.stage[row]])
    first = np.argsort(-added, kind="stable")[:most]
    return tuple((scorer.drag.features[i], float(added[i])) for i in first if added[i] >= LEAST_DOUBLINGS)


def _stayed(told: Forecasts, windows: list[Ints], listed: Ints) -> tuple[int, int]:
    """Of the customers who stayed, how many were there in the same weeks as one of the list, and marked in them.

    Each stayer counts once, in the weeks of a listed customer drawn for it among those it can be compared in: as long
    a time, at the same time of the year.
    """
    if not windows:
        return 0, 0
    there, marked = _stayers(told, listed)
    first = int(told.periods.week.min())
    kinds, counts = np.unique([_flags(weeks - first, there.shape[1]) for weeks in windows], axis=0, return_counts=True)
    fits = np.stack([there[:, weeks].all(axis=1) for weeks in kinds], axis=1)
    choices = fits @ counts
    draw = np.random.default_rng(1).integers(0, np.maximum(choices, 1))
    chosen = (np.cumsum(fits * counts, axis=1) > draw[:, None]).argmax(axis=1)
    is_marked = (marked & kinds[chosen]).any(axis=1)
    return int((choices > 0).sum()), int(is_marked[choices > 0].sum())


def _stayers(told: Forecasts, listed: Ints) -> tuple[Bools, Bools]:
    """(customers, weeks) who was scored and who at risk, of those who are not listed and of whom no exit is known."""
    periods = told.periods
    gone = np.union1d(periods.customer[np.isfinite(periods.exit_days)], listed)
    rows = ~np.isin(periods.customer, gone)
    keys, who = np.unique(periods.customer[rows], return_inverse=True)
    first, last = (int(end(periods.week)) for end in (np.min, np.max))
    there, marked = (np.zeros((len(keys), last - first + 1), np.bool_) for _ in range(2))
    at = who, periods.week[rows] - first
    there[at], marked[at] = True, told.is_at_risk[rows]
    return there, marked


def _flags(places: Ints, n: int) -> Bools:
    found = np.zeros(n, np.bool_)
    found[places] = True
    return found
