"""Numbers of the friction inventory, explained."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pyarrow as pa

from cxcurve.errors import UnknownNameError
from cxcurve.metrics.exit_chances import FELT_DAYS, HORIZON_DAYS
from cxcurve.metrics.inventory import Row
from cxcurve.stats.estimates import Estimate, nothing
from cxcurve.workspace.explain import queries
from cxcurve.workspace.explain.explanation import Below, Grounds
from cxcurve.workspace.explain.keys import path_of
from cxcurve.workspace.explain.results import Results
from cxcurve.workspace.explain.rows import below, below_scores
from cxcurve.workspace.friction import InventoryResult

PLACE = "docs/friction.md#revenue-at-risk"
AT_RISK, AFFECTED = FACTS = ("revenue_at_risk", "n_customers")
RISK = (
    f"Revenue a year times the part of the chance to leave within {HORIZON_DAYS:g} days that goes with the friction, "
    "over the customers it meets now: an association, not a cause."
)
WHO = f"Customers inside the journey whom it met in the last {FELT_DAYS} days, or for whom it is still open."


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
    named = {"/".join(one): one for one in rows}
    if tuple(place) not in rows:
        raise UnknownNameError("friction", "/".join(place), named)
    if fact not in FACTS:
        raise UnknownNameError("number of a friction", fact, FACTS)
    row = rows[place[0], place[1], place[2]]
    what = f"{place[0].replace('_', ' ')}, {place[1]}, {found.stages[row.place.stage][1]}"
    if fact == AT_RISK:
        return _risk(results, (row,), f"Revenue at risk: {what}", row.risk)
    ids = _ids(found, (one for one, _ in row.felt))
    inputs = {"inputs": pa.table({"customer_id": ids})}
    shown = Estimate(float(row.n_customers), n=row.n_customers)
    return Grounds(
        f"Customers it meets: {what}", "number", shown, WHO, PLACE, "count", queries.COUNT, inputs, _met(results, row)
    )


def _risk(results: Results, rows: Sequence[Row], label: str, shown: Estimate) -> Grounds:
    found = results.friction
    told = [(i, risk) for row in rows if row.risk.value is not None for i, risk in row.felt]
    inputs = pa.table({
        "customer_id": _ids(found, (i for i, _ in told)),
        "value": pa.array([risk for _, risk in told], pa.float64()),
        "weight": pa.array([1.0] * len(told), pa.float64()),
    })  # fmt: skip
    settings = {"horizon_days": HORIZON_DAYS, "felt_days": FELT_DAYS}
    return Grounds(
        label, "money", shown, RISK, PLACE, "sum", queries.SUM, {"inputs": inputs}, below_scores(results), settings
    )


def _met(results: Results, row: Row) -> Below:
    """The signal's own events, and those that end it."""
    plan = results.known.plan
    return below([row.place.signal, *plan.keys_of(plan.signals[row.place.signal].until or "")])


def _ids(found: InventoryResult, positions: Iterable[int]) -> pa.Array:
    return pa.array([found.customer_ids[i] for i in positions], pa.string())
