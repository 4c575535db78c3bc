"""What is known of customers and people, by all that was said of them."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxcurve.store.profiles import Statement, customer_rows, person_row, told_fields
from cxcurve.tables import CUSTOMERS, PEOPLE


def row(at_us: int, source: str = "crm", attributes: str = "{}", **fields: Any) -> Statement:
    return Statement(at_us, False, source, json.dumps(fields | {"attributes": attributes, "source": source}))


def trait(at_us: int, id_: str = "t", **traits: Any) -> Statement:
    return Statement(at_us, True, id_, json.dumps(traits))


def known(*said: Statement) -> list[tuple[Any, ...]]:
    """Since when, plan, seats and attributes."""
    rows = customer_rows("acme", said)
    return [(one["valid_from_us"], one["plan"], one["seats"], one["attributes"]) for one in rows]


def test_a_trait_holds_from_when_it_was_said() -> None:
    said = [row(0, plan="free", seats=3.0), trait(10, plan="pro"), trait(20, seats=9)]
    assert known(*said) == [(0, "free", 3.0, "{}"), (10, "pro", 3.0, "{}"), (20, "pro", 9.0, "{}")]


def test_of_one_field_the_later_said_holds_whoever_says_it() -> None:
    said = [trait(10, plan="pro", seats=5), row(20, plan="team")]
    assert known(*said) == [(10, "pro", 5.0, "{}"), (20, "team", 5.0, "{}")], "a row leaves open what it has not"


def test_of_one_source_the_last_row_alone_speaks() -> None:
    assert known(row(0, plan="pro", seats=1.0), row(5, seats=2.0)) == [(0, "pro", 1.0, "{}"), (5, None, 2.0, "{}")]
    assert known(row(0, "a", plan="pro"), row(0, "b", seats=2.0)) == [(0, "pro", 2.0, "{}")]
    assert known(row(0, "a", plan="pro"), row(0, "b", plan="free"))[0][1] == "free", "by the sources' names"


def test_null_says_that_there_is_nothing_any_more() -> None:
    said = [row(0, plan="pro", attributes='{"tier":"gold"}'), trait(5, plan=None, tier="")]
    assert known(*said) == [(0, "pro", None, '{"tier":"gold"}'), (5, None, None, "{}")]


def test_a_trait_that_changes_nothing_makes_no_row() -> None:
    assert len(known(trait(1, "a", plan="pro"), trait(2, "b", plan="pro"), trait(3, "c", plan="pro"))) == 1


def once(at_us: int, id_: str = "t", **traits: Any) -> Statement:
    said: dict[str, Any] = {"$set_once": traits}
    return trait(at_us, id_, **said)


def test_told_for_once_holds_until_somebody_tells_it() -> None:
    said = [once(10, "a", plan="free"), once(20, "b", plan="trial", tier="gold"), trait(30, "c", plan="pro")]
    assert known(*said) == [
        (10, "free", None, "{}"), (20, "free", None, '{"tier":"gold"}'), (30, "pro", None, '{"tier":"gold"}'),
    ]  # fmt: skip


def test_told_for_once_after_it_was_told_says_nothing() -> None:
    assert known(trait(10, "a", plan="pro"), once(20, "b", plan="free")) == [(10, "pro", None, "{}")]
    assert known(row(0, plan="pro"), once(20, plan="free")) == [(0, "pro", None, "{}")]
    assert known(trait(10, "a", plan=None), once(20, "b", plan="free"))[-1][1] is None, "that it is none was told"
    assert known(trait(10, plan="pro", **{"$set_once": {"plan": "free", "seats": 3}})) == [(10, "pro", 3.0, "{}")]


def test_nothing_and_no_object_tell_nothing_for_once() -> None:
    assert known(once(10, "a", plan=None), once(20, "b", plan="free"))[-1][1] == "free"
    assert known(trait(10, plan="pro", **{"$set_once": "free"})) == [(10, "pro", None, "{}")]


@pytest.mark.parametrize(
    ("traits", "fields"),
    [
        ({"name": "Acme", "industry": "Steel", "plan": "pro"}, {"name": "Acme", "industry": "Steel", "plan": "pro"}),
        ({"revenuePerYear": "1200.5", "Seats": 7}, {"revenue_per_year": 1200.5, "seats": 7.0}),
        ({"employees": 329}, {"attributes.employees": 329}),
        ({"createdAt": "2024-01-01T00:00:00Z"}, {"created_us": 1_704_067_200_000_000}),
        ({"created_at": 1_704_067_200}, {"created_us": 1_704_067_200_000_000}),
        ({"createdAt": 1_704_067_200_000}, {"created_us": 1_704_067_200_000_000}),
        ({"seats": "many"}, {"attributes.seats": "many"}),
        ({"seats": True}, {"attributes.seats": True}),
        ({"plan": {"id": 5}}, {"attributes.plan": {"id": 5}}),
        ({"plan": 5}, {"plan": "5"}),
        ({"customer_id": "x", "valid_from_us": 3}, {"attributes.customer_id": "x", "attributes.valid_from_us": 3}),
        (
            {"created_at": "yesterday", "seats": "nan"},
            {"attributes.created_at": "yesterday", "attributes.seats": "nan"},
        ),
    ],
)
def test_traits_of_accounts_by_column(traits: dict[str, Any], fields: dict[str, Any]) -> None:
    assert told_fields(CUSTOMERS, traits) == fields


def test_a_title_is_the_role_as_long_as_nobody_tells_the_role() -> None:
    assert told_fields(PEOPLE, {"title": "CTO"}) == {"role": "CTO", "attributes.title": "CTO"}
    assert told_fields(PEOPLE, {"title": "CTO", "role": "champion"})["role"] == "champion"


def test_a_person_by_rows_and_traits() -> None:
    said = [
        row(0, consent='{"analytics": true}', role="user"),
        trait(3, "a", email_hash="77", team="blue"),
        trait(5, "b", role="champion", team="red"),
    ]
    assert person_row("u", "acme", said) == {
        "person_id": "u", "customer_id": "acme", "role": "champion", "email_hash": "77",
        "consent": '{"analytics": true}', "attributes": '{"team":"red"}',
    }  # fmt: skip


VALUES = st.sampled_from(["x", "y", None, 3, "4", {"a": 1}, ""])
SAID = st.lists(
    st.one_of(
        st.builds(
            lambda at, source, plan, seats: row(at, source, plan=plan, seats=seats),
            st.integers(0, 5), st.sampled_from(["crm", "billing"]), st.sampled_from([None, "x"]),
            st.sampled_from([None, 2.0]),
        ),
        st.builds(
            lambda at, id_, traits: trait(at, id_, **traits),
            st.integers(0, 5), st.sampled_from(["t1", "t2"]),
            st.dictionaries(st.sampled_from(["plan", "seats", "tier", "Plan"]), VALUES, min_size=1),
        ),
        st.builds(
            lambda at, id_, traits: once(at, id_, **traits),
            st.integers(0, 5), st.sampled_from(["t1", "t2"]),
            st.dictionaries(st.sampled_from(["plan", "seats", "tier"]), VALUES, min_size=1),
        ),
    ),
    max_size=8, unique_by=lambda one: (one.at_us, one.who),
)  # fmt: skip


@given(SAID, st.randoms(use_true_random=False))
def test_neither_order_nor_repetition_matters(said: list[Statement], rng: random.Random) -> None:
    shuffled = [*said, *said]
    rng.shuffle(shuffled)
    assert customer_rows("c", shuffled) == customer_rows("c", said)
    assert person_row("p", None, shuffled) == person_row("p", None, said)


@given(SAID)
def test_what_was_known_before_does_not_change_by_what_is_said_later(said: list[Statement]) -> None:
    rows = customer_rows("c", said)
    early = [one for one in said if one.at_us < 3]
    assert customer_rows("c", early) == [one for one in rows if one["valid_from_us"] < 3]
