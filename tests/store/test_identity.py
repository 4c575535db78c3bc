"""Who is who in the store: events follow the statements, whatever order they come in, and follow back."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxcurve import tables
from cxcurve.errors import UnknownNameError
from cxcurve.sources import arrow_schema
from cxcurve.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "events.duckdb") as found:
        yield found


def event(
    id_: str, account: str | None = None, person: str | None = None, visitor: str | None = None
) -> dict[str, Any]:
    return {
        "event_id": id_, "account_id": account, "person_id": person, "anonymous_id": visitor, "occurred_us": 10**15,
        "received_us": 10**15, "name": "used", "source": "web", "data_class": "observed", "properties": "{}",
    }  # fmt: skip


def append(store: Store, *events: dict[str, Any]) -> None:
    store.append(pa.Table.from_pylist(list(events), schema=arrow_schema(tables.EVENTS)))


def link(of: str, to: str, how: str = "identify", at: int = 1) -> dict[str, Any]:
    """From "visitor a" to "person u"."""
    kinds = {"visitor": "anonymous"}
    (from_kind, from_id), (to_kind, to_id) = of.split(" "), to.split(" ")
    return {
        "link_id": f"{how} {of} {to}", "how": how, "from_kind": kinds.get(from_kind, from_kind), "from_id": from_id,
        "to_kind": kinds.get(to_kind, to_kind), "to_id": to_id, "source": "web", "said_us": at, "recorded_us": at,
    }  # fmt: skip


def record(store: Store, *links: dict[str, Any]) -> int:
    return store.record_links(pa.Table.from_pylist(list(links), schema=arrow_schema(tables.LINKS)))


def people(store: Store, **account_of: str) -> None:
    rows = [
        {"person_id": key, "customer_id": value, "consent": "{}", "attributes": "{}"}
        for key, value in account_of.items()
    ]
    store.upsert_people(pa.Table.from_pylist(rows, schema=arrow_schema(tables.PEOPLE)))


def customers(store: Store) -> dict[str, str]:
    return dict(store.rows("SELECT event_id, customer_id FROM events ORDER BY 1"))


def test_what_a_visitor_did_before_is_the_persons(store: Store) -> None:
    append(store, event("e1", visitor="a"), event("e2", person="u"))
    record(store, link("visitor a", "person u"))
    assert customers(store) == {"e1": "u", "e2": "u"}
    append(store, event("e3", visitor="a"))
    assert customers(store)["e3"] == "u"


def test_the_statement_may_come_before_the_events(store: Store) -> None:
    record(store, link("visitor a", "person u"), link("person u", "account acme", "group"))
    append(store, event("e1", visitor="a"), event("e2", person="u"), event("e3", person="u", account="other"))
    assert customers(store) == {"e1": "acme", "e2": "acme", "e3": "other"}


def test_the_table_of_people_moves_visitors_along(store: Store) -> None:
    append(store, event("e1", visitor="a"), event("e2", person="u"))
    record(store, link("visitor a", "person u"))
    people(store, u="acme")
    assert customers(store) == {"e1": "acme", "e2": "acme"}
    people(store, u="globex")
    assert customers(store) == {"e1": "globex", "e2": "globex"}


def test_a_shared_device_is_held_and_told(store: Store) -> None:
    append(store, event("e1", visitor="tablet"), event("e2", person="u"), event("e3", person="v"))
    record(store, link("visitor tablet", "person u"))
    record(store, link("visitor tablet", "person v"))
    assert customers(store) == {"e1": "tablet", "e2": "u", "e3": "v"}
    assert store.conflicts() == [(("anonymous", "tablet"), [("person", "u"), ("person", "v")])]
    record(store, link("visitor tablet", "person v", "decided", 9))
    assert customers(store)["e1"] == "v"
    assert store.conflicts() == []


def test_the_same_statement_counts_once_and_can_be_undone_once(store: Store) -> None:
    assert record(store, link("visitor a", "person u"), link("visitor a", "person u")) == 1
    assert record(store, link("visitor a", "person u")) == 0
    store.undo_link("identify visitor a person u", 5)
    with pytest.raises(UnknownNameError, match="link"):
        store.undo_link("identify visitor a person u", 6)
    assert store.rows("SELECT undone_us FROM links") == [(5,)]
    assert record(store, link("visitor a", "person u")) == 0, "sent again it stays undone"


def state(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    return {
        "events": store.rows("SELECT * FROM event_log ORDER BY event_id"),
        "customers": store.rows("SELECT * FROM customer_keys ORDER BY 1"),
        "identities": store.rows("SELECT * FROM identities ORDER BY ALL"),
    }


def test_undone_everything_is_as_it_was_to_the_bit(store: Store) -> None:
    append(store, event("e1", visitor="a"), event("e2", person="u"), event("e3", account="acme"))
    before = state(store)
    record(store, link("visitor a", "person u"), link("person u", "account acme", "group"))
    assert customers(store) == {"e1": "acme", "e2": "acme", "e3": "acme"}
    store.undo_link("group person u account acme", 5)
    assert customers(store) == {"e1": "u", "e2": "u", "e3": "acme"}
    store.undo_link("identify visitor a person u", 6)
    assert state(store) == before


def test_who_was_never_on_his_own_is_it_once_the_statement_is_undone(store: Store) -> None:
    record(store, link("visitor a", "person u"))
    append(store, event("e1", visitor="a"))
    assert customers(store) == {"e1": "u"}
    store.undo_link("identify visitor a person u", 5)
    assert customers(store) == {"e1": "a"}


def test_both_whose_events_move_are_scored_anew(store: Store) -> None:
    append(store, event("e1", visitor="a"), event("e2", person="u"))
    store.execute("DELETE FROM touched")
    record(store, link("visitor a", "person u"))
    keys = {store.customer_key("a"), store.customer_key("u")}
    assert set(store.touched()) == keys
    store.execute("DELETE FROM touched")
    append(store, event("e4", person="x"))
    store.execute("DELETE FROM touched")
    record(store, link("visitor nobody", "person x"))
    assert store.touched() == [], "whoever keeps his events keeps his scores"


def verified(person: str, hashed: str) -> dict[str, Any]:
    row = link(f"person {person}", f"email {hashed}", "verified")
    return row | {"link_id": f"crm/{person}/email {hashed}"}


def test_persons_of_one_verified_address_are_one_until_it_is_undone(store: Store) -> None:
    append(store, event("e1", person="u"), event("e2", person="v"), event("e3", person="w"))
    before = state(store)
    assert record(store, verified("u", "77"), verified("v", "77"), verified("w", "78")) == 3
    assert customers(store) == {"e1": "u", "e2": "u", "e3": "w"}
    append(store, event("e4", person="v"))
    assert customers(store)["e4"] == "u"
    people(store, v="acme")
    assert customers(store) == {"e1": "acme", "e2": "acme", "e3": "w", "e4": "acme"}
    people(store, v="acme2")
    assert set(customers(store).values()) == {"acme2", "w"}
    store.execute("DELETE FROM event_log WHERE event_id = 'e4'; DELETE FROM person_rows; DELETE FROM people")
    store.undo_link("crm/v/email 77", 5)
    assert customers(store) == {"e1": "u", "e2": "v", "e3": "w"}
    found = state(store)
    assert (found["events"], found["identities"]) == (before["events"], before["identities"])


def test_a_shared_address_joins_nobody(store: Store) -> None:
    append(store, *(event(f"e{name}", person=name) for name in "abcd"))
    record(store, *(verified(name, "info") for name in "abcd"))
    assert set(customers(store).values()) == set("abcd")
    assert store.conflicts() == [(("person", "a"), [("person", name) for name in "bcd"])]
    record(store, link("person a", "person a", "decided", 9))
    assert store.conflicts() == []


VISITORS, PERSONS, ACCOUNTS = ["1", "b"], ["u", "v", "1", "anonymous:1"], ["x", "1"]
STEPS = st.one_of(
    st.tuples(
        st.just("event"),
        st.sampled_from([*ACCOUNTS, None]),
        st.sampled_from([*PERSONS, None]),
        st.sampled_from(VISITORS),
    ),
    st.tuples(
        st.just("link"),
        st.sampled_from([f"visitor {one}" for one in VISITORS] + [f"person {one}" for one in PERSONS]),
        st.sampled_from([f"person {one}" for one in PERSONS] + [f"account {one}" for one in ACCOUNTS]),
        st.sampled_from(["identify", "decided"]),
    ),
    st.tuples(st.just("verified"), st.sampled_from(PERSONS), st.sampled_from(["77", "78"]), st.none()),
    st.tuples(st.just("people"), st.sampled_from(PERSONS), st.sampled_from(ACCOUNTS), st.none()),
)


@settings(deadline=None, max_examples=8)
@given(st.lists(STEPS, max_size=12), st.randoms(use_true_random=False))
def test_the_order_of_everything_is_irrelevant(steps: list[Any], rng: random.Random) -> None:
    """Who has which events, under which names."""
    told: dict[str, str] = {}
    unique = []
    for n, step in enumerate(dict.fromkeys(steps)):
        if step[0] == "people" and told.setdefault(step[1], step[2]) != step[2]:
            continue
        unique.append((n, step))
    shuffled = list(unique)
    rng.shuffle(shuffled)
    assert grouped(unique) == grouped(shuffled)


def grouped(steps: list[Any]) -> dict[str, str]:
    import tempfile

    with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "events.duckdb") as store:
        for n, (what, *said) in steps:
            if what == "event":
                append(store, event(f"e{n}", *said))
            elif what == "link":
                record(store, link(said[0], said[1], said[2], n))
            elif what == "verified":
                record(store, verified(said[0], said[1]))
            else:
                people(store, **{said[0]: said[1]})
        return customers(store)
