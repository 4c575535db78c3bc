"""Advocacy of a snapshot: who is ready, who spoke for us and against us, and whether ready means anything."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cxcurve.errors import Reason
from cxcurve.journey.calendar import Calendar
from cxcurve.metrics.advocacy import ACTION_DAYS, actions, check, critics, design_check, followed, readiness
from cxcurve.metrics.snapshot import Snapshot
from cxcurve.stats.estimates import Estimate, nothing
from cxcurve.stats.proportions import wilson
from cxcurve.stats.rates import rate_ratio
from cxcurve.stats.strata import Stratified
from cxcurve.tables import US_PER_DAY
from cxcurve.workspace.results import at, html_table, plain

Arrow = Callable[[ir.Table], pa.Table]
Keep = Callable[[ir.Table], ir.Table]
Row = dict[str, Any]
COMPARED_WEEKS = 13


@dataclass(frozen=True)
class AdvocacyResult:
    """Advocacy by as_of.

    Attributes:
        n_reached: customers inside the journey after first value, at the last week's end.
        week_end_us: that week's end.
        ready: of them those who are ready; who acted last comes last.
        rate: of those ready when 90 days can be followed, the share that has acted since.
        rate_from_us: when that was.
        design: odds of an action, ready against not ready.
        actions: by signal, events and customers of the last 90 days; `change` is the rate a customer and week of the
            last 13 whole weeks, divided by that of the 13 before.
        critics: what critics said in the last 90 days, the newest first.
        rate_rows: behind the rate: customer_key, has_acted.
        acted: behind the actions: customer_id and signal of each event.
    """

    as_of_us: int
    n_reached: int
    week_end_us: int | None
    ready: list[Row] = field(default_factory=list)
    rate: Estimate = field(default_factory=nothing)
    rate_from_us: int | None = None
    design: Stratified | None = None
    actions: list[Row] = field(default_factory=list)
    critics: list[Row] = field(default_factory=list)
    reason: Reason | None = None
    rate_rows: pa.Table | None = None
    acted: Sequence[tuple[str, str]] = ()

    def to_json(self) -> dict[str, Any]:
        """As `cxcurve show advocacy --json` prints it; whether customers were asked is not known yet."""
        return {
            "as_of": at(self.as_of_us),
            "week_end": at(self.week_end_us),
            "n_reached_value": self.n_reached,
            "n_ready": len(self.ready),
            "rate": {"from": at(self.rate_from_us), "days": ACTION_DAYS, **_estimate("share", self.rate)},
            "check": _check(self.design),
            "actions": self.actions,
            "n_critics": len({row["customer_id"] for row in self.critics}),
            "ready": self.ready,
            "critics": self.critics,
            "knows_who_was_asked": False,
            "reason": self.reason,
        }

    def _repr_html_(self) -> str:
        names = ("customer_id", "name", "owner", "stage", "last_action_at")
        return html_table("Ready to speak for us", names, [tuple(row[name] for name in names) for row in self.ready])


def advocacy_result(known: Snapshot, arrow: Arrow, keep: Keep) -> AdvocacyResult:
    """Advocacy of a snapshot; `keep` holds a table that is read several times."""
    since_us = known.as_of_us - ACTION_DAYS * US_PER_DAY
    people = _people(known, arrow)
    recent = known.log.filter(known.log.occurred_us >= since_us)
    said = _critics(known, arrow(critics(recent, known.plan)), people)
    events = arrow(actions(recent, known.plan))
    who = _named(known, events, people)
    acted = _actions(known, events)
    changes = _changes(known, arrow)
    acted = [{**row, "change": _estimate("ratio", changes[row["signal"]])} for row in acted]
    found = readiness(known)
    if found is None:
        return AdvocacyResult(
            known.as_of_us, 0, None, actions=acted, critics=said, reason=Reason.NOT_IN_MODEL, acted=who
        )
    weeks = keep(found)
    week, then = (_last_week(known.zone, us) for us in (known.as_of_us, since_us))
    now, told = arrow(weeks.filter(weeks.week == week)), followed(weeks, known.as_of_us)
    ready_then = arrow(told.filter((told.week == then) & told.is_ready))
    return AdvocacyResult(
        as_of_us=known.as_of_us,
        n_reached=now.num_rows,
        week_end_us=_end_us(known.zone, week),
        ready=_ready(known, now.filter(now["is_ready"]), people),
        rate=_rate(ready_then),
        rate_from_us=_end_us(known.zone, then),
        design=check(arrow(design_check(told))),
        actions=acted,
        critics=said,
        rate_rows=ready_then.select(["customer_key", "has_acted"]),
        acted=who,
    )


def _rate(ready: pa.Table) -> Estimate:
    """Of those ready at the last week that was followed for 90 days, the share that acted.

    Not of those ready now: who has just written a review is ready because of it.
    """
    return wilson(pc.sum(ready["has_acted"]).as_py() or 0, ready.num_rows)


def _last_week(zone: str, us: int) -> int:
    """Number of the last week that was over."""
    return Calendar(zone, us, us).week_at(us) - 1


def _end_us(zone: str, week: int) -> int:
    return Calendar(zone, 0, 0).end_at(week)


def _people(known: Snapshot, arrow: Arrow) -> dict[int, Row]:
    rows = arrow(known.customers.select("customer_key", "customer_id", "name", "owner")).to_pylist()
    return {row.pop("customer_key"): row for row in rows}


def _ready(known: Snapshot, rows: pa.Table, people: Mapping[int, Row]) -> list[Row]:
    found = [
        {**people[row["customer_key"]], "stage": known.stage_name(row["stage"]), "last_action_at": at(row["last_us"])}
        for row in rows.to_pylist()
    ]
    return sorted(found, key=lambda row: (row["last_action_at"] or "", row["customer_id"]))


def _named(known: Snapshot, rows: pa.Table, people: Mapping[int, Row]) -> list[tuple[str, str]]:
    names = {key: name for name, key in known.plan.keys.items()}
    pairs = zip(rows["customer_key"].to_pylist(), rows["signal_key"].to_pylist(), strict=True)
    return sorted((people[customer]["customer_id"], names[signal]) for customer, signal in pairs)


def _actions(known: Snapshot, rows: pa.Table) -> list[Row]:
    names = {key: name for name, key in known.plan.keys.items()}
    counts = rows.group_by("signal_key").aggregate([("customer_key", "count"), ("customer_key", "count_distinct")])
    found = [
        {
            "signal": names[row["signal_key"]],
            "n_events": row["customer_key_count"],
            "n_customers": row["customer_key_count_distinct"],
        }
        for row in counts.to_pylist()
    ]
    return sorted(found, key=lambda row: (-row["n_customers"], row["signal"]))


def _changes(known: Snapshot, arrow: Arrow) -> dict[str, Estimate]:
    """By action, how often a customer inside the journey takes it, the last 13 weeks against the 13 before."""
    last = _last_week(known.zone, known.as_of_us)
    spans = [(last - (back + 1) * COMPARED_WEEKS + 1, last - back * COMPARED_WEEKS) for back in (0, 1)]
    weeks, acts = known.customer_weeks, actions(known.log, known.plan)
    sides = []
    for first, end in spans:
        there = weeks.filter(weeks.week.between(first, end)).group_by("customer_key").agg(n=lambda rows: rows.count())
        from_us, to_us = _end_us(known.zone, first - 1), _end_us(known.zone, end)
        happened = acts.filter((acts.occurred_us >= from_us) & (acts.occurred_us < to_us))
        sides.append((arrow(there), arrow(happened.group_by("signal_key", "customer_key").agg(n=happened.count()))))
    keys = np.unique(np.concatenate([part["customer_key"].to_numpy() for side in sides for part in side]))
    names = {key: signal.name for key, signal in known.plan.signals.items() if signal.advocacy}
    found = {}
    for key, name in names.items():
        (now_weeks, now), (then_weeks, then) = (
            (_by_customer(there, keys), _by_customer(happened.filter(pc.equal(happened["signal_key"], key)), keys))
            for there, happened in sides
        )
        found[name] = rate_ratio(now, now_weeks, then, then_weeks)
    return found


def _by_customer(rows: pa.Table, keys: Any) -> Any:
    counts = np.zeros(len(keys))
    counts[np.searchsorted(keys, rows["customer_key"].to_numpy())] = rows["n"].to_numpy()
    return counts


def _critics(known: Snapshot, rows: pa.Table, people: Mapping[int, Row]) -> list[Row]:
    names = {key: name for name, key in known.plan.keys.items()}
    newest = rows.sort_by([("occurred_us", "descending"), ("customer_key", "ascending")]).to_pylist()
    return [
        {
            **people[row["customer_key"]],
            "signal": names[row["signal_key"]],
            "at": at(row["occurred_us"]),
            "value": plain(row["value"]),
            "text": row["text"],
        }
        for row in newest
    ]


def _estimate(name: str, one: Estimate) -> Row:
    return {
        name: plain(one.value),
        "low": plain(one.low),
        "high": plain(one.high),
        "n": one.n,
        "is_thin": one.is_thin,
        "reason": one.reason,
    }


def _check(found: Stratified | None) -> Row | None:
    if found is None:
        return None
    shares = {"share_ready": plain(found.share), "share_not_ready": plain(found.expected_share)}
    return {**_estimate("odds_ratio", found.odds_ratio), "n_not_ready": found.n_others, **shares}
