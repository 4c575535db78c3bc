"""Bands: the mean along a curve with an interval that holds for the whole curve at once.

Customers are spread over hash buckets; a bucket's sums add up over shards, and drawing buckets anew stands
for drawing customers anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from cxcurve.errors import BadValueError, Reason
from cxcurve.stats.estimates import Estimate, Floats, check_level, nothing, z_of

FEWEST_CUSTOMERS = 10
FEWEST_BUCKETS = 5
_DRAWS_AT_ONCE = 250
"""Keeps the drawn sums of a long curve within a few megabytes."""


@dataclass(frozen=True, eq=False, slots=True)
class Band:
    """A mean along x with two 95 % (or `level`) intervals; NaN where there is nothing to show.

    Attributes:
        mean: (x,) sums / counts over all buckets.
        low, high: (x,) simultaneous: the whole true curve lies within, in 95 of 100 cases.
        point_low, point_high: (x,) pointwise: each x for itself.
        n: (x,) customers counted.
        is_thin: (x,) fewer than 10 customers or 5 buckets: no interval.
        reason: why there is no interval at any x, else None.
    """

    mean: Floats
    low: Floats
    high: Floats
    point_low: Floats
    point_high: Floats
    n: Floats
    is_thin: NDArray[np.bool_]
    reason: Reason | None = None


def mean_band(
    sums: ArrayLike,
    counts: ArrayLike,
    *,
    seed: int,
    n_customers: ArrayLike | None = None,
    level: float = 0.95,
    n_draws: int = 1000,
) -> Band:
    """Mean at each x with pointwise and simultaneous (sup-t) intervals, by a bootstrap over buckets.

    Buckets are weighted by exponential draws rather than picked, so that no x ever comes out empty.

    Args:
        sums: (buckets, x) sum of the values of the bucket's customers.
        counts: (buckets, x) how many (or how much weight) stand behind each sum.
        seed: the same seed and data give the same band.
        n_customers: (x,) customers, where `counts` are weights or customer-weeks; the counts' sum when None.
        level: confidence.
        n_draws: bootstrap draws.

    Source: Rubin 1981, Ann. Statist. 9:130-134; Montiel Olea & Plagborg-Moller 2019, doi:10.1002/jae.2656 (sup-t)
    """
    total, count = _checked(sums, counts)
    check_level(level)
    n = count.sum(axis=0) if n_customers is None else np.asarray(n_customers, float)
    mean = _divide(total.sum(axis=0), count.sum(axis=0))
    n_buckets = (count > 0).sum(axis=0)
    is_thin = (n < FEWEST_CUSTOMERS) | (n_buckets < FEWEST_BUCKETS)
    point, whole = np.full(mean.shape, np.nan), np.full(mean.shape, np.nan)
    firm = np.flatnonzero(~is_thin)
    if firm.size:
        away = _drawn_means(total[:, firm], count[:, firm], seed, n_draws) - mean[firm]
        error = np.sqrt((away**2).mean(axis=0))
        # Few buckets widen the far tail, where the whole curve is decided, more than a single point's 95 %.
        farthest, buckets = _sup_t(away, error, level), _effective(count[:, firm])
        tail = 2 * float(special.ndtr(farthest)) - 1
        point[firm] = z_of(level) * _widening(buckets, level) * error
        whole[firm] = farthest * _widening(buckets, tail) * error
    reason = None if firm.size else Reason.TOO_FEW
    return Band(mean, mean - whole, mean + whole, mean - point, mean + point, n, is_thin, reason)


def bucket_mean(
    sums: ArrayLike, counts: ArrayLike, *, seed: int, n_customers: int | None = None, level: float = 0.95
) -> Estimate:
    """One mean over customers with its bootstrap interval: `mean_band` at a single x, (buckets,) arrays.

    The mean without an interval, and the reason, when there are fewer than 10 customers or 5 buckets.
    """
    columns = np.asarray(sums, float)[:, None], np.asarray(counts, float)[:, None]
    band = mean_band(*columns, seed=seed, n_customers=None if n_customers is None else [n_customers], level=level)
    n = int(band.n[0])
    if not np.isfinite(band.mean[0]):
        return nothing(n)
    if band.is_thin[0]:
        return Estimate(float(band.mean[0]), n=n, reason=Reason.TOO_FEW)
    return Estimate(float(band.mean[0]), float(band.point_low[0]), float(band.point_high[0]), n)


def bucket_change(
    now: tuple[ArrayLike, ArrayLike], before: tuple[ArrayLike, ArrayLike], *, seed: int, level: float = 0.95
) -> Estimate:
    """Change of a mean over largely the same customers: each draw weighs a bucket alike in both.

    Args:
        now: (buckets,) sums and counts, as for `bucket_mean`.
        before: the same, earlier.
        seed: the same seed and data give the same interval.
        level: confidence.

    Returns:
        Mean now minus mean before; without an interval where either has fewer than 10 customers or 5 buckets.
    """
    columns = [np.column_stack(pair) for pair in zip(now, before, strict=True)]
    total, count = _checked(*columns)
    check_level(level)
    n = count.sum(axis=0)
    if not n.all():
        return nothing(int(n.min()))
    means = total.sum(axis=0) / n
    change, n_buckets = float(means[0] - means[1]), int((count > 0).sum(axis=0).min())
    if n.min() < FEWEST_CUSTOMERS or n_buckets < FEWEST_BUCKETS:
        return Estimate(change, n=int(n[0]), reason=Reason.TOO_FEW)
    drawn = _drawn_means(total, count, seed, 1000)
    error = float(np.sqrt(((drawn[:, 0] - drawn[:, 1] - change) ** 2).mean()))
    half = z_of(level) * float(_widening(n_buckets, level)) * error
    return Estimate(change, change - half, change + half, int(n[0]), error)


def bucket_function(
    sums: ArrayLike, function: Callable[[Floats], Floats], *, seed: int, level: float = 0.95, n_draws: int = 1000
) -> list[Estimate]:
    """Numbers made from sums over customers, each with its bootstrap interval.

    Args:
        sums: (buckets, columns) sums of the bucket's customers.
        function: (draws, columns) sums to (draws, numbers); twice the sums must give the same numbers.
        seed: the same seed and data give the same intervals.
        level: confidence, of each number for itself.
        n_draws: bootstrap draws.

    Returns:
        The numbers in order; without intervals where fewer than 5 buckets hold anything.
    """
    total, _ = _checked(sums, np.zeros(np.shape(sums)))
    value = function(total.sum(axis=0, keepdims=True))[0]
    n_buckets = int(total.any(axis=1).sum())
    if n_buckets < FEWEST_BUCKETS:
        return [Estimate(float(one), reason=Reason.TOO_FEW) for one in value]
    drawn = [function(weights @ total) for weights in _weights(len(total), seed, n_draws)]
    error = np.sqrt(((np.concatenate(drawn) - value) ** 2).mean(axis=0))
    half = z_of(check_level(level)) * _widening(n_buckets, level) * error
    return [Estimate(one, one - h, one + h) for one, h in zip(value.tolist(), half.tolist(), strict=True)]


def _drawn_means(total: Floats, count: Floats, seed: int, n_draws: int) -> Floats:
    """(n_draws, x) means under exponential bucket weights."""
    return np.concatenate([(weights @ total) / (weights @ count) for weights in _weights(len(total), seed, n_draws)])


def _weights(n_buckets: int, seed: int, n_draws: int) -> Iterator[Floats]:
    """Exponential weights, (draws, buckets), some draws at a time."""
    rng = np.random.default_rng(seed)
    for start in range(0, n_draws, _DRAWS_AT_ONCE):
        yield rng.standard_exponential((min(_DRAWS_AT_ONCE, n_draws - start), n_buckets))


def _effective(count: Floats) -> Floats:
    """(x,) how many equal buckets would say as much (Kish): where a few carry the weight, they alone decide."""
    return np.asarray(np.maximum((count.sum(axis=0) ** 2 / (count**2).sum(axis=0)).round(1), 2.0))


def _widening(n_buckets: ArrayLike, level: float) -> Floats:
    """What a few buckets add: exponential weights spread (n-1)/(n+1) too little, and the spread is itself uncertain."""
    n = np.asarray(n_buckets, float)
    return np.asarray(np.sqrt((n + 1) / (n - 1)) * special.stdtrit(n - 1, 0.5 + level / 2) / z_of(level))


def _sup_t(away: Floats, error: Floats, level: float) -> float:
    """How many standard errors the farthest point of a curve is away, in `level` of the draws."""
    farthest = np.abs(_divide(away, np.broadcast_to(error, away.shape), empty=0.0)).max(axis=1)
    return max(z_of(level), float(np.quantile(farthest, level)))


def _checked(sums: ArrayLike, counts: ArrayLike) -> tuple[Floats, Floats]:
    total, count = np.asarray(sums, float), np.asarray(counts, float)
    if total.ndim != 2 or total.shape != count.shape:
        raise BadValueError(f"sums has shape {total.shape} and counts {count.shape}; expected (buckets, x) for both")
    if not (np.isfinite(total).all() and np.isfinite(count).all() and (count >= 0).all()):
        raise BadValueError("sums and counts: expected finite numbers, counts of 0 or more")
    return total, count


def _divide(part: Floats, whole: Floats, empty: float = np.nan) -> Floats:
    return np.asarray(np.divide(part, whole, out=np.full(part.shape, empty), where=whole > 0), float)
