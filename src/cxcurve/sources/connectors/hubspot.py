"""HubSpot: what belongs to which company is told apart from the records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cxcurve.sources.connectors.client import Client


def with_company(records: Sequence[Mapping[str, Any]], client: Client, kind: str) -> list[Mapping[str, Any]]:
    """The records with `company_id`, the first company each is associated with."""
    if not records:
        return []
    body = {"inputs": [{"id": str(record.get("id"))} for record in records]}
    answer = client.ask(f"crm/v3/associations/{kind}/companies/batch/read", "POST", json=body)
    company = {one["from"]["id"]: one["to"][0]["id"] for one in answer.get("results", ()) if one.get("to")}
    return [{**record, "company_id": company.get(str(record.get("id")))} for record in records]
