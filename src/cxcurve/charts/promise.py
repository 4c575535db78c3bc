"""What an index promises beside what was seen: odds on a doubling scale, one line for each band."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, log2
from typing import Literal

from cxcurve.charts import format as fmt
from cxcurve.charts import marks, svg
from cxcurve.charts.frame import NARROW_BELOW
from cxcurve.charts.picture import Picture, drawing, nothing, table
from cxcurve.charts.scales import Scale

_ROW = 34.0
_FARTHEST = 5.0
"""Doublings and halvings that are drawn."""


@dataclass(frozen=True, slots=True)
class Promise:
    """One band: odds claimed, odds seen with their interval (None where too few), and how many it rests on."""

    name: str
    claimed: float
    seen: float | None
    low: float | None
    high: float | None
    n: int


def promise(
    bands: Sequence[Promise],
    *,
    width: float = 720.0,
    index: str = "Friction index",
    happened: str = "Left",
    tone: Literal["drag", "pull"] = "drag",
    title: str = "Odds of leaving, claimed and seen",
) -> Picture:
    """A dot with its interval for what was seen, a bar up to what is claimed.

    Args:
        bands: from the lowest to the highest.
        index: of whose values the bands are, for the table.
        happened: what the odds are of, for the table.
        tone: colour of the bars, that of friction or of momentum.
        width: pixels at full size; under 600 it is drawn for a phone.
        title: the accessible name.

    Returns:
        The picture; its table has one row per band.
    """
    columns = (index, "Odds claimed", "Odds seen", "95 %", happened)
    twin = table(columns, [_told(band) for band in bands])
    if not bands:
        return Picture(nothing(width, title), title, twin)
    most = max(max(band.claimed, band.high or 1.0, 2.0) for band in bands)
    least = min(min(band.claimed, band.low or 1.0, 0.5) for band in bands)
    left = 62.0 if width < NARROW_BELOW else 96.0
    scale = Scale(max(log2(least), -_FARTHEST), min(log2(most), _FARTHEST) + 0.2, left, width - 14)
    height = _ROW * len(bands) + 30
    rows = [_row(band, scale, number * _ROW, tone) for number, band in enumerate(bands)]
    over = marks.hits(*(
        marks.over(" · ".join(filter(None, _told(band))), x=0, y=i * _ROW, width=width, height=_ROW)
        for i, band in enumerate(bands)
    ))  # fmt: skip
    words = ", ".join(f"{band.name}: claimed {fmt.odds(band.claimed)}, seen {fmt.odds(band.seen)}" for band in bands)
    body = (*_grid(scale, height), *rows)
    drawn = drawing(*body, width=width, height=height, title=title, description=f"{words}.", points=over)
    return Picture(drawn, title, twin)


def _grid(scale: Scale, height: float) -> list[str]:
    floor, drawn = height - 24, []
    for doublings in range(ceil(scale.low), int(scale.high) + 1):
        at = scale(doublings)
        drawn.append(svg.line(at, 0, at, floor, "zero" if doublings == 0 else "grid"))
        drawn.append(svg.text(fmt.odds(2.0**doublings), at, height - 8, class_="mid"))
    return drawn


def _row(band: Promise, scale: Scale, top: float, tone: str) -> str:
    middle = top + _ROW / 2
    name = svg.text(band.name, 0, middle + 4, class_="strong")
    start = scale(0.0)
    end = scale.clamp(log2(band.claimed))
    bar = svg.rect(min(start, end), middle - 7, abs(end - start), 14, class_=f"{tone}-area")
    bar += svg.line(end, middle - 10, end, middle + 10, f"{tone}-edge is-claim")
    if band.seen is None or band.low is None or band.high is None:
        return svg.group(name, bar, svg.text("too few", start + 6, middle + 4, class_="small"))
    low, high, seen = (scale.clamp(log2(max(value, 1e-9))) for value in (band.low, band.high, band.seen))
    reach = svg.line(low, middle, high, middle, "line")
    return svg.group(name, bar, reach, svg.element("circle", cx=seen, cy=middle, r=4.5, class_="dot"))


def _told(band: Promise) -> tuple[str, ...]:
    interval = "" if band.low is None or band.high is None else f"{fmt.odds(band.low)} to {fmt.odds(band.high)}"
    return band.name, fmt.odds(band.claimed), fmt.odds(band.seen), interval, fmt.number(band.n)
