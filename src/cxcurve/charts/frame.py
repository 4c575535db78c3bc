"""The ground of a picture over time: margins, axes, stage bands and the parts under zero.

A `Frame` says where the plot is; the functions draw what is the same in the CX Curve and in one customer's curve.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from cxcurve.charts import format as fmt
from cxcurve.charts import svg
from cxcurve.charts.labels import Box
from cxcurve.charts.scales import Scale, X, as_number, month_ticks, nice_step, padded, ticks, week_ticks

Axis = Literal["week", "position", "date"]
WIDE, NARROW, NARROW_BELOW = 960.0, 320.0, 600.0
"""The two widths pages ask for; under the third a picture is drawn for a phone."""
TEXT, SMALL = 11.5, 10.5


@dataclass(frozen=True, slots=True)
class StageBand:
    """A stage over part of the axis, from `start` to `end`."""

    label: str
    start: X
    end: X


@dataclass(frozen=True, slots=True)
class Frame:
    """Where the plot lies in the picture, and its two scales."""

    width: float
    x: Scale
    y: Scale
    axis: Axis

    @property
    def is_narrow(self) -> bool:
        """Whether it is drawn for a phone."""
        return self.width < NARROW_BELOW

    @property
    def plot(self) -> Box:
        """The plot's rectangle."""
        return Box(self.x.start, self.y.end, self.x.end - self.x.start, self.y.start - self.y.end)

    def at(self, x: X) -> float:
        """The pixel of a place on the axis, kept within the plot."""
        return self.x.clamp(as_number(x))


def level_range(values: Sequence[float]) -> tuple[float, float]:
    """Round ends around all values and zero, never past -100 and 100.

    At least from -20 to 20: a quiet curve must look quiet.
    """
    low, high = min(-20.0, *values), max(20.0, *values)
    step = max(nice_step(high - low, 8), 10.0)
    bottom, top = padded(low, high, step)
    return max(bottom, -100.0), min(top, 100.0)


def y_axis(frame: Frame) -> str:
    """Grid lines with their numbers, and the zero line between pull and drag."""
    step = max(nice_step(frame.y.high - frame.y.low, 6), 10.0)
    values = [value for value in ticks(frame.y.low, frame.y.high, step) if value]
    return "".join(_grid(frame, value) for value in values) + _zero(frame)


def x_axis(frame: Frame, baseline: float) -> tuple[str, tuple[float, ...]]:
    """The axis' labels, and the places they stand at, in axis units."""
    marks = axis_marks(frame)
    drawn = "".join(svg.text(label, frame.x(place), baseline, class_="mid") for place, label in marks if label)
    caption = "" if frame.axis == "date" else svg.text(_caption(frame), frame.x.start - 26, baseline, class_="end")
    return (drawn and caption) + drawn, tuple(place for place, _ in marks)


def axis_marks(frame: Frame) -> list[tuple[float, str]]:
    """(place, label) of each mark; a journey position has marks without labels, its stages name it."""
    most = 5 if frame.is_narrow else 13
    if frame.axis == "date":
        low, high = date.fromordinal(round(frame.x.low)), date.fromordinal(round(frame.x.high))
        return [(as_number(day), label) for day, label in month_ticks(low, high, min(most, 9))]
    if frame.axis == "position":
        step = 1.0 if frame.is_narrow else 0.5
        return [(value, "") for value in ticks(frame.x.low, frame.x.high, step) if value < frame.x.high - 0.2]
    return [(value, fmt.number(value)) for value in week_ticks(frame.x.low, frame.x.high, most)]


def stage_bands(frame: Frame, stages: Sequence[StageBand], top: float, height: float = 22.0) -> str:
    """The stages above the plot, each with a fine rule where it begins."""
    return "".join(_stage(frame, stage, top, height) for stage in stages)


def axis_text(axis: Axis, value: X) -> str:
    """A place on the axis in words: "week 12", "4 May 2026", "3.4"."""
    if axis == "week":
        return f"week {fmt.number(as_number(value))}"
    return fmt.day(value) if isinstance(value, date) else fmt.number(as_number(value), 1)


def caption_at(frame: Frame, caption: str, baseline: float) -> str:
    """What a row under the axis shows, in the left margin."""
    return svg.text(caption, frame.x.start - 26, baseline, class_="end small")


def _caption(frame: Frame) -> str:
    return "wk" if frame.is_narrow else "week"


def _grid(frame: Frame, value: float) -> str:
    y = frame.y(value)
    label = svg.text(fmt.signed(value), frame.x.start - 10, y + 4, class_="end")
    return svg.line(frame.x.start, y, frame.x.end, y, "grid") + label


def _zero(frame: Frame) -> str:
    y, x = frame.y(0), frame.x.start - 10
    up, down = svg.text("pull", x, y - 6, class_="word pull"), svg.text("drag", x, y + 13, class_="word drag")
    return svg.line(frame.x.start - 4, y, frame.x.end, y, "zero") + up + down


def _stage(frame: Frame, stage: StageBand, top: float, height: float) -> str:
    start, end = frame.at(stage.start), frame.at(stage.end)
    if end - start < 3:
        return ""
    band = svg.element(
        "rect",
        svg.title(svg.fit(stage.label, 600, TEXT)),
        x=start + 1,
        y=top,
        width=end - start - 2,
        height=height,
        rx=4,
        class_="stage",
    )
    room = 5.0 if frame.is_narrow and frame.axis == "position" else end - start - 4
    name = svg.text(_short(stage.label, room), (start + end) / 2, top + height / 2 + 4, class_="stage-name")
    rule = svg.line(start, top + height + 4, start, frame.y.start, "rule") if start > frame.x.start + 1 else ""
    return rule + band + name


def _short(label: str, width: float) -> str:
    """The whole name, else its initial (ORBITS reads by its letters), else nothing."""
    if svg.text_width(label, TEXT) <= width:
        return label
    return label[:1] if width > 4 else ""
