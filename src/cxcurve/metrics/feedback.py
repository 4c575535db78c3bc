"""Asked feedback: NPS, CSAT and CES from answers, each told by its valence scale (definitions.md, 9)."""

from __future__ import annotations

from collections.abc import Sequence

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa

from cxcurve.journey.plan import Plan
from cxcurve.metrics.snapshot import Snapshot
from cxcurve.stats.estimates import Estimate, nothing
from cxcurve.stats.means import Moments, mean
from cxcurve.stats.proportions import nps as nps_of
from cxcurve.stats.proportions import wilson

WINDOW_DAYS = 90
EFFORT_MIRROR = 8.0
"""On seven points, 8 minus the answer says the same with the other direction."""


def answer_keys(plan: Plan, kind: str) -> list[int]:
    """Keys of the signals that hold such answers: names that begin with nps, csat or ces."""
    return [key for key, signal in plan.signals.items() if signal.name.startswith(f"{kind}_") or signal.name == kind]


def answers(snapshot: Snapshot, kind: str) -> ir.Table:
    """Answers of a kind with a value: customer_key, signal_key, event_id, person_id, occurred_us, value."""
    log = snapshot.log
    chosen = log.filter(log.signal_key.isin(answer_keys(snapshot.plan, kind) or [-1]) & log.value.notnull())
    return chosen.select("customer_key", "signal_key", "event_id", "person_id", "occurred_us", "value")


def newest(rows: pa.Table, plan: Plan) -> list[float]:
    """Values of `answers`, of a person with `keep: latest` the newest alone; effort always with high as easy."""
    found: dict[tuple[object, ...], float] = {}
    order = [("occurred_us", "ascending"), ("event_id", "ascending")]
    for row in rows.sort_by(order).to_pylist():
        signal = plan.signals[row["signal_key"]]
        value = EFFORT_MIRROR - row["value"] if signal.direction == "low_is_easy" else row["value"]
        is_one = signal.keep == "latest" and row["person_id"] is not None
        who = (row["customer_key"], row["signal_key"], row["person_id"]) if is_one else (row["event_id"],)
        found.pop(who, None)
        found[who] = value
    return list(found.values())


def nps(values: Sequence[float]) -> Estimate:
    """Net Promoter Score, -100 to 100; codes outside 0 to 10 are left out."""
    known = [value for value in values if 0 <= value <= 10]
    up, down = sum(value >= 9 for value in known), sum(value <= 6 for value in known)
    return scaled(nps_of(up, len(known) - up - down, down), 100.0)


def csat(values: Sequence[float]) -> Estimate:
    """Share of 4 and 5 on five; codes outside 1 to 5 are left out."""
    known = [value for value in values if 1 <= value <= 5]
    return wilson(sum(value >= 4 for value in known), len(known)) if known else nothing()


def ces(values: Sequence[float]) -> Estimate:
    """Mean on seven; codes outside 1 to 7 are left out."""
    known = np.array([value for value in values if 1 <= value <= 7], dtype=float)
    return mean(Moments.from_values(known)) if len(known) else nothing()


def scaled(estimate: Estimate, factor: float) -> Estimate:
    """The estimate in another unit."""
    if estimate.value is None:
        return estimate
    low, high = (None if bound is None else bound * factor for bound in (estimate.low, estimate.high))
    return Estimate(estimate.value * factor, low, high, estimate.n, reason=estimate.reason)
