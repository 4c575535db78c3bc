"""Where labels go so that none lies on another: boxes, rows, and spreading along an edge."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on the picture; (x, y) is its upper left corner."""

    x: float
    y: float
    width: float
    height: float

    def overlaps(self, other: Box, gap: float = 0.0) -> bool:
        """Whether the two are nearer than `gap`."""
        return (
            self.x < other.x + other.width + gap
            and other.x < self.x + self.width + gap
            and self.y < other.y + other.height + gap
            and other.y < self.y + self.height + gap
        )

    def inside(self, other: Box) -> bool:
        """Whether it lies wholly within `other`."""
        return (
            other.x <= self.x
            and other.y <= self.y
            and self.x + self.width <= other.x + other.width
            and self.y + self.height <= other.y + other.height
        )


def place(candidates: Iterable[Box], taken: Sequence[Box], within: Box, gap: float = 3.0) -> Box | None:
    """The first candidate that lies within the picture and on nothing taken, or None."""
    for box in candidates:
        if box.inside(within) and not any(box.overlaps(other, gap) for other in taken):
            return box
    return None


def around(x: float, y: float, width: float, height: float, reach: float) -> Iterator[Box]:
    """Boxes about a point, nearest first: right and left of it, then below and above."""
    distance = 14.0
    while distance <= reach:
        yield Box(x + distance, y - height / 2, width, height)
        yield Box(x - distance - width, y - height / 2, width, height)
        for top in (y + distance, y - distance - height):
            for left in (x - 8, x + 8 - width, x - width / 2):
                yield Box(left, top, width, height)
        distance += 8.0


def rows(spans: Sequence[tuple[float, float]], most: int, gap: float = 8.0) -> tuple[int | None, ...]:
    """A row for each (start, end), the upper one first; None where all rows are full there.

    Spans are taken in the order given, so the caller says what matters most.
    """
    filled: list[list[tuple[float, float]]] = [[] for _ in range(most)]
    found: list[int | None] = []
    for start, end in spans:
        free = next((i for i, row in enumerate(filled) if all(_apart(start, end, other, gap) for other in row)), None)
        found.append(free)
        if free is not None:
            filled[free].append((start, end))
    return tuple(found)


def abreast(spans: Sequence[tuple[float, float]], gap: float, low: float, high: float) -> tuple[float, ...]:
    """Where (left, width) of one row begin when they are moved as little as needed to stand `gap` apart, in order.

    Between `low` and `high` as far as there is room; what there is too much of goes beyond `low`.
    """
    order = sorted(range(len(spans)), key=lambda index: spans[index][0])
    lefts, floor, ceiling = [0.0] * len(spans), low, high
    for index in order:
        lefts[index] = max(spans[index][0], floor)
        floor = lefts[index] + spans[index][1] + gap
    for index in reversed(order):
        lefts[index] = min(lefts[index], ceiling - spans[index][1])
        ceiling = lefts[index] - gap
    return tuple(lefts)


def spread(centres: Sequence[float], gap: float, low: float, high: float) -> tuple[float, ...]:
    """`centres` moved as little as needed to stand `gap` apart between `low` and `high`."""
    order = sorted(range(len(centres)), key=lambda index: centres[index])
    moved = [0.0] * len(centres)
    floor = low
    for index in order:
        moved[index] = max(centres[index], floor)
        floor = moved[index] + gap
    ceiling = high
    for index in reversed(order):
        moved[index] = min(moved[index], ceiling)
        ceiling = moved[index] - gap
    return tuple(moved)


def _apart(start: float, end: float, other: tuple[float, float], gap: float) -> bool:
    return end + gap <= other[0] or other[1] + gap <= start
