"""A brief as pages show it: by topic, each sentence with the events and facts it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from cxcurve.charts.format import amount, words
from cxcurve.model import Journey
from cxcurve.web.pages.frame import local
from cxcurve.web.reader import View
from cxcurve.workspace.brief import Brief, Sentence

SHOWN_EVENTS = 8
"""Events named under a sentence or a signal; the first ones."""
HEADINGS = {
    "who": "Who", "stage": "Stage", "mindset": "Mindset", "mood": "Mood", "use": "Use",
    "contact": "Contacts", "issue": "Open",
    "self_service": "Self-service", "avoid": "Better not", "next": "Next step",
}  # fmt: skip
_KINDS = {"drag": "friction", "pull": "momentum"}


@dataclass(frozen=True, kw_only=True)
class FramedBrief:
    """What embed.html shows: the brief, or what is wrong."""

    name: str = ""
    as_of: Any = None
    brief: tuple[Mapping[str, Any], ...] = ()
    left_out: tuple[Mapping[str, str], ...] = ()
    href: str = ""
    wrong: str = ""


def framed_brief(view: View, customer_id: str, href: str) -> FramedBrief:
    """The brief of a customer for the page of another site.

    Raises:
        UnknownNameError: there is no such customer.
    """
    brief = view.brief(customer_id)
    return FramedBrief(
        name=brief.name,
        as_of=local(brief.as_of_us - 1, view.workspace.settings.zone),
        brief=topics(brief, told_events(view, brief), None),
        left_out=left_out(brief),
        href=href,
    )


def topics(brief: Brief, told: Mapping[str, Mapping[str, Any]], place: str | None) -> tuple[Mapping[str, Any], ...]:
    """By topic its sentences; `place` is the address of the timeline, where there is one."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for sentence in brief.sentences:
        found.setdefault(sentence.topic, []).append(_sentence(sentence, told, place))
    return tuple({"key": key, "heading": HEADINGS[key], "sentences": rows} for key, rows in found.items())


def left_out(brief: Brief) -> tuple[Mapping[str, str], ...]:
    """What is not said, and why."""
    return tuple({"heading": HEADINGS.get(one.topic, "Sources"), "reason": one.reason} for one in brief.left_out)


def told_events(view: View, brief: Brief) -> dict[str, dict[str, Any]]:
    """The first events of each sentence, by id."""
    wanted = {event_id for sentence in brief.sentences for event_id in sentence.events[:SHOWN_EVENTS]}
    zone, journey = view.workspace.settings.zone, view.workspace.journey
    events = view.events(brief.customer_id)
    return {event["event_id"]: told(event, journey, zone) for event in events if event["event_id"] in wanted}


def told(event: Mapping[str, Any], journey: Journey, zone: str) -> dict[str, Any]:
    """An event as pages tell it."""
    signal = journey.signals.get(event["name"])
    return {
        "event_id": event["event_id"],
        "at": local(event["occurred_us"], zone),
        "label": signal.label if signal and signal.label else words(event["name"]).capitalize(),
        "channel": event.get("channel") or event.get("source"),
        "text": event.get("text") or _measured(event),
        "kind": _KINDS.get(event.get("tone", ""), ""),
    }


def _sentence(sentence: Sentence, told: Mapping[str, Mapping[str, Any]], place: str | None) -> dict[str, Any]:
    events = [
        {**told[one], "href": None if place is None else f"{place}{quote(one, safe='')}"}
        for one in sentence.events[:SHOWN_EVENTS]
        if one in told
    ]
    facts = ", ".join(sentence.facts)
    return {"text": sentence.text, "events": events, "n_events": len(sentence.events), "facts": facts}


def _measured(event: Mapping[str, Any]) -> str | None:
    """The number an event came with."""
    if event.get("amount") is not None:
        return f"amount {amount(event['amount'])}"
    value = event.get("value")
    return None if value is None else f"value {value:g}"
