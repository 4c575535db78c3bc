"""Time to value of a snapshot: the incidence, its cohorts, and who is waiting."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa

from cxcurve import charts
from cxcurve.errors import Reason
from cxcurve.metrics.snapshot import Snapshot
from cxcurve.metrics.time_to_value import RECENT_DAYS, TimeToValue, by_start, same_pace, time_to_value, value_times
from cxcurve.metrics.value_cohorts import HORIZON_DAYS, Cohort, Comparison, Month, by_month, by_segment
from cxcurve.stats.estimates import Estimate, Test, nothing
from cxcurve.workspace.populations import COLUMNS
from cxcurve.workspace.results import at, html_table, plain

Arrow = Callable[[ir.Table], pa.Table]
DAYS: tuple[float, ...] = (7, 10, 14)
TARGET_DAYS = 7.0
"""Where the model sets no target, cohorts are compared at this day."""
_COUNTS = ("n", "n_reached", "n_before_start", "n_exited", "n_waiting")


@dataclass(frozen=True, slots=True)
class Pace:
    """The median of who started lately and of who started earlier, and whether both reach value at the same pace."""

    recent: Estimate
    earlier: Estimate
    test: Test


@dataclass(frozen=True)
class TimeToValueResult:
    """Time to value with the names of those who wait; None in `found` where the model defines none.

    Attributes:
        as_of_us: now.
        found: of everybody who started.
        customers: by key: customer_id, name, owner, revenue, and the segments' values.
        target_days: the model's, if it sets one.
        times: rows of `value_times`.
        segments: keys of the model's segments.
        zone: whose months are told.
        fewest: months and values of segments of fewer are not told.
    """

    as_of_us: int
    found: TimeToValue | None
    customers: dict[int, dict[str, Any]]
    target_days: float | None
    times: pa.Table | None = None
    segments: Sequence[str] = field(default=())
    zone: str = "UTC"
    fewest: int = 0

    @property
    def days(self) -> tuple[float, ...]:
        """Days at which shares are told; the one cohorts are compared at is among them."""
        return tuple(sorted({*DAYS, self.compared_days}))

    @property
    def compared_days(self) -> float:
        """The target, or 7 days."""
        return self.target_days or TARGET_DAYS

    @cached_property
    def trend(self) -> list[Month]:
        """Who started in each month, censoring kept."""
        if self.times is None:
            return []
        months = by_month(self.times, as_of_us=self.as_of_us, zone=self.zone, days=self.days)
        return [one for one in months if one.found.n >= self.fewest]

    @cached_property
    def cohorts(self) -> list[Cohort]:
        """The values of each segment, compared."""
        if self.times is None:
            return []
        values = {
            key: {who: row[key] for who, row in self.customers.items() if row[key] is not None} for key in self.segments
        }
        found = by_segment(self.times, values, as_of_us=self.as_of_us, days=self.days, target_days=self.compared_days)
        few = {one.by for one in found if one.found.n < self.fewest}  # the rest would tell what one of them lacks
        return [one for one in found if one.by not in few]

    @cached_property
    def pace(self) -> Pace:
        """Who started in the last 180 days against who started earlier, as on the scorecard."""
        if self.times is None:
            return Pace(nothing(), nothing(), Test(None, reason=Reason.NOT_IN_MODEL))
        parts = by_start(self.times, self.as_of_us)
        recent, earlier = (time_to_value(part, as_of_us=self.as_of_us).median for part in parts)
        return Pace(recent, earlier, same_pace(*parts, self.as_of_us))

    def to_json(self) -> dict[str, Any]:
        """As interfaces.md, `show ttv`."""
        found = self.found
        if found is None:
            told: dict[str, Any] = {**dict.fromkeys(_COUNTS, 0), **_shares(None, DAYS), "reason": "not_in_model"}
        else:
            told = _told(found)
        return {
            "as_of": at(self.as_of_us),
            **told,
            "target_days": self.target_days,
            "waiting": self.waiting(),
            "pace": _pace(self.pace),
            "trend": [{"month": one.month, **_told(one.found)} for one in self.trend],
            "cohorts": [_cohort(one) for one in self.cohorts],
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
        """Share that had reached value by the end of each day, as far as anybody was followed."""
        curve = self.found.incidence if self.found else None
        if curve is None:
            return None
        days = np.arange(min(HORIZON_DAYS, curve.followed_days) + 1)
        places = np.searchsorted(curve.times, days, side="right") - 1
        waiting = np.searchsorted(curve.times, days)
        n_at_risk = np.append(curve.n_at_risk, 0)[waiting]
        columns = days, curve.share[places], curve.low[places], curve.high[places], n_at_risk
        steps = [
            charts.SurvivalStep(float(day), float(share), float(low), float(high), int(n))
            for day, share, low, high, n in zip(*columns, strict=True)
        ]
        return charts.survival(
            steps,
            horizon_days=HORIZON_DAYS,
            target_days=self.target_days,
            median_days=self.found.median.value if self.found else None,
            width=width,
        )


def time_to_value_result(snapshot: Snapshot, arrow: Arrow) -> TimeToValueResult:
    """Read time to value. Segments are those of as_of: who changed its plan since the start counts by the new one."""
    journey = snapshot.plan.journey
    rule = journey.time_to_value
    target = rule.target.days if rule and rule.target else None
    times = value_times(snapshot)
    if times is None:
        return TimeToValueResult(snapshot.as_of_us, None, {}, target)
    rows = arrow(times)
    days = tuple(sorted({*DAYS, target or TARGET_DAYS}))
    found = time_to_value(rows, as_of_us=snapshot.as_of_us, days=days)
    names = ("customer_key", "customer_id", "name", "revenue", "attributes", *COLUMNS)
    customers = {
        row["customer_key"]: {**row, **{key: _value(row, key) for key in journey.segments}}
        for row in arrow(snapshot.customers.select(*names)).to_pylist()
    }
    return TimeToValueResult(snapshot.as_of_us, found, customers, target, rows, journey.segments, snapshot.zone)


def _value(row: Mapping[str, Any], key: str) -> str | None:
    value = row[key] if key in COLUMNS else json.loads(row["attributes"] or "{}").get(key)
    return None if value is None else str(value)


def _told(found: TimeToValue) -> dict[str, Any]:
    counts = {name: getattr(found, name) for name in _COUNTS}
    return {**counts, **_shares(found, found.reached), "reason": found.reason or found.median.reason}


def _shares(found: TimeToValue | None, days: Sequence[float] | Mapping[float, Any]) -> dict[str, Any]:
    median = found.median if found else None
    ends = {name: plain(getattr(median, name, None)) for name in ("low", "high")}
    shares = {f"{day:g}": found.reached[day] if found else None for day in days}
    return {
        "median_days": plain(median.value) if median else None,
        **ends,
        "reached": {day: plain(share.value) if share else None for day, share in shares.items()},
        "reached_intervals": {
            day: [plain(share.low), plain(share.high)] if share else None for day, share in shares.items()
        },
    }


def _pace(pace: Pace) -> dict[str, Any]:
    return {
        "recent_days": RECENT_DAYS,
        "recent_median_days": plain(pace.recent.value),
        "earlier_median_days": plain(pace.earlier.value),
        "p": pace.test.p_value,
        "reason": pace.test.reason,
    }


def _cohort(one: Cohort) -> dict[str, Any]:
    told = {"by": one.by, "value": one.value, **_told(one.found)}
    return {**told, "compared": _comparison(one.compared), "compared_reason": one.reason}


def _comparison(one: Comparison | None) -> dict[str, Any] | None:
    if one is None:
        return None
    return {
        "p": one.p_value,
        "effect": plain(one.effect.value),
        "low": plain(one.effect.low),
        "high": plain(one.effect.high),
        "is_crossing": one.is_crossing,
        "waits_longer_days": plain(one.waits_longer.value),
        "waits_longer_low": plain(one.waits_longer.low),
        "waits_longer_high": plain(one.waits_longer.high),
        "horizon_days": one.horizon_days,
    }
