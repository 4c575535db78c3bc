"""The smallest picture: a few values in a table's cell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from cxcurve.charts import format as fmt
from cxcurve.charts import svg
from cxcurve.charts.paths import Point, polyline
from cxcurve.charts.picture import Picture, drawing, table
from cxcurve.charts.scales import Scale

Tone = Literal["", "good", "bad"]


def sparkline(
    values: Sequence[float | None], *, title: str = "Trend", tone: Tone = "", least_range: float = 10.0
) -> Picture:
    """Values from oldest to newest, on a range of their own; None is a gap.

    Args:
        values: the numbers, evenly spaced in time.
        title: the accessible name.
        tone: colours the line: good, bad, or neither.
        least_range: the range is at least this wide, so that noise does not look like a fall.

    Returns:
        A picture of 88 by 24 pixels.
    """
    twin = table(("Step", "Value"), [(str(i + 1), fmt.number(v, 1)) for i, v in enumerate(values)])
    places = _places(values, least_range)
    paths = [svg.element("path", d=polyline(run), class_="line") for run in _runs(places) if len(run) > 1]
    known = [place for place in places if place is not None]
    dot = svg.element("circle", cx=known[-1][0], cy=known[-1][1], r=2.2, class_="last") if known else ""
    kind = f"spark is-{tone}" if tone else "spark"
    drawn = drawing(*paths, dot, width=88, height=24, title=title, description=_told(values), class_=kind)
    return Picture(drawn, title, twin)


def _places(values: Sequence[float | None], least_range: float) -> list[Point | None]:
    known = [value for value in values if value is not None]
    if not known:
        return []
    missing = max(0.0, least_range - (max(known) - min(known))) / 2
    x, y = Scale(0, len(values) - 1, 4, 84), Scale(min(known) - missing, max(known) + missing, 20, 4)
    return [None if value is None else (x(index), y(value)) for index, value in enumerate(values)]


def _runs(places: Sequence[Point | None]) -> list[list[Point]]:
    runs: list[list[Point]] = [[]]
    for place in places:
        if place is None:
            runs.append([])
        else:
            runs[-1].append(place)
    return runs


def _told(values: Sequence[float | None]) -> str:
    known = [value for value in values if value is not None]
    return f"From {fmt.number(known[0])} to {fmt.number(known[-1])}." if known else "No values yet."
