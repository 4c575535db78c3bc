"""A withdrawal rewrites what was worked out: every derived table is as if consent had never been given."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc
from persons import by_person, derived
from worlds import Company

from cxcurve import tables
from cxcurve.sources import arrow_schema
from cxcurve.workspace.workspace import Workspace

New = Callable[[pa.Table], Workspace]
LATE_US = 2**50
"""After everything that happened."""


def of_people(company: Company) -> pa.Table:
    """The company's events, those of every second customer by a person of it."""
    ids = company.events["account_id"].to_pylist()
    chosen = set(sorted(set(ids))[::2])
    person = pa.array([f"p-{id_}" if id_ in chosen else None for id_ in ids], pa.string())
    return company.events.set_column(company.events.schema.get_field_index("person_id"), "person_id", person)


def withdrawn(ids: list[str], us: int, kind: str = "person") -> pa.Table:
    rows = [
        {"consent_id": f"said {id_}", "id_kind": kind, "id": id_, "purpose": "analytics", "is_given": False,
         "said_us": us, "recorded_us": us, "source": "app"}
        for id_ in ids
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, schema=arrow_schema(tables.CONSENTS))


def test_withdrawn_every_table_is_as_if_it_had_never_been_allowed(company: Company, new_workspace: New) -> None:
    events = of_people(company)
    people = sorted(set(events["person_id"].drop_null().to_pylist()))[:9]
    withdrew = new_workspace(events)
    withdrew.score(full=True)
    before = derived(withdrew)
    withdrew.store.record_consents(withdrawn(people, LATE_US))
    withdrew.score()

    never = new_workspace(events.slice(0, 0))
    never.store.record_consents(withdrawn(people, LATE_US))
    never.store.append(events)
    never.score(full=True)
    without = new_workspace(events.filter(pc.invert(pc.is_in(events["person_id"], pa.array(people)))))
    without.score(full=True)

    found = derived(withdrew)
    assert [name for name, rows in found.items() if not rows] == ["season_weeks"]  # nothing has seasons so soon
    assert found["customer_weeks"] != before["customer_weeks"]
    assert found == derived(never)
    assert found == derived(without)


def test_withdrawn_as_a_visitor_who_turns_out_to_be_somebody(company: Company, new_workspace: New) -> None:
    """Either order of the withdrawal and the identify."""
    events = by_person(company.events, visitors=True)
    who = sorted(set(events["anonymous_id"].drop_null().to_pylist()))[:5]
    links = [
        {"link_id": id_, "how": "identify", "from_kind": "anonymous", "from_id": id_, "to_kind": "person",
         "to_id": id_.removeprefix("v-"), "source": "web", "said_us": 1, "recorded_us": 1}
        for id_ in who
    ]  # fmt: skip
    joined = pa.Table.from_pylist(links, schema=arrow_schema(tables.LINKS))
    first, second = new_workspace(events), new_workspace(events)
    first.score(full=True)
    first.store.record_consents(withdrawn(who, LATE_US, "anonymous"))
    first.score()
    first.store.record_links(joined)
    second.score(full=True)
    second.store.record_links(joined)
    second.store.record_consents(withdrawn(who, LATE_US, "anonymous"))
    for workspace in (first, second):
        workspace.score()
    assert derived(first) == derived(second)
    gone = {id_.removeprefix("v-") for id_ in who}
    assert not gone & {row[0] for row in derived(first)["customer_weeks"]}
