"""The weekly hazard of leaving and of moving on, and the odds within 28 days (definitions.md, 3).

Weekly, exit and progress compete: each is a logit against the weeks in which neither happened, which estimates the
same as both at once. The features stand in doublings, so that coefficients are weights.

Source: Allison 1982, Sociol. Methodol. 13:61-98; Tutz & Schmid 2016, Modeling Discrete Time-to-Event Data; separate
logits: Begg & Gray 1984, Biometrika 71:11-18; landmarks: van Houwelingen 2007, Scand. J. Statist. 34:70-85
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxcurve.metrics.periods import Periods, join
from cxcurve.stats.logistic import LogisticFit, Prior, logistic_regression, natural_spline

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

LN2 = math.log(2)
WEEK_DAYS, HORIZON_DAYS = 7.0, 28.0
WEIGHT_SD = 0.3 / LN2
"""How far a weight may lie from the expert's: 0.3 natural-log units, in doublings."""
GAMMA, GAMMA_SD = 0.8, 0.3
"""Before the data: friction fades and grows within 28 days, so that their odds follow a week's by less than one."""
_STAGE_SD, _DWELL_SD, _OTHER_SD = 1.5, 2.0, 0.3
_KNOTS = (0.05, 0.35, 0.65, 0.95)
MOST_ROWS, ENOUGH_ROWS, QUIET_TO_ONE = 60_000, 40_000, 20
"""Quiet weeks beyond so many are drawn: more than twenty for each ending tell little more."""
MOST_ENDINGS = 20_000
"""Beyond so many endings they are drawn too: a hundred weights are known by then."""


@dataclass(frozen=True, eq=False)
class Base:
    """The columns that stand for where a customer is: intercept, stage, and a smooth effect of dwell.

    Attributes:
        n_stages: how many there are.
        knots: of the spline, in natural log of 1 + days.
    """

    n_stages: int
    knots: Floats

    @classmethod
    def of(cls, periods: Periods, n_stages: int) -> Base:
        """With knots where these rows have their dwell."""
        dwell = np.log1p(periods.dwell_days)
        return cls(n_stages, np.quantile(dwell, _KNOTS) if len(dwell) else np.zeros(1))

    def columns(self, periods: Periods) -> Floats:
        """(n, k) columns of some rows."""
        stage = periods.stage[:, None] == np.arange(self.n_stages)
        spline = natural_spline(np.log1p(periods.dwell_days), self.knots)
        return np.hstack([np.ones((len(periods), 1)), stage, spline])

    @property
    def prior(self) -> Prior:
        """Stages differ by a few doublings at most: one where nobody left has not odds of 0."""
        n_spline = max(len(np.unique(self.knots)) - 1, 1) if len(np.unique(self.knots)) >= 3 else 1
        sd = np.r_[np.inf, np.full(self.n_stages, _STAGE_SD), np.full(n_spline, _DWELL_SD)]
        return Prior.of(0.0, sd)


@dataclass(frozen=True, eq=False, slots=True)
class Ending:
    """What is learned of: leaving, or moving on; arrays over the rows of `periods`.

    Attributes:
        periods: the rows.
        features: (n, k) what may raise its odds.
        days: (n,) until it happens.
        competing: (n,) until the other ending happens.
        other: (n,) the sum of the other index, in doublings: who is pulled on leaves less, whatever the friction.
    """

    periods: Periods
    features: NDArray[np.float32]
    days: Floats
    competing: Floats
    other: Floats

    @classmethod
    def exit(cls, periods: Periods, pull: Floats) -> Ending:
        """Leaving; `pull` are the weights of momentum, which is held constant."""
        return cls(periods, periods.drag, periods.exit_days, periods.move_days, periods.pull @ pull)

    @classmethod
    def move(cls, periods: Periods, drag: Floats) -> Ending:
        """Moving on; `drag` are the weights of friction, which is held constant."""
        return cls(periods, periods.pull, periods.move_days, periods.exit_days, periods.drag @ drag)

    def where(self, rows: NDArray[Any]) -> Ending:
        """Some of the rows."""
        columns = (self.features, self.days, self.competing, self.other)
        return Ending(self.periods.where(rows), *(column[rows] for column in columns))


def joined_endings(parts: Sequence[Ending]) -> Ending:
    """All rows of some."""
    names = ("features", "days", "competing", "other")
    columns = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
    return Ending(join([part.periods for part in parts]), **columns)


def weekly_fit(base: Base, ending: Ending, prior: Prior, *, seed: int = 1) -> LogisticFit:
    """Weights of the features for what happens in the week after.

    Args:
        base: where a customer is.
        ending: what is learned of.
        prior: of the k weights, in doublings.
        seed: of the draw of quiet weeks.

    Returns:
        The fit, its first k coefficients those of the features.
    """
    happens = (ending.days < WEEK_DAYS) & (ending.days <= ending.competing)
    is_quiet = (ending.periods.followed_days >= WEEK_DAYS) & ~happens & (ending.competing >= WEEK_DAYS)
    chosen, offset = _thinned(is_quiet, happens, seed)
    rows, other = ending.periods.where(chosen), ending.other[chosen, None]
    x = np.hstack([ending.features[chosen] * LN2, base.columns(rows), other * LN2])
    whole = prior + base.prior + Prior.of(0.0, _OTHER_SD / LN2)
    fit = logistic_regression(x, happens[chosen], whole, offset=offset)
    return replace(fit, n_events=int(happens.sum()))


def landmark_fit(base: Base, ending: Ending, score: NDArray[Any], *, seed: int = 1) -> LogisticFit:
    """Odds that it happens within 28 days by the weekly score, whose first coefficient is gamma.

    The sum of weekly weights says what a week's odds are; a customer's friction fades and grows within 28 days, so
    that the odds of 28 days follow it less. Raising weekly odds to 28 days overstates two to four times.
    """
    happens = ending.days < HORIZON_DAYS
    chosen, offset = _thinned((ending.periods.followed_days >= HORIZON_DAYS) & ~happens, happens, seed)
    x = landmark_columns(base, ending, score)[chosen]
    prior = Prior.of(GAMMA, GAMMA_SD, 0.0) + base.prior + Prior.of(0.0, _OTHER_SD / LN2)
    fit = logistic_regression(x, happens[chosen], prior, offset=offset)
    return replace(fit, n_events=int(happens.sum()))


def landmark_columns(base: Base, ending: Ending, score: NDArray[Any]) -> Floats:
    """(n, k) columns of `landmark_fit`."""
    return np.hstack([score[:, None] * LN2, base.columns(ending.periods), ending.other[:, None] * LN2])


def _thinned(is_quiet: Bools, happens: Bools, seed: int) -> tuple[NDArray[np.int64], float]:
    """Rows to fit on, and the natural log odds that the draw adds.

    Where there are many, of both kinds a draw: the logit needs no more than their shares to be right.

    Source: Prentice & Pyke 1979, Biometrika 66:403-411
    """
    rng = np.random.default_rng(seed)
    loud, kept = _drawn(np.flatnonzero(happens), MOST_ENDINGS, rng)
    most = max(ENOUGH_ROWS, min(QUIET_TO_ONE * len(loud), MOST_ROWS))
    quiet, share = _drawn(np.flatnonzero(is_quiet), most, rng)
    return np.sort(np.r_[loud, quiet]), math.log(kept / share)


def _drawn(rows: NDArray[np.int64], most: int, rng: np.random.Generator) -> tuple[NDArray[np.int64], float]:
    if len(rows) <= most:
        return rows, 1.0
    return rng.choice(rows, most, replace=False), most / len(rows)
