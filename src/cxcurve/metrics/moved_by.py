"""What moved the level, customer by customer: each level, or each signal's points, times what it counts.

`moved` adds up by bucket; here the same sums stand as one row for each customer and week, so that a part of the change
can be made again from its customers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cxcurve.metrics.moved import Ints, Side, stayers_points
from cxcurve.stats.estimates import Floats

BEFORE, AFTER, WAY = 0, 1, 2


@dataclass(frozen=True, eq=False)
class Rows:
    """Arrays of n rows; the sum of value x weight is the part of the change.

    Attributes:
        key: customer_key.
        when: of the first week, of the second, or on the way between them.
        value: level, or points of a signal.
        weight: what it counts.
    """

    key: Ints
    when: Ints
    value: Floats
    weight: Floats


class Crowd:
    """The customers of two weeks, and how many of them stand where."""

    def __init__(self, before: Side, after: Side, n_stages: int) -> None:
        self.sides, self.n_stages = (before, after), n_stages
        self.stays = np.isin(before.key, after.key), np.isin(after.key, before.key)
        self.n = [len(side.key) for side in self.sides]
        self.n_stayed = int(self.stays[0].sum())
        staying = zip(self.sides, self.stays, strict=True)
        # weeks x stages: who stayed
        self.at_stage = np.array([np.bincount(one.stand.stage[stay], minlength=n_stages) for one, stay in staying])

    def of_levels(self, name: str) -> Rows:
        """Each customer's level in both weeks, with what it counts.

        Args:
            name: before, after, change, mix, rate, left, new or moved, as in `Moved`.
        """
        return Rows(
            np.concatenate([side.key for side in self.sides]),
            np.repeat([BEFORE, AFTER], self.n),
            np.concatenate([side.level for side in self.sides]),
            np.concatenate(self._weights(name)),
        )

    def of_signal(self, place: int) -> Rows:
        """Each stayer's points of a signal, before, after and between, with what they count for the rate."""
        first, last = (side.stand.where(stay) for side, stay in zip(self.sides, self.stays, strict=True))
        (start, end), between = stayers_points(first, last, self.n_stages)
        counts = self._rate()
        key = self.sides[0].key[self.stays[0]]
        return Rows(
            np.tile(key, 3),
            np.repeat([BEFORE, AFTER, WAY], len(key)),
            np.concatenate([points[:, place] for points in (start, end, between)]),
            np.concatenate([counts[0][first.stage], counts[1][last.stage], (counts[1] - counts[0])[first.stage] / 2]),
        )

    def _weights(self, name: str) -> list[Floats]:
        if name in ("before", "after"):
            return [np.full(n, (name == week) / n) for n, week in zip(self.n, ("before", "after"), strict=True)]
        if name == "change":
            return [np.full(n, sign / n) for n, sign in zip(self.n, (-1.0, 1.0), strict=True)]
        if name == "mix":
            return [sum(parts) for parts in zip(*map(self._weights, ("left", "new", "moved")), strict=True)]
        if name in ("left", "new"):
            return self._of_others(BEFORE if name == "left" else AFTER)
        return self._of_stayers(self._moves() if name == "moved" else self._rate())

    def _of_others(self, week: int) -> list[Floats]:
        """Who left is set beside the mean of who stayed before, who came beside theirs after."""
        sign, is_other = (-1.0, 1.0)[week], ~self.stays[week]
        if not self.n_stayed:  # the mean of both weeks stands for those who stayed
            return [np.full(n, one / (2 * n)) for n, one in zip(self.n, (-1.0, 1.0), strict=True)]
        found = [np.zeros(n) for n in self.n]
        found[week] = np.where(is_other, 1.0, -is_other.sum() / self.n_stayed) * sign / self.n[week]
        return found

    def _of_stayers(self, by_stage: Floats) -> list[Floats]:
        sides = zip(self.sides, self.stays, by_stage, strict=True)
        return [np.where(stay, own[side.stand.stage], 0.0) for side, stay, own in sides]

    def _moves(self) -> Floats:
        """Weeks x stages: what a stayer's level counts for the moves between stages."""
        share = self.at_stage / max(self.n_stayed, 1)
        is_there = self.at_stage > 0
        counted = is_there / np.maximum(is_there.sum(axis=0), 1)  # a stage empty in one week is as in the other
        return np.asarray((share[1] - share[0]) * counted / np.maximum(self.at_stage, 1))

    def _rate(self) -> Floats:
        """Weeks x stages: what a stayer's level counts for the change within stages."""
        share = self.at_stage / max(self.n_stayed, 1)
        worth = np.where((self.at_stage > 0).all(axis=0), share.mean(axis=0), 0.0)
        return np.asarray(np.array([[-1.0], [1.0]]) * worth / np.maximum(self.at_stage, 1))
