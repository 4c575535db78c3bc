"""What the records of some services need to become rows: a function each, records in, records out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cxcurve.sources.connectors import hubspot, intercom, stripe
from cxcurve.sources.connectors.client import Client

_SHAPES: dict[str, Callable[..., list[Mapping[str, Any]]]] = {
    "hubspot_company": hubspot.with_company,
    "intercom_company": intercom.with_company,
    "intercom_contact": intercom.with_contact,
    "intercom_parts": intercom.with_parts,
    "stripe_customer": stripe.with_revenue,
    "stripe_money": stripe.with_money,
    "stripe_subscription": stripe.with_worth,
}


def shaped(shape: str, records: Sequence[Mapping[str, Any]], client: Client) -> list[Mapping[str, Any]]:
    """The records as `shape` makes them: a name, and what else the function takes."""
    name, *arguments = shape.split()
    return _SHAPES[name](records, client, *arguments)
