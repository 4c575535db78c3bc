"""Calibration: the weights of friction and momentum, learned from who left and who moved on (definitions.md, 3)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from cxcurve.errors import Reason
from cxcurve.learn.groups import half_of
from cxcurve.learn.hazards import WEIGHT_SD, Base, Ending, Floats, landmark_columns, landmark_fit, weekly_fit
from cxcurve.metrics.periods import Periods
from cxcurve.metrics.references import FEWEST_WEEKS, FINE, QUANTILES, WINDOW_WEEKS
from cxcurve.metrics.versions import LearnedIndex, LearnedWeight, Version
from cxcurve.metrics.weights import Feature
from cxcurve.stats.estimates import Estimate, nothing
from cxcurve.stats.logistic import LogisticFit, Prior

FEWEST_EXITS, ENOUGH_EXITS = 25, 100
_UNLED_SD = 1.5
"""Of the fit that runs beside: it knows no expert, and no bounds."""


class Kind(StrEnum):
    """Where weights come from."""

    EXPERT = "expert"
    BLENDED = "blended"
    LEARNED = "learned"


@dataclass(frozen=True, eq=False)
class Opinion:
    """What the tracking plan says of one index: its features and their expert weights in doublings."""

    features: tuple[Feature, ...]
    weights: Floats


@dataclass(frozen=True, eq=False)
class Learned:
    """The weights of one index.

    Attributes:
        opinion: what the experts say.
        kind: expert under 25 endings, blended up to 100, learned beyond.
        weekly: (k,) doublings of the weekly odds.
        low, high: (k,) their intervals; those of the expert are its own values.
        gamma: doublings of the 28-day odds for one of the weekly odds.
        n_events: endings it rests on.
        against: features that alone, without experts and bounds, say the contrary, with that weight.
        unseen: features that never occurred: their weight is the expert's.
        chance: the odds within 28 days, None where nothing was learned.
    """

    opinion: Opinion
    kind: Kind
    weekly: Floats
    low: Floats
    high: Floats
    gamma: Estimate
    n_events: int
    against: tuple[tuple[Feature, Estimate], ...] = ()
    unseen: tuple[Feature, ...] = ()
    chance: Chance | None = None
    reason: Reason | None = None

    @property
    def weights(self) -> Floats:
        """(k,) as scores use them: doublings of the 28-day odds."""
        return self.weekly * self._gamma

    @property
    def _gamma(self) -> float:
        return 1.0 if self.gamma.value is None else self.gamma.value

    def kept(self, references: Floats) -> LearnedIndex:
        """As a version keeps it."""
        columns = (self.weekly, self.low, self.high, self.opinion.weights / self._gamma)
        rows = np.stack(columns, axis=1) * self._gamma
        return LearnedIndex(
            kind=self.kind.value,
            n_events=self.n_events,
            gamma=self._gamma,
            gamma_low=self.gamma.low,
            gamma_high=self.gamma.high,
            weights={
                str(one): LearnedWeight(*row) for one, row in zip(self.opinion.features, rows.tolist(), strict=True)
            },
            references=references.tolist(),
            against=[str(one) for one, _ in self.against],
            unseen=[str(one) for one in self.unseen],
        )


@dataclass(frozen=True, eq=False)
class Chance:
    """The chance that an ending happens within 28 days."""

    base: Base
    fit: LogisticFit

    def log_odds(self, ending: Ending, weekly: Floats) -> Floats:
        """(n,) natural log odds of the rows of `ending`, by the weekly weights."""
        return self.fit.log_odds(landmark_columns(self.base, ending, ending.features @ weekly))


@dataclass(frozen=True, eq=False)
class Calibration:
    """Weights and references learned from what was known at `as_of_us`."""

    as_of_us: int
    since_us: int
    n_customers: int
    n_periods: int
    friction: Learned
    momentum: Learned
    friction_ref: Floats
    momentum_ref: Floats
    n_ref: NDArray[np.int64]

    def version(self, number: int, half_life_factor: float = 1.0) -> Version:
        """As it is kept."""
        return Version(
            number=number,
            as_of_us=self.as_of_us,
            since_us=self.since_us,
            n_customers=self.n_customers,
            n_periods=self.n_periods,
            friction=self.friction.kept(self.friction_ref),
            momentum=self.momentum.kept(self.momentum_ref),
            n_ref=self.n_ref.tolist(),
            half_life_factor=half_life_factor,
        )


def calibrate(periods: Periods, drag: Opinion, pull: Opinion, *, n_stages: int, as_of_us: int) -> Calibration:
    """Learn both indexes.

    Args:
        periods: what was known by `as_of_us`, of at least 7 days.
        drag: features and expert weights of friction, in the order of the columns of `periods`.
        pull: the same of momentum.
        n_stages: of the journey.
        as_of_us: the date of the calibration.
    """
    base = Base.of(periods, n_stages)
    endings = Ending.exit(periods, pull.weights), Ending.move(periods, drag.weights)
    friction, momentum = (
        replace(learn(base, ending, opinion), against=against(base, ending, opinion))
        for ending, opinion in zip(endings, (drag, pull), strict=True)
    )
    recent = periods.week > periods.week.max(initial=0) - WINDOW_WEEKS
    stage = periods.stage[recent]
    refs = [
        references(stage, columns[recent] @ one.weights, QUANTILES[name], n_stages)
        for name, columns, one in (("friction", periods.drag, friction), ("momentum", periods.pull, momentum))
    ]
    return Calibration(
        as_of_us=as_of_us,
        since_us=int(periods.ends_us.min(initial=as_of_us)),
        n_customers=len(np.unique(periods.customer)),
        n_periods=len(periods),
        friction=friction,
        momentum=momentum,
        friction_ref=refs[0],
        momentum_ref=refs[1],
        n_ref=np.bincount(stage, minlength=n_stages),
    )


def learn(base: Base, ending: Ending, opinion: Opinion, *, is_crossed: bool = True) -> Learned:
    """The weights of one index; the expert's where fewer than 25 endings are known.

    Args:
        base: where a customer is.
        ending: what is learned of.
        opinion: what the experts say.
        is_crossed: gamma is fitted on scores of customers that their weights were not learned from. Weights fit their
            own customers better than others, and a gamma learned there says too much of others.
    """
    expert = opinion.weights
    fit = weekly_fit(base, ending, Prior.of(expert, WEIGHT_SD, 0.0))
    seen = np.asarray((ending.features != 0).any(axis=0))
    unseen = tuple(one for one, is_seen in zip(opinion.features, seen, strict=True) if not is_seen)
    if fit.n_events < FEWEST_EXITS or fit.coefficients is None or fit.low is None or fit.high is None:
        gamma = nothing(fit.n_events)
        return Learned(
            opinion, Kind.EXPERT, expert, expert, expert, gamma, fit.n_events, (), unseen, None, gamma.reason
        )
    k = len(expert)
    weekly = np.where(seen, fit.coefficients[:k], expert)
    landmark = landmark_fit(base, ending, crossed(base, ending, opinion) if is_crossed else ending.features @ weekly)
    kind = Kind.BLENDED if fit.n_events <= ENOUGH_EXITS else Kind.LEARNED
    gamma = _first(landmark)
    chance = Chance(base, landmark) if landmark.coefficients is not None else None
    return Learned(opinion, kind, weekly, fit.low[:k], fit.high[:k], gamma, fit.n_events, (), unseen, chance)


def crossed(base: Base, ending: Ending, opinion: Opinion) -> Floats:
    """(n,) sums of the rows by weights learned from the other half of the customers."""
    half, score = half_of(ending.periods.customer), np.zeros(len(ending.days))
    for own in (0, 1):
        fit = weekly_fit(base, ending.where(half != own), Prior.of(opinion.weights, WEIGHT_SD, 0.0))
        weekly = opinion.weights if fit.coefficients is None else fit.coefficients[: len(opinion.weights)]
        score[half == own] = ending.features[half == own] @ weekly
    return score


def references(stage: NDArray[np.int64], score: Floats, share: float, n_stages: int) -> Floats:
    """(stages,) the value below which `share` of the customer-weeks of a stage lie, on the grid of the weekly ones.

    Stages with fewer than 50 are pooled; under 50 in all it is 0.
    """
    whole = _quantile(score, share) if len(score) >= FEWEST_WEEKS else 0.0
    own = [score[stage == k] for k in range(n_stages)]
    return np.array([_quantile(mine, share) if len(mine) >= FEWEST_WEEKS else whole for mine in own])


def _quantile(values: Floats, share: float) -> float:
    return float(np.floor(np.quantile(values, share, method="inverted_cdf") * FINE) / FINE)


def _first(fit: LogisticFit) -> Estimate:
    if fit.coefficients is None or fit.low is None or fit.high is None:
        return nothing(fit.n_events)
    return Estimate(float(fit.coefficients[0]), float(fit.low[0]), float(fit.high[0]), fit.n_events)


def against(base: Base, ending: Ending, opinion: Opinion) -> tuple[tuple[Feature, Estimate], ...]:
    """Features whose own data, without experts and bounds, say the contrary: the whole interval lies below 0."""
    k = len(opinion.weights)
    fit = weekly_fit(base, ending, Prior.of(np.zeros(k), _UNLED_SD))
    if fit.n_events < FEWEST_EXITS or fit.coefficients is None or fit.low is None or fit.high is None:
        return ()
    found = []
    for i in np.flatnonzero(fit.high[:k] < 0):
        told = Estimate(float(fit.coefficients[i]), float(fit.low[i]), float(fit.high[i]), fit.n_events)
        found.append((opinion.features[i], told))
    return tuple(found)
