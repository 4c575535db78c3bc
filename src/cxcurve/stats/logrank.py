"""The log-rank test: do groups wait equally long?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import special

from cxcurve.errors import BadValueError, Reason
from cxcurve.stats.estimates import Floats, Ints, Test
from cxcurve.stats.event_table import EventTable


def logrank(groups: Sequence[EventTable], *, cause: int | None = None) -> Test:
    """Test whether the hazard is the same in all groups; chi-square with (groups - 1) degrees of freedom.

    Args:
        groups: two or more tables of disjoint customers; empty ones are left out.
        cause: the ending compared (cause-specific: other endings are censored); any ending when None.

    Returns:
        No statistic, with a reason, when fewer than two groups have customers or nothing happened to compare.

    Source: Mantel 1966; Peto & Peto 1972, J. R. Statist. Soc. A 135:185-207
    """
    if len(groups) < 2:
        raise BadValueError(f"logrank was given {len(groups)} group(s); expected two or more")
    at_risk, ended = _aligned([group for group in groups if group.n], cause)
    excess, covariance = _excess(at_risk, ended)
    # the excesses sum to 0, so the last group adds nothing
    if len(excess) < 2 or np.linalg.matrix_rank(covariance[:-1, :-1]) < len(excess) - 1:
        return Test(None, reason=Reason.TOO_FEW)
    statistic = float(excess[:-1] @ np.linalg.solve(covariance[:-1, :-1], excess[:-1]))
    df = len(excess) - 1
    return Test(statistic, df, float(special.chdtrc(df, statistic)))


def _aligned(groups: Sequence[EventTable], cause: int | None) -> tuple[Ints, Ints]:
    """(t, g) number at risk and endings of every group at every time of any group."""
    times = np.unique(np.concatenate([np.zeros(0), *(group.times for group in groups)]))
    at_risk = np.zeros((len(times), len(groups)), np.int64)
    ended = np.zeros_like(at_risk)
    for column, group in enumerate(groups):
        # who leaves at a time is still at risk there, so a time between two rows sees the later row
        padded = np.append(group.n_at_risk, 0)
        at_risk[:, column] = padded[np.searchsorted(group.times, times)]
        ended[np.searchsorted(times, group.times), column] = group.n_ended(cause)
    return at_risk, ended


def _excess(at_risk: Ints, ended: Ints) -> tuple[Floats, Floats]:
    """(g,) observed minus expected endings and their (g, g) covariance, hypergeometric at each time."""
    total, events = at_risk.sum(axis=1), ended.sum(axis=1)
    part = at_risk / np.maximum(total, 1)[:, None]
    spread = events * (total - events) / np.maximum(total - 1, 1)
    weighted = part * spread[:, None]
    covariance = np.diag(weighted.sum(axis=0)) - part.T @ weighted
    return (ended - part * events[:, None]).sum(axis=0), covariance
