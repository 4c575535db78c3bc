"""Weeks: they end Monday 00:00 of the workspace's zone and are numbered from the week of 1970-01-05.

A week is seven local days, so where clocks change it is an hour longer or shorter; ages are elapsed seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

import ibis
import ibis.expr.types as ir
import numpy as np
from numpy.typing import NDArray

DAY_US = 86_400_000_000
WEEK_US = 7 * DAY_US
_ORIGIN = datetime(1970, 1, 5)
_ORIGIN_US = 4 * 86_400_000_000


@dataclass(frozen=True)
class Calendar:
    """The weeks from the one of `first_us` to the one of `last_us`; outside them, without further clock changes."""

    zone: str
    first_us: int
    last_us: int

    @cached_property
    def first_week(self) -> int:
        """Number of the first week."""
        return _week(self.first_us, ZoneInfo(self.zone))

    @cached_property
    def ends_us(self) -> NDArray[np.int64]:
        """End of each week, from `first_week` on."""
        zone = ZoneInfo(self.zone)
        last = _week(self.last_us, zone)
        return np.array([_end_us(week, zone) for week in range(self.first_week, last + 1)], dtype=np.int64)

    @cached_property
    def starts_us(self) -> NDArray[np.int64]:
        """Start of each week; where clocks change it is not seven times 24 hours before the end."""
        return np.concatenate([[self.end_at(self.first_week - 1)], self.ends_us[:-1]]).astype(np.int64)

    @cached_property
    def spans(self) -> list[tuple[int, int, int]]:
        """(first week, its start, shift): runs of weeks whose ends lie equally far from UTC's.

        They begin a week early, so that the start of the first week is right too.
        """
        weeks = np.arange(self.first_week - 1, self.first_week + len(self.ends_us))
        ends_us = np.r_[self.starts_us[0], self.ends_us]
        shifts = ends_us - (_ORIGIN_US + (weeks + 1) * WEEK_US)
        starts = np.flatnonzero(np.r_[True, np.diff(shifts) != 0])
        return [(int(weeks[i]), int(ends_us[i - 1]) if i else -(2**62), int(shifts[i])) for i in starts]

    def week_of(self, occurred_us: ir.IntegerValue) -> ir.IntegerValue:
        """Number of the week a time falls in."""
        return (
            ibis.cases(
                *(
                    (
                        occurred_us >= start,
                        ibis.greatest(_floor_weeks(occurred_us - shift), ibis.literal(week, "int64")),
                    )
                    for week, start, shift in reversed(self.spans[1:])
                ),
                else_=_floor_weeks(occurred_us - self.spans[0][2]),
            ).cast("int32")
            if len(self.spans) > 1
            else _floor_weeks(occurred_us - self.spans[0][2]).cast("int32")
        )

    def business_day_of(self, occurred_us: ir.IntegerValue) -> ir.IntegerValue:
        """Business days since 1970-01-05, five a week; Saturday and Sunday count to Friday."""
        week = self.week_of(occurred_us)
        into = occurred_us - self.end_of(week - 1)
        day = ((into - into % DAY_US) / DAY_US).cast("int64")
        within = ibis.greatest(ibis.least(day, ibis.literal(4, "int64")), ibis.literal(0, "int64"))
        return week.cast("int64") * 5 + within

    def end_of(self, week: ir.IntegerValue) -> ir.IntegerValue:
        """End of a week, microseconds UTC."""
        plain = (week.cast("int64") + 1) * WEEK_US + _ORIGIN_US
        if len(self.spans) == 1:
            return plain + self.spans[0][2]
        return plain + ibis.cases(
            *((week >= first, ibis.literal(shift, "int64")) for first, _, shift in reversed(self.spans[1:])),
            else_=ibis.literal(self.spans[0][2], "int64"),
        )

    def week_at(self, us: int) -> int:
        """Number of the week `us` falls in."""
        return _week(us, ZoneInfo(self.zone))

    def end_at(self, week: int) -> int:
        """End of week number `week`."""
        return _end_us(week, ZoneInfo(self.zone))

    def ends(self, first: int, last: int) -> NDArray[np.int64]:
        """Ends of the weeks `first` to `last`, both included."""
        zone = ZoneInfo(self.zone)
        return np.array([_end_us(week, zone) for week in range(first, last + 1)], dtype=np.int64)


def end_of_day(us: int, zone: str) -> int:
    """Midnight after `us`, in the zone."""
    local = datetime.fromtimestamp(us / 1e6, ZoneInfo(zone))
    midnight = datetime.combine(local.date() + timedelta(days=1), time(), ZoneInfo(zone))
    return round(midnight.timestamp() * 1e6)


def _floor_weeks(us: ir.IntegerValue) -> ir.IntegerValue:
    # Modulo first: engines disagree on what integer division by `//` gives, and floats round near a boundary.
    local = us - _ORIGIN_US
    return ((local - local % WEEK_US) / WEEK_US).cast("int64")


def _week(us: int, zone: ZoneInfo) -> int:
    local = datetime.fromtimestamp(us // 1_000_000, UTC).astimezone(zone).replace(tzinfo=None)
    return (local - _ORIGIN).days // 7


def _end_us(week: int, zone: ZoneInfo) -> int:
    local = (_ORIGIN + timedelta(weeks=week + 1)).replace(tzinfo=zone)
    return round(local.timestamp()) * 1_000_000
