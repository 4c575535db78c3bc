"""The layers of a curve: band, Momentum and friction areas, level line, end labels, legend and hit areas.

The CX Curve of a group and the curve of one customer are drawn by the same layers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil
from typing import Literal

from cxcurve.charts import format as fmt
from cxcurve.charts import marks, svg
from cxcurve.charts.frame import Axis, Frame, axis_text
from cxcurve.charts.labels import spread
from cxcurve.charts.marks import Key
from cxcurve.charts.paths import Point, area, path, segments
from cxcurve.charts.picture import Table, table
from cxcurve.charts.scales import X, as_number

Kind = Literal["pull", "drag", "band", "line"]
_HIT_WIDTH, _FEW_HITS = 9.0, 24
_FEWEST = 10
"""Customers a cell needs; weighted ones may need more."""


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """One cell of the curve, -100 to 100; without a level it is a gap. `is_thin`: too few customers to say."""

    x: X
    level: float | None
    low: float | None = None
    high: float | None = None
    friction_index: float | None = None
    momentum_index: float | None = None
    n: int | None = None
    is_thin: bool = False


@dataclass(frozen=True, slots=True)
class _Run:
    """Neighbours drawn in one stroke: all well filled, or all thin."""

    points: tuple[CurvePoint, ...]
    is_thin: bool

    def class_(self, name: str) -> str:
        return f"{name} is-thin" if self.is_thin else name


def layers(frame: Frame, points: Sequence[CurvePoint]) -> str:
    """The two areas, the band and the level line; gaps stay gaps, thin pieces are grey and dashed."""
    runs = _runs(points)
    areas = [_half(frame, run, kind) for kind in ("pull", "drag") for run in runs]
    return svg.group(*areas, *(_band(frame, run) for run in runs), *(_line(frame, run) for run in runs))


def line_points(frame: Frame, points: Sequence[CurvePoint]) -> list[Point]:
    """The pixels of the level line."""
    return [(frame.at(point.x), frame.y(point.level)) for point in points if point.level is not None]


def edges(frame: Frame, points: Sequence[CurvePoint]) -> list[list[Point]]:
    """The pixels of the other lines: Momentum, friction, and the two ends of the band."""
    friction = [None if point.friction_index is None else -point.friction_index for point in points]
    columns = (
        [p.momentum_index for p in points], friction, [p.low for p in points], [p.high for p in points],
    )  # fmt: skip
    return [
        [(frame.at(p.x), frame.y(value)) for p, value in zip(points, column, strict=True) if value is not None]
        for column in columns
    ]


def extent(point: CurvePoint) -> list[float]:
    """Every height this point is drawn at."""
    friction = -point.friction_index if point.friction_index is not None else None
    values = (point.level, point.low, point.high, point.momentum_index, friction)
    return [value for value in values if value is not None]


def end_labels(frame: Frame, last: CurvePoint) -> str:
    """The three lines named at their right end; a phone has the legend alone."""
    if frame.is_narrow:
        return ""
    friction = None if last.friction_index is None else -last.friction_index
    named = (("Momentum", last.momentum_index, "pull"), ("Level", last.level, "level"), ("Friction", friction, "drag"))
    known = [(label, value, kind) for label, value, kind in named if value is not None]
    heights = spread([frame.y(value) for _, value, _ in known], 15, frame.plot.y + 6, frame.y.start)
    return "".join(_end_label(frame, *entry, y) for entry, y in zip(known, heights, strict=True))


def legend_height(frame: Frame) -> float:
    """One row, or two on a phone."""
    return 36.0 if frame.is_narrow else 18.0


def legend(frame: Frame, shown: Sequence[CurvePoint], *, has_zones: bool = False, version: str = "") -> str:
    """What each mark means; where there are several versions of the level, also which (a phone has no room for it)."""
    level = f"Level, {version}" if version and not frame.is_narrow else "Level"
    keys = [Key(kind, label) for kind, label in _legend_entries(shown, has_zones, level)]
    start, gap = (2.0, 8.0) if frame.is_narrow else (frame.x.start, 16.0)
    return marks.legend(keys, start, frame.width, gap)[0]


def hits(frame: Frame, shown: Sequence[CurvePoint]) -> str:
    """A column over each point that can be hovered and focused, with the numbers as its tooltip.

    Points closer than a finger or pointer can tell apart share one column; the table has them all.
    """
    shown = _apart(frame, shown)
    places = [frame.at(point.x) for point in shown]
    edges = [places[0] - 4, *((a + b) / 2 for a, b in pairwise(places)), places[-1] + 4]
    columns = zip(shown, places, pairwise(edges), strict=True)
    return svg.group(*(_hit(frame, point, place, span) for point, place, span in columns), class_="hits")


def _apart(frame: Frame, shown: Sequence[CurvePoint]) -> list[CurvePoint]:
    """Every k-th point, the last one always, so that columns are wide enough to hit."""
    across = frame.at(shown[-1].x) - frame.at(shown[0].x)
    step = max(1, ceil(_HIT_WIDTH * len(shown) / max(across, 1.0))) if len(shown) > _FEW_HITS else 1
    return list(shown[::-step][::-1])


def point_text(point: CurvePoint, axis: Axis) -> str:
    """One point in words, as the tooltip says it."""
    band = f" ({fmt.signed(point.low)} to {fmt.signed(point.high)})" if point.low is not None else ""
    place = axis_text(axis, point.x)
    parts = [f"{place[0].upper()}{place[1:]}: level {fmt.signed(point.level)}{band}"]
    parts += [f"Momentum {fmt.number(point.momentum_index)}, friction {fmt.number(point.friction_index)}"]
    parts += [fmt.plural(point.n, "customer")] if point.n is not None else []
    few = "Fewer than 10 customers" if (point.n or 0) < _FEWEST else "Too few to stand for those who left"
    return "\n".join([*parts, *([f"{few}: take with care"] if point.is_thin else [])])


def points_table(points: Sequence[CurvePoint], axis: Axis) -> Table:
    """One row per point, gaps too."""
    n = "Still there (number at risk)" if axis == "week" else "Customers"
    columns = (axis.capitalize(), "Level", "Low", "High", "Friction (JFI)", "Momentum", n, "Thin")
    return table(columns, [_table_row(point, axis) for point in points])


def _runs(points: Sequence[CurvePoint]) -> list[_Run]:
    """Runs share their end points; a piece with a thin end is thin; a gap ends a run."""
    runs: list[_Run] = []
    for before, after in pairwise(points):
        if before.level is None or after.level is None:
            continue
        is_thin = before.is_thin or after.is_thin
        if runs and runs[-1].is_thin == is_thin and runs[-1].points[-1] is before:
            runs[-1] = _Run((*runs[-1].points, after), is_thin)
        else:
            runs.append(_Run((before, after), is_thin))
    return [*runs, *_alone(points, runs)]


def _alone(points: Sequence[CurvePoint], runs: Sequence[_Run]) -> list[_Run]:
    """Points between two gaps, drawn as dots."""
    joined = {id(point) for run in runs for point in run.points}
    return [_Run((point,), point.is_thin) for point in points if point.level is not None and id(point) not in joined]


def _line(frame: Frame, run: _Run) -> str:
    places = line_points(frame, run.points)
    if len(places) == 1:
        return svg.element("circle", cx=places[0][0], cy=places[0][1], r=3, class_=run.class_("dot"))
    return svg.element("path", d=path(segments(places)), class_=run.class_("line"))


def _band(frame: Frame, run: _Run) -> str:
    ends = [(frame.at(p.x), p.low, p.high) for p in run.points if p.low is not None and p.high is not None]
    if len(ends) < 2:
        return ""
    shape = area([(x, frame.y(high)) for x, _, high in ends], [(x, frame.y(low)) for x, low, _ in ends])
    return svg.element("path", d=shape, class_=run.class_("band"))


def _half(frame: Frame, run: _Run, kind: Literal["pull", "drag"]) -> str:
    """Momentum above zero, or friction below it."""
    values = [(p.x, p.momentum_index if kind == "pull" else p.friction_index) for p in run.points]
    sign = 1 if kind == "pull" else -1
    edge = [(frame.at(x), frame.y(sign * value)) for x, value in values if value is not None]
    if len(edge) < 2:
        return ""
    shape = svg.element(
        "path", d=area(edge, [(x, frame.y(0)) for x in (edge[0][0], edge[-1][0])]), class_=run.class_(f"{kind}-area")
    )
    return shape + svg.element("path", d=path(segments(edge)), class_=run.class_(f"{kind}-edge"))


def _end_label(frame: Frame, label: str, value: float, kind: str, y: float) -> str:
    said = fmt.signed(value) if kind == "level" else fmt.number(abs(value))
    weight = " strong" if kind == "level" else ""
    return svg.text(f"{label} {said}", frame.x.end + 10, y + 4, class_=f"{kind}{weight}")


def _legend_entries(shown: Sequence[CurvePoint], has_zones: bool, level: str) -> list[tuple[str, str]]:
    has_band = any(point.low is not None for point in shown)
    entries = [("band", f"{level}, 95 % band") if has_band else ("line", level)]
    entries += [("pull-area", "Momentum"), ("drag-area", "Friction (JFI)")]
    entries += [("zone", "Drift zone")] if has_zones else []
    thin = [point for point in shown if point.is_thin]
    few = "Under 10 customers" if all((point.n or 0) < _FEWEST for point in thin) else "Too few to say"
    return entries + ([("line is-thin", few)] if thin else [])


def _hit(frame: Frame, point: CurvePoint, place: float, span: tuple[float, float]) -> str:
    plot = frame.plot
    return svg.element(
        "g",
        svg.title(point_text(point, frame.axis)),
        svg.rect(span[0], plot.y, span[1] - span[0], plot.height, class_="area"),
        svg.line(place, plot.y, place, plot.y + plot.height, "guide"),
        svg.element("circle", cx=place, cy=frame.y(point.level or 0), r=4, class_="dot"),
        class_="hit is-thin" if point.is_thin else "hit",
        tabindex=0,
        role="img",
    )


def _table_row(point: CurvePoint, axis: Axis) -> tuple[str, ...]:
    place = fmt.number(as_number(point.x)) if axis == "week" else axis_text(axis, point.x)
    levels = (fmt.signed(value, 1) for value in (point.level, point.low, point.high))
    indexes = (fmt.number(value, 1) for value in (point.friction_index, point.momentum_index))
    return (place, *levels, *indexes, fmt.number(point.n), "yes" if point.is_thin else "")
