"""What events may be used for: the terms of somebody, and what the store lets be read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxcurve import tables
from cxcurve.sources import arrow_schema
from cxcurve.store import Store
from cxcurve.store.consents import EVER, NEVER, Terms, states_of

said = st.lists(st.tuples(st.booleans(), st.integers(0, 8)), max_size=6)


@given(said, st.booleans(), st.integers(-1, 9), st.randoms())
def test_terms_say_what_going_through_the_statements_one_by_one_says(
    statements: list[tuple[bool, int]], is_default: bool, event_us: int, random: Any
) -> None:
    shuffled = list(statements)
    random.shuffle(shuffled)
    terms = Terms.of(shuffled, is_default=is_default)
    allowed = event_us > terms.withdrawn_us and event_us >= terms.given_us

    in_force = is_default
    for is_given, us in sorted(statements, key=lambda one: (one[1], one[0] is False)):
        if us <= event_us:
            in_force = is_given
    withdrawn_since = any(not is_given and us >= event_us for is_given, us in statements)
    assert allowed == (in_force and not withdrawn_since)


def test_terms_of_nobody() -> None:
    assert Terms.of([], is_default=True) == Terms(EVER, EVER)
    assert Terms.of([], is_default=False) == Terms(EVER, NEVER)


# --- in the store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "events.duckdb") as store:
        yield store


def event(id_: str, us: int, **ids: str | None) -> dict[str, Any]:
    return {
        "event_id": id_, "occurred_us": us, "received_us": us, "name": "used", "source": "app",
        "data_class": "observed", "properties": "{}", **ids,
    }  # fmt: skip


def append(store: Store, *events: dict[str, Any]) -> None:
    store.append(pa.Table.from_pylist(list(events), schema=arrow_schema(tables.EVENTS)))


def say(store: Store, kind: str, id_: str, is_given: bool, us: int, purpose: str = "analytics") -> None:
    row = {
        "consent_id": f"{kind} {id_} {is_given} {us}", "id_kind": kind, "id": id_, "purpose": purpose,
        "is_given": is_given, "said_us": us, "recorded_us": us, "source": "app",
    }  # fmt: skip
    store.record_consents(pa.Table.from_pylist([row], schema=arrow_schema(tables.CONSENTS)))


def link(store: Store, anonymous: str, person: str) -> None:
    row = {
        "link_id": f"{anonymous} is {person}", "how": "identify", "from_kind": "anonymous", "from_id": anonymous,
        "to_kind": "person", "to_id": person, "source": "app", "said_us": 1, "recorded_us": 1,
    }  # fmt: skip
    store.record_links(pa.Table.from_pylist([row], schema=arrow_schema(tables.LINKS)))


def seen(store: Store, purpose: Any = "analytics") -> str:
    """The ids of the events that may be used, in one text."""
    return "".join(sorted(store.arrow(store.log(purpose).select("event_id"))["event_id"].to_pylist()))


def test_a_withdrawal_reaches_back_and_consent_given_anew_holds_from_then_on(store: Store) -> None:
    append(store, event("a", 10, person_id="ann"), event("b", 20, person_id="ann"), event("c", 10, person_id="bob"))
    assert seen(store) == "abc"
    say(store, "person", "ann", False, 15)
    assert seen(store) == "c"
    assert seen(store, "outreach") == "abc"
    say(store, "person", "ann", True, 18)
    assert seen(store) == "bc"
    append(store, event("d", 19, person_id="ann"), event("e", 17, person_id="ann"))
    assert seen(store) == "bcd"
    assert seen(store, "operation") == "abcde"


def test_whom_numbers_may_change_of_is_scored_anew(store: Store) -> None:
    append(store, event("a", 10, person_id="ann"), event("b", 10, person_id="bob"))
    store.execute("DELETE FROM touched")
    say(store, "person", "ann", False, 15, "outreach")
    assert not store.has_touched
    say(store, "person", "ann", False, 15)
    assert store.touched() == [store.customer_key("ann")]


def test_who_keeps_a_sum_over_the_log_counts_anew_where_something_may_be_used_no_more(store: Store) -> None:
    append(store, event("a", 10, person_id="ann"))
    number = store.additions.number
    say(store, "person", "bob", False, 15)
    assert store.additions.since(number) == []
    say(store, "person", "ann", False, 15)
    assert store.additions.since(number) is None
    append(store, event("b", 20, person_id="cyd", purpose='["outreach"]'))
    assert [told.num_rows for told in store.additions.since(store.additions.number - 1) or ()] == [0]


def test_of_what_may_not_be_analysed_no_score_is_new(store: Store) -> None:
    append(store, event("a", 10, person_id="ann", purpose='["outreach"]'))
    assert not store.has_touched


def test_what_a_visitor_said_is_said_by_the_person_he_turns_out_to_be(store: Store) -> None:
    append(store, event("a", 10, anonymous_id="v"), event("b", 10, person_id="ann"), event("c", 10, anonymous_id="w"))
    say(store, "anonymous", "v", False, 15)
    assert seen(store) == "bc"
    link(store, "v", "ann")
    assert seen(store) == "c"
    store.undo_link("v is ann", 9)
    assert seen(store) == "bc"


def test_an_account_withdraws_for_its_people_and_they_for_themselves(store: Store) -> None:
    append(
        store,
        event("a", 10, account_id="acme", person_id="ann"),
        event("b", 10, account_id="acme"),
        event("c", 10, account_id="acme", person_id="bob"),
        event("d", 10, account_id="globex"),
    )
    say(store, "person", "ann", False, 11)
    assert seen(store) == "bcd"
    say(store, "account", "acme", False, 12)
    assert seen(store) == "d"
    say(store, "account", "acme", True, 13)
    append(
        store, event("e", 14, account_id="acme", person_id="bob"), event("f", 14, account_id="acme", person_id="ann")
    )
    assert seen(store) == "de"


def test_where_nothing_is_allowed_unsaid_events_wait_for_consent(store: Store) -> None:
    append(store, event("a", 10, person_id="ann"), event("b", 20, person_id="ann"), event("c", 10, account_id="acme"))
    store.set_default_purposes(("outreach",))
    assert (seen(store), seen(store, "outreach")) == ("", "abc")
    say(store, "person", "ann", True, 15)
    assert seen(store) == "b"
    append(store, event("d", 16, person_id="ann"), event("e", 16, person_id="bob"))
    assert seen(store) == "bd"
    store.set_default_purposes(tables.PURPOSES)
    assert seen(store) == "abcde"


def test_what_an_event_says_itself_holds_unless_it_was_withdrawn_later(store: Store) -> None:
    append(
        store,
        event("a", 10, person_id="ann", purpose='["outreach"]'),
        event("b", 20, person_id="ann", purpose='["analytics"]'),
    )
    assert (seen(store), seen(store, "outreach")) == ("b", "a")
    say(store, "person", "ann", False, 15)
    assert seen(store) == "b"
    say(store, "person", "ann", False, 25)
    assert seen(store) == ""


def test_a_table_of_people_says_it_has_always_been_so_and_then_since_it_was_read(store: Store) -> None:
    def load(consent: str, seen_us: int) -> None:
        row = {"person_id": "ann", "consent": consent, "attributes": "{}"}
        people = pa.Table.from_pylist([row], schema=arrow_schema(tables.PEOPLE))
        store.upsert_people(people)
        store.record_consents_of(people, "crm", seen_us)

    append(store, event("a", 10, person_id="ann"), event("b", 40, person_id="ann"), event("c", 60, person_id="ann"))
    load('{"analytics": false}', 20)
    assert seen(store) == ""
    load('{"analytics": true}', 30)
    assert seen(store) == "bc"
    load('{"analytics": true}', 35)
    assert seen(store) == "bc"
    load('["outreach"]', 50)
    assert (seen(store), seen(store, "outreach")) == ("", "abc")


def test_two_rows_of_one_person_in_one_load_leave_it_at_the_last(store: Store) -> None:
    """What they said before is told by its order: their times are the same."""
    for _ in range(3):
        for consent in ('{"analytics": true}', '{"analytics": false}', '{"analytics": true}'):
            row = {"person_id": "ann", "consent": consent, "attributes": "{}"}
            store.record_consents_of(pa.Table.from_pylist([row], schema=arrow_schema(tables.PEOPLE)), "crm", 20)
    said = store.rows("SELECT is_given FROM consents ORDER BY split_part(consent_id, '/', -1)::INTEGER")
    assert [is_given for (is_given,) in said] == [True, False, True] + [False, True] * 2


def test_the_erased_leave_no_consent(store: Store) -> None:
    append(store, event("a", 10, person_id="ann"))
    say(store, "person", "ann", False, 15)
    store.erase({("person", "ann")}, 20)
    assert store.rows("SELECT count(*) FROM consents UNION ALL SELECT count(*) FROM terms") == [(0,), (0,)]
    say(store, "person", "ann", False, 16)
    assert store.rows("SELECT count(*) FROM consents") == [(0,)]


@pytest.mark.parametrize(
    ("consent", "expected"),
    [
        ('{"outreach": false}', {"outreach": False}),
        ('{"outreach": "denied", "analytics": "granted"}', {"outreach": False, "analytics": True}),
        ('{"outreach": 1, "analytics": "who knows", "marketing": true}', {"outreach": True}),
        ("{}", {}),
        ('["analytics"]', {"analytics": True, "personalisation": False, "outreach": False}),
    ],
)
def test_what_a_table_of_people_allows(consent: str, expected: dict[str, bool]) -> None:
    people = pa.table({"person_id": ["ann"], "consent": [consent]})
    assert {one["purpose"]: one["is_given"] for one in states_of(people).to_pylist()} == expected


def test_who_is_denied_now(store: Store) -> None:
    ids = {"person": ("ann", "bob"), "account": ("acme", "globex")}
    for kind, names in ids.items():
        append(store, *(event(name, 10, **{f"{kind}_id": name}) for name in names))
    append(store, event("of acme", 10, person_id="cyd", account_id="acme"))
    say(store, "person", "ann", False, 15, "outreach")
    say(store, "person", "cyd", False, 15, "outreach")
    say(store, "account", "globex", False, 15, "outreach")
    assert store.denied("outreach", 20) == {"ann", "globex"}
    assert store.denied("analytics", 20) == set()
    store.set_default_purposes(("analytics",))
    assert store.denied("outreach", 20) == {"ann", "bob", "globex"}
    say(store, "person", "bob", True, 18, "outreach")
    assert store.denied("outreach", 20) == {"ann", "globex"}
