"""What moved the level between two weeks, explained."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from cxcurve.charts.format import words
from cxcurve.errors import BadValueError, UnknownNameError
from cxcurve.metrics.moved import Moved
from cxcurve.metrics.moved_by import Crowd
from cxcurve.stats.estimates import Estimate, nothing
from cxcurve.workspace.explain import queries
from cxcurve.workspace.explain.explanation import Grounds
from cxcurve.workspace.explain.keys import path_of
from cxcurve.workspace.explain.results import Results
from cxcurve.workspace.explain.rows import below_scores, named

PLACE = "docs/explain.md#what-moved-the-level"
SIGNAL = "signal"
FACTS: Mapping[str, tuple[str, str]] = {
    "before": ("Mean level", "Mean over the customers inside the journey at the first week."),
    "after": ("Mean level", "Mean over the customers inside the journey at the second week."),
    "change": ("Change of the level", "Mean level at the second week minus that at the first."),
    "mix": ("Who is there", "What those who left, those who came and moves between stages add to the change."),
    "rate": ("What changed for them", "Change within a stage of those who stayed; the stages weigh as in both weeks."),
    "left": ("Customers who left", "What the mean of those who stayed gains by them not being counted any more."),
    "new": ("New customers", "What they add to the mean of those who stayed."),
    "moved": ("Moves between stages", "Change of the stages' shares among those who stayed, times the stage's level."),
}
_WHEN = ("before", "after", "way")


def keys(results: Results) -> list[str]:
    """Every part of the change over the last four weeks; none before there are two whole weeks."""
    try:
        weeks = results.weeks_between(None, None)
    except BadValueError:
        return []
    dates = (weeks.since, weeks.until)
    signals = (path_of("moved", *dates, SIGNAL, part.name) for part in weeks.moved.of("signal"))
    return [*(path_of("moved", *dates, fact) for fact in FACTS), *signals]


def grounds(results: Results, since: str, until: str, *fact: str) -> Grounds:
    """What a part of the change rests on.

    Raises:
        BadValueError: a day cannot be meant.
        UnknownNameError: there is no such part.
    """
    weeks = results.weeks_between(since, until)
    found, crowd = weeks.moved, Crowd(weeks.before, weeks.after, len(weeks.stages))
    over = f"{weeks.since} to {weeks.until}"
    if len(fact) == 1:
        if fact[0] not in FACTS:
            raise UnknownNameError("part of the change", fact[0], (*FACTS, SIGNAL))
        (label, definition), rows, shown = FACTS[fact[0]], crowd.of_levels(fact[0]), _shown(found, fact[0])
    else:
        parts = {part.name: part.points for part in found.of("signal")}
        if fact[0] != SIGNAL or fact[1] not in parts:
            raise UnknownNameError("signal of the change", fact[1], parts)
        label, shown = words(fact[1]), parts[fact[1]]
        rows = crowd.of_signal(weeks.signals.index(fact[1]))
        definition = "Points that the signal adds for those who stayed, along the straight way of each customer."
    who = named(results, rows.key)
    when = pa.array([_WHEN[i] for i in rows.when], pa.string())
    inputs = pa.table({"customer_id": who, "when": when, "value": rows.value, "weight": rows.weight})
    told = f"{label}, {over}", "number", shown, definition, PLACE
    return Grounds(*told, "sum", queries.SUM, {"inputs": inputs}, below_scores(results))


def _shown(found: Moved, fact: str) -> Estimate:
    told: dict[str, Estimate] = {name: getattr(found, name) for name in ("before", "after", "change", "mix", "rate")}
    told.update(found.kinds)
    return told.get(fact, nothing())
