"""Things by two measures, in the four quarters that their cuts make: what is strong in which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

from cxcurve.charts import format as fmt
from cxcurve.charts import svg
from cxcurve.charts.frame import NARROW_BELOW, SMALL, WIDE
from cxcurve.charts.labels import Box, around, place
from cxcurve.charts.picture import Picture, drawing, nothing, table
from cxcurve.charts.scales import Scale, nice_step, padded, ticks

NAMED = 24
"""Up to so many are named beside their circle, where there is room."""
_REACH = 26.0
_MARGIN = 0.02


@dataclass(frozen=True, slots=True)
class Measure:
    """An axis: its name and unit, where it is cut, and its ends where they are fixed; its tone colours the name."""

    label: str
    unit: str = "index"
    cut: float | None = None
    low: float | None = None
    high: float | None = None
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Spot:
    """One thing: two values, how large it is drawn, where it leads, and a kind that gives its colour."""

    name: str
    x: float
    y: float
    size: float | None = None
    href: str | None = None
    kind: str = "level"


@dataclass(frozen=True, slots=True)
class Said:
    """How spots are told beyond their two values: what their size is, and what they are."""

    size: str = ""
    size_unit: str = "money"
    currency: str = ""
    noun: str = "thing"

    def size_of(self, spot: Spot) -> str:
        """The size in its unit."""
        return fmt.amount(spot.size, self.size_unit, self.currency)


_PLAIN = Said()


@dataclass(frozen=True, slots=True)
class _Plot:
    width: float
    height: float
    x: Scale
    y: Scale
    x_measure: Measure
    y_measure: Measure
    largest: float

    def at(self, spot: Spot) -> tuple[float, float]:
        return self.x.clamp(spot.x), self.y.clamp(spot.y)

    def radius(self, spot: Spot) -> float:
        """By area; without sizes all are alike."""
        least, most = (3.0, 15.0) if self.width >= NARROW_BELOW else (3.0, 10.0)
        return least + (most - least) * (sqrt((spot.size or 0) / self.largest) if self.largest else 0.2)


def quadrant(
    spots: Sequence[Spot],
    x: Measure,
    y: Measure,
    *,
    corners: tuple[str, str, str, str] = ("", "", "", ""),
    said: Said = _PLAIN,
    limit: int = 220,
    width: float = WIDE,
    title: str = "By two measures",
    counted: str = "",
) -> Picture:
    """A circle for each thing.

    Args:
        spots: in any order.
        x: to the right.
        y: upwards.
        corners: what the quarters are called: upper left, upper right, lower left, lower right.
        said: what sizes are, and of what.
        limit: at most this many are drawn, the largest; the picture says so.
        width: pixels at full size; under 600 it is drawn for a phone.
        title: the accessible name.
        counted: what the description adds.

    Returns:
        The picture; its table has one row per circle drawn.
    """
    shown = sorted(spots, key=lambda spot: (-(spot.size or 0), spot.name))[:limit]
    columns = (said.noun.capitalize(), x.label, y.label, *([said.size] if said.size else []))
    twin = table(columns, [_row(spot, x, y, said) for spot in shown])
    if not shown:
        return Picture(nothing(width, title), title, twin)
    plot = _plot(shown, x, y, width)
    body = (_ground(plot), _corners(plot, corners), _captions(plot, len(shown), len(spots), said), _names(plot, shown))
    told = f"{fmt.number(len(shown))} of {fmt.number(len(spots))} {said.noun}s{f': {counted}' if counted else ''}."
    circles = svg.group(*_circles(plot, shown, said), class_="links")
    picture = drawing(*body, width=width, height=plot.height, title=title, description=told, points=circles)
    return Picture(picture, title, twin)


def _plot(shown: Sequence[Spot], x: Measure, y: Measure, width: float) -> _Plot:
    is_narrow = width < NARROW_BELOW
    left, right, height = (34.0, 10.0, 320.0) if is_narrow else (52.0, 16.0, 400.0)
    across = _scale(x, [spot.x for spot in shown], left, width - right)
    up = _scale(y, [spot.y for spot in shown], height - 40, 26)
    return _Plot(width, height, across, up, x, y, max(spot.size or 0 for spot in shown))


def _scale(measure: Measure, values: Sequence[float], start: float, end: float) -> Scale:
    """From end to end of the measure, or round the values and the cut; with a little room for circles."""
    known = [*values, *([] if measure.cut is None else [measure.cut])]
    low, high = min(known), max(known)
    step = nice_step((high - low) or 1.0, 4)
    bottom, top = padded(low, high if high > low else low + step, step)
    bottom = bottom if measure.low is None else measure.low
    top = top if measure.high is None else measure.high
    room = (top - bottom) * _MARGIN
    return Scale(bottom - room, top + room, start, end)


def _marks(scale: Scale) -> tuple[float, ...]:
    room = (scale.high - scale.low) * _MARGIN / (1 + 2 * _MARGIN)
    low, high = scale.low + room, scale.high - room
    return ticks(low, high, nice_step(high - low, 4))


def _ground(plot: _Plot) -> str:
    x_marks, y_marks = _marks(plot.x), _marks(plot.y)
    x_unit, y_unit = plot.x_measure.unit, plot.y_measure.unit
    x_labels = [svg.text(fmt.amount(m, x_unit), plot.x(m), plot.y.start + 16, class_="mid") for m in x_marks]
    y_labels = [svg.text(fmt.amount(m, y_unit), plot.x.start - 8, plot.y(m) + 4, class_="end") for m in y_marks]
    grid = [svg.line(plot.x(m), plot.y.start, plot.x(m), plot.y.end, "grid") for m in x_marks]
    grid += [svg.line(plot.x.start, plot.y(m), plot.x.end, plot.y(m), "grid") for m in y_marks]
    return svg.group(*grid, *x_labels, *y_labels, *_cuts(plot))


def _cuts(plot: _Plot) -> list[str]:
    across, up = plot.x_measure.cut, plot.y_measure.cut
    found = [] if across is None else [svg.line(plot.x(across), plot.y.start, plot.x(across), plot.y.end, "zero")]
    return found + ([] if up is None else [svg.line(plot.x.start, plot.y(up), plot.x.end, plot.y(up), "zero")])


def _corners(plot: _Plot, words: tuple[str, str, str, str]) -> str:
    left, right, top, bottom = plot.x.start + 10, plot.x.end - 8, plot.y.end + 18, plot.y.start - 10
    spots = ((left, top, ""), (right, top, " end"), (left, bottom, ""), (right, bottom, " end"))
    named = [(word, *spot) for word, spot in zip(words, spots, strict=True) if word]
    return svg.group(*(svg.text(word, x, y, class_=f"quadrant{end} halo") for word, x, y, end in named))


def _captions(plot: _Plot, n_drawn: int, n_all: int, said: Said) -> str:
    baseline = plot.height - 8
    across = svg.text(f"{plot.x_measure.label} →", plot.x.end, baseline, class_=f"end {plot.x_measure.tone}".strip())
    up = svg.text(f"↑ {plot.y_measure.label}", 0, 12, class_=plot.y_measure.tone or None)
    if n_drawn == n_all:
        return across + up
    by = f" by {said.size.removesuffix(' a year').lower()}" if said.size else ""
    rest = f"{fmt.number(n_drawn)} of {fmt.number(n_all)}, the largest{by}"
    return across + up + svg.text(rest, plot.x.end, 12, class_="end small")


def _names(plot: _Plot, shown: Sequence[Spot]) -> str:
    """Names beside their circles, those of the largest first, where few enough and nothing is covered."""
    if len(shown) > NAMED or plot.width < NARROW_BELOW:
        return ""
    taken, drawn = [*(_circle_box(plot, spot) for spot in shown), *_cut_boxes(plot)], []
    within = Box(plot.x.start, plot.y.end, plot.x.end - plot.x.start, plot.y.start - plot.y.end)
    for spot in shown:
        name = svg.fit(spot.name, 150, SMALL)
        x, y = plot.at(spot)
        found = place(around(x, y, svg.text_width(name, SMALL), 13, _REACH), taken, within, 3.0)
        if found is not None:
            taken.append(found)
            drawn.append(svg.text(name, found.x, found.y + 10.5, class_="small halo"))
    return svg.group(*drawn)


def _cut_boxes(plot: _Plot) -> list[Box]:
    """The cuts, which no name may cross."""
    (left, right), (bottom, top) = (plot.x.start, plot.x.end), (plot.y.start, plot.y.end)
    across, up = plot.x_measure.cut, plot.y_measure.cut
    found = [] if across is None else [Box(plot.x(across), top, 1, bottom - top)]
    return found + ([] if up is None else [Box(left, plot.y(up), right - left, 1)])


def _circle_box(plot: _Plot, spot: Spot) -> Box:
    (x, y), radius = plot.at(spot), plot.radius(spot)
    return Box(x - radius, y - radius, 2 * radius, 2 * radius)


def _circles(plot: _Plot, shown: Sequence[Spot], said: Said) -> list[str]:
    """The circles, grouped by their kind: the class is written once."""
    by_kind: Mapping[str, list[str]] = {kind: [] for kind in dict.fromkeys(spot.kind for spot in shown)}
    for spot in shown:
        by_kind[spot.kind].append(_circle(plot, spot, said))
    return [svg.group(*circles, class_=f"bubbles is-{kind}") for kind, circles in by_kind.items()]


def _circle(plot: _Plot, spot: Spot, said: Said) -> str:
    (x, y), radius = plot.at(spot), plot.radius(spot)
    told = svg.title(_told(plot, spot, said))
    if spot.href is None:
        return svg.element("circle", told, cx=x, cy=y, r=radius, class_="spot", tabindex=0, role="img")
    return svg.element("a", svg.element("circle", told, cx=x, cy=y, r=radius), href=spot.href)


def _told(plot: _Plot, spot: Spot, said: Said) -> str:
    values = ((plot.x_measure, spot.x), (plot.y_measure, spot.y))
    numbers = ", ".join(f"{measure.label} {fmt.amount(value, measure.unit)}" for measure, value in values)
    size = f", {said.size_of(spot)}" if spot.size is not None and said.size else ""
    return f"{svg.fit(spot.name, 600, 10)}\n{numbers}{size}"


def _row(spot: Spot, x: Measure, y: Measure, said: Said) -> tuple[str, ...]:
    values = (_exact(spot.x, x.unit), _exact(spot.y, y.unit))
    return (spot.name, *values, *([said.size_of(spot)] if said.size else []))


def _exact(value: float, unit: str) -> str:
    if unit == "share":
        return fmt.share(value, 1)
    return fmt.number(value, 1) if unit in {"index", "number", "score"} else fmt.amount(value, unit)
