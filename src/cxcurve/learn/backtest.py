"""Backtest: how right the scores were, forward in time (definitions.md, 3)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from cxcurve.errors import Reason
from cxcurve.learn.forecasts import Forecasts
from cxcurve.learn.hazards import HORIZON_DAYS, LN2, Base, Ending
from cxcurve.stats.estimates import Estimate, nothing, z_of
from cxcurve.stats.logistic import Prior, clustered_errors, logistic_regression
from cxcurve.stats.proportions import wilson
from cxcurve.stats.quantiles import median
from cxcurve.stats.ranking import auc
from cxcurve.tables import US_PER_DAY

FEWEST_EXITS = 25
FEWEST_IN_BAND = 10
WARNED_DAYS = 90.0
"""A warning counts where it came within so many days before the exit."""


@dataclass(frozen=True, slots=True)
class Band:
    """A band of the index: what it claims of the odds (None where nobody was in it), and what was seen."""

    start: float
    end: float
    n: int
    n_events: int
    claimed: float | None
    observed: Estimate

    @property
    def factor(self) -> float | None:
        """How far what was seen is from what is claimed, 1 and more; None where one of them is not known."""
        if self.claimed is None or self.observed.value is None:
            return None
        return max(self.observed.value / self.claimed, self.claimed / self.observed.value)


@dataclass(frozen=True, slots=True)
class Fold:
    """One tested quarter."""

    from_us: int
    n: int
    n_events: int
    auc: Estimate
    weights: str


@dataclass(frozen=True, slots=True)
class Warning:
    """Of the customers who left, how many had been marked, and how long before."""

    n_left: int
    n_warned: int
    lead_days: Estimate
    n_marked: int
    n_marked_left: int


@dataclass(frozen=True, slots=True)
class Backtest:
    """How right an index was; every measure None, with the reason, where it happened to too few in the tested weeks.

    Attributes:
        n_events: exits in the tested weeks; of momentum, how often a customer moved on.
        auc: within stage and quarter; its n are weeks before it happened.
        brier_skill: 1 - mean squared error of the chance / that of the stage's base rate.
        slope: of the log odds that were told; 1 is right, below 1 they were too far apart.
        observed_expected: seen / told.
        precision: of the weeks at risk, the share followed by an exit within 28 days.
        recall: of the weeks followed by an exit within 28 days, the share at risk.
        warning: of those who left, who was marked; none of these three for momentum.
        bands: the meaning check.
        rivals: AUC within stage of other scores, on the same rows.
        stage_alone: AUC over all stages of the stage's base rate.
        own: AUC within stage of the user's own score where it was known, and ours on the same rows.
        shuffled: AUC with what happened dealt out at random among the rows of a stage: 0.5, or something leaks.
    """

    n: int
    n_customers: int
    n_events: int
    folds: tuple[Fold, ...]
    auc: Estimate
    brier_skill: float | None
    slope: Estimate
    observed_expected: float | None
    precision: Estimate
    recall: Estimate
    warning: Warning | None
    bands: tuple[Band, ...]
    rivals: Mapping[str, Estimate]
    stage_alone: Estimate
    shuffled: Estimate
    own: tuple[Estimate, Estimate] | None = None
    reason: Reason | None = None


def backtest(
    told: Forecasts | None, *, n_stages: int, own: NDArray[np.float64] | None = None, seed: int = 1
) -> Backtest:
    """Set what was told beside what happened.

    Args:
        told: the forecasts; None where no quarter could be tested.
        n_stages: of the journey.
        own: (n,) another score of the same rows, higher is worse, nan where it was not known.
        seed: of the exits that are dealt out at random.
    """
    if told is None:
        return _nothing(0, 0, 0, Reason.NOT_FOLLOWED)
    n_events = _n_events(told.ending)
    n_customers = len(np.unique(told.periods.customer))
    if n_events < FEWEST_EXITS:
        return _nothing(len(told.periods), n_customers, n_events, Reason.TOO_FEW)
    happened, is_friction = told.happened, told.index.is_friction
    strata = strata_of(told, n_stages)
    shuffled = _shuffled(happened, strata, np.random.default_rng(seed))
    return Backtest(
        n=len(told.periods),
        n_customers=n_customers,
        n_events=n_events,
        folds=tuple(_fold(told, number, strata) for number in range(len(told.cuts_us))),
        auc=_auc(told, told.score, happened, strata),
        brier_skill=_brier_skill(told.chance, told.usual, happened),
        slope=_slope(told),
        observed_expected=float(happened.sum() / told.chance.sum()),
        precision=_share(happened[told.is_at_risk]),
        recall=_share(told.is_at_risk[happened]) if is_friction else nothing(),
        warning=warned(told) if is_friction else None,
        bands=meaning(told, n_stages),
        rivals={name: _auc(told, score, happened, strata) for name, score in told.rivals.items()},
        stage_alone=_auc(told, told.usual, happened, told.fold),
        shuffled=_auc(told, told.score, shuffled, strata),
        own=None if own is None else _beside(told, own, strata),
    )


def strata_of(told: Forecasts, n_stages: int) -> NDArray[np.int64]:
    """(n,) quarter and stage: only customers of one are set beside each other."""
    return told.fold * n_stages + told.periods.stage


def meaning(told: Forecasts, n_stages: int) -> tuple[Band, ...]:
    """In each band of the index the odds against customers of its base, beside those it claims.

    At equal stage, dwell and other index; the rows of a customer are alike.
    """
    happened, (bands, origin) = told.happened, (told.index.bands, told.index.base)
    band = np.minimum(np.searchsorted(bands, told.values, "right") - 1, len(bands) - 2)
    others = [i for i in range(len(bands) - 1) if i != origin]
    base = Base.of(told.periods, n_stages)
    x = np.hstack([band[:, None] == others, base.columns(told.periods), told.ending.other[:, None] * LN2])
    prior = Prior.of(np.zeros(len(others)), np.inf) + base.prior + Prior.of(0.0, 10.0)
    fit = logistic_regression(x, happened, prior)
    usual = float(told.beyond[band == origin].mean()) if (band == origin).any() else 0.0
    errors = clustered_errors(fit, x, happened, told.periods.customer) if fit.coefficients is not None else None
    found = []
    for place, i in enumerate(others):
        here = band == i
        n_events = _n_events(told.ending, here)
        observed = nothing(n_events)
        if fit.coefficients is not None and errors is not None and n_events >= FEWEST_IN_BAND:
            top, half = float(fit.coefficients[place]), z_of(0.95) * float(errors[place])
            observed = Estimate(math.exp(top), math.exp(top - half), math.exp(top + half), n_events)
        claimed = 2.0 ** float(told.beyond[here].mean() - usual) if here.any() else None
        found.append(Band(bands[i], bands[i + 1], int(here.sum()), n_events, claimed, observed))
    return tuple(found)


def warned(told: Forecasts, fold: int | None = None) -> Warning:
    """Of the customers who left in the tested weeks (or in one quarter), who was marked at risk within 90 days before.

    The days are those from the first mark within them to the exit.
    """
    _, lead = leads(told, fold)
    days = lead[lead > 0]
    ever = np.unique(told.periods.customer[told.is_at_risk])
    rows = told.periods.exit_days < WARNED_DAYS
    gone = np.unique(told.periods.customer[rows if fold is None else rows & (told.fold == fold)])
    return Warning(len(lead), len(days), median(days), len(ever), len(np.intersect1d(ever, gone)))


def leads(told: Forecasts, fold: int | None = None) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Customer of each exit in the tested weeks, and days from its first mark within 90 days before; 0 without one."""
    rows = told.periods.exit_days < WARNED_DAYS
    if fold is not None:
        rows &= told.fold == fold
    exits = np.round(told.periods.ends_us / US_PER_DAY + told.periods.exit_days, 4)
    whose, place = np.unique(np.stack([told.periods.customer[rows], exits[rows]]), axis=1, return_inverse=True)
    lead, marked = np.zeros(whose.shape[1]), told.is_at_risk[rows]
    np.maximum.at(lead, place.ravel()[marked], told.periods.exit_days[rows][marked])
    return whose[0].astype(np.int64), lead


def _n_events(ending: Ending, rows: NDArray[np.bool_] | None = None) -> int:
    """Exits, or moves, within 28 days of one of the rows; those of one customer at one time count once."""
    chosen = ending.days < HORIZON_DAYS
    if rows is not None:
        chosen &= rows
    when = np.round(ending.periods.ends_us[chosen] / US_PER_DAY + ending.days[chosen], 4)
    return len(np.unique(np.stack([ending.periods.customer[chosen], when]), axis=1).T)


def _auc(
    told: Forecasts, score: NDArray[np.float64], happened: NDArray[np.bool_], strata: NDArray[np.int64]
) -> Estimate:
    return auc(score, happened, strata=strata, clusters=told.periods.customer)


def _beside(told: Forecasts, own: NDArray[np.float64], strata: NDArray[np.int64]) -> tuple[Estimate, Estimate]:
    """AUC of another score and of ours on the rows where the other is known; none where too few left there."""
    known = np.isfinite(own)
    n_left = _n_events(told.ending, known)
    if n_left < FEWEST_EXITS:
        return nothing(n_left), nothing(n_left)
    left, whose = told.happened[known], told.periods.customer[known]
    theirs, ours = (auc(score[known], left, strata=strata[known], clusters=whose) for score in (own, told.score))
    return theirs, ours


def _fold(told: Forecasts, number: int, strata: NDArray[np.int64]) -> Fold:
    here = told.fold == number
    found = auc(told.score[here], told.happened[here], strata=strata[here], clusters=told.periods.customer[here])
    return Fold(told.cuts_us[number], int(here.sum()), _n_events(told.ending, here), found, str(told.kinds[number]))


def _shuffled(happened: NDArray[np.bool_], strata: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.bool_]:
    order = np.lexsort((rng.random(len(happened)), strata))
    dealt = np.empty_like(happened)
    dealt[np.argsort(strata, kind="stable")] = happened[order]
    return dealt


def _brier_skill(chance: NDArray[np.float64], usual: NDArray[np.float64], happened: NDArray[np.bool_]) -> float:
    return float(1 - ((chance - happened) ** 2).mean() / ((usual - happened) ** 2).mean())


def _slope(told: Forecasts) -> Estimate:
    x = np.stack([np.ones(len(told.chance)), special.logit(np.clip(told.chance, 1e-9, 1 - 1e-9))], axis=1)
    fit = logistic_regression(x, told.happened, Prior.of([0.0, 0.0], np.inf))
    if fit.coefficients is None:
        return nothing(fit.n_events)
    half = z_of(0.95) * float(clustered_errors(fit, x, told.happened, told.periods.customer)[1])
    slope = float(fit.coefficients[1])
    return Estimate(slope, slope - half, slope + half, fit.n_events)


def _share(values: NDArray[np.bool_]) -> Estimate:
    return wilson(int(values.sum()), len(values)) if len(values) else nothing()


def _nothing(n: int, n_customers: int, n_events: int, reason: Reason) -> Backtest:
    none = nothing(n_events, reason)
    return Backtest(
        n, n_customers, n_events, (), none, None, none, None, none, none, None, (), {}, none, none, None, reason
    )
