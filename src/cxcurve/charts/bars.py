"""Lengths side by side: contributions to an index, and where the customers of a passage went."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from cxcurve.charts import format as fmt
from cxcurve.charts import svg
from cxcurve.charts.frame import TEXT
from cxcurve.charts.picture import Picture, drawing, nothing, table
from cxcurve.charts.scales import Scale

_ROW = 26.0


def bars(
    items: Sequence[tuple[str, float]],
    *,
    tone: Literal["drag", "pull", "level"] = "drag",
    width: float = 480.0,
    title: str = "Contributions",
) -> Picture:
    """One bar for each (name, points), in the order given; the points add up to what the heading says.

    Args:
        items: names, and points of 0 or more.
        tone: the colour of all bars.
        width: pixels at full size.
        title: the accessible name.

    Returns:
        The picture; its table has the same names and points.
    """
    twin = table(("Signal", "Points"), [(name, fmt.number(points, 1)) for name, points in items])
    if not items:
        return Picture(nothing(width, title, "No signal in this stage"), title, twin)
    scale = Scale(0, max(*(points for _, points in items), 1e-09), width * 0.46, width - 46)
    drawn = [_bar(scale, name, points, index * _ROW, tone) for index, (name, points) in enumerate(items)]
    total = f"{fmt.number(sum(points for _, points in items), 1)} points in all."
    picture = drawing(*drawn, width=width, height=len(items) * _ROW + 2, title=title, description=total)
    return Picture(picture, title, twin)


def flow(
    progressed: float, stall: float, leak: float, *, width: float = 360.0, title: str = "Where they went"
) -> Picture:
    """Progressed, stalled and left as parts of one bar.

    Args:
        progressed: share of 0 to 1, as the two others; together 1.
        stall: still there after tau.
        leak: left the journey.
        width: pixels at full size.
        title: the accessible name.

    Returns:
        The picture; its table has the three shares.
    """
    parts = (("Progressed", progressed, "seg-on"), ("Stalled", stall, "seg-stall"), ("Left", leak, "seg-leak"))
    twin = table(("Part", "Share"), [(name, fmt.share(share, 1)) for name, share, _ in parts])
    told = ", ".join(f"{name.lower()} {fmt.share(share)}" for name, share, _ in parts)
    drawn = drawing(*_stacked(parts, width), width=width, height=46, title=title, description=f"{told}.")
    return Picture(drawn, title, twin)


def _bar(scale: Scale, name: str, points: float, top: float, tone: str) -> str:
    label = svg.fit(fmt.words(name), scale.start - 14, TEXT)
    cut = svg.title(svg.fit(fmt.words(name), 800, TEXT))
    track = svg.rect(scale.start, top + 7, scale.end - scale.start, 10, rx=3, class_="track")
    bar = svg.rect(scale.start, top + 7, scale(points) - scale.start, 10, rx=3, class_=tone)
    value = svg.text(fmt.number(points, 1), scale.end + 42, top + 16, class_="strong end")
    return svg.group(cut, svg.text(label, 0, top + 16), track, bar, value)


def _stacked(parts: Sequence[tuple[str, float, str]], width: float) -> list[str]:
    """The bar, its parts 2 pixels apart, each named below."""
    lefts = [width * sum(max(share, 0.0) for _, share, _ in parts[:index]) for index in range(len(parts))]
    drawn = [
        svg.rect(left, 2, width * max(share, 0.0) - 2, 16, rx=3, class_=kind)
        for left, (_, share, kind) in zip(lefts, parts, strict=True)
    ]
    labels = [f"{name} {fmt.share(share)}" for name, share, _ in parts]
    return drawn + [svg.text(label, x, 36) for label, x in zip(labels, _label_lefts(labels, lefts, width), strict=True)]


def _label_lefts(labels: Sequence[str], lefts: Sequence[float], width: float) -> list[float]:
    """Each label under its part, moved right past the one before, then left where it would leave the picture."""
    widths = [svg.text_width(label, TEXT) for label in labels]
    found: list[float] = []
    for left in lefts:
        index = len(found)
        found.append(max(left, found[-1] + widths[index - 1] + 10) if found else left)
    right = width
    for index in reversed(range(len(found))):
        found[index] = min(found[index], right - widths[index])
        right = found[index] - 10
    return found
