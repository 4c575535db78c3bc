"""Reads the user's YAML files: frozen objects, or every problem at once with file and line."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from cxcurve.errors import Problem, Severity, did_you_mean
from cxcurve.model.destination_checks import check_destination, check_together
from cxcurve.model.destinations import Destination
from cxcurve.model.documents import Document, Loc, document_of, read_document
from cxcurve.model.journey import Journey
from cxcurve.model.journey_checks import check_journey
from cxcurve.model.source_checks import check_source
from cxcurve.model.sources import Source
from cxcurve.model.subscription_checks import check_subscription
from cxcurve.model.subscriptions import Subscription
from cxcurve.model.wording import Finding, findings_of, problems_of

Model = TypeVar("Model", bound=BaseModel)


def read_journey(path: Path) -> tuple[Journey | None, list[Problem]]:
    """The journey of a file, its defaults filled in; None where a problem is an error.

    Parts that cannot be read are left out and the rest is still checked, so that one run tells everything.
    """
    return _journey(*read_document(path))


def journey_of(file: str, text: str) -> tuple[Journey | None, list[Problem]]:
    """The same of the text of a file, which need not be written anywhere."""
    return _journey(*document_of(file, text))


def _journey(document: Document | None, problems: list[Problem]) -> tuple[Journey | None, list[Problem]]:
    if document is None:
        return None, problems
    if not isinstance(document.value, dict):
        return None, [*problems, _no_mapping(document, '"journey", "stages" and "signals"')]
    written = {key: value for key, value in document.value.items() if value is not None}
    journey, findings = _read(Journey, written)
    if journey is not None and journey.stages:
        findings += check_journey(journey, _keys(written.get("signals")))
    elif journey is not None and "stages" in written:
        findings.append(Finding(("stages",), "stages: expected at least one stage"))
    problems = sorted(problems + problems_of(document, findings))
    return (None if _has_errors(problems) else journey), problems


def read_sources(path: Path) -> tuple[dict[str, Source] | None, list[Problem]]:
    """The sources of a file by key; None where a problem is an error. A file with comments only has none."""
    return _named(path, Source, "source", check_source)


def read_destinations(path: Path) -> tuple[dict[str, Destination] | None, list[Problem]]:
    """The destinations of a file by key; None where a problem is an error. No file is none of them."""
    return _named(path, Destination, "destination", check_destination, check_together) if path.exists() else ({}, [])


def read_subscriptions(path: Path) -> tuple[dict[str, Subscription] | None, list[Problem]]:
    """Who is sent reports, by key; None where a problem is an error. No file is nobody."""
    return _named(path, Subscription, "subscription", check_subscription) if path.exists() else ({}, [])


def _named(
    path: Path, model: type[Model], noun: str, check: Callable[[str, Model], Iterable[Finding]],
    check_all: Callable[[dict[str, Model]], Iterable[Finding]] = lambda _: (),
) -> tuple[dict[str, Model] | None, list[Problem]]:  # fmt: skip
    """Objects by the name that the file gives each."""
    document, problems = read_document(path)
    if document is None or document.value is None:
        return (None if problems else {}), problems
    if not isinstance(document.value, dict):
        return None, [*problems, _no_mapping(document, f"a name for each {noun}")]
    made, findings = dict[str, Model](), list[Finding]()
    for key, value in document.value.items():
        one, found = _read(model, value, (key,))
        findings += found
        if one is not None:
            made[key] = one.model_copy(update={"key": key})
            findings += check(key, one)
    findings += check_all(made)
    problems = sorted(problems + problems_of(document, findings))
    return (None if _has_errors(problems) else made), problems


def cross_check(journey: Journey, sources: Mapping[str, Source], path: Path) -> list[Problem]:
    """Events the sources make that the journey's tracking plan does not name.

    Args:
        journey: the journey.
        sources: the sources as read.
        path: the file the sources were read from, for its lines.
    """
    document, problems = read_document(path)
    if document is None:
        return problems
    return problems_of(document, [f for key, source in sources.items() for f in _unplanned(journey, key, source)])


def _unplanned(journey: Journey, key: str, source: Source) -> Iterator[Finding]:
    made: dict[Loc, str] = {(key, "events", event): event for event in source.events}
    made |= {(key, "rename", raw): event for raw, event in source.rename.items()}
    made |= {(key, "event"): source.event} if source.event else {}
    for loc, event in made.items():
        if event not in journey.signals:
            hint = did_you_mean(event, journey.signals)
            message = f'source "{key}" makes event "{event}", which the tracking plan does not name.{hint}'
            yield Finding(loc, message)


def _no_mapping(document: Document, expected: str) -> Problem:
    if document.value is None:
        return Problem(document.file, 1, f"the file is empty; expected {expected}")
    found = "a list" if isinstance(document.value, list) else "one value"
    return Problem(document.file, document.line(()), f"expected {expected} as keys, found {found}")


def _keys(value: Any) -> Collection[str]:
    return tuple(value) if isinstance(value, dict) else ()


def _has_errors(problems: list[Problem]) -> bool:
    return any(problem.severity is Severity.ERROR for problem in problems)


def _read(model: type[Model], value: Any, top: Loc = ()) -> tuple[Model | None, list[Finding]]:
    """The object as far as it can be read, and everything wrong with the values themselves."""
    try:
        return model.model_validate(value), []
    except ValidationError as error:
        findings = findings_of(error, model, value, top)
    try:
        return model.model_validate(_without(value, [finding.loc[len(top) :] for finding in findings])), findings
    except ValidationError:
        return None, findings


def _without(value: Any, locs: list[Loc]) -> Any:
    """`value` without the places in `locs`."""
    value = copy.deepcopy(value)
    for loc in locs:
        _drop(value, loc)
    return value


def _drop(value: Any, loc: Loc) -> None:
    """Take out what is at `loc`, and what cannot stand without it. Stages keep their position, nameless."""
    above = functools.reduce(_inside, loc[:-1], value)
    if isinstance(above, dict) and loc[-1:] and (loc[-1] in above or len(loc) == 1):
        above.pop(loc[-1], None)
        value |= {"journey": ""} if loc == ("journey",) else {}
    elif isinstance(above, list) and loc[0] == "stages" and len(loc) == 2:
        above[int(loc[1])] = ""
    elif loc:
        _drop(value, loc[:-1])


def _inside(value: Any, step: str | int) -> Any:
    if isinstance(value, dict):
        return value.get(step)
    return value[int(step)] if isinstance(value, list) else None
