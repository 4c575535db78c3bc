"""State signals: what no event says but the event log does (definitions.md, 1 and 8).

Arrays are customers x ticks; a tick is a week's end, or as_of.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

US_PER_DAY = 86_400_000_000
RECENT_WEEKS, BEST_WEEKS, LOOK_BACK_WEEKS = 4, 8, 52
SILENCE_SHAPE, SILENCE_SCALE = 2.0, 10.0
"""Weak prior of the gap between active business days: as if two gaps of 10 days had been seen."""
SILENCE_ALPHA, SILENCE_MIN_DAYS, COMPLAINT_DAYS = 0.05, 7.0, 60


def stall(dwell_days: Floats, expected_days: Floats) -> Floats:
    """How far a stay is beyond its expected length: 0 up to it, 1 at twice it. No expectation, no stall."""
    return np.clip(dwell_days / np.where(expected_days > 0, expected_days, np.inf) - 1.0, 0.0, 1.0)


def decline(core_counts: Floats, first_use: Ints) -> Floats:
    """Fall of core use: the last 4 weeks against the best 8-week mean of the last 52.

    Against the best, not against a baseline that follows the fall and heals while the account dies.

    Args:
        core_counts: customers x weeks, with the season taken out.
        first_use: column of each customer's first core use; negative where it lies before them.
    """
    n_weeks = core_counts.shape[1]
    if n_weeks < BEST_WEEKS:
        return np.zeros_like(core_counts)
    recent = _rolling_mean(core_counts, RECENT_WEEKS)
    eight = _rolling_mean(core_counts, BEST_WEEKS)
    weeks_used = np.arange(n_weeks)[None, :] - first_use[:, None] + 1
    eight = np.where(weeks_used >= BEST_WEEKS, eight, 0.0)
    width = LOOK_BACK_WEEKS - BEST_WEEKS + 1
    # maximum_filter1d looks both ways; shifted by half its width it looks back only.
    best = maximum_filter1d(eight, size=width, axis=1, mode="constant", cval=0.0, origin=(width - 1) // 2)
    share = np.divide(recent, best, out=np.ones_like(best), where=best > 0)
    return np.where(best > 0, np.clip((1.0 - share - 0.2) / 0.8, 0.0, 1.0), 0.0)


def silence(
    n_days: Floats, first_day: Floats, last_day: Floats, today: Floats, complaint_us: Floats, tick_us: Floats
) -> Floats:
    """1 while the customer is silent: quiet beyond its own habit, without a complaint in 60 days.

    The gap since the last active business day must pass `(b + T)(0.05^(-1/(a + k)) - 1)`: k+1 active days spanning T
    days, the running gap excluded; never under 7 days.

    Args:
        n_days: active business days so far.
        first_day: the first of them.
        last_day: the last of them.
        today: business day of the tick.
        complaint_us: latest complaint so far, -inf where none.
        tick_us: the tick.
    """
    with np.errstate(invalid="ignore"):
        gaps = np.maximum(n_days - 1.0, 0.0)
        span = last_day - first_day
        limit = (SILENCE_SCALE + span) * (SILENCE_ALPHA ** (-1.0 / (SILENCE_SHAPE + gaps)) - 1.0)
        quiet = (today - last_day) > np.maximum(limit, SILENCE_MIN_DAYS)
        calm = tick_us - complaint_us > COMPLAINT_DAYS * US_PER_DAY
    return np.where((n_days > 0) & quiet & calm, 1.0, 0.0)


def _rolling_mean(values: Floats, width: int) -> Floats:
    """Mean of the last `width` weeks; before there are so many, of those there are counted as `width`.

    Added up window by window: a difference of running totals would depend on where the weeks begin.
    """
    total = values.copy()
    for back in range(1, min(width, values.shape[1])):
        total[:, back:] += values[:, :-back]
    return total / width
