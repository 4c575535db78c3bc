"""Weeks and business days against the zone's own clock, where clocks change too."""

from __future__ import annotations

import random

import ibis
import numpy as np
import pyarrow as pa
import pytest
from oracle import Oracle
from worlds import DAY_US, JOURNEY, us

from cxcurve.journey.calendar import Calendar
from cxcurve.pipeline.run import business_days

SPANS = [("2025-03-25", "2025-04-02"), ("2025-10-20", "2025-11-05"), ("2024-12-20", "2026-01-10")]
"""Beginning in the week of each change, and over more than a year."""


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu"])
@pytest.mark.parametrize("span", SPANS)
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


@pytest.mark.parametrize("day", ["2025-03-25T00:30", "2025-03-27T23:30", "2025-10-22T00:30", "2025-10-24T12:00"])
def test_the_business_day_of_a_tick_inside_the_week_of_a_change(day: str) -> None:
    zone = "Europe/Berlin"
    as_of_us = us(day, zone)
    calendar = Calendar(zone, as_of_us - 20 * DAY_US, as_of_us - 1)
    ends = np.minimum(calendar.ends_us, as_of_us)
    truth = Oracle((), JOURNEY, zone, as_of_us)
    assert business_days(ends, calendar).tolist() == [truth.today(int(end)) for end in ends]
