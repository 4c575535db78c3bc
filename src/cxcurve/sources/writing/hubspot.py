"""HubSpot: properties of companies (or another object), a hundred at a time; made where they are missing.

Updates only: a company that is not there is not made, and who has none is told.
Source: https://developers.hubspot.com/docs/api-reference/crm-companies-v3/batch/post-crm-v3-objects-companies-batch-update
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cxcurve.errors import ConnectError, clip
from cxcurve.model.destinations import FIELDS, Destination, Kind
from cxcurve.sources.writing.contract import Record, Refusal, Value
from cxcurve.sources.writing.halving import BatchRefusedError, halved
from cxcurve.sources.writing.http import listed, of_records

if TYPE_CHECKING:
    from cxcurve.sources.connectors.client import Client

GROUP = "cxcurve"
RECORD_ID = "hs_object_id"
_TYPES: Mapping[Kind, tuple[str, str]] = {
    "text": ("string", "text"),
    "number": ("number", "number"),
    "time": ("datetime", "date"),
}


class HubSpot:
    """A writer (`contract.Writer`) of one object of an account."""

    at_once = 100

    def __init__(self, destination: Destination, client: Client) -> None:
        self._it, self._client = destination, client
        self._properties = f"crm/v3/properties/{destination.things}"

    def prepare(self) -> None:
        """Make the properties that are missing, in a group of their own."""
        there = {one["name"]: one for one in listed(self._client.ask(self._properties), "results", "HubSpot")}
        if problems := list(self._problems(there)):
            raise ConnectError(f"HubSpot: {'; '.join(problems)}")
        missing = {ours: theirs for ours, theirs in self._it.theirs.items() if theirs not in there}
        if not missing:
            return
        groups = listed(self._client.ask(f"{self._properties}/groups"), "results", "HubSpot")
        if GROUP not in {one["name"] for one in groups}:
            self._client.ask(f"{self._properties}/groups", "POST", json={"name": GROUP, "label": "CX Curve"})
        made = {"inputs": [_property(ours, theirs) for ours, theirs in missing.items()]}
        self._client.ask(f"{self._properties}/batch/create", "POST", json=made)

    def write(self, records: Sequence[Record]) -> Mapping[str, Refusal]:
        """Update, in halves where an answer does not say which record is at fault."""
        return halved(self._update, records)

    def _update(self, records: Sequence[Record]) -> dict[str, Refusal]:
        by = {} if self._it.matching == RECORD_ID else {"idProperty": self._it.matching}
        inputs = [{"id": one.customer_id, **by, "properties": _texts(one.values)} for one in records]
        with of_records():
            answer = self._client.ask(f"crm/v3/objects/{self._it.things}/batch/update", "POST", json={"inputs": inputs})
        done, errors = listed(answer, "results", "HubSpot"), answer.get("errors") or []
        refused = dict(self._refusals(errors, {one.customer_id for one in records}))
        if len(done) + len(refused) < len(records):
            said = clip(str(errors[0].get("message", "")), 200) if errors else "it does not say why"
            raise BatchRefusedError(f"HubSpot did not take it: {said}")
        return refused

    def _refusals(self, errors: Sequence[Mapping[str, Any]], asked: set[str]) -> Iterator[tuple[str, Refusal]]:
        """Those errors that name their records: one that is not there, first of all."""
        for error in errors:
            context = error.get("context") or {}
            named = [one for name in ("ids", "id") for one in _many(context.get(name))]
            for customer_id in asked.intersection(map(str, named)):
                yield customer_id, Refusal(self._said(error, customer_id))

    def _said(self, error: Mapping[str, Any], customer_id: str) -> str:
        if error.get("category") == "OBJECT_NOT_FOUND":
            return (
                f'HubSpot has none of its {self._it.things} with {self._it.matching} "{clip(customer_id)}"; set that '
                "property there, or name another one as `match`"
            )
        return f"HubSpot refused it: {clip(str(error.get('message', 'without a word')), 200)}"

    def _problems(self, there: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
        things, match = self._it.things, self._it.matching
        if match != RECORD_ID and match not in there:
            yield f"its {things} have no property {match}, which `match` names; expected one that holds our customer_id"
        elif match != RECORD_ID and not there[match].get("hasUniqueValue"):
            yield f"its property {match} may have one value twice; `match` needs a property with unique values"
        for ours, theirs in self._it.theirs.items():
            found = there.get(theirs)
            wanted = _TYPES[FIELDS[ours].kind][0]
            if found is not None and found.get("type") not in (wanted, "string"):
                yield f"its property {theirs} is of the type {found.get('type')}, and {ours} is a {wanted}"
            if found is not None and (found.get("modificationMetadata") or {}).get("readOnlyValue"):
                yield f"its property {theirs} cannot be written to"


def _property(ours: str, theirs: str) -> dict[str, str]:
    field = FIELDS[ours]
    kind, shown = _TYPES[field.kind]
    return {
        "name": theirs, "label": f"CX {field.label}", "groupName": GROUP, "type": kind, "fieldType": shown,
        "description": f"{field.meaning[0].upper()}{field.meaning[1:]}. Written by cxcurve.",
    }  # fmt: skip


def _many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _texts(values: Mapping[str, Value]) -> dict[str, str]:
    """HubSpot takes texts; an empty one empties the property."""
    return {name: "" if value is None else str(value) for name, value in values.items()}
