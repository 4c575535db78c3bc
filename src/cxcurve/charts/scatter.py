"""Friction against Momentum, one circle per customer: flowing, pushing through, coasting, stuck, or still new."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cxcurve.charts import format as fmt
from cxcurve.charts.frame import WIDE
from cxcurve.charts.picture import Picture
from cxcurve.charts.quadrant import Measure, Said, Spot, quadrant

_NEW = "new"
_KINDS = {"flowing": "flowing", "pushing through": "pushing", "coasting": "coasting", "stuck": "stuck", _NEW: "new"}
_CORNERS = ("Flowing", "Pushing through", "Coasting", "Stuck")
_FRICTION = Measure("Friction (JFI)", cut=fmt.FRICTION_CUT, low=0, high=100, tone="drag")
_MOMENTUM = Measure("Momentum", cut=fmt.MOMENTUM_CUT, low=0, high=100, tone="pull")


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
    drawn = sorted(points, key=lambda point: (-(point.revenue or 0), point.name))[:limit]
    spots = [
        Spot(one.name, one.friction_index, one.momentum_index, one.revenue, one.href, _KINDS[one.pair or _NEW])
        for one in points
    ]
    said = Said(size="Revenue a year", currency=currency, noun="customer")
    return quadrant(
        spots, _FRICTION, _MOMENTUM, corners=_CORNERS, said=said, limit=limit, width=width, title=title,
        counted=_counted(drawn),
    )  # fmt: skip


def _counted(drawn: Sequence[ScatterPoint]) -> str:
    words = [point.pair or _NEW for point in drawn]
    return ", ".join(f"{words.count(word)} {word}" for word in _KINDS if word != _NEW or word in words)
