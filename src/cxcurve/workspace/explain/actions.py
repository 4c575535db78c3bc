"""What was seen of an action, explained: who was reached, whom they are compared with, and what each adds."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from cxcurve.errors import UnknownNameError
from cxcurve.metrics.promised import STRENGTH
from cxcurve.stats.estimates import nothing
from cxcurve.workspace.explain import queries
from cxcurve.workspace.explain.explanation import Below, Grounds
from cxcurve.workspace.explain.keys import path_of
from cxcurve.workspace.explain.results import Results
from cxcurve.workspace.explain.rows import below, below_scores, below_stays, named
from cxcurve.workspace.read_outs import ReadOut

PLACE = "docs/actions.md#how-strong-the-evidence-is"


def keys(results: Results) -> list[str]:
    """Every action of which something was seen; they are of everybody."""
    found = () if results.known.population else results.actions.read_outs
    return [path_of("action", one.action.action_id) for one in found if one.rows is not None]


def grounds(results: Results, action_id: str) -> Grounds:
    """What was seen of an action: each customer's value, less what the value before explains, times its weight.

    Weights of those reached add up to 1, those of the others to -1, so that the sum is the change.

    Raises:
        UnknownNameError: there is no such action.
    """
    found = {one.action.action_id: one for one in results.actions.read_outs}
    if action_id not in found:
        raise UnknownNameError("action", action_id)
    one = found[action_id]
    movable = one.action.movable
    definition = f"{movable.definition} Evidence: {STRENGTH[one.evidence]}."
    shown = one.seen.change if one.seen else nothing()
    slope = one.seen.slope if one.seen else 0.0
    told = f"Seen: {one.action.what}", "share" if movable.is_share else "number", shown, definition, PLACE
    inputs, settings = {"inputs": _inputs(results, one, slope)}, {"slope": slope, "days": one.action.days}
    return Grounds(*told, "sum", queries.SUM, inputs, _below(results, one), settings)


def _inputs(results: Results, one: ReadOut, slope: float) -> pa.Table:
    if one.rows is None:
        empty = pa.array([], pa.float64())
        return pa.table({"customer_id": pa.array([], pa.string()), "value": empty, "weight": empty})
    rows = one.rows
    is_reached, weight = rows["is_reached"].to_numpy(), rows["weight"].to_numpy()
    value = rows["value"].to_numpy() - (slope * rows["before"].to_numpy() if slope else 0.0)
    sides = np.where(is_reached, weight[is_reached].sum(), -weight[~is_reached].sum())
    return pa.table({
        "customer_id": named(results, rows["customer_key"].to_numpy()), "is_reached": is_reached, "value": value,
        "weight": weight / sides,
    })  # fmt: skip


def _below(results: Results, one: ReadOut) -> Below:
    """The events its metric is made of, up to the end of its days."""
    of, plan, until_us = one.action.movable.of, results.known.plan, one.action.end_us
    if of == "contacts":
        return below(plan.issue_keys or plan.complaint_keys, one.action.started_us, until_us)
    signal_keys = (below_stays(results.known) if one.action.movable.is_share else below_scores(results)).signal_keys
    return below(signal_keys, None, until_us)
