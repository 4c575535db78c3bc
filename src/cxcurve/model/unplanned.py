"""Drafts plan entries from events that were refused: of names the plan lacks, and of properties that break it.

Pure: what was refused goes in, lines of YAML come out, valid once pasted below `signals:`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from cxcurve.errors import clip, did_you_mean
from cxcurve.model.event_checks import EventCheck, event_checks
from cxcurve.model.event_schema import Schema, type_of
from cxcurve.model.guesses import flow, quoted
from cxcurve.model.journey import Journey
from cxcurve.model.widening import widened

MOST_NAMES, MOST_PROPERTIES = 40, 20
"""Names that are drafted, and properties of each."""
MOST_COMPARED = 1000
"""The most frequent names are compared with the plan's; of 10,000 that takes long and says little."""
LONGEST_NAME = 100
"""A longer one is no name; YAML takes no key past 1024 characters."""
FEW_CHOICES, LONGEST_CHOICE, ENOUGH = 6, 24, 20
"""An enum is drafted of so many different values at most, so long, seen in so many events at least."""

_PERSONAL = re.compile(
    r"(^|_)(e?mail|phone|mobile|tel|fax|name|first|last|address|street|city|zip|postcode|ip|birth\w*|born|age|gender|sex|"
    r"iban|card|passport|ssn|user|person|contact|owner|lat|lon|latitude|longitude)(_|$)"
)
_PERSONAL_VALUE = re.compile(r"@|^\+?[\d ()/-]{7,}$|^\d{1,3}(\.\d{1,3}){3}$")
_FRICTION = re.compile(
    r"fail|error|cancel|refund|complain|ticket|bug|timeout|declin|overdue|downgrad|crash|reject|abandon"
)
_MOMENTUM = re.compile(
    r"purchas|order|complet|activat|invit|upgrad|sign|creat|renew|refer|import|connect|book|paid|start"
)


@dataclass(frozen=True, slots=True)
class RefusedEvent:
    """An event that was refused, read again: its name, time (microseconds UTC) and properties.

    `own` are columns it has beside them, such as its amount; `is_text` says that its file knows texts only.
    """

    name: str
    at_us: int
    properties: Mapping[str, Any]
    own: Mapping[str, Any] = field(default_factory=dict)
    is_text: bool = False

    def record(self, check: EventCheck) -> Mapping[str, Any]:
        """What a schema is held against."""
        own = {name: self.own[name] for name in check.own if name in self.own}
        return {**own, **self.properties}


@dataclass(slots=True)
class _Property:
    """What was seen of one property."""

    n: int = 0
    types: Counter[str] = field(default_factory=Counter)
    texts: Counter[str] = field(default_factory=Counter)
    looks_personal: bool = False

    def see(self, value: Any, *, is_text: bool) -> None:
        self.n += 1
        self.types[_type_in_text(value) if is_text and isinstance(value, str) else type_of(value)] += 1
        if isinstance(value, str):
            self.looks_personal |= _PERSONAL_VALUE.search(value[:200]) is not None
            if len(self.texts) <= FEW_CHOICES and len(value) <= LONGEST_CHOICE:
                self.texts[value] += 1


@dataclass(slots=True)
class _Event:
    """What was seen of one name."""

    n: int = 0
    first_us: int = 2**62
    last_us: int = -(2**62)
    properties: dict[str, _Property] = field(default_factory=dict)

    def see(self, event: RefusedEvent) -> None:
        self.n += 1
        self.first_us, self.last_us = min(self.first_us, event.at_us), max(self.last_us, event.at_us)
        for name, value in event.properties.items():
            self.properties.setdefault(name, _Property()).see(value, is_text=event.is_text)


def draft_plan(refused: Iterable[RefusedEvent], journey: Journey) -> str:
    """The text of plan entries for what was refused; names close to a planned one first, then the most frequent.

    Entries of planned events stand there already, so a change to them is told as a comment.

    Args:
        refused: in any order; events that the plan would take now are passed over.
        journey: with the plan they were refused by, or a later one.
    """
    unknown: dict[str, _Event] = {}
    checks, broken = event_checks(journey), dict[str, _Broken]()
    for event in refused:
        if event.name not in journey.signals:
            unknown.setdefault(event.name, _Event()).see(event)
        elif (check := checks.get(event.name)) and check.broken(event.record(check), is_text=event.is_text):
            broken.setdefault(event.name, _Broken(check)).see(event)
    if not unknown and not broken:
        return "# Nothing in quarantine that the tracking plan would not take: no unknown event, no broken property.\n"
    return "\n".join([*_entries(unknown, journey.signals), *_changes(broken)]) + "\n"


def _entries(unknown: Mapping[str, _Event], known: Collection[str]) -> Iterator[str]:
    if not unknown:
        return
    ranked = sorted(unknown, key=lambda name: (-unknown[name].n, name))
    near = {name: hint for name in ranked[:MOST_COMPARED] if (hint := did_you_mean(clip(name), known))}
    fitting = [name for name in ranked if len(name) <= LONGEST_NAME]
    shown = sorted(fitting, key=lambda name: name not in near)[:MOST_NAMES]
    yield "  # Drafted from quarantine. Put this below `signals:` in journey.yaml, weigh what matters, drop the rest."
    for name in shown:
        yield from _entry(name, unknown[name], near.get(name))
    if n_more := len(unknown) - len(shown):
        n = sum(one.n for one in unknown.values()) - sum(unknown[name].n for name in shown)
        yield f"  # ... and {n_more:,} more names, {n:,} events. So many names are often one event with"
        yield "  # an id in its name: name it with `event:` or `rename:` in sources.yaml and keep the id as a property."


def _entry(name: str, seen: _Event, near: str | None) -> Iterator[str]:
    key = quoted(name)
    yield f"  # {_n(seen.n)}, {_days(seen)}.{near or ''}"
    if near:
        close = near.removeprefix(' Did you mean "').removesuffix('"?')
        yield f"  # If so, write `rename: {{{key}: {quoted(close)}}}` in sources.yaml instead of this entry."
    properties = dict(_drafted(seen))
    yield f"  {key}:{'' if properties else ' {}'}   # {_weight(name)}"
    if properties:
        yield "    properties:"
    for one, schema in properties.items():
        yield f"      {quoted(one)}: {flow(schema)}"
    if len(seen.properties) > len(properties):
        yield f"      # ... and {len(seen.properties) - len(properties):,} more, which may be anything"
    if always := [one for one in properties if seen.n >= ENOUGH and seen.properties[one].n == seen.n]:
        yield f"    required: {flow(always)}"


def _drafted(seen: _Event) -> Iterator[tuple[str, Schema]]:
    """The most frequent properties with what was seen of them; never with a value that may be personal."""
    often = sorted(seen.properties.items(), key=lambda item: (-item[1].n, item[0]))
    for name, one in sorted([item for item in often if len(item[0]) <= LONGEST_NAME][:MOST_PROPERTIES]):
        types = sorted(one.types.keys() - ({"integer"} if "number" in one.types else set()))
        schema: dict[str, Any] = {"type": types[0] if len(types) == 1 else types}
        if types == ["string"] and _may_be_personal(name, one):
            schema["personal"] = True
        elif types == ["string"] and _is_choice(one):
            schema["enum"] = sorted(one.texts)
        yield name, schema


def _may_be_personal(name: str, seen: _Property) -> bool:
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    return seen.looks_personal or _PERSONAL.search(re.sub(r"\W+", "_", words)) is not None


def _is_choice(seen: _Property) -> bool:
    """Few short values that come again and again, and no others."""
    is_all = sum(seen.texts.values()) == seen.n and "" not in seen.texts
    return is_all and 2 <= len(seen.texts) <= FEW_CHOICES and seen.n >= ENOUGH and min(seen.texts.values()) > 1


def _type_in_text(text: str) -> str:
    """What a text of a file without types may be; a number with a leading zero is a code."""
    said = text.strip()
    if re.fullmatch(r"[+-]?(0|[1-9]\d{0,17})", said):
        return "integer"
    if re.fullmatch(r"[+-]?(0|[1-9]\d{0,17})?\.\d{1,18}", said):
        return "number"
    return "boolean" if said.lower() in ("true", "false") else "string"


def _weight(name: str) -> str:
    if _FRICTION.search(name.lower()):
        return "guessed: friction: 0.3"
    return "guessed: momentum: 0.3" if _MOMENTUM.search(name.lower()) else "weighs nothing until you say so"


def _n(n: int) -> str:
    return f"{n:,} event{'' if n == 1 else 's'}"


def _days(seen: _Event) -> str:
    first, last = (datetime.fromtimestamp(us / 1e6, UTC).date().isoformat() for us in (seen.first_us, seen.last_us))
    return f"on {first}" if first == last else f"{first} to {last}"


class _Broken:
    """What broke the schema of one planned event."""

    def __init__(self, check: EventCheck) -> None:
        self.check, self.n = check, 0
        self.misfits: dict[str, list[Any]] = {}
        self.missing: Counter[str] = Counter()
        self.unwanted: Counter[str] = Counter()

    def see(self, event: RefusedEvent) -> None:
        record = event.record(self.check)
        record = self.check.meant(record) if event.is_text else record
        self.n += 1
        for name in self.check.misfits(record):
            self.misfits.setdefault(name, []).append(record[name])
        self.missing.update(self.check.missing(record))
        self.unwanted.update(self.check.unwanted(record))


def _changes(broken: Mapping[str, _Broken]) -> Iterator[str]:
    """What to change in the schemas there are, the most broken first."""
    for name, one in sorted(broken.items(), key=lambda item: (-item[1].n, item[0])):
        yield f"  # {quoted(name)} is in the plan; {_n(one.n)} broke its schema. To take them, change:"
        found = [*_misfit_changes(one), *_missing_changes(one), *_unwanted_changes(one)]
        yield from (f"  #   {line}" for line in found or ["what `schema` says of all properties together"])


def _misfit_changes(broken: _Broken) -> Iterator[str]:
    for name, values in sorted(broken.misfits.items()):
        schema = broken.check.properties[name]
        yield f"{quoted(name)}: {flow(schema)}  to  {flow(widened(schema, values))}   ({_n(len(values))})"


def _missing_changes(broken: _Broken) -> Iterator[str]:
    for name, n in sorted(broken.missing.items()):
        yield f"required: without {quoted(name)}   ({_n(n)})"


def _unwanted_changes(broken: _Broken) -> Iterator[str]:
    for name, n in broken.unwanted.most_common(MOST_PROPERTIES):
        yield f"properties: with {quoted(clip(name))}   ({_n(n)})"
