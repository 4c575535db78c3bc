"""Drift zones of a snapshot."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import ibis.expr.types as ir
import pyarrow as pa

from cxcurve.errors import Reason
from cxcurve.journey.calendar import Calendar
from cxcurve.metrics.drift import Zone, drift_zones
from cxcurve.metrics.drifting import Drifting, Present, Revenue
from cxcurve.metrics.early_signals import early_signals, equal_dwell_groups, overrepresented
from cxcurve.metrics.passages import Passage, known_at, passages
from cxcurve.metrics.snapshot import Snapshot
from cxcurve.metrics.zone_levels import LevelChange, zone_levels, zone_sums
from cxcurve.stats.estimates import Estimate, nothing
from cxcurve.tables import US_PER_DAY
from cxcurve.workspace.results import at, html_table, plain

Arrow = Callable[[ir.Table], pa.Table]
Temporary = Callable[[str, pa.Table], ir.Table]
BACK_DAYS = 28
CHANCES = ("progress_share", "exit_share", "lost_share", "worth_saving_revenue", "impact_revenue", "reason")


@dataclass(frozen=True)
class Drift:
    """All zones, and who the customers in them are: customer_id, name, owner by key."""

    as_of_us: int
    zones: tuple[Zone, ...]
    customers: dict[int, tuple[str, str, str | None]]
    time_zone: str = "UTC"

    @property
    def impact(self) -> Estimate:
        """All zones together; the interval adds up as if the zones were one, which is wide rather than narrow."""
        return _sum_of_impacts(self.zones)

    def impact_before(self, zones: Sequence[Zone]) -> Estimate:
        """The same of earlier zones; none where others could be told then, for their sum is of something else."""
        now, then = ({one.start for one in those if one.impact.value is not None} for those in (self.zones, zones))
        return _sum_of_impacts(zones) if now == then else nothing()

    def to_json(self) -> dict[str, Any]:
        """As interfaces.md, `show drift`."""
        return {"as_of": at(self.as_of_us), "zones": [self._zone(zone) for zone in self.zones]}

    def _repr_html_(self) -> str:
        names = ("from", "to", "entered", "stalled", "low", "high", "left", "tau days", "drifting now", "impact a year")
        rows = [
            (
                zone.start, zone.goal, zone.n_entered, zone.stall.value, zone.stall.low, zone.stall.high,
                zone.leak.value, zone.tau_days, len(zone.drifting_now), zone.impact.value,
            )
            for zone in self.zones
        ]  # fmt: skip
        return html_table("Drift zones", names, rows)

    def _zone(self, zone: Zone) -> dict[str, Any]:
        return {
            "from": zone.start,
            "to": zone.goal,
            "window_days": zone.window_days,
            "n_entered": zone.n_entered,
            "n_progressed": zone.n_progressed,
            "n_exited": zone.n_exited,
            "n_open": zone.n_open,
            "stall_share": plain(zone.stall.value),
            "low": plain(zone.stall.low),
            "high": plain(zone.stall.high),
            "leak_share": plain(zone.leak.value),
            "progressed_share": plain(zone.progressed.value),
            "tau_days": zone.tau_days,
            "change": {
                "p": plain(zone.change_p),
                "effect": plain(zone.change_stall.value),
                "low": plain(zone.change_stall.low),
                "high": plain(zone.change_stall.high),
                "leak_effect": plain(zone.change_leak.value),
            },
            "drifting_now": [self._drifting(one) for one in zone.drifting_now],
            "present_now": [self._present(one) for one in zone.present_now],
            "impact_revenue": plain(zone.impact.value),
            "impact_low": plain(zone.impact.low),
            "impact_high": plain(zone.impact.high),
            "impact_reason": zone.impact.reason,
            "n_untold": zone.n_untold,
            "signals": [
                {
                    "signal": one.signal,
                    "odds_ratio": plain(one.odds_ratio.value),
                    "low": plain(one.odds_ratio.low),
                    "high": plain(one.odds_ratio.high),
                }
                for one in zone.signals
            ],
            "change_points": [self._change_point(one) for one in zone.levels.changes],
            "change_points_weeks": zone.levels.n_weeks,
            "change_points_reason": zone.levels.reason,
            "reason": zone.reason,
        }

    def _present(self, one: Present) -> dict[str, Any]:
        customer_id, name, owner = self.customers.get(one.customer_key, ("", "", None))
        return {
            "customer_id": customer_id,
            "name": name,
            "owner": owner,
            "days": one.days,
            "revenue": one.revenue,
            "is_usual_revenue": one.is_usual_revenue,
        }

    def _drifting(self, one: Drifting) -> dict[str, Any]:
        return {**self._present(one), **{name: getattr(one, name) for name in CHANCES}}

    def _change_point(self, one: LevelChange) -> dict[str, Any]:
        return {
            "index": one.index,
            "week_end": at(self.week_end_us(one.week)),
            "from_level": one.from_level,
            "to_level": one.to_level,
            "n_weeks": one.n_weeks,
        }

    def week_end_us(self, week: int) -> int:
        """The end of a week, by its number."""
        return Calendar(self.time_zone, self.as_of_us, self.as_of_us).end_at(week)


def drift(snapshot: Snapshot, arrow: Arrow, temporary: Temporary) -> Drift:
    """Every zone of the journey, with what differs between those who stalled and moved on, and when its level moved."""
    stays = arrow(snapshot.stays)
    people = arrow(
        snapshot.customers.select("customer_key", "customer_id", "name", "owner", "revenue", "is_usual_revenue")
    ).to_pylist()
    revenue = {row["customer_key"]: (row["revenue"], row["is_usual_revenue"]) for row in people}
    found, zones = _zones(snapshot, stays, snapshot.as_of_us, revenue)
    names = {key: signal.name for key, signal in snapshot.plan.signals.items() if signal.stage is None}
    sums, last_week = arrow(zone_sums(snapshot)), snapshot.first_week + snapshot.n_weeks - 1
    told = []
    for known, passage in zip(zones, found, strict=True):
        zone = replace(known, levels=zone_levels(sums, passage.stage, last_week))
        if zone.tau_days is not None and zone.reason is None:
            groups = equal_dwell_groups(passage, zone.tau_days)
            counts = arrow(early_signals(snapshot, temporary("dwell_groups", groups)))
            zone = replace(zone, signals=overrepresented(counts, groups, names))
        told.append(zone)
    who = {row["customer_key"]: (row["customer_id"], row["name"], row["owner"]) for row in people}
    return Drift(snapshot.as_of_us, tuple(told), who, snapshot.zone)


def zones_before(snapshot: Snapshot, arrow: Arrow) -> list[Zone]:
    """The zones as they were known 28 days before, with revenue as known now: a change is not one of the prices."""
    people = arrow(snapshot.customers.select("customer_key", "revenue", "is_usual_revenue")).to_pylist()
    revenue = {row["customer_key"]: (row["revenue"], row["is_usual_revenue"]) for row in people}
    before_us = snapshot.as_of_us - BACK_DAYS * US_PER_DAY
    return _zones(snapshot, known_at(arrow(snapshot.stays), before_us), before_us, revenue)[1]


def _zones(snapshot: Snapshot, stays: pa.Table, as_of_us: int, revenue: Revenue) -> tuple[list[Passage], list[Zone]]:
    found = passages(stays, len(snapshot.stage_names), as_of_us)
    expected = [stage.expected.days if stage.expected else 0.0 for stage in snapshot.plan.journey.stages]
    return found, drift_zones(
        found, names=snapshot.stage_names, expected_days=expected, revenue=revenue, as_of_us=as_of_us
    )


def _sum_of_impacts(zones: Sequence[Zone]) -> Estimate:
    if any(zone.impact.reason == Reason.NO_REVENUE for zone in zones):
        return nothing(reason=Reason.NO_REVENUE)
    known = [zone.impact for zone in zones if zone.impact.value is not None]
    if not known:
        return nothing()
    low, high = (sum(getattr(one, side) or 0.0 for one in known) for side in ("low", "high"))
    return Estimate(sum(one.value or 0.0 for one in known), low, high, sum(len(z.drifting_now) for z in zones))
