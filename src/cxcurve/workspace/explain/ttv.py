"""Numbers of time to value, explained."""

from __future__ import annotations

import pyarrow as pa

from cxcurve.errors import BadValueError, Reason, UnknownNameError
from cxcurve.metrics.time_to_value import REACHED, waits
from cxcurve.stats.estimates import nothing
from cxcurve.workspace.explain import queries
from cxcurve.workspace.explain.explanation import Below, Grounds, Told
from cxcurve.workspace.explain.keys import path_of
from cxcurve.workspace.explain.results import Results
from cxcurve.workspace.explain.rows import below, named

PLACE = "docs/explain.md#time-to-value"
MEDIAN = (
    "First day on which half of all who started have reached first value; leaving before it competes, who waits is "
    "censored."
)
SHARE = "Share of all who started that had reached first value by that day, as cumulative incidence."


def keys(results: Results) -> list[str]:
    """Every number of the cards of time to value."""
    found = results.time_to_value
    if found.found is None:
        return []
    return [path_of("ttv", "median_days"), *(path_of("ttv", "reached", f"{day:g}") for day in found.days)]


def grounds(results: Results, what: str, day: str = "") -> Grounds:
    """What the median, or the share reached by a day, rests on.

    Raises:
        UnknownNameError: there is no such number.
        BadValueError: the day is none that the page tells.
    """
    result = results.time_to_value
    rows = result.times if result.times is not None else _NOBODY
    if what == "median_days" and not day:
        shown = result.found.median if result.found else nothing(reason=Reason.NOT_IN_MODEL)
        return median_grounds(results, rows, ("Time to Value, median", "days", shown, MEDIAN, PLACE))
    if what != "reached":
        raise UnknownNameError(
            "number of time to value", "/".join(filter(None, (what, day))), ("median_days", "reached")
        )
    days = {f"{one:g}": one for one in result.days}
    if day not in days:
        raise BadValueError(f'day "{day}" is not told; there are {", ".join(days)}')
    shown = result.found.reached[days[day]] if result.found else nothing(reason=Reason.NOT_IN_MODEL)
    return reached_grounds(results, rows, days[day], (f"Reached value by day {day}", "share", shown, SHARE, PLACE))


_NOBODY = pa.table({name: pa.array([], pa.int64()) for name in ("customer_key", "start_us", "goal_us", "exit_us")})


def median_grounds(results: Results, times: pa.Table | None, told: Told) -> Grounds:
    """Who started, how long each waited and how it ended."""
    settings = {"cause": REACHED, "share": 0.5}
    tables = {"inputs": _rows(results, times)}
    return Grounds(*told, "first_day", queries.first_day(REACHED, 0.5), tables, _below(results), settings)


def reached_grounds(results: Results, times: pa.Table | None, day: float, told: Told) -> Grounds:
    """The same for the share reached by a day."""
    settings = {"cause": REACHED, "day": day}
    tables = {"inputs": _rows(results, times)}
    return Grounds(*told, "share_by", queries.share_by(REACHED, day), tables, _below(results), settings)


def _rows(results: Results, times: pa.Table | None) -> pa.Table:
    """One row for each start: customer_id, start_us, days, cause (0 waits, 1 reached value, 2 left)."""
    rows = _NOBODY if times is None else times
    days, cause = waits(rows, results.known.as_of_us)
    who = named(results, rows["customer_key"].to_numpy())
    return pa.table({"customer_id": who, "start_us": rows["start_us"], "days": days, "cause": cause})


def _below(results: Results) -> Below:
    plan = results.known.plan
    rule = plan.journey.time_to_value
    return below([*plan.keys_of(rule.start, rule.goal), *plan.exit_keys] if rule else [])
