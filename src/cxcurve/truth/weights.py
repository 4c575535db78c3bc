"""Are the weights found? Learned from one company, held against the planted ones, and tested on fresh customers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cxcurve.learn.backtest import Backtest, backtest
from cxcurve.learn.calibration import Opinion, calibrate
from cxcurve.learn.forecasts import MOMENTUM, Forecasts, Scorer, joined
from cxcurve.learn.hazards import HORIZON_DAYS
from cxcurve.metrics.periods import Periods
from cxcurve.metrics.weights import Feature
from cxcurve.pipeline.learning import opinions
from cxcurve.pipeline.periods import read_periods
from cxcurve.sources.simulated import Truth, plant
from cxcurve.stats.estimates import Estimate, nothing
from cxcurve.stats.ranking import auc
from cxcurve.truth.claims import Claim, mean_over
from cxcurve.truth.companies import company, true_weights
from cxcurve.workspace.workspace import Workspace

Floats = NDArray[np.float64]
FEW = 50
BAND_FACTOR = 1.4
FEWEST_IN_BAND = 30


@dataclass(frozen=True)
class Evidence:
    """What one company shows: cosines with the planted weights, and scores of fresh customers.

    Attributes:
        cosine_friction, cosine_momentum: of the learned weights.
        aucs: within stage, on the fresh customers: learned, expert, equal, oracle, and learned from 50 customers.
        fresh: the forecasts of the fresh customers.
        n_stages: of the journey.
    """

    cosine_friction: float
    cosine_momentum: float
    aucs: dict[str, float]
    fresh: Forecasts
    fresh_momentum: Forecasts
    n_stages: int


def evidence(seed: int, customers: int) -> Evidence:
    """Three companies with the same planted weights: one to learn from, a small one, and one of fresh customers."""
    weights = plant(Truth(), np.random.default_rng(seed))
    with company(customers=customers, seed=seed, weights=weights) as (workspace, _):
        periods, (drag, pull), as_of_us, n_stages = _read(workspace)
    learned = calibrate(periods, drag, pull, n_stages=n_stages, as_of_us=as_of_us)
    scorer = Scorer.of(periods, drag, pull, n_stages)
    with company(customers=FEW, seed=10_000 + seed, weights=weights) as (workspace, _):
        few = _like(drag, pull, *_read(workspace)[:2])
    with company(customers=customers, seed=20_000 + seed, weights=weights) as (workspace, _):
        fresh = _like(drag, pull, *_read(workspace)[:2])
    learned_from_few = Scorer.of(few, drag, pull, n_stages).learned
    fresh = fresh.where(fresh.followed_days >= HORIZON_DAYS)
    true_drag, true_pull = (
        true_weights(weights, one.features, name) for one, name in ((drag, "friction"), (pull, "momentum"))
    )
    told = scorer.forecasts(fresh, 0, as_of_us)
    scores = {
        "learned": told.score,
        "expert": fresh.drag @ drag.weights,
        "equal": fresh.drag.sum(axis=1),
        "oracle": fresh.drag @ true_drag,
        "few": fresh.drag @ learned_from_few.weights,
    }
    return Evidence(
        cosine(learned.friction.weekly, true_drag),
        cosine(learned.momentum.weekly, true_pull),
        {name: _auc(score, told) for name, score in scores.items()},
        told,
        Scorer.of(periods, drag, pull, n_stages, MOMENTUM).forecasts(fresh, 0, as_of_us),
        n_stages,
    )


def claims(found: Sequence[Evidence]) -> list[Claim]:
    """The gates of the weights, over all companies."""
    n_stages = found[0].n_stages
    pooled = backtest(_pooled([one.fresh for one in found]), n_stages=n_stages)
    pull = backtest(_pooled([one.fresh_momentum for one in found]), n_stages=n_stages)
    gaps = {name: mean_over([one.aucs["learned"] - one.aucs[name] for one in found]) for name in ("equal", "oracle")}
    few = mean_over([one.aucs["few"] - one.aucs["expert"] for one in found])
    return [
        Claim(
            "Learned friction weights point where the planted ones do (cosine)",
            mean_over([one.cosine_friction for one in found]),
            0.90,
        ),
        Claim(
            "Learned momentum weights point where the planted ones do (cosine)",
            mean_over([one.cosine_momentum for one in found]),
            0.90,
        ),
        Claim("They rank fresh customers of a stage no worse than equal weights (AUC, difference)", gaps["equal"], 0.0),
        Claim("They rank them within 0.01 of the planted weights themselves (AUC, difference)", gaps["oracle"], -0.01),
        Claim(
            f"From {FEW} customers they rank no worse than the expert's (AUC, difference)", few, 0.0, by_interval=True
        ),
        Claim("The odds told are right in scale (calibration slope)", pooled.slope, 0.85, 1.15),
        Claim("Exits dealt out at random are not predicted (AUC)", pooled.shuffled, 0.48, 0.52),
        _meaning("The index", pooled, 85.0),
        Claim("The odds of moving on are right in scale too (calibration slope)", pull.slope, 0.85, 1.15),
        _meaning("Momentum", pull, 80.0),
    ]


def cosine(first: Floats, second: Floats) -> float:
    """Of the angle between two sets of weights."""
    return float(first @ second / np.linalg.norm(first) / np.linalg.norm(second))


def _like(drag: Opinion, pull: Opinion, periods: Periods, own: tuple[Opinion, Opinion]) -> Periods:
    """Periods with the features of another company, in its order: a signal that was not seen here is 0."""
    return replace(
        periods,
        drag=_columns(periods.drag, own[0].features, drag.features),
        pull=_columns(periods.pull, own[1].features, pull.features),
    )


def _columns(values: NDArray[np.float32], have: Sequence[Feature], wanted: Sequence[Feature]) -> NDArray[np.float32]:
    place = {feature: number for number, feature in enumerate(have)}
    padded = np.hstack([values, np.zeros((len(values), 1), np.float32)])
    return padded[:, [place.get(feature, -1) for feature in wanted]]


def _read(workspace: Workspace) -> tuple[Periods, tuple[Opinion, Opinion], int, int]:
    with workspace.snapshot() as known:
        run = workspace.run_of(known)
        return read_periods(run), opinions(run), known.as_of_us, len(known.stage_names)


def _auc(score: Floats, told: Forecasts) -> float:
    found = auc(score, told.happened, strata=told.periods.stage).value
    return float("nan") if found is None else found


def _pooled(found: Sequence[Forecasts]) -> Forecasts:
    """All fresh customers as one company; each company is a quarter of its own, so that only its own are compared."""
    parts = []
    for number, one in enumerate(found):
        periods = replace(one.periods, customer=one.periods.customer + number * 10**6)
        ending = replace(one.ending, periods=periods)
        parts.append(replace(one, ending=ending, fold=np.full(len(periods), number)))
    return joined(parts)


def _meaning(name: str, pooled: Backtest, below: float) -> Claim:
    """The worst of the bands that end by then and hold enough: how far the odds seen are from those claimed."""
    told = [one for one in pooled.bands if one.end <= below and one.n_events >= FEWEST_IN_BAND]
    factors = [one.factor for one in told if one.factor is not None]
    what = "exits" if pooled.warning else "moves"
    rows = tuple(
        f"index {band.start:.0f} to {band.end:.0f}: claimed x {band.claimed:.2f}, seen x {band.observed.value:.2f} "
        f"({band.observed.low:.2f} to {band.observed.high:.2f}), {band.n_events} {what}"
        for band in pooled.bands
        if band.factor is not None
    )
    found = Estimate(max(factors), n=len(factors)) if factors else nothing()
    return Claim(
        f"{name} means what it says: odds claimed against odds seen, worst band (factor)",
        found,
        None,
        BAND_FACTOR,
        "odds",
        rows,
    )
