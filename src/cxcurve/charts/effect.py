"""What was promised beside what was seen: a change with its interval, a mark at the promise, and no change at zero."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cxcurve.charts import format as fmt
from cxcurve.charts import marks, svg
from cxcurve.charts.frame import NARROW_BELOW, SMALL, WIDE
from cxcurve.charts.marks import Key
from cxcurve.charts.picture import Picture, drawing, nothing, table
from cxcurve.charts.scales import Scale, nice_step, padded, ticks

_ROW = 40.0


@dataclass(frozen=True, slots=True)
class Effect:
    """One change: as promised, and as seen with its interval; None where it cannot be told."""

    name: str
    promised: float
    seen: float | None
    low: float | None = None
    high: float | None = None


def effect(
    effects: Sequence[Effect], *, unit: str = "index", width: float = WIDE, title: str = "Promised against seen"
) -> Picture:
    """One row for each change.

    Args:
        effects: from the top down.
        unit: share (0 to 1, told in points), index, score or number.
        width: pixels at full size; under 600 it is drawn for a phone.
        title: the accessible name.

    Returns:
        The picture; its table has one row per change.
    """
    told = [_told(one, unit) for one in effects]
    twin = table(("", "Promised", "Seen", "95 %"), told)
    if not effects:
        return Picture(nothing(width, title), title, twin)
    legend, top = marks.legend([Key("target", "Promised"), Key("line is-level", "Seen, 95 %")], 2.0, width)
    ends = [v for one in effects for v in (0.0, one.promised, one.seen, one.low, one.high) if v is not None]
    left = 2.0 if len(effects) == 1 else min(width * 0.3, 180.0)
    step = nice_step(max(ends) - min(ends), 4 if width < NARROW_BELOW else 8)
    scale = Scale(*padded(min(ends), max(ends), step), left + 26, width - 30)
    floor = top + 6 + _ROW * len(effects)
    drawn = [legend, *_grid(scale, step, unit, top + 6, floor)]
    drawn += [_row(one, scale, top + 6 + number * _ROW, left) for number, one in enumerate(effects)]
    over = marks.hits(*(
        marks.over(_said(row), x=0, y=top + 6 + number * _ROW, width=width, height=_ROW)
        for number, row in enumerate(told)
    ))  # fmt: skip
    said = " ".join(f"{_said(row)}." for row in told)
    height = floor + 22
    picture = drawing(*drawn, width=width, height=height, title=title, description=said, points=over)
    return Picture(picture, title, twin)


def _grid(scale: Scale, step: float, unit: str, top: float, floor: float) -> list[str]:
    lines = []
    for value in ticks(scale.low, scale.high, step):
        lines.append(svg.line(scale(value), top, scale(value), floor, "zero" if value == 0 else "grid"))
        label = (
            "no change" if value == 0 else fmt.signed(value * 100 if unit == "share" else value, _digits(step, unit))
        )
        lines.append(svg.text(label, scale(value), floor + 16, class_="mid"))
    return lines


def _digits(step: float, unit: str) -> int:
    size = step * 100 if unit == "share" else step
    return 0 if size >= 1 else 1 if size >= 0.1 else 2


def _row(one: Effect, scale: Scale, top: float, left: float) -> str:
    middle, at = top + _ROW / 2, scale(one.promised)
    name = svg.text(svg.fit(one.name, left, SMALL), 0, middle + 4, class_="name") if left > 10 else ""
    mark = svg.line(at, top + 4, at, top + _ROW - 4, "target")
    if one.seen is None:
        return svg.group(name, mark, svg.text("cannot be told", scale(0.0) + 6, middle + 4, class_="small"))
    reach = (
        "" if one.low is None or one.high is None else svg.line(scale(one.low), middle, scale(one.high), middle, "line")
    )
    dot = svg.element("circle", cx=scale(one.seen), cy=middle, r=4.5, class_="dot")
    return svg.group(name, mark, reach, dot)


def _told(one: Effect, unit: str) -> tuple[str, ...]:
    ends = "" if one.low is None or one.high is None else (
        f"{fmt.difference(one.low, unit)} to {fmt.difference(one.high, unit)}"
    )  # fmt: skip
    return one.name, fmt.difference(one.promised, unit), fmt.difference(one.seen, unit), ends


def _said(row: Sequence[str]) -> str:
    name, promised, seen, interval = row
    return f"{name}: promised {promised}, seen {seen}{f' ({interval})' if interval else ''}"
