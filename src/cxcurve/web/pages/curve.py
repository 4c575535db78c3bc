"""The Real CX Curve: how strongly customers are pulled along their journey, and where it gives way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import median
from typing import Any, cast

from cxcurve import charts
from cxcurve.charts.format import day, number, plural, words
from cxcurve.metrics.curve import Drop, X
from cxcurve.metrics.leavers import MOST_WEIGHT, Leavers
from cxcurve.stats.estimates import Estimate
from cxcurve.web.asked import Asked
from cxcurve.web.pages.drift import reason_of
from cxcurve.web.pages.explain import href_of
from cxcurve.web.pages.figures import figures
from cxcurve.web.pages.frame import Frame, customer_href, framed, with_query
from cxcurve.web.reader import View
from cxcurve.web.visitor import may
from cxcurve.workspace.curves import VERSIONS, CurveResult, date_of, monday
from cxcurve.workspace.explain import Key
from cxcurve.workspace.explain.keys import path_of
from cxcurve.workspace.moved import LABELS, MovedResult
from cxcurve.workspace.names import stage_label

PARAMETERS = ("x", "leavers")
AXES = {"week": "By week", "position": "By stage", "date": "By date"}
LONGEST_WAITING, MOST_MOVING = 5, 5


@dataclass(frozen=True, kw_only=True)
class CurvePage(Frame):
    """What curve.html shows."""

    result: CurveResult
    x: str
    axes: tuple[Mapping[str, Any], ...]
    versions: tuple[Mapping[str, Any], ...]
    meaning: str | None
    how: str | None
    moved: Mapping[str, Any] | None
    focus: tuple[Mapping[str, Any], ...]
    stats: tuple[Mapping[str, Any], ...]
    drops: tuple[Mapping[str, Any], ...]
    zones: tuple[Mapping[str, Any], ...]
    notes: tuple[Mapping[str, Any], ...]
    waiting: Mapping[str, Any] | None
    reason: str | None
    may_write: bool

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
    x = cast(X, asked.choice("x", tuple(AXES), "week"))
    leavers = cast(Leavers, asked.choice("leavers", tuple(VERSIONS), "survivors"))
    frame = framed(view, asked, "Real CX Curve", "curve", "/curve")
    result = view.curve(x, leavers)
    focus, stats = figures(view)
    return CurvePage(
        **frame,
        result=result,
        may_write=may("POST", "/notes"),
        x=x,
        axes=tuple(_choices(asked, "x", AXES, x)),
        versions=tuple(_choices(asked, "leavers", VERSIONS, leavers)) if x == "week" else (),
        meaning=_meaning(result) if x == "week" else None,
        how=_how(view, result),
        moved=_moved(view.moved) if x == "date" else None,
        focus=focus,
        stats=stats,
        drops=tuple(_drop(result, drop) for drop in result.curve.drops),
        zones=tuple(zones(view, frame["kept"])),
        notes=tuple({"at": date_of(us, result.zone), "text": text} for us, text in result.notes),
        waiting=waiting(view, frame["kept"]),
        reason=result.curve.reason,
    )


def _choices(asked: Asked, key: str, options: Mapping[Any, str], chosen: str) -> Iterator[dict[str, Any]]:
    """Links to the same page with another choice; the version of the curve is one of the week axis alone."""
    query = {name: value for name, value in asked.given.items() if name not in {key, "leavers"}}
    default = next(iter(options))
    for value, label in options.items():
        href = with_query("/curve", query if value == default else {**query, key: value})
        yield {"label": label[0].upper() + label[1:], "href": href, "is_chosen": value == chosen}


def _how(view: View, result: CurveResult) -> str | None:
    """The page that explains the point with the most customers; None where there is none."""
    point = max(result.curve.points, key=lambda one: one.n, default=None)
    if point is None:
        return None
    axis = "weighted" if result.curve.leavers == "weighted" else result.curve.x
    parts = (axis, f"{point.x:g}", "level")
    return href_of(Key("curve", parts, view.whom.segment, view.whom.cohort, view.whom.as_of))


def _meaning(result: CurveResult) -> str:
    """What the version of the curve means, in a sentence."""
    if result.curve.leavers == "survivors":
        return (
            "Survivors only: the mean of the customers still there at each week; where unhappy ones leave it rises "
            "without anybody feeling better."
        )
    return (
        "Weighted for those who left: each customer still there also stands for those who left and were like it before "
        f"(stage, friction, momentum), for at most {number(MOST_WEIGHT)} of them "
        f"({plural(result.curve.n_exits, 'exit')} so far); grey where too few are left to stand for all."
    )


def _moved(result: MovedResult | None) -> dict[str, Any] | None:
    """A row for each part that moved the level; they add up to the last one."""
    if result is None:
        return None
    found, mixed = result.found, zip(LABELS, result.mix, strict=False)
    named = [
        *(
            _part(result, label if n is None else f"{label} ({number(n)})", points, kind)
            for kind, (label, points, n) in mixed
        ),
        *(_part(result, words(part.name), part.points, "signal", part.name) for part in result.signals[:MOST_MOVING]),
    ]
    others = sum(part.points.value or 0.0 for part in result.signals[MOST_MOVING:])
    return {
        "since": result.since,
        "until": result.until,
        "before": found.before.value,
        "after": found.after.value,
        "n_stayed": found.n_stayed,
        "rows": [*named, {"label": "Other signals", "points": others, "low": None, "high": None, "key": None}],
        "total": _part(result, "All together", found.change, "change"),
        "reason": found.reason,
    }


def _part(result: MovedResult, label: str, points: Estimate, *fact: str) -> dict[str, Any]:
    key = path_of("moved", result.since, result.until, *fact)
    label = label[0].upper() + label[1:]
    return {"label": label, "points": points.value, "low": points.low, "high": points.high, "key": key}


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


def waiting(view: View, kept: Mapping[str, str]) -> dict[str, Any] | None:
    """Who waits for first value; None where nobody does or the model has no such thing."""
    result = view.time_to_value
    found: Sequence[Mapping[str, Any]] = result.waiting()
    if not found:
        return None
    return {
        "n": len(found),
        "median_days": median(one["days"] for one in found),
        "target_days": result.target_days,
        "customers": [
            {**{name: one[name] for name in ("name", "days", "owner")}, "href": customer_href(one["customer_id"], kept)}
            for one in found[:LONGEST_WAITING]
        ],
    }
