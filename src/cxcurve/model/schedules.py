"""How often something is done, as people write it: "1h", "07:00" or "monday 07:00"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import core_schema

from cxcurve.errors import did_you_mean
from cxcurve.model.durations import Duration

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
SHORTEST = Duration.parse("5m")
"""Scores are as of the next five minutes: more often there is nothing new."""
_MOMENT = re.compile(r"^\s*(?:([a-z]+)\s+)?([01]?\d|2[0-3]):([0-5]\d)\s*$", re.I)


@dataclass(frozen=True, slots=True)
class Schedule:
    """Every so long, or at a time of each day, or of one day of the week."""

    text: str
    every: Duration | None = None
    day: int | None = None
    minute: int = 0

    @classmethod
    def parse(cls, text: object) -> Schedule:
        """Read it; days are in English."""
        if isinstance(text, Schedule):
            return text
        if not isinstance(text, str) or (match := _MOMENT.match(text)) is None:
            every = Duration.parse(text)
            if every < SHORTEST:
                raise ValueError(f'"{text}" is too often; scores are as of the next five minutes: at least "5m"')
            return cls(str(every), every)
        day, hour, minute = match[1], int(match[2]), int(match[3])
        if day is not None and day.lower() not in DAYS:
            hint = did_you_mean(day.lower(), DAYS) or f" Expected one of {', '.join(DAYS)}."
            raise ValueError(f'"{day}" is no day of the week.{hint}')
        return cls(text.strip().lower(), None, DAYS.index(day.lower()) if day else None, 60 * hour + minute)

    def is_due(self, last_us: int | None, now_us: int, zone: str) -> bool:
        """Whether it is time again, having been done last at `last_us`; what was missed is made up for once."""
        if last_us is None:
            return True
        if self.every is not None:
            return now_us - last_us >= self.every.seconds * 1e6
        return last_us < self._latest_us(now_us, zone)

    def _latest_us(self, now_us: int, zone: str) -> int:
        """The latest of its moments that is not after now."""
        now = datetime.fromtimestamp(now_us / 1e6, UTC).astimezone(ZoneInfo(zone))
        at = now.replace(hour=self.minute // 60, minute=self.minute % 60, second=0, microsecond=0)
        days = 7 if self.day is not None else 1
        back = (now.weekday() - self.day) % 7 if self.day is not None else 0
        at -= timedelta(days=back)
        if at > now:
            at -= timedelta(days=days)
        return round(at.timestamp() * 1e6)

    def __str__(self) -> str:
        return self.text

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(cls.parse, serialization=core_schema.to_string_ser_schema())

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"type": "string", "examples": ["1h", "07:00", "monday 07:00"]}
