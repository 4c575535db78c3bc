"""A brief of a customer for whoever is about to talk to them: a few sentences, each with what it rests on.

A sentence names the events it comes from, or the facts where no event says it (`customers.owner`, `journey.yaml`).
What cannot be said is left out, and why is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from cxcurve.charts.format import day, days, plural, share, words
from cxcurve.errors import clip
from cxcurve.metrics.mindset import FEWEST_PIECES, MOOD_DAYS, mindset, mood
from cxcurve.tables import US_PER_DAY
from cxcurve.workspace.curves import date_of
from cxcurve.workspace.known import CALLS, Event, Known, topic_of
from cxcurve.workspace.names import stage_label
from cxcurve.workspace.results import at

Topic = Literal["who", "stage", "mindset", "mood", "use", "contact", "issue", "self_service", "avoid", "next"]
CONTACTS, ISSUES = 3, 3
LONGEST_QUOTE = 160


@dataclass(frozen=True, slots=True)
class Sentence:
    """What is said, and the events (the newest first) and facts it comes from: never neither."""

    topic: Topic
    text: str
    events: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        assert self.events or self.facts, "a sentence that rests on nothing"


@dataclass(frozen=True, slots=True)
class Left:
    """What is not said, and why."""

    topic: str
    reason: str


@dataclass(frozen=True, slots=True)
class Brief:
    """What is said of a customer as known at as_of, and what is not."""

    customer_id: str
    name: str
    as_of_us: int
    sentences: tuple[Sentence, ...]
    left_out: tuple[Left, ...]

    @property
    def text(self) -> str:
        """All of it in a row."""
        return " ".join(sentence.text for sentence in self.sentences)

    @property
    def event_ids(self) -> list[str]:
        """The events that sentences name, each once."""
        return list(dict.fromkeys(event_id for sentence in self.sentences for event_id in sentence.events))

    def of(self, *topics: Topic) -> list[Sentence]:
        """The sentences of some topics."""
        return [sentence for sentence in self.sentences if sentence.topic in topics]

    def to_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "customer_id": self.customer_id,
            "name": self.name,
            "as_of": at(self.as_of_us),
            "text": self.text,
            "sentences": [
                {"topic": one.topic, "text": one.text, "events": list(one.events), "facts": list(one.facts)}
                for one in self.sentences
            ],
            "left_out": [{"topic": one.topic, "reason": one.reason} for one in self.left_out],
        }


def said(topic: Topic, text: str, events: Sequence[Event] = (), *facts: str) -> Sentence:
    """A sentence that rests on events."""
    newest = sorted(events, key=lambda one: (one["occurred_us"], one["event_id"]), reverse=True)
    return Sentence(topic, text, tuple(event["event_id"] for event in newest), facts)


def day_of(known: Known, us: int) -> date:
    """The day of a time; the end of a day is of the day that ends."""
    return date_of(us, known.zone)


def quoted(event: Event) -> str:
    """The end of a sentence: what was said in an event, where anything was."""
    text = " ".join((event.get("text") or "").split())
    return f": “{clip(text, LONGEST_QUOTE)}”" if text else "."


def told_of(known: Known) -> Iterator[Sentence | Left]:
    """What is said of who it is, where they are, how they feel, and what they came with."""
    yield _who(known)
    yield _stage(known)
    yield _mindset(known)
    yield _mood(known)
    if known.has_fallen:
        yield _use(known)
    yield from _contacts(known)
    yield from _issues(known)
    yield _self_service(known)
    for source in known.silent:
        yield Left("sources", f"{source} brings nothing for longer than is usual: what it would tell is missing")


def _who(known: Known) -> Sentence:
    facts = known.facts
    name = facts.get("name") or facts["customer_id"]
    about = [facts[key] for key in ("segment", "plan") if facts.get(key)]
    owner = f"looked after by {facts['owner']}" if facts.get("owner") else "nobody looks after them by name"
    told = ["name", *(key for key in ("segment", "plan") if facts.get(key)), "owner"]
    return said("who", f"{', '.join([str(name), *about, owner])}.", (), *(f"customers.{key}" for key in told))


def _stage(known: Known) -> Sentence | Left:
    if known.stage is None or known.stage_since_us is None:
        return _left(known)
    stage, since = known.journey.stage(known.stage), known.stage_since_us
    entered = [
        event for event in known.events
        if event["occurred_us"] == since and (signal := known.signal(event)) is not None and signal.stage == stage.name
    ]  # fmt: skip
    spent = (known.as_of_us - since) / US_PER_DAY
    usual = f", {days(stage.expected.days)} is expected" if stage.expected else ""
    label = stage_label(known.journey, stage.name)
    text = f"In {label} since {day(day_of(known, since))} ({days(float(round(spent)))}{usual})."
    return said("stage", text, entered, "stays.entered_us", *(["journey.yaml"] if stage.expected else []))


def _left(known: Known) -> Sentence | Left:
    exits = [event for event in known.events if event["name"] in known.journey.exits]
    if not exits:
        return Left("stage", "no stage of the journey was reached yet")
    last = exits[-1]
    on = day(day_of(known, last["occurred_us"]))
    return said("stage", f"Left on {on} ({known.label(last).lower()}){quoted(last)}", [last])


def _mindset(known: Known) -> Sentence | Left:
    kinds = [signal.mindset for event in known.events if (signal := known.signal(event)) and signal.mindset]
    word = mindset(known.events, known.journey.signals, known.as_of_us)
    if word is None:
        few = f"{plural(len(kinds), 'piece')} of evidence, and {FEWEST_PIECES} are needed"
        return Left("mindset", few if len(kinds) < FEWEST_PIECES else "the evidence points both ways")
    theirs = [event for event in known.events if (signal := known.signal(event)) and signal.mindset == word]
    feelings = known.journey.stage(known.stage).feelings.items() if known.stage else ()
    feels = next((felt for kind, felt in feelings if kind == word), ())
    asks = f": {', '.join(feels)}" if feels else ""
    why = "a pain pushes them" if word == "reactive" else "an ambition pulls them"
    rests = f"{plural(len(kinds), 'piece')} of evidence, the newer the heavier"
    text = f"Mindset {word}, {why} ({rests}){asks}."
    return said("mindset", text, theirs, *(["journey.yaml"] if feels else []))


def _mood(known: Known) -> Sentence | Left:
    found = mood(known.events, known.journey.signals, known.as_of_us)
    if found is None:
        return Left("mood", f"no answer and no score in the last {MOOD_DAYS} days")
    event = next(one for one in known.events if one["event_id"] == found.event_id)
    on = day(day_of(known, found.occurred_us))
    return said("mood", f"Mood {found.word} on {on} ({known.label(event).lower()}){quoted(event)}", [event])


def _use(known: Known) -> Sentence:
    last = day(day_of(known, known.recent_use[-1]["occurred_us"]))
    text = f"Core use is {share(known.fall)} below their own best, the last on {last}."
    return said("use", text, known.recent_use, "customer_state.decline")


def _contacts(known: Known) -> Iterator[Sentence | Left]:
    if not known.contacts:
        yield Left("contact", "no contact with them is in the log")
    for place, thread in enumerate(known.contacts[:CONTACTS]):
        last = thread[-1]
        named = ("Last contact", "Before that", "And before")[place]
        by = f" by {words(last['channel'])}" if last.get("channel") else ""
        on = day(day_of(known, last["occurred_us"]))
        yield said("contact", f"{named}: {known.label(last).lower()}{by} on {on}{quoted(last)}", thread)


def _issues(known: Known) -> Iterator[Sentence | Left]:
    issues, target = known.open_issues, known.issue_target_us
    if not issues:
        yield Left("issue", "nothing is open")
    for event in issues[:ISSUES]:
        open_us = known.as_of_us - event["occurred_us"]
        late = f", past its target of {days(target / US_PER_DAY)}" if target is not None and open_us > target else ""
        topic = f" on {clip(topic, 60)}" if (topic := topic_of(event)) else ""
        since = day(day_of(known, event["occurred_us"]))
        facts = ["journey.yaml"] if late else []
        age = days(float(round(open_us / US_PER_DAY)))
        text = f"Open since {since} ({age}{late}): {known.label(event).lower()}{topic}."
        yield said("issue", text, [event], *facts)
    if rest := issues[ISSUES:]:
        yield said("issue", f"{plural(len(rest), 'further issue is', 'further issues are')} open.", rest)


def _self_service(known: Known) -> Sentence | Left:
    tried = known.failed_self_service
    if not tried:
        return Left("self_service", "no search for an answer failed in the last 72 hours")
    first = min(event["occurred_us"] for event in tried)
    today = day_of(known, known.as_of_us - 1)
    began = day_of(known, first)
    when = "today" if began == today else f"since {day(began)}"
    n = {1: "once", 2: "twice"}.get(len(tried), f"{len(tried)} times")
    text = f"Tried self-service{_on(tried)} {n} {when} and found no answer{_first_call(known)}."
    return said("self_service", text, tried)


def _on(tried: Sequence[Event]) -> str:
    topics = list(dict.fromkeys(topic for event in tried if (topic := topic_of(event))))
    return f" on {' and '.join(topics[:2])}" if topics else ""


def _first_call(known: Known) -> str:
    """Only where somebody's calls are recorded: else nobody ever called."""
    if not known.contacts:
        return "; this would be their first contact with a person"
    called = any(contact.get("channel") in CALLS for thread in known.contacts for contact in thread)
    return "; this would be their first call" if known.has_calls and not called else ""
