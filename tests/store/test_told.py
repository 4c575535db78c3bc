"""Customers and people by what was said of them: whatever comes first, and undone as it was."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import new_store

from cxcurve import tables
from cxcurve.sources import arrow_schema
from cxcurve.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "events.duckdb") as found:
        yield found


def tell(store: Store, *told: tuple[str, str, str, int, dict[str, Any]]) -> None:
    """Traits: message, kind, id, when, what."""
    rows = [
        {"trait_id": key, "id_kind": kind, "id": id_, "source": "web", "said_us": at, "recorded_us": at,
         "traits": json.dumps(traits)}
        for key, kind, id_, at, traits in told
    ]  # fmt: skip
    store.record_traits(pa.Table.from_pylist(rows, schema=arrow_schema(tables.TRAITS)))


def customers(store: Store, source: str, *rows: dict[str, Any]) -> None:
    full = [{"valid_from_us": 0, "attributes": "{}", **row} for row in rows]
    store.upsert_customers(pa.Table.from_pylist(full, schema=arrow_schema(tables.CUSTOMERS)), source)


def people(store: Store, source: str, *rows: dict[str, Any]) -> None:
    full = [{"consent": "{}", "attributes": "{}", **row} for row in rows]
    store.upsert_people(pa.Table.from_pylist(full, schema=arrow_schema(tables.PEOPLE)), source)


def link(store: Store, of: tuple[str, str], to: tuple[str, str], how: str = "identify") -> str:
    key = f"{how} {of} {to}"
    row = {"link_id": key, "how": how, "from_kind": of[0], "from_id": of[1], "to_kind": to[0], "to_id": to[1],
           "source": "web", "said_us": 1, "recorded_us": 1}  # fmt: skip
    store.record_links(pa.Table.from_pylist([row], schema=arrow_schema(tables.LINKS)))
    return key


def event(store: Store, id_: str, kind: str = "account") -> None:
    row = {"event_id": f"{kind} {id_}", f"{kind}_id": id_, "occurred_us": 10**15, "received_us": 10**15, "name": "used",
           "source": "web", "data_class": "observed", "properties": "{}"}  # fmt: skip
    store.append(pa.Table.from_pylist([row], schema=arrow_schema(tables.EVENTS)))


def known(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    return {
        name: store.rows(f"SELECT * FROM {name} ORDER BY ALL") for name in ("customers", "people")
    }  # fmt: skip


def test_what_a_group_call_tells_makes_rows_of_the_customer(store: Store) -> None:
    tell(store, ("m1", "account", "acme", 5, {"name": "Acme", "employees": 40}))
    tell(store, ("m2", "account", "acme", 9, {"plan": "pro"}))
    assert store.rows("SELECT valid_from_us, name, plan, attributes FROM customers ORDER BY 1") == [
        (5, "Acme", None, '{"employees":40}'), (9, "Acme", "pro", '{"employees":40}'),
    ]  # fmt: skip


def test_what_comes_late_comes_before_what_was_said_after_it(store: Store) -> None:
    tell(store, ("m2", "account", "acme", 9, {"plan": "pro"}))
    tell(store, ("m1", "account", "acme", 5, {"plan": "free"}))
    assert store.rows("SELECT valid_from_us, plan FROM customers ORDER BY 1") == [(5, "free"), (9, "pro")]


def test_a_row_that_is_loaded_anew_replaces_what_it_said(store: Store) -> None:
    customers(store, "crm", {"customer_id": "acme", "plan": "free"})
    tell(store, ("m1", "account", "acme", 9, {"seats": 4}))
    customers(store, "crm", {"customer_id": "acme", "plan": "pro"})
    assert store.rows("SELECT valid_from_us, plan, seats FROM customers ORDER BY 1") == [
        (0, "pro", None), (9, "pro", 4.0),
    ]  # fmt: skip


def test_seats_and_segments_are_news_and_other_traits_are_none(store: Store) -> None:
    for name in ("acme", "other"):
        event(store, name)
    store.execute("DELETE FROM touched")
    tell(store, ("m1", "account", "acme", 5, {"plan": "pro"}), ("m2", "account", "nobody", 5, {"seats": 3}))
    assert store.touched() == []
    tell(store, ("m3", "account", "acme", 7, {"seats": 12}))
    assert (store.touched(), store.touched_since()) == ([store.customer_key("acme")], 7)
    store.execute("DELETE FROM touched")
    tell(store, ("m4", "account", "acme", 8, {"plan": "free", "seats": 12}))
    assert store.touched() == [], "said again it is no news"


def test_a_person_belongs_to_the_account_of_his_group(store: Store) -> None:
    tell(store, ("m1", "person", "u", 5, {"title": "CTO", "email_hash": "77", "plan": "pro"}))
    link(store, ("person", "u"), ("account", "acme"), "group")
    found = store.rows("SELECT person_id, customer_id, role, email_hash, attributes FROM people")
    assert found == [("u", "acme", "CTO", "77", '{"plan":"pro","title":"CTO"}')]


def test_what_a_visitor_told_is_the_persons_and_undone_it_is_not(store: Store) -> None:
    tell(store, ("m1", "anonymous", "a", 5, {"role": "champion"}))
    assert known(store)["people"] == []
    tell(store, ("m2", "person", "u", 3, {"role": "user"}))
    before = known(store)
    key = link(store, ("anonymous", "a"), ("person", "u"))
    assert store.rows("SELECT person_id, role FROM people") == [("u", "champion")]
    store.undo_link(key, 9)
    assert known(store) == before


def test_a_person_of_two_ids_is_one_person(store: Store) -> None:
    people(store, "crm", {"person_id": "old", "customer_id": "acme", "role": "it"})
    tell(store, ("m1", "person", "new", 3, {"team": "red"}))
    link(store, ("person", "old"), ("person", "new"), "alias")
    assert store.rows("SELECT person_id, customer_id, role, attributes FROM people") == [
        ("new", "acme", "it", '{"team":"red"}')
    ]


def own(store: Store) -> list[tuple[Any, ...]]:
    return store.rows("SELECT customer_id, valid_from_us, plan, segment, attributes FROM customers ORDER BY ALL")


def test_a_person_without_an_account_tells_of_a_customer(store: Store) -> None:
    tell(store, ("m1", "person", "u", 5, {"plan": "free", "country": "DE"}))
    assert own(store) == [], "who did nothing is no customer"
    event(store, "u", "person")
    tell(store, ("m2", "person", "u", 9, {"segment": "student", "plan": "pro"}))
    assert own(store) == [("u", 5, "free", None, '{"country":"DE"}'), ("u", 9, "pro", "student", '{"country":"DE"}')]
    assert store.touched_since() == 9, "the segment is news from then on"


def test_what_makes_a_person_stays_with_the_person(store: Store) -> None:
    event(store, "u", "person")
    tell(store, ("m1", "person", "u", 5, {"name": "[name]", "email_hash": "77", "role": "user", "plan": "pro"}))
    assert store.rows("SELECT name, plan, attributes FROM customers") == [(None, "pro", "{}")]
    assert store.rows("SELECT role, email_hash FROM people") == [("user", "77")]


def test_what_a_person_told_goes_with_him_and_comes_back(store: Store) -> None:
    event(store, "a", "anonymous")
    event(store, "u", "person")
    tell(store, ("m1", "anonymous", "a", 3, {"plan": "free"}), ("m2", "person", "u", 5, {"segment": "student"}))
    alone = own(store)
    assert alone == [("a", 3, "free", None, "{}"), ("u", 5, None, "student", "{}")]
    visitor = link(store, ("anonymous", "a"), ("person", "u"))
    assert own(store) == [("u", 3, "free", None, "{}"), ("u", 5, "free", "student", "{}")]
    both = own(store)
    group = link(store, ("person", "u"), ("account", "acme"), "group")
    assert own(store) == [], "what an account is like only the account's calls and rows tell"
    store.undo_link(group, 9)
    assert own(store) == both
    store.undo_link(visitor, 9)
    assert own(store) == alone


def test_what_is_told_goes_by_the_name_whoever_comes_to_be_called_so(store: Store) -> None:
    event(store, "42", "person")
    tell(store, ("m1", "person", "42", 3, {"plan": "free"}))
    event(store, "42")
    assert own(store) == [("person:42", 3, "free", None, "{}")]


def test_of_who_is_erased_or_has_an_account_in_the_table_of_people_nothing_stays(store: Store) -> None:
    for name in "uv":
        event(store, name, "person")
        tell(store, (name, "person", name, 3, {"plan": "free"}))
    store.erase({("person", "u")}, 9)
    people(store, "crm", {"person_id": "v", "customer_id": "acme"})
    assert own(store) == []


TRAITS = st.dictionaries(
    st.sampled_from(["plan", "seats", "role", "tier", "$set_once"]),
    st.sampled_from(["x", 3, None, {"plan": "y", "role": "z"}]),
    min_size=1,
    max_size=2,
)
WHO = [("account", "x"), ("person", "u"), ("person", "v"), ("anonymous", "a")]
FILES, PLAN = st.sampled_from(["crm", "billing"]), st.sampled_from(["x", None])
SAID = st.one_of(
    st.tuples(st.just("trait"), st.sampled_from(WHO),
              st.integers(1, 4), TRAITS.map(lambda told: tuple(sorted(told.items())))),
    st.tuples(st.just("customer"), FILES, st.integers(0, 3), PLAN),
    st.tuples(st.just("event"), st.sampled_from(["account", "person", "anonymous"]), st.sampled_from(["u", "a"])),
    st.tuples(st.just("person"), FILES, st.sampled_from(["u", "v"]), st.sampled_from(["x", "y"])),
    st.tuples(st.just("link"), st.sampled_from([("anonymous", "a"), ("person", "v")]),
              st.sampled_from([("person", "u"), ("account", "x")]), st.just("identify")),
)  # fmt: skip


@settings(deadline=None, max_examples=6)
@given(
    st.lists(SAID, min_size=2, max_size=6, unique_by=lambda one: one[:3]),
    st.integers(1, 3),
    st.randoms(use_true_random=False),
)
def test_any_order_any_batches_any_repetition(said: list[Any], at_once: int, rng: random.Random) -> None:
    again = [*enumerate(said), *enumerate(said)]
    rng.shuffle(again)
    with new_store() as one, new_store() as other:
        for n, told in enumerate(said):
            say(one, [(n, told)])
        for start in range(0, len(again), at_once):
            say(other, again[start : start + at_once])
        assert known(one) == known(other)


def say(store: Store, said: list[tuple[int, Any]]) -> None:
    traits = [(f"m{n}", *told[1], told[2], dict(told[3])) for n, told in said if told[0] == "trait"]
    if traits:
        tell(store, *traits)
    for _, (what, *told) in said:
        if what == "customer":
            customers(store, told[0], {"customer_id": "x", "valid_from_us": told[1], "plan": told[2], "seats": 2.0})
        elif what == "person":
            people(store, told[0], {"person_id": told[1], "customer_id": told[2]})
        elif what == "event":
            event(store, told[1], told[0])
        elif what == "link":
            link(store, told[0], told[1])
