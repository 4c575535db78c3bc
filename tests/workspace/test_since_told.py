"""What may have happened since sources went silent widens what is told of now."""

from __future__ import annotations

import pyarrow as pa
import pytest

from cxcurve.tables import US_PER_DAY
from cxcurve.workspace.readings import _since_told

WEEK_US = 7 * US_PER_DAY


def weekly(means: list[float], n: int = 50) -> pa.Table:
    """Means of weeks in a row."""
    weeks = range(2900, 2900 + len(means))
    return pa.table({"week": list(weeks), "n": [n] * len(means), "mean": means})


def test_nothing_is_added_where_nothing_is_silent() -> None:
    assert _since_told(weekly([]), 0) == 0


def test_it_is_what_the_mean_moved_in_as_long_a_time() -> None:
    steady = weekly([10.0 + week for week in range(30)])
    assert _since_told(steady, 2 * WEEK_US) == pytest.approx(2)
    assert _since_told(steady, 2 * WEEK_US + 1) == pytest.approx(3), "a week that has begun counts"
    assert _since_told(weekly([10.0] * 29 + [40.0]), WEEK_US) == pytest.approx(0), "one move in 29 is no rule"


def test_too_few_moves_say_nothing() -> None:
    assert _since_told(weekly([1.0] * 13), WEEK_US) == 0
    assert _since_told(weekly([1.0] * 12), WEEK_US) is None
    assert _since_told(weekly([1.0] * 52, n=9), WEEK_US) is None
