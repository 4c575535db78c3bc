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
from cxcurve.learn.groups import N_GROUPS, group_of
from cxcurve.learn.hazards import HORIZON_DAYS, Base, Ending, joined_endings
from cxcurve.metrics.periods import Periods
from cxcurve.metrics.references import QUANTILES, WINDOW_WEEKS
from cxcurve.tables import US_PER_DAY

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

TEST_DAYS, MOST_FOLDS, TRAIN_DAYS = 91, 4, 182
AT_RISK_TIMES = 2.0
"""At risk: the odds within 28 days are so many times those of the stage."""
AT_RISK_INDEX = 50.0


@dataclass(frozen=True, slots=True)
class Index:
    """One of the two indexes, as far as what it says can be checked.

    Attributes:
        name: of it.
        bands: of its values, from 0 to 100.
        base: the band that the others are held against.
        is_friction: whether it speaks of leaving; else of moving on.
    """

    name: str
    bands: tuple[float, ...]
    base: int
    is_friction: bool

    def ending(self, periods: Periods, drag: Opinion, pull: Opinion) -> Ending:
        """What it speaks of, the other index held constant."""
        return Ending.exit(periods, pull.weights) if self.is_friction else Ending.move(periods, drag.weights)

    def beyond(self, score: Floats, reference: Floats) -> Floats:
        """Doublings beyond what is usual; of friction those above it alone."""
        return np.maximum(score - reference, 0.0) if self.is_friction else score - reference

    def of(self, beyond: Floats) -> Floats:
        """0 to 100."""
        return np.asarray(100.0 * (1.0 - 2.0**-beyond) if self.is_friction else 100.0 / (1.0 + 2.0**-beyond))


FRICTION = Index("friction", (0.0, 5.0, 15.0, 30.0, 50.0, 70.0, 85.0, 100.0), 0, is_friction=True)
MOMENTUM = Index("momentum", (0.0, 20.0, 33.0, 45.0, 55.0, 67.0, 80.0, 100.0), 3, is_friction=False)


@dataclass(frozen=True, eq=False)
class Forecasts:
    """One row per customer and tested week; arrays of n rows.

    Attributes:
        index: what was scored.
        ending: what it speaks of: the weeks, with what came after them.
        fold: which quarter they are of.
        score: (n,) its sum by the weights of the time, in doublings.
        beyond: (n,) the sum beyond what is usual, in doublings.
        chance: (n,) that it happens within 28 days.
        usual: (n,) that of all customers of the stage.
        is_at_risk: (n,); of momentum nobody is.
        rivals: by name, (n,) scores of others on the same rows.
        cuts_us: when each fold's quarter begins.
        kinds: what its weights were.
        scorers: what scored each fold's groups, in order of fold and group.
    """

    index: Index
    ending: Ending
    fold: NDArray[np.int64]
    score: Floats
    beyond: Floats
    chance: Floats
    usual: Floats
    is_at_risk: Bools
    rivals: dict[str, Floats]
    cuts_us: tuple[int, ...]
    kinds: tuple[Kind, ...]
    scorers: tuple[Scorer, ...]

    @property
    def periods(self) -> Periods:
        """The weeks."""
        return self.ending.periods

    @property
    def happened(self) -> Bools:
        """(n,) whether the customer left, or moved on, within 28 days."""
        return self.ending.days < HORIZON_DAYS

    @property
    def values(self) -> Floats:
        """(n,) the index, 0 to 100."""
        return self.index.of(self.beyond)

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
    index: Index = FRICTION,
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
        index: which of the two.
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
            parts.append(Scorer.of(train, drag, pull, n_stages, index).forecasts(test, fold, cut))
            if say:
                say(len(parts), len(begins) * N_GROUPS)
    whole = joined(parts)
    return replace(whole, cuts_us=tuple(begins), kinds=whole.kinds[::N_GROUPS])


def joined(parts: Sequence[Forecasts]) -> Forecasts:
    """All rows of some forecasts."""
    names = ("fold", "score", "beyond", "chance", "usual", "is_at_risk")
    return Forecasts(
        index=parts[0].index,
        ending=joined_endings([part.ending for part in parts]),
        rivals={name: np.concatenate([part.rivals[name] for part in parts]) for name in parts[0].rivals},
        cuts_us=tuple(cut for part in parts for cut in part.cuts_us),
        kinds=tuple(kind for part in parts for kind in part.kinds),
        scorers=tuple(scorer for part in parts for scorer in part.scorers),
        **{name: np.concatenate([getattr(part, name) for part in parts]) for name in names},
    )


@dataclass(frozen=True, eq=False)
class Scorer:
    """Weights of an index with what goes with them, to score customers that they were not learned from.

    Attributes:
        index: which of the two.
        learned: the weights.
        drag, pull: what the experts say.
        reference: by stage, what is usual.
        usual: by stage, share to whom it happens within 28 days.
        typical: (stages, k) mean features of the stage's customers, what reasons are told beyond.
    """

    index: Index
    learned: Learned
    drag: Opinion
    pull: Opinion
    reference: Floats
    usual: Floats
    typical: Floats

    @classmethod
    def of(cls, train: Periods, drag: Opinion, pull: Opinion, n_stages: int, index: Index = FRICTION) -> Scorer:
        """Learned from some customers."""
        ending = index.ending(train, drag, pull)
        learned = learn(Base.of(train, n_stages), ending, drag if index.is_friction else pull)
        recent = train.week > train.week.max(initial=0) - WINDOW_WEEKS
        stage, features = train.stage[recent], ending.features[recent]
        reference = references(stage, features @ learned.weights, QUANTILES[index.name], n_stages)
        return cls(
            index, learned, drag, pull, reference, _base_rates(ending, n_stages), _means(stage, features, n_stages)
        )

    def forecasts(self, test: Periods, fold: int, cut_us: int) -> Forecasts:
        """What it says of others."""
        ending, learned = self.index.ending(test, self.drag, self.pull), self.learned
        score = ending.features @ learned.weights
        beyond = self.index.beyond(score, self.reference[test.stage])
        usual = self.usual[test.stage]
        chance = usual
        if learned.chance is not None:
            chance = special.expit(learned.chance.log_odds(ending, learned.weekly))
        return Forecasts(
            index=self.index,
            ending=ending,
            fold=np.full(len(test), fold),
            score=score,
            beyond=beyond,
            chance=chance,
            usual=usual,
            is_at_risk=self._at_risk(beyond, chance, usual),
            rivals={
                "equal_weights": ending.features.sum(axis=1),
                "expert_weights": ending.features @ learned.opinion.weights,
                "recency": np.minimum(test.calm_days, 10_000.0) * (1.0 if self.index.is_friction else -1.0),
            },
            cuts_us=(cut_us,),
            kinds=(learned.kind,),
            scorers=(self,),
        )

    def _at_risk(self, beyond: Floats, chance: Floats, usual: Floats) -> Bools:
        """Twice the chance of the stage, or half of the odds from friction where nothing was learned."""
        if not self.index.is_friction:
            return np.zeros(len(beyond), np.bool_)
        if self.learned.chance is None:
            return np.asarray(self.index.of(beyond) >= AT_RISK_INDEX)
        return np.asarray(chance >= AT_RISK_TIMES * usual)


def _base_rates(ending: Ending, n_stages: int) -> Floats:
    """(stages,) share to whom it happened in 28 days; that of all where no week of a stage was followed so long."""
    is_followed = ending.periods.followed_days >= HORIZON_DAYS
    stage, happened = ending.periods.stage[is_followed], ending.days[is_followed] < HORIZON_DAYS
    n, k = np.bincount(stage, minlength=n_stages), np.bincount(stage, happened, n_stages)
    whole = happened.mean() if len(happened) else 0.0
    # one week's worth of the whole: a stage in which nobody left has not odds of 0
    return np.asarray((k + whole) / (n + 1))


def _means(stage: NDArray[np.int64], features: NDArray[np.float32], n_stages: int) -> Floats:
    """(stages, k) mean features; 0 where a stage has no row."""
    found = np.zeros((n_stages, features.shape[1]))
    for k in np.unique(stage):
        found[k] = features[stage == k].mean(axis=0)
    return found
