"""The schema of an event's properties: JSON Schema (draft 7) without references, in a short form or whole.

The short form says `properties:` and `required:` beside the weights; `schema:` takes the rest. One more keyword is
known: `personal: true` keeps a property's values out of every message.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from cxcurve.errors import Severity, did_you_mean
from cxcurve.model.documents import Loc
from cxcurve.model.journey import Signal
from cxcurve.model.wording import Finding, place_of, shown

TYPES = {
    "string": "text", "number": "a number", "integer": "a whole number", "boolean": "true or false",
    "array": "a list", "object": "keys with values", "null": "nothing",
}  # fmt: skip
"""The types of JSON, and what people call them."""
FORMATS = ("date", "date-time", "email", "hostname", "ipv4", "ipv6", "time", "uri")

Schema = Mapping[str, Any]
Complaint = str | None
_NUMBER, _TEXT = frozenset({"number", "integer"}), frozenset({"string"})
_LIST, _OBJECT = frozenset({"array"}), frozenset({"object"})


def schema_of(signal: Signal) -> Schema | None:
    """The whole schema of an event's properties; None where its plan says nothing of them."""
    if signal.json_schema is not None:
        return signal.json_schema
    if not signal.properties and not signal.required:
        return None
    properties = {name: {} if part is None else part for name, part in signal.properties.items()}
    return {"type": "object", "properties": properties, "required": list(signal.required)}


def is_personal(schema: Any) -> bool:
    """Whether something in a schema is declared personal, be it far inside."""
    if isinstance(schema, list):
        return any(map(is_personal, schema))
    if not isinstance(schema, Mapping):
        return False
    return schema.get("personal") is True or any(map(is_personal, schema.values()))


def types_of(schema: Any) -> frozenset[str]:
    """The types a schema declares; of an enum without one those of its values; empty where any will do."""
    if not isinstance(schema, Mapping):
        return frozenset()
    declared = schema.get("type")
    if declared is None and "enum" in schema:
        return frozenset(map(type_of, schema["enum"]))
    return frozenset({declared} if isinstance(declared, str) else declared or ())


def type_of(value: Any) -> str:
    """The narrowest type of a JSON value."""
    kinds = ((bool, "boolean"), (int, "integer"), (float, "number"), (str, "string"), (Mapping, "object"))
    if value is None:
        return "null"
    return next((name for kind, name in kinds if isinstance(value, kind)), "array")


def check_event_schema(name: str, signal: Signal) -> Iterator[Finding]:
    """Everything wrong with what a signal says of its properties."""
    loc: Loc = ("signals", name)
    if signal.json_schema is not None:
        yield from _whole((*loc, "schema"), signal.json_schema)
        for key in ("properties", "required"):
            if getattr(signal, key):
                message = f"{place_of((*loc, key), {})}: `schema` says it all already; put it in there"
                yield Finding((*loc, key), message)
        return
    for key, part in signal.properties.items():
        if part is not None:
            yield from _schema((*loc, "properties", key), part)
    yield from _unnamed(loc, signal.required, signal.properties)


def _whole(loc: Loc, schema: Schema) -> Iterator[Finding]:
    yield from _schema(loc, {key: part for key, part in schema.items() if key != "$schema"})
    if schema.get("type", "object") != "object":
        yield _wrong((*loc, "type"), f'expected "object", as properties are, found {shown(schema["type"])}')


def _unnamed(loc: Loc, required: tuple[str, ...], properties: Schema) -> Iterator[Finding]:
    for position, key in enumerate(required):
        if key not in properties:
            message = f'"{key}" is none of its properties.{did_you_mean(key, properties)}'
            yield Finding((*loc, "required", position), _said((*loc, "required"), message), Severity.WARNING)


def _schema(loc: Loc, schema: Any) -> Iterator[Finding]:
    if isinstance(schema, bool):
        return
    if not isinstance(schema, Mapping):
        yield _wrong(loc, f"expected keys with values such as {{type: string}}, found {shown(schema)}")
        return
    for key, part in schema.items():
        if key in _INSIDE:
            yield from _inside((*loc, key), part)
        elif key in _KEYWORDS:
            complaint = _KEYWORDS[key](part)
            yield from [_wrong((*loc, key), complaint)] if complaint else []
        else:
            yield _wrong((*loc, key), _not_known(key))
    yield from _at_odds(loc, schema)


def _not_known(key: str) -> str:
    if key in ("$ref", "$defs", "definitions", "$id"):
        return "references are not used here; write it out"
    return f"is no keyword of JSON Schema that can be checked.{did_you_mean(key, (*_KEYWORDS, *_INSIDE))}"


def _inside(loc: Loc, part: Any) -> Iterator[Finding]:
    """Of a keyword that holds schemas: one, a list, or some by name."""
    kinds = _INSIDE[str(loc[-1])]
    if isinstance(part, list) and "list" in kinds:
        for position, one in enumerate(part):
            yield from _schema((*loc, position), one)
        if not part:
            yield _wrong(loc, "expected at least one schema")
    elif isinstance(part, Mapping) and "named" in kinds:
        for name, one in part.items():
            if loc[-1] == "patternProperties" and (complaint := _pattern(name)):
                yield _wrong((*loc, name), complaint)
            yield from _schema((*loc, name), one)
    elif "one" in kinds:
        yield from _schema(loc, part)
    else:
        yield _wrong(loc, f"expected {'a list' if 'list' in kinds else 'keys with schemas'}, found {shown(part)}")


def _at_odds(loc: Loc, schema: Schema) -> Iterator[Finding]:
    """What can never hold, and what changes nothing."""
    types = types_of(schema)
    for key in schema.keys() & _FOR.keys():
        if types and not types & _FOR[key]:
            message = f"changes nothing: it is for {' or '.join(TYPES[one] for one in sorted(_FOR[key]))}"
            yield Finding((*loc, key), _said((*loc, key), message), Severity.WARNING)
    for position, value in enumerate(schema["enum"] if isinstance(schema.get("enum"), list) else ()):
        if types and not {type_of(value), "number" if type_of(value) == "integer" else ""} & types:
            expected = " or ".join(TYPES.get(one, one) for one in sorted(types))
            yield _wrong((*loc, "enum", position), f"expected {expected}, found {shown(value)}")
    for low, high in (("minimum", "maximum"), ("minLength", "maxLength"), ("minItems", "maxItems")):
        are_numbers = all(_number(schema.get(end)) is None for end in (low, high))
        if are_numbers and schema[low] > schema[high]:
            yield _wrong((*loc, low), f"{schema[low]} is above {high} {schema[high]}, so nothing will do")


def _wrong(loc: Loc, message: str) -> Finding:
    return Finding(loc, _said(loc, message))


def _said(loc: Loc, message: str) -> str:
    return f"{place_of(loc, {})}: {message}"


def _types(given: Any) -> Complaint:
    for one in [given] if isinstance(given, str) or not isinstance(given, list) else given:
        if one not in TYPES:
            return f"{shown(one)} is no type.{did_you_mean(str(one), TYPES)} Known: {', '.join(TYPES)}."
    return None if given else "expected a type, found an empty list"


def _number(given: Any) -> Complaint:
    is_one = isinstance(given, int | float) and not isinstance(given, bool) and math.isfinite(given)
    return None if is_one else f"expected a number, found {shown(given)}"


def _step(given: Any) -> Complaint:
    return _number(given) or (None if given > 0 else f"expected a number above 0, found {given}")


def _count(given: Any) -> Complaint:
    is_one = isinstance(given, int) and not isinstance(given, bool) and given >= 0
    return None if is_one else f"expected a whole number from 0 on, found {shown(given)}"


def _text(given: Any) -> Complaint:
    return None if isinstance(given, str) else f"expected text, found {shown(given)}"


def _pattern(given: Any) -> Complaint:
    try:
        re.compile(given)
    except (re.error, TypeError) as error:
        return f"{shown(given)} is no pattern: {error}"
    return None


def _format(given: Any) -> Complaint:
    return None if given in FORMATS else f"{shown(given)} is no format. Known: {', '.join(FORMATS)}."


def _flag(given: Any) -> Complaint:
    return None if isinstance(given, bool) else f"expected true or false, found {shown(given)}"


def _values(given: Any) -> Complaint:
    return None if isinstance(given, list) and given else f"expected a list of values, found {shown(given)}"


def _names(given: Any) -> Complaint:
    is_one = isinstance(given, list) and all(isinstance(one, str) for one in given)
    return None if is_one else f"expected a list of names, found {shown(given)}"


def _anything(_: Any) -> Complaint:
    return None


_INSIDE = {
    "items": ("one", "list"), "additionalItems": ("one",), "contains": ("one",), "properties": ("named",),
    "patternProperties": ("named",), "additionalProperties": ("one",), "propertyNames": ("one",), "not": ("one",),
    "if": ("one",), "then": ("one",), "else": ("one",), "allOf": ("list",), "anyOf": ("list",), "oneOf": ("list",),
}  # fmt: skip
_KEYWORDS: Mapping[str, Callable[[Any], Complaint]] = {
    "type": _types, "enum": _values, "const": _anything, "minimum": _number, "maximum": _number,
    "exclusiveMinimum": _number, "exclusiveMaximum": _number, "multipleOf": _step, "minLength": _count,
    "maxLength": _count, "pattern": _pattern, "format": _format, "minItems": _count, "maxItems": _count,
    "uniqueItems": _flag, "minProperties": _count, "maxProperties": _count, "required": _names, "personal": _flag,
    "title": _text, "description": _text, "$comment": _text, "default": _anything, "examples": _anything,
}  # fmt: skip
_FOR = {
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"), _NUMBER),
    **dict.fromkeys(("minLength", "maxLength", "pattern", "format"), _TEXT),
    **dict.fromkeys(("items", "minItems", "maxItems", "uniqueItems", "contains"), _LIST),
    **dict.fromkeys(("properties", "required", "additionalProperties", "minProperties", "maxProperties"), _OBJECT),
}
"""Which types a keyword is for."""
