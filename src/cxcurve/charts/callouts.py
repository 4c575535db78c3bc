"""What is written on the curve: drift zones, the largest drops, notes. Labels never lie on one another."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from typing import Protocol

from cxcurve.charts import format as fmt
from cxcurve.charts import svg
from cxcurve.charts.frame import SMALL, TEXT, Frame
from cxcurve.charts.labels import Box, around, place, rows
from cxcurve.charts.paths import Point

_ZONE_ROW, _LINE = 34.0, 14.0
_SIGNALS_WIDTH = 270.0


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


class _Drop(Protocol):
    @property
    def x(self) -> float | date: ...
    @property
    def change(self) -> float: ...
    @property
    def signals(self) -> tuple[tuple[str, float], ...]: ...
    @property
    def where(self) -> str: ...


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


def drops(frame: Frame, items: Sequence[_Drop], line: Sequence[Point]) -> str:
    """The largest drops, numbered on the line; on a wide picture also named where there is room."""
    spots = [(frame.at(drop.x), _height_at(line, frame.at(drop.x))) for drop in items]
    taken = _line_boxes(line) + [Box(x - 9, y - 9, 18, 18) for x, y in spots]
    drawn = []
    for index, (drop, (x, y)) in enumerate(zip(items, spots, strict=True)):
        label = "" if frame.is_narrow else _drop_label(frame, drop, x, y, taken)
        drawn.append(label + _badge(index + 1, x, y, drop))
    return svg.group(*drawn)


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
    return max(svg.text_width(text[0], TEXT + 0.5), svg.text_width(text[1], SMALL))


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


def _drop_label(frame: Frame, drop: _Drop, x: float, y: float, taken: list[Box]) -> str:
    """The label at the nearest free place; the place is then taken."""
    head = f"{fmt.signed(drop.change)} {drop.where}".strip()
    signals = svg.fit(", ".join(fmt.words(name) for name, _ in drop.signals), _SIGNALS_WIDTH, SMALL)
    width = max(svg.text_width(head[:60], TEXT + 0.5), svg.text_width(signals, SMALL))
    height = _LINE * (2 if signals else 1) + 2
    box = place(around(x, y, width, height, 150), taken, frame.plot)
    if box is None:
        return ""
    taken.append(box)
    first = svg.text(svg.fit(head, 240, TEXT), box.x, box.y + 11, class_="strong halo")
    second = svg.text(signals, box.x, box.y + 11 + _LINE, class_="small halo") if signals else ""
    return _leader(x, y, box) + first + second


def _leader(x: float, y: float, box: Box) -> str:
    """A fine line from the drop to the nearer edge of its label."""
    end_y = box.y - 1 if box.y > y else box.y + box.height + 1
    end_x = min(max(x, box.x + 4), box.x + box.width - 4)
    return svg.line(x, y, end_x, end_y, "leader")


def _badge(number: int, x: float, y: float, drop: _Drop) -> str:
    signals = ", ".join(f"{fmt.words(name)} ({fmt.signed(points, 1)})" for name, points in drop.signals)
    said = svg.fit(f"{fmt.signed(drop.change)} {drop.where}: {signals}", 1200, TEXT)
    circle = svg.element("circle", svg.title(said), cx=x, cy=y, r=8, class_="badge")
    return circle + svg.text(str(number), x, y + 3.5, class_="badge-number")


def _height_at(line: Sequence[Point], x: float) -> float:
    """The line's height at `x`, straight between its points."""
    for (x0, y0), (x1, y1) in pairwise(line):
        if x0 <= x <= x1:
            return y0 + (y1 - y0) * ((x - x0) / ((x1 - x0) or 1))
    return line[-1][1] if line else 0.0


def _line_boxes(line: Sequence[Point]) -> list[Box]:
    """Small boxes along the line, so that no label covers it."""
    boxes = []
    for (x0, y0), (x1, y1) in pairwise(line):
        parts = max(1, int((x1 - x0) // 10))
        for part in range(parts + 1):
            share = part / parts
            boxes.append(Box(x0 + (x1 - x0) * share - 5, y0 + (y1 - y0) * share - 6, 10, 12))
    return boxes


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
