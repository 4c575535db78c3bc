"""How often: so long, a time of the day, or of one day of the week, in the workspace's zone."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from cxcurve.model.schedules import Schedule

ZONE = "Europe/Berlin"


def us(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(ZONE)).timestamp() * 1e6)


@pytest.mark.parametrize(
    ("text", "last", "now", "expected"),
    [
        ("1h", "2026-05-04 10:00", "2026-05-04 10:59", False),
        ("1h", "2026-05-04 10:00", "2026-05-04 11:00", True),
        ("07:00", "2026-05-04 07:01", "2026-05-05 06:59", False),
        ("07:00", "2026-05-04 07:01", "2026-05-05 07:00", True),
        ("monday 07:00", "2026-05-04 07:00", "2026-05-11 06:59", False),  # 2026-05-04 is a Monday
        ("Monday 07:00", "2026-05-04 07:00", "2026-05-11 07:00", True),
        ("monday 07:00", "2026-04-27 07:00", "2026-05-06 12:00", True),  # missed on the 4th
        ("sunday 23:30", "2026-05-03 23:30", "2026-05-10 23:29", False),
        ("month 07:00", "2026-05-01 07:00", "2026-06-01 06:59", False),
        ("month 07:00", "2026-05-01 07:00", "2026-06-01 07:00", True),
        ("Month 28 07:00", "2026-01-28 07:00", "2026-02-28 06:59", False),
        ("month 28 07:00", "2026-01-28 07:00", "2026-03-02 12:00", True),  # missed in February
        ("07:00", "2026-03-28 07:00", "2026-03-29 07:00", True),  # the clocks went forward in the night
    ],
)
def test_when_it_is_due(text, last, now, expected):
    assert Schedule.parse(text).is_due(us(last), us(now), ZONE) is expected


def test_what_was_never_done_is_due():
    assert Schedule.parse("monday 07:00").is_due(None, us("2026-05-06 12:00"), ZONE)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("mondya 07:00", '"mondya" is no day of the week. Did you mean "monday"?'),
        ("month 31 07:00", '"31" is no day that every month has'),
        ("monday 3 07:00", '"monday 3" is no day of the week'),
        ("1m", '"1m" is too often'),
        (7, "7 is a bare number"),
        ("monday", '"monday" is no duration'),
        ("25:00", '"25:00" is no duration'),
    ],
)
def test_what_is_none_is_told(text, said):
    with pytest.raises(ValueError, match=said):
        Schedule.parse(text)


def test_it_is_written_as_it_was_read():
    assert [str(Schedule.parse(text)) for text in ("60m", "Monday 07:00", "7:05")] == ["1h", "monday 07:00", "7:05"]
