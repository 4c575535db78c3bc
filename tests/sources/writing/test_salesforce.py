"""Salesforce: upserts by an external id, each record answered for on its own."""

from __future__ import annotations

import pytest
from fake_destinations import Salesforce, records, salesforce
from fake_services import Answer, Fake, served

from cxcurve.errors import ConnectError
from cxcurve.sources.writing import open_writer


def test_each_record_is_taken_or_refused_on_its_own():
    there = Salesforce({"a": {}, "c": {}}, ("Stage__c",), locked={"c"})
    with served(there.fake()) as service:
        writer = open_writer(salesforce(service.url))
        writer.prepare()
        refused = writer.write(records("a", "b", "c", Stage__c="Invest"))
        assert {who: why.is_passing for who, why in refused.items()} == {"b": False, "c": True}
        assert refused["b"].message == (
            "Salesforce refused it: REQUIRED_FIELD_MISSING: missing: [Name]. There is none with this id, and none is "
            "made of what is written: give one there the id, in the field of `match`"
        )
        assert writer.write(records("c", Stage__c=None)) == {}
    assert there.accounts == {"a": {"Stage__c": "Invest"}, "c": {"Stage__c": None}}


def test_fields_that_are_missing_are_named_with_what_to_make():
    there = Salesforce({}, ())
    with served(there.fake()) as service, pytest.raises(ConnectError) as caught:
        open_writer(salesforce(service.url)).prepare()
    assert "Account has no field Stage__c; expected Text(255) for stage" in str(caught.value)
    assert "Object Manager, Account, Fields" in str(caught.value)


def test_by_id_records_are_updated_only():
    asked = []

    def update(one):
        asked.append(one)
        return [{"success": True} for _ in one.body["records"]]

    fake = Salesforce({}, ()).fake()
    fake.routes["composite/sobjects"] = update
    with served(fake) as service:
        assert open_writer(salesforce(service.url, match=None)).write(records("001x")) == {}
    assert asked[0].method == "PATCH"
    assert asked[0].body["records"][0]["id"] == "001x"


def test_an_answer_for_fewer_records_than_were_sent_is_no_answer():
    fake = Salesforce({}, ()).fake()
    fake.routes["composite/sobjects/Account/Ext__c"] = lambda _: [{"success": True}]
    with served(fake) as service, pytest.raises(ConnectError, match="answered for 1 of 2"):
        open_writer(salesforce(service.url)).write(records("a", "b"))


def test_a_service_that_is_down_ends_it(pauses):
    down = Fake({}, {n: Answer({}, 500) for n in range(1, 20)})
    with served(down) as service, pytest.raises(ConnectError, match="answered with 500"):
        open_writer(salesforce(service.url)).write(records("a"))
    assert len(pauses) == 7
