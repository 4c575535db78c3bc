"""What is usual at each stage: the references behind the indexes (definitions.md, 3).

F_ref is the 10th percentile of F, M_ref the median of M, over the customer-weeks of the stage in the 26 weeks up to a
week. Both come from counts of values on a fine grid: counts add up, so one customer's change changes only its own
counts, and a partial update gives what a full one gives. The grid is 1/4096 of a doubling: 0.02 index points at most.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

GRID = 4096
WINDOW_WEEKS = 26
FEWEST_WEEKS = 50
FRICTION_QUANTILE, MOMENTUM_QUANTILE = 0.10, 0.50


def value_counts(customer_weeks: ir.Table, measure: str) -> ir.Table:
    """How often each value of `friction` or `momentum` occurs: week, stage, bin (value x 4096), n."""
    grid = ibis.literal(float(GRID), "float64")
    binned = customer_weeks.select("week", "stage", bin=(customer_weeks[measure] * grid).floor().cast("int64"))
    return binned.group_by("week", "stage", "bin").agg(n=binned.count())


def references(friction: pa.Table, momentum: pa.Table, *, n_stages: int, first_week: int, n_weeks: int) -> pa.Table:
    """References of every stage and week.

    Args:
        friction, momentum: results of `value_counts`.
        n_stages: stages of the journey.
        first_week, n_weeks: the weeks wanted.

    Returns:
        week, stage, friction_ref, momentum_ref, n (customer-weeks of the stage in the window).
    """
    f_ref, n = _quantiles(friction, FRICTION_QUANTILE, n_stages, first_week, n_weeks)
    m_ref, _ = _quantiles(momentum, MOMENTUM_QUANTILE, n_stages, first_week, n_weeks)
    week, stage = np.meshgrid(np.arange(n_weeks) + first_week, np.arange(n_stages), indexing="ij")
    return pa.table(
        {
            "week": pa.array(week.ravel(), pa.int32()),
            "stage": pa.array(stage.ravel(), pa.int32()),
            "friction_ref": f_ref.ravel(),
            "momentum_ref": m_ref.ravel(),
            "n": pa.array(n.ravel(), pa.int64()),
        }
    )


def _quantiles(
    counts: pa.Table, share: float, n_stages: int, first_week: int, n_weeks: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Quantile and number of customer-weeks, weeks x stages: of the stage, of all stages, or 0, as data allow."""
    week, stage = counts["week"].to_numpy() - first_week, counts["stage"].to_numpy()
    bins, n = counts["bin"].to_numpy(), counts["n"].to_numpy()
    pooled, n_pooled = _sliding(week, bins, n, share, n_weeks)
    pooled = np.where(n_pooled >= FEWEST_WEEKS, pooled, 0.0)
    out, size = np.empty((n_weeks, n_stages)), np.empty((n_weeks, n_stages), dtype=np.int64)
    for number in range(n_stages):
        mine = stage == number
        own, size[:, number] = _sliding(week[mine], bins[mine], n[mine], share, n_weeks)
        out[:, number] = np.where(size[:, number] >= FEWEST_WEEKS, own, pooled)
    return out, size


def _sliding(
    week: NDArray[np.int64], bins: NDArray[np.int64], n: NDArray[np.int64], share: float, n_weeks: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Lower quantile of the values in the window up to each week, and how many there are."""
    values, place = np.unique(bins, return_inverse=True)
    if not len(values):
        return np.zeros(n_weeks), np.zeros(n_weeks, dtype=np.int64)
    window = np.zeros(len(values), dtype=np.int64)
    by_week = np.argsort(week, kind="stable")
    edges = np.searchsorted(week[by_week], np.arange(n_weeks + 1))
    out, size = np.zeros(n_weeks), np.zeros(n_weeks, dtype=np.int64)
    for now in range(n_weeks):
        arriving = by_week[edges[now] : edges[now + 1]]
        np.add.at(window, place[arriving], n[arriving])
        if now >= WINDOW_WEEKS:
            leaving = by_week[edges[now - WINDOW_WEEKS] : edges[now - WINDOW_WEEKS + 1]]
            np.subtract.at(window, place[leaving], n[leaving])
        total = np.cumsum(window)
        size[now] = total[-1]
        if size[now]:
            out[now] = values[np.searchsorted(total, share * size[now])] / GRID
    return out, size
