"""The rows of a service with a REST API, page by page, as its YAML file says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import time_ns
from typing import Any

from cxcurve.errors import ConnectError, UnknownNameError
from cxcurve.sources.connectors.client import Answer, Client, RefusedError, filled
from cxcurve.sources.connectors.contract import Page, SecretOf, State
from cxcurve.sources.connectors.exports import WALKS
from cxcurve.sources.connectors.flattening import exploded, flat, inside
from cxcurve.sources.connectors.services import Cursor, Rows, Service
from cxcurve.sources.connectors.shapes import SHAPES

_FORGOTTEN = (400, 404, 410, 422)
"""What services answer when asked to go on from a page they no longer know."""


@dataclass
class RestConnector:
    """A connector (`contract.Connector`) for one account of a service."""

    service: Service
    settings: Mapping[str, str]
    secret_of: SecretOf = field(repr=False)

    def __post_init__(self) -> None:
        self.client = Client(self.service, self.settings, self.secret_of)

    def pages(self, rows: str, state: State) -> Iterator[Page]:
        """The pages of one kind of rows after `state`: `newest`, and in the middle of a run `since` and `next`.

        Raises:
            ConnectError: the service cannot be reached, refuses, or answers with what is no page of rows.
        """
        if rows not in self.service.rows:
            raise UnknownNameError("kind of rows", rows, self.service.rows)
        wanted = self.service.rows[rows]
        if wanted.walk != "pages":
            yield from WALKS[wanted.walk](self.client, wanted, state, _now_us())
            return
        run = _Run(self.client, wanted, state)
        try:
            yield from run.pages(state.get("next"))
        except RefusedError as error:
            if "next" not in state or run.n_pages or error.status not in _FORGOTTEN:
                raise
            yield from run.pages(None)


class _Run:
    """One run over the pages: what was asked for, and how far it is."""

    def __init__(self, client: Client, wanted: Rows, state: State) -> None:
        self.client, self.wanted = client, wanted
        cursor = wanted.cursor
        self.newest: int | None = state.get("newest")
        begin = None if self.newest is None or cursor is None else self.newest - round(cursor.overlap.seconds * 1e6)
        start = client.settings.get("since") or (cursor.start if cursor else "")
        first = _us(start, None) or 0
        self.since: int = state["since"] if "next" in state else max(first, begin or first)
        self.n_pages = 0

    def pages(self, following: Mapping[str, Any] | None) -> Iterator[Page]:
        asked: Mapping[str, Any] | None = following or self._request(self.since)
        while asked is not None:
            request, asked = asked, None
            for answer in self.client.pages(
                request["path"], self.wanted.method, request["params"], request["body"],
                _plain(self.wanted.paginator), self.wanted.limits,
            ):  # fmt: skip
                records = self._records(answer)
                after = None if self._is_end(answer) else answer.following
                before, self.newest = self.newest, self._newest(records)
                if after is not None and self.wanted.keyset and (self.newest or 0) > max(before or 0, self.since):
                    after = asked = self._request(self.newest or 0)
                self.n_pages += 1
                yield self._page(records, after)
                if asked is not None or after is None:
                    break

    def _request(self, since: int) -> dict[str, Any]:
        names: dict[str, Any] = dict(self.client.settings)
        if self.wanted.cursor:
            names |= {"since": _written(since, self.wanted.cursor)}
        body = None if self.wanted.body is None else filled(self.wanted.body, names)
        return {"path": filled(self.wanted.path, names), "params": filled(self.wanted.params, names), "body": body}

    def _records(self, answer: Answer) -> list[Mapping[str, Any]]:
        found = inside(answer.body, self.wanted.list)
        if not isinstance(found, list) or any(not isinstance(one, Mapping) for one in found):
            label, place = self.client.service.label, self.wanted.list or "a list"
            raise ConnectError(
                f"{label}: the answer to {self.wanted.path} has no list `{place}`; its API may have changed. What was "
                "fetched before stays"
            )
        return found

    def _is_end(self, answer: Answer) -> bool:
        return self.wanted.end is not None and bool(inside(answer.body, self.wanted.end))

    def _newest(self, records: list[Mapping[str, Any]]) -> int | None:
        """The latest cursor so far; a clock that is ahead must not make us skip what comes until then."""
        cursor = self.wanted.cursor
        if cursor is None:
            return None
        seen = [us for one in map(flat, records) if (us := _us(one.get(cursor.field), cursor.unit)) is not None]
        known = [] if self.newest is None else [self.newest]
        return min(max([*seen, *known], default=self.since), _now_us())

    def _page(self, records: list[Mapping[str, Any]], following: Mapping[str, Any] | None) -> Page:
        rows = rows_of(self.wanted, records, self.client)
        condition = self.wanted.removed
        is_gone = [condition is not None and condition.holds(row) for row in rows]
        gone = [row for row, one in zip(rows, is_gone, strict=True) if one]
        kept = [row for row, one in zip(rows, is_gone, strict=True) if not one]
        state: dict[str, Any] = {} if self.newest is None else {"newest": self.newest}
        if following is not None:
            state |= {"since": self.since, "next": following}
        return Page(kept, state, gone)


def rows_of(wanted: Rows, records: list[Mapping[str, Any]], client: Client) -> list[dict[str, Any]]:
    """Flat rows out of the records of an answer."""
    if wanted.shape:
        records = SHAPES[wanted.shape](records, client)
    if wanted.each:
        records = [one for record in records for one in exploded(record, wanted.each.list, wanted.each.keep)]
    return [flat(record) for record in records]


def _now_us() -> int:
    return time_ns() // 1000


def _us(value: Any, unit: str | None) -> int | None:
    """A cursor's value as microseconds; None where it cannot be read."""
    if value is None:
        return None
    try:
        if unit:
            return round(float(value) * (1e6 if unit == "s" else 1e3))
        moment = datetime.fromisoformat(str(value).replace("+0000", "+00:00"))
        return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1e6)
    except ValueError:
        return None


def _written(us: int, cursor: Cursor) -> str | int:
    moment = datetime.fromtimestamp(us / 1e6, UTC)
    match cursor.format:
        case "s":
            return us // 1_000_000
        case "ms":
            return us // 1000
        case "iso":
            return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
        case form:
            return moment.strftime(form)


def _plain(paginator: Mapping[str, Any] | str) -> Any:
    return dict(paginator) if isinstance(paginator, Mapping) else paginator
