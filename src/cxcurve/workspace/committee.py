"""The buying committee of a customer: who is in it, when each was last heard of, how each feels, and who is missing."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cxcurve.metrics.mindset import Mood, mood
from cxcurve.model import Journey
from cxcurve.pipeline.run import Run
from cxcurve.workspace.results import at

ROLES = ("economic_buyer", "champion", "it", "legal", "procurement")
"""Who usually decides on a purchase together."""
SENIORITY = ("seniority", "level", "title", "job_title")
"""Attributes that say how senior somebody is; the first that is there counts."""
MOST = 50
Event = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Member:
    """A person of the customer.

    Attributes:
        seen_us: their latest event; None where there is none.
        contact_us: the latest of them that was a contact with us.
        mood: their own latest answer, within 30 days.
    """

    person_id: str
    role: str | None
    seniority: str | None
    seen_us: int | None
    contact_us: int | None
    mood: Mood | None

    def to_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "person_id": self.person_id,
            "role": self.role,
            "seniority": self.seniority,
            "last_seen_at": at(self.seen_us),
            "last_contact_at": at(self.contact_us),
            "mood": None if self.mood is None else {"word": self.mood.word, "event_id": self.mood.event_id},
        }


@dataclass(frozen=True, slots=True)
class Committee:
    """Its members, those seen last first; of the roles those with nobody. No role is missing where none is known."""

    members: tuple[Member, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def coverage_share(self) -> float | None:
        """Of the roles of a committee, how many somebody has (0 to 1); None where no role of anybody is known."""
        return 1 - len(self.missing) / len(ROLES) if self.is_known else None

    @property
    def is_known(self) -> bool:
        """Whether anybody's role is known."""
        return any(member.role for member in self.members)

    def to_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "members": [member.to_json() for member in self.members],
            "missing_roles": list(self.missing),
            "coverage_share": self.coverage_share,
            "reason": None if self.is_known else "no role of anybody is known here",
        }


def committee(
    people: Iterable[Mapping[str, Any]], events: Sequence[Event], journey: Journey, as_of_us: int
) -> Committee:
    """The committee from who is known and what they did.

    Args:
        people: person_id, role, attributes (JSON).
        events: the customer's events before as_of, in any order.
        journey: what the events mean.
        as_of_us: the moment.
    """
    theirs: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        if event.get("person_id") is not None:
            theirs[event["person_id"]].append(event)
    members = [_member(one, theirs[one["person_id"]], journey, as_of_us) for one in people]
    members.sort(key=lambda one: (one.seen_us is None, -(one.seen_us or 0), one.person_id))
    found = Committee(tuple(members))
    has = {member.role for member in members}
    return Committee(found.members, tuple(role for role in ROLES if role not in has)) if found.is_known else found


def committee_of(run: Run, customer_id: str, events: Sequence[Event]) -> Committee:
    """The same of a customer of the store."""
    sql = "SELECT person_id, role, attributes FROM people WHERE customer_id = $1 ORDER BY person_id"
    return committee(run.store.records(sql, customer_id), events, run.journey, run.as_of_us)


def _member(person: Mapping[str, Any], events: Sequence[Event], journey: Journey, as_of_us: int) -> Member:
    contacts = [one["occurred_us"] for one in events if (signal := journey.signals.get(one["name"])) and signal.contact]
    return Member(
        person_id=person["person_id"],
        role=person["role"] or None,
        seniority=_seniority(person.get("attributes")),
        seen_us=max((one["occurred_us"] for one in events), default=None),
        contact_us=max(contacts, default=None),
        mood=mood(events, journey.signals, as_of_us),
    )


def _seniority(attributes: str | None) -> str | None:
    try:
        said = json.loads(attributes or "{}")
    except ValueError:
        return None
    named = (said.get(name) for name in SENIORITY) if isinstance(said, dict) else ()
    return next((" ".join(one.split())[:60] for one in named if isinstance(one, str) and one.strip()), None)
