"""Cox regression: what raises the hazard of an ending, whatever its course over time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cxcurve.errors import BadValueError, Reason
from cxcurve.stats.estimates import Floats, z_of

_STEPS = 50
_TOLERANCE = 1e-9
_ENDLESS = 10.0
"""A log hazard ratio per standard deviation beyond this has run off: the likelihood only flattens."""

Likelihood = tuple[float, Floats, Floats]
"""Value, gradient and information."""


@dataclass(frozen=True, eq=False, slots=True)
class CoxFit:
    """A fitted Cox model; all but `n_events` None when there is too little data.

    Attributes:
        coefficients: (k,) natural-log hazard ratios per unit.
        standard_errors: (k,) theirs.
        log_likelihood: partial log likelihood (Efron).
        n_events: endings it rests on.
    """

    coefficients: Floats | None
    standard_errors: Floats | None
    log_likelihood: float | None
    n_events: int
    reason: Reason | None = None

    def hazard_ratios(self, level: float = 0.95) -> tuple[Floats, Floats, Floats] | None:
        """(k,) hazard ratios with their lower and upper bounds."""
        if self.coefficients is None or self.standard_errors is None:
            return None
        half = z_of(level) * self.standard_errors
        return np.exp(self.coefficients), np.exp(self.coefficients - half), np.exp(self.coefficients + half)


def cox_regression(days: ArrayLike, ended: ArrayLike, covariates: ArrayLike) -> CoxFit:
    """Fit hazard ratios by Newton's method, ties after Efron.

    Args:
        days: (n,) days waited.
        ended: (n,) whether the waiting ended (else censored).
        covariates: (n, k) values at entry.

    Returns:
        No coefficients with fewer endings than covariates + 1, or when the likelihood has no finite top
        (a covariate that parts the ended from the others).

    Source: Cox 1972; Efron 1977, J. Am. Statist. Assoc. 72:557-565
    """
    day, event = np.asarray(days, float), np.asarray(ended, bool)
    x = np.asarray(covariates, float)
    if x.ndim != 2 or day.shape != (len(x),) or event.shape != (len(x),):
        raise BadValueError(f"days {day.shape}, ended {event.shape}, covariates {x.shape}; expected (n,), (n,), (n, k)")
    if event.sum() <= x.shape[1]:
        return CoxFit(None, None, None, int(event.sum()), Reason.TOO_FEW)
    order = np.argsort(-day, kind="stable")
    centred = np.asarray(x[order] - x.mean(axis=0), float)
    fit = _newton(lambda beta: _likelihood(beta, day[order], event[order], centred), x.shape[1], int(event.sum()))
    if fit.coefficients is not None and (np.abs(fit.coefficients) * x.std(axis=0)).max() > _ENDLESS:
        return CoxFit(None, None, None, fit.n_events, Reason.TOO_FEW)
    return fit


def _newton(likelihood: Callable[[Floats], Likelihood], k: int, n_events: int) -> CoxFit:
    beta = np.zeros(k)
    value, gradient, information = likelihood(beta)
    for _ in range(_STEPS):
        if np.linalg.matrix_rank(information) < k:
            break
        step = np.asarray(np.linalg.solve(information, gradient), float)
        if gradient @ step < _TOLERANCE:
            return CoxFit(beta, np.sqrt(np.diag(np.linalg.inv(information))), value, n_events)
        beta, (value, gradient, information) = _uphill(likelihood, beta, step, value)
    return CoxFit(None, None, None, n_events, Reason.TOO_FEW)


def _uphill(
    likelihood: Callable[[Floats], Likelihood], beta: Floats, step: Floats, value: float
) -> tuple[Floats, Likelihood]:
    """Take the step, halved until the likelihood does not fall."""
    for halvings in range(20):
        tried = beta + step / 2**halvings
        result = likelihood(tried)
        if result[0] >= value:
            break
    return tried, result


def _likelihood(beta: Floats, day: Floats, event: NDArray[np.bool_], x: Floats) -> Likelihood:
    """Partial log likelihood, gradient and information; rows run from the longest wait to the shortest."""
    risk = np.exp(np.clip(x @ beta, -300, 300))
    group = np.cumsum(np.append(False, day[1:] != day[:-1]))
    last = np.searchsorted(group, np.arange(group[-1] + 1), side="right") - 1
    tied = group[event]
    # Efron: of d tied endings, the l-th sees the tied ones l/d gone
    gone = (np.arange(len(tied)) - np.searchsorted(tied, tied)) / np.bincount(tied)[tied]
    left = np.cumsum(risk)[last][tied] - gone * np.bincount(tied, risk[event])[tied]
    moved = risk[:, None] * x
    means = np.cumsum(moved, axis=0)[last][tied] - gone[:, None] * _sums_by_group(moved[event], tied)[tied]
    means /= left[:, None]
    value = float((x[event] @ beta).sum() - np.log(left).sum())
    weight = _times_seen(tied, 1 / left, group[-1] + 1)[group]
    weight[event] -= np.bincount(tied, gone / left)[tied]
    information = moved.T @ (weight[:, None] * x) - means.T @ means
    return value, x[event].sum(axis=0) - means.sum(axis=0), information


def _sums_by_group(values: Floats, group: NDArray[np.intp]) -> Floats:
    """(groups, k) column sums."""
    return np.column_stack([np.bincount(group, column) for column in values.T])


def _times_seen(group: NDArray[np.intp], weights: Floats, n_groups: int) -> Floats:
    """(groups,) weights of the endings a customer of each group was at risk for: those at or before its own day."""
    return np.asarray(np.cumsum(np.bincount(group, weights, n_groups)[::-1])[::-1], float)
