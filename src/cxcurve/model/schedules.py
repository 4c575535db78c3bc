"""How often something is done, as people write it: "1h", "07:00", "monday 07:00" or "month 07:00"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import core_schema

from cxcurve.errors import did_you_mean
from cxcurve.model.durations import Duration

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
SHORTEST = Duration.parse("5m")
"""Scores are as of the next five minutes: more often there is nothing new."""
MONTH, LAST_DAY = "month", 28
"""What begins a schedule of one day of each month; later days not every month has."""
_MOMENT = re.compile(r"^\s*(?:([a-z]+)\s+(?:(\d{1,2})\s+)?)?([01]?\d|2[0-3]):([0-5]\d)\s*$", re.I)


@dataclass(frozen=True, slots=True)
class Schedule:
    """Every so long, or at a time of each day, of one day of the week, or of one day of the month."""

    text: str
    every: Duration | None = None
    day: int | None = None
    minute: int = 0
    month_day: int | None = None

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
        day, number, at = match[1] and match[1].lower(), match[2], 60 * int(match[3]) + int(match[4])
        if day == MONTH:
            return cls(text.strip().lower(), None, None, at, _month_day(number or "1"))
        if day is not None and (day not in DAYS or number is not None):
            day = match[1] if number is None else f"{match[1]} {number}"
            hint = did_you_mean(day.lower(), DAYS) or f" Expected one of {', '.join(DAYS)}."
            raise ValueError(f'"{day}" is no day of the week.{hint}')
        return cls(text.strip().lower(), None, DAYS.index(day) if day else None, at)

    @property
    def span(self) -> Literal["day", "week", "month"]:
        """What is over each time; a week where it is every so long."""
        if self.month_day is not None:
            return "month"
        return "day" if self.every is None and self.day is None else "week"

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
        if self.month_day is not None:
            at = at.replace(day=self.month_day)
            before = (at.replace(day=1) - timedelta(days=1)).replace(day=self.month_day)
            return round((before if at > now else at).timestamp() * 1e6)
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
        return {"type": "string", "examples": ["1h", "07:00", "monday 07:00", "month 07:00", "month 15 07:00"]}


def _month_day(text: str) -> int:
    if not 1 <= int(text) <= LAST_DAY:
        raise ValueError(f'"{text}" is no day that every month has; expected 1 to {LAST_DAY}, such as "month 15 07:00"')
    return int(text)
