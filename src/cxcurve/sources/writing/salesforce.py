"""Salesforce: fields of accounts (or another object), two hundred at a time, each taken or refused on its own.

By an external id (`match: CX_Customer_Id__c`) records are upserted, by `Id` updated.
Source: https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_composite_sobjects_collections_upsert.htm
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cxcurve.errors import ConnectError, clip
from cxcurve.model.destinations import FIELDS, Destination, Kind
from cxcurve.sources.writing.contract import Record, Refusal
from cxcurve.sources.writing.halving import halved
from cxcurve.sources.writing.http import KEPT, listed, of_records

if TYPE_CHECKING:
    from cxcurve.sources.connectors.client import Client

RECORD_ID = "Id"
_TYPES: Mapping[Kind, str] = {"text": "Text(255)", "number": "Number(3, 0)", "time": "Date/Time"}
_NONE = (
    ". There is none with this id, and none is made of what is written: give one there the id, in the field of `match`"
)
_PASSING = ("UNABLE_TO_LOCK_ROW", "REQUEST_LIMIT_EXCEEDED", "SERVER_UNAVAILABLE")


class Salesforce:
    """A writer (`contract.Writer`) of one object of an organisation."""

    at_once = 200

    def __init__(self, destination: Destination, client: Client) -> None:
        self._it, self._client = destination, client

    def prepare(self) -> None:
        """Look for the fields. They are made by hand, since rights to see them are given by hand as well."""
        answer = self._client.ask(f"sobjects/{self._it.things}/describe")
        there = {one["name"]: one for one in listed(answer, "fields", "Salesforce")}
        if problems := list(self._problems(there)):
            raise ConnectError(
                f"Salesforce: {'; '.join(problems)}. Make them in Setup, Object Manager, {self._it.things}, Fields, "
                "and let the user of the connected app edit them"
            )

    def write(self, records: Sequence[Record]) -> Mapping[str, Refusal]:
        """Update or upsert."""
        return halved(self._send, records)

    def _send(self, records: Sequence[Record]) -> dict[str, Refusal]:
        path, by = "composite/sobjects", "id"
        if self._it.matching != RECORD_ID:
            path, by = f"{path}/{self._it.things}/{self._it.matching}", self._it.matching
        sent = [{"attributes": {"type": self._it.things}, by: one.customer_id, **one.values} for one in records]
        with of_records():
            answer = self._client.ask(path, "PATCH", json={"allOrNone": False, "records": sent})
        told = listed(answer, "", "Salesforce")
        if len(told) != len(records):
            raise ConnectError(
                f"Salesforce: answered for {len(told)} of {len(records)}; its API may have changed. {KEPT}"
            )
        pairs = zip(records, told, strict=True)
        return {one.customer_id: _refusal(said) for one, said in pairs if not said.get("success")}

    def _problems(self, there: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
        things, match = self._it.things, self._it.matching
        if match not in there:
            yield f"{things} has no field {match}, which `match` names; expected Text(255) marked as External ID"
        elif match != RECORD_ID and not there[match].get("externalId"):
            yield f"{things}.{match} is not marked as an External ID, and `match` needs one"
        for ours, theirs in self._it.theirs.items():
            if theirs not in there:
                yield f"{things} has no field {theirs}; expected {_TYPES[FIELDS[ours].kind]} for {ours}"
            elif not there[theirs].get("updateable", True):
                yield f"{things}.{theirs} cannot be written to"


def _refusal(said: Mapping[str, Any]) -> Refusal:
    errors = said.get("errors") or [{}]
    codes = [str(error.get("statusCode", "")) for error in errors]
    words = "; ".join(f"{error.get('statusCode')}: {clip(str(error.get('message', '')), 200)}" for error in errors)
    hint = _NONE if "REQUIRED_FIELD_MISSING" in codes else ""
    return Refusal(f"Salesforce refused it: {words}{hint}", all(code in _PASSING for code in codes))
