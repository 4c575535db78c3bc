"""The least change of a schema that takes values which broke it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from cxcurve.model.event_checks import EventCheck
from cxcurve.model.event_schema import Schema, is_personal, type_of

MOST_NEW, LONGEST_CHOICE = 6, 24
"""Choices that are added to an enum, and their characters; with more it is no list of choices."""


def widened(schema: Any, values: Sequence[Any]) -> Schema:
    """The schema with as little changed as takes these values as well; personal ones are never listed."""
    if not isinstance(schema, Mapping):
        return {}
    new = dict(schema)
    if "enum" in new:
        new |= {"enum": [*new["enum"], *_more_choices(new["enum"], values)]}
        if is_personal(schema) or len(new["enum"]) > len(schema["enum"]) + MOST_NEW:
            del new["enum"]
    if "type" in new:
        new["type"] = _wider(new["type"], values)
    numbers = [one for one in values if isinstance(one, int | float) and not isinstance(one, bool)]
    for key, limit in (("minimum", min), ("maximum", max)):
        if key in new and numbers:
            new[key] = limit([new[key], *numbers])
    for key in ("", *_STRICT, *(key for key in schema if key not in ("type", "personal", "enum")), "enum"):
        new.pop(key, None)  # the milder changes first
        if _takes(new, values):
            return new
    return {"personal": True} if is_personal(schema) else {}


_STRICT = ("exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength", "pattern", "format")


def _more_choices(choices: Sequence[Any], values: Sequence[Any]) -> list[Any]:
    """Values that are none of the choices yet, each once; 1 and true are two."""
    told = [json.dumps(one) for one in choices]
    new = {json.dumps(one): one for one in values if type_of(one) not in ("array", "object")}
    return [one for text, one in sorted(new.items()) if text not in told and len(text) <= LONGEST_CHOICE + 2]


def _wider(declared: Any, values: Sequence[Any]) -> Any:
    types = [declared] if isinstance(declared, str) else list(declared)
    types += sorted({type_of(one) for one in values} - set(types) - ({"integer"} if "number" in types else set()))
    if "number" in types and "integer" in types:
        types.remove("integer")
    return types[0] if len(types) == 1 else types


def _takes(schema: Schema, values: Sequence[Any]) -> bool:
    check = EventCheck({"properties": {"it": schema}})
    return all(check.broken({"it": one}) is None for one in values)
