"""Lengths of time as people write them: "14d", "6h"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import core_schema

_SECONDS = {"m": 60, "h": 3600, "d": 86400, "w": 604800}
_TEXT = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*([mhdw])\s*$")


@dataclass(frozen=True, slots=True, order=True)
class Duration:
    """A length of time in seconds."""

    seconds: float

    @classmethod
    def parse(cls, text: object) -> Duration:
        """Read "14d", "6h", "30m" or "2w"; a bare number is refused, since it has no unit."""
        if isinstance(text, Duration):
            return text
        if isinstance(text, int | float) and not isinstance(text, bool):
            raise ValueError(
                f'{text:g} is a bare number; a duration needs a unit: write "{text:g}d" (days) or "{text:g}h" (hours)'
            )
        match = _TEXT.match(text) if isinstance(text, str) else None
        if match is None:
            raise ValueError(f'"{text}" is no duration; expected a number and a unit: "14d", "6h", "30m" or "2w"')
        return cls(float(match[1]) * _SECONDS[match[2]])

    @property
    def days(self) -> float:
        """The same in days."""
        return self.seconds / 86400

    def times(self, factor: float, least_days: float, most_days: float) -> Duration:
        """So many times as long, within bounds."""
        return Duration(min(max(self.seconds * factor, least_days * 86400), most_days * 86400))

    def __str__(self) -> str:
        for unit, size in (("d", 86400), ("h", 3600)):
            if self.seconds % size == 0:
                return f"{self.seconds / size:g}{unit}"
        return f"{self.seconds / 60:g}m"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(cls.parse, serialization=core_schema.to_string_ser_schema())

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"type": "string", "pattern": r"^\d+(\.\d+)?[mhdw]$", "examples": ["14d"]}
