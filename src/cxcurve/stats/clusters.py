"""Clusters: several contacts or answers of one customer are alike, and tell less than as many of different ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from cxcurve.errors import BadValueError
from cxcurve.stats.estimates import t_of, z_of


def effective_n(values: ArrayLike, clusters: ArrayLike, *, level: float = 0.95) -> float | None:
    """How many independent values their mean is worth; None where each cluster has one: they are independent.

    n divided by the design effect, which is the variance between the clusters' sums against that of independent
    values and never taken below 1; less what few clusters add, so that a normal quantile with it is Student's with
    (clusters - 1) degrees of freedom. Where it cannot be told how alike a cluster's values are (all values are the
    same, or there is one cluster), each cluster counts once.

    Args:
        values: (n,) numbers; 0 and 1 for a share.
        clusters: (n,) whose value it is: any integers.
        level: confidence of the interval it is meant for.

    Source: Rao & Scott 1992, Biometrics 48:577-585; few clusters: Korn & Graubard 1998, Survey Methodol. 24:193-201
    """
    value, cluster = np.asarray(values, float), np.asarray(clusters)
    if value.shape != cluster.shape or value.ndim != 1:
        raise BadValueError(f"values has shape {value.shape} and clusters {cluster.shape}; expected one of each")
    n = value.size
    _, place = np.unique(cluster, return_inverse=True)
    m = int(place.max()) + 1 if n else 0
    if m == n:
        return None
    away = value - value.mean()
    independent = float((away**2).sum()) / (n - 1)
    if m == 1 or independent == 0:
        return float(m)
    found = m / (m - 1) * float((np.bincount(place, away) ** 2).sum()) / n
    design_effect = max(1.0, found / independent)
    return max(1.0, n / design_effect * (z_of(level) / t_of(level, m - 1)) ** 2)
