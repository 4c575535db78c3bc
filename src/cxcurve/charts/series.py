"""Named numbers over time, and how they are told: what lines and areas are drawn from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cxcurve.charts import format as fmt
from cxcurve.charts import marks
from cxcurve.charts.frame import Axis, Frame, axis_text
from cxcurve.charts.marks import Tone
from cxcurve.charts.picture import Table, table
from cxcurve.charts.scales import X, as_number


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """A value with its 95 % interval and the number it rests on; without a value it is a gap."""

    x: X
    value: float | None
    low: float | None = None
    high: float | None = None
    n: int | None = None
    is_thin: bool = False


@dataclass(frozen=True, slots=True)
class Series:
    """Points in the order of x, under one name."""

    name: str
    points: Sequence[TrendPoint]
    tone: Tone = "level"


@dataclass(frozen=True, slots=True)
class Telling:
    """How the values of a picture are said."""

    axis: Axis
    unit: str
    currency: str

    def value(self, value: float | None) -> str:
        """In the unit."""
        return fmt.amount(value, self.unit, self.currency)

    def place(self, x: X) -> str:
        """Where on the axis, as a sentence begins."""
        text = axis_text(self.axis, x)
        return f"{text[:1].upper()}{text[1:]}"

    def point(self, name: str, point: TrendPoint) -> str:
        """A point with all that is known of it."""
        band = fmt.interval(point.low, point.high, self.unit, self.currency)
        n = "" if point.n is None else f", n = {fmt.number(point.n)}"
        return f"{name}: {self.value(point.value)}{f' ({band})' if band else ''}{n}{THIN if point.is_thin else ''}"


THIN = ", too few to say"


def slices_of(frame: Frame, series: Sequence[Series], telling: Telling) -> str:
    """One slice for each x, which tells all series there."""
    by_x: dict[X, list[str]] = {}
    for one in series:
        for point in one.points:
            if point.value is not None:
                by_x.setdefault(point.x, []).append(telling.point(one.name, point))
    xs = sorted(by_x, key=as_number)
    said = ["\n".join((telling.place(x), *by_x[x])) for x in xs]
    return marks.slices([frame.at(x) for x in xs], frame.plot.y, frame.plot.height, said)


def series_table(series: Sequence[Series], telling: Telling) -> Table:
    """One row per point, gaps too: of one series with all that is known of it, of several beside each other."""
    place = telling.axis.capitalize()
    if len(series) == 1:
        return table((place, series[0].name, "Low", "High", "n", "Thin"), [_row(p, telling) for p in series[0].points])
    by_x = [{point.x: telling.value(point.value) for point in one.points} for one in series]
    xs = sorted({x for values in by_x for x in values}, key=as_number)
    rows = [(axis_text(telling.axis, x), *(values.get(x, fmt.NOTHING) for values in by_x)) for x in xs]
    return table((place, *(one.name for one in series)), rows)


def _row(point: TrendPoint, telling: Telling) -> tuple[str, ...]:
    values = (telling.value(value) for value in (point.value, point.low, point.high))
    return (axis_text(telling.axis, point.x), *values, fmt.number(point.n), "yes" if point.is_thin else "")
