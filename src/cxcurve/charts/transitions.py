"""How many went from one stage to the next, as ribbons as wide as they were many: to the right, or down on a phone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from cxcurve.charts import format as fmt
from cxcurve.charts import marks, svg
from cxcurve.charts.frame import NARROW_BELOW, TEXT, WIDE
from cxcurve.charts.marks import Tone
from cxcurve.charts.picture import Picture, drawing, nothing, table

_THICK, _GAP = 12.0, 18.0
_LONG, _LABEL_ROOM = 340.0, 118.0
_STEP_DOWN, _MARGIN = 104.0, 4.0


@dataclass(frozen=True, slots=True)
class Node:
    """A stage, or an end. Those of one `column` stand beside each other, in the order given."""

    key: str
    label: str
    column: int
    tone: Tone = "level"
    href: str | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """How many went from one node to another; coloured as where they went, unless it has a tone of its own."""

    source: str
    target: str
    value: float
    tone: Tone | None = None
    href: str | None = None


@dataclass(frozen=True, slots=True)
class _Box:
    """A node's place: `along` the way customers go, and from `start`, `size` wide, across it."""

    node: Node
    value: float
    along: float
    start: float
    size: float


@dataclass(frozen=True, slots=True)
class _Ribbon:
    """A link's place: where it leaves and where it arrives, across the way."""

    link: Link
    source: _Box
    target: _Box
    leaves: float
    arrives: float
    size: float


def transitions(
    nodes: Sequence[Node],
    links: Sequence[Link],
    *,
    noun: str = "customer",
    width: float = WIDE,
    title: str = "From stage to stage",
) -> Picture:
    """Nodes with the ribbons between them.

    Args:
        nodes: stages and ends, each in its column, from 0.
        links: between nodes; those that do not lead to a later column are told in the table alone.
        noun: what is counted.
        width: pixels at full size; under 600 it is drawn for a phone, from the top down.
        title: the accessible name.

    Returns:
        The picture; its table has one row per link.

    Raises:
        ValueError: a link names a node that is not there.
    """
    by_key = {node.key: node for node in nodes}
    unknown = sorted({key for link in links for key in (link.source, link.target)} - set(by_key))
    if unknown:
        raise ValueError(f"links name nodes that are not there: {', '.join(unknown)}")
    total_of = {node.key: _leaving(links, node.key) for node in nodes}
    twin = table(("From", "To", noun.capitalize() + "s", "Share"), [_row(by_key, link, total_of) for link in links])
    forward = [link for link in links if link.value > 0 and by_key[link.source].column < by_key[link.target].column]
    if not forward:
        return Picture(nothing(width, title, "Nobody has moved on yet"), title, twin)
    is_down = width < NARROW_BELOW
    boxes = _boxes(nodes, forward, width, is_down=is_down)
    ribbons = _ribbons(forward, boxes)
    height = _height(boxes, is_down=is_down)
    drawn = [
        *(_ribbon(one, is_down=is_down) for one in ribbons),
        *(_bar(one, is_down=is_down) for one in boxes.values()),
    ]
    labels = svg.group(*(_label(box, boxes, width, is_down=is_down) for box in boxes.values()))
    over = marks.hits(
        *(_over_ribbon(one, noun, total_of[one.link.source], is_down=is_down) for one in ribbons),
        *(_over_bar(one, noun, is_down=is_down) for one in boxes.values()),
    )
    said = _told(forward, by_key, len(links) - len(forward))
    picture = drawing(*drawn, labels, width=width, height=height, title=title, description=said, points=over)
    return Picture(picture, title, twin)


def _leaving(links: Sequence[Link], key: str) -> float:
    return sum(link.value for link in links if link.source == key)


def _boxes(nodes: Sequence[Node], links: Sequence[Link], width: float, *, is_down: bool) -> dict[str, _Box]:
    """Every node that something leads to or from; its size is the larger of what comes and what goes."""
    values = {
        node.key: max(_leaving(links, node.key), sum(link.value for link in links if link.target == node.key))
        for node in nodes
    }
    shown = [node for node in nodes if values[node.key] > 0]
    columns = sorted({node.column for node in shown})
    room = width - 2 * _MARGIN if is_down else _LONG
    gap = 40.0 if is_down else _GAP
    stacks = [[node for node in shown if node.column == column] for column in columns]
    scale = min((room - gap * (len(s) - 1)) / sum(values[node.key] for node in s) for s in stacks)
    step = _STEP_DOWN if is_down else (width - _LABEL_ROOM - _THICK) / max(len(columns) - 1, 1)
    found = {}
    for place, stack in enumerate(stacks):
        start = _MARGIN
        for node in stack:
            size = max(values[node.key] * scale, 1.5)
            along = (22.0 if is_down else 0.0) + place * step
            found[node.key] = _Box(node, values[node.key], along, start, size)
            start += size + gap
    return found


def _ribbons(links: Sequence[Link], boxes: Mapping[str, _Box]) -> list[_Ribbon]:
    """At each node in the order of the other ends, so that ribbons cross as little as they can."""
    placed = [_Ribbon(link, boxes[link.source], boxes[link.target], 0.0, 0.0, 0.0) for link in links]
    scale = {key: box.size / box.value for key, box in boxes.items()}
    at = {key: box.start for key, box in boxes.items()}
    for index in sorted(range(len(placed)), key=lambda i: (placed[i].target.along, placed[i].target.start)):
        key, size = placed[index].link.source, placed[index].link.value * scale[placed[index].link.source]
        placed[index] = replace(placed[index], leaves=at[key], size=size)
        at[key] += size
    at = {key: box.start for key, box in boxes.items()}
    for index in sorted(range(len(placed)), key=lambda i: (placed[i].source.start, placed[i].source.along)):
        key = placed[index].link.target
        placed[index] = replace(placed[index], arrives=at[key])
        at[key] += placed[index].size
    return placed


def _height(boxes: Mapping[str, _Box], *, is_down: bool) -> float:
    if is_down:
        return max(box.along for box in boxes.values()) + _THICK + _MARGIN
    return max(box.start + box.size for box in boxes.values()) + _MARGIN


def _pair(along: float, across: float, is_down: bool) -> str:
    x, y = (across, along) if is_down else (along, across)
    return f"{svg.number(x)} {svg.number(y)}"


def _shape(one: _Ribbon, is_down: bool) -> str:
    """Two curves that leave and arrive straight on."""
    start, end = one.source.along + _THICK, one.target.along
    middle = (start + end) / 2

    def curve(a: float, from_: float, b: float, to: float) -> str:
        return f"C{_pair(middle, from_, is_down)} {_pair(middle, to, is_down)} {_pair(b, to, is_down)}"

    there = f"M{_pair(start, one.leaves, is_down)}{curve(start, one.leaves, end, one.arrives)}"
    low_out, low_in = one.leaves + one.size, one.arrives + one.size
    return f"{there}L{_pair(end, low_in, is_down)}{curve(end, low_in, start, low_out)}Z"


def _ribbon(one: _Ribbon, *, is_down: bool) -> str:
    return svg.element("path", d=_shape(one, is_down), class_=f"ribbon {one.link.tone or one.target.node.tone}")


def _bar(box: _Box, *, is_down: bool) -> str:
    x, y, width, height = _rect(box, is_down)
    return svg.rect(x, y, width, height, rx=2.5, class_=f"bar {box.node.tone}")


def _rect(box: _Box, is_down: bool) -> tuple[float, float, float, float]:
    if is_down:
        return box.start, box.along, box.size, _THICK
    return box.along, box.start, _THICK, box.size


def _label(box: _Box, boxes: Mapping[str, _Box], width: float, *, is_down: bool) -> str:
    """Beside a node, or over it on a phone, where the first of two neighbours takes what room there is."""
    value = fmt.number(box.value)
    if is_down:
        right = min((b.start for b in boxes.values() if b.along == box.along and b.start > box.start), default=width)
        x = min(box.start, width - 64)
        name = svg.fit(box.node.label, right - x - svg.text_width(value, TEXT) - 12, TEXT)
        return _named(name, value, x, box.along - 7)
    later = [b.along for b in boxes.values() if b.along > box.along]
    room = (min(later) if later else width) - box.along - _THICK - 16
    name = svg.fit(box.node.label, room - svg.text_width(value, TEXT) - 6, TEXT)
    return _named(name, value, box.along + _THICK + 8, box.start + box.size / 2 + 4)


def _named(name: str, value: str, x: float, y: float) -> str:
    shown = svg.element("tspan", svg.escape(name + " "), class_="strong") if name else ""
    return svg.element("text", shown, svg.element("tspan", svg.escape(value)), x=x, y=y, class_="halo")


def _over_ribbon(one: _Ribbon, noun: str, leaving: float, *, is_down: bool) -> str:
    said = f"{one.source.node.label} to {one.target.node.label}: {fmt.plural(one.link.value, noun)}"
    share = f"\n{fmt.share(one.link.value / leaving)} of those who left {one.source.node.label}"
    return marks.over(said + share, "path", one.link.href, d=_shape(one, is_down))


def _over_bar(box: _Box, noun: str, *, is_down: bool) -> str:
    x, y, width, height = _rect(box, is_down)
    return marks.over(
        f"{box.node.label}: {fmt.plural(box.value, noun)}", href=box.node.href, x=x, y=y, width=width, height=height
    )


def _row(by_key: Mapping[str, Node], link: Link, leaving: Mapping[str, float]) -> tuple[str, ...]:
    share = fmt.share(link.value / leaving[link.source]) if leaving[link.source] else fmt.NOTHING
    return by_key[link.source].label, by_key[link.target].label, fmt.number(link.value), share


def _told(links: Sequence[Link], by_key: Mapping[str, Node], n_others: int) -> str:
    largest = sorted(links, key=lambda link: -link.value)[:3]
    said = ", ".join(f"{by_key[o.source].label} to {by_key[o.target].label} {fmt.number(o.value)}" for o in largest)
    others = f" {n_others} ways that lead back, or nobody went, are in the table alone." if n_others else ""
    return f"Widest: {said}.{others}"
