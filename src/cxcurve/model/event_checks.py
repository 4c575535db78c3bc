"""Whether an event's properties are as the tracking plan says, and in words what is wrong with them.

A check answers "all is well" with compiled code and only looks for words once something is wrong.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import fastjsonschema

from cxcurve.errors import clip, did_you_mean
from cxcurve.model.event_schema import TYPES, Schema, is_personal, schema_of, types_of
from cxcurve.model.journey import Journey

OWN = ("value", "amount", "currency", "channel", "text")
"""Columns an event has beside its properties; a schema may speak of them too."""
LONGEST_VALUE = 40
MOST_CHOICES = 6
"""Values of an enum that are told."""
_NUMBERS = frozenset({"number", "integer"})
_LIMITS = {
    "minimum": "of at least {}", "exclusiveMinimum": "above {}", "maximum": "of at most {}",
    "exclusiveMaximum": "below {}", "multipleOf": "in steps of {}", "minLength": "of at least {} characters",
    "maxLength": "of at most {} characters", "pattern": "that matches {}", "format": "of the form {}",
    "minItems": "of at least {} entries", "maxItems": "of at most {} entries",
}  # fmt: skip
_TOLD = {"type", "enum", "const", *_LIMITS}
"""Rules that `described` has words for."""

Record = Mapping[str, Any]


@dataclass(frozen=True)
class EventCheck:
    """The schema of one event, compiled."""

    schema: Schema

    @cached_property
    def own(self) -> tuple[str, ...]:
        """The event's own columns that the schema speaks of."""
        named = {*self.properties, *self.schema.get("required", ())}
        return tuple(name for name in OWN if name in named)

    def broken(self, record: Record, *, is_text: bool = False) -> str | None:
        """What is wrong with an event's properties, all of it; None where nothing is.

        Args:
            record: the properties.
            is_text: whether they come from a file that knows texts only, such as CSV; then a text that can be
                read as the declared type is one.
        """
        meant = self.meant(record) if is_text else record
        try:
            self._holds(meant)
        except fastjsonschema.JsonSchemaException:
            return "; ".join(self._wrongs(meant))
        return None

    @cached_property
    def properties(self) -> Mapping[str, Any]:
        """The schema of each property that is spoken of."""
        found: Mapping[str, Any] = self.schema.get("properties", {})
        return found

    @cached_property
    def _holds(self) -> Callable[[Any], Any]:
        return _compiled(self.schema, tells_all=False)

    @cached_property
    def _of_one(self) -> dict[str, Callable[[Any], Any]]:
        parts = {name: {"properties": {name: part}} for name, part in self.properties.items()}
        return {name: _compiled(part, tells_all=True) for name, part in parts.items()}

    @cached_property
    def _asked(self) -> dict[str, _Asked]:
        return {name: _Asked.of(part) for name, part in self.properties.items()}

    @cached_property
    def _reads(self) -> dict[str, Callable[[str], Any]]:
        reads = {name: _read_as(types_of(part)) for name, part in self.properties.items()}
        return {name: read for name, read in reads.items() if read is not None}

    def meant(self, record: Record) -> Record:
        """The properties with texts read as the types declared."""
        texts = {name: read for name, read in self._reads.items() if type(record.get(name)) is str}
        return {**record, **{name: read(record[name]) for name, read in texts.items()}} if texts else record

    def missing(self, record: Record) -> list[str]:
        """Properties that must be there and are not."""
        return [name for name in self.schema.get("required", ()) if name not in record]

    def misfits(self, record: Record) -> dict[str, fastjsonschema.JsonSchemaValueException]:
        """Properties that are not as their schema says, with the first thing wrong, perhaps far inside."""
        found = {}
        for name, holds in self._of_one.items():
            try:
                holds(record)
            except fastjsonschema.JsonSchemaValuesException as error:
                found[name] = error.errors[0]
        return found

    def unwanted(self, record: Record) -> list[str]:
        """Properties that a schema without further ones does not name."""
        is_closed = self.schema.get("additionalProperties") is False and "patternProperties" not in self.schema
        return sorted(record.keys() - self.properties.keys()) if is_closed else []

    def _wrongs(self, record: Record) -> Iterator[str]:
        missing = [
            f'property "{clip(name)}" is missing{_expected(self.properties.get(name))}' for name in self.missing(record)
        ]
        misfits = [_misfit(name, self._asked[name], record[name], e) for name, e in self.misfits(record).items()]
        unwanted = [
            f'property "{clip(name)}" is not in its schema.{did_you_mean(name, self.properties)}'
            for name in self.unwanted(record)
        ]
        yield from [*missing, *misfits, *unwanted] or [self._otherwise(record)]

    def _otherwise(self, record: Record) -> str:
        """What a keyword says of all properties together."""
        try:
            _compiled(self.schema, tells_all=True)(record)
        except fastjsonschema.JsonSchemaValuesException as error:
            return f'its properties together break "{error.errors[0].rule}" of its schema'
        return "its properties are not as its schema says"


def event_checks(journey: Journey) -> dict[str, EventCheck]:
    """The checks of a plan by event name; only of events whose plan says something of their properties."""
    schemas = {name: schema_of(signal) for name, signal in journey.signals.items()}
    return {name: EventCheck(schema) for name, schema in schemas.items() if schema is not None}


def described(schema: Any) -> str:
    """What a schema asks for, in words: "a whole number of at least 1"; empty where anything will do."""
    if not isinstance(schema, Mapping):
        return "" if schema else "nothing at all"
    if "enum" in schema or "const" in schema:
        return _choices(schema.get("enum", [schema.get("const")]))
    kinds = " or ".join(TYPES[one] for one in TYPES if one in types_of(schema))
    limits = " and ".join(_limits(schema))
    return f"{kinds or 'something'} {limits}" if limits else kinds


def _choices(values: list[Any]) -> str:
    told = [json.dumps(value, ensure_ascii=False) for value in values[:MOST_CHOICES]]
    more = len(values) - len(told)
    rest = f" or {more} more" if more else ""
    return f"one of {', '.join(told)}{rest}" if len(values) > 1 else told[0]


def _limits(schema: Schema) -> Iterator[str]:
    yield from (word.format(schema[key]) for key, word in _LIMITS.items() if key in schema)


def _expected(schema: Any) -> str:
    words = described(schema) if schema is not None else ""
    return f", expected {words}" if words else ""


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a schema asks for, as messages need it."""

    expected: str
    choices: tuple[str, ...]
    is_personal: bool

    @classmethod
    def of(cls, schema: Any) -> _Asked:
        choices = schema.get("enum", ()) if isinstance(schema, Mapping) else ()
        return cls(_expected(schema), tuple(one for one in choices if isinstance(one, str)), is_personal(schema))


def _misfit(name: str, asked: _Asked, value: Any, error: fastjsonschema.JsonSchemaValueException) -> str:
    inside = (error.name or "")[len(f"data.{name}") :]
    place = f'property "{clip(name)}"' + (f" at {clip(inside, LONGEST_VALUE)}" if inside else "")
    here = _Asked.of(error.definition) if inside else asked
    expected = here.expected if error.rule in _TOLD else f', which breaks "{error.rule}" of its schema'
    if asked.is_personal:
        return f"{place} is something else (personal, not shown){expected}"
    found = error.value if inside else value
    near = did_you_mean(found, here.choices) if here.choices and isinstance(found, str) else ""
    return f"{place} is {_shown(found)}{expected}{f'.{near}' if near else ''}"


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return f'"{clip(value, LONGEST_VALUE)}"'
    if isinstance(value, bool | int | float):
        return clip(json.dumps(value), LONGEST_VALUE)
    return "nothing" if value is None else "a list" if isinstance(value, list) else "keys with values"


def _compiled(schema: Schema, *, tells_all: bool) -> Callable[[Any], Any]:
    """Raises at the first thing wrong, or tells all."""
    found: Callable[[Any], Any] = fastjsonschema.compile(
        {key: part for key, part in schema.items() if key != "$schema"},
        use_default=False,
        fast_fail=not tells_all,
    )
    return found


def _read_as(types: frozenset[str]) -> Callable[[str], Any] | None:
    """How a text is read where one of these types is declared; None where it may stay the text it is."""
    if not types or "string" in types:
        return None
    return lambda text: _read(text, types)


def _read(text: str, types: frozenset[str]) -> Any:
    said = text.strip()
    if types & _NUMBERS and (number := _number(said)) is not None:
        return number
    if "boolean" in types and said.lower() in ("true", "false"):
        return said.lower() == "true"
    if types & {"array", "object"} and said[:1] in ("[", "{"):
        try:
            return json.loads(said)
        except (ValueError, RecursionError):
            return text
    return text


def _number(text: str) -> int | float | None:
    """A number as JSON has it: neither 1_000 nor inf."""
    try:
        number = float(text)
    except ValueError:
        return None
    if "_" in text or not math.isfinite(number):
        return None
    return int(text) if text.lstrip("+-").isdecimal() else number
