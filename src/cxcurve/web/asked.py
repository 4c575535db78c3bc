"""What a URL asks for: whom the page is about, as of when, and how it is shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from cxcurve.errors import BadValueError, UnknownNameError, clip, did_you_mean
from cxcurve.model import Journey
from cxcurve.people.scope import Scope
from cxcurve.workspace.changes import LONGEST_DRAFT

LONGEST = 500
"""Characters of one value; longer ones are refused."""

RESERVED = (
    "as_of", "cohort", "x", "leavers", "sort", "q", "state", "page", "columns", "begins", "span", "kept", "steps",
    "window", "within", "stage", "doubt", "row", "status", "of", "journey", "role", "mindset", "source", "touchpoint",
    "person", "valence", "event", "channel", "events", "signal", "part", "draft", "action", "friction",
)  # fmt: skip
LONGER = {"draft": LONGEST_DRAFT}
"""What holds more than one value."""
JOINED = ("columns", "steps")
"""Chosen one by one: all of them count, not the last alone."""


@dataclass(frozen=True, slots=True)
class Whom:
    """Whose numbers, and as of when: a segment, a cohort, or everybody as known at the last score.

    `scope` and `within` are not asked for: the reader sets them to the customers that whoever asks may know of.
    """

    segment: tuple[tuple[str, str], ...] = ()
    cohort: str | None = None
    as_of: str | None = None
    scope: Scope | None = None
    within: frozenset[int] | None = None

    @property
    def everybody(self) -> Whom:
        """All customers of the scope at the same time."""
        return Whom(as_of=self.as_of, scope=self.scope, within=self.within)


@dataclass(frozen=True, slots=True)
class Asked:
    """A query string that was understood; `given` holds its parameters as sent, empty ones left out."""

    given: Mapping[str, str]
    whom: Whom

    @classmethod
    def read(cls, items: Iterable[tuple[str, str]], journey: Journey, allowed: Sequence[str] = ()) -> Asked:
        """Read a query string; of twins the last wins, but for those in `JOINED`.

        Args:
            items: names and values.
            journey: names the segments.
            allowed: what this page takes beside the segments, `cohort` and `as_of`.

        Raises:
            UnknownNameError: a parameter that means nothing here, so that a slip of the pen never shows everybody.
            BadValueError: a value is too long.
        """
        given: dict[str, str] = {}
        for key, value in ((key, value.strip()) for key, value in items if value.strip()):
            given[key] = f"{given[key]},{value}" if key in JOINED and key in given else value
        segments = {parameter_of(key): key for key in journey.segments}
        known = (*segments, "cohort", "as_of", *allowed)
        for key, value in given.items():
            if key not in known:
                raise UnknownNameError("parameter", key, known)
            if len(value) > LONGER.get(key, LONGEST):
                raise BadValueError(f"{key} has {len(value):,} characters; at most {LONGER.get(key, LONGEST)} are read")
        chosen = tuple(sorted((segments[key], value) for key, value in given.items() if key in segments))
        return cls(given, Whom(chosen, given.get("cohort"), given.get("as_of")))

    def choice(self, key: str, options: Sequence[str], default: str) -> str:
        """One of some words.

        Raises:
            BadValueError: another word.
        """
        return self.one_of(key, self.given.get(key, default), options)

    def one_of(self, key: str, value: str, options: Sequence[str]) -> str:
        """`value`, where it is one of some words.

        Raises:
            BadValueError: it is another word.
        """
        if value not in options:
            hint = did_you_mean(value, options) or f" Expected: {', '.join(options)}."
            raise BadValueError(f'{key} "{clip(value)}" is not known.{hint}')
        return value

    def count(self, key: str, default: int = 1) -> int:
        """A whole number from 1 up.

        Raises:
            BadValueError: it is none.
        """
        value = self.given.get(key, str(default))
        if not (value.isascii() and value.isdigit() and int(value[:9]) >= 1 and len(value) < 9):
            raise BadValueError(f'{key} "{clip(value)}" is no page; expected a number such as 1')
        return int(value)


def parameter_of(segment: str) -> str:
    """The parameter a segment is picked by: its own name, unless the pages use that name."""
    return f"segment.{segment}" if segment in RESERVED else segment
