"""Which signals explain a fall of the curve: the change of what each one weighs, on average, between two places."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from cxcurve.metrics.curve import Curve, Drop
from cxcurve.metrics.recursion import Ticks, features
from cxcurve.metrics.weekly import Block
from cxcurve.metrics.weights import Weights

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
NAMED = 3
QUIET = "decline_or_silence"


def mean_features(
    block: Block, weights: Weights, ticks: Ticks, rows: tuple[Ints, Ints, Ints, Floats], n_places: int
) -> Floats:
    """Mean log2(1 + n) by place on the curve and column of `weights`.

    Args:
        block: the customers.
        weights: the weights.
        ticks: when.
        rows: customer (position in the block), tick, place and what it counts for, of every customer week.
        n_places: how many places there are.
    """
    customer, tick, place, worth = rows
    order = np.argsort(tick, kind="stable")
    edges = np.searchsorted(tick[order], np.arange(len(ticks) + 1))
    total = np.zeros((n_places, len(weights.columns)))
    walk = features(block.signal_weeks, block.keys, block.seat_factors, weights, ticks, block.memory)
    for number, (x, _) in enumerate(walk):
        here = order[edges[number] : edges[number + 1]]
        np.add.at(total, place[here], x[:, customer[here]].T * worth[here, None])
    return np.asarray(total / counts_of(place, worth, n_places)[:, None])


def counts_of(place: Ints, worth: Floats, n_places: int) -> Floats:
    """What the customer weeks of each place count for together; 1 where there are none, as a divisor."""
    total = np.bincount(place, worth, n_places)
    return np.where(total > 0, total, 1.0)


def pulls(mean_x: Floats, mean_friction: Floats, mean_stall: Floats, weights: Weights) -> dict[str, Floats]:
    """What each signal pulls by place, in doublings: momentum minus friction.

    State signals stand beside the events: stall, and what friction is left (decline, silence, overdue issues).

    Args:
        mean_x: from `mean_features`.
        mean_friction: mean F by place.
        mean_stall: mean weight x stall by place.
        weights: the weights.
    """
    found: dict[str, Floats] = {}
    for number, (key, _) in enumerate(weights.columns):
        name = weights.plan.signals[key].name
        net = mean_x[:, number] * (weights.matrix[number, 1] - weights.matrix[number, 0])
        found[name] = found.get(name, 0.0) + net
    rest = mean_friction - mean_x @ weights.matrix[:, 0] - mean_stall
    return {**found, "stall": -mean_stall, QUIET: -np.maximum(rest, 0.0)}


def explained(curve: Curve, by_signal: Mapping[str, Floats]) -> Curve:
    """The curve with the signals behind each drop, in points: their part of what pulled down, times the drop."""
    at = {point.x: i for i, point in enumerate(curve.points)}
    return replace(curve, drops=tuple(_explained(drop, at, by_signal) for drop in curve.drops))


def _explained(drop: Drop, at: Mapping[float, int], by_signal: Mapping[str, Floats]) -> Drop:
    change = {name: float(values[at[drop.end]] - values[at[drop.start]]) for name, values in by_signal.items()}
    down = {name: value for name, value in change.items() if value < 0}
    total = sum(down.values())
    if not total:
        return drop
    worst = sorted(down, key=lambda name: (down[name], name))[:NAMED]
    return replace(drop, signals=tuple((name, drop.change * down[name] / total) for name in worst))
