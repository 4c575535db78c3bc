"""The contract of a connector as checks that anybody can run: `assert check_source(make, source) == []`.

A connector is asked for everything several times; give it a service of your own on loopback, or recorded answers.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from cxcurve.model.sources import Source
from cxcurve.sources.connectors.contract import Connector, Page, State
from cxcurve.sources.fetching import fetch_source
from cxcurve.sources.loading import derive_staged
from cxcurve.sources.rows import Batch

NOW_US = 4_000_000_000_000_000
"""Late enough for any event to have happened before it was received."""
_MOST_RESUMED = 20


def check_source(make: Callable[[], Connector], source: Source, *, secrets: Sequence[str] = ()) -> list[str]:
    """What of the contract a connector breaks; nothing where it keeps it.

    The same rows twice give nothing new; going on after any page gives all the rest; the order of the pages does not
    matter; no secret stands in a state, in a row or in the connector as text; every row is accounted for.

    Args:
        make: opens the connector anew each time. The rows of the service must not change meanwhile.
        source: a source with `connect:`, as in sources.yaml; its mapping makes the events that are compared.
        secrets: what the connector was given and must not show.
    """
    assert source.connect is not None
    rows = source.connect.rows
    pages = list(make().pages(rows, {}))
    flaws = [*_page_flaws(pages), *_secret_flaws(make(), pages, secrets)]
    if flaws or not pages:
        return flaws or ["it gives no page at all; without rows it still has to give one with the place to go on from"]
    whole = _made(source, pages)
    return [*whole.flaws, *_repeat_flaws(make, source, pages, whole), *_resume_flaws(make, source, pages, whole),
            *_shuffle_flaws(source, pages, whole)]  # fmt: skip


@dataclass
class _Made:
    """What pages come to: events by id, customers and people by key, and what was wrong on the way."""

    events: dict[str, Any] = field(default_factory=dict)
    flaws: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Recorded:
    """A connector that gives pages it was given."""

    given: Sequence[Page]

    def pages(self, rows: str, state: State) -> Iterator[Page]:
        yield from self.given


def _made(source: Source, pages: Sequence[Page]) -> _Made:
    made = _Made()
    staged: dict[str, Any] = {}
    for page in pages:  # each by itself, as if it came alone
        for fetched in fetch_source(source, _Recorded([page]), None, received_us=NOW_US):
            made.flaws += _count_flaws(fetched.batch)
            _keep(made, fetched.batch)
            if fetched.batch.staged is not None:
                staged |= {row["row_id"]: row for row in fetched.batch.staged.to_pylist()}
                schema = fetched.batch.staged.schema
    if staged:
        _keep(made, derive_staged(source, pa.Table.from_pylist(list(staged.values()), schema), received_us=NOW_US))
    return made


def _keep(made: _Made, batch: Batch) -> None:
    for event in batch.events.to_pylist():
        known = made.events.setdefault(event["event_id"], event)
        if known != event:
            made.flaws.append(
                f'event "{event["event_id"]}" says two things, of two rows with one id; name what changes in `id:`, or '
                "group rows by `by:`"
            )
    for register in (batch.customers, batch.people):
        if register is not None:
            key = register.column_names[0]
            made.events |= {f"{key} {row[key]}": row for row in register.to_pylist()}


def _count_flaws(batch: Batch) -> list[str]:
    refused = sum(one.kind == "row" for one in batch.refused)
    told = batch.n_used + batch.n_no_event + refused
    return [] if batch.n_read == told else [f"of {batch.n_read} rows {told} are accounted for"]


def _page_flaws(pages: Sequence[Page]) -> Iterator[str]:
    for number, page in enumerate(pages, 1):
        try:
            same = json.loads(json.dumps(page.state)) == page.state
        except (TypeError, ValueError):
            same = False
        if not same:
            yield f"the state of page {number} is no plain JSON; it must come back from the store as it was"
        for row in (*page.rows, *page.removed):
            if not isinstance(row, Mapping) or not all(isinstance(name, str) for name in row):
                yield f"page {number} has a row that is no mapping of columns to values"
                break


def _secret_flaws(connector: Connector, pages: Sequence[Page], secrets: Sequence[str]) -> Iterator[str]:
    texts = {"its repr": repr(connector), "its str": str(connector)}
    texts |= {f"the state of page {n}": repr(page.state) for n, page in enumerate(pages, 1)}
    texts |= {f"a row of page {n}": repr([*page.rows, *page.removed]) for n, page in enumerate(pages, 1)}
    for place, text in texts.items():
        if any(secret in text for secret in secrets if secret):
            yield f"{place} shows a secret"


def _repeat_flaws(make: Callable[[], Connector], source: Source, pages: Sequence[Page], whole: _Made) -> Iterator[str]:
    assert source.connect is not None
    for state, when in ((pages[-1].state, "going on after the end"), ({}, "reading all a second time")):
        again = _made(source, [*pages, *make().pages(source.connect.rows, state)])
        if new := _differences(again.events, whole.events):
            yield f"{when} gives what was not there: {new}"
        if lost := _differences(whole.events, again.events):
            yield f"{when} loses: {lost}"


def _resume_flaws(make: Callable[[], Connector], source: Source, pages: Sequence[Page], whole: _Made) -> Iterator[str]:
    assert source.connect is not None
    for n in range(1, min(len(pages), _MOST_RESUMED + 1)):
        kept = json.loads(json.dumps(pages[n - 1].state))
        resumed = _made(source, [*pages[:n], *make().pages(source.connect.rows, kept)])
        if lost := _differences(whole.events, resumed.events):
            yield f"going on after page {n} of {len(pages)} loses: {lost}"
        if new := _differences(resumed.events, whole.events):
            yield f"going on after page {n} of {len(pages)} gives what was not there: {new}"


def _shuffle_flaws(source: Source, pages: Sequence[Page], whole: _Made) -> Iterator[str]:
    orders = [list(reversed(pages)), random.Random(1).sample(list(pages), len(pages))]
    for order in orders:
        shuffled = _made(source, order)
        if shuffled.events != whole.events:
            differing = _differences(whole.events, shuffled.events) or _differences(shuffled.events, whole.events)
            yield f"pages in another order give something else: {differing}"
            return


def _differences(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> str:
    """A few of ours that theirs lacks or has otherwise."""
    found = [key for key, event in ours.items() if theirs.get(key) != event]
    return f"{', '.join(found[:3])}{' ...' if len(found) > 3 else ''} ({len(found)})" if found else ""
