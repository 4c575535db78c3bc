"""Numbers of recurring revenue, explained: a month's ledger, or a year's, and what is kept of its opening."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from cxcurve.errors import Reason, UnknownNameError
from cxcurve.metrics.recurring import CENTS, DOES, KINDS, Movements
from cxcurve.metrics.revenue import Line, standing
from cxcurve.stats.estimates import Estimate, nothing
from cxcurve.workspace.explain import queries
from cxcurve.workspace.explain.explanation import Below, Grounds
from cxcurve.workspace.explain.keys import path_of
from cxcurve.workspace.explain.results import Results
from cxcurve.workspace.explain.rows import below, values
from cxcurve.workspace.revenue import RevenueResult

LEDGER, KEPT, MONTH = "docs/revenue.md#the-ledger", "docs/revenue.md#what-is-kept", "month"
ENDS = ("opening", "closing")
LABELS: Mapping[str, tuple[str, str, str]] = {
    "opening": ("Opening", "money", "What all customers pay a year at the first moment."),
    "closing": ("Recurring revenue a year", "money", "What all customers pay a year at the end."),
    "new": ("New", "money", "First revenue of customers who never paid before."),
    "reactivation": ("Came back", "money", "First revenue after a churn."),
    "expansion": ("Expansion", "money", "More, of those who go on paying."),
    "contraction": ("Contraction", "money", "Less, of those who go on paying."),
    "churn": ("Churn", "money", "What those paid who stopped."),
    "nrr": (
        "Net revenue retention", "share",
        "What customers who paid at the opening pay at the end, over what they paid then; new customers play no part.",
    ),
    "grr": (
        "Gross revenue retention", "share",
        "The smaller of what each customer paid at the opening and pays at the end, over what they paid then.",
    ),
    "customers_kept": (
        "Customers kept", "share", "Of the customers who paid at the opening, the share that pays at the end.",
    ),
}  # fmt: skip
"""By fact: label, unit and definition. `n_` before a line of the ledger: its customers."""
COUNTS = {f"n_{name}": name for name in (*ENDS, *KINDS)}


def keys(results: Results) -> list[str]:
    """Every number of the cards and of the ledger."""
    found, facts = results.revenue, (*LABELS, *COUNTS)
    year = [] if found.year is None else [path_of("revenue", name) for name in facts]
    return [*year, *(path_of("revenue", MONTH, one.period.name, name) for one in found.lines for name in facts)]


def grounds(results: Results, *parts: str) -> Grounds:
    """What a number rests on: a row for each customer who pays, or paid, or for each movement.

    Raises:
        UnknownNameError: there is no such number, or the ledger has no such month.
    """
    *month, what = parts
    found = results.revenue
    if month and month[0] != MONTH:
        raise UnknownNameError("part of recurring revenue", month[0], (MONTH,))
    months = {one.period.name: one for one in found.lines}
    if month and month[1] not in months:
        raise UnknownNameError("month of the ledger", month[1], months)
    name = COUNTS.get(what, what)
    if name not in LABELS:
        raise UnknownNameError("number of recurring revenue", what, (*LABELS, *COUNTS))
    label, unit, definition = LABELS[name]
    if what in COUNTS:
        label, unit, definition = f"{label}: customers", "number", f"Customers behind it. {definition}"
    shown, inputs = _rows(results, found, months[month[1]] if month else found.year, what)
    how = ("mean", queries.MEAN) if unit == "share" else ("sum", queries.SUM)
    if what in COUNTS:
        how = "count", queries.COUNT
    told = f"{label}, {month[1] if month else 'twelve months up to now'}", unit, shown, definition
    return Grounds(*told, KEPT if unit == "share" else LEDGER, *how, {"inputs": inputs}, _below(results, found))


def _rows(results: Results, found: RevenueResult, line: Line | None, what: str) -> tuple[Estimate, pa.Table]:
    """The number as the page has it, and customer_id, value, weight."""
    if found.moves is None or line is None:
        return nothing(reason=found.reason or Reason.NO_EVENTS), values(results, [], [])
    name = COUNTS.get(what, what)
    if name in KINDS:
        return _moved(results, found.moves, line, name, is_count=what in COUNTS)
    if name in ENDS:
        at = standing(found.moves, line.period.since_us if name == "opening" else line.period.until_us)
        paying = at.is_paying
        n, total = (getattr(line, f"n_{name}"), getattr(line, name) / CENTS)
        shown = Estimate(float(n) if what in COUNTS else total, n=n)
        return shown, values(results, at.keys[paying], at.cents[paying] / CENTS)
    return getattr(line.kept, "customers" if what == "customers_kept" else what), _kept(
        results, found.moves, line, what
    )


def _moved(
    results: Results, moves: Movements, line: Line, kind: str, *, is_count: bool
) -> tuple[Estimate, pa.Table]:  # fmt: skip
    """A row for each movement; of the count one for each customer."""
    mine = (moves.at_us >= line.period.since_us) & (moves.at_us < line.period.until_us)
    mine &= moves.kind == KINDS.index(kind)
    who, cents, at_us = (getattr(moves, name)[mine] for name in ("customer", "cents", "at_us"))
    told = line.moved[kind]
    if is_count:
        keys, place = np.unique(who, return_inverse=True)
        return Estimate(float(told.n)), values(results, keys, np.bincount(place, cents, len(keys)) / CENTS)
    return Estimate(told.cents / CENTS, n=told.n), values(results, who, cents / CENTS, occurred_us=at_us)


def _kept(results: Results, moves: Movements, line: Line, what: str) -> pa.Table:
    """Who paid at the opening: the part of it that is paid at the end, weighed by what was paid then."""
    then, now = (standing(moves, us) for us in (line.period.since_us, line.period.until_us))
    paid = then.is_paying
    start, end = then.cents[paid], now.cents[paid]
    if what == "customers_kept":
        return values(results, then.keys[paid], now.is_paying[paid])
    part = end if what == "nrr" else np.minimum(start, end)
    rows = values(results, then.keys[paid], np.divide(part, start, out=np.zeros(len(start)), where=start > 0))
    place = rows.schema.get_field_index("weight")
    return rows.set_column(place, "weight", pa.array(start / CENTS, pa.float64()))


def _below(results: Results, found: RevenueResult) -> Below:
    if found.rule is None:
        return below([])
    return below(results.known.plan.keys_of(*(name for does in DOES for name in getattr(found.rule, does))))
