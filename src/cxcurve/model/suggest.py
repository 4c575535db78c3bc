"""Drafts `sources.yaml` from CSV exports: known shapes by their columns, others guessed and marked so."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files as resources
from pathlib import Path

import yaml

from cxcurve.errors import BadValueError, did_you_mean
from cxcurve.model.guesses import CONFIRM, MOST_EVENTS, guess_source, quoted, snake
from cxcurve.model.profiles import Profile, profile


@dataclass(frozen=True, slots=True)
class Shape:
    """An export known by its columns, and the source it becomes."""

    what: str
    columns: frozenset[str]
    draft: str


@cache
def known_shapes() -> tuple[Shape, ...]:
    """The exports this package knows, from `shapes.yaml`."""
    text = (resources("cxcurve.model") / "shapes.yaml").read_text(encoding="utf-8")
    return tuple(Shape(entry["what"], frozenset(entry["columns"]), entry["draft"]) for entry in yaml.safe_load(text))


def suggest(files: Sequence[Path], known_events: Collection[str] = ()) -> str:
    """The text of a `sources.yaml` for some exports, with events the tracking plan lacks as comments at its end.

    What is guessed is marked `# guessed: confirm`. The text has no errors for `read_sources`.

    Args:
        files: CSV exports, plain, gzipped or zipped; written into `files:` as given.
        known_events: the event names of the tracking plan.

    Raises:
        BadValueError: no file, or one that cannot be read as CSV.
    """
    if not files:
        raise BadValueError("no file given; name one or more CSV exports")
    drafts, unplanned = [_HEADER], dict[str, None]()
    keys: set[str] = set()
    for path in files:
        found = profile(path)
        key = _key(path, keys)
        lines = list(_draft(found, known_events))
        drafts.append("\n".join([f"{key}:", *(f"  {line}".rstrip() for line in lines)]))
        unplanned |= dict.fromkeys(_made("\n".join(lines), found))
    plan = _plan([event for event in unplanned if event not in known_events], known_events)
    return "\n\n".join([*drafts, *plan]) + "\n"


_HEADER = "# Drafted from your exports. Look at each line, above all those marked as guessed, then run `cxcurve check`."


def _key(path: Path, taken: set[str]) -> str:
    stem = snake(path.name.partition(".")[0]) or "source"
    stem = f"source_{stem}" if stem[0].isdigit() or stem in ("true", "false", "null") else stem
    key = next(name for n in range(len(taken) + 1) if (name := f"{stem}_{n + 1}" if n else stem) not in taken)
    taken.add(key)
    return key


def _draft(found: Profile, known_events: Collection[str]) -> Iterator[str]:
    """The lines of one source."""
    yield f"files: {quoted(found.path.as_posix())}"
    if found.separator != ",":
        yield f"separator: {json.dumps(found.separator)}"
    if found.encoding != "utf-8":
        yield f"encoding: {found.encoding}{CONFIRM}"
    if found.nulls:
        yield f"nulls: {json.dumps(['', *found.nulls])}{CONFIRM}"
    shape = next((shape for shape in known_shapes() if shape.columns <= set(found.names)), None)
    if shape is not None:
        yield f"# {shape.what}, known by their columns"
        yield from shape.draft.splitlines()
    else:
        yield from guess_source(found, known_events)


def _made(draft: str, found: Profile) -> Iterator[str]:
    """The events a draft makes."""
    source = yaml.load(draft, Loader=yaml.BaseLoader)  # every scalar a text, as our own reader has it
    yield from source.get("events", {})
    yield from ([source["event"]] if "event" in source else [])
    if "name" in source:
        rename = source.get("rename", {})
        yield from (rename.get(raw, raw) for raw in found.column(str(source["name"])).distinct[:MOST_EVENTS])


def _plan(events: Sequence[str], known_events: Collection[str]) -> Iterator[str]:
    if not events:
        return
    lines = ["# Events the tracking plan does not name yet. Put them under `signals:` in journey.yaml and weigh them:"]
    for event in events:
        hint = did_you_mean(event, known_events)
        lines.append(f"#   {quoted(event)}: {{friction: 0, momentum: 0}}{CONFIRM}{';' if hint else ''}{hint}")
    yield "\n".join(lines)
