"""The largest drops on a curve: numbered on the line, and named beside their marks or under the plot.

Beside, where every label finds a free place close to its mark; else all of them stand under the plot with their
number, for a label far from its mark needs a line across the picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Protocol

from cxcurve.charts import format as fmt
from cxcurve.charts import svg
from cxcurve.charts.frame import SMALL, TEXT, Frame
from cxcurve.charts.labels import Box, abreast, around, place
from cxcurve.charts.paths import Point

_LINE, _ROW, _BADGE, _GAP = 14.0, 34.0, 8.0, 14.0
_INDENT = 2 * _BADGE + 4
_BESIDE, _UNDER = 132.0, 176.0
"""Pixels of a line of signals: beside a mark, and under the plot."""
_NAMED = 2
_REACH = 30.0
"""Farthest from the middle of a mark to its label."""


class _Drop(Protocol):
    @property
    def x(self) -> float | date: ...
    @property
    def change(self) -> float: ...
    @property
    def signals(self) -> tuple[tuple[str, float], ...]: ...
    @property
    def where(self) -> str: ...


@dataclass(frozen=True, slots=True)
class _Label:
    """A drop's text: a head, and the signals that weigh most below it."""

    head: str
    below: tuple[str, ...]

    @property
    def width(self) -> float:
        return max(svg.strong_width(self.head, TEXT), *(svg.text_width(line, SMALL) for line in self.below), 0.0)

    @property
    def height(self) -> float:
        return _LINE * (1 + len(self.below)) + 2

    def drawn(self, x: float, y: float) -> str:
        """With its upper left corner there."""
        lines = (svg.text(line, x, y + 11 + _LINE * (i + 1), class_="small halo") for i, line in enumerate(self.below))
        return svg.text(self.head, x, y + 11, class_="strong halo") + "".join(lines)


def drops(
    frame: Frame, items: Sequence[_Drop], line: Sequence[Point], others: Sequence[Sequence[Point]], top: float
) -> tuple[str, float]:
    """The drops, and how high their labels are under the plot. A phone has the numbers alone: the page lists the drops.

    Args:
        frame: the frame.
        items: numbered in this order.
        line: the level's line, which they lie on.
        others: lines that no label may cover either.
        top: where the room under the plot begins.
    """
    spots = [(frame.at(drop.x), _height_at(line, frame.at(drop.x))) for drop in items]
    badges = "".join(_badge(i + 1, *spot, drop) for i, (drop, spot) in enumerate(zip(items, spots, strict=True)))
    if frame.is_narrow or not items:
        return svg.group(badges), 0.0
    beside = _beside(frame, items, spots, [line, *others])
    if beside is not None:
        return svg.group(beside, badges), 0.0
    return svg.group(badges, _under(frame, items, spots, top)), _ROW + 6


def _beside(
    frame: Frame, items: Sequence[_Drop], spots: Sequence[Point], lines: Sequence[Sequence[Point]]
) -> str | None:
    """All labels close to their marks; None where one finds no place."""
    taken = [box for line in lines for box in _line_boxes(line)]
    taken += [Box(x - _BADGE, y - _BADGE, 2 * _BADGE, 2 * _BADGE) for x, y in spots]
    drawn = []
    for drop, (x, y) in zip(items, spots, strict=True):
        label = _label(drop, [svg.fit(fmt.words(name), _BESIDE, SMALL) for name, _ in drop.signals[:_NAMED]])
        box = place(around(x, y, label.width, label.height, _REACH), taken, frame.plot)
        if box is None:
            return None
        taken.append(box)
        drawn.append(_leader(x, y, box) + label.drawn(box.x, box.y))
    return "".join(drawn)


def _under(frame: Frame, items: Sequence[_Drop], spots: Sequence[Point], top: float) -> str:
    """All labels in one row under the plot, each below its mark as far as there is room."""
    room = min(_UNDER, (frame.width - frame.x.start) / len(items) - _GAP - _INDENT)
    labels = [
        _label(drop, [svg.fit(", ".join(fmt.words(name) for name, _ in drop.signals[:_NAMED]), room, SMALL)], room)
        for drop in items
    ]
    spans = [(x - _BADGE, label.width + _INDENT) for (x, _), label in zip(spots, labels, strict=True)]
    lefts = abreast(spans, _GAP, frame.x.start - _BADGE, frame.width - 4)
    return "".join(_numbered(i + 1, label, lefts[i], top + 6) for i, label in enumerate(labels))


def _label(drop: _Drop, below: Sequence[str], room: float = _UNDER) -> _Label:
    return _Label(svg.fit(f"{fmt.signed(drop.change)} {drop.where}".strip(), room, TEXT), tuple(filter(None, below)))


def _leader(x: float, y: float, box: Box) -> str:
    """A short line to a label that lies below or above its mark."""
    if box.y <= y <= box.y + box.height:
        return ""
    end_y = box.y - 1 if box.y > y else box.y + box.height + 1
    return svg.line(x, y, min(max(x, box.x + 4), box.x + box.width - 4), end_y, "leader")


def _numbered(number: int, label: _Label, x: float, y: float) -> str:
    mark = svg.element("circle", cx=x + _BADGE, cy=y + 7, r=_BADGE, class_="badge")
    return mark + _number(number, x + _BADGE, y + 7) + label.drawn(x + _INDENT, y)


def _badge(number: int, x: float, y: float, drop: _Drop) -> str:
    signals = ", ".join(f"{fmt.words(name)} ({fmt.signed(points, 1)})" for name, points in drop.signals)
    said = svg.fit(f"{fmt.signed(drop.change)} {drop.where}: {signals}", 1200, TEXT)
    return svg.element("circle", svg.title(said), cx=x, cy=y, r=_BADGE, class_="badge") + _number(number, x, y)


def _number(number: int, x: float, y: float) -> str:
    return svg.text(str(number), x, y + 3.5, class_="badge-number")


def _height_at(line: Sequence[Point], x: float) -> float:
    """The line's height at `x`, straight between its points."""
    for (x0, y0), (x1, y1) in pairwise(line):
        if x0 <= x <= x1:
            return y0 + (y1 - y0) * ((x - x0) / ((x1 - x0) or 1))
    return line[-1][1] if line else 0.0


def _line_boxes(line: Sequence[Point]) -> list[Box]:
    """Small boxes along a line, also where it is steep, so that no label covers it."""
    boxes = []
    for (x0, y0), (x1, y1) in pairwise(line):
        parts = max(1, int(max(x1 - x0, abs(y1 - y0)) // 8))
        for part in range(parts + 1):
            share = part / parts
            boxes.append(Box(x0 + (x1 - x0) * share - 4, y0 + (y1 - y0) * share - 4, 8, 8))
    return boxes
