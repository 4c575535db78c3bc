"""Connecting a service: what it needs, a look at what it gives, and its sources written into sources.yaml."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from cxcurve.errors import BadValueError, Problem, ProblemsError, UnknownNameError, clip
from cxcurve.model import Journey, Source, cross_check, read_sources
from cxcurve.model.starters import SOURCES_FILE
from cxcurve.sources import Fetched, derive_staged, fetch_source
from cxcurve.sources.connectors import Connector, Page, check_connect, open_connector
from cxcurve.sources.connectors.services import Service, service_named
from cxcurve.workspace.folder import errors_of

_EVENT = ("occurred_us", "name", "account_id", "person_id", "value", "amount", "text")


@dataclass(frozen=True)
class Look:
    """What the first page of a source came to, before anything is loaded."""

    source: Source
    n_rows: int
    events: tuple[Mapping[str, Any], ...]
    customers: tuple[Mapping[str, Any], ...]
    refused: tuple[str, ...]


def draft(service: str, rows: Sequence[str], name: str, settings: Mapping[str, str]) -> dict[str, str]:
    """The text of one source for each kind of rows, ready for sources.yaml.

    Args:
        service: its name.
        rows: which kinds of rows; none for all whose events the ready-made journeys have.
        name: how the sources are called: NAME_ROWS.
        settings: what stands beside the service, such as the sub-domain; no secrets.

    Raises:
        UnknownNameError: there is no such service, or it has no such rows.
    """
    known = service_named(service)
    for one in rows:
        if one not in known.sources:
            raise UnknownNameError(f"kind of rows of {known.label}", one, known.sources)
    chosen = rows or [one for one in known.sources if one not in known.unplanned]
    return {f"{name}_{one}": _text(f"{name}_{one}", service, one, known, settings) for one in chosen}


def parsed(texts: Iterable[str]) -> dict[str, Source]:
    """The sources that these texts are.

    Raises:
        ProblemsError: they cannot be read, such as for a secret among the settings.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / SOURCES_FILE
        path.write_text("\n".join(texts), encoding="utf-8")
        sources, problems = read_sources(path)
    if errors := errors_of(problems):
        raise ProblemsError(errors)
    return sources or {}


def unplanned(journey: Journey, text: str) -> list[str]:
    """The events a source makes that the journey's tracking plan does not name."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / SOURCES_FILE
        path.write_text(text, encoding="utf-8")
        return [problem.message for problem in cross_check(journey, parsed([text]), path)]


def look(source: Source, journey: Journey, received_us: int, *, most: int = 10) -> Look:
    """Ask for the first page of a source and map it; nothing is kept.

    Raises:
        ProblemsError: settings or secrets are missing, or the answer lacks columns.
        ConnectError: the service cannot be reached, or refuses.
    """
    assert source.connect is not None
    if problems := check_connect(source):
        raise ProblemsError(problems)
    first = _First(open_connector(source.connect))
    found = list(fetch_source(source, first, None, received_us=received_us, known_events=journey.signals.keys()))
    events = [event for one in found for event in _events(source, one, received_us, journey)]
    registers = [one for fetched in found for one in (fetched.batch.customers, fetched.batch.people) if one is not None]
    return Look(
        source,
        sum(one.batch.n_read for one in found),
        tuple({name: event[name] for name in _EVENT} for event in events[:most]),
        tuple(row for register in registers for row in register.to_pylist())[:most],
        tuple(dict.fromkeys(clip(one.reason) for fetched in found for one in fetched.batch.refused)),
    )


def add_sources(folder: Path, texts: Mapping[str, str]) -> None:
    """Write sources at the end of sources.yaml; all of them, or none where the file would have problems then.

    Raises:
        BadValueError: a source of that name is there already.
        ProblemsError: the file could not be read with them.
    """
    path = folder / SOURCES_FILE
    before = path.read_text(encoding="utf-8") if path.is_file() else ""
    there, problems = read_sources(path) if path.is_file() else ({}, list[Problem]())
    if errors := errors_of(problems):
        raise ProblemsError(errors)
    for name in texts:
        if name in (there or {}):
            raise BadValueError(f'{SOURCES_FILE}: has a source "{name}" already; give another name, or change that one')
    after = "\n".join([*([before.rstrip("\n"), ""] if before.strip() else []), *texts.values()])
    parsed([after])
    made = path.with_suffix(".yaml.new")
    made.write_text(after, encoding="utf-8")
    made.replace(path)


@dataclass(frozen=True)
class _First:
    """A connector that asks for no more than the first page with rows."""

    connector: Connector

    def pages(self, rows: str, state: Mapping[str, Any]) -> Iterator[Page]:
        return islice((page for page in self.connector.pages(rows, state) if page.rows), 1)


def _text(key: str, service: str, rows: str, known: Service, settings: Mapping[str, str]) -> str:
    beside = {"service": service, "rows": rows, **settings}
    inside = ", ".join(f"{name}: {json.dumps(value) if name in settings else value}" for name, value in beside.items())
    body = "\n".join(f"  {line}".rstrip() for line in known.sources[rows].splitlines())
    return f"{key}:                      # {known.label}; its API: {known.docs}\n  connect: {{{inside}}}\n{body}\n"


def _events(source: Source, fetched: Fetched, received_us: int, journey: Journey) -> list[dict[str, Any]]:
    events = fetched.batch.events
    if fetched.batch.staged is not None:
        events = derive_staged(
            source, fetched.batch.staged, received_us=received_us, known_events=journey.signals.keys()
        ).events
    found: list[dict[str, Any]] = events.to_pylist()
    return found
