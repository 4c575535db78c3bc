"""What not to say to a customer, and what to do next: the end of a brief, and the brief as a whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from cxcurve.charts.format import day, days, plural
from cxcurve.metrics.mindset import mood
from cxcurve.model.journey import Journey
from cxcurve.tables import US_PER_DAY
from cxcurve.workspace.brief import Brief, Left, Sentence, day_of, said, told_of
from cxcurve.workspace.fields import next_step
from cxcurve.workspace.known import Event, Known, topic_of

WATCHED_DAYS = 30
MOST_NAMED = 3


def brief_of(known: Known) -> Brief:
    """All that is said of a customer, in one order whatever order the events came in."""
    found = [*told_of(known), *_avoid(known), _next(known)]
    return Brief(
        known.facts["customer_id"],
        str(known.facts.get("name") or known.facts["customer_id"]),
        known.as_of_us,
        tuple(one for one in found if isinstance(one, Sentence)),
        tuple(one for one in found if isinstance(one, Left)),
    )


def _avoid(known: Known) -> Iterator[Sentence]:
    """What would hurt: to be sent back, asked again, sold to in trouble, or told that one was watched."""
    if known.failed_self_service:
        yield said("avoid", "Do not send them back to the help pages: they come from there.", known.failed_self_service)
    yield from _told_before(known)
    if hurt := _hurt(known):
        why = "an issue is open" if known.open_issues else "they said that they are not happy"
        yield said("avoid", f"Do not ask for a review, a reference or more seats now: {why}.", hurt)
    elif known.refuses:
        whose = "the account" if "" in known.refuses else plural(len(known.refuses), "person", "people")
        yield said("avoid", f"Offer nothing: {whose} did not allow it.", (), "consents")
    yield from _watched(known)


def _told_before(known: Known) -> Iterator[Sentence]:
    told = [known.of_conversation(event) for event in known.open_issues]
    again = max((thread for thread in told if len(thread) > 1), key=len, default=None)
    if again:
        first = min(event["occurred_us"] for event in again)
        text = f"Do not ask for the story again: it was told in {len(again)} steps since {day(day_of(known, first))}."
        yield said("avoid", text, again)


def _hurt(known: Known) -> list[Event]:
    """The open issues and the bad mood."""
    felt = mood(known.events, known.journey.signals, known.as_of_us)
    said_so = [one for one in known.events if felt and felt.word == "bad" and one["event_id"] == felt.event_id]
    return [*known.open_issues, *said_so]


def _watched(known: Known) -> Iterator[Sentence]:
    """What they read was seen, not told: to hear of it is creepy."""
    since = known.as_of_us - WATCHED_DAYS * US_PER_DAY
    names = watched_names(known.journey)
    seen = [event for event in known.events if event["name"] in names and event["occurred_us"] >= since]
    if seen:
        counts = Counter(known.label(event).lower() for event in seen)
        most = sorted(counts.items(), key=lambda one: (-one[1], one[0]))[:MOST_NAMED]
        what = ", ".join(name if n == 1 else f"{name} ({n} times)" for name, n in most)
        yield said("avoid", f"Do not say that you saw what they looked at: {what}. They did not tell you.", seen)


def watched_names(journey: Journey) -> set[str]:
    """Events that tell what somebody looked at before they bought, and no word or deed towards the company."""
    rule, stages = journey.time_to_value, journey.stage_names
    bought = journey.signals.get(rule.start) if rule else None
    before = stages[: stages.index(bought.stage)] if bought and bought.stage else ()
    return {
        name
        for name, one in journey.signals.items()
        if one.data_class in {"third_party", "inferred"}
        or (
            one.by == "customer" and one.data_class == "observed" and not (one.contact or one.core)
            and (one.mindset or one.stage in before)
        )
    }  # fmt: skip


def _next(known: Known) -> Sentence | Left:
    """The one thing to do: what is open before what is asked, what is asked before what is felt, then the journey."""
    target = known.issue_target_us
    if known.open_issues:
        oldest = known.open_issues[0]
        late = target is not None and known.as_of_us - oldest["occurred_us"] > target
        now = f"; its target of {days((target or 0) / US_PER_DAY)} has passed" if late else ""
        since = day(day_of(known, oldest["occurred_us"]))
        return said("next", f"First settle what is open since {since}, or say when it will be{now}.", [oldest])
    if known.failed_self_service:
        topic = next((topic for event in known.failed_self_service[::-1] if (topic := topic_of(event))), None)
        what = f"Answer their question on {topic}" if topic else "Answer what they searched for"
        return said("next", f"{what}, and stay until it works.", known.failed_self_service)
    if hurt := _hurt(known):
        return said("next", "Ask what went wrong in their words, and say what happens next and when.", hurt)
    if known.has_fallen:
        return said("next", "Ask what has changed for them: they use far less than they did.", known.recent_use)
    step = next_step(known.journey, known.stage)
    if step is None:
        return Left("next", "the journey names no step from where they are")
    entered = [
        event for event in known.events
        if event["occurred_us"] == known.stage_since_us and (one := known.signal(event)) and one.stage == known.stage
    ]  # fmt: skip
    return said("next", f"{step}.", entered, "journey.yaml")
