"""The tracking plan: what was seen of it and refused, what changed of itself, and its versions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cxcurve.charts.format import plural
from cxcurve.web.asked import Asked
from cxcurve.web.pages.frame import Frame, bare, kept_of, local, shown_end
from cxcurve.web.reader import View
from cxcurve.workspace.plans import PlanEvent, PlanResult, alert_said, day_of

PARAMETERS = ()
MOST_ALERTS, MOST_REASONS, MOST_VERSIONS, MOST_CHANGES = 20, 12, 6, 8


@dataclass(frozen=True, kw_only=True)
class PlanPage(Frame):
    """What plan.html shows."""

    result: PlanResult
    stats: tuple[Mapping[str, Any], ...]
    alerts: tuple[Mapping[str, Any], ...]
    events: tuple[Mapping[str, Any], ...]
    refused: tuple[Mapping[str, Any], ...]
    versions: tuple[Mapping[str, Any], ...]

    def to_json(self) -> dict[str, Any]:
        """As `cxcurve show plan --json`."""
        return self.result.to_json()


def build(view: View, asked: Asked) -> PlanPage:
    """The page; it is about events, not about customers, and is there before anything is scored."""
    workspace, result = view.workspace, view.plan
    zone = workspace.settings.zone
    frame = bare(workspace, "Tracking plan") | {
        "nav": "plan", "json_url": "/plan.json", "kept": kept_of(asked, workspace.journey),
        "as_of": shown_end(result.as_of_us, zone),
    }  # fmt: skip
    return PlanPage(
        **frame,
        result=result,
        stats=tuple(_stats(result)),
        alerts=tuple(
            {"day": day_of(one), "event": one.event, "kind": one.kind, "said": alert_said(one)}
            for one in result.alerts[:MOST_ALERTS]
        ),
        events=tuple(_event(one, zone) for one in result.events),
        refused=tuple(
            {"reason": one.reason, "n": one.n, "where": f"{one.file}:{one.line}" if one.line else one.file}
            for one in result.refused[:MOST_REASONS]
        ),
        versions=tuple(
            {
                "number": version.number, "made_at": local(version.made_us, zone), "n_events": len(version.document),
                "changes": changes[:MOST_CHANGES], "n_more": max(len(changes) - MOST_CHANGES, 0),
            }
            for version, changes in result.versions[:MOST_VERSIONS]
        ),
    )  # fmt: skip


def _event(one: PlanEvent, zone: str) -> dict[str, Any]:
    seen = None if one.last_us is None else local(one.last_us, zone)
    return {
        "event": one.event, "is_planned": one.is_planned, "has_schema": one.has_schema, "n_events": one.n_events,
        "n_recent": one.n_recent, "last_seen_at": seen, "n_refused": one.n_refused,
    }  # fmt: skip


def _stats(result: PlanResult) -> list[dict[str, Any]]:
    planned = [one for one in result.events if one.is_planned]
    n_seen, n_checked = sum(one.n_events > 0 for one in planned), sum(one.has_schema for one in planned)
    n_refused, n_alerts = result.n_refused, len(result.alerts)
    return [
        _stat("Planned events seen", f"{n_seen} of {len(planned)}", note=f"properties checked of {n_checked}"),
        _stat("In quarantine", f"{n_refused:,}", note=plural(result.n_reasons, "reason"), is_bad=n_refused > 0),
        _stat(
            "Alerts, last 28 days", f"{n_alerts}" if result.is_long_enough else "", is_bad=n_alerts > 0,
            note="" if result.is_long_enough else "after eight weeks of data",
        ),
        _stat("Version of the plan", f"{result.versions[0][0].number}" if result.versions else "1"),
    ]  # fmt: skip


def _stat(label: str, value: str, note: str = "", *, is_bad: bool = False) -> dict[str, Any]:
    return {"label": label, "value": value, "interval": None, "note": note, "tone": "warn" if is_bad else ""}
