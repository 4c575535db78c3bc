"""What can be pointed at and focused: invisible shapes over a picture, each of which tells its numbers; and legends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from cxcurve.charts import svg
from cxcurve.charts.frame import SMALL
from cxcurve.charts.svg import Value

Tone = Literal["level", "pull", "drag", "drift", "quiet"]
"""What a colour means: the level or nothing in particular, good, bad, worth a look, everything else."""
_LONGEST = 1200
"""Characters, about, of what a shape tells."""
_NARROWEST, _FEW = 9.0, 24


@dataclass(frozen=True, slots=True)
class Key:
    """An entry of a legend: the class of a mark, its name, and its opacity where that tells it from others."""

    kind: str
    name: str
    shade: float | None = None


def over(said: str, shape: str = "rect", href: str | None = None, **attributes: Value) -> str:
    """A shape that tells `said` to pointer, keyboard and screen reader, and leads to `href` where there is one."""
    told = svg.title(svg.fit(said, _LONGEST * 6, 10))
    if href is None:
        return svg.element(shape, told, **attributes, class_="over", tabindex=0, role="img")
    return svg.element("a", svg.element(shape, told, **attributes, class_="over"), href=href)


def hits(*shapes: str, n_columns: int | None = None) -> str:
    """One tab stop: arrows walk along the shapes; up and down go by rows of `n_columns`."""
    return svg.group(*shapes, class_="hits", data_columns=n_columns)


def slices(places: Sequence[float], top: float, height: float, said: Sequence[str]) -> str:
    """An upright slice around each place, `places` rising; too narrow ones to hit are left to the table twin."""
    step = _every(places)
    kept = list(zip(places, said, strict=True))[::-step][::-1]
    if not kept:
        return ""
    xs = [place for place, _ in kept]
    edges = [xs[0] - 6, *((a + b) / 2 for a, b in pairwise(xs)), xs[-1] + 6]
    return hits(*(
        over(text, x=low, y=top, width=high - low, height=height)
        for (low, high), (_, text) in zip(pairwise(edges), kept, strict=True)
    ))  # fmt: skip


def legend(keys: Sequence[Key], x: float, width: float, gap: float = 14.0) -> tuple[str, float]:
    """The keys in rows between `x` and `width`, `gap` apart; also the height down to which they reach."""
    left, y, parts = x, 8.0, []
    for key in keys:
        name = svg.fit(key.name, max(width - x - 20, 20), SMALL)
        needed = 18 + svg.text_width(name, SMALL)
        if left > x and left + needed > width:
            left, y = x, y + 17
        parts.append(_sample(key, left, y) + svg.text(name, left + 18, y + 4, class_="small"))
        left += needed + gap
    return svg.group(*parts), y + 10 if keys else 0.0


def _sample(key: Key, x: float, y: float) -> str:
    """A line for marks that are lines, a box for others; a plain band has its line in it."""
    if key.kind.startswith(("line", "target")):
        return svg.line(x, y, x + 13, y, key.kind)
    box = svg.rect(x, y - 5, 13, 10, rx=2, class_=key.kind, fill_opacity=shade(key.shade))
    return box + (svg.line(x, y, x + 13, y, "line") if key.kind == "band" else "")


def shade(opacity: float | None) -> str | None:
    """An opacity as an attribute: two decimals."""
    return None if opacity is None else f"{opacity:.2f}"


def _every(places: Sequence[float]) -> int:
    if len(places) <= _FEW:
        return 1
    across = max(places[-1] - places[0], 1.0)
    return max(1, -int(-_NARROWEST * len(places) // across))
