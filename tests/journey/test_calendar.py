"""Weeks and business days against the zone's own clock, where clocks change too."""

from __future__ import annotations

import random
from itertools import product

import ibis
import numpy as np
import pyarrow as pa
import pytest
from oracle import Oracle
from worlds import DAY_US, JOURNEY, us

from cxcurve.journey.calendar import Calendar

ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Africa/Cairo"]
SPANS = [("2025-03-25", "2025-04-02"), ("2025-10-20", "2025-11-05"), ("2024-12-20", "2026-01-10")]
"""Beginning in the week of each change, and over more than a year."""
# Clocks change on Sundays, but in Cairo on Thursday nights and in Tehran on any day.
TEHRAN = [("2021-03-01", "2022-12-01"), ("2022-09-21", "2022-09-23")]


@pytest.mark.parametrize(("zone", "span"), [*product(ZONES, SPANS), *product(["Asia/Tehran"], TEHRAN)])
def test_weeks_and_days_are_those_of_the_wall(zone: str, span: tuple[str, str]) -> None:
    first, last = (us(day, zone) for day in span)
    rng = random.Random(1)
    times = [first, last, *(rng.randrange(first, last) for _ in range(300))]
    times += [at + off for at in range(first, last, 30 * 60 * 1_000_000 * 2) for off in (0, 1)]
    calendar, truth = Calendar(zone, first, last), Oracle((), JOURNEY, zone, last)
    rows = ibis.memtable(pa.table({"at": times}))
    found = rows.select(
        "at",
        week=calendar.week_of(rows["at"]),
        end_us=calendar.end_of(calendar.week_of(rows["at"])),
        day=calendar.business_day_of(rows["at"]),
    )
    for row in ibis.duckdb.connect().to_pyarrow(found).to_pylist():
        week = truth.week_of(row["at"])
        assert (row["week"], row["end_us"]) == (week, truth.start_of(week + 1))
        assert row["day"] == truth.business_day(row["at"])


TICKS = {
    "Europe/Berlin": ["2025-03-25T00:30", "2025-03-27T23:30", "2025-10-22T00:30", "2025-10-24T12:00"],
    "Africa/Cairo": [
        "2025-04-25T00:00",
        "2025-04-25T01:00",
        "2025-10-30T23:00",
        "2025-10-31T00:00",
        "2025-10-31T00:30",
    ],
    "Asia/Tehran": ["2022-03-22T00:00", "2022-03-23T00:00", "2022-09-22T00:00", "2022-09-23T00:00", "2022-09-26T00:00"],
}


@pytest.mark.parametrize(("zone", "day"), [(zone, day) for zone, days in TICKS.items() for day in days])
def test_the_business_day_of_a_tick_inside_the_week_of_a_change(zone: str, day: str) -> None:
    as_of_us = us(day, zone)
    calendar = Calendar(zone, as_of_us - 20 * DAY_US, as_of_us - 1)
    ends = np.minimum(calendar.ends_us, as_of_us)
    truth = Oracle((), JOURNEY, zone, as_of_us)
    assert calendar.business_days(ends).tolist() == [truth.today(int(end)) for end in ends]
