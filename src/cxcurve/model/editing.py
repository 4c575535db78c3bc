"""A value of a YAML file changed where it stands: comments, order and everything else stay byte for byte as they are.

Each change is read again before it is given out, so that one that would say anything else is refused instead.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import yaml

from cxcurve.errors import BadValueError
from cxcurve.model.documents import Document, Loc, node_of, told_by
from cxcurve.model.scalars import key_written, like, written, yaml_value
from cxcurve.model.spans import (
    Span,
    added_below,
    added_in_flow,
    at,
    break_of,
    end_of,
    extent,
    inside,
    line_end,
    without_lines,
)

NAME = "name"
"""Where an entry of a list is a text alone, it is the value of this key."""


def written_in(text: str, loc: Loc) -> dict[str, str]:
    """The single values and lists of texts of a mapping, as a form shows them: without quotes, a list by lines.

    What stands in a mapping within is named with a dot: `bridge.to`. What is empty, or anything else, is left out.
    """
    node = at(parsed(text), loc)
    return dict(_written_of(node, "")) if isinstance(node, yaml.MappingNode) else {}


def _written_of(node: yaml.MappingNode, above: str) -> Iterator[tuple[str, str]]:
    for key, one in node.value:
        name = f"{above}{key.value}"
        if isinstance(one, yaml.MappingNode):
            yield from _written_of(one, f"{name}.")
        elif isinstance(one, yaml.SequenceNode):
            if all(isinstance(entry, yaml.ScalarNode) for entry in one.value):
                yield name, "\n".join(str(entry.value) for entry in one.value)
        elif one.value != "":
            yield name, str(one.value)


def changed(text: str, loc: Loc, value: str | Sequence[str] | None, *, is_text: bool = False) -> str:
    """The text with another value at a place, or without the key there.

    Args:
        text: the file.
        loc: the place; mappings above it that are not there are made.
        value: what to write, as a person types it: `0.7` becomes a number, several texts a list; None takes it out.
        is_text: it is read as text even where it looks like a number.

    Raises:
        BadValueError: it cannot be changed in place; the file is to be changed by hand.
    """
    root = parsed(text)
    if value is None:
        span = _removed(text, at(root, loc[:-1]), str(loc[-1]))
    else:
        span = _set(text, root, loc, written(value, is_text=is_text))
    return checked(text, span, loc, lambda said: _with(said, loc, _said_by(value, is_text=is_text)))


def parsed(text: str) -> yaml.Node | None:
    """The nodes of a file.

    Raises:
        BadValueError: it is no YAML.
    """
    try:
        return _read(text)[0]
    except (yaml.YAMLError, RecursionError) as error:
        raise BadValueError("The file is no YAML; mend it first") from error


@functools.lru_cache(maxsize=64)
def _read(text: str) -> tuple[yaml.Node | None, Document]:
    """The nodes of a text and what they say: of a draft of many changes each text is asked for often."""
    node = node_of(text)
    return node, told_by("", node)[0]


def said_in(text: str) -> Document:
    """What a text says; it is kept, and nobody may change it.

    Raises:
        BadValueError: it is no YAML.
    """
    parsed(text)
    return _read(text)[1]


def checked(text: str, span: Span | None, loc: Loc, wanted: Callable[[Any], Any]) -> str:
    """The text with a change, where it then says exactly what is wanted.

    Args:
        text: as it was.
        span: what changes; None where nothing can.
        loc: what is changed, for the message.
        wanted: what the file is to say, of what it says.

    Raises:
        BadValueError: it cannot be changed in place, or would say something else.
    """
    if span is not None:
        made = span.put_in(text)
        try:
            is_right = is_same(wanted(_read(text)[1].value), _read(made)[1].value)
        except (yaml.YAMLError, RecursionError):
            is_right = False
        if is_right:
            return made
    raise BadValueError(f"{', '.join(map(str, loc))} cannot be changed in place; change it in the file itself")


def is_same(one: Any, other: Any) -> bool:
    """Whether two documents say the same: a number is no text, and true is not 1."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(is_same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(is_same, one, other))
    return type(one) is type(other) and bool(one == other)


def _set(text: str, root: yaml.Node | None, loc: Loc, value: str) -> Span | None:
    """A value at a place; the mappings above that are missing are written with it."""
    node, key = at(root, loc[:-1]), key_written(loc[-1])
    if node is None and len(loc) > 2:
        return _set(text, root, loc[:-1], f"{{{key}: {value}}}")
    if node is None and isinstance(root, yaml.MappingNode) and not root.flow_style:  # a section of its own
        return added_below(text, root, f"{key_written(loc[0])}:{break_of(text)}  {key}: {value}")
    if isinstance(node, yaml.ScalarNode):
        return _opened(text, node, key, value)
    if not isinstance(node, yaml.MappingNode):
        return None
    there = inside(node, loc[-1])
    return _put(text, node, key, value, loc) if there is None else _replaced(text, there, value)


def _put(text: str, node: yaml.MappingNode, key: str, value: str, loc: Loc) -> Span:
    """A key that is not there yet."""
    if node.flow_style:
        return added_in_flow(node, f"{key}: {value}")
    if len(loc) <= 2:  # an entry of a section
        return added_below(text, node, f"{key}: {value}")
    return _added_in_block(text, node, key, value)


def _replaced(text: str, node: yaml.Node, value: str) -> Span | None:
    if isinstance(node, yaml.SequenceNode):
        return _replaced_list(text, node, value)
    return _replaced_scalar(node, text, value) if isinstance(node, yaml.ScalarNode) else None


def _replaced_scalar(node: yaml.ScalarNode, text: str, value: str) -> Span:
    start, end = extent(node)
    if start == end:
        return Span(start, end, f" {value}")
    tail = text[start:end][len(text[start:end].rstrip()) :]  # a folded text ends after its line
    return Span(start, end, like(node, value) + tail)


def _replaced_list(text: str, node: yaml.SequenceNode, value: str) -> Span | None:
    """A list stays below its key or behind it, as it was; where there are comments in it, a person sees to them."""
    places = [extent(one) for one in node.value]
    start, end = node.start_mark.index, end_of(node)
    between = [text[a:b] for (_, a), (b, _) in itertools.pairwise([(0, start), *places, (end, 0)])]
    if any("#" in one for one in between):
        return None
    new = node_of(value)
    if not isinstance(new, yaml.SequenceNode):
        return None
    if node.flow_style:
        return Span(start, end, value)
    above = text[text.rfind("\n", 0, start) + 1 : start]
    if above.strip():
        return None
    entries = [value[slice(*extent(one))] for one in new.value]
    return Span(start, end, f"{break_of(text)}{above}".join(f"- {one}" for one in entries))


def _opened(text: str, node: yaml.ScalarNode, key: str, value: str) -> Span:
    """A place where a mapping may stand has nothing yet, or a name alone."""
    start, end = extent(node)
    if node.tag.endswith(":null"):
        return Span(start, end, f"{' ' if start == end else ''}{{{key}: {value}}}")
    return Span(start, end, f"{{{NAME}: {text[start:end]}, {key}: {value}}}")


def _added_in_block(text: str, node: yaml.MappingNode, key: str, value: str) -> Span:
    """A line of its own below the first key where that is one line, else above it."""
    first, there = node.value[0]
    indent = " " * first.start_mark.column
    if isinstance(there, yaml.ScalarNode) and there.start_mark.line == there.end_mark.line == first.start_mark.line:
        place = line_end(text, extent(there)[1])
        return Span(place, place, f"{break_of(text)}{indent}{key}: {value}")
    place = extent(first)[0]
    return Span(place, place, f"{key}: {value}{break_of(text)}{indent}")


def _removed(text: str, node: yaml.Node | None, key: str) -> Span | None:
    """Without the key; nothing is to be done where it is not there."""
    if not isinstance(node, yaml.MappingNode) or inside(node, key) is None:
        return Span(0, 0, "")
    names = [one.value for one, _ in node.value]
    place = names.index(key)
    start, end = extent(node.value[place][0])[0], end_of(node.value[place][1])
    if node.flow_style:
        if place + 1 < len(names):
            return Span(start, extent(node.value[place + 1][0])[0], "")
        return Span(end_of(node.value[place - 1][1]) if place else start, end, "")
    line = text.rfind("\n", 0, start) + 1
    if text[line:start].strip():
        return None
    return Span(start, end, "{}") if len(names) == 1 else without_lines(text, line, end)


def _with(value: Any, loc: Loc, new: Any) -> Any:
    """The values with another at a place, or without it; mappings above it that are missing are made."""
    if not loc:
        return new
    step, rest = loc[0], loc[1:]
    if isinstance(step, int):
        one = value[step]
        one = {NAME: one} if isinstance(one, str) else one
        return [*value[:step], _with(one, rest, new), *value[step + 1 :]]
    if not isinstance(value, dict | None):
        raise BadValueError(f"{step} stands where no mapping is")
    said = {} if value is None else dict(value)
    if new is None and step not in said:
        return value
    if new is None and not rest:
        del said[step]
        return said
    return {**said, step: _with(said.get(step), rest, new)}


def _said_by(value: str | Sequence[str] | None, *, is_text: bool) -> Any:
    if value is None or not isinstance(value, str):
        return None if value is None else list(value)
    return value if is_text else yaml_value(written(value, is_text=False))
