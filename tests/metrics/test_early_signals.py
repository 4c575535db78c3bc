"""Early signals: who is compared, and which signals stand out (definitions 6)."""

from __future__ import annotations

import pyarrow as pa
import pytest
from entrants import AS_OF, Row, stays
from worlds import DAY_US

from cxcurve.metrics.early_signals import equal_dwell_groups, overrepresented
from cxcurve.metrics.passages import passages


def test_what_differs_is_asked_at_the_same_dwell() -> None:
    rows: list[Row] = [(0, 90, None, "open")] * 30 + [(0, 90, 8, "progressed")] * 30 + [(0, 90, 1, "progressed")] * 40
    groups = equal_dwell_groups(passages(stays(rows), 2, AS_OF)[0], 10.0)
    assert groups["group"].to_pylist().count("progressed") == 30, "who left before half of tau was not there to compare"
    assert {
        (e - s) / DAY_US for s, e in zip(*(groups[n].to_pylist() for n in ("entered_us", "until_us")), strict=True)
    } == {5.0}
    counts = pa.table({"signal_key": [1, 1, 2, 2], "group": ["stalled", "progressed"] * 2, "n": [24, 6, 15, 15]})
    (found,) = overrepresented(counts, groups, {1: "ticket", 2: "visit"})
    assert found.signal == "ticket"
    assert found.odds_ratio.value == pytest.approx(24 * 24 / 36, rel=0.1)
