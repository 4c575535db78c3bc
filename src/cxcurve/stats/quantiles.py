"""Quantiles of any number of customers, exactly, from counts that add up."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from cxcurve.errors import BadValueError
from cxcurve.stats.estimates import Estimate, Ints, check_level, nothing

_ROUNDING = 1e-9
"""A share times n may land just above a whole number."""


@dataclass(frozen=True, eq=False, slots=True)
class Histogram:
    """How many values fell into each bin; histograms of disjoint customers add with `+`.

    What a bin means (its width and origin) is the caller's, the same for all that are added.

    Attributes:
        bins: (b,) distinct whole numbers, rising.
        counts: (b,) values in each, above 0.
    """

    bins: Ints
    counts: Ints

    @classmethod
    def from_bins(cls, bins: ArrayLike, counts: ArrayLike | None = None) -> Histogram:
        """Count bins in any order, each once, or `counts` times; repeated bins are added up.

        Raises:
            BadValueError: unequal lengths or a count below 0.
        """
        given = np.atleast_1d(np.asarray(bins, np.int64))
        times = np.ones(given.shape, np.int64) if counts is None else np.atleast_1d(np.asarray(counts, np.int64))
        if given.shape != times.shape or (times < 0).any():
            raise BadValueError(f"bins {given.shape} and counts {times.shape}: expected one count of 0 or more per bin")
        distinct, place = np.unique(given, return_inverse=True)
        total = np.zeros(len(distinct), np.int64)
        np.add.at(total, place, times)
        return cls(distinct[total > 0], total[total > 0])

    def __add__(self, other: Histogram) -> Histogram:
        return Histogram.from_bins(np.concatenate([self.bins, other.bins]), np.concatenate([self.counts, other.counts]))

    @property
    def n(self) -> int:
        """How many values were counted."""
        return int(self.counts.sum())

    def quantile(self, share: float) -> int | None:
        """The lowest bin with at least `share` of the values at or below it (as percentile_disc); None when empty."""
        if not 0 <= share <= 1:
            raise BadValueError(f"share is {share}; expected a number between 0 and 1, such as 0.5 for the median")
        if self.n == 0:
            return None
        rank = max(1, math.ceil(share * self.n - _ROUNDING))
        return int(self.bins[np.searchsorted(np.cumsum(self.counts), rank)])

    def share_at_or_below(self, bin_: int) -> float | None:
        """Share (0-1) of the values in this bin or a lower one; None when empty."""
        return float(self.counts[self.bins <= bin_].sum() / self.n) if self.n else None


def median(values: ArrayLike, *, level: float = 0.95) -> Estimate:
    """The middle value, with the values of its own that bound it whatever the distribution; none under 6 for 95 %.

    Source: Conover 1999, Practical Nonparametric Statistics, 3.2
    """
    value = np.sort(np.asarray(values, float))
    n = len(value)
    if not n:
        return nothing()
    rank = math.floor(float(special.bdtrik((1 - check_level(level)) / 2, n, 0.5)) + _ROUNDING)
    middle = float(np.median(value))
    # rank values may lie below, the one after them is the bound; with too few the first would be passed
    is_bound = special.bdtr(0, n, 0.5) <= (1 - level) / 2
    low, high = (float(value[rank]), float(value[n - 1 - rank])) if is_bound else (None, None)
    return Estimate(middle, low, high, n)
