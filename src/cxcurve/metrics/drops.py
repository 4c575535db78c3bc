"""Which signals explain a fall of the curve: the change of what each one weighs, on average, between two places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from cxcurve.metrics.curve import Curve, Drop
from cxcurve.metrics.weekly import Block, Ticks, features
from cxcurve.metrics.weights import Weights

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
NAMED = 3


def mean_pulls(block: Block, weights: Weights, ticks: Ticks, rows: tuple[Ints, Ints, Ints], n_x: int) -> Floats:
    """Mean momentum minus friction, in doublings, by place on the curve and column of `weights`.

    Args:
        block: the customers.
        weights: the weights.
        ticks: when.
        rows: customer (position in the block), tick and place of every customer week.
        n_x: how many places there are.
    """
    customer, tick, place = rows
    order = np.argsort(tick, kind="stable")
    edges = np.searchsorted(tick[order], np.arange(len(ticks) + 1))
    total, n = np.zeros((n_x, len(weights.columns))), np.bincount(place, minlength=n_x)
    for number, (x, _) in enumerate(features(block, weights, ticks)):
        here = order[edges[number] : edges[number + 1]]
        np.add.at(total, place[here], x[:, customer[here]].T)
    net = weights.matrix[:, 1] - weights.matrix[:, 0]
    return np.asarray(total / np.maximum(n, 1)[:, None] * net)


def explained(curve: Curve, places: Sequence[float], pulls: Floats, weights: Weights) -> Curve:
    """The curve with the signals behind each drop, in points: their part of what pulled down, times the drop."""
    at = {x: i for i, x in enumerate(places)}
    drops = [_explained(drop, pulls[at[drop.end]] - pulls[at[drop.start]], weights) for drop in curve.drops]
    return replace(curve, drops=tuple(drops))


def _explained(drop: Drop, change: Floats, weights: Weights) -> Drop:
    by_signal: dict[str, float] = {}
    for (key, _), value in zip(weights.columns, change, strict=True):
        name = weights.plan.signals[key].name
        by_signal[name] = by_signal.get(name, 0.0) + float(value)
    down = {name: value for name, value in by_signal.items() if value < 0}
    total = sum(down.values())
    if not total:
        return drop
    worst = sorted(down, key=lambda name: (down[name], name))[:NAMED]
    return replace(drop, signals=tuple((name, drop.change * down[name] / total) for name in worst))
