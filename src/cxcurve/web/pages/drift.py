"""Drift zones: where customers stall or leave between stages, who they are, and what it costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from cxcurve import charts
from cxcurve.errors import Reason
from cxcurve.metrics.drift import Zone
from cxcurve.metrics.drifting import Drifting, Present
from cxcurve.metrics.zone_levels import LevelChange
from cxcurve.web.asked import Asked
from cxcurve.web.pages.frame import Frame, customer_href, framed, shown_end
from cxcurve.web.reader import View
from cxcurve.workspace.drift import CHANCES, Drift
from cxcurve.workspace.names import stage_label

PARAMETERS = ()
MOST_NAMED = 8
_INDEXES = {"friction_index": "Friction", "momentum_index": "Momentum"}


@dataclass(frozen=True, kw_only=True)
class DriftPage(Frame):
    """What drift.html shows."""

    result: Drift
    zones: tuple[Mapping[str, Any], ...]

    def to_json(self) -> dict[str, Any]:
        """As interfaces.md, `show drift`."""
        return self.result.to_json()


def build(view: View, asked: Asked) -> DriftPage:
    """The page for a query."""
    frame = framed(view, asked, "Drift zones", "drift", "/drift")
    result = view.drift
    return DriftPage(**frame, result=result, zones=tuple(_zone(view, zone, frame["kept"]) for zone in result.zones))


def _zone(view: View, zone: Zone, kept: Mapping[str, str]) -> dict[str, Any]:
    journey = view.workspace.journey
    bridge = journey.stage(zone.start).bridge
    return {
        "anchor": f"{zone.start}-{zone.goal}",
        "key": f"drift/{quote(zone.start, safe='')}",
        "from_label": stage_label(journey, zone.start),
        "to_label": stage_label(journey, zone.goal),
        "n_entered": zone.n_entered,
        "window_days": zone.window_days,
        "n_progressed": zone.n_progressed,
        "n_exited": zone.n_exited,
        "n_open": zone.n_open,
        "progressed_share": zone.progressed.value,
        "stall_share": zone.stall.value,
        "low": zone.stall.low,
        "high": zone.stall.high,
        "leak_share": zone.leak.value,
        "tau_days": zone.tau_days,
        "change": _change(zone),
        "n_drifting": len(zone.drifting_now),
        "drifting": [_drifting(view.drift, one, kept) for one in zone.drifting_now[:MOST_NAMED]],
        "n_present": len(zone.present_now),
        "present": [_present(view.drift, one, kept) for one in zone.present_now[:MOST_NAMED]],
        "is_tau_expected": zone.is_tau_expected,
        "impact_revenue": zone.impact.value,
        "impact_low": zone.impact.low,
        "impact_high": zone.impact.high,
        "impact_reason": zone.impact.reason,
        "signals": [
            {"signal": s.signal, "odds_ratio": s.odds_ratio.value, "low": s.odds_ratio.low, "high": s.odds_ratio.high}
            for s in zone.signals
        ],
        "moves": [_moved(view.drift, one) for one in zone.levels.changes],
        "moves_reason": zone.levels.reason,
        "bridge": bridge.content if bridge else (),
        "flow": _flow(zone),
        "reason": reason_of(zone),
    }


def reason_of(zone: Zone) -> Reason | None:
    """Why there are no rates; None where there are."""
    if zone.stall.value is not None:
        return zone.reason
    return zone.reason or zone.stall.reason or Reason.TOO_FEW


def _present(drift: Drift, one: Present, kept: Mapping[str, str]) -> dict[str, Any]:
    customer_id, name, owner = drift.customers[one.customer_key]
    who = {"name": name, "href": customer_href(customer_id, kept), "owner": owner}
    return {**who, "days": one.days, "revenue": one.revenue or None}


def _drifting(drift: Drift, one: Drifting, kept: Mapping[str, str]) -> dict[str, Any]:
    chances = {name: getattr(one, name) for name in CHANCES}
    return {**_present(drift, one, kept), **chances}


def _moved(drift: Drift, one: LevelChange) -> dict[str, Any]:
    return {
        "label": _INDEXES[one.index],
        "week_end": shown_end(drift.week_end_us(one.week), drift.time_zone),
        "from_level": one.from_level,
        "to_level": one.to_level,
        "is_worse": (one.to_level > one.from_level) == (one.index == "friction_index"),
    }


def _change(zone: Zone) -> dict[str, Any] | None:
    change = zone.change_stall
    if zone.change_p is None or change.value is None or change.low is None or change.high is None:
        return None
    found = {"p": zone.change_p, "effect": change.value, "low": change.low, "high": change.high}
    return {**found, "is_real": zone.is_real_change}


def _flow(zone: Zone) -> charts.Picture | None:
    progressed, stall, leak = zone.progressed.value, zone.stall.value, zone.leak.value
    if progressed is None or stall is None or leak is None:
        return None
    return charts.flow(progressed, stall, leak)
