"""Forecasts: what a score would have said of weeks it had not seen, of customers it had not seen.

Forward in time: everything is learned from what was known at a cut, and tested on the quarter after it; and each
customer is tested by a fit on the others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import special

from cxcurve.learn.calibration import Kind, Learned, Opinion, learn, references
from cxcurve.learn.hazards import HORIZON_DAYS, Base, Ending
from cxcurve.metrics.periods import Periods, join
from cxcurve.metrics.references import QUANTILES, WINDOW_WEEKS
from cxcurve.tables import US_PER_DAY

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

TEST_DAYS, MOST_FOLDS, TRAIN_DAYS = 91, 4, 182
N_GROUPS = 4
AT_RISK_TIMES = 2.0
"""At risk: the odds within 28 days are so many times those of the stage."""
AT_RISK_INDEX = 50.0


@dataclass(frozen=True, eq=False)
class Forecasts:
    """One row per customer and tested week; arrays of n rows.

    Attributes:
        periods: the weeks, with what came after them.
        fold: which quarter they are of.
        friction: (n,) F by the weights of the time.
        beyond: (n,) F beyond what is usual, in doublings; 0 and more.
        chance: (n,) of leaving within 28 days.
        usual: (n,) that of all customers of the stage.
        is_at_risk: (n,)
        rivals: by name, (n,) scores of others on the same rows.
        other: (n,) the sum of momentum, in doublings.
        cuts_us: when each fold's quarter begins.
        kinds: what its weights were.
        scorers: what scored each fold's groups, in order of fold and group.
    """

    periods: Periods
    fold: NDArray[np.int64]
    friction: Floats
    beyond: Floats
    chance: Floats
    usual: Floats
    is_at_risk: Bools
    rivals: dict[str, Floats]
    other: Floats
    cuts_us: tuple[int, ...]
    kinds: tuple[Kind, ...]
    scorers: tuple[Scorer, ...]

    @property
    def happened(self) -> Bools:
        """(n,) whether the customer left within 28 days."""
        return self.periods.exit_days < HORIZON_DAYS

    @property
    def index(self) -> Floats:
        """(n,) the Journey Friction Index."""
        return np.asarray(100.0 * (1.0 - 2.0**-self.beyond))

    def scorer(self, row: int) -> Scorer:
        """What scored a row."""
        return self.scorers[int(self.fold[row]) * N_GROUPS + int(group_of(self.periods.customer[row : row + 1])[0])]


def cuts(periods: Periods, as_of_us: int) -> list[int]:
    """Where the tested quarters begin: the last ones that are followed for 28 days and have half a year before them."""
    end = as_of_us - round(HORIZON_DAYS * US_PER_DAY)
    first = int(periods.ends_us.min(initial=as_of_us)) + TRAIN_DAYS * US_PER_DAY
    found = [end - (number + 1) * TEST_DAYS * US_PER_DAY for number in range(MOST_FOLDS)]
    return sorted(cut for cut in found if cut >= first)


def forecast(
    periods: Periods,
    drag: Opinion,
    pull: Opinion,
    *,
    n_stages: int,
    as_of_us: int,
    until_now: bool = False,
    guests: Sequence[int] = (),
    say: Callable[[int, int], None] | None = None,
) -> Forecasts | None:
    """Every tested week, scored by weights learned before its quarter from other customers; None without a quarter.

    Args:
        periods: what is known at `as_of_us`.
        drag: features and expert weights of friction.
        pull: the same of momentum.
        n_stages: of the journey.
        as_of_us: now.
        until_now: also the weeks that are not followed for 28 days yet: there is a score, and nothing to check it by.
        guests: customers that are scored, and learned from by nobody.
        say: told how many fits of how many are done.
    """
    begins = cuts(periods, as_of_us)
    if not begins:
        return None
    parts = []
    ends = [*begins[1:], as_of_us + 1 if until_now else begins[-1] + TEST_DAYS * US_PER_DAY]
    is_tested = (periods.followed_days >= HORIZON_DAYS) | until_now
    taught = periods.where(~np.isin(periods.customer, np.asarray(guests, np.int64))) if len(guests) else periods
    for fold, (cut, end) in enumerate(zip(begins, ends, strict=True)):
        known = taught.until(cut)
        tested = (periods.ends_us >= cut) & (periods.ends_us < end) & is_tested
        for group in range(N_GROUPS):
            train = known.where(group_of(known.customer) != group)
            test = periods.where(tested & (group_of(periods.customer) == group))
            parts.append(Scorer.of(train, drag, pull, n_stages).forecasts(test, fold, cut))
            if say:
                say(fold * N_GROUPS + group + 1, len(begins) * N_GROUPS)
    whole = joined(parts)
    return replace(whole, cuts_us=tuple(begins), kinds=whole.kinds[::N_GROUPS])


def joined(parts: Sequence[Forecasts]) -> Forecasts:
    """All rows of some forecasts."""
    names = ("fold", "friction", "beyond", "chance", "usual", "is_at_risk", "other")
    return Forecasts(
        periods=join([part.periods for part in parts]),
        rivals={name: np.concatenate([part.rivals[name] for part in parts]) for name in parts[0].rivals},
        cuts_us=tuple(cut for part in parts for cut in part.cuts_us),
        kinds=tuple(kind for part in parts for kind in part.kinds),
        scorers=tuple(scorer for part in parts for scorer in part.scorers),
        **{name: np.concatenate([getattr(part, name) for part in parts]) for name in names},
    )


@dataclass(frozen=True, eq=False)
class Scorer:
    """Weights of friction with what goes with them, to score customers that they were not learned from.

    Attributes:
        learned: the weights.
        drag, pull: what the experts say.
        reference: by stage, what is usual.
        usual: by stage, share that leaves within 28 days.
        typical: (stages, k) mean features of the stage's customers, what reasons are told beyond.
    """

    learned: Learned
    drag: Opinion
    pull: Opinion
    reference: Floats
    usual: Floats
    typical: Floats

    @classmethod
    def of(cls, train: Periods, drag: Opinion, pull: Opinion, n_stages: int) -> Scorer:
        """Learned from some customers."""
        learned = learn(Base.of(train, n_stages), Ending.exit(train, pull.weights), drag)
        recent = train.week > train.week.max(initial=0) - WINDOW_WEEKS
        friction = train.drag[recent] @ learned.weights
        reference = references(train.stage[recent], friction, QUANTILES["friction"], n_stages)
        typical = _means(train.stage[recent], train.drag[recent], n_stages)
        return cls(learned, drag, pull, reference, _base_rates(train, n_stages), typical)

    def forecasts(self, test: Periods, fold: int, cut_us: int) -> Forecasts:
        """What it says of others."""
        ending, friction = Ending.exit(test, self.pull.weights), test.drag @ self.learned.weights
        beyond = np.maximum(friction - self.reference[test.stage], 0.0)
        usual = self.usual[test.stage]
        chance, is_at_risk = usual, 100.0 * (1.0 - 2.0**-beyond) >= AT_RISK_INDEX
        if self.learned.chance is not None:
            chance = special.expit(self.learned.chance.log_odds(ending, self.learned.weekly))
            is_at_risk = chance >= AT_RISK_TIMES * usual
        return Forecasts(
            periods=test,
            fold=np.full(len(test), fold),
            friction=friction,
            beyond=beyond,
            chance=chance,
            usual=usual,
            is_at_risk=is_at_risk,
            other=ending.other,
            rivals={
                "equal_weights": test.drag.sum(axis=1),
                "expert_weights": test.drag @ self.drag.weights,
                "recency": np.minimum(test.calm_days, 10_000.0),
            },
            cuts_us=(cut_us,),
            kinds=(self.learned.kind,),
            scorers=(self,),
        )


def _base_rates(train: Periods, n_stages: int) -> Floats:
    """(stages,) share that left within 28 days; that of all where a stage has no week that was followed so long."""
    told = train.where(train.followed_days >= HORIZON_DAYS)
    left = told.exit_days < HORIZON_DAYS
    n, k = np.bincount(told.stage, minlength=n_stages), np.bincount(told.stage, left, n_stages)
    whole = left.mean() if len(told) else 0.0
    # one week's worth of the whole: a stage in which nobody left has not odds of 0
    return np.asarray((k + whole) / (n + 1))


def _means(stage: NDArray[np.int64], features: NDArray[np.float32], n_stages: int) -> Floats:
    """(stages, k) mean features; 0 where a stage has no row."""
    found = np.zeros((n_stages, features.shape[1]))
    for k in np.unique(stage):
        found[k] = features[stage == k].mean(axis=0)
    return found


def group_of(customer: NDArray[np.int64]) -> NDArray[np.int64]:
    """Which of the groups a customer is tested in."""
    return np.asarray((customer * 2_654_435_761 % 2**32) >> 16) % N_GROUPS
