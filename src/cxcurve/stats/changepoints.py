"""Change points: the weeks at which the level of a series moved."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from cxcurve.errors import BadValueError
from cxcurve.stats.estimates import Floats

SHORTEST = 3
"""Points a level must last to be one."""


def change_points(values: ArrayLike, *, penalty: float | None = None, shortest: int = SHORTEST) -> tuple[int, ...]:
    """Where a new level of the mean begins, as positions in `values`, by PELT with squared error.

    Args:
        values: (n,) the series, equally spaced, without gaps.
        penalty: what a change must save in squared error; 3 log(n) x noise variance when None, the noise
            taken from the differences of neighbours, so that the changes themselves do not count as noise.
        shortest: points each level lasts at least.

    Returns:
        Rising positions; none when there is no change, no noise, or fewer than two levels' points.

    Source: Killick, Fearnhead & Eckley 2012, J. Am. Statist. Assoc. 107:1590-1598
    """
    series = _series(values)
    if len(series) < 2 * shortest:
        return ()
    cost = 3 * math.log(len(series)) * _noise_variance(series) if penalty is None else penalty
    if np.ptp(series) == 0:
        return ()
    import ruptures  # seconds to import, and only needed here

    # the linear kernel is squared error: the same changes as ruptures.Pelt(model="l2"), in C, 200 times as fast
    found = ruptures.KernelCPD(kernel="linear", min_size=shortest).fit(series).predict(pen=max(cost, 1e-12))
    return tuple(int(position) for position in found[:-1])


def best_split(values: ArrayLike) -> int | None:
    """Position at which one change of the mean fits best (least squares); None under two points."""
    series = _series(values)
    n = len(series)
    if n < 2:
        return None
    left = np.cumsum(series - series.mean())[:-1]
    sizes = np.arange(1, n)
    return int(np.argmax(left**2 / sizes + left**2 / (n - sizes))) + 1


def _noise_variance(series: Floats) -> float:
    steps = np.diff(series)
    # 1.4826: the median absolute deviation of a normal, in standard deviations
    spread = 1.4826 * float(np.median(np.abs(steps - np.median(steps))))
    return spread**2 / 2


def _series(values: ArrayLike) -> Floats:
    series = np.asarray(values, float)
    if series.ndim != 1 or not np.isfinite(series).all():
        raise BadValueError("values: expected a list of finite numbers; fill or cut the gaps first")
    return series
