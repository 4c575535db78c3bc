"""Services that give rows otherwise than by the page: by spans of days, and as files made to order."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any

from cxcurve.errors import ConnectError
from cxcurve.sources.connectors import patience
from cxcurve.sources.connectors.client import Client, filled
from cxcurve.sources.connectors.contract import Page, State
from cxcurve.sources.connectors.flattening import column, inside
from cxcurve.sources.connectors.moments import earliest_us, moment_us, written
from cxcurve.sources.connectors.services import Rows
from cxcurve.sources.connectors.shapes import Record, rows_of

ROWS_AT_ONCE = 5000
_POLL_SECONDS, _MOST_POLLS = 5.0, 720


@dataclass(frozen=True, slots=True)
class _Span:
    """Some days, both ends belonging to it."""

    first: date
    last: date

    @property
    def names(self) -> dict[str, Any]:
        """What a request may say of it."""
        start = datetime(self.first.year, self.first.month, self.first.day, tzinfo=UTC)
        return {
            "first_day": self.first.isoformat(),
            "last_day": self.last.isoformat(),
            "first_ms": round(start.timestamp() * 1000),
            "n_days": (self.last - self.first).days + 1,
        }

    def newest_us(self, now_us: int) -> int:
        """How far the days were looked at."""
        after = self.last + timedelta(days=1)
        return min(now_us, round(datetime(after.year, after.month, after.day, tzinfo=UTC).timestamp() * 1e6))


def days(client: Client, wanted: Rows, state: State, now_us: int) -> Iterator[Page]:
    """One answer for each span of days, up to today; today's rows come again until it is over."""
    for span in _spans(client, wanted, state, now_us):
        request = _request(client, wanted, span.names)
        answer = client.ask(request["path"], wanted.method, json=request["body"], params=request["params"])
        records = inside(answer, wanted.list)
        if not isinstance(records, list):
            raise ConnectError(f"{client.service.label}: the answer to {wanted.path} has no list `{wanted.list}`")
        yield Page(rows_of(wanted, records, client), {"newest": span.newest_us(now_us)})


def lines(client: Client, wanted: Rows, state: State, now_us: int) -> Iterator[Page]:
    """The same where an answer is one record a line, too many to hold at once."""
    for span in _spans(client, wanted, state, now_us):
        request = _request(client, wanted, span.names)
        with client.said():
            answer = client.send(
                request["path"], wanted.method, limits=wanted.limits, params=request["params"], stream=True
            )
            for some in _some(filter(None, answer.iter_lines()), ROWS_AT_ONCE):
                # A kill in the middle of a span begins the span anew.
                yield Page(rows_of(wanted, [_record(line) for line in some], client), dict(state))
        yield Page([], {"newest": span.newest_us(now_us)})


def job(client: Client, wanted: Rows, state: State, now_us: int) -> Iterator[Page]:
    """A file that is ordered, waited for and fetched: a zip with one JSON document."""
    assert wanted.cursor is not None
    since = {"since": written(earliest_us(wanted.cursor, client.settings, state), wanted.cursor)}
    request = _request(client, wanted, since)
    ordered = client.ask(request["path"], wanted.method, json=request["body"])
    file_id = _finished(client, request["path"], str(inside(ordered, "result.progressId")))
    packed = client.send(f"{request['path']}/{file_id}/file").content
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        records = inside(json.loads(archive.read(archive.namelist()[0])), wanted.list) or []
    newest = _newest(wanted, records, state, now_us)
    for some in _some(records, ROWS_AT_ONCE):
        yield Page(rows_of(wanted, some, client), dict(state))
    yield Page([], {"newest": newest} if newest else dict(state))


def _finished(client: Client, path: str, progress: str) -> str:
    for _ in range(_MOST_POLLS):
        result = inside(client.ask(f"{path}/{progress}"), "result") or {}
        if result.get("status") == "complete" and result.get("fileId"):
            return str(result["fileId"])
        if result.get("status") == "failed":
            raise ConnectError(f"{client.service.label}: could not make the file; try again later")
        patience.pause(_POLL_SECONDS)
    raise ConnectError(f"{client.service.label}: the file is not ready after an hour; try again later")


def _newest(wanted: Rows, records: Sequence[Record], state: State, now_us: int) -> int | None:
    assert wanted.cursor is not None
    cursor = wanted.cursor
    seen = [us for one in records if (us := moment_us(column(one, cursor.field), cursor.unit)) is not None]
    known = [state["newest"]] if state.get("newest") else []
    return min(max([*seen, *known]), now_us) if seen or known else None


def _spans(client: Client, wanted: Rows, state: State, now_us: int) -> Iterator[_Span]:
    first = datetime.fromtimestamp(earliest_us(wanted.cursor, client.settings, state) / 1e6, UTC).date()
    today = datetime.fromtimestamp(now_us / 1e6, UTC).date()
    while first <= today:
        last = min(today, first + timedelta(days=wanted.days_at_once - 1))
        yield _Span(first, last)
        first = last + timedelta(days=1)


def _request(client: Client, wanted: Rows, more: Mapping[str, Any]) -> dict[str, Any]:
    names = {**client.settings, **more}
    body = None if wanted.body is None else filled(wanted.body, names)
    return {"path": filled(wanted.path, names), "params": filled(wanted.params, names), "body": body}


def _some(entries: Iterable[Any], size: int) -> Iterator[list[Any]]:
    rest = iter(entries)
    while found := list(islice(rest, size)):
        yield found


def _record(line: bytes) -> Record:
    """The record of a line; what is none stays as it is, and is refused for naming nobody."""
    try:
        found = json.loads(line)
    except ValueError:
        found = None
    return found if isinstance(found, Mapping) else {"unreadable": line.decode(errors="replace")}


WALKS: dict[str, Callable[[Client, Rows, State, int], Iterator[Page]]] = {"days": days, "lines": lines, "job": job}
