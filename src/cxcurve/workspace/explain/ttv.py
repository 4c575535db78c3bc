"""Numbers of time to value, explained."""

from __future__ import annotations

import pyarrow as pa

from cxcurve.errors import BadValueError, Reason, UnknownNameError
from cxcurve.metrics.time_to_value import REACHED, TimeToValue, waits
from cxcurve.metrics.value_cohorts import Cohort, Month
from cxcurve.stats.estimates import nothing
from cxcurve.workspace.explain import queries
from cxcurve.workspace.explain.explanation import Below, Grounds, Told
from cxcurve.workspace.explain.keys import path_of
from cxcurve.workspace.explain.results import Results
from cxcurve.workspace.explain.rows import below, named
from cxcurve.workspace.time_to_value import TimeToValueResult

MONTH, FEWEST_OF_COHORT = "month", 3
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
    whose = [(), *((by, value) for by, values in _cohorts(found).items() for value in values)]
    numbers = [("median_days",), *(("reached", f"{day:g}") for day in found.days)]
    return [path_of("ttv", *one, *number) for one in whose for number in numbers]


def _cohorts(result: TimeToValueResult) -> dict[str, dict[str, Month | Cohort]]:
    """By month of the start, and by segment: each cohort that the page tells."""
    found: dict[str, dict[str, Month | Cohort]] = {MONTH: {one.month: one for one in result.trend}}
    for one in result.cohorts:
        found.setdefault(one.by, {})[one.value] = one
    return found


def grounds(results: Results, *parts: str) -> Grounds:
    """What the median, or the share reached by a day, rests on: of everybody, of a month, or of a segment's value.

    Raises:
        UnknownNameError: there is no such number, or no such cohort.
        BadValueError: the day is none that the page tells.
    """
    if len(parts) < FEWEST_OF_COHORT:
        result = results.time_to_value
        return _grounds(results, result.found, result.times, "", *parts)
    by, value, *number = parts
    cohorts = _cohorts(results.time_to_value)
    if by not in cohorts:
        raise UnknownNameError("cohorts of time to value", by, cohorts)
    if value not in cohorts[by]:
        raise UnknownNameError(f"{by} of time to value", value, cohorts[by])
    one = cohorts[by][value]
    return _grounds(results, one.found, one.times, f" ({by} {value})", *number)


def _grounds(
    results: Results, found: TimeToValue | None, times: pa.Table | None, whose: str, what: str, day: str = ""
) -> Grounds:
    result = results.time_to_value
    rows = times if times is not None else _NOBODY
    if what == "median_days" and not day:
        shown = found.median if found else nothing(reason=Reason.NOT_IN_MODEL)
        return median_grounds(results, rows, (f"Time to Value, median{whose}", "days", shown, MEDIAN, PLACE))
    if what != "reached":
        raise UnknownNameError(
            "number of time to value", "/".join(filter(None, (what, day))), ("median_days", "reached")
        )
    days = {f"{one:g}": one for one in result.days}
    if day not in days:
        raise BadValueError(f'day "{day}" is not told; there are {", ".join(days)}')
    shown = found.reached[days[day]] if found else nothing(reason=Reason.NOT_IN_MODEL)
    told = f"Reached value by day {day}{whose}", "share", shown, SHARE, PLACE
    return reached_grounds(results, rows, days[day], told)


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
