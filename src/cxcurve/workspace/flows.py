"""Flows of a snapshot: the stages, or steps of one's own, and what those do who stop."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa

from cxcurve.errors import BadValueError, Reason, UnknownNameError
from cxcurve.journey.transitions import EXIT
from cxcurve.metrics.flows import (
    Cases,
    Step,
    event_cases,
    flow_events,
    next_events,
    stage_cases,
    steps_of,
    stopped,
)
from cxcurve.metrics.snapshot import Snapshot
from cxcurve.stats.estimates import Estimate
from cxcurve.tables import US_PER_DAY
from cxcurve.workspace.results import at, html_table, plain

Arrow = Callable[[ir.Table], pa.Table]
Temporary = Callable[[str, pa.Table], ir.Table]
WINDOWS = (365, 180, 90)
HORIZONS = (28, 7, 90)
FEWEST_STEPS, MOST_STEPS, MOST_NEXT = 2, 8, 6
NOTHING = ""
"""The name of what follows where nothing did."""


@dataclass(frozen=True, slots=True)
class NextEvent:
    """What those who stopped at a step did first after it; `name` is empty where it was nothing within the horizon."""

    name: str
    channel: str | None
    n: int
    share: float


@dataclass(frozen=True)
class FlowResult:
    """A flow, and the transitions between stages in the same window.

    Attributes:
        as_of_us: now.
        steps: what became of those who reached each.
        labels: what pages call the steps.
        is_stages: whether the steps are the stages of the journey.
        window_days: who began in so many days is told of.
        horizon_days: within which going on counts.
        after: by step but the last, how many stopped there and what they did next, the most frequent first.
        links: (from, to, n) between stages, in the window; to is "" for the exit.
        known: events that may be steps, the most frequent first.
        reason: why nothing is told.
    """

    as_of_us: int
    steps: Sequence[Step]
    labels: Sequence[str]
    is_stages: bool
    window_days: int
    horizon_days: int
    after: Sequence[tuple[int, Sequence[NextEvent]]]
    links: Sequence[tuple[str, str, int]]
    known: Sequence[str]
    reason: Reason | None = None

    def rows(self) -> list[dict[str, Any]]:
        """One row per step."""
        return [_step(one) for one in self.steps]

    def to_json(self) -> dict[str, Any]:
        """As `cxcurve show flows --json`."""
        return {
            "as_of": at(self.as_of_us),
            "is_stages": self.is_stages,
            "window_days": self.window_days,
            "horizon_days": self.horizon_days,
            "steps": self.rows(),
            "after": [
                {"step": step.name, "n_stopped": n, "next": [
                    {"event": one.name or None, "channel": one.channel, "n": one.n, "share": one.share} for one in found
                ]}
                for step, (n, found) in zip(self.steps, self.after, strict=False)
            ],
            "transitions": [{"from": start, "to": end or None, "n": n} for start, end, n in self.links],
            "reason": self.reason,
        }  # fmt: skip

    def _repr_html_(self) -> str:
        names = ("step", "n", "n_next", "n_left", "n_waiting", "goes_on", "leaves", "median_days")
        return html_table("Flow", names, [[row[name] for name in names] for row in self.rows()])


def flow_result(
    snapshot: Snapshot, arrow: Arrow, temporary: Temporary, steps: Sequence[str], window_days: int, horizon_days: int
) -> FlowResult:
    """Read a flow.

    Args:
        snapshot: whose.
        arrow: of the store.
        temporary: of the store.
        steps: event names in order; none for the stages of the journey.
        window_days: who began in the last so many days.
        horizon_days: within which going on counts.

    Raises:
        UnknownNameError: no event has such a name.
        BadValueError: fewer than two steps, more than eight, or one twice.
    """
    _check(snapshot, steps)
    since_us = snapshot.as_of_us - window_days * US_PER_DAY
    cases = cases_of(snapshot, arrow, steps, window_days)
    if steps:
        labels = [name.replace("_", " ") for name in steps]
    else:
        labels = [snapshot.stage_label(place) for place in range(len(snapshot.stage_names))]
    names = tuple(steps) or snapshot.stage_names
    found = steps_of(cases, names, as_of_us=snapshot.as_of_us, horizon_days=horizon_days)
    return FlowResult(
        snapshot.as_of_us, found, labels, not steps, window_days, horizon_days,
        _after(snapshot, arrow, temporary, cases, horizon_days), _links(snapshot, arrow(snapshot.stays), since_us),
        _known(snapshot, arrow), None if found and found[0].n else Reason.NO_EVENTS,
    )  # fmt: skip


def cases_of(snapshot: Snapshot, arrow: Arrow, steps: Sequence[str], window_days: int) -> Cases:
    """Who went which way: through the stages, or through steps of one's own."""
    since_us = snapshot.as_of_us - window_days * US_PER_DAY
    if steps:
        return _of_events(snapshot, arrow, steps, since_us)
    return stage_cases(arrow(snapshot.stays), len(snapshot.stage_names), since_us)


def _check(snapshot: Snapshot, steps: Sequence[str]) -> None:
    known = {**dict.fromkeys(snapshot.plan.keys), **dict.fromkeys(snapshot.plan.journey.signals)}
    for name in steps:
        if name not in known:
            raise UnknownNameError("event", name, known)
    if len(set(steps)) < len(steps):
        raise BadValueError("steps: each event once; one that comes twice cannot be told from itself")
    if steps and not FEWEST_STEPS <= len(steps) <= MOST_STEPS:
        raise BadValueError(f"steps: {len(steps)} given; expected {FEWEST_STEPS} to {MOST_STEPS} events")


def _of_events(snapshot: Snapshot, arrow: Arrow, steps: Sequence[str], since_us: int) -> Cases:
    keys = [snapshot.plan.keys.get(name, -1) for name in steps]
    exits = [key for key in snapshot.plan.exit_keys if key not in keys]
    return event_cases(arrow(flow_events(snapshot, steps)), keys, exits, since_us)


def _after(
    snapshot: Snapshot, arrow: Arrow, temporary: Temporary, cases: Cases, horizon_days: int
) -> list[tuple[int, list[NextEvent]]]:
    """How many stopped at each step but the last, and what they did first after it."""
    horizon_us, n_steps = horizon_days * US_PER_DAY, cases.at_us.shape[1]
    who = [stopped(cases, p, as_of_us=snapshot.as_of_us, horizon_days=horizon_days) for p in range(n_steps - 1)]
    place = np.concatenate([np.full(int(mine.sum()), p) for p, mine in enumerate(who)] or [np.zeros(0)])
    after_us = np.concatenate([cases.at_us[mine, p] for p, mine in enumerate(who)] or [np.zeros(0)])
    wanted = pa.table({
        "place": pa.array(place.astype(np.int64), pa.int32()),
        "customer_key": pa.array(np.concatenate([cases.customer[mine] for mine in who]), pa.int32()),
        "after_us": pa.array(after_us.astype(np.int64), pa.int64()),
        "until_us": pa.array(after_us.astype(np.int64) + horizon_us, pa.int64()),
    })  # fmt: skip
    rows = arrow(next_events(snapshot, temporary("flow_stopped", wanted))).to_pylist()
    names = {key: name for name, key in snapshot.plan.keys.items()}
    return [_next(int(mine.sum()), [row for row in rows if row["place"] == p], names) for p, mine in enumerate(who)]


def _next(n: int, rows: Sequence[Mapping[str, Any]], names: Mapping[int, str]) -> tuple[int, list[NextEvent]]:
    """One row for each event, with the channel most of them came by."""
    by_name: dict[str, dict[str | None, int]] = {}
    for row in rows:
        channels = by_name.setdefault(names[row["signal_key"]], {})
        channels[row["channel"]] = channels.get(row["channel"], 0) + row["n"]
    counted = {name: sum(channels.values()) for name, channels in by_name.items()}
    if quiet := n - sum(counted.values()):
        counted[NOTHING] = quiet
    found = [
        NextEvent(name, max(by_name.get(name, {None: 0}).items(), key=lambda one: (one[1], one[0] or ""))[0], k, k / n)
        for name, k in sorted(counted.items(), key=lambda one: (-one[1], one[0]))
    ]
    return n, found


def _links(snapshot: Snapshot, stays: pa.Table, since_us: int) -> list[tuple[str, str, int]]:
    """How many went from each stage to each other, or left, since then."""
    counts: dict[tuple[int, int], int] = {}
    for row in stays.select(["stage", "next_stage", "left_us", "ended_by"]).to_pylist():
        if row["ended_by"] != "open" and row["left_us"] >= since_us:
            way = row["stage"], EXIT if row["ended_by"] == "exited" else row["next_stage"]
            counts[way] = counts.get(way, 0) + 1
    names = {**dict(enumerate(snapshot.stage_names)), EXIT: ""}
    return [(names[start], names[end], n) for (start, end), n in sorted(counts.items())]


def _known(snapshot: Snapshot, arrow: Arrow) -> list[str]:
    log, names = snapshot.log, {key: name for name, key in snapshot.plan.keys.items()}
    rows = arrow(log.group_by("signal_key").agg(n=log.count())).to_pylist()
    return [names[row["signal_key"]] for row in sorted(rows, key=lambda row: (-row["n"], names[row["signal_key"]]))]


def _step(one: Step) -> dict[str, Any]:
    counts = {name: getattr(one, name) for name in ("n", "n_skipped", "n_next", "n_left", "n_waiting")}
    told: dict[str, Any] = {"step": one.name, **counts, "stops": plain(one.stops)}
    for name in ("goes_on", "leaves"):
        told |= _estimate(name, getattr(one, name))
    for name in ("quick", "median", "slow"):
        told |= _estimate(f"{name}_days", getattr(one, name))
    return {**told, "reason": one.goes_on.reason}


def _estimate(name: str, found: Estimate) -> dict[str, Any]:
    return {name: plain(found.value), f"{name}_low": plain(found.low), f"{name}_high": plain(found.high)}
