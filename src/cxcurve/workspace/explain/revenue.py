"""Numbers of recurring revenue, explained: what customers pay now, and what is kept of what they paid a year ago."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from cxcurve.errors import Reason, UnknownNameError
from cxcurve.metrics.recurring import CENTS, DOES
from cxcurve.metrics.revenue import standing
from cxcurve.stats.estimates import Estimate, nothing
from cxcurve.workspace.explain import queries
from cxcurve.workspace.explain.explanation import Below, Grounds
from cxcurve.workspace.explain.results import Results
from cxcurve.workspace.explain.rows import below, values
from cxcurve.workspace.revenue import RevenueResult

LEDGER, KEPT = "docs/revenue.md#the-ledger", "docs/revenue.md#what-is-kept"
LABELS = {
    "closing": ("Recurring revenue a year", "money", "What all customers pay a year, now.", LEDGER),
    "nrr": (
        "Net revenue retention",
        "share",
        "What customers who paid a year ago pay now, over what they paid then; new customers play no part.",
        KEPT,
    ),
    "grr": (
        "Gross revenue retention",
        "share",
        "The smaller of what each customer paid a year ago and pays now, over what they paid then.",
        KEPT,
    ),
    "customers_kept": (
        "Customers kept",
        "share",
        "Of the customers who paid a year ago, the share that pays now.",
        KEPT,
    ),
}


def keys(results: Results) -> list[str]:
    """Every number of the cards of the page."""
    return [] if results.revenue.year is None else [f"revenue/{name}" for name in LABELS]


def grounds(results: Results, what: str) -> Grounds:
    """What a number rests on: a row for each customer who pays, or paid a year ago.

    Raises:
        UnknownNameError: there is no such number.
    """
    if what not in LABELS:
        raise UnknownNameError("number of recurring revenue", what, LABELS)
    label, unit, definition, place = LABELS[what]
    found = results.revenue
    shown, inputs = _rows(results, found, what)
    how = ("sum", queries.SUM) if what == "closing" else ("mean", queries.MEAN)
    return Grounds(label, unit, shown, definition, place, *how, {"inputs": inputs}, _below(results, found))


def _rows(results: Results, found: RevenueResult, what: str) -> tuple[Estimate, pa.Table]:
    """The number as the page has it, and customer_id, value, weight."""
    if found.moves is None or found.year is None:
        return nothing(reason=found.reason or Reason.NO_EVENTS), values(results, [], [])
    then, now = (standing(found.moves, us) for us in (found.year.period.since_us, found.year.period.until_us))
    if what == "closing":
        shown = Estimate(found.year.closing / CENTS, n=found.year.n_closing)
        paying = now.is_paying
        return shown, values(results, now.keys[paying], now.cents[paying] / CENTS)
    paid = then.is_paying
    start, end = then.cents[paid], now.cents[paid]
    if what == "customers_kept":
        return found.year.kept.customers, values(results, then.keys[paid], now.is_paying[paid])
    part = end if what == "nrr" else np.minimum(start, end)
    share = np.divide(part, start, out=np.zeros(len(start)), where=start > 0)
    rows = values(results, then.keys[paid], share)
    shown = found.year.kept.nrr if what == "nrr" else found.year.kept.grr
    place = rows.schema.get_field_index("weight")
    return shown, rows.set_column(place, "weight", pa.array(start / CENTS, pa.float64()))


def _below(results: Results, found: RevenueResult) -> Below:
    if found.rule is None:
        return below([])
    return below(results.known.plan.keys_of(*(name for does in DOES for name in getattr(found.rule, does))))
