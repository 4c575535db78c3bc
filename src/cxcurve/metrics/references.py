"""What is usual at each stage: the references behind the indexes (definitions.md, 3).

F_ref is the 10th percentile of F, M_ref the median of M, over the customer-weeks of the stage in the 26 weeks up to a
week. Both come from counts of values on a grid of 1/4096 of a doubling (0.02 index points at most): counts add up, so
a partial update gives what a full one gives. First a coarse count finds in which 1/32 of a doubling each quantile
lies, then only the values there are counted finely: only counts leave the engine, not customer-weeks.
"""

from __future__ import annotations

from dataclasses import dataclass

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cxcurve.metrics.literals import float64

COARSE, FINE = 32, 4096
WINDOW_WEEKS = 26
FEWEST_WEEKS = 50
QUANTILES = {"friction": 0.10, "momentum": 0.50}

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Located:
    """Where the quantiles lie: weeks x stages.

    Attributes:
        bin: the coarse bin; -1 where there is too little and the reference is 0.
        rank: how many values of that bin lie at or below the quantile.
        n: customer-weeks of the stage in the window.
        is_pooled: whether all stages together stand for the stage.
    """

    bin: Ints
    rank: Floats
    n: Ints
    is_pooled: NDArray[np.bool_]

    def wanted(self) -> pa.Table:
        """The (stage, bin) pairs to be counted finely."""
        n_stages = self.bin.shape[1]
        pairs = {
            (stage, int(found))
            for week, number in np.argwhere(self.bin >= 0)
            for found in [self.bin[week, number]]
            for stage in (range(n_stages) if self.is_pooled[week, number] else [int(number)])
        }
        rows = sorted(pairs)
        return pa.table(
            {
                "stage": pa.array([stage for stage, _ in rows], pa.int32()),
                "bin": pa.array([found for _, found in rows], pa.int64()),
            }
        )


def coarse_counts(customer_weeks: ir.Table, measure: str) -> ir.Table:
    """How many customer-weeks lie in each 1/32 of a doubling: week, stage, bin, n."""
    binned = customer_weeks.select("week", "stage", bin=_bin(customer_weeks[measure], COARSE))
    return binned.group_by("week", "stage", "bin").agg(n=binned.count())


def fine_counts(customer_weeks: ir.Table, measure: str, wanted: ir.Table) -> ir.Table:
    """The same in 1/4096 of a doubling, for the coarse bins in `wanted`: week, stage, fine, n."""
    binned = customer_weeks.select(
        "week", "stage", bin=_bin(customer_weeks[measure], COARSE), fine=_bin(customer_weeks[measure], FINE)
    )
    binned = binned.semi_join(wanted, ["stage", "bin"])
    return binned.group_by("week", "stage", "fine").agg(n=binned.count())


def locate(counts: pa.Table, share: float, *, n_stages: int, first_week: int, n_weeks: int) -> Located:
    """Find the coarse bin of every quantile: of the stage, of all stages together, or none, as data allow."""
    week, stage = counts["week"].to_numpy() - first_week, counts["stage"].to_numpy()
    bins, n = counts["bin"].to_numpy(), counts["n"].to_numpy()
    everybody = _sliding(week, bins, n, share, n_weeks)
    columns = [
        _sliding(week[stage == number], bins[stage == number], n[stage == number], share, n_weeks)
        for number in range(n_stages)
    ]
    size = np.stack([own[2] for own in columns], axis=1)
    is_pooled = size < FEWEST_WEEKS
    found = np.where(is_pooled, everybody[0][:, None], np.stack([own[0] for own in columns], axis=1))
    rank = np.where(is_pooled, everybody[1][:, None], np.stack([own[1] for own in columns], axis=1))
    is_known = ~is_pooled | (everybody[2] >= FEWEST_WEEKS)[:, None]
    return Located(np.where(is_known, found, -1), rank, size, is_pooled & is_known)


def refine(located: Located, counts: pa.Table, *, first_week: int) -> Floats:
    """The quantiles themselves, weeks x stages, from the fine counts of the bins they lie in."""
    rows = _FineRows.of(counts, first_week)
    out: Floats = np.zeros(located.bin.shape, dtype=np.float64)
    for pooled in (False, True):
        chosen = (located.bin >= 0) & (located.is_pooled == pooled)
        for number in range(located.bin.shape[1]):
            for found in np.unique(located.bin[chosen[:, number], number]):
                inside = rows.of_bin(int(found), None if pooled else number)
                for week in np.flatnonzero(chosen[:, number] & (located.bin[:, number] == found)):
                    out[week, number] = inside.at_rank(int(week), located.rank[week, number]) / FINE
    return out


@dataclass(frozen=True)
class _FineRows:
    """Fine counts in order of the fine bin; inside one coarse bin they are a slice."""

    fine: Ints
    stage: Ints
    week: Ints
    n: Ints

    @classmethod
    def of(cls, counts: pa.Table, first_week: int) -> _FineRows:
        fine = counts["fine"].to_numpy()
        order = np.argsort(fine, kind="stable")
        stage, week, n = (counts[name].to_numpy()[order] for name in ("stage", "week", "n"))
        return cls(fine[order], stage, week - first_week, n)

    def of_bin(self, found: int, stage: int | None) -> _FineRows:
        """The rows of a coarse bin, of one stage or all."""
        size = FINE // COARSE
        low, high = np.searchsorted(self.fine, [found * size, (found + 1) * size])
        columns = [values[low:high] for values in (self.fine, self.stage, self.week, self.n)]
        if stage is not None:
            mine = columns[1] == stage
            columns = [values[mine] for values in columns]
        return _FineRows(*columns)

    def at_rank(self, week: int, rank: float) -> int:
        """The smallest fine bin with at least `rank` values at or below it in the window up to `week`."""
        inside = np.where((self.week <= week) & (self.week > week - WINDOW_WEEKS), self.n, 0)
        reached = int(np.searchsorted(np.cumsum(inside), rank - 1e-9))
        return int(self.fine[min(reached, len(self.fine) - 1)])


def reference_table(friction: Floats, momentum: Floats, n: Ints, *, first_week: int, version: int = 0) -> pa.Table:
    """`tables.REFERENCE_WEEKS` from arrays of weeks x stages."""
    weeks, stages = np.meshgrid(np.arange(len(n)) + first_week, np.arange(n.shape[1]), indexing="ij")
    return pa.table(
        {
            "week": pa.array(weeks.ravel(), pa.int32()),
            "stage": pa.array(stages.ravel(), pa.int32()),
            "version": pa.array(np.full(weeks.size, version), pa.int32()),
            "friction_ref": friction.ravel(),
            "momentum_ref": momentum.ravel(),
            "n": pa.array(n.ravel(), pa.int64()),
        }
    )


def _bin(values: ir.FloatingValue, grid: int) -> ir.IntegerValue:
    return (values * float64(grid)).floor().cast("int64")


def _sliding(week: Ints, bins: Ints, n: Ints, share: float, n_weeks: int) -> tuple[Ints, Floats, Ints]:
    """Bin of the lower quantile in the window up to each week, the rank inside it, and how many values there are."""
    out, rank = np.zeros(n_weeks, dtype=np.int64), np.zeros(n_weeks)
    if not len(bins):
        return out, rank, np.zeros(n_weeks, dtype=np.int64)
    values, place = np.unique(bins, return_inverse=True)
    by_week = np.bincount(week * len(values) + place, n, n_weeks * len(values)).reshape(n_weeks, len(values))
    total = np.cumsum(by_week, axis=0)
    total[WINDOW_WEEKS:] -= total[:-WINDOW_WEEKS].copy()
    running = np.cumsum(total, axis=1)
    size = running[:, -1]
    goal = np.asarray(share * size, dtype=np.float64)
    first = (running >= goal[:, None]).argmax(axis=1)
    below = np.where(first > 0, np.take_along_axis(running, np.maximum(first - 1, 0)[:, None], axis=1)[:, 0], 0.0)
    return values[first], np.asarray(goal - below, dtype=np.float64), np.asarray(size, dtype=np.int64)
