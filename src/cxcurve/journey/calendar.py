"""Weeks: they end Monday 00:00 of the workspace's zone and are numbered from the week of 1970-01-05.

A week is seven local days, so where clocks change it is an hour longer or shorter; ages are elapsed seconds.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import cached_property
from itertools import pairwise
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

    @cached_property
    def offsets(self) -> list[tuple[int, int]]:
        """(since when, how far clocks are ahead of UTC), microseconds; the first holds since ever."""
        zone = ZoneInfo(self.zone)
        edges = [int(self.starts_us[0]), *map(int, self.ends_us)]
        weeks = [week for week in pairwise(edges) if _ahead_us(week[0], zone) != _ahead_us(week[1], zone)]
        changes = [_change_us(*week, zone) for week in weeks]
        return [(-(2**62), _ahead_us(edges[0], zone)), *((us, _ahead_us(us, zone)) for us in changes)]

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
        week = self.week_of(occurred_us).cast("int64")
        into = self.local(occurred_us) - week * WEEK_US - _ORIGIN_US
        day = ((into - into % DAY_US) / DAY_US).cast("int64")
        within = ibis.greatest(ibis.least(day, ibis.literal(4, "int64")), ibis.literal(0, "int64"))
        return week * 5 + within

    def business_days(self, ends_us: NDArray[np.int64]) -> NDArray[np.float64]:
        """Business days begun before the end of each week from `first_week` on; the last may end before its Sunday."""
        weeks = self.first_week + np.arange(len(ends_us))
        since, ahead = np.array(self.offsets, dtype=np.int64).T
        last_us = ends_us - 1  # at the end itself clocks may have changed already
        local_us = last_us + ahead[np.searchsorted(since, last_us, side="right") - 1]
        days = (local_us - weeks * WEEK_US - _ORIGIN_US) // DAY_US
        return np.asarray(weeks * 5 + np.clip(days, 0, 4) + 1, dtype=np.float64)

    def local(self, occurred_us: ir.IntegerValue) -> ir.IntegerValue:
        """What clocks show, as microseconds since they showed 1970-01-01 00:00."""
        (_, first), *changes = self.offsets
        if not changes:
            return occurred_us + first
        return occurred_us + ibis.cases(
            *((occurred_us >= since, ibis.literal(ahead, "int64")) for since, ahead in reversed(changes)),
            else_=ibis.literal(first, "int64"),
        )

    def end_of(self, week: ir.IntegerValue) -> ir.IntegerValue:
        """End of a week, microseconds UTC."""
        plain = (week.cast("int64") + 1) * WEEK_US + _ORIGIN_US
        if len(self.spans) == 1:
            return plain + self.spans[0][2]
        return plain + ibis.cases(
            *((week >= first, ibis.literal(shift, "int64")) for first, _, shift in reversed(self.spans[1:])),
            else_=ibis.literal(self.spans[0][2], "int64"),
        )

    def day_at(self, us: int) -> int:
        """Number of the local day `us` falls in, from 1970-01-01 on."""
        return (us + _ahead_us(us, ZoneInfo(self.zone))) // DAY_US

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


def _ahead_us(us: int, zone: ZoneInfo) -> int:
    ahead = datetime.fromtimestamp(us // 1_000_000, UTC).astimezone(zone).utcoffset()
    return (ahead or timedelta()) // timedelta(microseconds=1)


def _change_us(start_us: int, end_us: int, zone: ZoneInfo) -> int:
    """When clocks change in a week, to the second."""
    times, before = range(start_us, end_us + 1, 1_000_000), _ahead_us(start_us, zone)
    return times[bisect_left(times, True, key=lambda us: _ahead_us(us, zone) != before)]


def _end_us(week: int, zone: ZoneInfo) -> int:
    local = (_ORIGIN + timedelta(weeks=week + 1)).replace(tzinfo=zone)
    return round(local.timestamp()) * 1_000_000
