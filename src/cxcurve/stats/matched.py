"""Matched differences: a mean of one group against that of others who are alike in what was known before."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cxcurve.errors import BadValueError
from cxcurve.stats.estimates import THIN, Estimate, Floats, Ints, nothing, z_of

Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False, slots=True)
class Matched:
    """A group against others in the same strata.

    Attributes:
        difference: of the means, the others weighed so that they stand where the group does.
        n: of the group.
        n_matched: those of them in a stratum with others.
        n_others: of the others, in those strata.
        weights: (rows,) what each row counts in its mean: 1 of the matched, 0 of who is in no shared stratum.
        slope: how much of the value before was taken away.
    """

    difference: Estimate
    n: int
    n_matched: int
    n_others: int
    weights: Floats
    slope: float = 0.0


def matched_difference(
    first: ArrayLike,
    value: ArrayLike,
    strata: ArrayLike,
    before: ArrayLike | None = None,
    *,
    clusters: ArrayLike | None = None,
    level: float = 0.95,
) -> Matched:
    """Mean of the first group less that of the others, compared within strata.

    Where a value before is given, what it explains within the strata is taken away: bands are wide, and who stands at
    the upper end of one goes back further by itself.

    Args:
        first: (rows,) whether it is of the group.
        value: (rows,) what is compared, 0 and 1 for a share.
        strata: (rows,) numbers from 0 on.
        before: (rows,) the same of before.
        clusters: (rows,) whose row it is, numbers from 0 on; each its own when None.
        level: confidence.

    Returns:
        No difference under 30 matched on either side. The interval is normal, with the variance within each stratum
        about the means of its sides; where both have a single row, that of all strata stands in.

    Rows of one cluster widen it as far as they are alike.

    Source: Cochran 1968, Biometrics 24:295-313; standardised to the first group as Rosenbaum 1987, JASA 82:387-394
    """
    is_first, y, stratum = np.asarray(first, bool), np.asarray(value, float), np.asarray(strata, np.int64)
    if not is_first.shape == y.shape == stratum.shape:
        raise BadValueError(
            f"first has shape {is_first.shape}, value {y.shape}, strata {stratum.shape}; expected (rows,) each"
        )
    n = _counts(is_first, stratum)
    is_shared = np.asarray((n > 0).all(axis=0))
    rows = is_shared[stratum]
    n_first, n_others = (int(one) for one in np.where(is_shared, n, 0).sum(axis=1))
    weights = _weights(is_first, stratum, n) * rows
    told = (int(is_first.sum()), n_first, n_others, weights)
    if min(n_first, n_others) < THIN:
        return Matched(nothing(min(n_first, n_others)), *told)
    slope = 0.0
    if before is not None:
        x = np.asarray(before, float)
        slope = _slope(is_first[rows], stratum[rows], y[rows], x[rows])
        y = y - slope * x
    means, variance = _cells(is_first, stratum, y, n)
    share = n[0] * is_shared / n_first
    gap = float((share * np.where(is_shared, means[0] - means[1], 0.0)).sum())
    parts = np.divide(variance, n, out=np.zeros_like(n), where=n > 0)
    error = float(np.sqrt((share**2 * parts.sum(axis=0)).sum()))
    if clusters is not None and error:
        away = (y - means[np.where(is_first, 0, 1), stratum]) * weights * np.where(is_first, 1.0, -1.0)
        error *= float(np.sqrt(_design_effect(away, np.asarray(clusters, np.int64))))
    half = z_of(level) * error
    return Matched(Estimate(gap, gap - half, gap + half, n_first + n_others, error), *told, slope)


def _design_effect(away: Floats, whose: Ints) -> float:
    """How much more a sum varies because the rows of a cluster are alike."""
    alone = float((away**2).sum())
    return float((np.bincount(whose, away) ** 2).sum()) / alone if alone > 0 else 1.0


def _counts(is_first: Bools, stratum: Ints) -> Floats:
    """(2, strata) rows of the group and of the others."""
    size = int(stratum.max(initial=-1)) + 1
    return np.stack([np.bincount(stratum[one], minlength=size) for one in (is_first, ~is_first)]).astype(float)


def _weights(is_first: Bools, stratum: Ints, n: Floats) -> Floats:
    each = np.divide(n[0], n[1], out=np.zeros(n.shape[1]), where=n[1] > 0)
    return np.where(is_first, 1.0, each[stratum])


def _slope(is_first: Bools, stratum: Ints, y: Floats, x: Floats) -> float:
    """Of the value on the value before, within strata and groups; 0 where that never varied."""
    cell = 2 * stratum + is_first
    n = np.maximum(np.bincount(cell), 1)
    away = [one - (np.bincount(cell, one) / n)[cell] for one in (y, x)]
    spread = float((away[1] ** 2).sum())
    return float((away[0] * away[1]).sum()) / spread if spread > 0 else 0.0


def _cells(is_first: Bools, stratum: Ints, y: Floats, n: Floats) -> tuple[Floats, Floats]:
    """(2, strata) means, and (strata,) variances about them, of both sides together: few rows alone hardly tell one."""
    means, squares = np.zeros_like(n), np.zeros(n.shape[1])
    for place, side in enumerate((is_first, ~is_first)):
        means[place] = np.bincount(stratum[side], y[side], n.shape[1]) / np.maximum(n[place], 1)
        squares += np.bincount(stratum[side], (y[side] - means[place][stratum[side]]) ** 2, n.shape[1])
    free = np.maximum(n - 1, 0).sum(axis=0)
    usual = squares.sum() / max(free.sum(), 1.0)
    return means, np.where(free > 0, squares / np.maximum(free, 1), usual)
