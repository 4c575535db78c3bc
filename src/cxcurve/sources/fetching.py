"""Reading a source that is a service: the pages of its connector to batches, each with the place to go on from."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
import pyarrow as pa

from cxcurve.errors import Problem, ProblemsError, Severity
from cxcurve.model.event_checks import EventCheck
from cxcurve.model.sources import Source
from cxcurve.sources.columns import register_of, used_columns, value_columns
from cxcurve.sources.connectors.contract import Connector, Page, Row, State
from cxcurve.sources.events import CUSTOMER, Plan
from cxcurve.sources.json_text import encoded
from cxcurve.sources.mapping import map_rows
from cxcurve.sources.personal import with_hashed_ids
from cxcurve.sources.refused import kept_refused
from cxcurve.sources.registers import column_for, map_register
from cxcurve.sources.rows import Batch, Refused, Rows, arrow_table, object_frame, row_ids
from cxcurve.sources.staged import REMOVED, stage_rows
from cxcurve.sources.values import read_texts
from cxcurve.tables import STAGED

ROWS_AT_ONCE = 5000
"""Rows kept in one transaction: after a kill at most so many are fetched again."""
ENOUGH_ROWS = 10
"""So many rows of which none has a column it had before: the column is gone, not merely empty."""


@dataclass(frozen=True)
class Fetched:
    """Rows fetched together.

    `state` is where to go on, to be kept together with the batch or not at all; `rows_read` are the names the
    quarantine would give the rows; `problems` are warnings.
    """

    batch: Batch
    state: str
    rows_read: frozenset[str]
    problems: tuple[Problem, ...] = field(default=())


def fetch_source(
    source: Source,
    connector: Connector,
    kept_state: str | None,
    *,
    received_us: int,
    known_events: Collection[str] | None = None,
    data_classes: Mapping[str, str] | None = None,
    checks: Mapping[str, EventCheck] | None = None,
    secret: bytes = b"",
) -> Iterator[Fetched]:
    """The rows of a service that came after `kept_state`, in batches of a few thousand.

    Args:
        source: what sources.yaml says. Where its mapping is another than the last time, everything is fetched anew.
        connector: where its rows come from.
        kept_state: the `state` of the last batch that was kept; None before the first.
        received_us: the time of receipt, microseconds UTC.
        known_events: names in the tracking plan; None takes every name.
        data_classes: the data class of each event name.
        checks: what the properties of an event may be, by its name.
        secret: the key of the hashes of personal fields; without it they are masked.

    Raises:
        ConnectError: the service cannot be reached, or refuses.
        ProblemsError: a column that the events rest on is gone; nothing of those rows is kept.
    """
    assert source.connect is not None
    plan = Plan(source, received_us, known_events, data_classes, checks or {}, secret=secret)
    mapping, columns, state = _opened(source, kept_state)
    for page in _gathered(connector.pages(source.connect.rows, state)):
        problems, columns = _checked_columns(source, page, columns)
        kept = json.dumps({"mapping": mapping, "columns": sorted(columns), "at": page.state}, default=str)
        rows, removed = _rows(source, page.rows), list(page.removed)
        names = frozenset([*rows.files, *(one.file for one in rows.refused)])
        yield Fetched(_with_removed(source, _mapped(plan, rows), removed), kept, names, tuple(problems))


def place(source: Source) -> str:
    """What messages call the rows: service and kind."""
    assert source.connect is not None
    return f"{source.connect.service} {source.connect.rows}"


def _opened(source: Source, kept_state: str | None) -> tuple[str, set[str], State]:
    mapping = hashlib.sha256(source.model_dump_json(exclude={"expected_gap"}).encode()).hexdigest()[:16]
    known = json.loads(kept_state) if kept_state else {}
    return (mapping, set(known["columns"]), known["at"]) if known.get("mapping") == mapping else (mapping, set(), {})


def _gathered(pages: Iterator[Page]) -> Iterator[Page]:
    """Small pages put together."""
    rows: list[Row] = []
    removed: list[Row] = []
    last: State | None = None
    for page in pages:
        rows += page.rows
        removed += page.removed
        last = page.state
        if len(rows) + len(removed) >= ROWS_AT_ONCE:
            yield Page(rows, last, removed)
            rows, removed, last = [], [], None
    if last is not None:
        yield Page(rows, last, removed)


def _checked_columns(source: Source, page: Page, known: set[str]) -> tuple[list[Problem], set[str]]:
    """Warnings, and the columns of the mapping seen so far; raises where one is gone that events rest on."""
    there = {name for row in page.rows for name in row}
    used = used_columns(source)
    gone = [name for name in used if page.rows and name not in there]
    needed = [name for name in gone if name in _needed(source)]
    if needed:
        raise ProblemsError([_gone(source, name, used[name], name in known, Severity.ERROR) for name in needed])
    lost = [name for name in gone if name in known and len(page.rows) >= ENOUGH_ROWS]
    warnings = [_gone(source, name, used[name], True, Severity.WARNING) for name in lost]
    return warnings, known | (there & used.keys())


def _needed(source: Source) -> set[str]:
    if source.table != "events":
        return {column_for(source, register_of(source).key[0])}
    customers = {column for role in CUSTOMER if (column := getattr(source, role))}
    found = {*source.id, *source.order, *(customers if len(customers) == 1 else ())}
    found |= {source.by} if source.by else set()
    is_timed = source.time is not None and not (source.events and all(rule.at for rule in source.events.values()))
    return found | ({source.time.column} if source.time is not None and is_timed else set())


def _gone(source: Source, name: str, role: str, was_there: bool, severity: Severity) -> Problem:
    what = "no longer have the" if was_there else "have no"
    why = "The service may have renamed it: look" if was_there else "Look"
    message = (
        f'the rows {what} column "{name}", which source "{source.key}" needs for {role}. {why} at its API and mend the '
        "source in sources.yaml"
    )
    return Problem(place(source), 0, message, severity)


def _rows(source: Source, raw: Sequence[Row]) -> Rows:
    """Raw rows as a frame; those with an object or a list where the mapping reads one value are refused."""
    single = value_columns(source)
    flaws = [_nested(row, single) for row in raw]
    good = [dict(row) for row, flaw in zip(raw, flaws, strict=True) if not flaw]
    names = _names(source, raw)
    refused = tuple(
        Refused(source.key, name, 0, 0, "row", flaw, encoded(dict(row)))
        for row, flaw, name in zip(raw, flaws, names, strict=True)
        if flaw
    )
    columns = dict.fromkeys(name for row in good for name, value in row.items() if not isinstance(value, Mapping))
    columns |= dict.fromkeys(name for name in source.properties if any(name in row for row in good))
    files = [name for name, flaw in zip(names, flaws, strict=True) if not flaw]
    return Rows(object_frame(good, columns), files, np.zeros(len(good), dtype=np.int64), refused)


def _nested(row: Row, single: Sequence[str]) -> str:
    for name in single:
        if isinstance(row.get(name), dict | list):
            kind = "a list" if isinstance(row[name], list) else "an object"
            return f"column {name} holds {kind}; expected one value. The service may have changed its answers"
    return ""


def _names(source: Source, raw: Sequence[Row]) -> list[str]:
    """What each row is called: by its id where it has one, else by what it says."""
    ids = [source.by] if source.by and not source.id else list(source.id)
    if not ids and source.table != "events":
        ids = [column_for(source, register_of(source).key[0])]
    return [f"{place(source)} {_name(row, ids)}" for row in raw]


def _name(row: Row, ids: Sequence[str]) -> str:
    values = [row.get(name) for name in ids]
    if values and not any(value is None or isinstance(value, Mapping | list) for value in values):
        return "/".join(map(str, values))
    return hashlib.sha256(encoded(dict(row)).encode()).hexdigest()[:16]


def _mapped(plan: Plan, rows: Rows) -> Batch:
    source = plan.source
    rows = with_hashed_ids(source, rows, plan.secret)
    if source.table != "events":
        return kept_refused(plan, map_register(plan, rows))
    if source.by:
        return kept_refused(plan, stage_rows(plan, rows, _row_ids(source, rows)))
    return kept_refused(plan, map_rows(plan, rows, None if source.id else _row_ids(source, rows)))


def _row_ids(source: Source, rows: Rows) -> list[str]:
    """A service's rows are known by their ids: one that is fetched again is the same row, whatever it says by now."""
    if source.id:
        frame = pd.DataFrame({name: read_texts(rows.frame[name]) for name in source.id if name in rows.frame})
    else:
        frame = rows.frame
    return [name.rpartition("-")[0] for name in row_ids(frame.astype(object), Counter())]


def _with_removed(source: Source, batch: Batch, removed: Sequence[Row]) -> Batch:
    """The batch with rows the service says are gone: they end the events of their key, and make none themselves."""
    if not removed:
        return batch
    if not source.by:
        return replace(batch, n_read=batch.n_read + len(removed), n_no_event=batch.n_no_event + len(removed))
    keys = [str(read_texts(pd.Series([row.get(source.by)], dtype=object)).iloc[0]) for row in removed]
    graves = pd.DataFrame({
        "source": source.key,
        "row_id": [f"{REMOVED} {key}" for key in keys],
        "row_key": keys,
        "file": place(source),
        "line": 0,
        "row": [encoded({REMOVED: True, **{name: row.get(name) for name in source.order}}) for row in removed],
    })  # fmt: skip
    assert batch.staged is not None
    staged = pa.concat_tables([batch.staged, arrow_table(STAGED, graves)], promote_options="default")
    return replace(batch, staged=staged, n_read=batch.n_read + len(removed), n_used=batch.n_used + len(removed))
