"""Zone levels: which weeks are looked at, and what is told of a change (definitions 6)."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from cxcurve.errors import Reason
from cxcurve.metrics.zone_levels import LevelChange, Levels, zone_levels

LAST = 2900


def sums(friction: dict[int, float], n: int = 40, stage: int = 1, new_version_weeks: int = 0) -> pa.Table:
    """Weekly rows of `n` customers, each in a bucket of its own, whose friction goes up and down around a level."""
    rng = np.random.default_rng(1)
    own = rng.normal(0, 8, n)
    weeks = sorted(friction)
    week, bucket = np.repeat(weeks, n), np.tile(np.arange(n), len(weeks))
    levels = np.repeat([friction[one] for one in weeks], n)
    return pa.table(
        {
            "stage": pa.array(np.full(len(week), stage), pa.int32()),
            "week": pa.array(week, pa.int32()),
            "version": pa.array((week > LAST - new_version_weeks).astype(int), pa.int32()),
            "bucket": pa.array(bucket, pa.int64()),
            "n": pa.array(np.ones(len(week), int), pa.int64()),
            "friction_index": levels + np.tile(own, len(weeks)) + rng.normal(0, 3, len(week)),
            "momentum_index": 50 + np.tile(own[::-1], len(weeks)) + rng.normal(0, 3, len(week)),
        }
    )


def year(change: float, since: int, before: int = 99) -> dict[int, float]:
    """Friction 30, and `change` more from `since` weeks before the last one on."""
    return {LAST - ago: 30.0 + (change if ago <= since else 0.0) for ago in range(before, -1, -1)}


def test_a_change_is_told_with_its_week_and_levels() -> None:
    found = zone_levels(sums(year(12.0, 19)), 1, LAST)
    (change,) = found.changes
    assert (change.index, change.week, change.n_weeks) == ("friction_index", LAST - 19, 20)
    assert (change.from_level, change.to_level) == (pytest.approx(30, abs=3), pytest.approx(42, abs=3))
    assert (found.n_weeks, found.reason) == (52, None)


def test_a_change_under_five_points_is_not_told() -> None:
    assert zone_levels(sums(year(4.0, 19)), 1, LAST).changes == ()
    assert isinstance(zone_levels(sums(year(6.5, 19)), 1, LAST).changes[0], LevelChange)


def test_a_change_of_more_than_a_year_ago_is_not_told() -> None:
    assert zone_levels(sums(year(12.0, 60)), 1, LAST).changes == ()


def test_the_first_26_weeks_of_a_stage_are_not_looked_at() -> None:
    """What is usual still moves then: a fall in week 15 of 60 is not told, and 34 weeks are left."""
    found = zone_levels(sums(year(-12.0, 44, before=59)), 1, LAST)
    assert found == Levels((), 34, None)


def test_too_few_weeks_have_a_reason() -> None:
    assert zone_levels(sums(year(12.0, 8, before=40)), 1, LAST) == Levels((), 15, Reason.TOO_FEW)
    assert zone_levels(sums(year(12.0, 8, before=41)), 1, LAST).reason is None
    assert zone_levels(sums(year(12.0, 8)), 0, LAST) == Levels((), 0, Reason.TOO_FEW), "another stage"


def test_weeks_with_fewer_than_ten_customers_are_no_points() -> None:
    assert zone_levels(sums(year(12.0, 19), n=9), 1, LAST) == Levels((), 0, Reason.TOO_FEW)
    thin = sums({week: level for week, level in year(0.0, 0).items() if week % 4}, n=12)
    assert zone_levels(thin, 1, LAST).n_weeks == 39


def test_another_version_of_the_weights_is_no_change_of_the_customers() -> None:
    """Friction is 12 points higher since the weights are others; within the old version's 36 weeks nothing happened."""
    assert zone_levels(sums(year(12.0, 15), new_version_weeks=16), 1, LAST) == Levels((), 52, None)
    assert zone_levels(sums(year(12.0, 9), new_version_weeks=10), 1, LAST) == Levels((), 42, None)
    (change,) = zone_levels(sums(year(12.0, 30), new_version_weeks=10), 1, LAST).changes
    assert (change.week, change.n_weeks) == (LAST - 30, 21)
