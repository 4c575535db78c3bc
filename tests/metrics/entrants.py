"""Customers who entered a zone, told in a line each, and the zone they make."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from worlds import DAY_US, us

from cxcurve.metrics.drift import Zone, drift_zones
from cxcurve.metrics.passages import passages

AS_OF = us("2026-06-01")
Row = tuple[int, float, float | None, str]
"""Stage, days before as_of when entered, days stayed (None: still there), how it ended."""


def stays(rows: Sequence[Row]) -> pa.Table:
    entered = [AS_OF - round(since * DAY_US) for _, since, _, _ in rows]
    left = [None if d is None else e + round(d * DAY_US) for e, (_, _, d, _) in zip(entered, rows, strict=True)]
    return pa.table(
        {
            "customer_key": pa.array(range(len(rows)), pa.int32()),
            "stage": pa.array([row[0] for row in rows], pa.int32()),
            "entered_us": pa.array(entered, pa.int64()),
            "left_us": pa.array(left, pa.int64()),
            "ended_by": [row[3] for row in rows],
        }
    )


def zone_of(
    rows: Sequence[Row], *, expected: float = 10.0, revenue: float = 1000.0, only: Sequence[int] | None = None
) -> Zone:
    found = passages(stays(rows), 2, AS_OF)
    money = dict.fromkeys(range(len(rows)) if only is None else only, (revenue, False))
    (zone,) = drift_zones(found, names=["try", "buy"], expected_days=[expected], revenue=money, as_of_us=AS_OF)
    return zone


def entrants(rng: np.random.Generator, n: int, mean: float, low: float, high: float) -> list[Row]:
    """Stays begun between so many days ago, that end in progress after an exponential wait."""
    rows: list[Row] = []
    for since, waits in zip(rng.uniform(low, high, n).tolist(), rng.exponential(mean, n).tolist(), strict=True):
        rows.append((0, since, waits, "progressed") if waits < since else (0, since, None, "open"))
    return rows
