"""Rows that explanations share: customers by their ids, and the events of some signals."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa

from cxcurve.metrics.snapshot import Snapshot
from cxcurve.workspace.explain.explanation import Below
from cxcurve.workspace.explain.results import Results

US_PER_DAY = 86_400_000_000


def named(results: Results, keys: Any) -> pa.Array:
    """The ids of customers by their keys, in the same order."""
    known = dict(results.run.store.rows("SELECT customer_key, customer_id FROM customer_keys"))
    return pa.array([known[int(key)] for key in keys], pa.string())


def values(results: Results, keys: Any, value: Any, **more: Any) -> pa.Table:
    """One row for each thing counted: customer_id, value, weight 1, and more columns."""
    numbers = np.asarray(value, dtype=float)
    return pa.table({"customer_id": named(results, keys), **more, "value": numbers, "weight": np.ones(len(numbers))})


def below(keys: Iterable[int], since_us: int | None = None, until_us: int | None = None) -> Below:
    """The events of some signals."""
    return Below(tuple(sorted(set(keys))), since_us, until_us)


def below_stays(known: Snapshot) -> Below:
    """The events that stays are made of."""
    plan = known.plan
    return below([*plan.stage_keys, *plan.after_keys, *plan.exit_keys])


def below_indexes(results: Results, measures: Iterable[int]) -> Below:
    """Those that carry a weight for friction (0), momentum (1) or advocacy (2), and those that end them."""
    weights, plan = results.run.weights, results.known.plan
    keys = {weights.columns[i][0] for measure in measures for i in weights.places(measure)}
    return below([*keys, *plan.keys_of(*(plan.signals[key].until or "" for key in keys))])


def below_scores(results: Results) -> Below:
    """Those of the indexes and of the stays."""
    return below([*below_indexes(results, (0, 1)).signal_keys, *below_stays(results.known).signal_keys])
