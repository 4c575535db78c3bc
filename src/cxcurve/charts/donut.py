"""Shares of one whole as a ring, with the sum in its middle and the parts named beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from math import cos, pi, sin

from cxcurve.charts import format as fmt
from cxcurve.charts import marks, svg
from cxcurve.charts.areas import strengths
from cxcurve.charts.frame import TEXT
from cxcurve.charts.marks import Tone, shade
from cxcurve.charts.picture import Picture, drawing, nothing, table

MOST = 6
"""Parts drawn: more cannot be told apart; the smallest become one."""
_OUTER, _INNER, _ROW = 74.0, 50.0, 24.0
_SIZE = 2 * _OUTER + 4


@dataclass(frozen=True, slots=True)
class Part:
    """A part of 0 or more. Without a tone it has a strength of the accent, by its place among the others."""

    name: str
    value: float
    tone: Tone = "level"
    href: str | None = None


def donut(
    parts: Sequence[Part],
    *,
    unit: str = "number",
    currency: str = "",
    noun: str = "",
    width: float = 420.0,
    title: str = "Shares",
) -> Picture:
    """The parts clockwise from the top, in the order given, and their names with their shares.

    Args:
        parts: what adds up to the whole.
        unit: money, number, days ...: of values and of the sum in the middle.
        currency: ISO 4217, of money.
        noun: what is counted, under the sum: "conversations".
        width: pixels at full size; under 340 the names stand below the ring.
        title: the accessible name.

    Returns:
        The picture; its table has one row per part, also of those drawn as one.
    """
    total = sum(max(part.value, 0.0) for part in parts)
    told = [(one.name, fmt.amount(one.value, unit, currency), fmt.share(_share(one, total))) for one in parts]
    twin = table(("Part", "Value", "Share"), told)
    if total <= 0:
        return Picture(nothing(width, title), title, twin)
    drawn = _drawn(parts)
    shades, ends = strengths([part.tone for part in drawn]), [0.0, *accumulate(_share(p, total) for p in drawn)]
    is_narrow = width < 340
    centre = (width / 2 if is_narrow else _OUTER + 2, _OUTER + 2)
    height = _SIZE + 12 + len(drawn) * _ROW if is_narrow else max(_SIZE, len(drawn) * _ROW + 8)
    said = [f"{p.name}: {fmt.amount(p.value, unit, currency)}, {fmt.share(_share(p, total))}" for p in drawn]
    arcs = [_arc(centre, start, end) for start, end in pairwise(ends)]
    ring = [
        svg.element("path", d=arc, class_=f"slice {part.tone}", fill_opacity=shade(strength))
        for arc, part, strength in zip(arcs, drawn, shades, strict=True)
    ]
    names = _names(drawn, shades, total, (0.0, _SIZE + 12) if is_narrow else (_SIZE + 24, 4.0), width)
    body = (*ring, _middle(centre, fmt.amount(total, unit, currency), noun), names)
    over = marks.hits(*(marks.over(s, "path", p.href, d=arc) for s, p, arc in zip(said, drawn, arcs, strict=True)))
    told_all = "; ".join(said)
    picture = drawing(*body, width=width, height=height, title=title, description=f"{told_all}.", points=over)
    return Picture(picture, title, twin)


def _share(part: Part, total: float) -> float:
    return max(part.value, 0.0) / total if total > 0 else 0.0


def _drawn(parts: Sequence[Part]) -> list[Part]:
    """Parts over zero; past the most that are drawn the smallest become "Other", at the end."""
    known = [part for part in parts if part.value > 0]
    if len(known) <= MOST:
        return known
    kept = set(sorted(range(len(known)), key=lambda index: -known[index].value)[: MOST - 1])
    rest = sum(part.value for index, part in enumerate(known) if index not in kept)
    return [*(known[index] for index in sorted(kept)), Part("Other", rest, "quiet")]


def _arc(centre: tuple[float, float], start: float, end: float) -> str:
    """A piece of the ring between two shares; a whole ring ends a hair before it began."""
    end = min(end, start + 0.9999)
    outer, inner = ([_point(centre, radius, share) for share in (start, end)] for radius in (_OUTER, _INNER))
    large = 1 if end - start > 0.5 else 0
    there = f"M{outer[0]}A{_OUTER:g} {_OUTER:g} 0 {large} 1 {outer[1]}"
    return f"{there}L{inner[1]}A{_INNER:g} {_INNER:g} 0 {large} 0 {inner[0]}Z"


def _point(centre: tuple[float, float], radius: float, share: float) -> str:
    angle = 2 * pi * share - pi / 2
    return f"{centre[0] + radius * cos(angle):.2f} {centre[1] + radius * sin(angle):.2f}"


def _middle(centre: tuple[float, float], total: str, noun: str) -> str:
    x, y = centre
    under = svg.text(svg.fit(noun, 2 * _INNER - 12, 10.5), x, y + 17, class_="mid small") if noun else ""
    return svg.text(total, x, y + (2 if noun else 6), class_="mid sum") + under


def _names(parts: Sequence[Part], shades: Sequence[float], total: float, at: tuple[float, float], width: float) -> str:
    rows = []
    for index, (part, strength) in enumerate(zip(parts, shades, strict=True)):
        x, y = at[0], at[1] + index * _ROW
        box = svg.rect(x, y + 4, 10, 10, rx=2.5, class_=part.tone, fill_opacity=shade(strength))
        name = svg.text(svg.fit(part.name, width - x - 66, TEXT), x + 18, y + 13, class_="name")
        rows.append(box + name + svg.text(fmt.share(_share(part, total)), width, y + 13, class_="end"))
    return svg.group(*rows)
