"""One customer's curve: the level over time, the stages it passed through, what happened."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from cxcurve.charts import format as fmt
from cxcurve.charts import marks, svg
from cxcurve.charts.frame import NARROW_BELOW, WIDE, Frame, StageBand, level_range, stage_bands, x_axis, y_axis
from cxcurve.charts.layers import (
    CurvePoint,
    end_labels,
    extent,
    hits,
    layers,
    legend,
    legend_height,
    points_table,
)
from cxcurve.charts.picture import Picture, drawing, nothing
from cxcurve.charts.scales import Scale, as_number

_LANE = 22.0
_APART = 7.0
"""Pixels: marks nearer to each other touch."""


@dataclass(frozen=True, slots=True)
class EventMark:
    """Something that happened on a day; it pulls, drags, or does neither."""

    at: date
    text: str
    tone: Literal["pull", "drag", "note"] = "note"


def customer_curve(
    points: Sequence[CurvePoint],
    stays: Sequence[StageBand] = (),
    events: Sequence[EventMark] = (),
    *,
    width: float = WIDE,
    title: str = "Curve of this customer",
) -> Picture:
    """One customer's level with its two parts, over days.

    Args:
        points: with dates as x, in order; no band and no number at risk are drawn.
        stays: the stages it was in, as bands.
        events: marks under the plot; of one tone, those too near to be told apart are one mark.
        width: pixels at full size; under 600 it is drawn for a phone.
        title: the accessible name.

    Returns:
        The picture; its table has one row per point.
    """
    shown = [point for point in points if point.level is not None]
    twin = points_table(points, "date")
    if not shown:
        return Picture(nothing(width, title, "No week with a score yet"), title, twin)
    frame = _frame(shown, width)
    head = legend(frame, shown) + stage_bands(frame, stays, legend_height(frame) + 4)
    lane = _events(frame, events)
    axis, _ = x_axis(frame, frame.y.start + (_LANE if lane else 0) + 18)
    body = (head, y_axis(frame), layers(frame, points), end_labels(frame, shown[-1]), axis)
    height = frame.y.start + (_LANE if lane else 0) + 26
    told = f"Level {fmt.signed(shown[0].level)} on {fmt.day(_day(shown[0]))}, {fmt.signed(shown[-1].level)} now."
    drawn = drawing(*body, width=width, height=height, title=title, description=told, points=hits(frame, shown) + lane)
    return Picture(drawn, title, twin)


def _day(point: CurvePoint) -> date:
    return point.x if isinstance(point.x, date) else date.fromordinal(int(point.x))


def _frame(shown: Sequence[CurvePoint], width: float) -> Frame:
    is_narrow = width < NARROW_BELOW
    left, right = (44.0, 10.0) if is_narrow else (52.0, 104.0)
    top = (36.0 if is_narrow else 18.0) + 34
    low, high = level_range([value for point in shown for value in extent(point)])
    first, last = as_number(shown[0].x), as_number(shown[-1].x)
    across = Scale(first, max(last, first + 1), left, width - right)
    return Frame(width, across, Scale(low, high, top + (190.0 if is_narrow else 220.0), top), "date")


def _events(frame: Frame, events: Sequence[EventMark]) -> str:
    """Marks in a lane under the plot; those outside the axis are not drawn, and those that would touch are one."""
    slots: dict[tuple[int, str], list[EventMark]] = {}
    for event in sorted(events, key=lambda one: one.at):
        if frame.x.low <= as_number(event.at) <= frame.x.high:
            slots.setdefault((int(frame.at(event.at) // _APART), event.tone), []).append(event)
    return marks.hits(*(_mark(frame, tone, some) for (_, tone), some in sorted(slots.items())))


def _mark(frame: Frame, tone: str, events: Sequence[EventMark]) -> str:
    first, last = events[0].at, events[-1].at
    counts = Counter(svg.fit(event.text, 600, 10) for event in events)
    told = ", ".join(text if n == 1 else f"{text} ({fmt.number(n)})" for text, n in list(counts.items())[:6])
    more = f" and {len(counts) - 6} more" if len(counts) > 6 else ""
    said = svg.title(f"{fmt.day(first) if first == last else f'{fmt.day(first)} to {fmt.day(last)}'}: {told}{more}")
    shift, x = {"pull": -4.0, "drag": 4.0}.get(tone, 0.0), (frame.at(first) + frame.at(last)) / 2
    y = frame.y.start + 13 + shift
    return svg.element("circle", said, cx=x, cy=y, r=3.2, class_=f"mark {tone}", tabindex=0, role="img")
