"""Change points: the weeks at which the level of a series moved."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from cxcurve.errors import BadValueError
from cxcurve.stats.estimates import Floats

SHORTEST = 3
"""Points a level must last to be one."""
CAUTION = 3.0
"""Means of customers who stay drift together more than other customers alone would explain (`mean_changes`)."""
_N_DRAWS, _DRAWN_SHARE = 400, 0.95


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


def mean_changes(sums: ArrayLike, counts: ArrayLike, *, seed: int, shortest: int = SHORTEST) -> tuple[int, ...]:
    """Where the mean over customers moves to a new level, by PELT.

    Whoever is unusual this week still is next week, so that means of neighbouring weeks err together, and with its own
    penalty `change_points` finds a change in every such series. Drawing buckets of customers anew errs in the same way:
    the penalty is three times what the best single change of 95 % of such draws saves. (Tried: inflating the penalty by
    an AR(1) estimate of the long-run variance. From the series as it is, a change counts as autocorrelation and even 20
    points of 100 are hardly ever found; about the best split, a third fewer are found at as many false alarms.)

    Args:
        sums: (buckets, n) sum of the values of the bucket's customers at each point.
        counts: (buckets, n) how many they are; some at every point.
        seed: of the draws.
        shortest: points each level lasts at least.

    Returns:
        Rising positions at which a new level begins.

    Source: Killick, Fearnhead & Eckley 2012, J. Am. Statist. Assoc. 107:1590-1598; draws: Rubin 1981, Ann. Statist.
        9:130-134; why not the plain penalty: Shi, Gallagher, Lund & Killick 2022, Comput. Stat. Data Anal. 170:107433
    """
    total, count = np.asarray(sums, float), np.asarray(counts, float)
    if total.ndim != 2 or total.shape != count.shape or not (count.sum(axis=0) > 0).all():
        raise BadValueError("sums and counts: expected (buckets, n) for both, and customers at every point")
    means = total.sum(axis=0) / count.sum(axis=0)
    if len(means) < 2 * shortest:
        return ()
    weights = np.random.default_rng(seed).standard_exponential((_N_DRAWS, len(total)))
    noise = (weights @ total) / (weights @ count) - means
    saved = np.quantile(_best_saving(noise, shortest), _DRAWN_SHARE)
    return change_points(means, penalty=CAUTION * float(saved), shortest=shortest)


def best_split(values: ArrayLike) -> int | None:
    """Position at which one change of the mean fits best (least squares); None under two points."""
    series = _series(values)
    n = len(series)
    if n < 2:
        return None
    left = np.cumsum(series - series.mean())[:-1]
    sizes = np.arange(1, n)
    return int(np.argmax(left**2 / sizes + left**2 / (n - sizes))) + 1


def _best_saving(series: Floats, shortest: int) -> Floats:
    """(m,) what the best single change of each of (m, n) series saves in squared error."""
    n = series.shape[1]
    sizes = np.arange(shortest, n - shortest + 1)
    sums = np.cumsum(series, axis=1)
    away = sums[:, sizes - 1] - sums[:, -1:] * sizes / n
    return np.asarray((away**2 * n / (sizes * (n - sizes))).max(axis=1))


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
