"""Personal fields: what is kept of them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxcurve.model.sources import Source
from cxcurve.sources.masking import keyed_hash
from cxcurve.sources.personal import Personal, hashed_id, is_shared, personal_of

KEY = b"0123456789abcdef"
ANNA = keyed_hash("anna@acme.com", KEY)
PHONE = keyed_hash("+49 30 1234567", KEY)


def person(**said: Any) -> Personal:
    return personal_of(Source.model_validate(said), "person", KEY)


def test_of_a_person_contacts_are_hashed_names_masked_and_texts_looked_through() -> None:
    told = {"email": " Anna@ACME.com", "phone": "+49 (0)30 1234567", "firstName": "Anna", "name": "Anna Miller",
            "title": "CTO", "note": "call anna@acme.com", "company": {"name": "Anna Miller Ltd"}}  # fmt: skip
    assert person().of_person(told) == {
        "email_hash": ANNA, "phone_hash": PHONE, "firstName": "[name]", "name": "[name]", "title": "CTO",
        "note": "call [email]", "company": {"name": "Anna Miller Ltd"},
    }  # fmt: skip


def test_what_is_told_for_once_is_treated_the_same() -> None:
    told = person().of_person({"$set_once": {"email": "anna@acme.com", "name": "Anna", "plan": "pro"}})
    assert told == {"$set_once": {"email_hash": ANNA, "name": "[name]", "plan": "pro"}}


def test_an_account_keeps_its_name_and_no_contact() -> None:
    account = personal_of(Source(), "account", KEY)
    told = {"name": "Anna Miller Ltd", "email": "anna@acme.com", "address": {"phone": "+49 30 1234567"}}
    assert account.protected(told) == {"name": "Anna Miller Ltd", "email": ANNA, "address": {"phone": PHONE}}


def test_what_is_declared_comes_before_the_defaults() -> None:
    ways = {"email": "keep", "name": "keep", "badge number": "hash", "team": "mask"}
    told = {"email": "anna@acme.com", "name": "Anna", "badgeNumber": "X 1", "team": "red"}
    found = person(personal=ways).of_person(told)
    assert found["email"] == "anna@acme.com"
    assert found["email_hash"] == ANNA, "who is kept in plain is known again too"
    assert (found["name"], found["team"]) == ("Anna", "[masked]")
    assert len(found["badgeNumber"]) == 64
    assert person(personal={"email": "mask"}).of_person({"email": "anna@acme.com"}) == {"email": "[email]"}


def test_of_events_only_what_is_declared() -> None:
    told = {"email": "anna@acme.com", "name": "Export", "to": "anna@acme.com"}
    assert personal_of(Source(), "event", KEY).protected(told) == {
        "email": "[email]", "name": "Export", "to": "[email]",
    }  # fmt: skip
    declared = Source.model_validate({"personal": {"to": "hash"}})
    assert personal_of(declared, "event", KEY).protected(told)["to"] == ANNA


@pytest.mark.parametrize(
    ("junk", "kept"),
    [("n/a", "n/a"), ("Yes", "Yes"), (True, True), ("@", "[email]"), (5, "[email]"), ({"a": 1}, "[email]"),
     ("anna", "[email]")],
)  # fmt: skip
def test_what_is_no_contact_is_no_key(junk: Any, kept: Any) -> None:
    found = person().of_person({"email": junk})
    assert found == {"email": kept}
    assert person().verified({"email": junk}, ("email",)) == []


def test_without_a_secret_nothing_is_hashed() -> None:
    assert personal_of(Source(), "person", b"").of_person({"email": "anna@acme.com"}) == {"email": "[email]"}


def test_numbers_written_without_a_country() -> None:
    assert person(calling_code="49").of_person({"phone": "030 1234567"}) == {"phone_hash": PHONE}


def test_verified_is_what_the_source_checked_and_no_department() -> None:
    keys = person().verified({"email": "anna@acme.com", "phone": "+49 30 1234567"}, ("email", "phone"))
    assert keys == [("email", ANNA), ("phone", PHONE)]
    assert person().verified({"email": "anna@acme.com", "email_verified": False}, ("email",)) == []
    assert person().verified({"email": "Info@acme.com"}, ("email",)) == []
    assert person().verified({"email": ANNA}, ("email",)) == [], "a hash is nothing that anybody checked"
    assert [is_shared(one) for one in ("support+eu@a.de", "anna@support.de", "nobody")] == [True, False, False]


def test_ids_that_are_addresses() -> None:
    assert hashed_id(KEY, "Anna@acme.com") == ANNA
    assert [hashed_id(KEY, one) for one in ("u-17", "0301234567", "@anna", None)] == [
        "u-17",
        "0301234567",
        "@anna",
        None,
    ]


TOLD = st.dictionaries(
    st.sampled_from(["email", "phone", "name", "note", "plan", "nested", "$set_once"]),
    st.sampled_from(["anna@acme.com", "+49 30 1234567", "Hi Anna,", "pro", None, 5, {"email": "b@c.de"}, ["a@b.de"]]),
)


@given(TOLD)
def test_twice_is_the_same(told: dict[str, Any]) -> None:
    once = person().of_person(told)
    assert person().of_person(once) == once
    assert "@" not in str(once)
