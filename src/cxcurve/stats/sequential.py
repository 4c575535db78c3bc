"""Looking while a test still runs: intervals that hold at every look, and bounds for a few planned looks."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
from scipy import optimize, special

from cxcurve.errors import BadValueError
from cxcurve.stats.estimates import Estimate, Floats, check_level, check_part

_NODES = 96
"""Points of the quadrature: six digits up to 20 looks and beyond."""


def always_valid(estimate: Estimate, planned_n: float, *, level: float = 0.95) -> Estimate:
    """The same estimate with an interval that holds at all sample sizes at once: look whenever you like.

    Args:
        estimate: value, standard error and n of both arms together, from `welch`, `relative_lift`, `cuped` ...
        planned_n: the sample size at which the interval is to be narrowest.
        level: confidence over all looks together.

    Returns:
        No interval where the estimate has no standard error; no p_value, since that holds at one look only.

    Source: Waudby-Smith et al. 2021, arXiv:2103.06476 (asymptotic confidence sequence)
    """
    if planned_n <= 0:
        raise BadValueError(f"planned_n is {planned_n}; expected the planned number of customers, above 0")
    if estimate.value is None or estimate.standard_error is None or estimate.n == 0:
        return Estimate(estimate.value, n=estimate.n, reason=estimate.reason)
    alpha = 1 - check_level(level)
    rho_2 = (-2 * math.log(alpha) + math.log(-2 * math.log(alpha) + 1)) / planned_n
    grown = estimate.n * rho_2 + 1
    # in standard errors: the boundary for the mean, times root n
    width = math.sqrt(2 * grown / (estimate.n * rho_2) * math.log(math.sqrt(grown) / alpha))
    half = width * estimate.standard_error
    return Estimate(estimate.value, estimate.value - half, estimate.value + half, estimate.n, estimate.standard_error)


def mixture_likelihood_ratio(estimate: float, variance: float, mixing_variance: float) -> float:
    """Evidence against "no effect" at any look (mSPRT); 1 / it, at most 1, is an always-valid p value.

    Args:
        estimate: the difference found.
        variance: its variance (for two arms of n: 2 sigma^2 / n).
        mixing_variance: variance of the effects expected.

    Source: Johari, Koomen, Pekelis & Walsh 2022, Oper. Res. 70:1806-1821
    """
    if variance <= 0 or mixing_variance <= 0:
        raise BadValueError(f"variance {variance} and mixing_variance {mixing_variance}: expected both above 0")
    both = variance + mixing_variance
    return math.sqrt(variance / both) * math.exp(mixing_variance * estimate**2 / (2 * variance * both))


def beta_binomial_sequence(successes: int, n: int, *, level: float = 0.95) -> tuple[float, float]:
    """Bounds of a share that hold at all n at once: the shares a uniform mixture has not refuted.

    Source: Robbins 1970, Ann. Math. Statist. 41:1397-1409; Ville 1939
    """
    check_part("successes", successes, "n", n)
    limit = -math.log(1 - check_level(level))
    mixture = float(special.betaln(successes + 1, n - successes + 1))

    def refuted(share: float) -> float:
        log_likelihood = special.xlogy(successes, share) + special.xlog1py(n - successes, -share)
        return float(mixture - log_likelihood) - limit

    best = successes / n if n else 0.5
    low = optimize.brentq(refuted, 1e-300, best) if successes else 0.0
    high = optimize.brentq(refuted, best, 1 - 1e-16) if successes < n else 1.0
    return float(low), float(high)


def looks_error(bounds: Sequence[float]) -> float:
    """Chance of a false alarm over equally spaced looks, stopping at the first |z| beyond its bound.

    Source: Armitage, McPherson & Rowe 1969, J. R. Statist. Soc. A 132:235-244
    """
    if not bounds or min(bounds) <= 0:
        raise BadValueError(f"bounds {tuple(bounds)}: expected one bound above 0 for each look")
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    edges = np.asarray(bounds, float) * np.sqrt(np.arange(1, len(bounds) + 1))
    density, points = _normal_density(nodes * edges[0]), nodes * edges[0]
    for previous, edge in pairwise(edges):
        step = _normal_density(nodes[:, None] * edge - points[None, :])
        density, points = step @ (weights * previous * density), nodes * edge
    return 1 - float(weights @ density * edges[-1])


def pocock_bound(n_looks: int, *, alpha: float = 0.05) -> float:
    """The bound on |z| that, used at each of `n_looks` looks, keeps false alarms at alpha.

    Source: Pocock 1977, Biometrika 64:191-199
    """
    return _solve(lambda c: looks_error([c] * n_looks), alpha)


def obrien_fleming_bound(n_looks: int, *, alpha: float = 0.05) -> float:
    """The bound on |z| at the last look; look k of K uses it times sqrt(K / k): hardly any alarm early.

    Source: O'Brien & Fleming 1979, Biometrics 35:549-556
    """
    return _solve(lambda c: looks_error([c * math.sqrt(n_looks / k) for k in range(1, n_looks + 1)]), alpha)


def _normal_density(x: Floats) -> Floats:
    return np.asarray(np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi), float)


def _solve(error: Callable[[float], float], alpha: float) -> float:
    return float(optimize.brentq(lambda c: error(c) - alpha, 1.0, 10.0, xtol=1e-9))
