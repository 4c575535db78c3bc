"""Intercom: who a conversation is with, all its parts, and whose company a contact is of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cxcurve.sources.connectors.flattening import inside

if TYPE_CHECKING:
    from cxcurve.sources.connectors.client import Client


def with_contact(records: Sequence[Mapping[str, Any]], client: Client) -> list[Mapping[str, Any]]:
    """The conversations with `contact_id`, the first contact in each."""
    return [{**record, "contact_id": _first(record, "contacts.contacts")} for record in records]


def with_parts(records: Sequence[Mapping[str, Any]], client: Client) -> list[Mapping[str, Any]]:
    """The conversations with their parts, which only asking for each one gives."""
    return with_contact([client.ask(f"conversations/{record['id']}") for record in records], client)


def with_company(records: Sequence[Mapping[str, Any]], client: Client) -> list[Mapping[str, Any]]:
    """The contacts with `company_id`, the first company of each."""
    return [{**record, "company_id": _first(record, "companies.data")} for record in records]


def _first(record: Mapping[str, Any], path: str) -> Any:
    found = inside(record, path)
    return found[0].get("id") if found else None
