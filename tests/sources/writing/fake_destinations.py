"""A HubSpot and a Salesforce on loopback that keep what is written to them, and refuse as the real ones do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from fake_services import SECRET, Answer, Asked, Fake

from cxcurve.model.destinations import Destination
from cxcurve.sources.writing import Record


@dataclass
class HubSpot:
    """Companies by the property that holds our id; `bad` are values a batch is refused for as a whole."""

    companies: dict[str, dict[str, str]]
    properties: dict[str, dict[str, Any]] = field(default_factory=dict)
    groups: list[str] = field(default_factory=list)
    bad: tuple[str, ...] = ()

    def fake(self) -> Fake:
        things = "crm/v3/properties/companies"
        return Fake({
            things: lambda _: {"results": list(self.properties.values())},
            f"{things}/groups": self._group,
            f"{things}/batch/create": self._create,
            "crm/v3/objects/companies/batch/update": self._update,
        })  # fmt: skip

    def _group(self, asked: Asked) -> Any:
        if asked.method == "POST":
            self.groups.append(asked.body["name"])
        return {"results": [{"name": name} for name in self.groups]}

    def _create(self, asked: Asked) -> Any:
        for one in asked.body["inputs"]:
            if one["groupName"] not in self.groups:
                return Answer({"message": "no such group"}, 400)
            self.properties[one["name"]] = one
        return Answer({"status": "COMPLETE", "results": asked.body["inputs"]}, 201)

    def _update(self, asked: Asked) -> Any:
        inputs = asked.body["inputs"]
        assert len(inputs) <= 100
        assert {one.get("idProperty") for one in inputs} == {"customer_id"}
        if any(value in self.bad for one in inputs for value in one["properties"].values()):
            return Answer({"status": "error", "message": "Property values were not valid"}, 400)
        done = [one for one in inputs if one["id"] in self.companies]
        for one in done:
            assert set(one["properties"]) <= set(self.properties)
            self.companies[one["id"]] |= one["properties"]
        missing = [one["id"] for one in inputs if one["id"] not in self.companies]
        results = [{"id": str(1000 + n), "properties": one["properties"]} for n, one in enumerate(done)]
        if not missing:
            return {"status": "COMPLETE", "results": results}
        error = {"status": "error", "category": "OBJECT_NOT_FOUND", "message": "not found", "context": {"ids": missing}}
        return Answer({"status": "COMPLETE", "results": results, "numErrors": 1, "errors": [error]}, 207)


def unique(name: str) -> dict[str, Any]:
    return {"name": name, "type": "string", "hasUniqueValue": True}


@dataclass
class Salesforce:
    """Accounts by external id; `locked` are taken the second time."""

    accounts: dict[str, dict[str, Any]]
    fields: tuple[str, ...]
    locked: set[str] = field(default_factory=set)

    def fake(self) -> Fake:
        external = {"name": "Ext__c", "externalId": True, "updateable": True}
        described = [external, *({"name": name, "updateable": True} for name in self.fields)]
        fake = Fake({
            "sobjects/Account/describe": lambda _: {"fields": described},
            "composite/sobjects/Account/Ext__c": self._upsert,
        })  # fmt: skip
        token = {"access_token": f"{SECRET}-session", "expires_in": 3600, "token_type": "Bearer"}
        fake.open_routes = {"services/oauth2/token": lambda _: token}
        return fake

    def _upsert(self, asked: Asked) -> Any:
        assert asked.method == "PATCH"
        assert asked.body["allOrNone"] is False
        assert len(asked.body["records"]) <= 200
        return [self._one(one) for one in asked.body["records"]]

    def _one(self, record: dict[str, Any]) -> dict[str, Any]:
        assert record.pop("attributes") == {"type": "Account"}
        key = record.pop("Ext__c")
        if key in self.locked:
            self.locked.remove(key)
            return {"success": False, "errors": [{"statusCode": "UNABLE_TO_LOCK_ROW", "message": "locked"}]}
        if key not in self.accounts:
            error = {"statusCode": "REQUIRED_FIELD_MISSING", "message": "missing: [Name]", "fields": ["Name"]}
            return {"success": False, "errors": [error]}
        self.accounts[key] |= record
        return {"id": f"001{key}", "success": True, "created": False, "errors": []}


def hubspot(url: str, **more: Any) -> Destination:
    fields = {"cx_stage": "stage", "cx_friction": "friction_index"}
    return Destination(key="crm", to="hubspot", url=url, **{"match": "customer_id", "fields": fields, **more})


def salesforce(url: str, match: str | None = "Ext__c") -> Destination:
    return Destination(key="sf", to="salesforce", match=match, url=url, fields={"Stage__c": "stage"})


def records(*ids: str, **values: Any) -> list[Record]:
    return [Record(one, dict(values) or {"cx_stage": "Invest", "cx_friction": 42}) for one in ids]
