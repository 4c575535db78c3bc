"""One customer: its own curve, its stays, why its scores are what they are, and everything that happened."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from cxcurve import charts
from cxcurve.charts.format import amount, words
from cxcurve.metrics.mindset import Mood
from cxcurve.metrics.why import SignalPoints
from cxcurve.model import Journey
from cxcurve.web.asked import Asked
from cxcurve.web.pages.frame import Frame, framed, local
from cxcurve.web.reader import View
from cxcurve.workspace.customers import CustomerResult
from cxcurve.workspace.names import stage_label

PARAMETERS = ("channel", "events")
SHOWN = 60
"""Events of the timeline shown first; the rest by a link."""
SHOWN_EVENTS = 8
"""Events named under a signal; the heaviest first."""
_KINDS = {"drag": "friction", "pull": "momentum"}
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
    brief: str
    drifting: Mapping[str, Any] | None
    timeline: tuple[Mapping[str, Any], ...]
    channels: tuple[Mapping[str, Any], ...]
    channel: str
    n_more: int
    people: tuple[Mapping[str, Any], ...]
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
        """As interfaces.md, `show customer ID`."""
        return self.result.to_json()


def build(view: View, asked: Asked, customer_id: str, path: str) -> CustomerPage:
    """The page for a customer and query.

    Raises:
        UnknownNameError: no event names this customer.
    """
    result = view.customer(customer_id)
    frame = framed(view, asked, (result.facts["name"] or customer_id)[:90], "customers", path)
    zone, journey = view.workspace.settings.zone, view.workspace.journey
    events = _Events(view, result)
    timeline = [*map(events.told, result.timeline), *_entries(result, zone)]
    timeline.sort(key=lambda one: one["at"], reverse=True)
    channel = asked.given.get("channel", "")
    chosen = [one for one in timeline if not channel or one["channel"] == channel]
    n = len(chosen) if asked.choice("events", ("all", "latest"), "latest") == "all" else SHOWN
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
        brief=result.brief,
        drifting=_drifting(view, result, journey),
        timeline=tuple(chosen[:n]),
        channels=_channels(timeline),
        channel=channel,
        n_more=max(0, len(chosen) - n),
        people=tuple(_person(one, zone) for one in result.people),
        reason=result.reason,
    )


class _Events:
    """Events of a customer by id, those beyond the timeline looked up."""

    def __init__(self, view: View, result: CustomerResult) -> None:
        self._zone, self._journey = view.workspace.settings.zone, view.workspace.journey
        self._by_id = {event["event_id"]: event for event in result.timeline}
        wanted = {e.event_id for row in (*result.friction, *result.momentum) for e in row.events[:SHOWN_EVENTS]}
        for event in view.events(tuple(sorted(wanted - set(self._by_id)))):
            self._by_id[event["event_id"]] = event

    def told(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """An event as the timeline shows it."""
        signal = self._journey.signals.get(event["name"])
        return {
            "event_id": event["event_id"],
            "at": local(event["occurred_us"], self._zone),
            "label": signal.label if signal and signal.label else words(event["name"]).capitalize(),
            "channel": event.get("channel") or event.get("source"),
            "text": event.get("text") or _measured(event),
            "kind": _KINDS.get(event.get("tone", ""), ""),
        }

    def of(self, row: SignalPoints) -> list[dict[str, Any]]:
        """The heaviest events of a signal."""
        return [self.told(self._by_id[e.event_id]) for e in row.events[:SHOWN_EVENTS] if e.event_id in self._by_id]


def _measured(event: Mapping[str, Any]) -> str | None:
    """The number an event came with."""
    if event.get("amount") is not None:
        return f"amount {amount(event['amount'])}"
    value = event.get("value")
    return None if value is None else f"value {value:g}"


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


def _entries(result: CustomerResult, zone: str) -> list[dict[str, Any]]:
    """The stages entered, as part of the timeline."""
    earliest = min((event["occurred_us"] for event in result.timeline), default=0)
    none = {"event_id": None, "channel": None, "text": None, "kind": "stage"}
    return [
        {**none, "at": local(stay["entered_us"], zone), "label": f"Entered {stay['label']}"}
        for stay in result.stays
        if stay["entered_us"] >= earliest
    ]


def _channels(timeline: Sequence[Mapping[str, Any]]) -> tuple[Mapping[str, Any], ...]:
    counts = Counter(one["channel"] for one in timeline if one["channel"])
    return tuple({"value": value, "label": words(value), "n": n} for value, n in counts.most_common(12))


def _person(person: Mapping[str, Any], zone: str) -> dict[str, Any]:
    us = person["last_seen_us"]
    seen_at = None if us is None else local(us, zone)
    return {"name": person["person_id"], "role": person["role"], "last_seen_at": seen_at}


def _drifting(view: View, result: CustomerResult, journey: Journey) -> dict[str, Any] | None:
    """Where it drifts now, if it does."""
    for zone, one in view.drifting_of(result.facts["customer_key"]):
        label = f"{stage_label(journey, zone.start)} → {stage_label(journey, zone.goal)}"
        return {"days": one.days, "tau_days": zone.tau_days, "progress_share": one.progress_share, "zone": label}
    return None
