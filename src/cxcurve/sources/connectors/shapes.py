"""Records as rows: taken apart, and for services that need it made into what a row should tell."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from cxcurve.sources.connectors import hubspot, intercom, jira, pendo, recurly, stripe, zendesk
from cxcurve.sources.connectors.client import Client
from cxcurve.sources.connectors.flattening import exploded, flat
from cxcurve.sources.connectors.services import Rows

Record: TypeAlias = Mapping[str, Any]
_SHAPES: dict[str, Callable[..., list[Record]]] = {
    "hubspot_company": hubspot.with_company,
    "intercom_company": intercom.with_company,
    "intercom_contact": intercom.with_contact,
    "intercom_parts": intercom.with_parts,
    "jira_changes": jira.changes,
    "jira_comments": jira.comments,
    "pendo_row": pendo.with_key,
    "recurly_account": recurly.with_revenue,
    "recurly_subscription": recurly.with_worth,
    "stripe_customer": stripe.with_revenue,
    "stripe_money": stripe.with_money,
    "stripe_subscription": stripe.with_worth,
    "zendesk_ticket": zendesk.with_ticket,
}


def rows_of(wanted: Rows, records: Sequence[Record], client: Client) -> list[dict[str, Any]]:
    """Flat rows out of the records of an answer."""
    found = list(records)
    if wanted.shape:
        name, *arguments = wanted.shape.split()
        found = _SHAPES[name](found, client, *arguments)
    if wanted.each:
        found = [one for record in found for one in exploded(record, wanted.each.list, wanted.each.keep)]
    return [flat(record) for record in found]
