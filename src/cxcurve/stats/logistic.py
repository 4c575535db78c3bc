"""Logistic regression with an opinion: coefficients that start from what experts think, within bounds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special

from cxcurve.errors import BadValueError, Reason
from cxcurve.stats.estimates import Floats, check_level

_MOST_STEPS = 500
_FLAT = 1e-9
"""Information that stands for none, so that a column that is 0 everywhere can be inverted."""


@dataclass(frozen=True, eq=False, slots=True)
class Prior:
    """What is thought of each coefficient before the data: normal around `mean`, never below `least`.

    Attributes:
        mean: (k,) centre.
        sd: (k,) standard deviation; infinite where there is no opinion.
        least: (k,) lower bound; minus infinity where there is none.
    """

    mean: Floats
    sd: Floats
    least: Floats

    @classmethod
    def of(cls, mean: ArrayLike, sd: ArrayLike, least: ArrayLike = -np.inf) -> Prior:
        """From numbers or arrays that broadcast to each other."""
        parts = np.broadcast_arrays(*(np.atleast_1d(np.asarray(part, float)) for part in (mean, sd, least)))
        return cls(*(np.array(part) for part in parts))

    def __add__(self, other: Prior) -> Prior:
        """The opinions of one set of columns, then those of another."""
        pairs = ((self.mean, other.mean), (self.sd, other.sd), (self.least, other.least))
        return Prior(*(np.concatenate(pair) for pair in pairs))


@dataclass(frozen=True, eq=False, slots=True)
class LogisticFit:
    """The most probable coefficients, in natural log odds per unit; None, with a reason, where nothing can be told.

    Attributes:
        coefficients: (k,) the top of the posterior.
        covariance: (k, k) of the normal around it, before bounds.
        low, high: (k,) interval of each, bounds kept.
        n: rows.
        n_events: rows in which it happened.
    """

    coefficients: Floats | None
    covariance: Floats | None
    low: Floats | None
    high: Floats | None
    n: int
    n_events: int
    reason: Reason | None = None

    def log_odds(self, x: ArrayLike) -> Floats:
        """(n,) predicted natural log odds of rows with the same columns."""
        if self.coefficients is None:
            raise BadValueError("log_odds: the fit has no coefficients; look at its reason first")
        return np.asarray(np.asarray(x) @ self.coefficients, float)


def logistic_regression(
    x: ArrayLike, happened: ArrayLike, prior: Prior, *, offset: ArrayLike = 0.0, level: float = 0.95
) -> LogisticFit:
    """Fit by L-BFGS-B with the analytic gradient, each column scaled by its own information.

    Args:
        x: (n, k) columns; a constant one is the intercept.
        happened: (n,) whether it did.
        prior: of the k coefficients.
        offset: (n,) or one number, known part of the log odds.
        level: of the intervals: normal around the top, cut off at the bound.

    Returns:
        No coefficients where it happened to nobody or to all.

    Source: Byrd et al. 1995, SIAM J. Sci. Comput. 16:1190-1208; MacKay 1992, Neural Comput. 4:720-736 (the normal
        around the top)
    """
    columns, event = np.asarray(x, float), np.asarray(happened, bool)
    known = np.broadcast_to(np.asarray(offset, float), event.shape)
    if columns.ndim != 2 or event.shape != (len(columns),) or prior.mean.shape != (columns.shape[1],):
        raise BadValueError(
            f"x {columns.shape}, happened {event.shape}, prior {prior.mean.shape}; expected (n, k), (n,), (k,)"
        )
    n_events = int(event.sum())
    if n_events in {0, len(event)}:
        return LogisticFit(None, None, None, None, len(event), n_events, Reason.TOO_FEW)
    top = _top(columns, event, known, prior)
    _, gradient = _loss(top, columns, event, known, prior)
    covariance = np.asarray(np.linalg.inv(_information(top, columns, known, prior)), float)
    low, high = _interval(top, gradient, np.diag(covariance), prior.least, check_level(level))
    return LogisticFit(top, covariance, low, high, len(event), n_events)


def clustered_errors(fit: LogisticFit, x: ArrayLike, happened: ArrayLike, clusters: ArrayLike) -> Floats:
    """(k,) standard errors of the coefficients where rows of one cluster are alike: several weeks of one customer.

    Args:
        fit: from `logistic_regression` on the same rows, without an offset.
        x: (n, k) columns.
        happened: (n,) whether it did.
        clusters: (n,) whose row it is: any integers.

    Source: Liang & Zeger 1986, Biometrika 73:13-22
    """
    if fit.covariance is None:
        raise BadValueError("clustered_errors: the fit has no coefficients; look at its reason first")
    columns = np.asarray(x, float)
    missed = np.asarray(happened, float) - special.expit(fit.log_odds(columns))
    names, place = np.unique(np.asarray(clusters), return_inverse=True)
    scores = np.stack([np.bincount(place, missed * column, len(names)) for column in columns.T], axis=1)
    few = len(names) / max(len(names) - 1, 1)
    return np.asarray(np.sqrt(few * np.diag(fit.covariance @ (scores.T @ scores) @ fit.covariance)), float)


def natural_spline(x: ArrayLike, knots: ArrayLike) -> Floats:
    """(n, knots - 1) columns of a natural cubic spline: a smooth course that runs straight beyond the outer knots.

    Source: Hastie, Tibshirani & Friedman 2009, The Elements of Statistical Learning, 5.2.1
    """
    value, at = np.asarray(x, float)[:, None], np.unique(np.asarray(knots, float))
    if len(at) < 3:
        return value
    bent = np.maximum(value - at, 0) ** 3
    bent = (bent[:, :-1] - bent[:, -1:]) / (at[-1] - at[:-1])
    scale = (at[-1] - at[0]) ** 2  # keeps the columns near the size of x itself
    return np.asarray(np.hstack([value, (bent[:, :-1] - bent[:, -1:]) / scale]), float)


def _top(x: Floats, event: NDArray[np.bool_], offset: Floats, prior: Prior) -> Floats:
    start = np.maximum(prior.mean, prior.least)
    scale = 1 / np.sqrt(np.einsum("ij,i,ij->j", x, _spread(start, x, offset), x) + 1 / prior.sd**2 + _FLAT)

    def fall(z: Floats) -> tuple[float, Floats]:
        value, slope = _loss(z * scale, x, event, offset, prior)
        return value, slope * scale

    bounds = optimize.Bounds(prior.least / scale, np.full(len(start), np.inf))
    options = {"maxiter": _MOST_STEPS, "ftol": 1e-11, "gtol": 1e-6}
    found = optimize.minimize(fall, start / scale, jac=True, method="L-BFGS-B", bounds=bounds, options=options)
    return np.asarray(found.x * scale, float)


def _loss(beta: Floats, x: Floats, event: NDArray[np.bool_], offset: Floats, prior: Prior) -> tuple[float, Floats]:
    """What is minimised, and its gradient."""
    # einsum, not @: a product with a vector is no work for two processors, and waiting for each other costs more
    log_odds, away = np.einsum("ij,j->i", x, beta) + offset, beta - prior.mean
    value = -special.log_expit(np.where(event, log_odds, -log_odds)).sum() + 0.5 * ((away / prior.sd) ** 2).sum()
    slope = np.einsum("i,ij->j", special.expit(log_odds) - event, x) + away / prior.sd**2
    return float(value), np.asarray(slope, float)


def _information(beta: Floats, x: Floats, offset: Floats, prior: Prior) -> Floats:
    weighted = x * _spread(beta, x, offset)[:, None]
    return np.asarray(x.T @ weighted + np.diag(1 / prior.sd**2 + _FLAT), float)


def _spread(beta: Floats, x: Floats, offset: Floats) -> Floats:
    """(n,) variance of what happens to each row."""
    share = special.expit(np.einsum("ij,j->i", x, beta) + offset)
    return np.asarray(share * (1 - share), float)


def _interval(top: Floats, gradient: Floats, variance: Floats, least: Floats, level: float) -> tuple[Floats, Floats]:
    """The most probable values of the normal cut off at the bound, so many of 100 of them.

    Where the top lies on the bound the gradient says how far below it the normal's middle is.
    """
    sd = np.sqrt(variance)
    centre = top - np.where(top <= least, gradient, 0.0) * variance
    below = special.ndtr((least - centre) / sd)
    half = sd * special.ndtri(0.5 + 0.5 * level * (1 - below))
    is_cut = centre - half < least
    upper = centre + sd * special.ndtri(below + level * (1 - below))
    # where all but nothing lies below the bound the quantile itself runs out of digits
    upper = np.where(below > 1 - 1e-9, least + sd, upper)
    return np.where(is_cut, least, centre - half), np.where(is_cut, upper, centre + half)
