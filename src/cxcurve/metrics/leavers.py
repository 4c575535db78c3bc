"""Who left the curve, and weights that let those still there stand for them (definitions.md, 4).

Whoever is unhappy leaves, and the mean over those still inside rises without anybody feeling better. Inverse
probability of censoring weights undo as much of it as was visible before: a customer who stayed although many of its
like left counts for them too. Its like are the customers at the same stage with a like friction and momentum, week by
week. Exits alone count; who is still inside at as_of is censored as usual.

Source: Robins & Finkelstein 2000, Biometrics 56:779-788; Cole & Hernan 2008, doi:10.1093/aje/kwn164 (weights
stabilised, capped, and checked to be 1 on average).
"""

from __future__ import annotations

from typing import Literal

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cxcurve.metrics.literals import float64

Floats = NDArray[np.float64]
Leavers = Literal["survivors", "weighted"]
FRICTION_EDGES, MOMENTUM_EDGES = (25.0, 50.0, 75.0, 87.5), (40.0, 60.0)
"""Bands of the two indexes: friction by half a doubling and then by doublings, momentum below, at and above typical."""
PRIOR_WEEKS = 20.0
"""A cell of so many customer-weeks is told half by itself and half by the coarser cell around it."""
MOST_WEIGHT = 10.0
"""The cap: nobody counts for more than so many of those who began."""
LEAST_SPOKEN_FOR = 0.9
"""Weights should add up to those there. Where they do so by less than this, some who left have nobody like them left to
stand for them: from there on no interval would hold (measured: bands that held the truth in 71 of 100 runs hold it in
92 without these weeks)."""
CELL = ("stage", "friction_band", "momentum_band")
_MOST_HAZARD = 0.99
"""Where everybody leaves, nobody is left to be weighed; a logarithm is wanted all the same."""


def exit_counts(customer_weeks: ir.Table, last_week: int) -> ir.Table:
    """How many customers were there at a week's end, and how many of them had left at the next.

    Args:
        customer_weeks: `tables.CUSTOMER_WEEKS` with the indexes.
        last_week: the last whole week; what comes after it is not known.

    Returns:
        stage, friction_band, momentum_band, cycle_week, n (customer-weeks), n_exits.
    """
    course = ibis.window(group_by=["customer_key", "cycle"], order_by="week")
    rows = _in_bands(customer_weeks)
    rows = rows.mutate(is_exit=rows.week.lead().over(course).isnull().cast("int64"))
    rows = rows.filter(rows.week < last_week)
    return rows.group_by(*CELL, "cycle_week").agg(n=rows.count(), n_exits=rows.is_exit.sum())


def exit_hazards(n: Floats, n_exits: Floats) -> Floats:
    """Chance of leaving within the week, by cell; a thin cell leans on the friction band, that on the stage, on all.

    Args:
        n: (stages, friction bands, momentum bands) customer-weeks.
        n_exits: of them those after which the customer left.
    """
    found = np.full((1, 1, 1), n_exits.sum() / max(n.sum(), 1.0))
    for axes in ((1, 2), (2,), ()):
        own, left = (values.sum(axis=axes, keepdims=True) for values in (n, n_exits))
        found = (left + PRIOR_WEEKS * found) / (own + PRIOR_WEEKS)
    return np.asarray(np.minimum(found, _MOST_HAZARD))


def weight_tables(counts: pa.Table, n_stages: int) -> tuple[pa.Table, pa.Table]:
    """What the weights are made from.

    Args:
        counts: rows of `exit_counts`.
        n_stages: stages of the journey.

    Returns:
        By cell: log_stay, the logarithm of the chance to stay for a week. By cycle_week: log_kept, the same for all
        together from the beginning up to that week.
    """
    shape = (n_stages, len(FRICTION_EDGES) + 1, len(MOMENTUM_EDGES) + 1)
    n, n_exits = np.zeros(shape), np.zeros(shape)
    at = tuple(counts[name].to_numpy() for name in CELL)
    np.add.at(n, at, counts["n"].to_numpy())
    np.add.at(n_exits, at, counts["n_exits"].to_numpy())
    log_stay = np.log1p(-exit_hazards(n, n_exits))
    cells = {name: pa.array(place.ravel(), pa.int32()) for name, place in zip(CELL, np.indices(shape), strict=True)}
    return pa.table({**cells, "log_stay": log_stay.ravel()}), _kept(counts)


def with_weights(customer_weeks: ir.Table, cells: ir.Table, kept: ir.Table) -> ir.Table:
    """`customer_weeks` with `weight`: 1 on average at each week of the cycle, at most `MOST_WEIGHT`.

    What a week's own numbers say plays no part in its weight, only what was known at the weeks before it.

    Args:
        customer_weeks: `tables.CUSTOMER_WEEKS` with the indexes.
        cells: the first of `weight_tables`, on the same engine.
        kept: the second.
    """
    before = ibis.window(group_by=["customer_key", "cycle"], order_by="week", preceding=(None, 1))
    rows = _in_bands(customer_weeks).join(cells, list(CELL)).join(kept, "cycle_week")
    log_weight = rows.log_kept - rows.log_stay.sum().over(before).fill_null(float64(0.0))
    return rows.mutate(weight=ibis.least(log_weight.exp(), float64(MOST_WEIGHT)))


def _kept(counts: pa.Table) -> pa.Table:
    week = counts["cycle_week"].to_numpy()
    weeks = np.arange(week.max(initial=-1) + 3)  # the last week's own, and one more: an hour of clocks may skip one
    n, n_exits = (np.bincount(week, counts[name].to_numpy(), len(weeks)) for name in ("n", "n_exits"))
    log_stay = np.log1p(-np.minimum(n_exits / np.maximum(n, 1.0), _MOST_HAZARD))
    log_kept = np.r_[0.0, np.cumsum(log_stay)[:-1]]
    return pa.table({"cycle_week": pa.array(weeks, pa.int32()), "log_kept": log_kept})


def _in_bands(weeks: ir.Table) -> ir.Table:
    friction, momentum = _band(weeks.friction_index, FRICTION_EDGES), _band(weeks.momentum_index, MOMENTUM_EDGES)
    return weeks.mutate(friction_band=friction, momentum_band=momentum)


def _band(index: ir.FloatingValue, edges: tuple[float, ...]) -> ir.IntegerValue:
    """How many edges the index has reached."""
    reached = [(index >= float64(edge)).cast("int32") for edge in edges]
    return sum(reached[1:], start=reached[0]).cast("int32")
