"""Scores follow who is who: as if the ids had been one from the start, and back to the bit when it is undone."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
from persons import by_person, derived
from worlds import Company

from cxcurve import tables
from cxcurve.sources import arrow_schema
from cxcurve.workspace.workspace import Workspace

New = Callable[[pa.Table], Workspace]


def links(events: pa.Table) -> pa.Table:
    rows = [
        {"link_id": f"identify {id_}", "how": "identify", "from_kind": "anonymous", "from_id": f"v-{id_}",
         "to_kind": "person", "to_id": id_, "source": "web", "said_us": 1, "recorded_us": 1}
        for id_ in sorted(set(events["account_id"].to_pylist()))
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, schema=arrow_schema(tables.LINKS))


def test_events_before_the_identify_count_as_if_the_ids_had_been_one(company: Company, new_workspace: New) -> None:
    events = company.events
    one = new_workspace(by_person(events, visitors=False))
    two = new_workspace(by_person(events, visitors=True))
    two.score(full=True)
    two.store.record_links(links(events))
    for workspace in (one, two):
        workspace.score()
    assert len(derived(one)["customer_weeks"]) > 500
    assert derived(two) == derived(one)


def test_undone_every_derived_row_is_what_it_was(company: Company, new_workspace: New) -> None:
    workspace = new_workspace(by_person(company.events, visitors=True))
    workspace.score()
    before = derived(workspace)
    made = links(company.events).slice(0, 20)
    workspace.store.record_links(made)
    workspace.score()
    assert derived(workspace) != before
    for link_id in made["link_id"].to_pylist():
        workspace.store.undo_link(link_id, 9)
    workspace.score()
    assert derived(workspace) == before
