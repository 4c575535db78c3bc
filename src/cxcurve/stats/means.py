"""Means: moments that add up, and the differences, lifts and sample sizes that rest on them alone."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize, special

from cxcurve.errors import BadValueError
from cxcurve.stats.estimates import Estimate, check_counts, nothing, t_of, z_of


@dataclass(frozen=True, slots=True)
class Moments:
    """Count, sum and sum of squares of a value; those of disjoint customers add with `+`."""

    n: int
    total: float
    squares: float

    @classmethod
    def from_values(cls, values: ArrayLike) -> Moments:
        """The moments of plain numbers."""
        value = np.asarray(values, float)
        return cls(value.size, float(value.sum()), float((value**2).sum()))

    def __add__(self, other: Moments) -> Moments:
        return Moments(self.n + other.n, self.total + other.total, self.squares + other.squares)

    @property
    def mean(self) -> float:
        """Sum / n; needs one value."""
        return self.total / self.n

    @property
    def variance(self) -> float:
        """Sample variance; needs two values."""
        return max(0.0, (self.squares - self.total**2 / self.n) / (self.n - 1))


@dataclass(frozen=True, slots=True)
class PairMoments:
    """Moments of a value and of the same customer's value before, with their sum of products; `+` adds."""

    value: Moments
    before: Moments
    products: float

    @classmethod
    def from_values(cls, values: ArrayLike, before: ArrayLike) -> PairMoments:
        """The moments of two arrays of equal length, one entry a customer."""
        now, then = np.asarray(values, float), np.asarray(before, float)
        if now.shape != then.shape:
            raise BadValueError(
                f"values has shape {now.shape} and before {then.shape}; expected one of each per customer"
            )
        return cls(Moments.from_values(now), Moments.from_values(then), float((now * then).sum()))

    def __add__(self, other: PairMoments) -> PairMoments:
        return PairMoments(self.value + other.value, self.before + other.before, self.products + other.products)

    @property
    def covariance(self) -> float:
        """Sample covariance; needs two customers."""
        return (self.products - self.value.total * self.before.mean) / (self.value.n - 1)

    def adjusted_variance(self, theta: float) -> float:
        """Variance of value - theta x before."""
        return max(0.0, self.value.variance + theta**2 * self.before.variance - 2 * theta * self.covariance)


def mean(moments: Moments, *, n_effective: float | None = None, level: float = 0.95) -> Estimate:
    """The mean with its t interval; no interval from a single value.

    With `n_effective` (`clusters.effective_n`) the interval is that of so many independent values.
    """
    if moments.n == 0:
        return nothing()
    worth = moments.n if n_effective is None else n_effective
    if worth <= 1:
        return Estimate(moments.mean, n=moments.n)
    error = math.sqrt(moments.variance / worth)
    # The effective number already holds what Student's quantile adds for few clusters.
    half = (t_of(level, moments.n - 1) if n_effective is None else z_of(level)) * error
    return Estimate(moments.mean, moments.mean - half, moments.mean + half, moments.n, error)


def welch(first: Moments, second: Moments, *, level: float = 0.95) -> Estimate:
    """First mean minus second, unequal variances; None under two values in either.

    Source: Welch 1947, Biometrika 34:28-35
    """
    if min(first.n, second.n) < 2:
        return nothing(first.n + second.n)
    parts = first.variance / first.n, second.variance / second.n
    df = _welch_df(*parts, (first.n, second.n))
    return _t_estimate(first.mean - second.mean, sum(parts), df, first.n + second.n, level)


def relative_lift(treated: Moments, control: Moments, *, level: float = 0.95) -> Estimate:
    """(Treated - control) / control, as a share, by the delta method.

    None under two values in either, or where the control mean is 0: there is nothing to be a share of.

    Source: Deng, Knoblich & Lu 2018, doi:10.1145/3219819.3219919
    """
    if min(treated.n, control.n) < 2 or control.mean == 0:
        return nothing(treated.n + control.n)
    base = control.mean
    part_1 = treated.variance / treated.n / base**2
    part_2 = control.variance / control.n * treated.mean**2 / base**4
    value = (treated.mean - base) / abs(base)
    df = _welch_df(treated.variance / treated.n, control.variance / control.n, (treated.n, control.n))
    return _t_estimate(value, part_1 + part_2, df, treated.n + control.n, level)


def cuped(treated: PairMoments, control: PairMoments, *, level: float = 0.95) -> Estimate:
    """Treated mean minus control, each corrected by what the customers' value before explains.

    The value before must be older than the draw of the arms, or the effect itself is corrected away.

    Source: Deng et al. 2013, WSDM, doi:10.1145/2433396.2433413
    """
    n_1, n_2 = treated.value.n, control.value.n
    if min(n_1, n_2) < 2:
        return nothing(n_1 + n_2)
    theta = cuped_theta(treated, control)
    shift = theta * (treated.before.mean - control.before.mean)
    value = treated.value.mean - control.value.mean - shift
    parts = (treated.adjusted_variance(theta) / n_1, control.adjusted_variance(theta) / n_2)
    return _t_estimate(value, sum(parts), _welch_df(*parts, (n_1, n_2)), n_1 + n_2, level)


def cuped_theta(treated: PairMoments, control: PairMoments) -> float:
    """Slope of the value on the value before, within the arms; 0 where that never varied."""
    free = (treated.value.n - 1, control.value.n - 1)
    spread = free[0] * treated.before.variance + free[1] * control.before.variance
    return (free[0] * treated.covariance + free[1] * control.covariance) / spread if spread else 0.0


def t_test_power(n: float, change: float, sd: float = 1.0, *, alpha: float = 0.05) -> float:
    """Share of real changes a two-sided t test finds, with `n` customers in each of two arms.

    The chance to be significant in the wrong direction is not counted (as R's `power.t.test`).
    """
    check_counts(n=n)
    if n < 2 or sd <= 0:
        raise BadValueError(f"n is {n} and sd {sd}; expected at least 2 customers per arm and a spread above 0")
    df = 2 * (n - 1)
    return 1 - float(special.nctdtr(df, math.sqrt(n / 2) * abs(change) / sd, t_of(1 - alpha, df)))


def t_test_sample_size(change: float, sd: float = 1.0, *, alpha: float = 0.05, power: float = 0.8) -> float:
    """Customers per arm to find `change` with a two-sided t test; round up. At least 2."""
    if change == 0 or not alpha < power < 1:
        raise BadValueError(f"change {change} and power {power}: expected a change, and a power between alpha and 1")
    if t_test_power(2, change, sd, alpha=alpha) >= power:
        return 2.0
    top = 4.0
    while t_test_power(top, change, sd, alpha=alpha) < power:
        top *= 2
    return float(optimize.brentq(lambda n: t_test_power(n, change, sd, alpha=alpha) - power, 2, top))


def _welch_df(variance_1: float, variance_2: float, n: tuple[int, int]) -> float:
    """Welch and Satterthwaite's degrees of freedom from the two variances of the means."""
    if variance_1 + variance_2 == 0:
        return float(sum(n) - 2)
    return (variance_1 + variance_2) ** 2 / (variance_1**2 / (n[0] - 1) + variance_2**2 / (n[1] - 1))


def _t_estimate(value: float, variance: float, df: float, n: int, level: float) -> Estimate:
    error = math.sqrt(variance)
    if error == 0:
        return Estimate(value, value, value, n, 0.0)
    half = t_of(level, df) * error
    return Estimate(value, value - half, value + half, n, error, 2 * float(special.stdtr(df, -abs(value) / error)))
