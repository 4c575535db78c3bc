"""What every statistic hands back: a value with its interval, or the reason why there is none."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import special

from cxcurve.errors import BadValueError, Reason

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

THIN = 30
"""Under this many observations a number is marked thin."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its uncertainty, in the unit of the function that made it.

    `value` is None where there is too little data, and `reason` says why. A bound is None where the data
    do not set one (the upper bound of a median that half the customers may never reach).
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    n: int = 0
    standard_error: float | None = None
    p_value: float | None = None
    reason: Reason | None = None

    @property
    def is_thin(self) -> bool:
        """Whether it rests on fewer than 30 observations."""
        return self.n < THIN

    def is_real(self, null: float = 0.0) -> bool | None:
        """Whether the interval leaves `null` out; None where there is no interval."""
        if self.low is None or self.high is None:
            return None
        return not self.low <= null <= self.high


@dataclass(frozen=True, slots=True)
class Test:
    """A test: its statistic, degrees of freedom and p; both None, with a reason, where the data allow no test."""

    __test__ = False  # its name begins like pytest's classes

    statistic: float | None
    df: float | None = None
    p_value: float | None = None
    reason: Reason | None = None


def nothing(n: int = 0, reason: Reason = Reason.TOO_FEW) -> Estimate:
    """An estimate without a value."""
    return Estimate(None, n=n, reason=reason)


def z_of(level: float) -> float:
    """The two-sided normal quantile of a confidence level, such as 1.96 for 0.95."""
    return float(special.ndtri(0.5 + check_level(level) / 2))


def t_of(level: float, df: float) -> float:
    """The two-sided t quantile of a confidence level."""
    return float(special.stdtrit(df, 0.5 + check_level(level) / 2))


def check_level(level: float) -> float:
    """`level` itself, when it lies between 0 and 1."""
    if not 0 < level < 1:
        raise BadValueError(f"level is {level}; expected a share between 0 and 1, such as 0.95")
    return level


def check_counts(**counts: float) -> None:
    """Refuse counts below 0, by name."""
    for name, count in counts.items():
        if not (math.isfinite(count) and count >= 0):
            raise BadValueError(f"{name} is {count}; expected a count of 0 or more")


def check_part(part_name: str, part: float, whole_name: str, whole: float) -> None:
    """Refuse a part that is greater than its whole."""
    check_counts(**{part_name: part, whole_name: whole})
    if part > whole:
        raise BadValueError(f"{part_name} is {part}, more than {whole_name}, which is {whole}; swap the arguments?")


def difference(first: Estimate, second: Estimate) -> Estimate:
    """First minus second for independent estimates, by recovering the variance from the two intervals.

    Keeps the skew of shares near 0 and 1, which plus-minus two standard errors would lose.

    Source: Newcombe 1998, Stat. Med. 17:873-890 (method 10); Zou & Donner 2008, Stat. Med. 27:1693-1702
    """
    if first.value is None or second.value is None:
        return nothing(min(first.n, second.n), first.reason or second.reason or Reason.TOO_FEW)
    value = first.value - second.value
    n = first.n + second.n
    if first.low is None or first.high is None or second.low is None or second.high is None:
        return Estimate(value, n=n)
    below = math.hypot(first.value - first.low, second.high - second.value)
    above = math.hypot(first.high - first.value, second.value - second.low)
    return Estimate(value, value - below, value + above, n)


def widened(estimate: Estimate, by: float | None) -> Estimate:
    """The interval with a doubt of another source added, independent of its own; none where that doubt is unknown.

    Args:
        estimate: what is known.
        by: half the width of the other doubt's interval, in the estimate's unit; None for unknown.
    """
    if by == 0 or estimate.value is None or estimate.low is None or estimate.high is None:
        return estimate
    if by is None:
        return replace(estimate, low=None, high=None)
    below, above = math.hypot(estimate.value - estimate.low, by), math.hypot(estimate.high - estimate.value, by)
    return replace(estimate, low=estimate.value - below, high=estimate.value + above)
