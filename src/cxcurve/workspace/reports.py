"""The numbers of a report: everything it says of a week, read once from what was known at its end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from cxcurve.errors import BadValueError, TooFewError, UnknownNameError, WorkspaceError
from cxcurve.metrics.curve import X
from cxcurve.metrics.drift import Zone
from cxcurve.metrics.snapshot import Snapshot
from cxcurve.reports.periods import Kind, Period
from cxcurve.stats.estimates import Estimate, nothing
from cxcurve.workspace.curves import CurveResult
from cxcurve.workspace.drift import Drift
from cxcurve.workspace.few import FEWEST, check_told, few_curve, few_drift, few_moved, few_scorecard, told_together
from cxcurve.workspace.moved import LABELS, MovedResult, moved_result
from cxcurve.workspace.populations import population, values_by_customer
from cxcurve.workspace.results import at, plain
from cxcurve.workspace.scorecards import Scorecard

if TYPE_CHECKING:
    from cxcurve.pipeline.run import Run
    from cxcurve.workspace.workspace import Workspace

AXIS: X = "week"
FORM = 1
"""Which keys the numbers have; a later form adds to them."""
MOST_ZONES = 4


def last_period(workspace: Workspace, kind: Kind, now_us: int) -> Period:
    """The last week or quarter that is over.

    Raises:
        WorkspaceError: nothing was scored yet.
    """
    scored = workspace.store.meta("scored_as_of_us")
    if scored is None or not workspace.is_scored:
        raise WorkspaceError(f"{workspace.folder}: nothing is scored yet. Run `cxcurve load`, then `cxcurve score`.")
    end_us = min(int(scored), now_us)
    today = datetime.fromtimestamp(end_us / 1e6, ZoneInfo(workspace.settings.zone)).date()
    current = Period.week_of(today) if kind == "week" else Period.quarter_of(today)
    return current.before


def check_over(period: Period, workspace: Workspace, now_us: int) -> None:
    """That a period is over: what it said then is kept for good.

    Raises:
        BadValueError: it is not.
    """
    today = datetime.fromtimestamp(now_us / 1e6, ZoneInfo(workspace.settings.zone)).date()
    if today <= period.last:
        told = "a report is of a time that is over, for it is kept as it is"
        raise BadValueError(f"{period.name} is over after {period.last}; {told}. Ask for {period.before.name}")


def check_kept(period: Period, workspace: Workspace, now_us: int) -> None:
    """That the events of a period are still kept: what is left of older ones would say something else.

    Raises:
        BadValueError: it is older than `defaults: {retention}` of journey.yaml.
    """
    kept = workspace.journey.defaults.retention
    if kept is None:
        return
    since = datetime.fromtimestamp(now_us / 1e6, ZoneInfo(workspace.settings.zone)).date() - timedelta(days=kept.days)
    if period.last < since:
        raise BadValueError(f"{period.name} is older than what is kept (journey.yaml, defaults: retention); it is gone")


def week_numbers(
    workspace: Workspace, known: Snapshot, period: Period, segment: Mapping[str, str]
) -> dict[str, Any]:  # fmt: skip
    """What a report of a week says; `known` is what was known at its end, of a segment's customers where one is said.

    Of a segment it goes to people who may know of no others: without small cells.

    Returns:
        Numbers as JSON has them: of the scorecard, the curve, the level and what moved it in four weeks, the zones.
        Nobody is named in them.
    """
    run = workspace.run_of(known)
    drift = workspace.drift_of(known)
    card = workspace.scorecard_of(known, drift)
    if segment:
        drift, card = _few_drifting(few_drift(drift)), few_scorecard(card)
    curve = workspace.curve_of(known, AXIS, drift)
    curve = few_curve(curve) if segment else curve
    return {
        **head(workspace, known, period),
        **({"segment": dict(segment)} if segment else {}),
        "scorecard": card_numbers(card),
        "curve": curve_numbers(curve),
        "moved": moved_numbers(run, known, period.last + timedelta(days=1), is_part=bool(segment)),
        "zones": zone_numbers(drift, known, is_part=bool(segment)),
    }  # fmt: skip


def _few_drifting(drift: Drift) -> Drift:
    """Without the money of a few who drift: it would be theirs one by one."""
    few = [0 < len(zone.drifting_now) < FEWEST for zone in drift.zones]
    told = (replace(zone, impact=nothing()) if one else zone for zone, one in zip(drift.zones, few, strict=True))
    return replace(drift, zones=tuple(told))


def part_of(workspace: Workspace, everybody: Snapshot, segment: Mapping[str, str]) -> Snapshot:
    """The customers of a segment, where a report of them tells of no single one.

    Raises:
        UnknownNameError: nobody has such a value.
        TooFewError: they are few, or differ from all by few.
    """
    store = workspace.store
    known = values_by_customer(everybody, store)
    for key, value in segment.items():
        if key not in known:
            raise UnknownNameError("segment", key, known)
        if value not in known[key]:
            raise UnknownNameError(f"{key} of customers", value, known[key])
    check_told(told_together(everybody, store), segment, None)
    return population(everybody, store, segment, None)


def head(workspace: Workspace, known: Snapshot, period: Period) -> dict[str, Any]:
    """What every report begins with: of what and whom it is, by which weights, and what it could not know."""
    version = workspace.version(known.as_of_us)
    now = known.customer_now
    return {
        "form": FORM,
        "kind": period.kind,
        "period": period.name,
        "first": period.first.isoformat(),
        "last": period.last.isoformat(),
        "as_of": at(known.as_of_us),
        "workspace": workspace.name,
        "currency": workspace.settings.currency,
        "zone": workspace.settings.zone,
        "n_customers": int(workspace.store.arrow(now.agg(n=now.count()))["n"][0].as_py()),
        "weights": {"version": version.number, "kind": version.friction.kind} if version else None,
        "silent": [list(one) for one in known.silent],
    }


def moved_numbers(
    run: Run, known: Snapshot, until: date, since: date | None = None, *, is_part: bool = False
) -> dict[str, Any] | None:
    """What moved the level up to a day, all parts; None where there are no two weeks to compare.

    Of a part of the customers also where few of them left, came or stayed.
    """
    try:
        made: MovedResult = moved_result(run, known, since, until)
    except (BadValueError, TooFewError):
        return None
    found = few_moved(made) if is_part else made
    if found is None:
        return None
    labels = {stage: known.stage_label(k) for k, stage in enumerate(known.stage_names)}
    return {**found.to_json(), "kinds": dict(LABELS), "stages": labels}


def card_numbers(card: Scorecard) -> list[dict[str, Any]]:
    """Rows as `show scorecard` has them, with the estimate of the change."""
    rows = zip(card.to_json()["rows"], card.rows, strict=True)
    return [{**row, "change": estimate(one.change)} for row, one in rows]


def curve_numbers(curve: CurveResult) -> dict[str, Any]:
    """What the picture of the curve is drawn from."""
    return {
        "x": curve.curve.x,
        "version": curve.version,
        "n_customers": curve.curve.n_customers,
        "reason": plain(curve.curve.reason),
        "points": [asdict(one) for one in curve.chart_points()],
        "stages": [asdict(one) for one in curve.bands()],
        "zones": [asdict(one) for one in curve.zones()],
        "drops": [asdict(one) for one in curve.drops()],
    }


def zone_numbers(drift: Drift, known: Snapshot, *, is_part: bool = False) -> list[dict[str, Any]]:
    """The drift zones with a share, those where most is at stake first; of a part not how few drift."""
    zones = [zone for zone in drift.zones if zone.stall.value is not None]
    zones.sort(key=lambda zone: (-(zone.impact.value or 0.0), -(zone.stall.value or 0.0), zone.start))
    told = [_zone(zone, known) for zone in zones[:MOST_ZONES]]
    return [{**one, "n_drifting": None} if is_part and 0 < one["n_drifting"] < FEWEST else one for one in told]


def _zone(zone: Zone, known: Snapshot) -> dict[str, Any]:
    places = {name: known.stage_label(k) for k, name in enumerate(known.stage_names)}
    return {
        "from": places[zone.start],
        "to": places[zone.goal],
        "n_entered": zone.n_entered,
        "n_drifting": len(zone.drifting_now),
        "stall": estimate(zone.stall),
        "impact": estimate(zone.impact),
        "is_real_change": plain(zone.is_real_change),
    }


def estimate(one: Estimate) -> dict[str, Any]:
    """A number with its interval, for JSON."""
    names = ("value", "low", "high", "n", "p_value", "reason")
    return {name: plain(getattr(one, name)) for name in names}
