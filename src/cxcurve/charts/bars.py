"""Lengths side by side: contributions to an index, and where the customers of a passage went."""

from __future__ import annotations

from collections.abc import Sequence

from cxcurve.charts import format as fmt
from cxcurve.charts import marks, svg
from cxcurve.charts.frame import TEXT
from cxcurve.charts.marks import Tone
from cxcurve.charts.picture import Picture, drawing, nothing, table
from cxcurve.charts.scales import Scale

_ROW = 26.0


def bars(
    items: Sequence[tuple[str, float]],
    *,
    tone: Tone = "drag",
    unit: str = "score",
    currency: str = "",
    columns: tuple[str, str] = ("Signal", "Points"),
    hrefs: Sequence[str | None] | None = None,
    width: float = 480.0,
    title: str = "Contributions",
    nothing_said: str = "No signal in this stage",
) -> Picture:
    """One bar for each (name, value), in the order given.

    Args:
        items: names, and values of 0 or more.
        tone: the colour of all bars.
        unit: share (0 to 1), days, money, index, score or number.
        currency: ISO 4217, of money.
        columns: what names and values are, for the table.
        hrefs: where bars lead.
        width: pixels at full size.
        title: the accessible name.
        nothing_said: what the picture of no items says.

    Returns:
        The picture; its table has the same names and values.
    """
    told = [fmt.amount(value, unit, currency) for _, value in items]
    twin = table(columns, [(name, text) for (name, _), text in zip(items, told, strict=True)])
    if not items:
        return Picture(nothing(width, title, nothing_said), title, twin)
    room = max(svg.text_width(text, TEXT) for text in told) + 14
    scale = Scale(0, max(*(value for _, value in items), 1e-09), width * 0.46, width - max(room, 46.0))
    rows = [(name, value, text) for (name, value), text in zip(items, told, strict=True)]
    drawn = [_bar(scale, width, row, index * _ROW, tone) for index, row in enumerate(rows)]
    over = [
        marks.over(
            f"{fmt.words(name)}: {text}", href=hrefs[i] if hrefs else None, x=0, y=i * _ROW, width=width, height=_ROW
        )
        for i, (name, _, text) in enumerate(rows)
    ]
    name, _, most = max(rows, key=lambda row: row[1])
    height, said = len(items) * _ROW + 2, f"Largest: {fmt.words(name)}, {most}."
    picture = drawing(*drawn, width=width, height=height, title=title, description=said, points=marks.hits(*over))
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
    over = marks.hits(*(
        marks.over(f"{name}: {fmt.share(share, 1)}", x=left, y=2, width=max(width * share, 2.0), height=16, rx=3)
        for left, (name, share, _) in zip(_lefts(parts, width), parts, strict=True)
    ))  # fmt: skip
    body = _stacked(parts, width)
    drawn = drawing(*body, width=width, height=46, title=title, description=f"{told}.", points=over)
    return Picture(drawn, title, twin)


def _bar(scale: Scale, width: float, row: tuple[str, float, str], top: float, tone: str) -> str:
    name, value, told = row
    label = svg.text(svg.fit(fmt.words(name), scale.start - 14, TEXT), 0, top + 16)
    track = svg.rect(scale.start, top + 7, scale.end - scale.start, 10, rx=3, class_="track")
    bar = svg.rect(scale.start, top + 7, scale(value) - scale.start, 10, rx=3, class_=tone)
    return svg.group(label, track, bar, svg.text(told, width - 4, top + 16, class_="strong end"))


def _lefts(parts: Sequence[tuple[str, float, str]], width: float) -> list[float]:
    return [width * sum(max(share, 0.0) for _, share, _ in parts[:index]) for index in range(len(parts))]


def _stacked(parts: Sequence[tuple[str, float, str]], width: float) -> list[str]:
    """The bar, its parts 2 pixels apart, each named below."""
    lefts = _lefts(parts, width)
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
