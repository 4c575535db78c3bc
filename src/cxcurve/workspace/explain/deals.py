"""Numbers of the deals, explained: a prospect's chance to move on, whom it rests on, and what comes of all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from cxcurve.errors import Reason, UnknownNameError
from cxcurve.metrics.drifting import AHEAD_DAYS
from cxcurve.metrics.passages import EXITED, PROGRESSED, Passage
from cxcurve.stats.estimates import Estimate, nothing
from cxcurve.workspace.deals import passages_of
from cxcurve.workspace.explain import queries
from cxcurve.workspace.explain.explanation import Grounds
from cxcurve.workspace.explain.keys import path_of
from cxcurve.workspace.explain.results import Results
from cxcurve.workspace.explain.rows import below_stays, named

PLACE = "docs/revenue.md#deals"
STAGE, CHANCE, EXPECTED, AMOUNT = "stage", "chance", "expected", "amount"
DEFINITIONS: Mapping[str, tuple[str, str]] = {
    CHANCE: ("Moves on", "Share of those who were at the stage as long that went on to a later one within 28 days; "
             "leaving competes, who was not followed so long is censored."),
    "n_there": ("Stayed as long", "Stays at the stage that lasted longer and of which the 28 days after are known."),
    "n_moved_on": ("Of them moved on", "Those of them that went on to a later stage within the 28 days."),
    "n_left": ("Of them left", "Those of them that left within the 28 days."),
}  # fmt: skip
"""By fact of a prospect: label and definition."""
SUMS: Mapping[str, tuple[str, str]] = {
    AMOUNT: ("Would pay a year", "Amounts of the prospects, where somebody said one."),
    EXPECTED: ("Moves on in 28 days", "Sum of amount x chance, over prospects with both."),
}
_CAUSES = {"n_moved_on": PROGRESSED, "n_left": EXITED}


def keys(results: Results) -> list[str]:
    """The sums, and every number of the prospects."""
    found = results.deals
    if found.reason:
        return []
    sums = [(), *((STAGE, one.stage) for one in found.stages if one.n)]
    facts = [path_of("deals", row["customer_id"], fact) for row in found.rows for fact in DEFINITIONS]
    return [*(path_of("deals", *whose, name) for whose in sums for name in SUMS), *facts]


def grounds(results: Results, *parts: str) -> Grounds:
    """What a prospect's number, or a sum of all or of a stage, rests on.

    Raises:
        UnknownNameError: there is no such prospect, stage or number.
    """
    *whose, what = parts
    if not whose or whose[0] == STAGE:
        return _sum(results, whose[1:], what)
    rows = {row["customer_id"]: row for row in results.deals.rows}
    if len(whose) > 1 or whose[0] not in rows:
        raise UnknownNameError("prospect", "/".join(whose), rows)
    if what not in DEFINITIONS:
        raise UnknownNameError("number of a prospect", what, DEFINITIONS)
    return _of_one(results, rows[whose[0]], what)


def _of_one(results: Results, row: Mapping[str, Any], what: str) -> Grounds:
    """Everybody who ever entered its stage; of the counts those they count."""
    label, definition = DEFINITIONS[what]
    stage, days = row["stage"], row["days"]
    passage = next(one for one in passages_of(results.known, results.run.store.arrow)
                   if results.known.stage_name(one.stage) == stage)  # fmt: skip
    told = f"{label}: {row['name'] or row['customer_id']}, {row['stage_label']} for {days:.0f} days"
    settings = {"day": days, "ahead_days": AHEAD_DAYS, "stage": stage}
    events = below_stays(results.known)
    if what == CHANCE:
        shown = nothing(row["n_there"] or 0, row["reason"]) if row[CHANCE] is None else Estimate(row[CHANCE])
        settings["cause"] = PROGRESSED
        query = queries.share_ahead(PROGRESSED, days, AHEAD_DAYS)
        tables = {"inputs": _rows(results, passage)}
        return Grounds(told, "share", shown, definition, PLACE, "share_ahead", query, tables, events, settings)
    count = row[what]
    shown = nothing(reason=Reason.TOO_FEW) if count is None else Estimate(float(count))
    tables = {"inputs": _rows(results, passage.part(_counted(passage, days, what)))}
    return Grounds(told, "number", shown, definition, PLACE, "count", queries.COUNT, tables, events, settings)


def _counted(passage: Passage, days: float, what: str) -> Any:
    is_later, is_within = passage.days > days, passage.days <= days + AHEAD_DAYS
    if what in _CAUSES:
        return is_later & is_within & (passage.cause == _CAUSES[what])
    return is_later & ((passage.cause != 0) | (passage.days >= days + AHEAD_DAYS))


def _rows(results: Results, passage: Passage) -> pa.Table:
    """One row for each stay: customer_id, entered_us, days, cause (0 still there, 1 moved on, 2 left)."""
    who = named(results, passage.customer_key)
    columns = {"entered_us": passage.entered_us, "days": passage.days, "cause": passage.cause}
    return pa.table({"customer_id": who, **columns})


def _sum(results: Results, whose: Sequence[str], what: str) -> Grounds:
    """A row for each prospect: its chance (or 1) times its amount."""
    found = results.deals
    if what not in SUMS:
        raise UnknownNameError("number of the deals", what, SUMS)
    rows, shown = list(found.rows), _SHOWN[what](found, None)
    label, definition = SUMS[what]
    if whose:
        stages = {one.stage: one for one in found.stages if one.n}
        if len(whose) > 1 or whose[0] not in stages:
            raise UnknownNameError("stage with prospects", "/".join(whose), stages)
        rows = [row for row in rows if row["stage"] == whose[0]]
        shown, label = _SHOWN[what](found, stages[whose[0]]), f"{label}, {stages[whose[0]].label}"
    told = [row for row in rows if row[what] is not None]
    chances = [row[CHANCE] if what == EXPECTED else 1.0 for row in told]
    inputs = pa.table({
        "customer_id": pa.array([row["customer_id"] for row in told], pa.string()),
        "stage": pa.array([row["stage"] for row in told], pa.string()),
        "value": np.array(chances, float),
        "weight": np.array([row[AMOUNT] for row in told], float),
    })  # fmt: skip
    events = below_stays(results.known)
    return Grounds(label, "money", shown, definition, PLACE, "sum", queries.SUM, {"inputs": inputs}, events)


_SHOWN: Mapping[str, Callable[..., Estimate]] = {
    AMOUNT: lambda found, stage: Estimate((stage or found).amount),
    EXPECTED: lambda found, stage: (stage or found).expected,
}
