"""Values as YAML writes them: plain where that says the same anywhere, else in quotes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import yaml

from cxcurve.model.documents import document_of, node_of
from cxcurve.model.spans import inside

_KEY = re.compile(r"(?!(?:true|True|TRUE|false|False|FALSE|null|Null|NULL)$)[A-Za-z_][\w.-]*(?: [\w.-]+)*", re.A)
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}
_PRINTED = re.compile(r"[\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


def yaml_value(written: str) -> Any:
    """What a value as it is written says."""
    document, _ = document_of("", f"value: {written}")
    return None if document is None else document.value["value"]


def written(value: str | Sequence[str], *, is_text: bool = True) -> str:
    """A value as YAML: plain where that says it anywhere, else in quotes; several as a list in brackets."""
    if not isinstance(value, str):
        return f"[{', '.join(written(one) for one in value)}]"
    return value if _is_plain(value, is_text=is_text) else _quoted(value)


def key_written(key: str | int) -> str:
    """A key as YAML."""
    return str(key) if _KEY.fullmatch(str(key)) else _quoted(str(key))


def _is_plain(value: str, *, is_text: bool) -> bool:
    kinds = {_kind_in(frame, value) for frame in (f"{{key: {value}, other: 1}}", f"key: {value}\nother: 1")}
    return kinds == {"str"} or (not is_text and len(kinds) == 1 and not kinds & {"", "null"})


def _kind_in(frame: str, value: str) -> str:
    """What a plain value is read as in a mapping of two; empty where it is not read as it is written."""
    try:
        node = node_of(frame)
    except yaml.YAMLError:
        return ""
    found = inside(node, "key")
    is_whole = isinstance(node, yaml.MappingNode) and [key.value for key, _ in node.value] == ["key", "other"]
    if not (is_whole and isinstance(found, yaml.ScalarNode) and found.value == value and found.style is None):
        return ""
    return found.tag.rpartition(":")[2]


def _quoted(value: str) -> str:
    return '"' + "".join(_escaped(one) for one in value) + '"'


def _escaped(one: str) -> str:
    if one in _ESCAPES:
        return _ESCAPES[one]
    return one if _PRINTED.match(one) else f"\\U{ord(one):08x}"


def like(old: yaml.ScalarNode, value: str) -> str:
    """A text that stood in double quotes without need stays in them."""
    was_styled = old.style == '"' and _is_plain(old.value, is_text=True)
    is_plain_text = not value.startswith('"') and isinstance(yaml_value(value), str)
    return _quoted(value) if was_styled and is_plain_text else value
