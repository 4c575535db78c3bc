"""Weeks and quarters by name, by a day, and one after the other without a gap."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxcurve.errors import BadValueError
from cxcurve.reports.periods import Period

DAYS = st.dates(date(1995, 1, 1), date(2150, 1, 1))


@pytest.mark.parametrize(
    ("text", "kind", "name", "first", "last"),
    [
        ("2026-W47", "week", "2026-W47", date(2026, 11, 16), date(2026, 11, 22)),
        ("2026w47", "week", "2026-W47", date(2026, 11, 16), date(2026, 11, 22)),
        ("2026-11-22", "week", "2026-W47", date(2026, 11, 16), date(2026, 11, 22)),
        ("2027-01-01", "week", "2026-W53", date(2026, 12, 28), date(2027, 1, 3)),
        ("2026-Q3", "quarter", "2026-Q3", date(2026, 6, 29), date(2026, 9, 27)),
        ("2026-08-09", "quarter", "2026-Q3", date(2026, 6, 29), date(2026, 9, 27)),
        ("2026-Q1", "quarter", "2026-Q1", date(2025, 12, 29), date(2026, 3, 29)),
        ("2023-Q4", "quarter", "2023-Q4", date(2023, 9, 25), date(2023, 12, 31)),
    ],
)
def test_a_period_by_its_name_or_a_day(text: str, kind: str, name: str, first: date, last: date) -> None:
    assert Period.read(text, kind) == Period(first, last, name, kind)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["2026-W54", "2025-W53", "2026-Q5", "last week", "2026-13-01", ""])
@pytest.mark.parametrize("kind", ["week", "quarter"])
def test_what_is_none_is_refused(text: str, kind: str) -> None:
    with pytest.raises(BadValueError, match=rf"is no {kind}; expected such as 2026-"):
        Period.read(text, kind)  # type: ignore[arg-type]


@given(DAYS, st.sampled_from(["week", "quarter"]))
def test_periods_follow_each_other_without_gap_or_overlap(day: date, kind: str) -> None:
    period = Period.read(day.isoformat(), kind)  # type: ignore[arg-type]
    assert (period.first.isoweekday(), period.last.isoweekday()) == (1, 7)
    assert period.before.last == period.first - timedelta(days=1)
    assert Period.read(period.name, kind) == period  # type: ignore[arg-type]
    if kind == "week":
        assert period.first <= day <= period.last
    assert period.before < period
