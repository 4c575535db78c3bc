"""Reading a source from end to end: its files to batches of events, staged rows, customers or people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from cxcurve.errors import Problem, ProblemsError, Severity, did_you_mean
from cxcurve.model.event_checks import EventCheck
from cxcurve.model.sources import Source
from cxcurve.sources.columns import register_of, used_columns
from cxcurve.sources.connectors.opening import check_connect
from cxcurve.sources.events import Plan
from cxcurve.sources.files import Part, find_parts, size_on_disk
from cxcurve.sources.mapping import map_rows
from cxcurve.sources.personal import with_hashed_ids
from cxcurve.sources.reading import column_names, read_part
from cxcurve.sources.refused import kept_refused
from cxcurve.sources.registers import column_for, map_register
from cxcurve.sources.rows import Batch, Rows, row_ids
from cxcurve.sources.staged import derive_rows, stage_rows

Progress = Callable[[int, int], None]


def read_source(
    source: Source,
    folder: Path,
    *,
    received_us: int,
    known_events: Collection[str] | None = None,
    data_classes: Mapping[str, str] | None = None,
    checks: Mapping[str, EventCheck] | None = None,
    secret: bytes = b"",
    progress: Progress | None = None,
) -> Iterator[Batch]:
    """The files of `source` as batches of about 100,000 rows, in the order of files and rows.

    Args:
        source: what sources.yaml says.
        folder: the workspace its files are below.
        received_us: the time of receipt, microseconds UTC; events more than 24 h later are refused.
        known_events: names in the tracking plan; None takes every name.
        data_classes: the data class of each event name; "observed" where it has none.
        checks: what the properties of an event may be, by its name.
        secret: the key of the hashes of personal fields; without it they are masked.
        progress: hears the bytes read so far and the bytes in all (as they are on disk).

    Returns:
        Batches whose counts add up exactly. A source with `by` gives staged rows only: `derive_staged` makes
        its events. Customers and people come with the last row of each key of the batch.

    Raises:
        ProblemsError: a file is missing or has no usable header, or columns are not there; all at once, before
            the first batch.
    """
    parts, problems = _checked(source, folder)
    if any(problem.severity is Severity.ERROR for problem in problems):
        raise ProblemsError(problems)
    plan = Plan(source, received_us, known_events, data_classes, checks or {}, secret=secret)
    total, done = size_on_disk(parts), 0
    report = progress or (lambda done, total: None)
    for part in parts:
        seen: Counter[bytes] = Counter()
        for rows in read_part(source, part, lambda position, before=done: report(before + position, total)):  # type: ignore[misc]
            yield _mapped(replace(plan, is_text=part.format == "csv"), rows, seen)
        done += part.path.stat().st_size if part is _last_of(parts, part.path) else 0
        report(done, total)


def derive_staged(
    source: Source,
    staged: pa.Table,
    *,
    received_us: int,
    known_events: Collection[str] | None = None,
    data_classes: Mapping[str, str] | None = None,
    checks: Mapping[str, EventCheck] | None = None,
    secret: bytes = b"",
) -> Batch:
    """The events of a source with `by`, from all staged rows of the keys in question.

    Args:
        source: what sources.yaml says.
        staged: every row (`tables.STAGED`) of each key that was touched; their order does not matter.
        received_us: the time of receipt, microseconds UTC.
        known_events: names in the tracking plan; None takes every name.
        data_classes: the data class of each event name.
        checks: what the properties of an event may be, by its name; texts that read as numbers may be some.
        secret: the key of the hashes of personal fields.

    Returns:
        One batch: `n_read` are the staged rows, `n_used` those that made an event (`used_row_ids` names them).
    """
    plan = Plan(source, received_us, known_events, data_classes, checks or {}, is_text=True, secret=secret)
    return derive_rows(plan, staged)


def check_files(source: Source, folder: Path) -> list[Problem]:
    """What is wrong with the files of `source`, all at once, from their headers alone.

    Missing files, patterns without a match, damaged archives, headers with blank or double names, and columns
    that sources.yaml names and a file does not have (for JSON lines, where a key may be rare, a warning). Of a
    service: unknown names, and settings and secrets that are missing.
    """
    if source.connect is not None:
        return check_connect(source)
    return _checked(source, folder)[1]


def _checked(source: Source, folder: Path) -> tuple[list[Part], list[Problem]]:
    parts, problems = find_parts(source, folder)
    for part in parts:
        try:
            problems += _missing_columns(source, part)
        except ProblemsError as error:
            problems += error.problems
        except OSError as error:
            problems.append(Problem(part.name, 0, f"cannot be read: {error.strerror or error}"))
    return parts, problems


def _missing_columns(source: Source, part: Part) -> list[Problem]:
    there = column_names(source, part)
    severity = Severity.WARNING if part.format == "jsonl" else Severity.ERROR
    needed = dict(used_columns(source))
    if source.table != "events":
        key = register_of(source).key[0]
        needed.setdefault(column_for(source, key), key)
    wanted = f'which source "{source.key}" needs for'
    return [
        Problem(part.name, 1, f'has no column "{name}", {wanted} {role}.{did_you_mean(name, there)}', severity)
        for name, role in needed.items()
        if name not in there and (there or part.format != "jsonl")
    ]


def _mapped(plan: Plan, rows: Rows, seen: Counter[bytes]) -> Batch:
    source = plan.source
    rows = with_hashed_ids(source, rows, plan.secret)
    if source.table != "events":
        return kept_refused(plan, map_register(plan, rows))
    if source.by:
        return kept_refused(plan, stage_rows(plan, rows, row_ids(rows.frame, seen)))
    return kept_refused(plan, map_rows(plan, rows, None if source.id else row_ids(rows.frame, seen)))


def _last_of(parts: list[Part], path: Path) -> Part:
    return [part for part in parts if part.path == path][-1]
