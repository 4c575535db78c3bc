"""Pendo: days of use have no id of their own; who, what and which day make one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cxcurve.sources.connectors.client import Client


_PARTS = ("accountId", "visitorId", "appId", "featureId", "pageId", "day", "hour", "server", "remoteIp", "userAgent")


def with_key(records: Sequence[Mapping[str, Any]], client: Client) -> list[Mapping[str, Any]]:
    """The records with `row_key`, the same for the same visitor, thing and day however often they are counted anew."""
    return [{**record, "row_key": "/".join(str(record.get(part, "")) for part in _PARTS)} for record in records]
