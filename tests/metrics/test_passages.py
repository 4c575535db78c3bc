"""Passages: tiny cases by hand (definitions 6)."""

from __future__ import annotations

import pytest
from entrants import AS_OF, Row, stays
from worlds import DAY_US

from cxcurve.metrics.passages import known_at, passages


def test_stays_as_they_were_known_at_an_earlier_time() -> None:
    """Left before, left after, entered after, and left at that very moment, which is not known yet."""
    rows: list[Row] = [(0, 90, 10, "progressed"), (0, 90, 70, "exited"), (0, 20, None, "open"), (0, 90, 62, "exited")]
    before = known_at(stays(rows), AS_OF - 28 * int(DAY_US))
    assert before["ended_by"].to_pylist() == ["progressed", "open", "open"]
    assert [left is None for left in before["left_us"].to_pylist()] == [False, True, True]
    (found,) = passages(before, 2, AS_OF - 28 * int(DAY_US))
    assert found.days.tolist() == pytest.approx([10.0, 62.0, 62.0])
