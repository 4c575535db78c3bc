"""The largest drops of a curve: falls that its own bands allow to be told."""

from __future__ import annotations

import numpy as np
import pytest

from cxcurve.metrics.curve import Curve, Point, largest_drops
from cxcurve.metrics.drops import explained


def points(levels: list[float], half: float | list[float] = 2.0, thin: frozenset[int] = frozenset()) -> list[Point]:
    """A curve with bands of `half` to each side."""
    halves = half if isinstance(half, list) else [half] * len(levels)
    return [
        Point(
            float(i), level, None if i in thin else level - h, None if i in thin else level + h,
            20.0, 20.0 + level, 5 if i in thin else 50, i in thin,
        )
        for i, (level, h) in enumerate(zip(levels, halves, strict=True))
    ]  # fmt: skip


def falls(found: list[Point]) -> list[tuple[float, float, float]]:
    return [(drop.start, drop.end, drop.change) for drop in largest_drops(found)]


def test_a_fall_goes_from_its_peak_to_its_trough_over_small_rises() -> None:
    assert falls(points([10, 30, 25, 25.8, 12, 14, 13])) == [(1.0, 4.0, -18.0)]


def test_the_three_largest_in_order_of_place() -> None:
    levels = [50, 40, 60, 30, 55, 49, 58, 38, 50]
    assert falls(points([float(level) for level in levels])) == [(0, 1, -10), (2, 3, -30), (6, 7, -20)]


@pytest.mark.parametrize(("half", "is_told"), [(3.0, True), (11.9, True), (12.1, False), (30.0, False)])
def test_a_fall_within_the_band_is_chance(half: float, is_told: bool) -> None:
    assert bool(falls(points([30, 18, 30], half))) is is_told


def test_both_ends_must_be_known_well_enough() -> None:
    assert falls(points([30, 18], [2.0, 20.0])) == []
    assert falls(points([30, 18], [20.0, 2.0])) == []


def test_thin_points_and_ripples_are_no_drops() -> None:
    assert falls(points([30, 29, 30, 10], 0.1, frozenset({3}))) == []
    assert falls(points([])) == []


def test_the_signals_of_a_drop_share_what_pulled_down() -> None:
    found = points([40.0, 10.0])
    curve = Curve("week", tuple(found), (), largest_drops(found), 50)
    pulls = {"tickets": np.array([0.0, -2.0]), "use": np.array([1.0, 0.0]), "praise": np.array([0.0, 5.0])}
    (drop,) = explained(curve, pulls).drops
    assert dict(drop.signals) == pytest.approx({"tickets": -20.0, "use": -10.0})
