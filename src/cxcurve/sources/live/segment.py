"""The Segment spec over HTTP: single calls and batches of them."""

from __future__ import annotations

from typing import Any

from cxcurve.sources.live.bodies import BadRequestError
from cxcurve.sources.live.calls import Item, read_items

MOST_BYTES = 500 * 1024


def items(kind: str, payload: Any) -> list[Item]:
    """The messages of a request to /v1/KIND.

    Raises:
        BadRequestError: it is no object, or a batch without a list of messages.
    """
    if not isinstance(payload, dict):
        raise BadRequestError(400, "no_object", "the body is no JSON object")
    if kind != "batch":
        return read_items([{**payload, "type": kind}])
    batch = payload.get("batch")
    if not isinstance(batch, list):
        raise BadRequestError(400, "no_batch", "the body has no list `batch`, the messages")
    context = payload.get("context")
    return read_items(batch, payload.get("sentAt"), context if isinstance(context, dict) else None)


def write_key(payload: Any) -> str | None:
    """The key that the body itself names."""
    key = payload.get("writeKey") if isinstance(payload, dict) else None
    return key if isinstance(key, str) and key else None
