"""Numbers of the friction inventory, explained."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pyarrow as pa

from cxcurve.errors import UnknownNameError
from cxcurve.metrics.exit_chances import CLEAR_DAYS, FELT_DAYS, HORIZON_DAYS
from cxcurve.metrics.growth import compared, paying_weeks
from cxcurve.metrics.inventory import Row
from cxcurve.pipeline.friction import events_of
from cxcurve.stats.estimates import Estimate, nothing
from cxcurve.tables import US_PER_DAY
from cxcurve.workspace.explain import queries
from cxcurve.workspace.explain.explanation import Below, Grounds
from cxcurve.workspace.explain.keys import path_of
from cxcurve.workspace.explain.results import Results
from cxcurve.workspace.explain.rows import below, below_scores, named
from cxcurve.workspace.friction import InventoryResult

PLACE = "docs/friction.md#revenue-at-risk"
AT_RISK, AFFECTED, EVENTS, ODDS, FOREGONE = FACTS = (
    "revenue_at_risk", "n_customers", "n_events", "loyalty_odds", "expansion_foregone",
)  # fmt: skip
DEFINITIONS: Mapping[str, tuple[str, str]] = {
    AT_RISK: ("Revenue at risk", f"Revenue a year times the part of the chance to leave within {HORIZON_DAYS:g} days "
              "that goes with the friction, over the customers it meets now: an association, not a cause."),
    AFFECTED: ("Customers it meets", "Customers inside the journey whom it met in the last "
               f"{FELT_DAYS} days, or for whom it is still open."),
    EVENTS: ("Events", f"Events of it of these customers in the last {FELT_DAYS} days, or still open."),
    ODDS: ("Odds of leaving with it", f"Weeks in which it was felt ({FELT_DAYS} days) against weeks clear of it "
           f"({CLEAR_DAYS} days), within strata of stage, time there and risk from everything else: odds to leave "
           f"within {HORIZON_DAYS:g} days."),
    FOREGONE: ("Expansion foregone", f"The share of weeks clear of it ({CLEAR_DAYS} days) that an expansion "
               f"followed within {HORIZON_DAYS:g} days, less that of weeks in which it was felt ({FELT_DAYS} days), in "
               "the strata of the odds of leaving; times what those it meets now pay a year, times what an expansion "
               "adds."),
}  # fmt: skip
"""By fact: label and definition."""


def keys(results: Results) -> list[str]:
    """Every number of the inventory."""
    found = results.friction
    rows = [path_of("friction", *found.place_of(row), fact) for row in found.found.rows for fact in FACTS]
    return [path_of("friction", AT_RISK), *rows]


def grounds(results: Results, *parts: str) -> Grounds:
    """What a number of the inventory rests on.

    Raises:
        UnknownNameError: there is no such number, or the friction meets nobody now.
    """
    found = results.friction
    if len(parts) == 1:
        if parts[0] != AT_RISK:
            raise UnknownNameError("number of the friction inventory", parts[0], (AT_RISK,))
        value = found.found.risk_revenue
        shown = nothing() if value is None else Estimate(value, n=found.found.n_affected)
        return _risk(results, found.found.rows, "Revenue at risk, all frictions", shown)
    *place, fact = parts
    rows = {found.place_of(row): row for row in found.found.rows}
    named_rows = {"/".join(one): one for one in rows}
    if tuple(place) not in rows:
        raise UnknownNameError("friction", "/".join(place), named_rows)
    if fact not in FACTS:
        raise UnknownNameError("number of a friction", fact, FACTS)
    row = rows[place[0], place[1], place[2]]
    what = f"{place[0].replace('_', ' ')}, {place[1]}, {found.stages[row.place.stage][1]}"
    label, definition = DEFINITIONS[fact]
    if fact == AT_RISK:
        return _risk(results, (row,), f"{label}: {what}", row.risk)
    if fact == ODDS:
        return _odds(results, row, f"{label}: {what}")
    if fact == FOREGONE:
        return _foregone(results, row, f"{label}: {what}")
    ids = _ids(found, (one for one, _ in row.felt))
    inputs = pa.table({"customer_id": ids}) if fact == AFFECTED else _events(results, row)
    shown = Estimate(float(row.n_customers if fact == AFFECTED else row.n_events), n=row.n_customers)
    return Grounds(
        f"{label}: {what}", "number", shown, definition, PLACE, "count", queries.COUNT, {"inputs": inputs},
        _met(results, row),
    )  # fmt: skip


def _risk(results: Results, rows: Sequence[Row], label: str, shown: Estimate) -> Grounds:
    """A row for each customer and friction: revenue, chance to leave, odds with it, and what goes with it."""
    found = results.friction
    told = [(row, i, risk) for row in rows if row.risk.value is not None for i, risk in row.felt]
    where = np.array([i for _, i, _ in told], np.int64)
    inputs = pa.table({
        "customer_id": _ids(found, where),
        "signal": pa.array([found.place_of(row)[0] for row, _, _ in told], pa.string()),
        "revenue": found.inside.revenue[where],
        "chance": found.inside.chance[where],
        "odds": pa.array([row.loyalty.odds_ratio.value for row, _, _ in told], pa.float64()),
        "value": pa.array([risk for _, _, risk in told], pa.float64()),
        "weight": pa.array([1.0] * len(told), pa.float64()),
    })  # fmt: skip
    settings = {"horizon_days": HORIZON_DAYS, "felt_days": FELT_DAYS}
    definition, events = DEFINITIONS[AT_RISK][1], below_scores(results)
    return Grounds(
        label, "money", shown, definition, PLACE, "sum", queries.SUM, {"inputs": inputs}, events, settings
    )  # fmt: skip


def _odds(results: Results, row: Row, label: str) -> Grounds:
    """A row for each week looked at; and by stratum how many there were of each."""
    weeks = results.friction_weeks(row.place.signal)
    if weeks is None:
        inputs = pa.table({"customer_id": pa.array([], pa.string())})
    else:
        inputs = pa.table({
            "customer_id": named(results, weeks.customer), "week_end_us": weeks.ends_us, "stratum": weeks.stratum,
            "is_met": weeks.is_felt, "has_left": weeks.left,
        })  # fmt: skip
    definition, settings = DEFINITIONS[ODDS][1], {"horizon_days": HORIZON_DAYS, "felt_days": FELT_DAYS}
    return Grounds(
        label, "odds", row.loyalty.odds_ratio, definition, PLACE, "matched_odds", queries.MATCHED_ODDS,
        {"inputs": inputs}, below_scores(results), settings,
    )  # fmt: skip


def _foregone(results: Results, row: Row, label: str) -> Grounds:
    """A row for each week in which the customer paid; revenue and the size of an expansion are in its weight."""
    weeks, growth, found = results.friction_weeks(row.place.signal), results.growth, results.friction
    if weeks is None or growth is None or row.foregone.value is None:
        inputs = pa.table({"customer_id": pa.array([], pa.string()), "value": pa.array([], pa.float64()),
                           "weight": pa.array([], pa.float64())})  # fmt: skip
    else:
        paying, grew = paying_weeks(weeks, growth)
        told = compared(paying, grew)
        money = float(found.inside.revenue[[i for i, _ in row.felt]].sum()) * growth.size
        weight = np.where(paying.is_felt, -1.0, 1.0) * told.weights * money / told.n_matched
        inputs = pa.table({
            "customer_id": named(results, paying.customer), "week_end_us": paying.ends_us, "stratum": paying.stratum,
            "is_met": paying.is_felt, "value": grew.astype(float), "weight": weight,
        })  # fmt: skip
    settings = {"horizon_days": HORIZON_DAYS, "felt_days": FELT_DAYS}
    return Grounds(
        label, "money", row.foregone, DEFINITIONS[FOREGONE][1], PLACE, "sum", queries.SUM, {"inputs": inputs},
        below_scores(results), settings,
    )  # fmt: skip


def _events(results: Results, row: Row) -> pa.Table:
    """Its events that are felt now: customer_id, event_id, occurred_us."""
    found, since_us = results.friction, results.known.as_of_us - FELT_DAYS * US_PER_DAY
    ids = {int(found.inside.customer[i]): found.customer_ids[i] for i, _ in row.felt}
    mine = [
        (ids[one.customer], one.event_id, one.at_us) for one in events_of(results.run, results.known)
        if one.place.signal == row.place.signal and one.until_us >= since_us and one.customer in ids
    ]  # fmt: skip
    columns = list(zip(*sorted(mine), strict=True)) or [(), (), ()]
    kinds = ("customer_id", pa.string()), ("event_id", pa.string()), ("occurred_us", pa.int64())
    return pa.table({name: pa.array(one, kind) for (name, kind), one in zip(kinds, columns, strict=True)})


def _met(results: Results, row: Row) -> Below:
    """The signal's own events, and those that end it."""
    plan = results.known.plan
    return below([row.place.signal, *plan.keys_of(plan.signals[row.place.signal].until or "")])


def _ids(found: InventoryResult, positions: Iterable[int]) -> pa.Array:
    return pa.array([found.customer_ids[i] for i in positions], pa.string())
