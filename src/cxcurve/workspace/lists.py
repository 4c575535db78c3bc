"""All customers, all signals, time to value, and what was refused: results as tables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import ibis.expr.types as ir
import pyarrow as pa

from cxcurve import charts
from cxcurve.metrics.snapshot import Snapshot
from cxcurve.metrics.time_to_value import TimeToValue, time_to_value, value_times
from cxcurve.workspace.results import at, html_table, plain

Arrow = Callable[[ir.Table], pa.Table]
DAYS, HORIZON_DAYS = (7, 10, 14), 90.0


@dataclass(frozen=True)
class TimeToValueResult:
    """Time to value with the names of those who wait; None in `found` where the model defines none."""

    as_of_us: int
    found: TimeToValue | None
    customers: dict[int, dict[str, Any]]
    target_days: float | None

    def to_json(self) -> dict[str, Any]:
        """As interfaces.md, `show ttv`."""
        found = self.found
        if found is None:
            counts = dict.fromkeys(("n", "n_reached", "n_before_start", "n_exited", "n_waiting"), 0)
            nothing = dict.fromkeys(("median_days", "low", "high", "target_days"))
            told = {"reached": {str(day): None for day in DAYS}, "waiting": [], "reason": "not_in_model"}
            return {"as_of": at(self.as_of_us), **counts, **nothing, **told}
        return {
            "as_of": at(self.as_of_us),
            "n": found.n,
            "n_reached": found.n_reached,
            "n_before_start": found.n_before_start,
            "n_exited": found.n_exited,
            "n_waiting": found.n_waiting,
            "median_days": plain(found.median.value),
            "low": plain(found.median.low),
            "high": plain(found.median.high),
            "target_days": self.target_days,
            "reached": {str(day): plain(share.value) for day, share in found.reached.items()},
            "waiting": self.waiting(),
            "reason": found.reason or found.median.reason,
        }

    def _repr_html_(self) -> str:
        picture = self.picture()
        return picture._repr_html_() if picture else html_table("Time to value", ("reason",), [("not in the model",)])

    def waiting(self) -> list[dict[str, Any]]:
        """Who is waiting, the longest first."""
        rows = []
        for one in self.found.waiting if self.found else ():
            who = self.customers.get(one.customer_key, {})
            names = ("customer_id", "name", "owner", "revenue")
            rows.append({**{name: who.get(name) for name in names}, "days": one.days})
        return rows

    def picture(self, width: float = charts.WIDE) -> charts.Picture | None:
        """Share that reached value by day."""
        curve = self.found.incidence if self.found else None
        if curve is None:
            return None
        columns = curve.times, curve.share, curve.low, curve.high, curve.n_at_risk
        steps = [
            charts.SurvivalStep(float(day), float(share), float(low), float(high), int(n))
            for day, share, low, high, n in zip(*columns, strict=True)
            if day <= HORIZON_DAYS
        ]
        return charts.survival(steps, horizon_days=HORIZON_DAYS, target_days=self.target_days, width=width)


def time_to_value_result(snapshot: Snapshot, arrow: Arrow) -> TimeToValueResult:
    """Read time to value."""
    rule = snapshot.plan.journey.time_to_value
    target = rule.target.days if rule and rule.target else None
    times = value_times(snapshot)
    if times is None:
        return TimeToValueResult(snapshot.as_of_us, None, {}, target)
    found = time_to_value(arrow(times), as_of_us=snapshot.as_of_us, days=DAYS)
    rows = arrow(snapshot.customers.select("customer_key", "customer_id", "name", "owner", "revenue")).to_pylist()
    return TimeToValueResult(snapshot.as_of_us, found, {row["customer_key"]: row for row in rows}, target)


def customer_rows(snapshot: Snapshot, arrow: Arrow) -> list[dict[str, Any]]:
    """Every customer with stage and indexes; null and the reason for those outside the journey."""
    now = snapshot.customer_now.select(
        "customer_key", "cycle", "stage", "dwell_days", "friction_index", "momentum_index", "advocacy_index", "level"
    )
    customers = snapshot.customers.select(
        "customer_key", "customer_id", "name", "segment", "industry", "plan", "region", "owner", "partner_id",
        "revenue", "is_usual_revenue",
    )  # fmt: skip
    rows = arrow(customers.left_join(now, "customer_key")).to_pylist()
    for row in rows:
        row.pop("customer_key_right", None)
        inside = row["stage"] is not None
        row["stage_label"] = snapshot.stage_label(row["stage"]) if inside else None
        row["stage"] = snapshot.stage_name(row["stage"]) if inside else None
        row["reason"] = None if inside else "outside"
        since = snapshot.as_of_us - row["dwell_days"] * 86_400e6 if inside else None
        row["stage_since"] = at(int(since)) if since is not None else None
    return sorted(rows, key=lambda row: (row["level"] is None, row["level"], row["customer_id"]))


def recent_levels(snapshot: Snapshot, arrow: Arrow, keys: list[int], weeks: int = 12) -> dict[int, list[float]]:
    """The last weeks' levels of some customers, for sparklines."""
    table, last = snapshot.customer_weeks, snapshot.first_week + snapshot.n_weeks - 1
    chosen = table.filter(table.customer_key.isin(keys or [-1]) & (table.week > last - weeks))
    levels: dict[int, list[float]] = {}
    for row in arrow(chosen.select("customer_key", "week", "level").order_by("customer_key", "week")).to_pylist():
        levels.setdefault(row["customer_key"], []).append(row["level"])
    return levels


def signal_rows(snapshot: Snapshot, arrow: Arrow) -> dict[str, Any]:
    """As interfaces.md, `show signals`: expert weights, so no intervals."""
    log = snapshot.log
    seen = arrow(log.group_by("signal_key").agg(n=log.count(), last=log.occurred_us.max())).to_pylist()
    by_name = {}
    names = {key: name for name, key in snapshot.plan.keys.items()}
    for row in seen:
        by_name[names[row["signal_key"]]] = row
    rows = []
    for name, signal in snapshot.plan.journey.signals.items():
        row = by_name.get(name)
        rows.append(
            {
                "signal": name,
                "stage": signal.stage,
                "friction_weight": max(signal.friction, signal.valence_friction),
                "momentum_weight": max(signal.momentum, signal.valence_momentum),
                "advocacy_weight": signal.advocacy,
                "half_life_days": signal.half_life.days,
                "low": None,
                "high": None,
                "n_events": row["n"] if row else 0,
                "last_seen_at": at(row["last"]) if row else None,
            }
        )
    return {"version": "expert", "weights": "expert", "signals": rows}


def friction_rows(snapshot: Snapshot, arrow: Arrow) -> list[dict[str, Any]]:
    """Friction signals in the last 28 days: events and customers affected, with the weight of one event."""
    log = snapshot.log.filter(snapshot.log.occurred_us >= snapshot.as_of_us - 28 * 86_400_000_000)
    counts = arrow(log.group_by("signal_key").agg(n_events=log.count(), n_customers=log.customer_key.nunique()))
    rows = []
    for row in counts.to_pylist():
        signal = snapshot.plan.signals.get(row["signal_key"])
        weight = max(signal.friction, signal.valence_friction) if signal else 0.0
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
