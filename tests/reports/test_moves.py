"""The parts of a change add up to it, as numbers and as they are shown."""

from __future__ import annotations

from math import fsum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxcurve.reports.moves import LATE, diff, in_tenths

POINTS = st.floats(-50, 50, allow_nan=False)


def moved(kinds: list[float], signals: list[float], before: float) -> dict[str, Any]:
    """What moved the level, as `show moved` has it."""
    change = fsum([*kinds, *signals])
    names = ("left", "new", "moved")

    def part(points: float) -> dict[str, Any]:
        return {"points": points, "low": points - 1, "high": points + 1}

    return {
        "since": "2026-10-26", "until": "2026-11-23", "reason": None, "n_left": 3, "n_new": 4,
        "before": {"level": before}, "after": {"level": before + change}, "change": part(change),
        "kinds": {"left": "Customers who left", "new": "New customers", "moved": "Moves between stages"},
        "mix": {name: part(points) for name, points in zip(names, kinds, strict=True)},
        "rate": {"signals": [{"signal": f"s{i}", **part(points)} for i, points in enumerate(signals)]},
    }  # fmt: skip


@given(
    st.lists(POINTS, min_size=3, max_size=3), st.lists(POINTS, max_size=30), POINTS, st.none() | POINTS,
    st.integers(0, 40),
)  # fmt: skip
def test_the_moves_add_up_to_the_difference_of_what_was_told(
    kinds: list[float], signals: list[float], before: float, told: float | None, most: int
) -> None:
    found = diff(moved(kinds, signals, before), told, most)
    assert found is not None
    assert fsum(move.points for move in found.moves) == pytest.approx(found.after - found.before, abs=1e-9)
    assert found.before == (before if told is None else told)
    assert any(move.label == LATE for move in found.moves) == (told is not None and told != before)


@given(st.lists(POINTS, max_size=40))
def test_tenths_add_up_to_the_rounded_whole_and_are_off_by_less_than_a_tenth(parts: list[float]) -> None:
    whole = fsum(parts)
    shown = in_tenths(parts, whole)
    assert fsum(shown) == pytest.approx(round(whole * 10) / 10, abs=1e-9)
    assert all(abs(one - part) < 0.1 + 1e-9 for one, part in zip(shown, parts, strict=True))


def test_what_came_later_moves_the_interval_and_makes_no_change_real() -> None:
    quiet, loud = moved([0.0, 0.0, 0.5], [], 10.0), moved([0.0, 0.0, 2.0], [], 10.0)
    for made, told, band, is_real in (
        (quiet, None, (-0.5, 1.5), False),
        (quiet, 5.0, (4.5, 6.5), False),
        (loud, None, (1.0, 3.0), True),
        (loud, 12.0, (-1.0, 1.0), False),
        (loud, 15.0, (-4.0, -2.0), False),
    ):
        found = diff(made, told)
        assert found is not None
        assert (found.low, found.high, found.is_real) == (*band, is_real)


def test_the_others_are_one_line() -> None:
    found = diff(moved([0.5, 0.25, -1.0], [3.0, -0.5, 0.25, 0.125], 10.0), None, 1)
    assert found is not None
    assert [(move.label, move.points) for move in found.moves] == [
        ("Customers who left", 0.5),
        ("New customers", 0.25),
        ("Moves between stages", -1.0),
        ("S0", 3.0),
        ("3 other signals", -0.125),
    ]


def test_too_few_customers_have_no_diff() -> None:
    assert diff({**moved([0, 0, 0], [], 0.0), "reason": "too_few"}) is None
