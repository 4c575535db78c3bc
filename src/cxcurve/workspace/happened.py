"""All that happened to a customer, the latest first: filtered, and a page of it at a time."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from cxcurve.model import Journey

OUTSIDE = "outside"
"""What the stage of an event is called that happened before the first one, or after an exit."""
DRAG, PULL, NEITHER = "drag", "pull", "neither"
PAGE = 50
Event = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Filters:
    """What is asked for; empty is everything. `touchpoint` is the channel, or the source where an event names none."""

    source: str = ""
    touchpoint: str = ""
    stage: str = ""
    person: str = ""
    valence: str = ""

    @property
    def given(self) -> dict[str, str]:
        """Those that are set."""
        return {one.name: value for one in fields(self) if (value := getattr(self, one.name))}


@dataclass(frozen=True, slots=True)
class Choices:
    """What can be asked for, by filter: values with how many events each has under the other filters, most first."""

    counts: Mapping[str, tuple[tuple[str, int], ...]]


@dataclass(frozen=True, slots=True)
class Timeline:
    """A page of what happened, the latest first."""

    events: tuple[Event, ...]
    choices: Choices
    n: int
    page: int
    n_pages: int


def timeline(events: Sequence[Event], filters: Filters, page: int = 1, at_event: str = "") -> Timeline:
    """A page of the events that all filters hold for.

    Args:
        events: rows of `facets_of`, in any order.
        filters: what is asked for.
        page: from 1; beyond the last it is the last.
        at_event: an event_id: the page that has it, where it is among them.
    """
    kept = sorted((one for one in events if _fits(one, filters)), key=_order, reverse=True)
    n_pages = max(1, -(-len(kept) // PAGE))
    places = {one["event_id"]: place for place, one in enumerate(kept)} if at_event else {}
    page = places[at_event] // PAGE + 1 if at_event in places else min(page, n_pages)
    return Timeline(tuple(kept[(page - 1) * PAGE : page * PAGE]), choices(events, filters), len(kept), page, n_pages)


def choices(events: Sequence[Event], filters: Filters) -> Choices:
    """What can be chosen: of each filter under all the others, so that no choice leads to nothing."""
    given = filters.given
    found = {}
    for name in (one.name for one in fields(Filters)):
        others = {key: value for key, value in given.items() if key != name}
        counts = Counter(one[name] for one in events if one[name] and all(one[k] == v for k, v in others.items()))
        found[name] = tuple(sorted(counts.items(), key=lambda one: (-one[1], one[0])))
    return Choices(found)


def facets_of(
    events: Sequence[Event], stays: Sequence[Mapping[str, Any]], tone: Callable[[Event], str]
) -> list[dict[str, Any]]:
    """Events with what they are filtered by: source, touchpoint, stage, person and valence ("drag", "pull", "neither").

    Args:
        events: event_id, name, occurred_us, source, channel, person_id, value, amount.
        stays: stage, entered_us, left_us (None while open), in order of time.
        tone: what an event does: "drag", "pull" or "".
    """
    entered = [stay["entered_us"] for stay in stays]

    def stage(us: int) -> str:
        place = bisect_right(entered, us) - 1
        if place < 0 or (stays[place]["left_us"] is not None and us >= stays[place]["left_us"]):
            return OUTSIDE
        return str(stays[place]["stage"])

    return [
        {
            **event,
            "touchpoint": event["channel"] or event["source"],
            "stage": stage(event["occurred_us"]),
            "person": event["person_id"] or "",
            "valence": tone(event) or NEITHER,
        }
        for event in events
    ]


def tone_of(event: Event, journey: Journey) -> str:
    """Whether an event pulls or drags by the tracking plan; "" where it does neither."""
    signal = journey.signals.get(event["name"])
    if signal is None:
        return ""
    value = None if signal.valence is None else event.get(signal.valence.column)
    valence = None if signal.valence is None or value is None else signal.valence.valence_of(float(value))
    if signal.friction or (valence or 0) < 0:
        return DRAG
    return PULL if signal.momentum or (valence or 0) > 0 else ""


def _fits(event: Event, filters: Filters) -> bool:
    return all(event[name] == value for name, value in filters.given.items())


def _order(event: Event) -> tuple[int, str]:
    return event["occurred_us"], event["event_id"]
