"""What moved the mean level between two weeks: who is there, and what happened to those who stayed.

    mix   who left, who came, and at which stages those who stayed stand (their shares, at the mean of both weeks)
    rate  the change within a stage of those who stayed, signal by signal

Both add up to the change, and turn round when the weeks are swapped. The rate goes to the signals along the straight
way of every customer who is at the same stage in both weeks: a signal that did not change has none of it, however much
the others did. Those who came to a stage, or went from it to another, are set beside what is usual there, the mean of
both weeks. What the stage reference and new weights add stands beside the signals.

Source: Kitagawa 1955, J. Amer. Statist. Assoc. 50:1168-1194; Aumann & Shapley 1974, Values of Non-Atomic Games
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cxcurve.errors import Reason
from cxcurve.metrics.ways import Stand, points_between, points_of, usual_of
from cxcurve.stats.bands import bucket_function, bucket_mean
from cxcurve.stats.estimates import Estimate, Floats, nothing
from cxcurve.tables import N_BUCKETS

Ints = NDArray[np.int64]
Kind = Literal["left", "new", "moved", "signal"]
KINDS: tuple[Kind, ...] = ("left", "new", "moved", "signal")
_LEFT, _BEFORE, _AFTER, _NEW = range(4)
"""Groups: who left, who stayed as they were before and as they are after, who came."""


@dataclass(frozen=True, eq=False)
class Side:
    """Customers inside the journey at one of the two weeks, in order of their keys; arrays of n rows.

    Attributes:
        key: customer_key, ascending.
        bucket: 0 to 199.
        stand: at which stage they stand, and the ways to the two indexes.
    """

    key: Ints
    bucket: Ints
    stand: Stand

    @property
    def level(self) -> Floats:
        """Momentum minus friction."""
        return self.stand.momentum.index - self.stand.friction.index


@dataclass(frozen=True, slots=True)
class Part:
    """Points of the level; `name` is a stage for those who left, came or moved between stages, else a signal."""

    kind: Kind
    name: str
    points: Estimate
    n: int | None = None


@dataclass(frozen=True, slots=True)
class Moved:
    """The change of the mean level between two weeks.

    Attributes:
        before, after: mean levels, of n customers.
        change: in points; what `mix` and `rate` add up to.
        mix, rate: what the kinds `left`, `new` and `moved`, and `signal`, add up to.
        kinds: points of each kind; what its parts add up to.
        parts: by stage who left, who came and how those who stayed moved, then by signal.
        n_left, n_new, n_stayed: customers.
        reason: why there is nothing to tell.
    """

    before: Estimate
    after: Estimate
    change: Estimate = field(default_factory=nothing)
    mix: Estimate = field(default_factory=nothing)
    rate: Estimate = field(default_factory=nothing)
    kinds: tuple[tuple[Kind, Estimate], ...] = ()
    parts: tuple[Part, ...] = ()
    n_left: int = 0
    n_new: int = 0
    n_stayed: int = 0
    reason: Reason | None = None

    def of(self, kind: Kind) -> tuple[Part, ...]:
        """The parts of a kind."""
        return tuple(part for part in self.parts if part.kind == kind)


def moved(before: Side, after: Side, stages: Sequence[str], signals: Sequence[str], *, seed: int = 1) -> Moved:
    """What moved the level from one week to another.

    Args:
        before: who was inside at the first week.
        after: who was inside at the second.
        stages: names, in the order of the journey.
        signals: names of the columns of the ways.
        seed: the same seed and data give the same intervals.
    """
    sums = _sums(before, after, len(stages), len(signals))
    n, shapes = sums[0], [part.shape[1:] for part in sums]
    edges = np.cumsum([np.prod(shape, dtype=int) for shape in shapes])[:-1]
    means = [_mean(side, seed) for side in (before, after)]
    counts = n.sum(axis=(0, 2)).astype(int).tolist()
    sizes = {"n_left": counts[_LEFT], "n_new": counts[_NEW], "n_stayed": counts[_BEFORE]}
    if any(mean.low is None for mean in means):
        return Moved(means[0], means[1], **sizes, reason=Reason.TOO_FEW)

    def split(drawn: Floats) -> Floats:
        own = (part.reshape(-1, *shape) for part, shape in zip(np.split(drawn, edges, axis=1), shapes, strict=True))
        return _with_totals(*split_change(*own))

    flat = np.concatenate([part.reshape(N_BUCKETS, -1) for part in sums], axis=1)
    change, mix, rate, *rest = bucket_function(flat, split, seed=seed)
    of_stage = n.sum(axis=0).astype(int)
    labels: list[tuple[Kind, str, int | None]] = [
        *(("left", stage, int(of_stage[_LEFT, k])) for k, stage in enumerate(stages)),
        *(("new", stage, int(of_stage[_NEW, k])) for k, stage in enumerate(stages)),
        *(("moved", stage, None) for stage in stages),
        *(("signal", name, None) for name in signals),
    ]
    parts = tuple(Part(kind, name, at, k) for (kind, name, k), at in zip(labels, rest[len(KINDS) :], strict=True))
    kinds = tuple(zip(KINDS, rest, strict=False))
    return Moved(means[0], means[1], change, mix, rate, kinds, parts, **sizes)


def split_change(n: Floats, level: Floats, points: Floats, way: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Points of the level by stage and by signal, exactly.

    Args:
        n: (draws, 4, stages) customers: who left, who stayed as they were before and as they are after, who came.
        level: the same, sums of the level.
        points: (draws, 2, stages, signals) sums of `ways.points_of`: of who stayed and went to another stage, before;
            of who stayed and came from another, after; and in both half of both of who stayed at the stage.
        way: (draws, stages, signals) sums of `ways.points_between` of those who stayed at the stage.

    Returns:
        (draws, stages) who left, who came, and how those who stayed moved between stages; (draws, signals).
    """
    stayed, sums = n[:, _BEFORE : _AFTER + 1], level[:, _BEFORE : _AFTER + 1]
    n_stayed = stayed.sum(axis=2)
    n_before, n_after = n[:, : _BEFORE + 1].sum(axis=(1, 2)), n[:, _AFTER:].sum(axis=(1, 2))
    whole = level[:, : _BEFORE + 1].sum(axis=(1, 2)) / n_before, level[:, _AFTER:].sum(axis=(1, 2)) / n_after
    # Where nobody stayed, who left and who came are set beside the mean of both weeks.
    base = _ratio(sums.sum(axis=2), n_stayed, otherwise=((whole[0] + whole[1]) / 2)[:, None])
    left = (n[:, _LEFT] * base[:, :1] - level[:, _LEFT]) / n_before[:, None]
    new = (level[:, _NEW] - n[:, _NEW] * base[:, 1:]) / n_after[:, None]
    share = _ratio(stayed, n_stayed[:, :, None])
    # A stage where nobody stands at one of the weeks is taken to be then what it is at the other.
    mean = _ratio(sums, stayed, otherwise=_ratio(sums, stayed)[:, ::-1])
    moves = (share[:, 1] - share[:, 0]) * (mean.mean(axis=1) - base.mean(axis=1, keepdims=True))
    worth = np.where((stayed > 0).all(axis=1), share.mean(axis=1), 0.0)
    one = _ratio(np.ones_like(stayed), stayed)[..., None]
    rate = points[:, 1] * one[:, 1] - points[:, 0] * one[:, 0] + way * one.mean(axis=1)
    return left, new, moves, np.einsum("dk,dkj->dj", worth, rate)


def _with_totals(left: Floats, new: Floats, moves: Floats, signals: Floats) -> Floats:
    """(draws, ...): change, mix, rate, the four kinds, then all parts."""
    kinds = [part.sum(axis=1) for part in (left, new, moves, signals)]
    mix = kinds[0] + kinds[1] + kinds[2]
    totals = np.column_stack([mix + kinds[3], mix, kinds[3], *kinds])
    return np.concatenate([totals, left, new, moves, signals], axis=1)


def _sums(before: Side, after: Side, n_stages: int, n_signals: int) -> tuple[Floats, Floats, Floats, Floats]:
    """By bucket what `split_change` takes."""
    n, level = np.zeros((2, N_BUCKETS, 4, n_stages))
    points, way = np.zeros((N_BUCKETS, 2, n_stages, n_signals)), np.zeros((N_BUCKETS, n_stages, n_signals))
    sides, stays = (before, after), (np.isin(before.key, after.key), np.isin(after.key, before.key))
    for side, stay, groups in zip(sides, stays, ((_BEFORE, _LEFT), (_AFTER, _NEW)), strict=True):
        at = side.bucket, np.where(stay, *groups), side.stand.stage
        np.add.at(n, at, 1.0)
        np.add.at(level, at, side.level)
    first, last = (side.stand.where(stay) for side, stay in zip(sides, stays, strict=True))
    bucket, (own, between) = before.bucket[stays[0]], stayers_points(first, last, n_stages)
    for number, stand in enumerate((first, last)):
        np.add.at(points[:, number], (bucket, stand.stage), own[number])
    np.add.at(way, (bucket, first.stage), between)
    return n, level, points, way


def stayers_points(before: Stand, after: Stand, n_stages: int) -> tuple[tuple[Floats, Floats], Floats]:
    """Points of the level by signal, of customers who stayed: (n, signals) before and after, and between them.

    At another stage: by how much they depart from what is usual there, and nothing between. At the same stage: half of
    both, and the points of their way.
    """
    usual, is_same = usual_of([before, after], n_stages), (before.stage == after.stage)[:, None]
    first, last = (points_of(stand, usual) for stand in (before, after))
    middle = (first + last) / 2
    own = np.where(is_same, middle, first), np.where(is_same, middle, last)
    return own, np.where(is_same, points_between(before, after), 0.0)


def _mean(side: Side, seed: int) -> Estimate:
    n, total = np.bincount(side.bucket, minlength=N_BUCKETS), np.bincount(side.bucket, side.level, N_BUCKETS)
    return bucket_mean(total, n, seed=seed)


def _ratio(part: Floats, whole: Floats, otherwise: Floats | float = 0.0) -> Floats:
    whole = np.broadcast_to(whole, part.shape)
    out = np.array(np.broadcast_to(otherwise, part.shape), dtype=float)
    return np.asarray(np.divide(part, whole, out=out, where=whole > 0))
