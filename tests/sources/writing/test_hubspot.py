"""HubSpot: properties made once, companies updated in hundreds, refusals told one by one."""

from __future__ import annotations

import pytest
from fake_destinations import HubSpot, hubspot, records, unique
from fake_services import SECRET, Answer, Fake, served

from cxcurve.errors import ConnectError
from cxcurve.sources.writing import Record, open_writer

READY = {
    "customer_id": unique("customer_id"),
    "cx_stage": {"name": "cx_stage", "type": "string"},
    "cx_friction": {"name": "cx_friction", "type": "number"},
}


def companies(*ids: str) -> dict[str, dict[str, str]]:
    return {one: {} for one in ids}


def test_missing_properties_are_made_once_in_a_group_of_their_own():
    there = HubSpot(companies("a"), {"customer_id": unique("customer_id")})
    with served(there.fake()) as service:
        open_writer(hubspot(service.url)).prepare()
        assert there.groups == ["cxcurve"]
        made = {
            name: (one["type"], one["fieldType"]) for name, one in there.properties.items() if name != "customer_id"
        }
        assert made == {"cx_stage": ("string", "text"), "cx_friction": ("number", "number")}
        assert "Written by cxcurve" in there.properties["cx_stage"]["description"]
        n = len(service.asked)
        open_writer(hubspot(service.url)).prepare()
        assert len(service.asked) == n + 1


def test_companies_are_updated_and_null_empties():
    there = HubSpot(companies("a", "b"), dict(READY))
    with served(there.fake()) as service:
        writer = open_writer(hubspot(service.url))
        assert writer.write([*records("a"), Record("b", {"cx_stage": None, "cx_friction": None})]) == {}
    assert there.companies == {
        "a": {"cx_stage": "Invest", "cx_friction": "42"},
        "b": {"cx_stage": "", "cx_friction": ""},
    }


def test_who_is_not_there_is_told_and_the_rest_is_written():
    there = HubSpot(companies("a", "c"), dict(READY))
    with served(there.fake()) as service:
        refused = open_writer(hubspot(service.url)).write(records("a", "b", "c"))
        assert len(service.asked) == 1
    assert {who: why.message for who, why in refused.items()} == {
        "b": 'HubSpot has none of its companies with customer_id "b"; set that property there, or name another one as '
        "`match`"
    }
    assert there.companies["c"]["cx_stage"] == "Invest"


def test_a_batch_refused_as_a_whole_is_halved_until_the_one_at_fault_is_known():
    there = HubSpot(companies(*"abcdefgh"), dict(READY), bad=("Nowhere",))
    with served(there.fake()) as service:
        sent = [*records(*"abcde"), Record("f", {"cx_stage": "Nowhere", "cx_friction": 1}), *records("g", "h")]
        refused = open_writer(hubspot(service.url)).write(sent)
        assert len(service.asked) == 7
    assert list(refused) == ["f"]
    assert "Property values were not valid" in refused["f"].message
    assert [one for one, company in there.companies.items() if company] == list("abcdegh")


def test_where_each_of_a_batch_is_refused_nothing_more_is_sent():
    there = HubSpot(companies(*"abcd"), dict(READY), bad=("Invest",))
    with served(there.fake()) as service, pytest.raises(ConnectError, match="so for all 4 of a batch; nothing more"):
        open_writer(hubspot(service.url)).write(records(*"abcd"))


def test_an_answer_that_leaves_somebody_out_acknowledges_nobody():
    def forgetful(asked):
        return {"status": "COMPLETE", "results": [{"id": "1"} for one in asked.body["inputs"] if one["id"] != "b"]}

    fake = Fake({"crm/v3/objects/companies/batch/update": forgetful})
    with served(fake) as service:
        refused = open_writer(hubspot(service.url)).write(records("a", "b"))
    assert {who: why.message for who, why in refused.items()} == {"b": "HubSpot did not take it: it does not say why"}


@pytest.mark.parametrize("fault", [Answer({}, 429, {"Retry-After": "7"}), Answer({}, 503)])
def test_a_busy_service_is_waited_for(pauses, fault):
    there = HubSpot(companies("a"), dict(READY))
    with served(there.fake()) as service:
        service.faults = {1: fault}
        assert open_writer(hubspot(service.url)).write(records("a")) == {}
    assert there.companies["a"]["cx_friction"] == "42"
    assert pauses[0] == 7.0 if fault.status == 429 else 0 < pauses[0] <= 1


@pytest.mark.parametrize(
    ("properties", "said"),
    [
        ({}, "its companies have no property customer_id, which `match` names"),
        ({"customer_id": {"name": "customer_id", "type": "string"}}, "customer_id may have one value twice"),
        (
            READY | {"cx_friction": {"name": "cx_friction", "type": "datetime"}},
            "its property cx_friction is of the type datetime, and friction_index is a number",
        ),
        (
            READY
            | {"cx_stage": {"name": "cx_stage", "type": "string", "modificationMetadata": {"readOnlyValue": True}}},
            "its property cx_stage cannot be written to",
        ),
    ],
)
def test_what_does_not_fit_is_said_before_anything_is_sent(properties, said):
    there = HubSpot(companies("a"), dict(properties))
    with served(there.fake()) as service:
        with pytest.raises(ConnectError, match=said):
            open_writer(hubspot(service.url)).prepare()
        assert len(service.asked) == 1


def test_a_refused_token_is_not_shown():
    with served(Fake({}, {1: Answer({"message": f"bad token {SECRET}"}, 401)})) as service:
        with pytest.raises(ConnectError, match="answered with 401") as caught:
            open_writer(hubspot(service.url)).write(records("a"))
        assert SECRET not in str(caught.value)
        assert "It says: {" in str(caught.value)
        assert len(service.asked) == 1, "what is no record's fault is not halved"


def test_by_its_own_record_id_no_property_is_named():
    asked = []
    fake = Fake({"crm/v3/objects/companies/batch/update": lambda one: asked.append(one.body) or {"results": [{}]}})
    with served(fake) as service:
        assert open_writer(hubspot(service.url, match=None)).write(records("77")) == {}
    assert asked[0]["inputs"] == [{"id": "77", "properties": {"cx_stage": "Invest", "cx_friction": "42"}}]
