"""A YAML file as plain values, with the line of every key and entry.

Scalars are read as in YAML 1.2: only `true` and `false` are booleans, so that a country called NO, a switch
called `on` or a time of 12:30 stays the text it is. Aliases are refused: they make a plan hard to read and a
small file explode.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from cxcurve.errors import Problem

Loc: TypeAlias = tuple[str | int, ...]
"""A place in a document: keys and positions from the top."""


@dataclass(frozen=True, slots=True)
class Document:
    """The values of one file, the lines they stand on, and the keys that come twice."""

    file: str
    value: Any
    lines: dict[Loc, int] = field(repr=False)

    def line(self, loc: Loc) -> int:
        """The line of `loc`, or of the nearest place above it."""
        while loc and loc not in self.lines:
            loc = loc[:-1]
        return self.lines.get(loc, 1)


def read_document(path: Path) -> tuple[Document | None, list[Problem]]:
    """Read `path`; None with the reason where it cannot be read at all, else with every key that comes twice."""
    text, problem = _read_text(path)
    return (None, [problem]) if problem is not None else document_of(path.name, text)


def document_of(file: str, text: str) -> tuple[Document | None, list[Problem]]:
    """The same of the text of a file, which need not be written anywhere."""
    try:
        node = node_of(text)
    except yaml.YAMLError as error:
        return None, [_syntax_problem(file, error)]
    except RecursionError:
        return None, [Problem(file, 1, "lists or mappings are nested too deeply to read")]
    return told_by(file, node)


def told_by(file: str, node: yaml.Node | None) -> tuple[Document, list[Problem]]:
    """The same of the parsed nodes of a text."""
    lines: dict[Loc, int] = {}
    problems: list[Problem] = []
    value = _Walk(file, lines, problems).value(node, ()) if node is not None else None
    return Document(file, value, lines), problems


def node_of(text: str) -> yaml.Node | None:
    """The parsed nodes of a text, each with its place in it; None where nothing is said.

    Raises:
        yaml.YAMLError: it is no YAML.
    """
    node: yaml.Node | None = yaml.compose(text, Loader=_Loader)
    return node


def _read_text(path: Path) -> tuple[str, Problem | None]:
    if path.is_dir():
        return "", Problem(path.name, 0, "this is a folder; a file was expected")
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return "", Problem(path.name, 0, "there is no such file; `cxcurve init` writes one to start from")
    except OSError as error:
        return "", Problem(path.name, 0, f"the file cannot be read: {error.strerror}")
    try:
        return data.decode("utf-8-sig"), None
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return "", Problem(path.name, line, "this line is not UTF-8 text; save the file as UTF-8 in your editor")


def _syntax_problem(file: str, error: yaml.YAMLError) -> Problem:
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return Problem(file, 1, f"this is no YAML: {str(error).splitlines()[0]}")
    line, what = error.problem_mark.line + 1, error.problem or "it cannot be read"
    if "'\\t'" in what:
        return Problem(file, line, "a tab indents this line; YAML wants spaces")
    where = f", {error.context}" if error.context else ""
    return Problem(file, line, f"this is no YAML: {what}{where}")


class _Loader(yaml.SafeLoader):
    """Resolves scalars as YAML 1.2 does and knows no aliases."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 (PyYAML's own table)

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(None, None, "aliases (*name) are not used here; write it out", mark)
        return super().compose_node(parent, index)


for _tag, _pattern, _first in (
    ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", list("tTfF")),
    ("int", r"^[-+]?\d{1,18}$", list("-+0123456789")),
    ("float", r"^[-+]?(?:\d+\.\d*|\.\d+|\d+(?=[eE]))(?:[eE][-+]?\d+)?$", list("-+.0123456789")),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), _first)


@dataclass(frozen=True, slots=True)
class _Walk:
    """Turns nodes into values and notes their lines on the way."""

    file: str
    lines: dict[Loc, int]
    problems: list[Problem]

    def value(self, node: yaml.Node, loc: Loc) -> Any:
        self.lines.setdefault(loc, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, loc)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(entry, (*loc, position)) for position, entry in enumerate(node.value)]
        return _scalar(node)

    def _mapping(self, node: yaml.MappingNode, loc: Loc) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, entry in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                self.problems.append(Problem(self.file, line, "a key must be plain text"))
            elif key.value in found:
                first = self.lines[(*loc, key.value)]
                message = f'key "{key.value}" comes twice; the first is in line {first}'
                self.problems.append(Problem(self.file, line, message))
            else:
                self.lines[(*loc, key.value)] = line
                found[key.value] = self.value(entry, (*loc, key.value))
        return found


def _scalar(node: yaml.Node) -> Any:
    text = str(node.value)
    match node.tag.rpartition(":")[2]:
        case "null":
            return None
        case "bool":
            return text.lower() == "true"
        case "int":
            return int(text)
        case "float":
            return float(text)
        case _:
            return text
