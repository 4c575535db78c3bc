"""Retention: what is old goes, and who is left with nothing goes with it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from cxcurve import tables
from cxcurve.sources import arrow_schema
from cxcurve.store import Store
from cxcurve.store.reports import all_reports, keep_report, note_sending, sendings

OLD, NEW = 10**15, 2 * 10**15


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "events.duckdb") as found:
        yield found


def rows_of(table: tables.Table, *rows: dict[str, Any]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=arrow_schema(table))


def append(store: Store, at_us: int, *who: dict[str, str]) -> None:
    said = {"occurred_us": at_us, "received_us": at_us, "name": "used", "source": "web", "data_class": "observed",
            "properties": "{}"}  # fmt: skip
    store.append(rows_of(tables.EVENTS, *({"event_id": f"{at_us} {one}", **said, **one} for one in who)))


def retire(store: Store) -> dict[str, int]:
    return store.retire({"used": NEW}, None)


def ids(store: Store) -> list[tuple[str, str]]:
    return [(kind, id_) for kind, id_ in store.rows("SELECT id_kind, id FROM identities ORDER BY ALL")]


def test_who_is_left_with_nothing_goes_and_who_did_something_since_stays(store: Store) -> None:
    append(store, OLD, {"person_id": "u"}, {"anonymous_id": "a"}, {"person_id": "v"}, {"account_id": "acme"})
    append(store, NEW, {"person_id": "v"})
    gone = [store.customer_key(name) for name in "ua"]
    assert retire(store) == {"events": 4, "identities": 2}
    assert ids(store) == [("account", "acme"), ("person", "v")]
    assert store.rows("SELECT customer_id FROM customer_keys ORDER BY 1") == [("acme",), ("v",)]
    assert {*gone} <= {*store.touched()}, "they are scored anew, as nobody"
    assert retire(store) == {}


def test_whom_anything_still_names_stays(store: Store) -> None:
    names = ["linked", "head", "told", "consents", "listed", "row", "nobody", "in an event of acme"]
    append(store, OLD, *({"person_id": name} for name in names))
    append(store, NEW, {"account_id": "acme", "person_id": "in an event of acme"})
    said = {"source": "web", "said_us": 1, "recorded_us": 1}
    store.record_links(rows_of(tables.LINKS, {
        "link_id": "l", "how": "alias", "from_kind": "person", "from_id": "linked", "to_kind": "person",
        "to_id": "head", **said}))  # fmt: skip
    store.undo_link("l", 5)
    told = {"trait_id": "t", "id_kind": "person", "id": "told", "traits": "{}", **said}
    store.record_traits(rows_of(tables.TRAITS, told))
    given = {"consent_id": "c", "id_kind": "person", "id": "consents", "purpose": "outreach", "is_given": True, **said}
    store.record_consents(rows_of(tables.CONSENTS, given))
    store.upsert_people(rows_of(tables.PEOPLE, {"person_id": "listed", "consent": "{}", "attributes": "{}"}), "crm")
    store.upsert_customers(
        rows_of(tables.CUSTOMERS, {"customer_id": "row", "valid_from_us": 0, "attributes": "{}"}), "crm"
    )
    assert retire(store)["identities"] == 1
    assert {id_ for _, id_ in ids(store)} == {*names, "acme"} - {"nobody"}


def test_the_name_of_who_is_gone_is_free(store: Store) -> None:
    append(store, OLD, {"person_id": "42"})
    append(store, NEW, {"anonymous_id": "42"})
    assert store.rows("SELECT customer_id FROM customer_keys ORDER BY 1") == [("42",), ("anonymous:42",)]
    retire(store)
    assert store.rows("SELECT customer_id FROM customer_keys") == [("42",)]
    append(store, NEW, {"person_id": "42"})
    assert store.rows("SELECT customer_id FROM customer_keys ORDER BY 1") == [("42",), ("anonymous:42",)]


def test_reports_older_than_that_go_with_what_is_written_of_their_sending(store: Store) -> None:
    story = {"stories": [{"customer_id": "acme", "name": "Acme"}]}
    keep_report(store, "2001-Q3", OLD, OLD, story)
    keep_report(store, "2033-Q2", NEW, NEW, story)
    for at_us in (OLD, NEW):
        note_sending(store, "board", f"at {at_us}", "mark", "sent", at_us)
    assert retire(store) == {}, "without a retention of their own they stay"
    assert store.retire({}, NEW) == {"reports": 1, "report_sends": 1}
    assert [one.period for one in all_reports(store)] == ["2033-Q2"]
    assert [one.period for one in sendings(store, "board")] == [f"at {NEW}"]
