"""Numbers of the drift zones, explained."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pyarrow as pa

from cxcurve.errors import UnknownNameError
from cxcurve.metrics.drift import WINDOW_DAYS, Zone
from cxcurve.metrics.drifting import FEWEST_FOLLOWED, HORIZON_DAYS
from cxcurve.metrics.passages import EXITED, PROGRESSED, Passage, passages
from cxcurve.stats.estimates import Estimate
from cxcurve.workspace.explain import queries
from cxcurve.workspace.explain.explanation import Grounds, Told
from cxcurve.workspace.explain.keys import path_of
from cxcurve.workspace.explain.results import Results
from cxcurve.workspace.explain.rows import below_stays, named, values

PLACE = "docs/explain.md#drift-zones"
DEFINITIONS: Mapping[str, tuple[str, str, str]] = {
    "stall_share": ("Stall", "share", "Share of those who entered that is still there at the mark."),
    "leak_share": ("Leak", "share", "Share of those who entered that has left by the mark."),
    "progressed_share": ("Progressed", "share", "Share of those who entered that has moved on by the mark."),
    "tau_days": ("Mark", "days", "First day on which 80 % of those who move on within a year have, among who entered "
                 "earlier than 180 days ago; where fewer than 20 of them moved on, what the model expects."),
    "impact_revenue": ("Drift Zone Impact", "money", "Revenue a year times the chance to move on within a year that "
                       "was lost since the entry, summed over who is past the mark."),
    "n_drifting": ("Drifting now", "number", "Customers in the zone for longer than its mark."),
    "n_entered": ("Entered", "number", "Stays that the shares rest on."),
}  # fmt: skip
"""By fact of a zone: label, unit and definition."""


def keys(results: Results) -> list[str]:
    """Every number of the drift zones."""
    return [path_of("drift", zone.start, fact) for zone in results.drift.zones for fact in DEFINITIONS]


def grounds(results: Results, stage: str, fact: str) -> Grounds:
    """What a fact of a zone rests on.

    Raises:
        UnknownNameError: no zone leads out of the stage, or it has no such fact.
    """
    zones = {zone.start: zone for zone in results.drift.zones}
    if stage not in zones:
        raise UnknownNameError("stage with a drift zone", stage, zones)
    if fact not in DEFINITIONS:
        raise UnknownNameError("fact of a drift zone", fact, DEFINITIONS)
    zone = zones[stage]
    label, unit, definition = DEFINITIONS[fact]
    shown = _SHOWN[fact](zone)
    told = f"{label}, {zone.start} to {zone.goal}", unit, shown, definition, PLACE
    return _GROUNDS[fact](results, zone, told)


def stall_grounds(results: Results, zone: Zone, told: Told) -> Grounds:
    """Who entered, and who is still there at the mark."""
    return _share(results, zone, told, "still", queries.still_at(zone.tau_days or 0.0), 0)


def impact_grounds(results: Results, zones: Sequence[Zone], told: Told) -> Grounds:
    """Who is past the mark, and everybody who ever entered, by zone."""
    found = _passages(results)
    stages = results.known.stage_names
    counted = [zone for zone in zones if zone.impact.value is not None]
    entered = [_rows(results, found[stages.index(zone.start)], zone.start) for zone in counted]
    late = [
        pa.table(
            {
                "customer_id": named(results, [one.customer_key for one in zone.drifting_now]),
                "zone": pa.array([zone.start] * len(zone.drifting_now), pa.string()),
                "days": pa.array([one.days for one in zone.drifting_now], pa.float64()),
                "revenue": pa.array([one.revenue for one in zone.drifting_now], pa.float64()),
            }
        )
        for zone in counted
    ]
    settings = {"cause": PROGRESSED, "horizon_days": HORIZON_DAYS, "fewest": FEWEST_FOLLOWED}
    query = queries.lost_revenue(PROGRESSED, HORIZON_DAYS, FEWEST_FOLLOWED)
    tables = {"inputs": pa.concat_tables(entered), "drifting": pa.concat_tables(late)} if counted else _NOBODY
    return Grounds(*told, "lost_revenue", query, tables, below_stays(results.known), settings)


_NOBODY = {
    "inputs": pa.table({"customer_id": pa.array([], pa.string()), "zone": pa.array([], pa.string()),
                        "days": pa.array([], pa.float64()), "cause": pa.array([], pa.int64())}),
    "drifting": pa.table({"customer_id": pa.array([], pa.string()), "zone": pa.array([], pa.string()),
                          "days": pa.array([], pa.float64()), "revenue": pa.array([], pa.float64())}),
}  # fmt: skip


def _passages(results: Results) -> list[Passage]:
    known = results.known
    return passages(results.run.store.arrow(known.stays), len(known.stage_names), known.as_of_us)


def _passage(results: Results, zone: Zone) -> Passage:
    return _passages(results)[results.known.stage_names.index(zone.start)]


def _judged(results: Results, zone: Zone) -> Passage:
    """Who entered in the zone's window; everybody where there are too few."""
    passage = _passage(results, zone)
    if zone.window_days is None:
        return passage
    return passage.part(passage.is_since(results.known.as_of_us, zone.window_days))


def _earlier(results: Results, zone: Zone) -> Passage:
    passage = _passage(results, zone)
    return passage.part(~passage.is_since(results.known.as_of_us, WINDOW_DAYS))


def _rows(results: Results, passage: Passage, zone: str) -> pa.Table:
    """One row for each stay: customer_id, zone, entered_us, days, cause (0 still there, 1 moved on, 2 left)."""
    columns = {"entered_us": passage.entered_us, "days": passage.days, "cause": passage.cause}
    zones = pa.array([zone] * len(passage.days), pa.string())
    return pa.table({"customer_id": named(results, passage.customer_key), "zone": zones, **columns})


def _share(results: Results, zone: Zone, told: Told, method: str, query: str, cause: int) -> Grounds:
    tables = {"inputs": _rows(results, _judged(results, zone), zone.start)}
    tables["reference"] = _rows(results, _earlier(results, zone), zone.start)
    settings = {"cause": cause, "day": zone.tau_days}
    return Grounds(*told, method, query, tables, below_stays(results.known), settings)


def _ended(cause: int) -> Callable[[Results, Zone, Told], Grounds]:
    def made(results: Results, zone: Zone, told: Told) -> Grounds:
        return _share(results, zone, told, "share_by", queries.share_by(cause, zone.tau_days or 0.0), cause)

    return made


def _tau(results: Results, zone: Zone, told: Told) -> Grounds:
    inputs = {"inputs": _rows(results, _earlier(results, zone), zone.start)}
    log = below_stays(results.known)
    if zone.is_tau_expected:
        return Grounds(*told, "setting", f"SELECT {zone.tau_days!r}", inputs, log, {"expected_days": zone.tau_days})
    settings = {"cause": PROGRESSED, "part": 0.8, "horizon_days": HORIZON_DAYS}
    return Grounds(*told, "usual_day", queries.usual_day(PROGRESSED, 0.8, HORIZON_DAYS), inputs, log, settings)


def _drifting(results: Results, zone: Zone, told: Told) -> Grounds:
    late = zone.drifting_now
    inputs = values(results, [one.customer_key for one in late], [one.days for one in late])
    return Grounds(
        *told, "count", queries.COUNT, {"inputs": inputs}, below_stays(results.known), {"day": zone.tau_days}
    )


def _entered(results: Results, zone: Zone, told: Told) -> Grounds:
    inputs = {"inputs": _rows(results, _judged(results, zone), zone.start)}
    return Grounds(*told, "count", queries.COUNT, inputs, below_stays(results.known), {"window_days": zone.window_days})


def _impact(results: Results, zone: Zone, told: Told) -> Grounds:
    return impact_grounds(results, [zone], told)


_SHOWN: Mapping[str, Callable[[Zone], Estimate]] = {
    "stall_share": lambda zone: zone.stall,
    "leak_share": lambda zone: zone.leak,
    "progressed_share": lambda zone: zone.progressed,
    "tau_days": lambda zone: Estimate(zone.tau_days),
    "impact_revenue": lambda zone: zone.impact,
    "n_drifting": lambda zone: Estimate(float(len(zone.drifting_now))),
    "n_entered": lambda zone: Estimate(float(zone.n_entered)),
}
_GROUNDS: Mapping[str, Callable[[Results, Zone, Told], Grounds]] = {
    "stall_share": stall_grounds,
    "leak_share": _ended(EXITED),
    "progressed_share": _ended(PROGRESSED),
    "tau_days": _tau,
    "impact_revenue": _impact,
    "n_drifting": _drifting,
    "n_entered": _entered,
}
