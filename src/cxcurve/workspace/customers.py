"""One customer, with the reasons for its scores; and the list of all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cxcurve import charts
from cxcurve.charts.format import words
from cxcurve.errors import Reason, UnknownNameError
from cxcurve.metrics import why
from cxcurve.metrics.customer_states import Beside
from cxcurve.metrics.mindset import Mood, mindset, mood
from cxcurve.metrics.one_customer import beside_of, effects
from cxcurve.metrics.snapshot import Snapshot
from cxcurve.metrics.states import silence, stall
from cxcurve.metrics.weights import seat_factor
from cxcurve.metrics.why import SignalPoints
from cxcurve.pipeline.run import Run
from cxcurve.tables import US_PER_DAY
from cxcurve.workspace.advice import brief_of
from cxcurve.workspace.autopsy import Autopsy, autopsy_of
from cxcurve.workspace.brief import Brief
from cxcurve.workspace.briefs import events_of, known_of
from cxcurve.workspace.committee import MOST, Committee, committee_of
from cxcurve.workspace.curves import date_of, monday
from cxcurve.workspace.happened import tone_of
from cxcurve.workspace.known import Event
from cxcurve.workspace.lists import beside_json
from cxcurve.workspace.results import at, plain

TIMELINE = 200

Shares = dict[str, tuple[float, dict[str, float]]]


@dataclass(frozen=True)
class CustomerResult:
    """A customer as known at as_of."""

    as_of_us: int
    facts: Mapping[str, Any]
    stage: str | None
    stage_label: str | None
    stage_since_us: int | None
    dwell_days: float | None
    friction_index: float | None
    momentum_index: float | None
    level: float | None
    typical: Mapping[str, float | None]
    percentile: float | None
    friction: tuple[SignalPoints, ...]
    momentum: tuple[SignalPoints, ...]
    stays: tuple[Mapping[str, Any], ...]
    weeks: tuple[Mapping[str, Any], ...]
    timeline: tuple[Mapping[str, Any], ...]
    committee: Committee
    mindset: str | None
    mood: Mood | None
    reason: Reason | None
    zone: str = "UTC"
    autopsy: Autopsy | None = None
    beside: Beside = field(default_factory=Beside)
    told: Brief = field(default_factory=lambda: Brief("", "", 0, (), ()))

    def why(self) -> dict[str, tuple[SignalPoints, ...]]:
        """The signals and events behind the scores; points add up to each index as shown."""
        return {"friction": self.friction, "momentum": self.momentum}

    @property
    def brief(self) -> str:
        """Who this is, in a few sentences that each rest on events or facts (`told` says which)."""
        return self.told.text

    def to_json(self) -> dict[str, Any]:
        """As interfaces.md, `show customer ID`."""
        return {
            "as_of": at(self.as_of_us),
            "customer": {k: plain(v) for k, v in self.facts.items() if k not in {"customer_key", "attributes"}},
            "stage": self.stage,
            "stage_since": at(self.stage_since_us),
            **beside_json(self.beside),
            "stays": list(self.stays),
            "friction_index": plain(self.friction_index),
            "momentum_index": plain(self.momentum_index),
            "level": plain(self.level),
            "typical": dict(self.typical),
            "percentile": plain(self.percentile),
            "friction": [_points_json(row) for row in self.friction],
            "momentum": [_points_json(row) for row in self.momentum],
            "mindset": self.mindset,
            "mood": None
            if self.mood is None
            else {"word": self.mood.word, "quote": self.mood.quote, "event_id": self.mood.event_id},
            "weeks": list(self.weeks),
            "timeline": list(self.timeline),
            "people": [member.to_json() for member in self.committee.members[:MOST]],
            "committee": self.committee.to_json(),
            "brief": self.brief,
            "sentences": self.told.to_json()["sentences"],
            "left_out": self.told.to_json()["left_out"],
            "autopsy": None if self.autopsy is None else self.autopsy.to_json(),
            "reason": self.reason,
        }

    def picture(self, width: float = charts.WIDE) -> charts.Picture:
        """The customer's own curve: the end of each week, and now."""
        today = date_of(self.as_of_us - 1, self.zone)
        now = charts.CurvePoint(today, self.level, None, None, self.friction_index, self.momentum_index)
        points = [
            charts.CurvePoint(
                monday(week["week"]), week["level"], None, None, week["friction_index"], week["momentum_index"]
            )
            for week in self.weeks
            if monday(week["week"]) < today
        ]
        bands = [
            charts.StageBand(
                stay["label"],
                date_of(stay["entered_us"], self.zone),
                date_of(stay["left_us"] or self.as_of_us, self.zone),
            )
            for stay in self.stays
        ]
        marks = [
            charts.EventMark(date_of(event["occurred_us"], self.zone), words(event["name"]), event["tone"])
            for event in self.timeline
            if event["tone"]
        ]
        return charts.customer_curve([*points, now], bands, marks, width=width)

    def _repr_html_(self) -> str:
        return self.picture()._repr_html_()


def customer_result(
    run: Run, snapshot: Snapshot, customer_id: str, events: Sequence[Event] | None = None
) -> CustomerResult:
    """Read one customer, but for its events where they were read already (`events_of`).

    Raises:
        UnknownNameError: no event before as_of names this customer.
    """
    store = run.store
    key = store.customer_key(customer_id)
    found = [] if key is None else rows_of(run, snapshot, "customers", key)
    if key is None or not found:
        known = [name for (name,) in store.rows("SELECT customer_id FROM customer_keys LIMIT 5000")]
        # Its events may wait for a score, or lie after as_of.
        raise UnknownNameError("customer", customer_id, [name for name in known if name != customer_id])
    facts = found[0]
    events = events_of(run, key) if events is None else events
    rows = sorted(rows_of(run, snapshot, "stays", key), key=lambda row: (row["cycle"], row["entered_us"]))
    stays = [_stay(snapshot, row) for row in rows]
    now = rows_of(run, snapshot, "customer_now", key)
    weeks = sorted(rows_of(run, snapshot, "customer_weeks", key), key=lambda row: row["week"])
    compared = weeks if len(run.versions) == 1 else rows_of(run, snapshot, "comparable_weeks", key)
    current = now[0] if now else None
    shares = _shares(run, events, facts, current)
    friction_index = None if current is None else current["friction_index"]
    momentum_index = None if current is None else current["momentum_index"]
    typical, percentile = _typical(run, current)
    signals = snapshot.plan.journey.signals
    stage = None if current is None else snapshot.stage_name(current["stage"])
    since_us = None if current is None else stays[-1]["entered_us"]
    return CustomerResult(
        as_of_us=snapshot.as_of_us,
        facts=facts,
        stage=stage,
        stage_label=None if current is None else snapshot.stage_label(current["stage"]),
        stage_since_us=since_us,
        dwell_days=None if current is None else current["dwell_days"],
        friction_index=friction_index,
        momentum_index=momentum_index,
        level=None if current is None else current["level"],
        typical=typical,
        percentile=percentile,
        friction=tuple(why.points(shares[0], friction_index)) if friction_index is not None else (),
        momentum=tuple(why.points(shares[1], momentum_index, empty=why.STAGE_BASE))
        if momentum_index is not None
        else (),
        stays=tuple(stays),
        weeks=tuple(_week(row) for row in weeks),
        timeline=tuple(_told(event, run) for event in events[-TIMELINE:][::-1]),
        committee=committee_of(run, facts["customer_id"], events),
        mindset=mindset(events, signals, snapshot.as_of_us),
        mood=mood(events, signals, snapshot.as_of_us),
        reason=None if current is not None else Reason.OUTSIDE,
        zone=snapshot.zone,
        autopsy=autopsy_of(run, snapshot, facts, stays) if current is None else None,
        beside=beside_of(snapshot, key, current, rows, compared, events),
        told=brief_of(known_of(run, snapshot, key, facts, stage, since_us, events)),
    )


def rows_of(run: Run, snapshot: Snapshot, name: str, key: int) -> list[dict[str, Any]]:
    """A snapshot's rows of one customer; the SQL is built once, the engine carries the condition inwards."""
    sql = run.store.compiled(("read", name, run.mark, snapshot.population), lambda: getattr(snapshot, name))
    return run.store.records(f"SELECT * FROM ({sql}) WHERE customer_key = {key}")


def _shares(
    run: Run, events: Sequence[Event], facts: Mapping[str, Any], current: Mapping[str, Any] | None
) -> tuple[Shares, Shares]:
    """Weight x feature of every signal and state, for friction and momentum."""
    if current is None:
        return {}, {}
    weights = run.weights
    told = effects_now(run, events)
    factor = float(seat_factor(_array(facts["seats"]), float(run.facts.median_seats[-1]))[0])
    held_us = run.standing.held_us
    friction = why.signal_shares(told, weights, factor, run.as_of_us, 0, held_us)
    momentum = why.signal_shares(told, weights, factor, run.as_of_us, 1, held_us)
    return with_states(friction, run, told, current), momentum


def effects_now(run: Run, events: Sequence[Event]) -> list[dict[str, Any]]:
    """What each event of a customer does by as_of."""
    found = effects(events, run.plan, run.as_of_us)
    return [row for row in found if row["entered_us"] < run.as_of_us]


def with_states(shares: Shares, run: Run, effects: Sequence[Mapping[str, Any]], current: Mapping[str, Any]) -> Shares:
    """Add the state signals."""
    weights, found = run.weights, dict(shares)
    held_us = run.standing.held_us
    n_late, late = why.overdue_issues(
        [row for row in effects if row["entered_us"] <= held_us.get(row["signal_key"], run.as_of_us)]
    )
    if n_late and weights.state("open_issues"):
        found["open_issues"] = weights.state("open_issues") * float(np.log2(1 + n_late)), dict.fromkeys(late, 1.0)
    stage = run.journey.stages[current["stage"]]
    if weights.state("stall") and weights.state_stages("stall")[current["stage"]] and stage.expected:
        behind_days = float(run.standing.stage_behind_us[-1, current["stage"]]) / US_PER_DAY
        x = float(stall(_array(current["dwell_days"] - behind_days), _array(stage.expected.days))[0])
        if x:
            found["stall"] = weights.state("stall") * x, {}
    if weights.state("silence") and weights.state_stages("silence")[current["stage"]] and _is_silent(run, current):
        found["silence"] = weights.state("silence"), {}
    if weights.state("decline") and weights.state_stages("decline")[current["stage"]]:
        is_before = run.standing.use_us[-1] < run.calendar.end_at(run.ticks.last_whole_week)
        name = "decline_before" if is_before else "decline"
        fall = run.store.rows(f"SELECT {name} FROM customer_state WHERE customer_key = $1", current["customer_key"])
        if fall and fall[0][0]:
            found["decline"] = weights.state("decline") * fall[0][0], {}
    return found


def _is_silent(run: Run, current: Mapping[str, Any]) -> bool:
    sums = "coalesce(sum(n_days), 0), min(first_day), max(last_day), max(complaint_us)"
    said = run.store.rows(f"SELECT {sums} FROM activity_weeks WHERE customer_key = $1", current["customer_key"])[0]
    days, first, last, complaint = (_array(value) for value in said)
    complaint = _array(-np.inf) if said[3] is None else complaint
    today, now = _array(run.standing.activity_days[-1]), _array(run.standing.activity_us[-1])
    return bool(silence(days, first, last, today, complaint, now)[0])


def _array(value: float | None) -> Any:
    return np.array([np.nan if value is None else value], dtype=float)


def _typical(run: Run, current: Mapping[str, Any] | None) -> tuple[dict[str, float | None], float | None]:
    """Medians of the customers at the same stage now, and the share of them with less friction."""
    names = ("level", "friction_index", "momentum_index")
    if current is None:
        return dict.fromkeys(names), None
    peers = run.peers[current["stage"]]
    below = float(np.mean(peers["friction_index"] < current["friction_index"]))
    return {name: float(np.median(peers[name])) for name in names}, below


def _stay(snapshot: Snapshot, row: Mapping[str, Any]) -> dict[str, Any]:
    end = row["left_us"] if row["left_us"] is not None else snapshot.as_of_us
    return {
        "stage": snapshot.stage_name(row["stage"]),
        "label": snapshot.stage_label(row["stage"]),
        "cycle": row["cycle"],
        "entered_at": at(row["entered_us"]),
        "left_at": at(row["left_us"]),
        "entered_us": row["entered_us"],
        "left_us": row["left_us"],
        "days": (end - row["entered_us"]) / 86_400e6,
        "ended_by": row["ended_by"],
    }


def _week(row: Mapping[str, Any]) -> dict[str, Any]:
    names = ("week", "cycle", "cycle_week", "friction_index", "momentum_index", "advocacy_index", "level")
    return {"week_end": monday(row["week"]).isoformat(), **{name: row[name] for name in names}}


def _told(event: Mapping[str, Any], run: Run) -> dict[str, Any]:
    names = ("event_id", "name", "source", "channel", "person_id", "value", "amount", "text", "conversation_id")
    kept = {name: plain(event[name]) for name in names if event[name] is not None}
    return {
        "occurred_at": at(event["occurred_us"]),
        "occurred_us": event["occurred_us"],
        "tone": tone_of(event, run.journey),
        "channel": None,
        "text": None,
        **kept,
    }


def _points_json(row: SignalPoints) -> dict[str, Any]:
    return {
        "signal": row.signal,
        "points": row.points,
        "events": [event.event_id for event in row.events],
        "event_points": [round(event.points, 4) for event in row.events],
    }
