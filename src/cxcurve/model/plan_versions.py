"""The tracking plan as it was: one document for each version, and in words what changed from one to the next."""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cxcurve.model.event_checks import described
from cxcurve.model.event_schema import schema_of
from cxcurve.model.journey import Journey, Signal

CLOSE = 0.6
"""How alike names are that may be one renamed, where the events say nothing else; 1 is the same."""

Document = Mapping[str, Mapping[str, Any]]
"""By event name: what differs from an event that says nothing, its half-life, and its schema."""


@dataclass(frozen=True, slots=True)
class PlanVersion:
    """The plan from one moment on, microseconds UTC."""

    number: int
    made_us: int
    document: Document


@dataclass(frozen=True, slots=True)
class PlanDiff:
    """What changed: names of events; (old, new) names; and by event that stayed, what changed in words."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    renamed: tuple[tuple[str, str], ...] = ()
    changed: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def said(self) -> list[str]:
        """A line for each event."""
        return [
            *(f'"{old}" is now called "{new}"' for old, new in self.renamed),
            *(f'"{name}" added' for name in self.added),
            *(f'"{name}" removed' for name in self.removed),
            *(f'"{name}": {", ".join(words)}' for name, words in self.changed),
        ]


def plan_document(journey: Journey) -> Document:
    """What a journey's plan says of each event."""
    return {name: _said(signal) for name, signal in journey.signals.items()}


def written(document: Document) -> str:
    """The document as text: equal plans are equal texts."""
    return json.dumps(document, ensure_ascii=False, sort_keys=True)


def mark_of(text: str) -> str:
    """What tells a written document from others."""
    return hashlib.sha256(text.encode()).hexdigest()


def diff(before: Document, after: Document) -> PlanDiff:
    """What changed from one document to the other.

    An event that is gone and one that is new are one renamed where they say the same, and not merely nothing unless
    their names are close.
    """
    gone, new = sorted(before.keys() - after.keys()), sorted(after.keys() - before.keys())
    renamed = dict(_renamed({name: before[name] for name in gone}, {name: after[name] for name in new}))
    changed = ((name, tuple(_changes(before[name], after[name]))) for name in sorted(before.keys() & after.keys()))
    return PlanDiff(
        added=tuple(name for name in new if name not in renamed.values()),
        removed=tuple(name for name in gone if name not in renamed),
        renamed=tuple(sorted(renamed.items())),
        changed=tuple((name, words) for name, words in changed if words),
    )


def _said(signal: Signal) -> dict[str, Any]:
    plain = Signal().model_dump(mode="json")
    told = signal.model_dump(mode="json", exclude={"name"})
    schema = schema_of(signal)
    said = {key: value for key, value in told.items() if key == "half_life" or value != plain[key]}
    return said if schema is None else {**said, "schema": schema}


def _renamed(gone: Document, new: Document) -> Iterator[tuple[str, str]]:
    """Pairs that say the same, the closest names first; each name once."""
    pairs = [
        (difflib.SequenceMatcher(None, old, name).ratio(), old, name)
        for old, said in gone.items()
        for name, says in new.items()
        if said == says
    ]
    taken: set[str] = set()
    for likeness, old, name in sorted(pairs, key=lambda pair: (-pair[0], pair[1:])):
        says_something = gone[old].keys() != {"half_life"}
        if not {old, name} & taken and (says_something or likeness >= CLOSE):
            taken |= {old, name}
            yield old, name


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    keys = [*before, *(key for key in after if key not in before)]
    for key in keys:
        old, new = before.get(key), after.get(key)
        if key == "schema":
            yield from _schema_changes(old or {}, new or {})
        elif old != new:
            yield f"{key.replace('_', ' ')} {_shown(old)} to {_shown(new)}"


def _schema_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    old, new = before.get("properties", {}), after.get("properties", {})
    yield from (f'property "{name}" added' for name in sorted(new.keys() - old.keys()))
    yield from (f'property "{name}" removed' for name in sorted(old.keys() - new.keys()))
    for name in sorted(old.keys() & new.keys()):
        if old[name] != new[name]:
            words = described(old[name]) or "anything", described(new[name]) or "anything"
            told = f"from {words[0]} to {words[1]}" if words[0] != words[1] else "changed"
            yield f'property "{name}" {told}'
    needed, needs = set(before.get("required", ())), set(after.get("required", ()))
    yield from (f'property "{name}" required now' for name in sorted(needs - needed))
    yield from (f'property "{name}" no longer required' for name in sorted(needed - needs))
    rest = {"properties", "required", "type"}
    if {k: v for k, v in before.items() if k not in rest} != {k: v for k, v in after.items() if k not in rest}:
        yield "other rules of its schema changed"


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
