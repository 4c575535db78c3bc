"""Points of the CX Curve, explained."""

from __future__ import annotations

from typing import cast

from cxcurve.errors import UnknownNameError
from cxcurve.metrics.curve import BINS_PER_STAGE, Point, X, customer_means
from cxcurve.metrics.leavers import Leavers
from cxcurve.stats.estimates import Estimate
from cxcurve.workspace.curves import usual_days, weighted
from cxcurve.workspace.explain import queries
from cxcurve.workspace.explain.explanation import Grounds
from cxcurve.workspace.explain.keys import path_of
from cxcurve.workspace.explain.results import Results
from cxcurve.workspace.explain.rows import below_indexes, values

PLACE = "docs/explain.md#the-curve"
AXES: dict[str, tuple[X, Leavers]] = {
    "week": ("week", "survivors"),
    "weighted": ("week", "weighted"),
    "position": ("position", "survivors"),
    "date": ("date", "survivors"),
}
"""By the name of the axis in a key; `weighted` is the week axis weighted for those who left."""
MEASURES = {
    "level": ("Level", "number", "Momentum minus friction, mean over the customers who are there.", (0, 1)),
    "friction_index": ("Journey Friction Index", "index", "Mean over the customers who are there.", (0,)),
    "momentum_index": ("Momentum Score", "index", "Mean over the customers who are there.", (1,)),
}


def keys(results: Results, axis: str = "week") -> list[str]:
    """Every point of a curve."""
    points = results.curve(*AXES[axis]).curve.points
    return [path_of("curve", axis, f"{point.x:g}", name) for point in points for name in MEASURES]


def grounds(results: Results, axis: str, x: str, measure: str) -> Grounds:
    """What a point of the curve rests on: each customer who was there, with the mean of its weeks there.

    Raises:
        UnknownNameError: there is no such axis, point or measure.
    """
    if axis not in AXES:
        raise UnknownNameError("axis of the curve", axis, AXES)
    if measure not in MEASURES:
        raise UnknownNameError("measure of the curve", measure, MEASURES)
    result = results.curve(*AXES[axis])
    points = {f"{point.x:g}": point for point in result.curve.points}
    if x not in points:
        raise UnknownNameError(f"point of the curve by {AXES[axis][0]}", x, points)
    return _grounds(results, axis, points[x], measure)


def _grounds(results: Results, axis: str, point: Point, measure: str) -> Grounds:
    (x, leavers), known = AXES[axis], results.known
    weeks = weighted(results.run, known)[0] if leavers == "weighted" else None
    means = customer_means(known, x, usual_days(known, results.run.store.arrow), weeks)
    place = round(point.x * (BINS_PER_STAGE if x == "position" else 1))
    here = means.filter(means.x == place)
    rows = results.run.store.arrow(here.select("customer_key", "weight", measure))
    weight = rows["weight"].to_numpy()
    inputs = values(results, rows["customer_key"].to_numpy(), rows[measure].to_numpy() / weight)
    inputs = inputs.set_column(inputs.schema.get_field_index("weight"), "weight", [weight])
    label, unit, definition, measures = MEASURES[measure]
    low, high = (point.low, point.high) if measure == "level" else (None, None)
    shown = Estimate(cast(float, getattr(point, measure)), low, high, point.n)
    where = f"{label} at {x} {point.x:g}" + (", weighted for those who left" if leavers == "weighted" else "")
    told = where, unit, shown, definition, PLACE
    return Grounds(*told, "mean", queries.MEAN, {"inputs": inputs}, below_indexes(results, measures))
