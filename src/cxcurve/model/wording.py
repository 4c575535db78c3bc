"""What is wrong with a value, in words: pydantic's errors turned into findings with a place."""

from __future__ import annotations

import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from cxcurve.errors import Problem, Severity, clip, did_you_mean
from cxcurve.model.documents import Document, Loc

_NOUNS = {"stages": "stage", "signals": "signal", "states": "state", "events": "event"}
_EXPECTED = {
    "string_type": 'text; put it in quotes: "{input}"',
    "float_type": "a number",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "mapping_type": "keys with values",
    "dict_type": "keys with values",
    "model_attributes_type": "keys with values",
    "model_type": "keys with values",
    "is_instance_of": "text",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong at a place of a document."""

    loc: Loc
    message: str
    severity: Severity = Severity.ERROR


def problems_of(document: Document, findings: Iterator[Finding] | list[Finding]) -> list[Problem]:
    """The findings with the document's name and lines, in the order of the lines."""
    return sorted(Problem(document.file, document.line(f.loc), f.message, f.severity) for f in findings)


def findings_of(error: ValidationError, model: type[BaseModel], value: Any, top: Loc = ()) -> list[Finding]:
    """Every error of a validation as a finding; `value` is what was validated, `top` its place in the document."""
    found: dict[Loc, Finding] = {}
    for detail in error.errors(include_url=False):
        loc = _real(detail["loc"], value, keep_last=detail["type"] in ("missing", "extra_forbidden"))
        found.setdefault(loc, Finding(top + loc, _message(detail, loc, model, value, top)))
    return list(found.values())


def _real(loc: Loc, value: Any, keep_last: bool) -> Loc:
    """`loc` without the steps pydantic adds for unions and keys, which the document does not have."""
    kept: Loc = ()
    for position, step in enumerate(loc):
        inside = isinstance(value, Mapping) and step in value
        inside = inside or (isinstance(value, list) and isinstance(step, int) and step < len(value))
        if inside:
            value, kept = value[step], (*kept, step)
        elif keep_last and position == len(loc) - 1:
            kept = (*kept, step)
        else:
            break
    return kept


def _message(detail: ErrorDetails, loc: Loc, model: type[BaseModel], value: Any, top: Loc) -> str:
    noun = model.__name__.lower()
    kind, place = detail["type"], place_of(loc, value, top, noun)
    if kind == "missing":
        return f'{place_of(loc[:-1], value, top, noun) or "the file"} needs "{loc[-1]}"'
    if kind == "extra_forbidden":
        known = _fields(model, loc[:-1])
        above = place_of(loc[:-1], value, top, noun)
        where = f" of {above}" if above else ""
        return f'key "{clip(str(loc[-1]))}"{where} is not known.{did_you_mean(str(loc[-1]), known) or _one_of(known)}'
    return f"{place}: {_complaint(detail)}" if place else _complaint(detail)


def _complaint(detail: ErrorDetails) -> str:
    kind, given, context = detail["type"], detail["input"], detail.get("ctx", {})
    if kind == "value_error":
        return str(context["error"])
    if kind == "literal_error":
        return f"{shown(given)} is none of {context['expected']}"
    if kind in ("greater_than_equal", "less_than_equal"):
        bound = "at least" if kind == "greater_than_equal" else "at most"
        return f"{shown(given)} is out of range; expected {bound} {context.get('ge', context.get('le')):g}"
    if kind in ("float_type", "string_type") and isinstance(given, list | dict):
        return f"expected one value, found {shown(given)}"
    expected = _EXPECTED.get(kind)
    return f"expected {expected.format(input=given)}, found {shown(given)}" if expected else detail["msg"]


def shown(given: Any) -> str:
    """A value as messages call it."""
    if given is None:
        return "nothing"
    if isinstance(given, bool):
        return str(given).lower()
    if isinstance(given, Mapping):
        return "keys with values"
    if isinstance(given, list):
        return "a list"
    return f'"{clip(given)}"' if isinstance(given, str) else f"{given}"


def _one_of(known: list[str]) -> str:
    return f" Known: {', '.join(known)}." if known else ""


def place_of(loc: Loc, value: Any, top: Loc = (), noun: str = "source") -> str:
    """A place as people call it: 'signal "ticket_opened", half_life'; `noun` is what the file's top names."""
    words = [f'{noun} "{step}"' for step in top]
    for position, step in enumerate(loc):
        inner = _NOUNS.get(str(loc[position - 1])) if position else None
        if inner and position == 1:
            words[-1] = f'{inner} "{_name(value, step)}"' if _name(value, step) else f"{inner} {int(step) + 1}"
        else:
            words.append(f"entry {step + 1}" if isinstance(step, int) else step)
        value = _inside(value, step)
    return ", ".join(words)


def _inside(value: Any, step: str | int) -> Any:
    try:
        return value[step]
    except (KeyError, IndexError, TypeError):
        return None


def _name(value: Any, step: str | int) -> str:
    if isinstance(step, str):
        return step
    entry = _inside(value, step)
    name = entry.get("name") if isinstance(entry, Mapping) else entry
    return name if isinstance(name, str) else ""


def _fields(model: type[BaseModel], loc: Loc) -> list[str]:
    """The keys the model knows at `loc`, as written in YAML."""
    annotation: Any = model
    for step in loc:
        annotation = _inner(annotation, step)
    found = _model_in(annotation)
    return [info.alias or name for name, info in found.model_fields.items()] if found else []


def _inner(annotation: Any, step: str | int) -> Any:
    """The type one step further in: of a mapping's or list's entries, or of a model's field."""
    if typing.get_origin(annotation) is Mapping:
        return typing.get_args(annotation)[1]
    if typing.get_origin(annotation) is tuple:
        return typing.get_args(annotation)[0]
    model = _model_in(annotation)
    fields = model.model_fields.items() if model else ()
    return next((info.annotation for name, info in fields if step in (name, info.alias)), None)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model behind a type that may be `Model | None`."""
    options = (annotation, *typing.get_args(annotation))
    return next((option for option in options if isinstance(option, type) and issubclass(option, BaseModel)), None)
