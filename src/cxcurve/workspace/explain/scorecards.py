"""Numbers of the scorecard, explained."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pyarrow as pa

from cxcurve.errors import UnknownNameError
from cxcurve.journey.calendar import Calendar
from cxcurve.metrics import feedback
from cxcurve.metrics.contacts import REPEAT_DAYS, contacts
from cxcurve.metrics.registry import BY_NAME, Metric
from cxcurve.metrics.self_service import FAILED, FOLLOWED_DAYS, SOLVED, sessions
from cxcurve.metrics.silences import QUIET_EXIT_DAYS, exits
from cxcurve.metrics.time_to_value import by_start
from cxcurve.stats.estimates import Estimate
from cxcurve.workspace.explain import queries, revenue
from cxcurve.workspace.explain.drift import impact_grounds, stall_grounds
from cxcurve.workspace.explain.explanation import Grounds, Told
from cxcurve.workspace.explain.keys import path_of
from cxcurve.workspace.explain.results import Results
from cxcurve.workspace.explain.rows import US_PER_DAY, below, below_indexes, below_stays, values
from cxcurve.workspace.explain.ttv import median_grounds, reached_grounds
from cxcurve.workspace.readings import CHURN_DAYS, last_whole_week

MEASURES = {"friction_index": 0, "momentum_index": 1, "advocacy_index": 2}
_WINDOW_US = feedback.WINDOW_DAYS * US_PER_DAY


def keys(results: Results) -> list[str]:
    """Every number of the scorecard."""
    return [path_of("scorecard", row.metric.name) for row in results.scorecard.rows]


def grounds(results: Results, name: str) -> Grounds:
    """What a metric rests on.

    Raises:
        UnknownNameError: the scorecard has no such metric.
    """
    shown = {row.metric.name: row.current for row in results.scorecard.rows}
    if name not in shown:
        raise UnknownNameError("metric of this scorecard", name, shown)
    return _KINDS[name](results, BY_NAME[name], shown[name])


def _told(metric: Metric, shown: Estimate) -> Told:
    place = f"docs/metrics.md#{metric.label.lower().replace(',', '').replace(' ', '-')}"
    return metric.label, metric.unit, shown, metric.definition, place


def _index(results: Results, metric: Metric, shown: Estimate) -> Grounds:
    known = results.known
    rows = results.run.store.arrow(known.customer_now.select("customer_key", metric.name))
    inputs = values(results, rows["customer_key"].to_numpy(), rows[metric.name].to_numpy())
    events = below_indexes(results, [MEASURES[metric.name]])
    return Grounds(*_told(metric, shown), "mean", queries.MEAN, {"inputs": inputs}, events)


def _weekly_share(results: Results, metric: Metric, shown: Estimate) -> Grounds:
    known, week = results.known, last_whole_week(results.known)
    plan = known.plan
    active = plan.core_keys if metric.name == "core_use" else plan.issue_keys or plan.complaint_keys
    sums = known.signal_weeks.filter(known.signal_weeks.signal_key.isin(active) & (known.signal_weeks.week == week))
    n = sums.group_by("customer_key").agg(n_events=sums.n_events.sum())
    inside = known.customer_weeks.filter(known.customer_weeks.week == week).select("customer_key")
    joined = inside.left_join(n, "customer_key")
    rows = results.run.store.arrow(joined.select("customer_key", n_events=joined.n_events.fill_null(0)))
    counted = rows["n_events"].to_numpy()
    inputs = values(results, rows["customer_key"].to_numpy(), counted > 0, n_events=counted)
    calendar = Calendar(known.zone, known.as_of_us, known.as_of_us)
    events = below(active, calendar.end_at(week - 1), calendar.end_at(week))
    return Grounds(*_told(metric, shown), "mean", queries.MEAN, {"inputs": inputs}, events)


def _contacts(results: Results, metric: Metric, shown: Estimate) -> Grounds:
    plan = results.known.plan
    rows = results.run.store.arrow(contacts(results.known))
    is_other = metric.name == "first_contact_resolution"
    return _followed(
        results, metric, shown, rows, "is_repeated", REPEAT_DAYS, plan.issue_keys or plan.complaint_keys, is_other
    )


def _sessions(results: Results, metric: Metric, shown: Estimate) -> Grounds:
    plan, found = results.known.plan, sessions(results.known)
    rows = pa.table({}) if found is None else results.run.store.arrow(found)
    keys = [*plan.keys_of(SOLVED, FAILED), *(plan.issue_keys or plan.complaint_keys)]
    return _followed(results, metric, shown, rows, "is_solved", FOLLOWED_DAYS, keys, is_other=False)


def _quiet(results: Results, metric: Metric, shown: Estimate) -> Grounds:
    plan = results.known.plan
    rows = results.run.store.arrow(exits(results.known))
    keys = [*plan.exit_keys, *plan.complaint_keys]
    return _followed(results, metric, shown, rows, "is_quiet", 0.0, keys, is_other=False, before_days=QUIET_EXIT_DAYS)


def _followed(
    results: Results, metric: Metric, shown: Estimate, rows: pa.Table, outcome: str, followed_days: float,
    keys: list[int], is_other: bool, before_days: float = 0.0,
) -> Grounds:  # fmt: skip
    """What happened in the 90 days, as far as it was followed so long; it rests on events of some days before too."""
    as_of_us = results.known.as_of_us
    ago = as_of_us - rows["occurred_us"].to_numpy()
    rows = rows.filter(pa.array((ago > 0) & (ago >= followed_days * US_PER_DAY) & (ago <= _WINDOW_US)))
    is_so = rows[outcome].to_numpy(zero_copy_only=False)
    more = {"occurred_us": rows["occurred_us"]}
    inputs = values(results, rows["customer_key"].to_numpy(), ~is_so if is_other else is_so, **more)
    events = below(keys, as_of_us - _WINDOW_US - int(before_days * US_PER_DAY))
    return Grounds(*_told(metric, shown), "mean", queries.MEAN, {"inputs": inputs}, events)


def _answers(results: Results, metric: Metric, shown: Estimate) -> Grounds:
    known, kind = results.known, metric.name
    as_of_us, plan = known.as_of_us, known.plan
    rows = results.run.store.arrow(feedback.answers(known, kind))
    ago = as_of_us - rows["occurred_us"].to_numpy()
    rows = rows.filter(pa.array((ago > 0) & (ago <= _WINDOW_US)))
    low, high = feedback.SCALES[kind]
    said, who = [], []
    for row in rows.to_pylist():
        signal, value = plan.signals[row["signal_key"]], row["value"]
        is_mirrored = signal.direction == "low_is_easy" and value is not None
        said.append(feedback.EFFORT_MIRROR - value if is_mirrored else value)
        is_one = signal.keep == "latest" and row["person_id"] is not None
        who.append(f"{row['customer_key']} {signal.name} {row['person_id']}" if is_one else row["event_id"])
    is_known = [row is not None and low <= row <= high for row in rows["value"].to_pylist()]
    inputs = values(
        results, rows["customer_key"].to_numpy(), pa.array(said, pa.float64()).to_numpy(zero_copy_only=False),
        event_id=rows["event_id"], who=pa.array(who, pa.string()), occurred_us=rows["occurred_us"],
        on_scale=pa.array(is_known, pa.bool_()),
    )  # fmt: skip
    events = below(feedback.answer_keys(plan, kind), as_of_us - _WINDOW_US)
    return Grounds(*_told(metric, shown), kind, queries.answers(kind), {"inputs": inputs}, events)


def _churn(results: Results, metric: Metric, shown: Estimate) -> Grounds:
    known = results.known
    rows = results.run.store.arrow(known.stays.select("customer_key", "entered_us", "left_us", "ended_by"))
    start = known.as_of_us - int(CHURN_DAYS * US_PER_DAY)
    left = rows["left_us"].cast(pa.int64()).fill_null(2**62).to_numpy()
    who = rows["customer_key"].to_numpy()
    inside = np.unique(who[(rows["entered_us"].to_numpy() < start) & (left >= start)])
    is_exit = np.array(rows["ended_by"].to_pylist()) == "exited"
    gone = np.unique(who[is_exit & (left >= start) & (left < known.as_of_us)])
    inputs = values(results, inside, np.isin(inside, gone))
    return Grounds(*_told(metric, shown), "mean", queries.MEAN, {"inputs": inputs}, below_stays(known))


def _value(results: Results, metric: Metric, shown: Estimate) -> Grounds:
    found = results.time_to_value
    recent = by_start(found.times, results.known.as_of_us)[0]
    if metric.name == "time_to_value":
        return median_grounds(results, recent, _told(metric, shown))
    return reached_grounds(results, recent, found.compared_days, _told(metric, shown))


def _stall(results: Results, metric: Metric, shown: Estimate) -> Grounds:
    known = [zone for zone in results.drift.zones if zone.stall.value is not None]
    worst = max(known, key=lambda zone: zone.stall.value or 0.0)
    return stall_grounds(results, worst, _told(metric, shown))


def _impact(results: Results, metric: Metric, shown: Estimate) -> Grounds:
    return impact_grounds(results, results.drift.zones, _told(metric, shown))


def _retention(results: Results, metric: Metric, shown: Estimate) -> Grounds:
    """As on the page of retention."""
    found = revenue.grounds(results, metric.name)
    label, unit, _, definition, place = _told(metric, shown)
    return replace(found, label=label, unit=unit, shown=shown, definition=definition, place=place)


_KINDS: Mapping[str, Callable[[Results, Metric, Estimate], Grounds]] = {
    **dict.fromkeys(MEASURES, _index),
    **dict.fromkeys(("core_use", "contact_rate"), _weekly_share),
    **dict.fromkeys(("repeat_contact", "first_contact_resolution"), _contacts),
    "self_service": _sessions,
    "quiet_exits": _quiet,
    **dict.fromkeys(feedback.MEASURES, _answers),
    "churn": _churn,
    **dict.fromkeys(("time_to_value", "onboarding_completion"), _value),
    **dict.fromkeys(("nrr", "grr"), _retention),
    "stall_share": _stall,
    "drift_impact": _impact,
}
