"""Lines and areas through points, smooth without inventing peaks.

Source: Fritsch & Carlson 1980, SIAM J. Numer. Anal. 17:238-246 (a monotone cubic never leaves the range of its
two ends, so that the line claims no high or low that the numbers do not have).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from cxcurve.charts.svg import number

Point = tuple[float, float]
Segment = tuple[Point, Point, Point, Point]
"""Start, two control points, end: one cubic."""
STRAIGHT_UNDER = 7.0
"""Pixels between neighbours."""


def segments(points: Sequence[Point]) -> list[Segment]:
    """One cubic between each two neighbours; x must not fall."""
    slopes = _tangents(points)
    made: list[Segment] = []
    for index, (start, end) in enumerate(itertools.pairwise(points)):
        third = (end[0] - start[0]) / 3
        first = (start[0] + third, start[1] + third * slopes[index])
        second = (end[0] - third, end[1] - third * slopes[index + 1])
        made.append((start, first, second, end))
    return made


def smooth(points: Sequence[Point]) -> str:
    """A path through all points; a single one gives a dot-like stroke."""
    return path(segments(points)) if len(points) > 1 else _dot(points)


def path(cubics: Sequence[Segment]) -> str:
    """The path data of neighbouring cubics."""
    return f"M{_pair(cubics[0][0])}{_curves(cubics)}" if cubics else ""


def area(upper: Sequence[Point], lower: Sequence[Point]) -> str:
    """The closed shape between two lines over the same x."""
    there = segments(upper)
    back = [(end, second, first, start) for start, first, second, end in reversed(segments(lower))]
    return f"{path(there)}L{_pair(back[0][0])}{_curves(back)}Z" if there else ""


def steps(points: Sequence[Point]) -> str:
    """A staircase: each value holds until the next x."""
    data = f"M{_pair(points[0])}" if points else ""
    return data + "".join(f"H{number(x)}V{number(y)}" for x, y in points[1:])


def step_area(upper: Sequence[Point], lower: Sequence[Point]) -> str:
    """The closed shape between two staircases over the same x."""
    corners = _corners(lower)[::-1]
    return f"{steps(upper)}{''.join(f'L{_pair(corner)}' for corner in corners)}Z" if upper else ""


def polyline(points: Sequence[Point]) -> str:
    """Straight pieces: for the smallest pictures."""
    return f"M{'L'.join(_pair(point) for point in points)}" if len(points) > 1 else _dot(points)


def _tangents(points: Sequence[Point]) -> list[float]:
    chords = [_slope(a, b) for a, b in itertools.pairwise(points)]
    if not chords:
        return [0.0] * len(points)
    inner = [_harmonic(before, after) for before, after in itertools.pairwise(chords)]
    return [chords[0], *inner, chords[-1]]


def _slope(start: Point, end: Point) -> float:
    width = end[0] - start[0]
    return (end[1] - start[1]) / width if width else 0.0


def _harmonic(before: float, after: float) -> float:
    """0 at a turning point, else the harmonic mean: inside the Fritsch-Carlson region."""
    return 2 * before * after / (before + after) if before * after > 0 else 0.0


def _corners(points: Sequence[Point]) -> list[Point]:
    corners = [points[0]] if points else []
    for (_, y), after in itertools.pairwise(points):
        corners += [(after[0], y), after]
    return corners


def _curves(cubics: Sequence[Segment]) -> str:
    return "".join(_piece(*cubic) for cubic in cubics)


def _piece(start: Point, first: Point, second: Point, end: Point) -> str:
    """A curve, or a third of its bytes where points are so close that the eye sees no corner."""
    is_short = abs(end[0] - start[0]) < STRAIGHT_UNDER
    return f"L{_pair(end)}" if is_short else f"C{_pair(first)} {_pair(second)} {_pair(end)}"


def _dot(points: Sequence[Point]) -> str:
    return f"M{_pair(points[0])}h.01" if points else ""


def _pair(point: Point) -> str:
    return f"{number(point[0])} {number(point[1])}"
