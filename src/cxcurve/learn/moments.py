"""Moments of truth: what customers do after something happens to them for the first time (definitions.md, 8).

The first time of each event in a cycle, against customers at the same stage, as long there, and at the same risk
before, who have not had it yet. It is an association, not a cause: what no event tells may lie behind both. Beside it
the same is done with moments drawn at random, which mean nothing: what they find is false alarm.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from cxcurve.errors import Reason
from cxcurve.learn.trials import OUTCOMES, Bools, Ints, Trials
from cxcurve.stats.estimates import Estimate, nothing
from cxcurve.stats.multiplicity import holm
from cxcurve.stats.proportions import wilson
from cxcurve.stats.strata import Stratified

FEWEST_CUSTOMERS = 20
N_PLACEBOS = 200
ALPHA = 0.05
Say = Callable[[int, int], None]


@dataclass(frozen=True, eq=False, slots=True)
class Firsts:
    """First time of each event in each cycle; arrays of n rows.

    Attributes:
        signal: key of the event.
        customer: customer_key.
        at_us: when.
        until_us: the exit that ended the cycle, 2^62 where none did.
    """

    signal: Ints
    customer: Ints
    at_us: Ints
    until_us: Ints

    def of(self, signal: int) -> Firsts:
        """Those of one event."""
        chosen = self.signal == signal
        return Firsts(*(getattr(self, name)[chosen] for name in self.__dataclass_fields__))


@dataclass(frozen=True, slots=True)
class Effect:
    """What came after a moment, against customers like those without it; `p_holm` is None where nothing can be told."""

    found: Stratified
    p_holm: float | None = None

    @property
    def is_clear(self) -> bool:
        """Whether it differs, over all moments and outcomes."""
        return self.p_holm is not None and self.p_holm < ALPHA


@dataclass(frozen=True, slots=True)
class Moment:
    """One event's first time: how many customers had it, and by outcome what came after."""

    name: str
    n_customers: int
    effects: Mapping[str, Effect]

    @property
    def smallest_p(self) -> float:
        """Of its outcomes, before Holm; 2 where nothing can be told."""
        found = (effect.found.odds_ratio.p_value for effect in self.effects.values())
        return min((p for p in found if p is not None), default=2.0)


@dataclass(frozen=True, slots=True)
class FalseAlarms:
    """What moments that mean nothing find: what is flagged at p < 0.05, plainly and by Holm in families like the real.

    Attributes:
        n: tests that could be made.
        share: of them flagged, 0.05 if all is right.
        holm_share: flagged by Holm; close to 0.
    """

    n: int
    share: Estimate
    holm_share: Estimate


@dataclass(frozen=True, slots=True)
class Moments:
    """All moments, the clearest first, and the false alarms of as many weeks drawn at random.

    Attributes:
        n_customers: in the trials.
        n_weeks: trials.
        n_rare: events that fewer than 20 customers had.
    """

    n_customers: int
    n_weeks: int
    n_rare: int
    moments: tuple[Moment, ...]
    false_alarms: FalseAlarms
    reason: Reason | None = None


def moments(
    trials: Trials,
    firsts: Firsts,
    names: Mapping[int, str],
    *,
    n_placebos: int = N_PLACEBOS,
    seed: int = 1,
    say: Say | None = None,
) -> Moments:
    """What came after each moment.

    Args:
        trials: weeks of the customers, with a lag of one.
        firsts: the first times.
        names: by key the events that may be moments: those that end the journey are none.
        n_placebos: moments drawn at random.
        seed: of the draw.
        say: told how many moments of how many are compared, those at random too.
    """
    had = {key: len(np.unique(firsts.of(key).customer)) for key in names}
    candidates = [key for key in names if had[key] >= FEWEST_CUSTOMERS]
    n_rare = sum(0 < n < FEWEST_CUSTOMERS for n in had.values())
    reason = Reason.TOO_FEW if not candidates else None if trials.is_followed else Reason.NOT_FOLLOWED
    if reason:
        none = FalseAlarms(0, nothing(0, reason), nothing(0, reason))
        return Moments(len(trials.keys), len(trials), n_rare, (), none, reason)
    begun = {key: begin(trials, firsts.of(key)) for key in candidates}
    total = len(candidates) + n_placebos
    found = []
    for key, (now, passed) in begun.items():
        found.append(Moment(names[key], had[key], _effects(trials, now, passed)))
        _tell(say, len(found), total)
    drawn = []
    for effects in _at_random(trials, [now for now, _ in begun.values()], n_placebos, seed):
        drawn.append([effect.found.odds_ratio.p_value for effect in effects.values()])
        _tell(say, len(found) + len(drawn), total)
    clearest = sorted(_corrected(found), key=lambda one: (one.smallest_p, one.name))
    alarms = false_alarms(drawn, family=len(candidates))
    return Moments(len(trials.keys), len(trials), n_rare, tuple(clearest), alarms)


def begin(trials: Trials, firsts: Firsts) -> tuple[Bools, Bools]:
    """(n,) the trials in whose week it happens first, and those in which it has happened by their end."""
    now = trials.marked(trials.rows_of(firsts.customer, firsts.at_us))
    return now, trials.overlap(firsts.customer, firsts.at_us, firsts.until_us)


def false_alarms(p_values: Sequence[Sequence[float | None]], *, family: int) -> FalseAlarms:
    """How often p values of moments that mean nothing lie below 0.05.

    Args:
        p_values: one row a moment, its outcomes; None where it was not tested.
        family: moments that are corrected together.
    """
    told = [
        [p for row in p_values[i : i + family] for p in row if p is not None] for i in range(0, len(p_values), family)
    ]
    n = sum(map(len, told))
    if not n:
        return FalseAlarms(0, nothing(), nothing())
    n_plain = sum(p < ALPHA for family_of in told for p in family_of)
    n_holm = sum(int((holm(family_of) < ALPHA).sum()) for family_of in told if family_of)
    return FalseAlarms(n, wilson(n_plain, n), wilson(n_holm, n))


def _effects(trials: Trials, now: Bools, passed: Bools) -> dict[str, Effect]:
    return {outcome: Effect(trials.compare(now, ~passed, outcome)) for outcome in OUTCOMES}


def _corrected(found: Sequence[Moment]) -> Iterator[Moment]:
    """With Holm over all moments and outcomes."""
    tests = [
        (i, name, effect.found.odds_ratio.p_value)
        for i, one in enumerate(found)
        for name, effect in one.effects.items()
    ]
    known = [(i, name, p) for i, name, p in tests if p is not None]
    p_holm = {(i, name): float(p) for (i, name, _), p in zip(known, holm([p for *_, p in known]), strict=True)}
    for i, one in enumerate(found):
        effects = {name: replace(effect, p_holm=p_holm.get((i, name))) for name, effect in one.effects.items()}
        yield replace(one, effects=effects)


def _at_random(trials: Trials, alike: Sequence[Bools], n: int, seed: int) -> Iterator[dict[str, Effect]]:
    """What comes after moments at random, each as often in each week as one of the real ones, in turn."""
    placebos = Placebos(trials, np.random.default_rng(seed))
    for number in range(n):
        week = trials.week[alike[number % len(alike)]] - trials.week.min()
        yield _effects(trials, *placebos.draw(np.bincount(week)))


class Placebos:
    """Moments that happen to anybody inside the journey, at most once in a cycle."""

    def __init__(self, trials: Trials, rng: np.random.Generator) -> None:
        self._trials, self._rng = trials, rng
        week = trials.week - trials.week.min()
        order = np.argsort(week, kind="stable")
        self._of_week = np.split(order, np.searchsorted(week[order], np.arange(1, int(week.max()) + 1)))

    def draw(self, per_week: Ints) -> tuple[Bools, Bools]:
        """One, with so many customers in each week: what `begin` gives."""
        cycle = self._trials.cycle
        has_had, drawn = np.zeros(int(cycle.max()) + 1, bool), []
        for week in np.flatnonzero(per_week):
            may = self._of_week[week]
            may = may[~has_had[cycle[may]]]
            rows = self._rng.choice(may, min(int(per_week[week]), len(may)), replace=False, shuffle=False)
            has_had[cycle[rows]] = True
            drawn.append(rows)
        rows = np.concatenate([np.zeros(0, np.int64), *drawn])
        return self._trials.marked(rows), self._trials.between(rows, np.searchsorted(cycle, cycle[rows], "right"))


def _tell(say: Say | None, done: int, total: int) -> None:
    if say:
        say(done, total)
