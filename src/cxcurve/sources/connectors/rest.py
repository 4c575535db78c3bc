"""The rows of a service with a REST API, page by page, as its YAML file says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from cxcurve.errors import ConnectError, UnknownNameError
from cxcurve.sources.connectors.client import Answer, Client, RefusedError, filled
from cxcurve.sources.connectors.contract import Page, SecretOf, State
from cxcurve.sources.connectors.exports import WALKS
from cxcurve.sources.connectors.flattening import column, inside
from cxcurve.sources.connectors.moments import earliest_us, moment_us, now_us, written
from cxcurve.sources.connectors.services import Changes, Rows, Service
from cxcurve.sources.connectors.shapes import Record, rows_of

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
            yield from WALKS[wanted.walk](self.client, wanted, state, now_us())
        elif wanted.changes is not None:
            yield from self._listed_then_changed(wanted, wanted.changes, state)
        else:
            yield from _run(self.client, wanted, state)

    def _listed_then_changed(self, wanted: Rows, changes: Changes, state: State) -> Iterator[Page]:
        """All records as they are, once; then what changed in them.

        In the middle of the list the state is `began`, when it was begun, and `listing`, the place in it.
        """
        at, now, reach_us = dict(state), now_us(), round((changes.days - 0.5) * 86400e6)
        began = at.get("began", now)
        if "listing" in at or at.get("newest", 0) < now - reach_us:
            for page in _run(self.client, wanted, at.get("listing", {}), _listed):
                # What is told of the time before the list was begun is history that the list does not have.
                at = {"began": began, "listing": page.state} if "next" in page.state else {"newest": began - reach_us}
                yield Page(page.rows, at, page.removed)
        told = Rows(
            path=changes.path, params=changes.params, list=changes.list, paginator=wanted.paginator,
            cursor=changes.cursor, shape=wanted.shape,
        )  # fmt: skip
        asked_from_here = "next" not in at
        for page in _run(self.client, told, at, lambda entry: _changed(entry, changes)):
            # Quiet weeks have no entries: how far we looked counts, not the last entry alone.
            is_done = asked_from_here and "next" not in page.state
            yield Page(page.rows, {"newest": now} if is_done else page.state, page.removed)


def _run(
    client: Client, wanted: Rows, state: State, prepared: Callable[[Record], Record] = lambda record: record
) -> Iterator[Page]:
    """The pages from where the last run was; from the run's beginning where the service has forgotten that page."""
    run = _Run(client, wanted, state, prepared)
    try:
        yield from run.pages(state.get("next"))
    except RefusedError as error:
        if "next" not in state or run.n_pages or error.status not in _FORGOTTEN:
            raise
        yield from run.pages(None)


def _listed(record: Record) -> Record:
    return {**record, "change_id": "listed", "changed_at": record.get("created")}


def _changed(entry: Record, changes: Changes) -> Record:
    record, previous = inside(entry, changes.record) or {}, inside(entry, changes.previous)
    return {**record, "change_id": entry.get("id"), "changed_at": entry.get("created"), "previous": previous}


class _Run:
    """One run over the pages: what was asked for, and how far it is."""

    def __init__(self, client: Client, wanted: Rows, state: State, prepared: Callable[[Record], Record]) -> None:
        self.client, self.wanted, self.prepared = client, wanted, prepared
        self.newest: int | None = state.get("newest")
        self.since: int = state["since"] if "next" in state else earliest_us(wanted.cursor, client.settings, state)
        self.n_pages = 0

    def pages(self, following: Mapping[str, Any] | None) -> Iterator[Page]:
        asked: Mapping[str, Any] | None = following or self._request(self.since)
        while asked is not None:
            request, asked = asked, None
            for answer in self.client.pages(
                request["path"], self.wanted.method, deepcopy(request["params"]), deepcopy(request["body"]),
                _plain(self.wanted.paginator), self.wanted.limits,
            ):  # fmt: skip
                records = self._records(answer)
                after = None if self._is_end(answer, records) else answer.following
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
            names |= {"since": written(since, self.wanted.cursor)}
        body = None if self.wanted.body is None else filled(self.wanted.body, names)
        return {"path": filled(self.wanted.path, names), "params": filled(self.wanted.params, names), "body": body}

    def _records(self, answer: Answer) -> list[Record]:
        found = inside(answer.body, self.wanted.list)
        if not isinstance(found, list) or any(not isinstance(one, Mapping) for one in found):
            label, place = self.client.service.label, self.wanted.list or "a list"
            raise ConnectError(
                f"{label}: the answer to {self.wanted.path} has no list `{place}`; its API may have changed. What was "
                "fetched before stays"
            )
        return found

    def _is_end(self, answer: Answer, records: Sequence[Record]) -> bool:
        if self.wanted.ends_empty and not records:
            return True
        return self.wanted.end is not None and bool(inside(answer.body, self.wanted.end))

    def _newest(self, records: list[Record]) -> int | None:
        """The latest cursor so far; a clock that is ahead must not make us skip what comes until then."""
        cursor = self.wanted.cursor
        if cursor is None:
            return None
        seen = [us for one in records if (us := moment_us(column(one, cursor.field), cursor.unit)) is not None]
        known = [] if self.newest is None else [self.newest]
        return min(max([*seen, *known], default=self.since), now_us())

    def _page(self, records: list[Record], following: Mapping[str, Any] | None) -> Page:
        rows = rows_of(self.wanted, [self.prepared(record) for record in records], self.client)
        condition = self.wanted.removed
        is_gone = [condition is not None and condition.holds(row) for row in rows]
        gone = [row for row, one in zip(rows, is_gone, strict=True) if one]
        kept = [row for row, one in zip(rows, is_gone, strict=True) if not one]
        state: dict[str, Any] = {} if self.newest is None else {"newest": self.newest}
        if following is not None:
            state |= {"since": self.since, "next": following}
        return Page(kept, state, gone)


def _plain(paginator: Mapping[str, Any] | str) -> Any:
    return dict(paginator) if isinstance(paginator, Mapping) else paginator
