"""One customer: its own curve, its stays, why its scores are what they are, and everything that happened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from cxcurve import charts
from cxcurve.charts.format import words
from cxcurve.metrics.mindset import Mood
from cxcurve.metrics.why import SignalPoints
from cxcurve.model import Journey
from cxcurve.people.roles import Role
from cxcurve.web.asked import Asked
from cxcurve.web.pages import brief, timeline
from cxcurve.web.pages.brief import SHOWN_EVENTS
from cxcurve.web.pages.frame import Frame, framed, local
from cxcurve.web.reader import View
from cxcurve.web.visitor import may, visitor
from cxcurve.workspace.committee import MOST, Committee, Member
from cxcurve.workspace.customers import CustomerResult
from cxcurve.workspace.names import stage_label
from cxcurve.workspace.remarks import DRIFTING

PARAMETERS = timeline.PARAMETERS
_TONES = {"good": "good", "bad": "bad"}


@dataclass(frozen=True, kw_only=True)
class CustomerPage(Frame):
    """What customer.html shows."""

    result: CustomerResult
    customer: Mapping[str, Any]
    level: float | None
    friction_index: float | None
    momentum_index: float | None
    typical: Mapping[str, float | None]
    percentile: float | None
    stays: tuple[Mapping[str, Any], ...]
    friction: tuple[Mapping[str, Any], ...]
    momentum: tuple[Mapping[str, Any], ...]
    brief: tuple[Mapping[str, Any], ...]
    left_out: tuple[Mapping[str, str], ...]
    drifting: Mapping[str, Any] | None
    timeline: timeline.Shown
    committee: Mapping[str, Any]
    remarks: Mapping[str, Any]
    alarms: tuple[tuple[str, str], ...]
    may_write: bool
    reason: str | None

    @cached_property
    def picture(self) -> charts.Picture:
        """Drawn when shown: the JSON needs none."""
        return self.result.picture()

    @cached_property
    def picture_narrow(self) -> charts.Picture:
        """The same for a phone."""
        return self.result.picture(charts.NARROW)

    def to_json(self) -> dict[str, Any]:
        """As interfaces.md, `show customer ID`, with the page of the timeline that was asked for, and the remarks."""
        return {**self.result.to_json(), "happened": self.timeline.to_json(), **self.remarks["json"]}


def build(view: View, asked: Asked, customer_id: str, path: str) -> CustomerPage:
    """The page for a customer and query.

    Raises:
        UnknownNameError: no event names this customer.
    """
    result = view.customer(customer_id)
    frame = framed(view, asked, (result.facts["name"] or customer_id)[:90], "customers", path)
    zone, journey = view.workspace.settings.zone, view.workspace.journey
    events, drifting = _Events(view, result), _drifting(view, result, journey)
    remarks = view.remarks(customer_id)
    place = timeline.place_of(asked)
    return CustomerPage(
        **{**frame, "picker": ()},
        result=result,
        customer=_customer(result, zone),
        level=result.level,
        friction_index=result.friction_index,
        momentum_index=result.momentum_index,
        typical=result.typical,
        percentile=result.percentile,
        stays=tuple(_stay(stay, zone) for stay in result.stays),
        friction=tuple(_why(row, events) for row in result.friction),
        momentum=tuple(_why(row, events) for row in result.momentum),
        brief=brief.topics(result.told, brief.told_events(view, result.told), place),
        left_out=brief.left_out(result.told),
        drifting=drifting,
        timeline=timeline.build(view, asked, result),
        committee=_committee(result.committee, zone),
        remarks={"json": remarks, "is_shown": visitor().role is not Role.PARTNER, **_remarks(remarks, zone)},
        alarms=_alarms(result, is_drifting=drifting is not None),
        may_write=may("POST", "/customer-notes"),
        reason=result.reason,
    )


class _Events:
    """Events of a customer by id, those beyond the timeline looked up."""

    def __init__(self, view: View, result: CustomerResult) -> None:
        self._zone, self._journey = view.workspace.settings.zone, view.workspace.journey
        self._by_id = {event["event_id"]: event for event in result.timeline}
        wanted = {e.event_id for row in (*result.friction, *result.momentum) for e in row.events[:SHOWN_EVENTS]}
        beyond = wanted - set(self._by_id)
        for event in view.events(result.facts["customer_id"]) if beyond else ():
            if event["event_id"] in beyond:
                self._by_id[event["event_id"]] = event

    def told(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """An event as the page tells it."""
        return brief.told(event, self._journey, self._zone)

    def of(self, row: SignalPoints) -> list[dict[str, Any]]:
        """The heaviest events of a signal."""
        return [self.told(self._by_id[e.event_id]) for e in row.events[:SHOWN_EVENTS] if e.event_id in self._by_id]


def _why(row: SignalPoints, events: _Events) -> dict[str, Any]:
    return {"signal": row.signal, "points": row.points, "events": events.of(row), "n_events": len(row.events)}


def _customer(result: CustomerResult, zone: str) -> dict[str, Any]:
    facts, since = result.facts, result.stage_since_us
    return {
        **{name: facts[name] for name in ("customer_id", "name", "segment", "owner", "revenue")},
        "revenue_note": "typical for its segment, its own is not known" if facts["is_usual_revenue"] else None,
        "stage": result.stage_label,
        "stage_since": None if since is None else local(since, zone),
        "pair_since": local(result.beside.pair_since_us, zone) if result.beside.pair_since_us else None,
        "pair": result.beside.pair,
        "states": tuple((name, local(us, zone)) for name, us in result.beside.states),
        "mindset": result.mindset,
        "mood": _mood(result.mood, zone),
    }


def _mood(mood: Mood | None, zone: str) -> dict[str, Any] | None:
    if mood is None:
        return None
    told = {"word": f"{mood.word} mood", "tone": _TONES.get(mood.word, ""), "quote": mood.quote}
    return {**told, "at": local(mood.occurred_us, zone)}


def _stay(stay: Mapping[str, Any], zone: str) -> dict[str, Any]:
    left = stay["left_us"]
    return {
        "stage": stay["label"],
        "entered_at": local(stay["entered_us"], zone),
        "left_at": None if left is None else local(left, zone),
        "days": stay["days"],
        "ended_by": stay["ended_by"],
        "cycle": stay["cycle"],
    }


def _committee(found: Committee, zone: str) -> dict[str, Any]:
    """Who decides, by the page: the members seen last, and the roles with nobody."""
    return {
        "members": [_member(one, zone) for one in found.members[:MOST]],
        "n_more": max(0, len(found.members) - MOST),
        "missing": [words(role) for role in found.missing],
        "coverage_share": found.coverage_share,
    }


def _member(one: Member, zone: str) -> dict[str, Any]:
    said = ", ".join(filter(None, (words(one.role) if one.role else "role not known", one.seniority)))
    seen, contact = (None if us is None else local(us, zone) for us in (one.seen_us, one.contact_us))
    return {"name": one.person_id, "role": said, "seen_at": seen, "contact_at": contact, "mood": _mood(one.mood, zone)}


def _remarks(found: Mapping[str, Any], zone: str) -> dict[str, Any]:
    """The notes and what was called wrong, with times as this workspace's clocks show them."""
    return {
        "notes": [{**one, "at": _clock(one["written_at"], zone)} for one in found["notes"]],
        "wrong": [{**one, "at": _clock(one["said_at"], zone)} for one in found["wrong_alarms"]],
    }


def _clock(text: str, zone: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(ZoneInfo(zone))


def _alarms(result: CustomerResult, *, is_drifting: bool) -> tuple[tuple[str, str], ...]:
    """What alarms about this customer now: the signals of its friction, its states, and that it drifts."""
    names = [row.signal for row in result.friction if row.points > 0]
    names += [DRIFTING] if is_drifting else []
    names += [result.beside.pair] if result.beside.pair == "stuck" else []
    names += [state.name for state in result.beside.states]
    return tuple((name, words(name).capitalize()) for name in dict.fromkeys(names))


def _drifting(view: View, result: CustomerResult, journey: Journey) -> dict[str, Any] | None:
    """Where it drifts now, if it does."""
    for zone, one in view.drifting_of(result.facts["customer_key"]):
        label = f"{stage_label(journey, zone.start)} → {stage_label(journey, zone.goal)}"
        return {"days": one.days, "tau_days": zone.tau_days, "progress_share": one.progress_share, "zone": label}
    return None
