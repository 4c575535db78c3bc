"""Seasons of core use: what a segment's week is, set against its usual (definitions.md, 1: decline)."""

from __future__ import annotations

from collections.abc import Sequence

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cxcurve.metrics.contributions import COUNT

QUARTER_WEEKS, FEWEST = 13, 10

Floats = NDArray[np.float64]


def core_by_segment(signal_weeks: ir.Table, members: ir.Table, core_keys: Sequence[int], first_week: int) -> ir.Table:
    """Core use of every segment's members of that week.

    Args:
        signal_weeks: `tables.SIGNAL_WEEKS`.
        members: customer_key, segment, from_tick, until_tick (excluded); a customer is in one at a time, or in none.
        core_keys: signals that are core use.
        first_week: the week of tick 0.

    Returns:
        segment (empty for customers in none), week, total (events), n (customers).
    """
    # A week may hold an ending alone, which is no use.
    is_use = (signal_weeks.part == COUNT) & (signal_weeks.n_events > 0)
    use = signal_weeks.filter(signal_weeks.signal_key.isin(core_keys) & is_use)
    use = use.mutate(tick=use.week - first_week)
    then = [
        use.customer_key == members.customer_key,
        use.tick >= members.from_tick,
        use.tick < members.until_tick,
    ]
    both = use.left_join(members, then)
    both = both.select("customer_key", "week", "n_events", segment=both.segment.fill_null(""))
    # One signal has one row a customer and week; counting distinct customers costs many times as much.
    n = both.count() if len(core_keys) == 1 else both.customer_key.nunique()
    return both.group_by("segment", "week").agg(total=both.n_events.sum(), n=n)


def seasons(use: pa.Table, segment_names: Sequence[str], first_week: int, n_weeks: int) -> Floats:
    """Segments x weeks: factor of core use, 1 where there is none.

    Args:
        use: rows of `core_by_segment`.
        segment_names: the segments in order.
        first_week: the first week.
        n_weeks: how many there are.
    """
    place = {name: number for number, name in enumerate(segment_names)}
    totals, active = np.zeros((len(segment_names), n_weeks)), np.zeros((len(segment_names), n_weeks))
    for row in use.to_pylist():
        at = place[row["segment"]], row["week"] - first_week
        totals[at], active[at] = row["total"], row["n"]
    rows = [season(total, _recently_active(n)) for total, n in zip(totals, active, strict=True)]
    return np.array(rows).reshape(len(segment_names), n_weeks)


def season(weekly_totals: Floats, n_active: Floats) -> Floats:
    """Each week's departure from the trailing quarter of the same segment, as a factor (1 = usual).

    Rounded to 0.05 and kept within 0.5 to 2, so that one customer's events do not move everybody's score; a segment
    with under 10 active customers has none.

    Args:
        weekly_totals: core use of the segment by week.
        n_active: its customers with core use so far, by week.
    """
    rate = np.divide(weekly_totals, n_active, out=np.zeros_like(weekly_totals), where=n_active > 0)
    total = np.cumsum(np.r_[0.0, rate])
    known = np.cumsum(np.r_[0.0, (n_active >= FEWEST).astype(float)])
    weeks = np.arange(len(rate))
    start = np.maximum(weeks - QUARTER_WEEKS + 1, 0)
    usual = (total[weeks + 1] - total[start]) / (weeks + 1 - start)
    factor = np.divide(rate, usual, out=np.ones_like(rate), where=usual > 0)
    enough = (n_active >= FEWEST) & (known[weeks + 1] - known[start] >= QUARTER_WEEKS)
    return np.where(enough, np.clip(np.round(factor * 20) / 20, 0.5, 2.0), 1.0)


def _recently_active(active: Floats) -> Floats:
    """Most customers active in one of the last 13 weeks: those whose use the week's total is set against."""
    padded = np.concatenate([np.zeros(QUARTER_WEEKS - 1), active])
    return np.array([padded[i : i + QUARTER_WEEKS].max() for i in range(len(active))])
