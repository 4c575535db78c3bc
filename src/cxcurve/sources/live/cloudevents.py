"""CloudEvents 1.0 over HTTP (github.com/cloudevents/spec): structured, batched and binary, as track calls.

`subject` names the person, `data.account_id` the account where there is one. An id is unique within its `source`
alone, so both make the event's id.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from cxcurve.errors import clip
from cxcurve.sources.live.bodies import BadRequestError, read_json, written
from cxcurve.sources.live.calls import Item, read_items, text_id

MOST_BYTES = 500 * 1024
STRUCTURED, BATCH = "application/cloudevents+json", "application/cloudevents-batch+json"
_REQUIRED = ("id", "source", "type")


def structured(headers: Mapping[str, str], body: bytes) -> bytes:
    """A request in binary mode as one in structured mode; others as they are.

    Raises:
        BadRequestError: its data is no JSON.
    """
    attributes = {name[3:]: unquote(value) for name, value in headers.items() if name.startswith("ce-")}
    if "id" not in attributes and "specversion" not in attributes:
        return body
    data = read_json(body) if body else None
    return written({**attributes, "data": data}).encode()


def items(kind: str, payload: Any) -> list[Item]:
    """The events of a request, an object or a list of them.

    Raises:
        BadRequestError: it is neither.
    """
    if not isinstance(payload, dict | list):
        raise BadRequestError(400, "no_object", "the body is neither a CloudEvent nor a list of them")
    events = payload if isinstance(payload, list) else [payload]
    return [_item(event) for event in events]


def _item(event: Any) -> Item:
    if not isinstance(event, dict):
        return Item(event, reason="is no object; expected a CloudEvent")
    version = event.get("specversion")
    if version != "1.0":
        return Item(event, reason=f'has the specversion "{clip(str(version), 20)}"; expected "1.0"')
    missing = [name for name in _REQUIRED if not isinstance(event.get(name), str) or not event[name]]
    if missing:
        return Item(event, reason=f"lacks {', '.join(missing)}: text that every CloudEvent has")
    read = read_items([_message(event)])[0]
    return Item(event, read.call, read.reason)


def _message(event: Mapping[str, Any]) -> dict[str, Any]:
    data = _data(event)
    properties = data if isinstance(data, dict) else {} if data is None else {"data": data}
    account = text_id(properties.get("account_id")) or text_id(event.get("accountid"))
    return {
        "type": "track",
        "messageId": f"{event['source']}/{event['id']}",
        "event": event["type"],
        "timestamp": event.get("time"),
        "userId": text_id(event.get("subject")) or text_id(properties.get("person_id")),
        "properties": properties,
        "context": {"groupId": account},
    }


def _data(event: Mapping[str, Any]) -> Any:
    packed = event.get("data_base64")
    if not isinstance(packed, str):
        return event.get("data")
    try:
        return read_json(base64.b64decode(packed, validate=True))
    except ValueError:
        return {"data_base64": packed}
