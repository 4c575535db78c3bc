"""Asked feedback: NPS, CSAT and CES from answers, each told by its valence scale (definitions.md, 9)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cxcurve.journey.plan import Plan
from cxcurve.metrics.snapshot import Snapshot
from cxcurve.stats.clusters import effective_n
from cxcurve.stats.estimates import Estimate, Floats, Ints, nothing
from cxcurve.stats.means import Moments, mean
from cxcurve.stats.proportions import nps as nps_of
from cxcurve.stats.proportions import wilson

WINDOW_DAYS = 90
EFFORT_MIRROR = 8.0
"""On seven points, 8 minus the answer says the same with the other direction."""
SCALES: Mapping[str, tuple[int, int]] = {"nps": (0, 10), "csat": (1, 5), "ces": (1, 7)}
"""Lowest and highest answer by kind; any other code, and none, is no answer."""


@dataclass(frozen=True, eq=False, slots=True)
class Answers:
    """Answers that count: value and customer of each; and how many are left out, empty or outside the scale."""

    values: Floats
    customers: Ints
    n_unknown: int = 0


def answer_keys(plan: Plan, kind: str) -> list[int]:
    """Keys of the signals that hold such answers: names that begin with nps, csat or ces."""
    return [key for key, signal in plan.signals.items() if signal.name.startswith(f"{kind}_") or signal.name == kind]


def answers(snapshot: Snapshot, kind: str) -> ir.Table:
    """Answers of a kind, empty ones too: customer_key, signal_key, event_id, person_id, occurred_us, value?."""
    log = snapshot.log
    chosen = log.filter(log.signal_key.isin(answer_keys(snapshot.plan, kind) or [-1]))
    return chosen.select("customer_key", "signal_key", "event_id", "person_id", "occurred_us", "value")


def newest(rows: pa.Table, plan: Plan, kind: str) -> Answers:
    """Those rows of `answers` that count: on the scale, of a person with `keep: latest` the newest alone.

    What is not on the scale says nothing, so it replaces nothing either. Effort is told with high as easy.
    """
    low, high = SCALES[kind]
    is_known = pc.and_(pc.greater_equal(rows["value"], low), pc.less_equal(rows["value"], high))
    known = rows.filter(pc.fill_null(is_known, False))
    found: dict[tuple[object, ...], tuple[float, int]] = {}
    order = [("occurred_us", "ascending"), ("event_id", "ascending")]
    for row in known.sort_by(order).to_pylist():
        signal = plan.signals[row["signal_key"]]
        value = EFFORT_MIRROR - row["value"] if signal.direction == "low_is_easy" else row["value"]
        is_one = signal.keep == "latest" and row["person_id"] is not None
        who = (row["customer_key"], row["signal_key"], row["person_id"]) if is_one else (row["event_id"],)
        found[who] = value, row["customer_key"]
    values, customers = zip(*found.values(), strict=True) if found else ((), ())
    return Answers(np.array(values, float), np.array(customers, np.int64), rows.num_rows - known.num_rows)


def nps(said: Answers) -> Estimate:
    """Net Promoter Score, -100 to 100."""
    sides = (said.values >= 9).astype(int) - (said.values <= 6)
    up, down = int((sides > 0).sum()), int((sides < 0).sum())
    worth = effective_n(sides, said.customers)
    return scaled(nps_of(up, sides.size - up - down, down, n_effective=worth), 100.0)


def csat(said: Answers) -> Estimate:
    """Share of 4 and 5 on five."""
    is_satisfied = said.values >= 4
    return wilson(int(is_satisfied.sum()), is_satisfied.size, n_effective=effective_n(is_satisfied, said.customers))


def ces(said: Answers) -> Estimate:
    """Mean on seven."""
    if not said.values.size:
        return nothing()
    return mean(Moments.from_values(said.values), n_effective=effective_n(said.values, said.customers))


MEASURES: Mapping[str, Callable[[Answers], Estimate]] = {"nps": nps, "csat": csat, "ces": ces}
"""How each kind is told."""


def scaled(estimate: Estimate, factor: float) -> Estimate:
    """The estimate in another unit."""
    if estimate.value is None:
        return estimate
    low, high = (None if bound is None else bound * factor for bound in (estimate.low, estimate.high))
    return Estimate(estimate.value * factor, low, high, estimate.n, reason=estimate.reason)
