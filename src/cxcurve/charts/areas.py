"""Parts of a whole over time, lying on each other."""

from __future__ import annotations

from collections.abc import Sequence

from cxcurve.charts import marks, svg
from cxcurve.charts.frame import WIDE, Axis, Frame
from cxcurve.charts.marks import Key, shade
from cxcurve.charts.paths import area
from cxcurve.charts.picture import Picture, drawing, nothing
from cxcurve.charts.plot import ground, plot_frame
from cxcurve.charts.scales import X, as_number
from cxcurve.charts.series import Series, Telling, series_table, slices_of

_STRONGEST, _FAINTEST, _ALONE = 0.8, 0.28, 0.6


def areas(
    series: Sequence[Series],
    *,
    unit: str = "number",
    currency: str = "",
    axis: Axis = "date",
    width: float = WIDE,
    title: str = "Parts over time",
) -> Picture:
    """The series on each other, the first at the bottom; a value that is not known counts as 0.

    Args:
        series: with the same x each, values of 0 or more. Series of one tone are told apart by its strength.
        unit: share (0 to 1), days, money, index, score or number.
        currency: ISO 4217, of money.
        axis: what x counts.
        width: pixels at full size; under 600 it is drawn for a phone.
        title: the accessible name.

    Returns:
        The picture; its table has one row per point of the axis.
    """
    telling = Telling(axis, unit, currency)
    twin = series_table(series, telling)
    xs = sorted({point.x for one in series for point in one.points}, key=as_number)
    if not xs:
        return Picture(nothing(width, title), title, twin)
    heights = [_heights(one, xs) for one in series]
    edges = [[sum(column[:index]) for column in zip(*heights, strict=True)] for index in range(len(series) + 1)]
    shades = strengths([one.tone for one in series])
    keys = [Key(one.tone, one.name, strength) for one, strength in zip(series, shades, strict=True)]
    legend, top = marks.legend(keys, 2.0, width)
    frame = plot_frame(edges[-1], xs, axis, width, top + 8, unit, currency)
    under, height = ground(frame, unit, currency)
    drawn = [_area(frame, xs, edges[i], edges[i + 1], one.tone, shades[i]) for i, one in enumerate(series)]
    last = ", ".join(f"{one.name} {telling.value(column[-1])}" for one, column in zip(series, heights, strict=True))
    said, over = f"{telling.place(xs[-1])}: {last}.", slices_of(frame, series[::-1], telling)
    picture = drawing(under, *drawn, legend, width=width, height=height, title=title, description=said, points=over)
    return Picture(picture, title, twin)


def strengths(tones: Sequence[str]) -> list[float]:
    """An opacity for each part: those of the same tone step from strong to faint."""
    found = []
    for index, tone in enumerate(tones):
        n_alike, before = tones.count(tone), tones[:index].count(tone)
        step = (_STRONGEST - _FAINTEST) * before / (n_alike - 1) if n_alike > 1 else 0.0
        found.append(_STRONGEST - step if n_alike > 1 else _ALONE)
    return found


def _heights(one: Series, xs: Sequence[X]) -> list[float]:
    values = {point.x: max(point.value or 0.0, 0.0) for point in one.points}
    return [values.get(x, 0.0) for x in xs]


def _area(
    frame: Frame, xs: Sequence[X], floor: Sequence[float], top: Sequence[float], tone: str, strength: float
) -> str:
    upper = [(frame.at(x), frame.y(value)) for x, value in zip(xs, top, strict=True)]
    lower = [(frame.at(x), frame.y(value)) for x, value in zip(xs, floor, strict=True)]
    if len(xs) == 1:
        (x, y), (_, base) = upper[0], lower[0]
        return svg.rect(x - 6, y, 12, base - y, class_=tone, fill_opacity=shade(strength))
    return svg.element("path", d=area(upper, lower), class_=f"part {tone}", fill_opacity=shade(strength))
