"""Rates of events, compared between two times of the same customers."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cxcurve.errors import BadValueError
from cxcurve.stats.estimates import Estimate, nothing, t_of

FEWEST_EVENTS = 10

Floats = NDArray[np.float64]


def rate_ratio(
    events: ArrayLike, exposure: ArrayLike, events_before: ArrayLike, exposure_before: ArrayLike, *, level: float = 0.95
) -> Estimate:
    """Events for each unit of exposure now, divided by the same before.

    The interval is on the log scale and robust: a customer's events come in bunches, and the customers of both times
    are largely the same, so each customer counts once, with all that it adds to either side.

    Args:
        events: (n,) how many each customer had.
        exposure: (n,) how long each was there, in any unit.
        events_before: (n,) the same before.
        exposure_before: (n,) the same before.
        level: confidence.

    Source: linearised ratio, Rao & Scott 1999, Stat. Med. 18:1373-1385; clustered variance as Liang & Zeger 1986
    """
    now, then = _side(events, exposure), _side(events_before, exposure_before)
    if now[0].shape != then[0].shape:
        raise BadValueError(f"{len(now[0])} customers now and {len(then[0])} before; expected the same, 0 where absent")
    n = int(now[0].sum() + then[0].sum())
    if min(now[0].sum(), then[0].sum()) < FEWEST_EVENTS or min(now[1].sum(), then[1].sum()) <= 0:
        return nothing(n)
    customers = int(((now[0] + now[1] + then[0] + then[1]) > 0).sum())
    away = _away(*now) - _away(*then)
    middle = math.log(now[0].sum() / now[1].sum()) - math.log(then[0].sum() / then[1].sum())
    if customers == 1:
        return Estimate(math.exp(middle), 0.0, math.inf, n)
    error = math.sqrt(customers / (customers - 1) * float((away**2).sum()))
    half = t_of(level, customers - 1) * error
    return Estimate(math.exp(middle), math.exp(middle - half), math.exp(middle + half), n)


def _side(events: ArrayLike, exposure: ArrayLike) -> tuple[Floats, Floats]:
    one, other = np.asarray(events, float), np.asarray(exposure, float)
    if one.shape != other.shape or one.ndim != 1:
        raise BadValueError(f"events has shape {one.shape} and exposure {other.shape}; expected one of each a customer")
    return one, other


def _away(events: Floats, exposure: Floats) -> Floats:
    """How each customer moves the logarithm of the rate."""
    total = events.sum()
    return np.asarray((events - total / exposure.sum() * exposure) / total)
