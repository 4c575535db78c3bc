"""Whether a day's count lies outside what is usual on that weekday, for many series at once.

Counts come in bunches, weeks repeat and single days go wrong: so medians over the same weekday, spreads that outliers
do not widen, never less than chance alone gives, and no alarm for what the weeks before have shown as well.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from cxcurve.errors import BadValueError
from cxcurve.stats.estimates import Floats, z_of

WEEKS, DAYS = 8, 7
WINDOW = WEEKS * DAYS
"""Days looked back on."""
MAD_TO_SD = 1.4826
"""A standard deviation in median absolute deviations, of a normal distribution."""
UNSURE = (1.0 + np.pi / 2 / WEEKS) * 1.25
"""The variance of a new value around the median of eight, in that of a value; and a quarter more, since the spread is
itself uncertain. Held against simulated plans without a change: docs/plan.md."""
FEW = 30.0
"""Under so many a day medians say little of how counts bunch; the plain variance does."""

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Usual:
    """What was usual for n series, and how unlikely today is; arrays of n.

    Attributes:
        middle: median of the same weekday.
        low, high: where 95 % of such days lie.
        p_value: two-sided; 1 for what days of the last eight weeks have shown too.
    """

    middle: Floats
    low: Floats
    high: Floats
    p_value: Floats


def usual_range(history: Ints, today: Ints) -> Usual:
    """Today against the eight weeks before.

    Counts vary as a negative binomial around the median of their weekday: its variance is that of chance (Poisson), or
    where the weekday's or all weekdays' median absolute deviations say so, so many times as much.

    Args:
        history: (n, 56) counts of the days before, yesterday last.
        today: (n,) counts of today.
    """
    if history.ndim != 2 or history.shape[1] != WINDOW or today.shape != history.shape[:1]:
        raise BadValueError(f"history has shape {history.shape}; expected ({len(today)}, {WINDOW}): 56 days each")
    weeks = history.reshape(-1, WEEKS, DAYS).astype(float)
    same = weeks[:, :, 0]  # 56 days ago was the same weekday
    middle = np.median(same, axis=1)
    ratio = _variance_ratio(weeks) * UNSURE
    center = _steady_mean(same, middle, ratio)
    p_value = 2 * np.minimum(
        _tail_above(today, np.maximum(middle, center), ratio), _tail_below(today, np.minimum(middle, center), ratio)
    )
    half = z_of(0.95) * np.sqrt(np.maximum(middle, 1.0) * ratio)
    is_shown = (today <= history.max(axis=1)) & (today >= np.partition(same, 1, axis=1)[:, 1])
    return Usual(
        middle, np.maximum(middle - half, 0.0), middle + half, np.where(is_shown, 1.0, np.minimum(p_value, 1.0))
    )


def silence_p(history: Ints, n_silent: Ints) -> Floats:
    """(n,) how unlikely so many days in a row without any are; 1 where the eight weeks before had such a pause too.

    Args:
        history: (n, 56) counts up to the last day there were any.
        n_silent: (n,) days without any since.
    """
    mean = history.mean(axis=1)
    ratio = np.maximum(history.var(axis=1) / np.maximum(mean, 1e-12), 1.0)
    longest = np.array([_longest_pause(row) for row in history], dtype=np.int64)
    # A day without any is as likely as under a negative binomial of that mean and variance.
    p_day = np.where(ratio > 1.001, ratio ** (-mean / np.maximum(ratio - 1, 1e-9)), np.exp(-mean))
    return np.where(n_silent <= longest, 1.0, p_day**n_silent)


def _variance_ratio(weeks: Floats) -> Floats:
    """Variance in that of chance, at least 1, by the weekday's own deviations or those of all, whichever is more."""
    middles = np.median(weeks, axis=1, keepdims=True)
    away = np.abs(weeks - middles) / np.sqrt(np.maximum(middles, 1.0))
    # Deviations from a median of eight are smaller than from the true one.
    spread = MAD_TO_SD * np.sqrt(WEEKS / (WEEKS - 1))
    own, pooled = np.median(away[:, :, 0], axis=1), np.median(away.reshape(len(weeks), -1), axis=1)
    mean = weeks.mean(axis=(1, 2))
    plain = weeks.var(axis=1, ddof=1).mean(axis=1) / np.maximum(mean, 1e-12)
    plain = np.where(mean < FEW, plain, 0.0)
    return np.asarray(np.maximum(np.maximum((spread * np.maximum(own, pooled)) ** 2, plain), 1.0))


def _steady_mean(same: Floats, middle: Floats, ratio: Floats) -> Floats:
    """The mean with outliers drawn in: of rare events the median says 0 and the mean something."""
    reach = 3 * np.sqrt(ratio * np.maximum(middle, 1.0))[:, None]
    return np.asarray(np.clip(same, middle[:, None] - reach, middle[:, None] + reach).mean(axis=1))


def _tail_above(count: Ints, mean: Floats, ratio: Floats) -> Floats:
    """The chance of so many or more."""
    mean = np.maximum(mean, 1.0 / (2 * WEEKS))  # never seen in eight weeks is not never
    tail = special.betainc(np.maximum(count, 1), mean / (ratio - 1), 1 - 1 / ratio)
    return np.where(count > 0, tail, 1.0)


def _tail_below(count: Ints, mean: Floats, ratio: Floats) -> Floats:
    """The chance of so many or fewer."""
    mean = np.maximum(mean, 1.0 / (2 * WEEKS))
    return np.asarray(special.betainc(mean / (ratio - 1), count + 1, 1 / ratio))


def _longest_pause(counts: Ints) -> int:
    """The most days in a row without any."""
    ends = np.flatnonzero(np.r_[1, counts, 1])
    return int(np.diff(ends).max() - 1)
