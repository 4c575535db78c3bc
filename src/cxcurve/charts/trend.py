"""Lines over time, each with its band."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby, pairwise

from cxcurve.charts import marks, svg
from cxcurve.charts.frame import WIDE, Axis, Frame
from cxcurve.charts.marks import Key
from cxcurve.charts.paths import area, path, segments
from cxcurve.charts.picture import Picture, drawing, nothing
from cxcurve.charts.plot import ground, plot_frame
from cxcurve.charts.series import Series, Telling, TrendPoint, series_table, slices_of


def trend(
    series: Sequence[Series],
    *,
    unit: str = "number",
    currency: str = "",
    target: float | None = None,
    axis: Axis = "date",
    width: float = WIDE,
    title: str = "Trend",
) -> Picture:
    """One line for each series, with its band.

    Args:
        series: each with a name and a tone of its own; up to five.
        unit: share (0 to 1), days, money, index, score or number.
        currency: ISO 4217, of money.
        target: drawn as a line across.
        axis: what x counts: days (dates), weeks or journey position.
        width: pixels at full size; under 600 it is drawn for a phone.
        title: the accessible name.

    Returns:
        The picture; its table has one row per point of the axis.
    """
    telling = Telling(axis, unit, currency)
    twin = series_table(series, telling)
    known = [point for one in series for point in one.points if point.value is not None]
    if not known:
        return Picture(nothing(width, title), title, twin)
    values = [v for p in known for v in (p.value, p.low, p.high, target) if v is not None]
    legend, top = marks.legend(_keys(series, target, telling), 2.0, width)
    frame = plot_frame(values, [point.x for point in known], axis, width, top + 8, unit, currency)
    under, height = ground(frame, unit, currency)
    goal = "" if target is None else svg.line(frame.x.start, frame.y(target), frame.x.end, frame.y(target), "target")
    body = (legend, under, goal, *(_band(frame, one) for one in series), *(_line(frame, one) for one in series))
    said, over = " ".join(_told(one, telling) for one in series), slices_of(frame, series, telling)
    drawn = drawing(*body, width=width, height=height, title=title, description=said, points=over)
    return Picture(drawn, title, twin)


def _keys(series: Sequence[Series], target: float | None, telling: Telling) -> list[Key]:
    points = [point for one in series for point in one.points]
    keys = [Key(f"line is-{one.tone}", one.name) for one in series]
    keys += [Key(f"band is-{series[0].tone}", "95 %")] if any(point.low is not None for point in points) else []
    keys += [Key("line is-thin", "Too few to say")] if any(point.is_thin for point in points) else []
    return keys + ([] if target is None else [Key("target", f"Target {telling.value(target)}")])


def _runs(points: Sequence[TrendPoint]) -> list[tuple[bool, list[TrendPoint]]]:
    """Neighbours that have a value, cut where thinness changes; runs share their end points."""
    runs: list[tuple[bool, list[TrendPoint]]] = []
    for is_known, group in groupby(points, lambda point: point.value is not None):
        part = list(group)
        if is_known and len(part) == 1:
            runs.append((part[0].is_thin, part))
        for before, after in pairwise(part if is_known else []):
            is_thin = before.is_thin or after.is_thin
            if runs and runs[-1][0] == is_thin and runs[-1][1][-1] is before:
                runs[-1][1].append(after)
            else:
                runs.append((is_thin, [before, after]))
    return runs


def _line(frame: Frame, one: Series) -> str:
    return svg.group(*(_stroke(frame, points, one.tone, is_thin) for is_thin, points in _runs(one.points)))


def _stroke(frame: Frame, points: Sequence[TrendPoint], tone: str, is_thin: bool) -> str:
    places = [(frame.at(point.x), frame.y(point.value or 0.0)) for point in points]
    kind = f"is-{tone}{' is-thin' if is_thin else ''}"
    if len(places) == 1:
        return svg.element("circle", cx=places[0][0], cy=places[0][1], r=3, class_=f"dot {kind}")
    return svg.element("path", d=path(segments(places)), class_=f"line {kind}")


def _band(frame: Frame, one: Series) -> str:
    bands = []
    for is_thin, points in _runs(one.points):
        ends = [(frame.at(p.x), p.low, p.high) for p in points if p.low is not None and p.high is not None]
        if len(ends) > 1:
            shape = area([(x, frame.y(high)) for x, _, high in ends], [(x, frame.y(low)) for x, low, _ in ends])
            bands.append(svg.element("path", d=shape, class_=f"band is-{one.tone}{' is-thin' if is_thin else ''}"))
    return svg.group(*bands)


def _told(one: Series, telling: Telling) -> str:
    known = [point for point in one.points if point.value is not None]
    if not known:
        return f"{one.name}: no values yet."
    first, last = (f"{telling.value(p.value)} at {telling.place(p.x)}" for p in (known[0], known[-1]))
    return f"{one.name}: {first}, {last}."
