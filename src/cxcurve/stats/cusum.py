"""CUSUM: how long a chart that adds up deviations takes to raise an alarm, false or true."""

from __future__ import annotations

import math

import numpy as np
from scipy import special

from cxcurve.errors import BadValueError
from cxcurve.stats.estimates import check_counts

_NODES = 96
"""Points of the quadrature: far more digits than a table prints."""


def cusum_run_length(bound: float, shift: float = 0.0, *, allowance: float = 0.5, two_sided: bool = True) -> float:
    """Mean number of points until a CUSUM of unit-variance normal points raises an alarm.

    Args:
        bound: h, in standard deviations.
        shift: true change of the mean, in standard deviations; 0 gives the time between false alarms.
        allowance: k, half the change to be found.
        two_sided: whether it watches both directions.

    Source: Page 1954, Biometrika 41:100-115; Montgomery, Introduction to Statistical Quality Control, ch. 9
    """
    check_counts(allowance=allowance)
    if bound <= 0:
        raise BadValueError(f"bound is {bound}; expected more than 0 standard deviations")
    up = _one_sided_run_length(bound, allowance - shift)
    return 1 / (1 / up + 1 / _one_sided_run_length(bound, allowance + shift)) if two_sided else up


def _one_sided_run_length(bound: float, drift: float) -> float:
    """Page's integral equation L(u) = 1 + L(0) P(back at 0) + integral of L, by Gauss-Legendre quadrature."""
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    points = np.concatenate([[0.0], (nodes + 1) * bound / 2])
    kernel = np.empty((_NODES + 1, _NODES + 1))
    kernel[:, 0] = special.ndtr(drift - points)
    kernel[:, 1:] = np.exp(-((points[None, 1:] - points[:, None] + drift) ** 2) / 2) / math.sqrt(2 * math.pi)
    kernel[:, 1:] *= weights * bound / 2
    return float(np.linalg.solve(np.eye(_NODES + 1) - kernel, np.ones(_NODES + 1))[0])
