"""Friction against Momentum, one circle per customer: flowing, pushing through, coasting, stuck, or still new."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from cxcurve.charts import format as fmt
from cxcurve.charts import svg
from cxcurve.charts.frame import NARROW_BELOW, WIDE
from cxcurve.charts.picture import Picture, drawing, nothing, table
from cxcurve.charts.scales import Scale

_NEW = "new"
_CLASSES = {"flowing": "flowing", "pushing through": "pushing", "coasting": "coasting", "stuck": "stuck", _NEW: "new"}
_RADII = (3.0, 15.0)


@dataclass(frozen=True, slots=True)
class ScatterPoint:
    """One customer: two indexes of 0 to 100, revenue per year as its size, where its page is, and its pair in a word.

    The word is not read off the place: within 5 of a cut it stays what it was. None is that of a new customer.
    """

    name: str
    friction_index: float
    momentum_index: float
    revenue: float | None = None
    href: str | None = None
    pair: str | None = None


@dataclass(frozen=True, slots=True)
class _Plot:
    width: float
    height: float
    x: Scale
    y: Scale
    most_revenue: float
    currency: str


def scatter(
    points: Sequence[ScatterPoint],
    *,
    width: float = WIDE,
    limit: int = 220,
    title: str = "Friction and Momentum by customer",
    currency: str = "",
) -> Picture:
    """Customers by friction (to the right) and Momentum (upwards).

    Args:
        points: one per customer, in any order.
        width: pixels at full size; under 600 it is drawn for a phone.
        limit: at most this many are drawn, those of the largest revenue; the picture says so.
        title: the accessible name.
        currency: ISO 4217.

    Returns:
        The picture; its table has one row per circle drawn.
    """
    columns = ("Customer", "Friction (JFI)", "Momentum", "Revenue a year")
    drawn = sorted(points, key=lambda point: (-(point.revenue or 0), point.name))[:limit]
    twin = table(columns, [_row(point, currency) for point in drawn])
    if not drawn:
        return Picture(nothing(width, title), title, twin)
    plot = _plot(width, max(point.revenue or 0 for point in drawn), currency)
    said = _counted(drawn, len(points))
    body = (_ground(plot), _corner_words(plot), _captions(plot, len(drawn), len(points)))
    circles = svg.group(*_bubbles(plot, drawn), class_="links")
    picture = drawing(*body, width=width, height=plot.height, title=title, description=said, points=circles)
    return Picture(picture, title, twin)


def _plot(width: float, most_revenue: float, currency: str) -> _Plot:
    is_narrow = width < NARROW_BELOW
    left, right, height = (34.0, 10.0, 320.0) if is_narrow else (52.0, 16.0, 400.0)
    x, y = Scale(-2, 102, left, width - right), Scale(-2, 102, height - 40, 26)
    return _Plot(width, height, x, y, most_revenue, currency)


def _ground(plot: _Plot) -> str:
    marks = (0, 25, 50, 75, 100)
    x_labels = [svg.text(str(m), plot.x(m), plot.y.start + 16, class_="mid") for m in marks]
    y_labels = [svg.text(str(m), plot.x.start - 8, plot.y(m) + 4, class_="end") for m in marks]
    grid = [svg.line(plot.x(m), plot.y.start, plot.x(m), plot.y.end, "grid") for m in marks]
    grid += [svg.line(plot.x.start, plot.y(m), plot.x.end, plot.y(m), "grid") for m in marks]
    return svg.group(*grid, *x_labels, *y_labels, *_cuts(plot))


def _cuts(plot: _Plot) -> list[str]:
    across, up = plot.x(fmt.FRICTION_CUT), plot.y(fmt.MOMENTUM_CUT)
    vertical = svg.line(across, plot.y.start, across, plot.y.end, "zero")
    return [vertical, svg.line(plot.x.start, up, plot.x.end, up, "zero")]


def _corner_words(plot: _Plot) -> str:
    left, right, top, bottom = plot.x.start + 10, plot.x.end - 8, plot.y.end + 18, plot.y.start - 10
    spots = (
        ("Flowing", left, top, "quadrant"),
        ("Pushing through", right, top, "quadrant end"),
        ("Coasting", left, bottom, "quadrant"),
        ("Stuck", right, bottom, "quadrant end"),
    )
    return svg.group(*(svg.text(word, x, y, class_=f"{kind} halo") for word, x, y, kind in spots))


def _captions(plot: _Plot, n_drawn: int, n_all: int) -> str:
    baseline = plot.height - 8
    friction = svg.text("Friction (JFI) →", plot.x.end, baseline, class_="end drag")
    momentum = svg.text("↑ Momentum", 0, 12, class_="pull")
    if n_drawn == n_all:
        return friction + momentum
    rest = f"{fmt.number(n_drawn)} of {fmt.number(n_all)}, the largest by revenue"
    return friction + momentum + svg.text(rest, plot.x.end, 12, class_="end small")


def _bubbles(plot: _Plot, drawn: Sequence[ScatterPoint]) -> list[str]:
    """The circles, grouped by their word: the class is written once."""
    by_word: dict[str, list[str]] = {word: [] for word in _CLASSES}
    for point in drawn:
        by_word[point.pair or _NEW].append(_circle(plot, point))
    return [svg.group(*circles, class_=f"bubbles is-{_CLASSES[word]}") for word, circles in by_word.items()]


def _circle(plot: _Plot, point: ScatterPoint) -> str:
    least, most = _RADII if plot.width >= NARROW_BELOW else (3.0, 10.0)
    size = sqrt((point.revenue or 0) / plot.most_revenue) if plot.most_revenue else 0.2
    circle = svg.element(
        "circle",
        svg.title(_said(point, plot.currency)),
        cx=plot.x.clamp(point.friction_index),
        cy=plot.y.clamp(point.momentum_index),
        r=least + (most - least) * size,
    )
    return svg.element("a", circle, href=point.href) if point.href else circle


def _said(point: ScatterPoint, currency: str) -> str:
    revenue = f", {fmt.money(point.revenue, currency)}" if point.revenue is not None else ""
    numbers = f"friction {fmt.number(point.friction_index)}, Momentum {fmt.number(point.momentum_index)}"
    return f"{svg.fit(point.name, 600, 10)}\n{numbers}{revenue}"


def _row(point: ScatterPoint, currency: str) -> tuple[str, ...]:
    indexes = fmt.number(point.friction_index, 1), fmt.number(point.momentum_index, 1)
    return (point.name, *indexes, fmt.money(point.revenue, currency))


def _counted(drawn: Sequence[ScatterPoint], n_all: int) -> str:
    words = [point.pair or _NEW for point in drawn]
    counts = ", ".join(f"{words.count(word)} {word}" for word in _CLASSES if word != _NEW or word in words)
    return f"{fmt.number(len(drawn))} of {fmt.number(n_all)} customers: {counts}."
