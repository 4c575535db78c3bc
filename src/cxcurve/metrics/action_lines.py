"""The two sides of an action over time, each with its band: those reached, and those they are compared with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cxcurve.stats.estimates import THIN, Floats, Ints, z_of

Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class LinePoint:
    """A mean, or share, at a moment; n counts rows, and no value is told of none."""

    at_us: int
    value: float | None
    low: float | None
    high: float | None
    n: int

    @property
    def is_thin(self) -> bool:
        """Whether it rests on fewer than 30 customers."""
        return self.n < THIN


@dataclass(frozen=True, slots=True)
class Line:
    """One side."""

    is_reached: bool
    points: tuple[LinePoint, ...]


def weekly_lines(ends_us: Sequence[int], values: Floats, first: Bools, weights: Floats) -> tuple[Line, ...]:
    """The mean of each side in each week.

    Args:
        ends_us: (weeks,) their ends.
        values: (customers, weeks), nan where there is none.
        first: (customers,) whether they were to be reached.
        weights: (customers,) what each counts on its side; 0 for who is on none.
    """
    sides = [side & (weights > 0) for side in (first, ~first)]
    return tuple(
        Line(number == 0, tuple(_point(us, values[side, place], weights[side]) for place, us in enumerate(ends_us)))
        for number, side in enumerate(sides)
        if side.any()
    )


def cumulative_lines(edges_us: Sequence[int], when_us: Ints, first: Bools, weights: Floats) -> tuple[Line, ...]:
    """The share of each side that did it before each moment; `when_us` is beyond all of them for who did not."""
    did = (when_us[:, None] < np.asarray(edges_us, np.int64)[None, :]).astype(float)
    return weekly_lines(edges_us, did, first, weights)


def _point(at_us: int, values: Floats, weights: Floats) -> LinePoint:
    known = np.isfinite(values)
    value, weight = values[known], weights[known]
    if len(value) < 2:
        return LinePoint(at_us, float(value[0]) if len(value) else None, None, None, len(value))
    middle = float(np.average(value, weights=weight))
    error = float(np.sqrt((weight**2 * (value - middle) ** 2).sum()) / weight.sum())
    half = z_of(0.95) * error
    return LinePoint(at_us, middle, middle - half, middle + half, len(value))
