"""Axes: round values, dates at month starts."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from cxcurve.charts.frame import level_range
from cxcurve.charts.paths import segments, smooth, steps
from cxcurve.charts.scales import Scale, month_ticks, nice_step, ticks, week_ticks


@given(st.floats(0.01, 1e6), st.integers(2, 12))
def test_a_step_cuts_into_at_most_that_many(span: float, most: int) -> None:
    assert span / nice_step(span, most) <= most + 1e-6


def test_weeks_are_counted_in_weeks_months_quarters() -> None:
    assert week_ticks(0, 52, 13) == tuple(range(0, 53, 4))
    assert week_ticks(0, 52, 5) == (0, 13, 26, 39, 52)


def test_months_name_the_year_once_and_in_january() -> None:
    said = [label for _, label in month_ticks(date(2025, 10, 3), date(2026, 3, 20), 9)]
    assert said == ["Nov 2025", "Dec", "Jan 2026", "Feb", "Mar"]


def test_short_spans_have_mondays() -> None:
    found = month_ticks(date(2026, 3, 3), date(2026, 3, 30), 9)
    assert [day.weekday() for day, _ in found] == [0, 0, 0, 0]
    assert found[0] == (date(2026, 3, 9), "9 Mar")


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=20))
def test_the_range_holds_all_and_zero_and_stays_in_bounds(values: list[float]) -> None:
    low, high = level_range(values)
    assert -100 <= low <= min(0, *values)
    assert 100 >= high >= max(0, *values)


def test_ticks_have_no_float_dust() -> None:
    assert ticks(0, 1, 0.1) == (0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1)


@given(st.lists(st.floats(-100, 100), min_size=2, max_size=20))
def test_a_smooth_line_invents_no_peak(values: list[float]) -> None:
    """Fritsch & Carlson 1980: between two points a monotone cubic stays between their values."""
    for start, first, second, end in segments([(10.0 * i, v) for i, v in enumerate(values)]):
        low, high = min(start[1], end[1]), max(start[1], end[1])
        for t in (0.25, 0.5, 0.75):
            u = 1 - t
            y = u**3 * start[1] + 3 * u * u * t * first[1] + 3 * u * t * t * second[1] + t**3 * end[1]
            assert low - 1e-6 <= y <= high + 1e-6


def test_paths_of_few_points() -> None:
    assert smooth([]) == ""
    assert smooth([(1, 2)]) == "M1 2h.01"
    assert steps([(0, 9), (4, 5)]) == "M0 9H4V5"


def test_scale_and_its_clamp() -> None:
    scale = Scale(0, 10, 100, 200)
    assert scale(5) == 150
    assert scale.clamp(99) == 200
    assert [round(b - a) for a, b in pairwise([scale(v) for v in range(4)])] == [10, 10, 10]
