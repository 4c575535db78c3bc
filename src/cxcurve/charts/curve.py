"""The CX Curve: the net pull on customers along their journey.

The level (Momentum minus JFI) with its band, Momentum above zero and friction below it, the stages above, the
drift zones and the number at risk below. Source of every number: definitions.md, 3, 4 and 6.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from cxcurve.charts import callouts, svg
from cxcurve.charts import format as fmt
from cxcurve.charts.drops import drops
from cxcurve.charts.frame import (
    NARROW_BELOW,
    WIDE,
    Axis,
    Frame,
    StageBand,
    axis_text,
    caption_at,
    level_range,
    stage_bands,
    x_axis,
    y_axis,
)
from cxcurve.charts.layers import (
    CurvePoint,
    edges,
    end_labels,
    extent,
    hits,
    layers,
    legend,
    legend_height,
    line_points,
    points_table,
)
from cxcurve.charts.picture import Picture, drawing, nothing
from cxcurve.charts.scales import Scale, X, as_number, nearest

_STAGE_HEIGHT, _NOTE_ROW, _AT_RISK_ROW = 22.0, 20.0, 17.0
_COUNTED = {"week": "still there"}
"""What the row of customers is called where it is the number at risk."""


@dataclass(frozen=True, slots=True)
class Zone:
    """A drift zone over part of the axis; `is_real_change` where the test says it differs from its reference."""

    label: str
    start: X
    end: X
    stall_share: float | None = None
    impact_revenue: float | None = None
    is_real_change: bool = False


@dataclass(frozen=True, slots=True)
class Drop:
    """A large fall of the level, with the signals that explain it and their points."""

    x: X
    change: float
    signals: tuple[tuple[str, float], ...] = ()
    where: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    """A remark of a person, or a `is_break` where weights or references changed."""

    x: X
    text: str
    is_break: bool = False


def curve(
    points: Sequence[CurvePoint],
    stages: Sequence[StageBand] = (),
    zones: Sequence[Zone] = (),
    annotations: Sequence[Drop] = (),
    notes: Sequence[Note] = (),
    *,
    x: Axis = "week",
    width: float = WIDE,
    title: str = "Real CX Curve",
    currency: str = "",
    version: str = "",
) -> Picture:
    """The CX Curve as a picture.

    Args:
        points: in the order of x. Levels and indexes as in `show curve`.
        stages: bands above the plot.
        zones: drift zones, shaded; the most important first where labels are short of room.
        annotations: the largest drops, numbered in this order.
        notes: what people wrote on the curve, and breaks of the score.
        x: what the axis counts: weeks since the cycle began, journey position, or days.
        width: pixels at full size; under 600 it is drawn for a phone.
        title: the accessible name.
        currency: ISO 4217, for the impact of a zone.
        version: which version of the level it is, such as "survivors only", where there are several.

    Returns:
        The picture; its table has one row per point.
    """
    shown = [point for point in points if point.level is not None]
    if not shown:
        return Picture(nothing(width, title), title, points_table(points, x))
    frame, note_rows = _frame(shown, bool(stages), notes, x, width)
    zone_svg, zone_height = callouts.zones(frame, zones, currency)
    line, under = line_points(frame, shown), frame.y.start + zone_height
    drop_svg, drop_height = drops(frame, annotations, line, edges(frame, shown), under)
    foot, height = _foot(frame, shown, under + drop_height)
    head = legend(frame, shown, has_zones=bool(zones), version=version)
    head += stage_bands(frame, stages, legend_height(frame) + 4, _STAGE_HEIGHT)
    marks = callouts.notes(frame, notes, frame.plot.y - 4 - note_rows * _NOTE_ROW, note_rows)
    ground = (head, zone_svg, y_axis(frame), layers(frame, points), end_labels(frame, _last_firm(shown)))
    body = (*ground, marks, drop_svg, foot)
    told = " ".join(filter(None, (_description(shown, annotations, x), version and f"{version.capitalize()}.")))
    drawn = drawing(*body, width=width, height=height, title=title, description=told, points=hits(frame, shown))
    return Picture(drawn, title, points_table(points, x))


def _last_firm(shown: Sequence[CurvePoint]) -> CurvePoint:
    """The last point that is not thin: what the labels at the right end tell."""
    return next((point for point in reversed(shown) if not point.is_thin), shown[-1])


def _frame(
    shown: Sequence[CurvePoint], has_stages: bool, notes: Sequence[Note], axis: Axis, width: float
) -> tuple[Frame, int]:
    """The frame, and how many rows the notes have."""
    is_narrow = width < NARROW_BELOW
    left, right = (44.0, 14.0) if is_narrow else (84.0, 104.0)
    note_rows = min(len(notes), 1 if is_narrow else 2)
    top = (36.0 if is_narrow else 18.0) + (_STAGE_HEIGHT if has_stages else 0) + 12 + note_rows * _NOTE_ROW
    low, high = level_range([value for point in shown for value in extent(point)])
    across = Scale(*_ends_of_axis(shown, axis), left, width - right)
    return Frame(width, across, Scale(low, high, top + (230.0 if is_narrow else 280.0), top), axis), note_rows


def _ends_of_axis(shown: Sequence[CurvePoint], axis: Axis) -> tuple[float, float]:
    places = [as_number(point.x) for point in shown]
    if axis == "position":
        return 0.0, max(6.0, *places)
    return min(places), max(*places, min(places) + 1)


def _foot(frame: Frame, shown: Sequence[CurvePoint], top: float) -> tuple[str, float]:
    """The axis and the strip of customers behind the curve; also the picture's height."""
    axis, places = x_axis(frame, top + 18)
    baseline = top + (18 if axis else 0) + _AT_RISK_ROW
    strip = _at_risk(frame, shown, places, baseline)
    return axis + strip, (baseline if strip else baseline - _AT_RISK_ROW) + 8


def _at_risk(frame: Frame, shown: Sequence[CurvePoint], places: Sequence[float], baseline: float) -> str:
    """How many customers stand behind the curve at each mark of the axis that has a point."""
    xs = [as_number(point.x) for point in shown]
    reach = min((b - a for a, b in pairwise(xs)), default=0.0) / 2 + 1e-9
    found = [(place, shown[index]) for place in places if abs(xs[index := nearest(xs, place)] - place) <= reach]
    texts = [_count(frame, place, point, baseline) for place, point in found if point.n is not None]
    caption = caption_at(frame, "n" if frame.is_narrow else _COUNTED.get(frame.axis, "customers"), baseline)
    return svg.group(caption, *texts) if texts else ""


def _count(frame: Frame, place: float, point: CurvePoint, baseline: float) -> str:
    thin = " is-thin" if point.is_thin else ""
    return svg.text(fmt.number(point.n), frame.x.clamp(place), baseline, class_=f"mid small{thin}")


def _description(shown: Sequence[CurvePoint], drops: Sequence[Drop], axis: Axis) -> str:
    first, last = shown[0], shown[-1]
    lowest = min(shown, key=lambda point: point.level or 0)
    said = (
        f"Level {fmt.signed(first.level)} at {axis_text(axis, first.x)}, {fmt.signed(last.level)} at "
        f"{axis_text(axis, last.x)}, lowest {fmt.signed(lowest.level)} at {axis_text(axis, lowest.x)}."
    )
    falls = "; ".join(f"{fmt.signed(drop.change)} at {axis_text(axis, drop.x)}" for drop in drops)
    return f"{said} Largest drops: {falls}." if falls else said
