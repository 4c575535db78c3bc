"""Zone levels: the weeks in which friction or Momentum inside a zone moved to another level (definitions.md, 6)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, get_args

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa

from cxcurve.errors import Reason
from cxcurve.metrics.curve import with_bucket
from cxcurve.metrics.snapshot import Snapshot
from cxcurve.stats.changepoints import mean_changes
from cxcurve.stats.estimates import Floats, Ints
from cxcurve.tables import N_BUCKETS

Index = Literal["friction_index", "momentum_index"]
FEWEST_CUSTOMERS, FEWEST_WEEKS = 10, 16
SETTLING_WEEKS, YEAR_WEEKS = 26, 52
"""Until a stage has its first 26 weeks, what is usual there still moves with the data; told is the last year."""
SHORTEST_WEEKS, LEAST_CHANGE = 4, 5.0
"""A level lasts four weeks, and another one is five points away: less is not worth anybody's time."""


@dataclass(frozen=True, slots=True)
class LevelChange:
    """An index of a zone at another level since `week` (its number), for `n_weeks` so far."""

    index: Index
    week: int
    from_level: float
    to_level: float
    n_weeks: int


@dataclass(frozen=True, slots=True)
class Levels:
    """The changes in order of time, and how many weeks could be looked at; with a reason where these are too few."""

    changes: tuple[LevelChange, ...] = ()
    n_weeks: int = 0
    reason: Reason | None = Reason.TOO_FEW


def zone_sums(snapshot: Snapshot) -> ir.Table:
    """Sums over who is inside a stage at a week's end: stage, week, version, bucket, n (customers), and both indexes.

    Of the weeks `zone_levels` looks at, and of those before in which a stage settles.
    """
    last_week = snapshot.first_week + snapshot.n_weeks - 1
    weeks = snapshot.comparable_weeks
    weeks = with_bucket(weeks.filter(weeks.week > last_week - YEAR_WEEKS - SETTLING_WEEKS), snapshot)
    return weeks.group_by("stage", "week", "version", "bucket").agg(
        n=weeks.count(), **{name: weeks[name].sum() for name in get_args(Index)}
    )


def zone_levels(sums: pa.Table, stage: int, last_week: int, *, seed: int = 1) -> Levels:
    """When the mean friction or Momentum of the customers inside a stage moved to another level.

    Points are weeks with at least 10 customers. The weeks of each version of the weights are looked at for themselves:
    another version is no change of the customers.

    Measured with simulated companies in which nothing is planted but seasons: a change was claimed in none of 522
    series of 65 companies of 600 customers, nor of 120 series of 12 companies of 2,000. In the second year of their
    data, while those who stay still grow into a stage, it was 1 % of the series and 8 % of the companies of 600, 3 %
    and 25 % of those of 2,000: slow movements of five points, not planted but there. A lasting change of 10 points was
    found in 71 % of the zones of 600 customers and in 97 % of those of 2,000.

    Args:
        sums: rows of `zone_sums`.
        stage: position of the zone's stage.
        last_week: number of the last week there is.
        seed: of the draws behind the penalty.

    Returns:
        The changes, with a reason where fewer than 16 weeks can be looked at.
    """
    week, version, n, totals = _grids(sums, stage)
    many = n.sum(axis=0) >= FEWEST_CUSTOMERS
    if not many.any():
        return Levels()
    since = max(int(week[many][0]) + SETTLING_WEEKS, last_week - YEAR_WEEKS + 1)
    stretches = [np.flatnonzero(many & (week >= since) & (version == one)) for one in np.unique(version)]
    looked_at = [stretch for stretch in stretches if len(stretch) >= FEWEST_WEEKS]
    if not looked_at:
        return Levels(n_weeks=max(map(len, stretches)))
    found = [
        change
        for weeks in looked_at
        for index, total in totals.items()
        for change in _changes(index, week[weeks], total[:, weeks], n[:, weeks], seed)
    ]
    return Levels(tuple(sorted(found, key=lambda one: (one.week, one.index))), sum(map(len, looked_at)), None)


def _changes(index: Index, week: Ints, total: Floats, n: Floats, seed: int) -> list[LevelChange]:
    starts = [0, *mean_changes(total, n, seed=seed, shortest=SHORTEST_WEEKS), len(week)]
    means = total.sum(axis=0) / n.sum(axis=0)
    spans = [(start, end - start, float(means[start:end].mean())) for start, end in pairwise(starts)]
    return [
        LevelChange(index, int(week[start]), before, level, length)
        for (_, _, before), (start, length, level) in pairwise(spans)
        if abs(level - before) >= LEAST_CHANGE
    ]


def _grids(sums: pa.Table, stage: int) -> tuple[Ints, Ints, Floats, dict[Index, Floats]]:
    """Weeks in order, the version of each, customers by (bucket, week), and the sum of each index alike."""
    rows = sums.filter(pa.compute.equal(sums["stage"], stage))
    week, first, place = np.unique(rows["week"].to_numpy().astype(np.int64), return_index=True, return_inverse=True)
    version = rows["version"].to_numpy().astype(np.int64)[first]
    at = rows["bucket"].to_numpy(), place

    def grid(name: str) -> Floats:
        cells = np.zeros((N_BUCKETS, len(week)))
        cells[at] = rows[name].to_numpy()
        return cells

    return week, version, grid("n"), {index: grid(index) for index in get_args(Index)}
