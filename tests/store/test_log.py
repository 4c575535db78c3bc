"""The log: every event once, conflicts kept aside, people moved to their account, order without meaning."""

from __future__ import annotations

import itertools
import json
import random
import re
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import Event, changed, derived, new_store, random_log, scored, table, us

from cxcurve import tables
from cxcurve.sources import arrow_schema
from cxcurve.store import Appended, Store

EVENTS = random_log(random.Random(1), 60)
AS_OF = us("2025-05-14")


@pytest.fixture
def store() -> Iterator[Store]:
    with new_store() as made:
        yield made


def log_of(store: Store) -> list[tuple[Any, ...]]:
    names = ", ".join(tables.EVENTS.column_names)
    return sorted(store.rows(f"SELECT {names}, customer_id FROM events"), key=repr)


def conflicts(store: Store) -> list[dict[str, Any]]:
    names = ("source", "file", "line", "ordinal", "kind", "reason", "row", "seen_us")
    rows = store.rows(f"SELECT {', '.join(names)} FROM quarantine WHERE kind = 'conflict' ORDER BY row")
    return [dict(zip(names, row, strict=True)) for row in rows]


def test_appending_again_changes_nothing(store: Store) -> None:
    assert store.append(table(EVENTS)) == Appended(loaded=60)
    before = log_of(store)
    store.execute("DELETE FROM touched")
    at = tables.EVENTS.column_names.index("received_us")
    again = table(EVENTS).set_column(at, "received_us", pa.array([AS_OF] * 60, pa.int64()))
    assert store.append(again) == Appended(duplicate=60), "when it was received is no part of what happened"
    assert log_of(store) == before
    assert store.touched() == []
    assert conflicts(store) == []


def test_twins_and_conflicts_within_one_batch(store: Store) -> None:
    one = EVENTS[0]
    other = changed(one, name="demo")
    assert store.append(table([one, one, other, one, other])) == Appended(loaded=1, duplicate=2, conflict=2)
    assert [row[tables.EVENTS.column_names.index("name")] for row in log_of(store)] == [one.name]
    assert len(conflicts(store)) == 1, "the same contradiction is kept once"


def test_conflicts_across_batches_are_kept_whole(store: Store) -> None:
    store.append(table(EVENTS))
    before = log_of(store)
    store.execute("DELETE FROM touched")
    wrong = [changed(EVENTS[0], value=3.5), changed(EVENTS[0], value=4.5), changed(EVENTS[1], customer="somebody else")]
    assert store.append(table(wrong)) == Appended(conflict=3)
    assert store.append(table(wrong)) == Appended(conflict=3)
    assert log_of(store) == before
    assert store.touched() == [], "what was refused touches nobody"
    kept = conflicts(store)
    assert sorted(json.loads(row["row"])["account_id"] for row in kept) == sorted(e.customer for e in wrong)
    assert {json.loads(row["row"])["value"] for row in kept} == {3.5, 4.5, EVENTS[1].value}
    for row in kept:
        said = json.loads(row["row"])
        assert said.keys() == set(tables.EVENTS.column_names), "nothing of the event is lost"
        assert row["reason"] == (
            f'event "{said["event_id"]}" is in the log already with another body; the first one was kept. '
            "Give the changed event an id of its own, or mend the source"
        )
        assert row["source"] == EVENTS[0].source


def test_two_sources_that_number_their_events_alike(store: Store) -> None:
    store.append(from_source("shop", EVENTS[:3]))
    assert store.append(from_source("desk", [*EVENTS[:2], EVENTS[3]])) == Appended(loaded=1, conflict=2)
    assert len(log_of(store)) == 4
    said = conflicts(store)
    assert [row["source"] for row in said] == ["desk", "desk"]
    assert said[0]["reason"] == (
        'event "e0000" is in the log already, from source "shop"; that one was kept. If the two sources number their '
        'events alike, give "desk" a second column in sources.yaml, `id: [COLUMN, ANOTHER]`: its ids are then desk / '
        "event name / both columns. What it loaded before has its old ids and would count twice: load everything "
        "into a new workspace"
    )


def test_a_source_against_itself_is_told_otherwise(store: Store) -> None:
    store.append(from_source("shop", EVENTS[:1]))
    store.append(from_source("shop", [changed(EVENTS[0], value=3.5)]))
    assert "mend the source" in conflicts(store)[0]["reason"]


@settings(max_examples=12)
@given(st.lists(st.integers(0, 5), min_size=1, max_size=12), st.randoms(use_true_random=False))
def test_both_sides_add_up_whatever_comes(sizes: list[int], rng: random.Random) -> None:
    pool = [*EVENTS[:12], *(changed(event, value=99.0) for event in EVENTS[:12])]
    with new_store() as store:
        total = Appended()
        for size in sizes:
            batch = rng.choices(pool, k=size)
            found = store.append(table(batch))
            assert found.loaded + found.duplicate + found.conflict == size
            total += found
        log = log_of(store)
        assert len(log) == total.loaded == len({row[0] for row in log})


def test_a_person_moves_to_the_account_that_is_named_later(store: Store) -> None:
    alone = [changed(event, person="p9") for event in EVENTS[:6]]
    rows = table(alone).to_pylist()
    nobody = pa.Table.from_pylist([row | {"account_id": None} for row in rows], schema=arrow_schema(tables.EVENTS))
    store.append(nobody)
    store.append(table(EVENTS[6:]))
    assert {row[-1] for row in log_of(store) if row[2] == "p9"} == {"p9"}
    store.execute("DELETE FROM touched")
    account = EVENTS[6].customer
    people = [{"person_id": "p9", "customer_id": account, "consent": "{}", "attributes": "{}"}]
    store.upsert_people(pa.Table.from_pylist(people, schema=arrow_schema(tables.PEOPLE)))
    assert {row[-1] for row in log_of(store) if row[2] == "p9"} == {account}
    assert set(store.touched()) == {store.customer_key("p9"), store.customer_key(account)}
    later = [row | {"event_id": f"later-{row['event_id']}"} for row in nobody.to_pylist()]
    store.append(pa.Table.from_pylist(later, schema=nobody.schema))
    assert {row[-1] for row in log_of(store) if row[2] == "p9"} == {account}, "what comes later goes there at once"


def test_an_account_and_a_person_of_the_same_id_are_two_customers(store: Store) -> None:
    rows = table(EVENTS[:2]).to_pylist()
    account, person = rows[0] | {"account_id": "42"}, rows[1] | {"account_id": None, "person_id": "42"}
    for rows in ([person], [account], [account | {"event_id": "x"}, person | {"event_id": "y"}]):
        store.append(pa.Table.from_pylist(rows, schema=arrow_schema(tables.EVENTS)))
    assert {row[-1] for row in log_of(store) if row[1] == "42"} == {"42"}, "the account keeps its own id"
    assert {row[-1] for row in log_of(store) if row[1] is None} == {"person:42"}


def test_people_of_an_account_do_not_join_a_person_of_its_id(store: Store) -> None:
    rows = [row | {"account_id": None} for row in table(EVENTS[:2]).to_pylist()]
    store.append(
        pa.Table.from_pylist(
            [rows[0] | {"person_id": "42"}, rows[1] | {"person_id": "7"}], schema=arrow_schema(tables.EVENTS)
        )
    )
    people = [{"person_id": "7", "customer_id": "42", "consent": "{}", "attributes": "{}"}]
    store.upsert_people(pa.Table.from_pylist(people, schema=arrow_schema(tables.PEOPLE)))
    assert sorted((row[2], row[-1]) for row in log_of(store)) == [("42", "person:42"), ("7", "42")]


def test_a_person_who_is_the_account_stays_with_it(store: Store) -> None:
    rows = table(EVENTS[:2]).to_pylist()
    people = [{"person_id": "42", "customer_id": "42", "consent": "{}", "attributes": "{}"}]
    store.upsert_people(pa.Table.from_pylist(people, schema=arrow_schema(tables.PEOPLE)))
    store.append(
        pa.Table.from_pylist([rows[0] | {"account_id": None, "person_id": "42"}], schema=arrow_schema(tables.EVENTS))
    )
    store.append(pa.Table.from_pylist([rows[1] | {"account_id": "42"}], schema=arrow_schema(tables.EVENTS)))
    assert {row[-1] for row in log_of(store)} == {"42"}


KINDS = ("account", "person", "anonymous")
IDS = ("42", "person:42", "anonymous:42", "person:person:42", "anonymous:person:42", "7")
Who = tuple[str, str]


def events_of(whos: list[Who], first: int = 0) -> pa.Table:
    """One event of each, numbered from `first`."""
    rows = [
        {**row, "account_id": None, "person_id": None, f"{kind}_id": name, "event_id": f"e{first + n}"}
        for n, (row, (kind, name)) in enumerate(zip(table(EVENTS[:1]).to_pylist() * len(whos), whos, strict=True))
    ]
    return pa.Table.from_pylist(rows, schema=arrow_schema(tables.EVENTS))


def people_of(rows: list[tuple[str, str | None]]) -> pa.Table:
    """Persons with their accounts."""
    made = [{"person_id": one, "customer_id": account, "consent": "{}", "attributes": "{}"} for one, account in rows]
    return pa.Table.from_pylist(made, schema=arrow_schema(tables.PEOPLE))


def empty(store: Store) -> None:
    """As if nothing had been loaded; a store of its own for every example would take longer than the rest."""
    for name in ("event_log", "identities", "customer_keys", "people", "person_rows"):
        store.execute(f"DELETE FROM {name}")


def owners(store: Store) -> dict[Who, set[str]]:
    """The customers that hold the events of each account, person and visitor."""
    found: dict[Who, set[str]] = {}
    for row in log_of(store):
        ids = zip(KINDS, row[1:4], strict=True)
        found.setdefault(next((kind, name) for kind, name in ids if name is not None), set()).add(row[-1])
    return found


def check_owners(store: Store, whos: list[Who], people: dict[str, str]) -> None:
    """Everybody the people table does not join is a customer of their own; accounts have their own id."""
    assert len(log_of(store)) == len(whos)
    found = owners(store)
    assert all(len(names) == 1 for names in found.values()), found
    meant = {who: ("account", people[who[1]]) if who[0] == "person" and who[1] in people else who for who in whos}
    named = {owner: names for who, owner in meant.items() for names in [found[who]]}
    assert all(found[who] == named[owner] for who, owner in meant.items()), found
    assert len({name for names in named.values() for name in names}) == len(named), found
    for (kind, one), (name,) in named.items():
        is_right = name == one if kind == "account" else re.fullmatch(f"({kind}:)*{re.escape(one)}", name)
        assert is_right, (kind, one, name)


loads = st.lists(
    st.one_of(
        st.lists(st.tuples(st.sampled_from(KINDS), st.sampled_from(IDS)), min_size=1, max_size=8),
        st.dictionaries(st.sampled_from(IDS), st.sampled_from(IDS), min_size=1, max_size=3),
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=30)
@given(loads)
def test_nobody_becomes_somebody_else(store: Store, loads: list[list[Who] | dict[str, str]]) -> None:
    empty(store)
    whos: list[Who] = []
    people: dict[str, str] = {}
    for load in loads:
        if isinstance(load, dict):
            store.upsert_people(people_of(list(load.items())))
            people |= load
        else:
            store.append(events_of(load, len(whos)))
            whos += load
        check_owners(store, whos, people)


@settings(max_examples=12)
@given(loads, st.randoms(use_true_random=False))
def test_names_are_the_same_in_any_order(store: Store, loads: list[list[Who] | dict[str, str]], rng: Any) -> None:
    people: dict[str, str] = {}
    for load in loads:
        people |= {who: account for who, account in load.items() if who not in people} if isinstance(load, dict) else {}
    once = [{one: people[one]} for one in people] + [[who] for load in loads if isinstance(load, list) for who in load]
    found = []
    for _ in range(2):
        empty(store)
        for n, load in enumerate(once):
            if isinstance(load, dict):
                store.upsert_people(people_of(list(load.items())))
            else:
                store.append(events_of(load, 100 * n))
        found.append(owners(store))
        rng.shuffle(once)
    assert found[0] == found[1]


def test_an_account_called_like_a_renamed_person(store: Store) -> None:
    """Whichever comes first."""
    whos = [("person", "42"), ("account", "42"), ("account", "person:42"), ("anonymous", "person:42")]
    for order in itertools.permutations(whos):
        for n, who in enumerate(order):
            store.append(events_of([who], n))
        check_owners(store, list(order), {})
        empty(store)
    store.append(events_of(whos))
    assert owners(store) == {
        ("account", "42"): {"42"},
        ("account", "person:42"): {"person:42"},
        ("person", "42"): {"person:person:42"},
        ("anonymous", "person:42"): {"anonymous:person:42"},
    }


def test_a_visitor_is_not_the_account_of_a_person_of_the_same_id(store: Store) -> None:
    store.append(events_of([("anonymous", "42"), ("person", "42")]))
    store.upsert_people(people_of([("42", "42")]))
    assert owners(store) == {("person", "42"): {"42"}, ("anonymous", "42"): {"anonymous:42"}}


def test_whoever_is_renamed_is_scored_anew(store: Store) -> None:
    """Attributes go by the name."""
    store.append(events_of([("person", "42"), ("person", "7")]))
    person = store.customer_key("42")
    store.execute("DELETE FROM touched")
    store.append(events_of([("account", "42")], 2))
    assert store.touched() == [person, store.customer_key("42")]


def test_a_refused_event_makes_no_customer(store: Store) -> None:
    store.append(events_of([("account", "42")]))
    assert store.append(events_of([("account", "43")])) == Appended(conflict=1)
    assert store.customer_key("43") is None


def test_odd_ids_survive(store: Store) -> None:
    odd = ['O\'Hara & "Sons"', "naïve ☃ 🙂", "a b\tc", "x" * 10_000, "%_;--", "NULL"]
    store.append(table([changed(EVENTS[0], event_id=f"{name}!", customer=name) for name in odd]))
    assert sorted({row[-1] for row in log_of(store)}) == sorted(odd)
    assert all(store.customer_key(name) is not None for name in odd)


def test_compaction_changes_nothing_but_the_order(store: Store) -> None:
    for event in random.Random(2).sample(EVENTS, 30):
        store.append(table([event]))
    before, scores = log_of(store), derived(scored(store, AS_OF))
    store.compact()
    assert log_of(store) == before
    assert derived(scored(store, AS_OF)) == scores
    rows = store.rows("SELECT customer_key, occurred_us FROM event_log ORDER BY rowid")
    assert rows == sorted(rows)


def staged_rows(keys: dict[str, list[str]]) -> pa.Table:
    rows = [
        {"source": "tickets", "row_id": f"{key}-{text}", "row_key": key, "file": "t.csv", "line": 1, "row": text}
        for key, texts in keys.items()
        for text in texts
    ]
    return pa.Table.from_pylist(rows, schema=arrow_schema(tables.STAGED))


def from_source(source: str, events: list[Event]) -> pa.Table:
    sources = pa.array([source] * len(events), pa.string())
    return table(events).set_column(tables.EVENTS.column_names.index("source"), "source", sources)


def keyed(events: list[Event], key: str) -> pa.Table:
    rows = from_source("tickets", events)
    return rows.append_column("row_key", pa.array([key] * len(events), pa.string()))


def test_staged_keys_stay_pending_until_their_events_are_derived() -> None:
    """Also over a crash between the two: the store is closed and opened again."""
    with new_store() as store:
        path = store.path
        store.stage("tickets", staged_rows({"k1": ["a", "b"], "k2": ["c"]}))
        store.close()
        with Store(path) as again:
            assert again.pending_keys("tickets", 10) == ["k1", "k2"]
            assert again.pending_keys("tickets", 1) == ["k1"]
            assert again.staged("tickets", ["k1"]).num_rows == 2
            again.replace_keys("tickets", ["k1"], keyed(EVENTS[:3], "k1"))
            assert again.pending_keys("tickets", 10) == ["k2"]
            again.stage("tickets", staged_rows({"k1": ["a", "d"]}))
            assert again.staged("tickets", ["k1"]).num_rows == 3, "a row that is there is staged once"
            assert again.pending_keys("tickets", 10) == ["k1", "k2"]


def test_replacing_a_key_makes_its_events_exactly_these(store: Store) -> None:
    store.append(table(EVENTS[10:20]))
    assert store.replace_keys("tickets", ["k1"], keyed(EVENTS[:4], "k1")) == Appended(loaded=4)
    store.replace_keys("tickets", ["k2"], keyed(EVENTS[5:7], "k2"))
    store.execute("DELETE FROM touched")
    now = [EVENTS[0], changed(EVENTS[1], at_us=EVENTS[1].at_us + 1)]
    assert store.replace_keys("tickets", ["k1"], keyed(now, "k1")) == Appended(loaded=1, duplicate=1)
    ids = {row[0]: row[tables.EVENTS.column_names.index("occurred_us")] for row in log_of(store)}
    assert ids.keys() == {e.event_id for e in [*EVENTS[:2], *EVENTS[5:7], *EVENTS[10:20]]}
    assert ids[EVENTS[1].event_id] == EVENTS[1].at_us + 1
    touched = {e.customer for e in EVENTS[1:4]}
    assert set(store.touched()) == {store.customer_key(name) for name in touched}
    assert conflicts(store) == [], "a derived event that changes is no conflict"
    store.replace_keys("tickets", ["k1"], keyed([], "k1"))
    assert {row[0] for row in log_of(store)} == {e.event_id for e in [*EVENTS[5:7], *EVENTS[10:20]]}


def test_a_derived_event_that_takes_anothers_id_is_a_conflict(store: Store) -> None:
    store.append(table(EVENTS[:1]))
    found = store.replace_keys("tickets", ["k1"], keyed([changed(EVENTS[0], name="demo")], "k1"))
    assert found == Appended(conflict=1)
    assert len(conflicts(store)) == 1
