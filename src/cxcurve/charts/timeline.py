"""What happened when: a lane for each kind of thing, with marks on days and spans of days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from cxcurve.charts import format as fmt
from cxcurve.charts import marks, svg
from cxcurve.charts.frame import NARROW_BELOW, SMALL, TEXT, WIDE, Frame, x_axis
from cxcurve.charts.marks import Tone
from cxcurve.charts.picture import Picture, drawing, nothing, table
from cxcurve.charts.scales import Scale

_LANE, _NAME_ROW, _NEAR = 34.0, 18.0, 9.0
_TOLD = 6


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened on a day."""

    at: date
    text: str
    tone: Tone = "quiet"
    href: str | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """Something that lasted; without an end it goes on."""

    start: date
    end: date | None
    label: str
    tone: Tone = "level"
    href: str | None = None


@dataclass(frozen=True, slots=True)
class Lane:
    """Things of one kind."""

    name: str
    marks: Sequence[Mark] = ()
    spans: Sequence[Span] = ()


def timeline(
    lanes: Sequence[Lane],
    *,
    since: date | None = None,
    until: date | None = None,
    width: float = WIDE,
    title: str = "What happened when",
) -> Picture:
    """The lanes below each other, over one axis of days.

    Args:
        lanes: from the top. Marks too near to tell apart become one, which tells how many it is.
        since: where the axis begins; else at the first thing.
        until: where it ends, and spans that go on; else at the last thing. What lies outside is in the table alone.
        width: pixels at full size; under 600 it is drawn for a phone.
        title: the accessible name.

    Returns:
        The picture; its table has one row per mark and span, in the order of time within each lane.
    """
    twin = table(("Lane", "From", "To", "What"), [row for lane in lanes for row in _rows(lane)])
    days = [day for lane in lanes for day in _days(lane)]
    if not days:
        return Picture(nothing(width, title, "Nothing has happened yet"), title, twin)
    is_narrow = width < NARROW_BELOW
    first, last = since or min(days), until or max(days)
    left = 10.0 if is_narrow else min(max(svg.text_width(lane.name, TEXT) for lane in lanes) + 24, 180.0)
    row = _LANE + (_NAME_ROW if is_narrow else 0.0)
    bottom = row * len(lanes) + 4
    low = float(first.toordinal())
    across = Scale(low, max(float(last.toordinal()), low + 1), left, width - 14)
    frame = Frame(width, across, Scale(0, 1, bottom, 0), "date")
    drawn, over = [], []
    for index, lane in enumerate(lanes):
        middle = index * row + row - _LANE / 2
        groups = _groups(frame, lane.marks)
        drawn += [_ground(frame, lane, index * row, middle), *(_span(frame, one, middle, groups) for one in lane.spans)]
        drawn += [_mark(frame, group, middle) for group in groups]
        over += [_over_span(frame, one, middle) for one in lane.spans if _is_inside(frame, one)]
        over += [_over_marks(frame, group, middle) for group in groups]
    axis, _ = x_axis(frame, bottom + 18)
    said = f"{fmt.day(first)} to {fmt.day(last)}: " + ", ".join(_counted(lane) for lane in lanes) + "."
    hits = marks.hits(*over)
    picture = drawing(*drawn, axis, width=width, height=bottom + 26, title=title, description=said, points=hits)
    return Picture(picture, title, twin)


def _days(lane: Lane) -> list[date]:
    ends = [end for span in lane.spans for end in (span.start, span.end) if end is not None]
    return [*(mark.at for mark in lane.marks), *ends]


def _ground(frame: Frame, lane: Lane, top: float, middle: float) -> str:
    line = svg.line(frame.x.start, middle, frame.x.end, middle, "grid") if lane.marks else ""
    if frame.is_narrow:
        return line + svg.text(svg.fit(lane.name, frame.width - 8, TEXT), 0, top + 13, class_="name")
    return line + svg.text(svg.fit(lane.name, frame.x.start - 20, TEXT), 0, middle + 4, class_="name")


def _is_inside(frame: Frame, span: Span) -> bool:
    end = frame.x.high if span.end is None else span.end.toordinal()
    return span.start.toordinal() <= frame.x.high and end >= frame.x.low


def _extent(frame: Frame, span: Span) -> tuple[float, float]:
    """Left edge and width, at least as wide as can be seen."""
    left = frame.at(span.start)
    right = frame.x.end if span.end is None else frame.at(span.end)
    return left, max(right - left, 4.0)


def _span(frame: Frame, span: Span, middle: float, groups: Sequence[Sequence[Mark]]) -> str:
    """A bar, named where its name covers no mark."""
    if not _is_inside(frame, span):
        return ""
    left, width = _extent(frame, span)
    box = svg.rect(left, middle - 10, width, 20, rx=4, class_=f"span is-{span.tone}")
    name = svg.fit(span.label, width - 12, SMALL)
    end = left + 12 + svg.text_width(name, SMALL)
    is_free = not any(left - 8 < frame.at(group[0].at) < end for group in groups)
    return box + (svg.text(name, left + 6, middle + 4, class_="small name") if len(name) > 2 and is_free else "")


def _groups(frame: Frame, found: Sequence[Mark]) -> list[list[Mark]]:
    """Marks on the axis; each within reach of the first of its group joins it."""
    groups: list[list[Mark]] = []
    for mark in sorted(found, key=lambda mark: mark.at):
        if not frame.x.low <= mark.at.toordinal() <= frame.x.high:
            continue
        if groups and frame.at(mark.at) - frame.at(groups[-1][0].at) < _NEAR:
            groups[-1].append(mark)
        else:
            groups.append([mark])
    return groups


def _mark(frame: Frame, group: Sequence[Mark], middle: float) -> str:
    """One circle, coloured where all of the group have the same tone."""
    tones = {mark.tone for mark in group}
    tone = tones.pop() if len(tones) == 1 else "quiet"
    radius = 4.5 if len(group) == 1 else 7.0
    circle = svg.element("circle", cx=frame.at(group[0].at), cy=middle, r=radius, class_=f"event {tone}")
    if len(group) == 1:
        return circle
    return circle + svg.text(_few(len(group)), frame.at(group[0].at), middle + 3.5, class_="badge-number")


def _few(count: int) -> str:
    return str(count) if count < 10 else "9+"


def _over_span(frame: Frame, span: Span, middle: float) -> str:
    left, width = _extent(frame, span)
    until = "now" if span.end is None else fmt.day(span.end)
    said = f"{span.label}\n{fmt.day(span.start)} to {until}"
    return marks.over(said, href=span.href, x=left, y=middle - 11, width=width, height=22, rx=4)


def _over_marks(frame: Frame, group: Sequence[Mark], middle: float) -> str:
    told = [f"{fmt.day(mark.at)}: {svg.fit(mark.text, 600, 10)}" for mark in group[:_TOLD]]
    more = [f"and {len(group) - _TOLD} more"] if len(group) > _TOLD else []
    href = group[0].href if len(group) == 1 else None
    return marks.over("\n".join([*told, *more]), "circle", href, cx=frame.at(group[0].at), cy=middle, r=9)


def _counted(lane: Lane) -> str:
    return f"{lane.name} {fmt.number(len(lane.marks) + len(lane.spans))}"


def _rows(lane: Lane) -> list[tuple[str, str, str, str]]:
    things = [(mark.at, "", mark.text) for mark in lane.marks]
    things += [(one.start, "now" if one.end is None else fmt.day(one.end), one.label) for one in lane.spans]
    ordered = sorted(things, key=lambda thing: thing[0])
    return [(lane.name, fmt.day(start), end, what) for start, end, what in ordered]
