"""Numbers of the flows, explained: who reached a step, who went on, left or waits, and how long it took."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cxcurve.errors import BadValueError, UnknownNameError
from cxcurve.metrics.flows import LEFT, QUICK, SLOW, WENT_ON, Step, Waits, waits_at
from cxcurve.stats.estimates import Estimate
from cxcurve.workspace.explain import queries
from cxcurve.workspace.explain.explanation import Grounds, Told
from cxcurve.workspace.explain.keys import path_of
from cxcurve.workspace.explain.results import Results
from cxcurve.workspace.explain.rows import below, below_stays, named
from cxcurve.workspace.flows import HORIZONS, WINDOWS, FlowResult, cases_of

PLACE, STAGES = "docs/revenue.md#flows", "stages"
"""Steps are the stages where the key names no events."""
_REACHED = "n"
DEFINITIONS: Mapping[str, tuple[str, str, str, Callable[[Step], Estimate]]] = {
    _REACHED: ("Reached", "number", "Cases that reached the step, those who passed it over among them.",
               lambda one: Estimate(float(one.n))),
    "n_next": ("Went on", "number", "Of them who has reached the next step.", lambda one: Estimate(float(one.n_next))),
    "n_left": ("Left", "number", "Of them who left before the next step.", lambda one: Estimate(float(one.n_left))),
    "n_waiting": ("There now", "number", "Of them who neither went on nor left.",
                  lambda one: Estimate(float(one.n_waiting))),
    "goes_on": ("Goes on", "share", "Share of those who were at the step that goes on within the horizon.",
                lambda one: one.goes_on),
    "stops": ("Stops", "share", "Share of them that has not gone on within the horizon: who left is among them.",
              lambda one: Estimate(one.stops, reason=one.goes_on.reason)),
    "leaves": ("Leaves", "share", "Share of them that leaves within the horizon.", lambda one: one.leaves),
    "quick_days": ("Quickest fifth", "days", "First day on which a fifth has gone on.", lambda one: one.quick),
    "median_days": ("Half need", "days", "First day on which half has gone on.", lambda one: one.median),
    "slow_days": ("Slowest fifth", "days", "First day on which four fifths have gone on.", lambda one: one.slow),
}  # fmt: skip
"""By fact of a step: label, unit, definition, and the number."""
_CAUSES = {"n_next": WENT_ON, "n_left": LEFT, "n_waiting": 0}
_SHARES = {"quick_days": QUICK, "median_days": 0.5, "slow_days": SLOW}


def keys(results: Results) -> list[str]:
    """Every number of the stages, in the window and horizon that pages begin with."""
    window, within = WINDOWS[0], HORIZONS[0]
    steps = results.flow((), window, within).steps
    facts = [(one.name, fact) for one in steps[:-1] for fact in DEFINITIONS]
    return [path_of("flows", STAGES, window, within, *one) for one in [*facts, *((s.name, "n") for s in steps[-1:])]]


def grounds(results: Results, steps: str, window: str, within: str, step: str, fact: str) -> Grounds:
    """What a fact of a step rests on: a row for each case that reached it.

    Raises:
        UnknownNameError: there is no such event, step or fact.
        BadValueError: no such window or horizon is told, or the step is the last and leads nowhere.
    """
    names = () if steps == STAGES else tuple(steps.split(","))
    days = _one_of("window", window, WINDOWS), _one_of("horizon", within, HORIZONS)
    found = results.flow(names, *days)
    places = {one.name: place for place, one in enumerate(found.steps)}
    if step not in places:
        raise UnknownNameError("step of this flow", step, places)
    if fact not in DEFINITIONS:
        raise UnknownNameError("fact of a step", fact, DEFINITIONS)
    place = places[step]
    label, unit, definition, shown = DEFINITIONS[fact]
    told = f"{label}: {found.labels[place]}", unit, shown(found.steps[place]), definition, PLACE
    return _grounds(results, found, names, place, fact, told)


def _one_of(what: str, text: str, known: tuple[int, ...]) -> int:
    if text not in map(str, known):
        raise BadValueError(f'{what} "{text}" is not told; there are {", ".join(map(str, known))} days')
    return int(text)


def _grounds(
    results: Results, found: FlowResult, names: tuple[str, ...], place: int, fact: str, told: Told
) -> Grounds:  # fmt: skip
    known, horizon = results.known, float(found.horizon_days)
    cases = cases_of(known, results.run.store.arrow, names, found.window_days)
    events = below([*known.plan.keys_of(*names), *known.plan.exit_keys]) if names else below_stays(known)
    if place + 1 == cases.at_us.shape[1]:
        if fact != _REACHED:
            raise BadValueError(f'"{found.steps[place].name}" is the last step: nobody goes on from it')
        inputs = pa.table({"customer_id": named(results, cases.customer[cases.at_us[:, place] < known.as_of_us])})
        return Grounds(*told, "count", queries.COUNT, {"inputs": inputs}, events)
    here = waits_at(cases, place, known.as_of_us)
    is_count = fact == _REACHED or fact in _CAUSES
    rows = here.cause == _CAUSES[fact] if fact in _CAUSES else here.was_there | is_count
    tables = {"inputs": _rows(results, here, rows)}
    settings: dict[str, object] = {"window_days": found.window_days, "horizon_days": horizon}
    if is_count:
        return Grounds(*told, "count", queries.COUNT, tables, events, settings)
    cause = LEFT if fact == "leaves" else WENT_ON
    settings["cause"] = cause
    if fact in _SHARES:
        query = queries.first_day(cause, _SHARES[fact])
        return Grounds(*told, "first_day", query, tables, events, {**settings, "share": _SHARES[fact]})
    how = ("share_not_by", queries.share_not_by) if fact == "stops" else ("share_by", queries.share_by)
    return Grounds(*told, how[0], how[1](cause, horizon), tables, events, {**settings, "day": horizon})


def _rows(results: Results, here: Waits, chosen: NDArray[np.bool_]) -> pa.Table:
    """One row for each case: customer_id, reached_us, days, cause (0 still there, 1 went on, 2 left), was_there."""
    columns = {name: getattr(here, name)[chosen] for name in ("reached_us", "days", "cause", "was_there")}
    return pa.table({"customer_id": named(results, here.customer[chosen]), **columns})
