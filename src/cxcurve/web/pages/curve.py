"""The Real CX Curve: how strongly customers are pulled along their journey, and where it gives way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import median
from typing import Any, cast

from cxcurve import charts
from cxcurve.charts.format import day
from cxcurve.metrics.curve import Drop, X
from cxcurve.web.asked import Asked
from cxcurve.web.pages.drift import reason_of
from cxcurve.web.pages.figures import figures
from cxcurve.web.pages.frame import Frame, customer_href, framed, stage_label, with_query
from cxcurve.web.reader import View
from cxcurve.workspace.curves import CurveResult, date_of, monday

PARAMETERS = ("x",)
AXES = ("week", "position", "date")
LONGEST_WAITING = 5


@dataclass(frozen=True, kw_only=True)
class CurvePage(Frame):
    """What curve.html shows."""

    result: CurveResult
    x: str
    focus: tuple[Mapping[str, Any], ...]
    stats: tuple[Mapping[str, Any], ...]
    drops: tuple[Mapping[str, Any], ...]
    zones: tuple[Mapping[str, Any], ...]
    notes: tuple[Mapping[str, Any], ...]
    waiting: Mapping[str, Any] | None
    reason: str | None

    @cached_property
    def picture(self) -> charts.Picture:
        """Drawn when shown: the JSON needs none."""
        return self.result.picture()

    @cached_property
    def picture_narrow(self) -> charts.Picture:
        """The same for a phone."""
        return self.result.picture(charts.NARROW)

    def to_json(self) -> dict[str, Any]:
        """As interfaces.md, `show curve`."""
        return self.result.to_json()


def build(view: View, asked: Asked) -> CurvePage:
    """The page for a query."""
    x = cast(X, asked.choice("x", AXES, "week"))
    frame = framed(view, asked, "Real CX Curve", "curve", "/curve")
    result = view.curve(x)
    focus, stats = figures(view)
    return CurvePage(
        **frame,
        result=result,
        x=x,
        focus=focus,
        stats=stats,
        drops=tuple(_drop(result, drop) for drop in result.curve.drops),
        zones=tuple(zones(view, frame["kept"])),
        notes=tuple({"at": date_of(us, result.zone), "text": text} for us, text in result.notes),
        waiting=_waiting(view, frame["kept"]),
        reason=result.curve.reason,
    )


def zones(view: View, kept: Mapping[str, str]) -> list[dict[str, Any]]:
    """The drift zones in short, in the order of the journey."""
    journey = view.workspace.journey
    return [
        {
            "label": f"{stage_label(journey, zone.start)} → {stage_label(journey, zone.goal)}",
            "href": f"{with_query('/drift', kept)}#{zone.start}-{zone.goal}",
            "stall_share": zone.stall.value,
            "low": zone.stall.low,
            "high": zone.stall.high,
            "n_drifting": len(zone.drifting_now),
            "impact_revenue": zone.impact.value,
            "is_real_change": bool(zone.is_real_change) and (zone.change_stall.value or 0) > 0,
            "reason": reason_of(zone),
        }
        for zone in view.drift.zones
    ]


def _drop(result: CurveResult, drop: Drop) -> dict[str, Any]:
    label, where = _place(result, drop)
    return {"label": label, "where": where, "change": drop.change, "signals": drop.signals}


def _place(result: CurveResult, drop: Drop) -> tuple[str, str]:
    """Where a drop lies: its stage or dates, and the weeks."""
    if result.curve.x == "date":
        return f"{day(monday(drop.start))} to {day(monday(drop.end))}", ""
    if result.curve.x == "position":
        first, last = (result.labels[min(int(place), len(result.labels) - 1)] for place in (drop.start, drop.end))
        return (f"In {first}" if first == last else f"{first} to {last}"), ""
    ends = [span.label for x in (drop.start, drop.end) for span in result.curve.stages if span.start <= x < span.end]
    weeks = f"week {drop.start:g} to {drop.end:g}"
    return (" to ".join(dict.fromkeys(ends)), weeks) if ends else (weeks.capitalize(), "")


def _waiting(view: View, kept: Mapping[str, str]) -> dict[str, Any] | None:
    """Who waits for first value; None where nobody does or the model has no such thing."""
    result = view.time_to_value
    waiting: Sequence[Mapping[str, Any]] = result.waiting()
    if not waiting:
        return None
    return {
        "n": len(waiting),
        "median_days": median(one["days"] for one in waiting),
        "target_days": result.target_days,
        "customers": [
            {**{name: one[name] for name in ("name", "days", "owner")}, "href": customer_href(one["customer_id"], kept)}
            for one in waiting[:LONGEST_WAITING]
        ],
    }
