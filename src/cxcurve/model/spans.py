"""Places in the text of a YAML file: where its nodes begin and end, and pieces to put there."""

from __future__ import annotations

from dataclasses import dataclass

import yaml

from cxcurve.model.documents import Loc


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of the text, by its characters, and what is to stand there."""

    start: int
    end: int
    new: str

    def put_in(self, text: str) -> str:
        """The text with it."""
        return text[: self.start] + self.new + text[self.end :]


def added_in_flow(node: yaml.CollectionNode, entry: str) -> Span:
    """A further entry of a mapping or list in brackets."""
    if not node.value:
        place = extent(node)[0] + 1
        return Span(place, place, entry)
    last = node.value[-1]
    place = end_of(last[1] if isinstance(last, tuple) else last)
    return Span(place, place, f", {entry}")


def added_below(text: str, node: yaml.CollectionNode, entry: str) -> Span:
    """A further entry below the last of a mapping or list, on a line of its own."""
    first = node.value[0]
    mark = first[0].start_mark if isinstance(first, tuple) else node.start_mark
    place = line_end(text, end_of(node))
    return Span(place, place, f"{break_of(text)}{' ' * mark.column}{entry}")


def without_lines(text: str, start: int, end: int) -> Span:
    """Without the lines from the start of one to the end of that of a place."""
    end = line_end(text, end)
    after = text[end : end + 2]
    if after:
        return Span(start, end + (2 if after == "\r\n" else 1), "")
    return Span(len(text[:start].rstrip("\r\n")), end, "")  # the last line of a file that ends without a break


def at(node: yaml.Node | None, loc: Loc) -> yaml.Node | None:
    """What is at a place."""
    for step in loc:
        node = inside(node, step)
    return node


def inside(node: yaml.Node | None, step: str | int) -> yaml.Node | None:
    """What a mapping has under a key, or a list at a position."""
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == step), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        found: yaml.Node = node.value[step]
        return found
    return None


def extent(node: yaml.Node) -> tuple[int, int]:
    """Where a node begins and ends."""
    return node.start_mark.index, node.end_mark.index


def end_of(node: yaml.Node) -> int:
    """Where what a node says ends: one that is written in lines would end where the next begins, comments and all."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return end_of(last[1] if isinstance(last, tuple) else last)
    start, end = extent(node)
    text = node.start_mark.buffer
    is_in_lines = isinstance(node, yaml.ScalarNode) and node.style in ("|", ">")
    return start + len(text[start:end].rstrip()) if is_in_lines and text is not None else end


def line_end(text: str, place: int) -> int:
    """Where the line ends, before its break."""
    found = text.find("\n", place)
    end = len(text) if found < 0 else found
    return end - 1 if text[end - 1 : end] == "\r" and end > place else end


def break_of(text: str) -> str:
    """How its lines end."""
    return "\r\n" if "\r\n" in text else "\n"
