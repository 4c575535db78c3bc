"""Half-lives, chosen by what they would have told: forward in time, of customers not learned from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import special

from cxcurve.learn.calibration import ENOUGH_EXITS, Opinion, learn
from cxcurve.learn.forecasts import cuts
from cxcurve.learn.groups import half_of
from cxcurve.learn.hazards import HORIZON_DAYS, Base, Ending, Floats
from cxcurve.metrics.periods import Periods
from cxcurve.stats.estimates import Estimate, z_of

GRID = (0.5, 1.0, 2.0)
"""Half-lives of the tracking plan times so much; a finer grid would find noise."""
MOST_CUSTOMERS = 3_000


@dataclass(frozen=True, slots=True)
class HalfLives:
    """The factor chosen, and what each of the others would have gained per customer against that of the plan.

    Attributes:
        factor: 1 where nothing is surely better, or where too few left to tell.
        gains: by factor, log-likelihood per customer; above 0 is better.
    """

    factor: float
    gains: Mapping[float, Estimate]


def choose(
    by_factor: Mapping[float, Periods], drag: Opinion, pull: Opinion, *, n_stages: int, as_of_us: int
) -> HalfLives:
    """The factor with the largest gain, if its interval lies above 0; else that of the plan.

    Args:
        by_factor: periods of the same customers; 1 is the plan.
        drag: features and expert weights of friction.
        pull: the same of momentum.
        n_stages: of the journey.
        as_of_us: now.
    """
    plan = by_factor[1.0]
    n_exits = int(((plan.exit_days < 7) & (plan.exit_days <= plan.move_days)).sum())
    begins = cuts(plan, as_of_us)[-2:]
    if n_exits < ENOUGH_EXITS or not begins:
        return HalfLives(1.0, {})
    told = {factor: _log_likelihood(periods, drag, pull, n_stages, begins) for factor, periods in by_factor.items()}
    gains = {factor: _gain(told[1.0], values) for factor, values in told.items() if factor != 1.0}
    best = max(gains, key=lambda factor: gains[factor].value or 0.0)
    is_sure = (gains[best].low or 0.0) > 0
    return HalfLives(best if is_sure else 1.0, gains)


def _log_likelihood(
    periods: Periods, drag: Opinion, pull: Opinion, n_stages: int, begins: list[int]
) -> dict[int, float]:
    """By customer, of what was told of its weeks after each cut by weights learned before it from others."""
    found: dict[int, float] = {}
    for cut, end in zip(begins, [*begins[1:], 2**62], strict=True):
        known = periods.until(cut)
        is_tested = (periods.ends_us >= cut) & (periods.ends_us < end) & (periods.followed_days >= HORIZON_DAYS)
        for half in (0, 1):
            train = known.where(half_of(known.customer) != half)
            test = periods.where(is_tested & (half_of(periods.customer) == half))
            base = Base.of(train, n_stages)
            for opinion, of, other in ((drag, Ending.exit, pull), (pull, Ending.move, drag)):
                learned = learn(base, of(train, other.weights), opinion, is_crossed=False)
                if learned.chance is None:
                    continue
                ending = of(test, other.weights)
                odds = learned.chance.log_odds(ending, learned.weekly)
                values = special.log_expit(np.where(ending.days < HORIZON_DAYS, odds, -odds))
                for who, value in zip(test.customer.tolist(), values.tolist(), strict=True):
                    found[who] = found.get(who, 0.0) + value
    return found


def _gain(before: dict[int, float], after: dict[int, float]) -> Estimate:
    """The mean over customers of what is gained, with its normal interval: customers are independent."""
    gain: Floats = np.array([after.get(who, 0.0) - value for who, value in before.items()])
    middle, error = float(gain.mean()), float(gain.std(ddof=1) / np.sqrt(len(gain)))
    half = z_of(0.95) * error
    return Estimate(middle, middle - half, middle + half, len(gain), error)
