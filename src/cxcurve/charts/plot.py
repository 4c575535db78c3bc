"""The ground of numbers over time: a frame whose upright axis is in the unit of the numbers."""

from __future__ import annotations

from collections.abc import Sequence

from cxcurve.charts import format as fmt
from cxcurve.charts import svg
from cxcurve.charts.frame import NARROW_BELOW, Axis, Frame, x_axis
from cxcurve.charts.scales import Scale, X, as_number, nice_step, padded, ticks

_FOOT = 26.0


def plot_frame(
    values: Sequence[float], xs: Sequence[X], axis: Axis, width: float, top: float, unit: str, currency: str
) -> Frame:
    """A frame from zero, or from under it where values are, to a round number over the highest."""
    is_narrow = width < NARROW_BELOW
    low, high = min(0.0, *values), max(0.0, *values)
    step = nice_step((high - low) or 1.0, 5)
    bottom, ceiling = padded(low, high or step, step)
    widest = max(svg.text_width(_told(value, step, unit, currency), 11.5) for value in (bottom, ceiling))
    places = [as_number(x) for x in xs]
    left, right = max(widest + 12, 30.0), 10.0 if is_narrow else 16.0
    across = Scale(min(places), max(*places, min(places) + 1), left, width - right)
    return Frame(width, across, Scale(bottom, ceiling, top + (180.0 if is_narrow else 230.0), top), axis)


def ground(frame: Frame, unit: str, currency: str) -> tuple[str, float]:
    """Grid lines with their numbers, the axis below, and the height of the whole picture."""
    step = nice_step(frame.y.high - frame.y.low, 5)
    lines = [_grid(frame, value, step, unit, currency) for value in ticks(frame.y.low, frame.y.high, step)]
    axis, _ = x_axis(frame, frame.y.start + 18)
    return svg.group(*lines, axis), frame.y.start + _FOOT


def _grid(frame: Frame, value: float, step: float, unit: str, currency: str) -> str:
    y = frame.y(value)
    line = svg.line(frame.x.start, y, frame.x.end, y, "grid" if value else "zero")
    return line + svg.text(_told(value, step, unit, currency), frame.x.start - 10, y + 4, class_="end")


def _told(value: float, step: float, unit: str, currency: str) -> str:
    """As short as the steps allow: 0.5 where they are half, 12.5 % where they are."""
    if unit == "share":
        return fmt.share(value, 0 if round(step * 100, 6) % 1 == 0 else 1)
    if unit in {"number", "index", "score"}:
        return fmt.number(value, 0 if step % 1 == 0 else 1 if round(step * 10, 6) % 1 == 0 else 2)
    return "0" if not value else fmt.amount(value, unit, currency)
