"""The pair of friction and momentum in a word: flowing, pushing through, coasting, stuck (definitions.md, 3).

With hysteresis, so that who stands near a cut does not change its word every week.
"""

from __future__ import annotations

from dataclasses import dataclass

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cxcurve.charts.format import FRICTION_CUT, MOMENTUM_CUT
from cxcurve.metrics.literals import float64

HYSTERESIS = 5.0
PAIRS = ("coasting", "flowing", "stuck", "pushing through")
"""By 2 x (friction is high) + (momentum is high)."""
NONE = -1
"""The band of a week without an index, and the pair of a customer without one."""

Bands = NDArray[np.int8]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Pairs:
    """Each customer at the last tick: place in `PAIRS`, and since which tick; `NONE` of those without a pair."""

    pair: Ints
    since: Ints


def pairs(friction: Bands, momentum: Bands) -> Pairs:
    """What the bands of two indexes come to, week by week.

    A first value takes the plain cut. From then on an index becomes high at `HYSTERESIS` above the cut, low at as much
    below it, and in between stays what it was.

    Args:
        friction: ticks x customers, from `banded`; `NONE` where there is no index.
        momentum: the same.
    """
    n = friction.shape[1]
    before, since = np.full(n, NONE), np.full(n, NONE)
    sides = [np.full(n, NONE), np.full(n, NONE)]
    for tick, bands in enumerate(zip(friction, momentum, strict=True)):
        sides = [_side(band, side) for band, side in zip(bands, sides, strict=True)]
        pair = np.where(sides[0] == NONE, NONE, 2 * sides[0] + sides[1])
        since = np.where(pair == NONE, NONE, np.where(pair == before, since, tick))
        before = pair
    return Pairs(before, since)


def _side(band: Bands, before: Ints) -> Ints:
    """1 high, 0 low."""
    held = (band == 3) | ((before == 1) & (band > 0))
    side = np.where(before == NONE, band >= 2, held).astype(np.int64)
    return np.where(band == NONE, NONE, side)


def with_bands(weeks: ir.Table) -> ir.Table:
    """The bands of rows with indexes, in one small number: there are millions of rows.

    A band is 0 up to cut - 5, 1 below the cut, 2 below cut + 5, 3 beyond.

    Returns:
        customer_key, week, bands (4 x friction band + momentum band).
    """
    friction, momentum = _band(weeks.friction_index, FRICTION_CUT), _band(weeks.momentum_index, MOMENTUM_CUT)
    return weeks.select("customer_key", "week", bands=(friction * 4 + momentum).cast("int8"))


def bands_of(friction_index: float, momentum_index: float) -> int:
    """The same of one row."""
    indexes = (friction_index, FRICTION_CUT), (momentum_index, MOMENTUM_CUT)
    friction, momentum = (
        (index > cut - HYSTERESIS) + (index >= cut) + (index >= cut + HYSTERESIS) for index, cut in indexes
    )
    return friction * 4 + momentum


def matrices(rows: pa.Table, keys: Ints, last_week: int) -> tuple[Bands, Bands]:
    """Rows of `with_bands` as ticks x customers up to the last week; of the customers `keys`, in order."""
    week = rows["week"].to_numpy()
    first = int(week.min(initial=last_week))
    places = np.zeros(int(keys.max(initial=0)) + 1, np.int64)  # looked up, for a search takes longer
    places[keys] = np.arange(len(keys))
    found = np.full((last_week - first + 1, len(keys)), NONE, np.int8)
    found.ravel()[(week - first) * np.int64(len(keys)) + places[rows["customer_key"].to_numpy()]] = rows[
        "bands"
    ].to_numpy()
    friction, momentum = np.divmod(found, np.int8(4))
    return friction, np.where(found == NONE, np.int8(NONE), momentum)


def _band(index: ir.FloatingValue, cut: float) -> ir.IntegerValue:
    reached = index > float64(cut - HYSTERESIS), index >= float64(cut), index >= float64(cut + HYSTERESIS)
    first, second, third = (one.cast("int32") for one in reached)
    return first + second + third
