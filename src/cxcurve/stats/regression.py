"""What drives a score: the explained variance shared out among correlated causes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike

from cxcurve.errors import BadValueError, Reason
from cxcurve.stats.estimates import Floats

MOST_CAUSES = 15
"""Shapley shares need every subset of the causes: 2^15 are done in a second or two."""


@dataclass(frozen=True, eq=False, slots=True)
class Drivers:
    """How much of the variance of an outcome each cause explains.

    Attributes:
        shares: (causes,) parts of `r_squared`, which they add up to; None when there is too little data.
        r_squared: share of the variance explained by all causes together (0-1).
    """

    shares: Floats | None
    r_squared: float | None
    n: int
    reason: Reason | None = None


def relative_weights(causes: ArrayLike, outcome: ArrayLike) -> Drivers:
    """Share R2 out by way of the nearest uncorrelated causes; fast for any number of causes.

    Args:
        causes: (n, causes) values, one row an answer.
        outcome: (n,) the score to be explained.

    Returns:
        No shares when there are not more answers than causes + 1, or when a column never varies.

    Source: Johnson 2000, Multivar. Behav. Res. 35:1-19
    """
    correlation, n = _correlation(causes, outcome)
    if correlation is None:
        return Drivers(None, None, n, Reason.TOO_FEW)
    values, vectors = np.linalg.eigh(correlation[:-1, :-1])
    root = vectors @ np.diag(np.sqrt(np.maximum(values, 0))) @ vectors.T
    loadings = np.linalg.pinv(root) @ correlation[:-1, -1]
    shares = root**2 @ loadings**2
    return Drivers(shares, float(shares.sum()), n)


def shapley_shares(causes: ArrayLike, outcome: ArrayLike) -> Drivers:
    """Share R2 out as the mean gain of each cause over all orders of entering (LMG); up to 15 causes.

    Args and result as for `relative_weights`.

    Source: Lindeman, Merenda & Gold 1980; Groemping 2006, J. Stat. Softw. 17(1)
    """
    correlation, n = _correlation(causes, outcome)
    if correlation is None:
        return Drivers(None, None, n, Reason.TOO_FEW)
    k = len(correlation) - 1
    if k > MOST_CAUSES:
        raise BadValueError(f"{k} causes are too many for Shapley shares, at most {MOST_CAUSES}; use relative_weights")
    explained = _explained_by_subset(correlation, k)
    subsets = np.arange(2**k)
    sizes = np.array([subset.bit_count() for subset in range(2**k)])
    weight = np.array([math.factorial(size) * math.factorial(k - size - 1) / math.factorial(k) for size in range(k)])
    shares = np.empty(k)
    for cause in range(k):
        without = subsets[(subsets >> cause) & 1 == 0]
        shares[cause] = weight[sizes[without]] @ (explained[without | (1 << cause)] - explained[without])
    return Drivers(shares, float(explained[-1]), n)


def _explained_by_subset(correlation: Floats, k: int) -> Floats:
    """(2^k,) R2 of every subset of the causes; bit j of the index stands for cause j."""
    explained = np.zeros(2**k)
    for size in range(1, k + 1):
        chosen = np.array(list(combinations(range(k), size)))
        # pinv, not solve: two causes may be copies of each other
        inverse = np.linalg.pinv(correlation[chosen[:, :, None], chosen[:, None, :]], hermitian=True)
        outcome = correlation[chosen, -1]
        explained[(1 << chosen).sum(axis=1)] = np.einsum("ni,nij,nj->n", outcome, inverse, outcome)
    return explained


def _correlation(causes: ArrayLike, outcome: ArrayLike) -> tuple[Floats | None, int]:
    """(causes + 1, causes + 1) correlations, the outcome last; None when the data do not carry them."""
    x, y = np.asarray(causes, float), np.asarray(outcome, float)
    if x.ndim != 2 or y.shape != (len(x),):
        raise BadValueError(f"causes has shape {x.shape} and outcome {y.shape}; expected (n, causes) and (n,)")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise BadValueError("causes and outcome: expected finite numbers; leave incomplete answers out")
    both = np.column_stack([x, y])
    if len(x) < x.shape[1] + 2 or (np.ptp(both, axis=0) == 0).any():
        return None, len(x)
    return np.asarray(np.corrcoef(both, rowvar=False), float), len(x)
