"""A value of a YAML file changed where it stands: comments, order and everything else stay byte for byte as they are.

Each change is read again before it is given out, so that one that would say anything else is refused instead.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import yaml

from cxcurve.errors import BadValueError
from cxcurve.model.documents import Loc, document_of, node_of

NAME = "name"
"""Where an entry of a list is a text alone, it is the value of this key."""
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}
_PRINTED = re.compile(r"[\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class _Span:
    """A piece of the text, by its characters, and what is to stand there."""

    start: int
    end: int
    new: str


def written_in(text: str, loc: Loc) -> dict[str, str]:
    """The single values of a mapping, as a form shows them: a number as it is written, a text without its quotes.

    What is empty, or no single value, is left out.
    """
    node: yaml.Node | None = node_of(text)
    for step in loc:
        node = _inside(node, step)
    pairs = node.value if isinstance(node, yaml.MappingNode) else ()
    return {key.value: str(one.value) for key, one in pairs if isinstance(one, yaml.ScalarNode) and one.value != ""}


def changed(text: str, loc: Loc, value: str | None, *, is_text: bool = False) -> str:
    """The text with another value at a place, or without the key there.

    Args:
        text: the file.
        loc: the place; the mapping it is in must be there, the key need not.
        value: what to write, as a person types it: `0.7` becomes a number. None takes the key out.
        is_text: it is read as text even where it looks like a number.

    Raises:
        BadValueError: it cannot be changed in place; the file is to be changed by hand.
    """
    refusal = BadValueError(f"{_said(loc)} cannot be changed in place; change it in the file itself")
    try:
        node = node_of(text)
    except (yaml.YAMLError, RecursionError) as error:
        raise BadValueError("The file is no YAML; mend it first") from error
    for step in loc[:-1]:
        node = _inside(node, step)
    key = loc[-1]
    written = None if value is None else _written(value, is_text=is_text)
    span = _removed(text, node, str(key)) if written is None else _set(text, node, str(key), written)
    if span is None:
        raise refusal
    made = text[: span.start] + span.new + text[span.end :]
    if not _says(made, text, loc, written):
        raise refusal
    return made


def _set(text: str, node: yaml.Node | None, key: str, written: str) -> _Span | None:
    if isinstance(node, yaml.ScalarNode):
        return _opened(text, node, key, written)
    if not isinstance(node, yaml.MappingNode):
        return None
    there = _inside(node, key)
    if isinstance(there, yaml.ScalarNode):
        return _replaced(text, there, written)
    if there is not None:
        return None
    return _added_in_flow(text, node, key, written) if node.flow_style else _added_in_block(text, node, key, written)


def _replaced(text: str, node: yaml.ScalarNode, written: str) -> _Span:
    start, end = _extent(node)
    if start == end:
        return _Span(start, end, f" {written}")
    tail = text[start:end][len(text[start:end].rstrip()) :]  # a folded text ends after its line
    return _Span(start, end, _like(node, written) + tail)


def _opened(text: str, node: yaml.ScalarNode, key: str, written: str) -> _Span:
    """A place where a mapping may stand has nothing yet, or a name alone."""
    start, end = _extent(node)
    if node.tag.endswith(":null"):
        return _Span(start, end, f"{' ' if start == end else ''}{{{key}: {written}}}")
    return _Span(start, end, f"{{{NAME}: {text[start:end]}, {key}: {written}}}")


def _added_in_flow(text: str, node: yaml.MappingNode, key: str, written: str) -> _Span:
    if not node.value:
        place = _extent(node)[0] + 1
        return _Span(place, place, f"{key}: {written}")
    place = _extent(node.value[-1][1])[1]
    return _Span(place, place, f", {key}: {written}")


def _added_in_block(text: str, node: yaml.MappingNode, key: str, written: str) -> _Span:
    """A line of its own below the first key where that is one line, else above it."""
    first, value = node.value[0]
    indent = " " * first.start_mark.column
    break_ = "\r\n" if "\r\n" in text else "\n"
    if isinstance(value, yaml.ScalarNode) and value.start_mark.line == value.end_mark.line == first.start_mark.line:
        place = _line_end(text, _extent(value)[1])
        return _Span(place, place, f"{break_}{indent}{key}: {written}")
    place = _extent(first)[0]
    return _Span(place, place, f"{key}: {written}{break_}{indent}")


def _removed(text: str, node: yaml.Node | None, key: str) -> _Span | None:
    """Without the key; nothing is to be done where it is not there."""
    if not isinstance(node, yaml.MappingNode) or _inside(node, key) is None:
        return _Span(0, 0, "")
    names = [one.value for one, _ in node.value]
    place = names.index(key)
    start, end = _extent(node.value[place][0])[0], _extent(node.value[place][1])[1]
    if node.flow_style:
        if place + 1 < len(names):
            return _Span(start, _extent(node.value[place + 1][0])[0], "")
        return _Span(_extent(node.value[place - 1][1])[1] if place else start, end, "")
    line = text.rfind("\n", 0, start) + 1
    if text[line:start].strip() or len(names) == 1:
        return None
    end = _line_end(text, len(text[:end].rstrip("\r\n")))
    after = text[end : end + 2]
    if after:
        return _Span(line, end + (2 if after == "\r\n" else 1), "")
    return _Span(len(text[:line].rstrip("\r\n")), end, "")  # the last line of a file that ends without a break


def _says(made: str, text: str, loc: Loc, written: str | None) -> bool:
    """Whether the new text says the new value there, and of all else what the old one did."""
    (new, _), (old, _) = document_of("", made), document_of("", text)
    wanted, found = (None if one is None else _settled(one.value, loc[:-1]) for one in (old, new))
    if wanted is None or found is None:
        return False
    wanted_in, key = _at(wanted, loc[:-1]), loc[-1]
    if written is None:
        wanted_in.pop(key, None)
    else:
        wanted_in[key] = yaml_value(written)
    return bool(wanted == found)


def yaml_value(written: str) -> Any:
    """What a value as it is written says."""
    document, _ = document_of("", f"value: {written}")
    return None if document is None else document.value["value"]


def _settled(value: Any, loc: Loc) -> Any:
    """The values with a mapping at `loc`; None where there cannot be one."""
    if not loc:
        return {} if value is None else value if isinstance(value, dict) else None
    step: Any = loc[0]
    try:
        there = value[step]
    except (KeyError, IndexError, TypeError):
        return None
    is_name_alone = len(loc) == 1 and isinstance(value, list) and isinstance(there, str)
    inside = {NAME: there} if is_name_alone else _settled(there, loc[1:])
    if inside is None:
        return None
    value[step] = inside
    return value


def _at(value: Any, loc: Loc) -> Any:
    for step in loc:
        value = value[step]
    return value


def _written(value: str, *, is_text: bool) -> str:
    """A value as YAML: plain where that says it anywhere, else in quotes."""
    return value if _is_plain(value, is_text=is_text) else _quoted(value)


def _is_plain(value: str, *, is_text: bool) -> bool:
    kinds = {_kind_in(frame, value) for frame in (f"{{key: {value}, other: 1}}", f"key: {value}\nother: 1")}
    return kinds == {"str"} or (not is_text and len(kinds) == 1 and not kinds & {"", "null"})


def _kind_in(frame: str, value: str) -> str:
    """What a plain value is read as in a mapping of two; empty where it is not read as it is written."""
    try:
        node = node_of(frame)
    except yaml.YAMLError:
        return ""
    inside = _inside(node, "key")
    is_whole = isinstance(node, yaml.MappingNode) and [key.value for key, _ in node.value] == ["key", "other"]
    if not (is_whole and isinstance(inside, yaml.ScalarNode) and inside.value == value and inside.style is None):
        return ""
    return inside.tag.rpartition(":")[2]


def _quoted(value: str) -> str:
    return '"' + "".join(_escaped(one) for one in value) + '"'


def _escaped(one: str) -> str:
    if one in _ESCAPES:
        return _ESCAPES[one]
    return one if _PRINTED.match(one) else f"\\U{ord(one):08x}"


def _like(old: yaml.ScalarNode, written: str) -> str:
    """A text that stood in double quotes without need stays in them."""
    was_styled = old.style == '"' and _is_plain(old.value, is_text=True)
    is_plain_text = not written.startswith('"') and isinstance(yaml_value(written), str)
    return _quoted(written) if was_styled and is_plain_text else written


def _inside(node: yaml.Node | None, step: str | int) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == step), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        found: yaml.Node = node.value[step]
        return found
    return None


def _extent(node: yaml.Node) -> tuple[int, int]:
    return node.start_mark.index, node.end_mark.index


def _line_end(text: str, place: int) -> int:
    """Where the line ends, before its break."""
    found = text.find("\n", place)
    end = len(text) if found < 0 else found
    return end - 1 if text[end - 1 : end] == "\r" and end > place else end


def _said(loc: Loc) -> str:
    return ", ".join(str(step) for step in loc)
