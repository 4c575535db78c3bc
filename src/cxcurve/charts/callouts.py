"""What is written on the curve beside its drops: drift zones and notes. Labels never lie on one another."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Protocol

from cxcurve.charts import format as fmt
from cxcurve.charts import svg
from cxcurve.charts.frame import SMALL, TEXT, Frame
from cxcurve.charts.labels import rows

_ZONE_ROW = 34.0


class _Zone(Protocol):
    @property
    def label(self) -> str: ...
    @property
    def start(self) -> float | date: ...
    @property
    def end(self) -> float | date: ...
    @property
    def stall_share(self) -> float | None: ...
    @property
    def impact_revenue(self) -> float | None: ...
    @property
    def is_real_change(self) -> bool: ...


class _Note(Protocol):
    @property
    def x(self) -> float | date: ...
    @property
    def text(self) -> str: ...
    @property
    def is_break(self) -> bool: ...


def zones(frame: Frame, items: Sequence[_Zone], currency: str) -> tuple[str, float]:
    """Shades the zones and names them in rows under the plot; also how high those rows are."""
    if not items:
        return "", 0.0
    top = frame.y.start
    texts = [_zone_text(frame, zone, currency) for zone in items]
    lefts = [_zone_left(frame, zone, text) for zone, text in zip(items, texts, strict=True)]
    spans = [_zone_span(frame, zone, left, text) for zone, left, text in zip(items, lefts, texts, strict=True)]
    row_of = rows(spans, 4)
    deepest = max((row for row in row_of if row is not None), default=0)
    height = 20.0 if frame.is_narrow else _ZONE_ROW
    drawn = [
        _zone(frame, zone, text, left, None if row is None else top + 7 + row * height)
        for zone, text, left, row in zip(items, texts, lefts, row_of, strict=True)
    ]
    return svg.group(*drawn), (deepest + 1) * height + 4


def notes(frame: Frame, items: Sequence[_Note], top: float, most_rows: int) -> str:
    """Diamonds above the plot with a fine line down; the text where it fits, always as tooltip.

    A phone has the diamonds alone: the page lists the notes.
    """
    texts = ["" if frame.is_narrow else svg.fit(note.text, 190, SMALL) for note in items]
    spans = [_note_span(frame, note, text) for note, text in zip(items, texts, strict=True)]
    row_of = rows(spans, most_rows, gap=14)
    placed = zip(items, texts, row_of, strict=True)
    return svg.group(
        *(_note(frame, note, text if row is not None else "", _note_y(frame, top, row)) for note, text, row in placed)
    )


def _zone_text(frame: Frame, zone: _Zone, currency: str) -> tuple[str, str]:
    """The zone's name and its facts; a phone has room for the stall alone."""
    stall = f"{fmt.share(zone.stall_share)} stall" if zone.stall_share is not None else "too few to say"
    if frame.is_narrow:
        return "", stall.removesuffix(" stall")
    impact = f" · {fmt.money(zone.impact_revenue, currency)} a year" if zone.impact_revenue is not None else ""
    return svg.fit(zone.label, 180, TEXT), stall + impact


def _zone_width(text: tuple[str, str]) -> float:
    return max(svg.strong_width(text[0], TEXT), svg.text_width(text[1], SMALL))


def _zone_left(frame: Frame, zone: _Zone, text: tuple[str, str]) -> float:
    """Where the text begins: at the zone, or further left where it would leave the picture."""
    return max(2.0, min(frame.at(zone.start), frame.width - 4 - _zone_width(text)))


def _zone_span(frame: Frame, zone: _Zone, left: float, text: tuple[str, str]) -> tuple[float, float]:
    return min(left, frame.at(zone.start)), max(left + _zone_width(text), frame.at(zone.end))


def _zone(frame: Frame, zone: _Zone, text: tuple[str, str], left: float, top: float | None) -> str:
    start, end, plot = frame.at(zone.start), frame.at(zone.end), frame.plot
    maybe = "" if zone.is_real_change else " is-maybe"
    said = svg.title(" · ".join(part for part in (svg.fit(zone.label, 600, TEXT), *text[1:]) if part))
    shade = svg.element("rect", said, x=start, y=plot.y, width=end - start, height=plot.height, class_="zone")
    if top is None:
        return shade
    bar = svg.rect(start, top, end - start, 3, rx=1.5, class_=f"zone-bar{maybe}")
    name = svg.text(text[0], left, top + 16, class_="drift strong") if text[0] else ""
    return shade + bar + name + svg.text(text[1], left, top + (15 if frame.is_narrow else 29), class_="small")


def _note_span(frame: Frame, note: _Note, text: str) -> tuple[float, float]:
    x, width = frame.at(note.x), svg.text_width(text, SMALL) + 10
    return (x - width, x + 5) if x + width > frame.width - 2 else (x - 5, x + width)


def _note_y(frame: Frame, top: float, row: int | None) -> float:
    """The height of a row; a note that found none sits on the plot's edge, where no text is."""
    return frame.plot.y if row is None else top + 8 + 20 * row


def _note(frame: Frame, note: _Note, text: str, y: float) -> str:
    x = frame.at(note.x)
    mark = svg.element("path", svg.title(svg.fit(note.text, 1200, TEXT)), d=_diamond(x, y), class_="note")
    down = svg.line(x, y + 5, x, frame.y.start, "break" if note.is_break else "rule")
    is_left = _note_span(frame, note, text)[0] < x - 6
    kind, shift = ("small halo end", -9) if is_left else ("small halo", 9)
    return down + mark + (svg.text(text, x + shift, y + 4, class_=kind) if text else "")


def _diamond(x: float, y: float) -> str:
    pair = svg.number
    return f"M{pair(x)} {pair(y - 5)}L{pair(x + 5)} {pair(y)}L{pair(x)} {pair(y + 5)}L{pair(x - 5)} {pair(y)}Z"
