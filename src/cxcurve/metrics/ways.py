"""The way of a customer's index from one place to another, and how many points each signal makes on it.

Along the straight way every signal goes at its own pace from its first value to its last; the index follows their sum
alone, so each signal's points are its doublings times the mean slope (Aumann & Shapley 1974). They add up exactly, and
a signal that stays where it is has none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cxcurve.stats.estimates import Floats

Ints = NDArray[np.int64]
_SHORT = 1e-9
"""Doublings under which a way has the slope of its beginning."""


@dataclass(frozen=True, eq=False)
class Way:
    """Where customers stand with one of the indexes.

    Attributes:
        loads: (n, signals) doublings; their sum is what the index is made of, the reference taken off.
        index: (n,) 0 to 100.
    """

    loads: Floats
    index: Floats

    def where(self, chosen: NDArray[np.bool_]) -> Way:
        """Of some customers."""
        return Way(self.loads[chosen], self.index[chosen])


@dataclass(frozen=True, eq=False)
class Stand:
    """At which stage customers stand, and their ways to the two indexes."""

    stage: Ints
    friction: Way
    momentum: Way

    def where(self, chosen: NDArray[np.bool_]) -> Stand:
        """Of some customers."""
        return Stand(self.stage[chosen], self.friction.where(chosen), self.momentum.where(chosen))


def usual_of(weeks: Sequence[Stand], n_stages: int) -> tuple[Floats, Floats]:
    """(stages, signals) usual loads of friction and of momentum; every week with somebody there counts alike."""
    stages = [week.stage for week in weeks]
    friction = _usual(stages, [week.friction.loads for week in weeks], n_stages)
    return friction, _usual(stages, [week.momentum.loads for week in weeks], n_stages)


def points_of(stand: Stand, usual: tuple[Floats, Floats]) -> Floats:
    """(n, signals) points of the level by which each customer departs from the usual of its stage."""
    starts = (loads[stand.stage] for loads in usual)
    friction, momentum = (
        Way(start, index(start.sum(axis=1)))
        for start, index in zip(starts, (friction_index, momentum_index), strict=True)
    )
    return points_between(Stand(stand.stage, friction, momentum), stand)


def points_between(before: Stand, after: Stand) -> Floats:
    """(n, signals) points of the level that the same customers gain from one place to the other."""
    drag = _along(before.friction, after.friction, _friction_slope)
    pull = _along(before.momentum, after.momentum, _momentum_slope)
    return pull - drag


def friction_index(doublings: Floats) -> Floats:
    """JFI, 0 to 100, of doublings beyond the reference."""
    return np.asarray(100.0 * (1.0 - 2.0 ** -np.maximum(doublings, 0.0)))


def momentum_index(doublings: Floats) -> Floats:
    """Momentum Score, 0 to 100, of doublings beyond the stage's median."""
    return np.asarray(100.0 / (1.0 + 2.0**-doublings))


def _usual(stages: Sequence[Ints], loads: Sequence[Floats], n_stages: int) -> Floats:
    total, n_weeks = np.zeros((n_stages, loads[0].shape[1])), np.zeros((n_stages, 1))
    for stage, load in zip(stages, loads, strict=True):
        n, sums = np.bincount(stage, minlength=n_stages)[:, None], np.zeros_like(total)
        np.add.at(sums, stage, load)
        total += sums / np.maximum(n, 1)
        n_weeks += n > 0
    return np.asarray(total / np.maximum(n_weeks, 1))


def _along(before: Way, after: Way, slope: Callable[[Floats], Floats]) -> Floats:
    steps, rise = after.loads - before.loads, after.index - before.index
    length = steps.sum(axis=1)
    is_short = np.abs(length) < _SHORT
    mean_slope = np.where(is_short, slope(before.loads.sum(axis=1)), rise / np.where(is_short, 1.0, length))
    return np.asarray(steps * mean_slope[:, None])


def _friction_slope(doublings: Floats) -> Floats:
    return np.where(doublings > 0, np.log(2) * (100.0 - friction_index(doublings)), 0.0)


def _momentum_slope(doublings: Floats) -> Floats:
    share = momentum_index(doublings) / 100.0
    return np.asarray(np.log(2) * 100.0 * share * (1.0 - share))
