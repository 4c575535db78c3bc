"""What is known of one customer at a moment: what a brief is said from. Plain values, in no order but their own."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from cxcurve.charts.format import words
from cxcurve.metrics.self_service import FAILED, FOLLOWED_DAYS, SOLVED
from cxcurve.model.durations import Duration
from cxcurve.model.journey import Journey, Signal
from cxcurve.tables import US_PER_DAY

Event = Mapping[str, Any]
CALLS = frozenset({"phone", "call", "voice", "telephone"})
"""What sources call the channel of a call."""
TOPICS = ("topic", "query", "article", "subject", "reason", "category", "page", "title")
"""Properties that say what an event is about; the first that is there counts."""
LONGEST_TOPIC = 80
LEAST_FALL = 0.4
"""Of core use, below which it is not spoken of: the score counts from a fifth on."""
FOLLOWED_US = FOLLOWED_DAYS * US_PER_DAY


@dataclass(frozen=True)
class Known:
    """One customer.

    Attributes:
        journey: what the events mean.
        zone: the workspace's time zone.
        as_of_us: nothing at or after it is known.
        facts: customer_id, name, segment, plan, owner as known then.
        stage, stage_since_us: where the customer is; None outside the journey.
        happened: every event (event_id, name, occurred_us, source, channel, value, amount, text, conversation_id,
            properties), in any order.
        fall: how far core use is below its own best, 0 to 1, the season taken out; None where it is not, or not known.
        has_calls: whether any customer's call was ever recorded: else nobody's first call can be told.
        refuses: who of the customer does not allow to be offered anything now ("" is the account itself).
        silent: the sources that bring nothing for longer than is usual.
    """

    journey: Journey
    zone: str
    as_of_us: int
    facts: Mapping[str, Any]
    stage: str | None
    stage_since_us: int | None
    happened: Sequence[Event]
    fall: float | None = None
    has_calls: bool = False
    refuses: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()

    @cached_property
    def events(self) -> list[Event]:
        """Every event once, in order of time."""
        return sorted(self.happened, key=_order)

    def signal(self, event: Event) -> Signal | None:
        """What the tracking plan says of an event."""
        return self.journey.signals.get(event["name"])

    def label(self, event: Event) -> str:
        """What pages call an event."""
        signal = self.signal(event)
        return signal.label if signal and signal.label else words(event["name"]).capitalize()

    @cached_property
    def contacts(self) -> list[list[Event]]:
        """Contacts, the latest first: what has one conversation is one contact, its events in order."""
        threads: dict[str, list[Event]] = defaultdict(list)
        for event in self.events:
            signal = self.signal(event)
            if signal is not None and signal.contact:
                thread = event.get("conversation_id")
                threads[f"conversation {thread}" if thread else f"event {event['event_id']}"].append(event)
        return sorted(threads.values(), key=lambda thread: _order(thread[-1]), reverse=True)

    @cached_property
    def open_issues(self) -> list[Event]:
        """Openings of contacts that nothing has ended, the oldest first (`metrics.episodes` in plain Python).

        Each ending closes the oldest open one of its signal, in the same conversation where the events name one.
        """
        still = [event for name, one in self.journey.signals.items() if one.contact for event in self._open(name, one)]
        return sorted(still, key=_order)

    def _open(self, name: str, signal: Signal) -> list[Event]:
        waiting: dict[str, list[Event]] = defaultdict(list)
        moves = [event for event in self.events if signal.until and event["name"] in {name, signal.until}]
        # At one instant openings come before endings.
        for event in sorted(moves, key=lambda one: (one["occurred_us"], one["name"] != name, one["event_id"])):
            thread = waiting[event.get("conversation_id") or ""]
            if event["name"] == name:
                thread.append(event)
            elif thread:
                thread.pop(0)
        return [event for thread in waiting.values() for event in thread]

    @property
    def issue_target_us(self) -> int | None:
        """How long an issue may stay open; None where the model does not say."""
        target = self.journey.targets.get("open_issue")
        return None if target is None else int(Duration.parse(target).seconds * 1e6)

    @cached_property
    def failed_self_service(self) -> list[Event]:
        """Help or bot sessions of the last 72 hours without an answer, or after which somebody was asked all the same.

        As the share of self-service that succeeds counts them, but told before 72 hours have followed.
        """
        asked = [contact["occurred_us"] for thread in self.contacts for contact in thread]
        found = []
        for event in self.events:
            us = event["occurred_us"]
            is_followed = any(us <= one <= us + FOLLOWED_US for one in asked)
            if us >= self.as_of_us - FOLLOWED_US and (
                event["name"] == FAILED or (event["name"] == SOLVED and is_followed)
            ):
                found.append(event)
        return found

    @cached_property
    def recent_use(self) -> list[Event]:
        """Core use of the last four weeks; where there is none, the last there was."""
        used = [event for event in self.events if (signal := self.signal(event)) is not None and signal.core]
        recent = [event for event in used if event["occurred_us"] >= self.as_of_us - 28 * US_PER_DAY]
        return recent or used[-1:]

    @property
    def has_fallen(self) -> bool:
        """Whether core use fell by enough to speak of it."""
        return self.fall is not None and self.fall >= LEAST_FALL and bool(self.recent_use)

    def of_conversation(self, event: Event) -> list[Event]:
        """All events of the conversation an event belongs to, itself alone where it names none."""
        thread = event.get("conversation_id")
        return [one for one in self.events if one.get("conversation_id") == thread] if thread else [event]


def topic_of(event: Event) -> str | None:
    """What an event is about, in the words of its source; None where it does not say."""
    try:
        said = json.loads(event.get("properties") or "{}")
    except ValueError:
        said = {}
    for name in TOPICS:
        value = said.get(name) if isinstance(said, dict) else None
        if isinstance(value, str) and value.strip():
            return " ".join(value.split())[:LONGEST_TOPIC]
    return None


def _order(event: Event) -> tuple[int, str]:
    return event["occurred_us"], event["event_id"]
