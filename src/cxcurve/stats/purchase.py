"""Purchases without a contract: who is still a customer, how often they will buy, and for how much."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize, special

from cxcurve.errors import BadValueError, Reason
from cxcurve.stats.estimates import Floats

FEWEST_BUYERS = 30
"""Customers with a repeat purchase below which no model is fitted."""
_FARTHEST = 10.0
"""Log of a parameter at which the likelihood is still rising: it has no top."""
_REFUSED = 1e10


@dataclass(frozen=True, slots=True)
class BgNbd:
    """BG/NBD: customers buy at a steady personal rate until, after some purchase, they leave unnoticed.

    Arguments named `frequency`, `recency`, `age` are (n,) repeat purchases, time of the last purchase and
    time observed, both since the first purchase and in the unit the model was fitted in.

    Source: Fader, Hardie & Lee 2005, Marketing Science 24:275-284
    """

    r: float
    alpha: float
    a: float
    b: float
    log_likelihood: float

    def alive_share(self, frequency: ArrayLike, recency: ArrayLike, age: ArrayLike) -> Floats:
        """(n,) probability of still being a customer; 1 before the first repeat purchase, by the model."""
        x, t_x, t = _purchases(frequency, recency, age)
        log_odds = (self.r + x) * np.log((self.alpha + t) / (self.alpha + t_x)) + np.log(
            self.a / (self.b + np.maximum(x, 1) - 1)
        )
        return np.asarray(np.where(x > 0, special.expit(-log_odds), 1.0), float)

    def expected_purchases(self, ahead: float, frequency: ArrayLike, recency: ArrayLike, age: ArrayLike) -> Floats:
        """(n,) purchases expected in the next `ahead` units of time."""
        x, _, t = _purchases(frequency, recency, age)
        grown = self.alpha + t + ahead
        series = special.hyp2f1(self.r + x, self.b + x, self.a + self.b + x - 1, ahead / grown)
        fade = 1 - ((self.alpha + t) / grown) ** (self.r + x) * series
        ever = (self.a + self.b + x - 1) / (self.a - 1)
        return np.asarray(ever * fade * self.alive_share(frequency, recency, age), float)


@dataclass(frozen=True, slots=True)
class ParetoNbd:
    """Pareto/NBD: as BG/NBD, but customers may leave at any time.

    Source: Schmittlein, Morrison & Colombo 1987; Fader & Hardie 2005, brucehardie.com/notes/009
    """

    r: float
    alpha: float
    s: float
    beta: float
    log_likelihood: float


@dataclass(frozen=True, slots=True)
class GammaGamma:
    """Gamma-Gamma: the money of a purchase varies around a personal mean, unrelated to how often one buys.

    Source: Fader & Hardie 2013, brucehardie.com/notes/025
    """

    p: float
    q: float
    gamma: float
    log_likelihood: float

    def expected_value(self, frequency: ArrayLike, mean_value: ArrayLike) -> Floats:
        """(n,) money expected per purchase, given the repeat purchases so far; the overall mean without any."""
        x, z = np.asarray(frequency, float), np.asarray(mean_value, float)
        return np.asarray(self.p * (self.gamma + x * z) / (self.p * x + self.q - 1), float)


def fit_bg_nbd(frequency: ArrayLike, recency: ArrayLike, age: ArrayLike) -> BgNbd | Reason:
    """Fit BG/NBD by maximum likelihood; `BgNbd` says what the arguments are.

    The reason instead of a model under 30 customers with a repeat purchase, or when the likelihood has no top.
    """
    x, t_x, t = _purchases(frequency, recency, age)
    repeat = x > 0

    def log_likelihood(r: float, alpha: float, a: float, b: float) -> Floats:
        bought = special.gammaln(r + x) - special.gammaln(r) + r * math.log(alpha)
        stay = special.betaln(a, b + x) - special.betaln(a, b) - (r + x) * np.log(alpha + t)
        gone = special.betaln(a + 1, b + np.maximum(x, 1) - 1) - special.betaln(a, b) - (r + x) * np.log(alpha + t_x)
        return np.asarray(bought + np.where(repeat, np.logaddexp(stay, gone), stay), float)

    fitted = _maximum(log_likelihood, (1.0, float(t.mean()), 1.0, 1.0)) if repeat.sum() >= FEWEST_BUYERS else None
    return BgNbd(*fitted) if fitted else Reason.TOO_FEW


def fit_pareto_nbd(frequency: ArrayLike, recency: ArrayLike, age: ArrayLike) -> ParetoNbd | Reason:
    """Fit Pareto/NBD by maximum likelihood; arguments and thin data as for `fit_bg_nbd`."""
    x, t_x, t = _purchases(frequency, recency, age)

    def log_likelihood(r: float, alpha: float, s: float, beta: float) -> Floats:
        power, top = r + s + x, max(alpha, beta)
        second = (s + 1) if alpha >= beta else (r + x)

        def log_term(at: Floats) -> Floats:
            series = special.hyp2f1(power, second, power + 1, abs(alpha - beta) / (top + at))
            return np.asarray(np.log(series) - power * np.log(top + at), float)

        gone, stay = log_term(t_x), log_term(t)
        left = math.log(s) - np.log(power) + gone + np.log1p(-np.exp(np.minimum(stay - gone, -1e-15)))
        alive = -(r + x) * np.log(alpha + t) - s * np.log(beta + t)
        bought = special.gammaln(r + x) - special.gammaln(r) + r * math.log(alpha) + s * math.log(beta)
        return np.asarray(bought + np.logaddexp(alive, left), float)

    mean = float(t.mean())
    fitted = _maximum(log_likelihood, (1.0, mean, 1.0, mean)) if (x > 0).sum() >= FEWEST_BUYERS else None
    return ParetoNbd(*fitted) if fitted else Reason.TOO_FEW


def fit_gamma_gamma(frequency: ArrayLike, mean_value: ArrayLike) -> GammaGamma | Reason:
    """Fit Gamma-Gamma to customers with a repeat purchase; the reason instead under 30 of them.

    Args:
        frequency: (n,) repeat purchases.
        mean_value: (n,) mean money per repeat purchase; those of 0 or less are left out.
    """
    x, z = np.asarray(frequency, float), np.asarray(mean_value, float)
    used = (x > 0) & (z > 0)
    x, z = x[used], z[used]

    def log_likelihood(p: float, q: float, gamma: float) -> Floats:
        shape = special.gammaln(p * x + q) - special.gammaln(p * x) - special.gammaln(q)
        money = q * math.log(gamma) + (p * x - 1) * np.log(z) + p * x * np.log(x)
        return np.asarray(shape + money - (p * x + q) * np.log(gamma + x * z), float)

    fitted = _maximum(log_likelihood, (1.0, 2.0, float(z.mean()))) if len(x) >= FEWEST_BUYERS else None
    return GammaGamma(*fitted) if fitted else Reason.TOO_FEW


def _maximum(log_likelihood: Callable[..., Floats], start: tuple[float, ...]) -> tuple[float, ...] | None:
    """Positive parameters with the highest sum of log likelihoods, and that sum; None when no top is found."""

    def badness(logs: Floats) -> float:
        with np.errstate(all="ignore"):  # far-off parameters overflow; they are refused below
            mean = float(log_likelihood(*np.exp(logs)).mean())
        return -mean if math.isfinite(mean) else _REFUSED

    # the mean, not the sum: the first step of the search is one gradient long
    found = optimize.minimize(
        badness, np.log(start), method="L-BFGS-B", bounds=[(-_FARTHEST, _FARTHEST)] * len(start),
        options={"ftol": 1e-14, "gtol": 1e-7, "maxiter": 500},
    )  # fmt: skip
    if found.fun == _REFUSED or np.abs(found.x).max() >= _FARTHEST:
        return None
    best = np.exp(found.x)
    return (*(float(value) for value in best), float(log_likelihood(*best).sum()))


def _purchases(frequency: ArrayLike, recency: ArrayLike, age: ArrayLike) -> tuple[Floats, Floats, Floats]:
    x, t_x, t = (np.atleast_1d(np.asarray(part, float)) for part in (frequency, recency, age))
    if not x.shape == t_x.shape == t.shape:
        raise BadValueError(
            f"frequency {x.shape}, recency {t_x.shape}, age {t.shape}: expected one of each per customer"
        )
    if not np.all((x >= 0) & (t_x >= 0) & (t_x <= t)):
        raise BadValueError("purchases: expected frequency >= 0 and 0 <= recency <= age for every customer")
    return x, t_x, t
