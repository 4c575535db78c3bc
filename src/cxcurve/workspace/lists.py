"""All customers and all signals: results as tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import ibis.expr.types as ir
import pyarrow as pa

from cxcurve.metrics.customer_states import Beside, beside
from cxcurve.metrics.snapshot import Snapshot
from cxcurve.metrics.versions import LearnedWeight, Version
from cxcurve.metrics.weights import Weights
from cxcurve.workspace.results import at
from cxcurve.workspace.time_to_value import TimeToValueResult, time_to_value_result

__all__ = [
    "TimeToValueResult", "beside_json", "customer_rows", "flat", "friction_rows", "in_state", "recent_levels",
    "signal_rows", "time_to_value_result",
]  # fmt: skip

Arrow = Callable[[ir.Table], pa.Table]
Row = TypeVar("Row", bound=Mapping[str, Any])


def customer_rows(snapshot: Snapshot, arrow: Arrow) -> list[dict[str, Any]]:
    """Every customer with stage, indexes, pair and states; null and the reason for those outside the journey."""
    now = snapshot.customer_now.select(
        "customer_key", "cycle", "stage", "dwell_days", "friction_index", "momentum_index", "advocacy_index", "level"
    )
    customers = snapshot.customers.select(
        "customer_key", "customer_id", "name", "segment", "industry", "plan", "region", "owner", "partner_id",
        "revenue", "is_usual_revenue",
    )  # fmt: skip
    rows = arrow(customers.left_join(now, "customer_key")).to_pylist()
    told = beside(snapshot, lambda _, build: arrow(build(snapshot)))
    for row in rows:
        row.pop("customer_key_right", None)
        inside = row["stage"] is not None
        row["stage_label"] = snapshot.stage_label(row["stage"]) if inside else None
        row["stage"] = snapshot.stage_name(row["stage"]) if inside else None
        row["reason"] = None if inside else "outside"
        since = snapshot.as_of_us - row["dwell_days"] * 86_400e6 if inside else None
        row["stage_since"] = at(int(since)) if since is not None else None
        row.update(beside_json(told.get(row["customer_key"], Beside())))
    return sorted(rows, key=lambda row: (row["level"] is None, row["level"], row["customer_id"]))


def beside_json(one: Beside) -> dict[str, Any]:
    """The pair and the states, for JSON."""
    states = [{"state": state.name, "since": at(state.since_us)} for state in one.states]
    return {"pair": one.pair, "pair_since": at(one.pair_since_us), "states": states}


def flat(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row for a spreadsheet: its states in one cell, as in "slipping back since 2026-05-04"."""
    return {**row, "states": "; ".join(f"{one['state']} since {one['since'][:10]}" for one in row["states"])}


def in_state(rows: Sequence[Row], name: str) -> list[Row]:
    """Those of `customer_rows` of which a pair or state is told."""
    return [row for row in rows if row["pair"] == name or any(one["state"] == name for one in row["states"])]


def recent_levels(snapshot: Snapshot, arrow: Arrow, keys: list[int], weeks: int = 12) -> dict[int, list[float]]:
    """The last weeks' levels of some customers, for sparklines."""
    table, last = snapshot.comparable_weeks, snapshot.first_week + snapshot.n_weeks - 1
    chosen = table.filter(table.customer_key.isin(keys or [-1]) & (table.week > last - weeks))
    levels: dict[int, list[float]] = {}
    for row in arrow(chosen.select("customer_key", "week", "level").order_by("customer_key", "week")).to_pylist():
        levels.setdefault(row["customer_key"], []).append(row["level"])
    return levels


def signal_rows(snapshot: Snapshot, arrow: Arrow, weights: Weights) -> dict[str, Any]:
    """As interfaces.md, `show signals`: the weights in force, with intervals where they were learned."""
    log = snapshot.log
    seen = arrow(log.group_by("signal_key").agg(n=log.count(), last=log.occurred_us.max())).to_pylist()
    names = {key: name for name, key in snapshot.plan.keys.items()}
    by_name = {names[row["signal_key"]]: row for row in seen}
    in_force = [
        dict(zip(map(str, weights.features(measure)), weights.of_features(measure).tolist(), strict=True))
        for measure in (0, 1)
    ]
    rows = []
    for name, signal in snapshot.plan.journey.signals.items():
        row = by_name.get(name)
        friction, momentum = (f"{name} ({part})" if signal.valence else name for part in ("negative", "positive"))
        learned = _learned(weights.version, friction, momentum)
        rows.append(
            {
                "signal": name,
                "stage": signal.stage,
                # A signal that was never seen has no column yet, and the plan's weight.
                "friction_weight": in_force[0].get(friction, max(signal.friction, signal.valence_friction)),
                "momentum_weight": in_force[1].get(momentum, max(signal.momentum, signal.valence_momentum)),
                "advocacy_weight": signal.advocacy,
                "half_life_days": signal.half_life.days,
                "low": learned.low if learned else None,
                "high": learned.high if learned else None,
                "n_events": row["n"] if row else 0,
                "last_seen_at": at(row["last"]) if row else None,
            }
        )
    version = weights.version
    return {
        "version": version.number if version else 0,
        "weights": version.friction.kind if version else "expert",
        "signals": rows,
    }


def _learned(version: Version | None, friction: str, momentum: str) -> LearnedWeight | None:
    """The interval that is told: of the friction weight where there is one."""
    if version is None:
        return None
    return version.friction.weights.get(friction) or version.momentum.weights.get(momentum)


def friction_rows(snapshot: Snapshot, arrow: Arrow, weights: Weights) -> list[dict[str, Any]]:
    """Friction signals in the last 28 days: events and customers affected, with the weight of one event."""
    log = snapshot.log.filter(snapshot.log.occurred_us >= snapshot.as_of_us - 28 * 86_400_000_000)
    counts = arrow(log.group_by("signal_key").agg(n_events=log.count(), n_customers=log.customer_key.nunique()))
    by_signal = {
        feature.signal: float(weight)
        for feature, weight in zip(weights.features(0), weights.of_features(0), strict=True)
    }
    rows = []
    for row in counts.to_pylist():
        signal = snapshot.plan.signals.get(row["signal_key"])
        weight = by_signal.get(signal.name, 0.0) if signal else 0.0
        if signal is not None and weight:
            rows.append(
                {
                    "signal": signal.name,
                    "friction_weight": weight,
                    "n_events": row["n_events"],
                    "n_customers": row["n_customers"],
                }
            )
    return sorted(rows, key=lambda row: (-row["friction_weight"] * row["n_customers"], row["signal"]))
