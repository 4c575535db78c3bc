"""Zendesk: whose ticket an event is about; the event itself tells who acted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cxcurve.sources.connectors.client import Client


_AT_ONCE = 100


def with_ticket(records: Sequence[Mapping[str, Any]], client: Client) -> list[Mapping[str, Any]]:
    """The ticket events with the `organization_id` and `requester_id` of their ticket."""
    tickets = dict(_tickets(sorted({str(record["ticket_id"]) for record in records}), client))
    return [{**record, **tickets.get(str(record["ticket_id"]), {})} for record in records]


def _tickets(ids: Sequence[str], client: Client) -> Iterator[tuple[str, dict[str, Any]]]:
    for at in range(0, len(ids), _AT_ONCE):
        answer = client.ask("tickets/show_many.json", params={"ids": ",".join(ids[at : at + _AT_ONCE])})
        for one in answer.get("tickets", ()):
            yield str(one["id"]), {key: one.get(key) for key in ("organization_id", "requester_id")}
