"""Whole entries of journey.yaml and sources.yaml: added, removed, renamed, moved, and what refers to them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import yaml

from cxcurve.errors import BadValueError
from cxcurve.model.documents import Loc
from cxcurve.model.editing import NAME, changed, checked, parsed
from cxcurve.model.scalars import key_written, written
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

Kind = Literal["signal", "stage"]


@dataclass(frozen=True, slots=True)
class Reference:
    """A place that names a signal or a stage; `is_key` where its own key does."""

    loc: Loc
    is_key: bool = False

    def __str__(self) -> str:
        return ", ".join(str(step) for step in self.loc)


# --- what refers to what


def references(said: Mapping[str, Any], kind: Kind, name: str) -> list[Reference]:
    """The places of a journey that name a signal or a stage, but for its own."""
    found = _of_signal(said) if kind == "signal" else _of_stage(said)
    return [one for one, named in found if named == name]


def made_by(said: Any, signal: str) -> list[Reference]:
    """The places of sources.yaml that make a signal."""
    found = []
    for key, source in (said if isinstance(said, dict) else {}).items():
        one = source if isinstance(source, dict) else {}
        found += [Reference((key, "events", signal), is_key=True)] if signal in (one.get("events") or {}) else []
        found += [
            Reference((key, "rename", raw)) for raw, event in (one.get("rename") or {}).items() if event == signal
        ]
        found += [Reference((key, "event"))] if one.get("event") == signal else []
    return found


def _of_signal(said: Mapping[str, Any]) -> Iterator[tuple[Reference, Any]]:
    for name, one in _mapping(said, "signals").items():
        yield from _named(one, ("signals", name), ("after", "until"))
    yield from _named(said, (), ("exits",))
    yield from _named(said.get("time_to_value"), ("time_to_value",), ("from", "to"))
    yield from _named(said.get("recurring"), ("recurring",), ("starts", "adds", "removes", "changes", "ends"))


def _of_stage(said: Mapping[str, Any]) -> Iterator[tuple[Reference, Any]]:
    for name, one in _mapping(said, "signals").items():
        yield from _named(one, ("signals", name), ("stage",))
    for position, stage in enumerate(said.get("stages") or ()):
        bridge = stage.get("bridge") if isinstance(stage, dict) else None
        yield from _named(bridge, ("stages", position, "bridge"), ("to",))
    for name, state in _mapping(said, "states").items():
        yield from _named(state, ("states", name), ("stages",))
    for name in _mapping(said, "owners"):
        yield Reference(("owners", name), is_key=True), name


def _named(said: Any, loc: Loc, keys: Sequence[str]) -> Iterator[tuple[Reference, Any]]:
    """What some keys of a mapping name: one thing, or a list of them."""
    for key in keys if isinstance(said, dict) else ():
        value = said.get(key)
        if isinstance(value, list):
            yield from ((Reference((*loc, key, position)), one) for position, one in enumerate(value))
        elif value is not None:
            yield Reference((*loc, key)), value


def _mapping(said: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = said.get(key)
    return found if isinstance(found, dict) else {}


# --- the text


def added_signal(text: str, name: str) -> str:
    """With a further signal below the last, that says nothing yet."""
    root = parsed(text)
    signals, entry = inside(root, "signals"), f"{key_written(name)}: {{}}"
    if isinstance(signals, yaml.MappingNode) and signals.value:
        span: Span | None = added_in_flow(signals, entry) if signals.flow_style else added_below(text, signals, entry)
    elif isinstance(signals, yaml.MappingNode):
        span = Span(*extent(signals), f"{{{entry}}}")
    elif isinstance(root, yaml.MappingNode) and signals is None and not root.flow_style:
        span = added_below(text, root, f"signals:{break_of(text)}  {entry}")
    else:
        span = None

    def wanted(said: Mapping[str, Any]) -> dict[str, Any]:
        return {**said, "signals": {**_mapping(said, "signals"), name: {}}}

    return checked(text, span, ("signals", name), wanted)


def added_stage(text: str, name: str) -> str:
    """With a further stage behind the last."""
    stages = inside(parsed(text), "stages")
    span, written_name = None, written(name)
    if isinstance(stages, yaml.SequenceNode) and stages.flow_style:
        span = added_in_flow(stages, written_name)
    elif isinstance(stages, yaml.SequenceNode):
        span = added_below(text, stages, f"- name: {written_name}")
    is_alone = span is not None and not span.new.endswith(f"{NAME}: {written_name}")
    entry = name if is_alone else {NAME: name}
    return checked(text, span, ("stages",), lambda said: {**said, "stages": [*said["stages"], entry]})


def removed(text: str, loc: Loc) -> str:
    """Without an entry of a mapping or a list; comments that stand above it stay."""
    if isinstance(loc[-1], str):
        return changed(text, loc, None)
    entries, place, span = at(parsed(text), loc[:-1]), loc[-1], None
    if isinstance(entries, yaml.SequenceNode) and len(entries.value) > 1:
        if entries.flow_style:
            start, end = extent(entries.value[place])
            behind, before = entries.value[place + 1 :], entries.value[:place]
            span = Span(start, extent(behind[0])[0], "") if behind else Span(end_of(before[-1]), end, "")
        elif (line := _dash_line(text, entries.value[place])) is not None:
            span = without_lines(text, line, end_of(entries.value[place]))
    return checked(text, span, loc, lambda said: _in(said, loc[:-1], lambda old: [*old[:place], *old[place + 1 :]]))


def moved(text: str, loc: Loc, to: int) -> str:
    """With an entry of a list at another position; comments right above it go along."""
    entries, start = at(parsed(text), loc[:-1]), int(loc[-1])
    span = _moved(text, entries, start, to) if isinstance(entries, yaml.SequenceNode) else None
    return checked(text, span, loc, lambda said: _in(said, loc[:-1], lambda old: _put(old, start, to)))


def _moved(text: str, entries: yaml.SequenceNode, start: int, to: int) -> Span | None:
    """Entries change places; what is between two of them stays where it is."""
    if entries.flow_style:
        places = [(extent(one)[0], end_of(one)) for one in entries.value]
    else:
        lines = [_dash_line(text, one) for one in entries.value]
        begins = [None if line is None else _with_comments(text, line) for line in lines]
        if any(begin is None for begin in begins):
            return None
        places = [
            (begin or 0, line_end(text, end_of(one))) for begin, one in zip(begins, entries.value, strict=True)
        ]  # fmt: skip
    if any(a > b for (_, a), (b, _) in itertools.pairwise(places)):
        return None
    pieces = _put([text[a:b] for a, b in places], start, to)
    between = [text[a:b] for (_, a), (b, _) in itertools.pairwise(places)]
    new = "".join(part for pair in itertools.zip_longest(pieces, between, fillvalue="") for part in pair)
    return Span(places[0][0], places[-1][1], new)


def renamed(text: str, loc: Loc, name: str, *, is_key: bool = False) -> str:
    """With another text at a place, or another key of the mapping there; a stage that is a name alone stays one."""
    if is_key:
        above = at(parsed(text), loc[:-1])
        keys = [key for key, _ in above.value] if isinstance(above, yaml.MappingNode) else []
        key = next((one for one in keys if one.value == loc[-1]), None)
        span = None if key is None else Span(*extent(key), key_written(name))
        return checked(text, span, loc, lambda said: _in(said, loc[:-1], lambda old: _key_renamed(old, loc[-1], name)))
    node = at(parsed(text), loc)
    span = Span(*extent(node), written(name)) if isinstance(node, yaml.ScalarNode) else None
    return checked(text, span, loc, lambda said: _in(said, loc, lambda _: name))


def _key_renamed(said: Mapping[str, Any], old: Any, name: str) -> dict[str, Any]:
    if name in said:
        raise BadValueError(f'there is one called "{name}" already')
    return {name if key == old else key: value for key, value in said.items()}


def _in(value: Any, loc: Loc, change: Any) -> Any:
    """The values with what is at a place changed."""
    if not loc:
        return change(value)
    if isinstance(value, list):
        return [_in(one, loc[1:], change) if position == loc[0] else one for position, one in enumerate(value)]
    return {key: _in(one, loc[1:], change) if key == loc[0] else one for key, one in value.items()}


def _put(entries: Sequence[Any], start: int, to: int) -> list[Any]:
    """A list with one of its entries at another position."""
    others = [*entries[:start], *entries[start + 1 :]]
    return [*others[:to], entries[start], *others[to:]]


def _dash_line(text: str, node: yaml.Node) -> int | None:
    """The start of the line that a dash begins with an entry; None where it stands otherwise."""
    start = extent(node)[0]
    line = text.rfind("\n", 0, start) + 1
    return line if text[line:start].strip() == "-" else None


def _with_comments(text: str, line: int) -> int:
    """The start of the comments right above a line."""
    while line:
        above = text.rfind("\n", 0, line - 1) + 1
        if not text[above:line].lstrip().startswith("#"):
            break
        line = above
    return line
