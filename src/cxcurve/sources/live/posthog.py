"""PostHog's capture API, in the words of the Segment spec: what its clients send to /batch/ and /capture/.

Source: posthog.com/docs/api/capture. Names that begin with $ are PostHog's own: those that say who somebody is are
identify, group and alias calls, a page view is a page call; all others are events of that name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cxcurve.sources.live.bodies import BadRequestError
from cxcurve.sources.live.calls import Item, read_items, text_id
from cxcurve.tables import ONCE

MOST_BYTES = 5 * 1024 * 1024
_WHO = frozenset({"$set", "$set_once", "$groups", "$anon_distinct_id", "$user_id", "distinct_id", "token"})


def items(kind: str, payload: Any) -> list[Item]:
    """The events of a request to /batch/ or /capture/, an object or a list of them.

    Raises:
        BadRequestError: it is neither, or a batch without a list of events.
    """
    events: Any
    if isinstance(payload, list):
        events, sent_at = payload, None
    elif not isinstance(payload, dict):
        raise BadRequestError(400, "no_object", "the body is no JSON object")
    elif "batch" in payload or kind == "batch":
        events, sent_at = payload.get("batch"), payload.get("sent_at")
    else:
        events, sent_at = [payload], payload.get("sent_at")
    if not isinstance(events, list):
        raise BadRequestError(400, "no_batch", "the body has no list `batch`, the events")
    read = read_items([_message(event) if isinstance(event, dict) else event for event in events], sent_at)
    return [Item(event, item.call, item.reason) for event, item in zip(events, read, strict=True)]


def write_key(payload: Any) -> str | None:
    """The key that the body itself names, as a whole or in its first event."""
    first = payload[0] if isinstance(payload, list) and payload else payload
    if not isinstance(first, dict):
        return None
    inside = first.get("properties")
    found = (first.get("api_key"), first.get("token"), inside.get("token") if isinstance(inside, dict) else None)
    return next((key for key in found if isinstance(key, str) and key), None)


def _message(event: Mapping[str, Any]) -> dict[str, Any]:
    """An event as a message of the Segment spec."""
    given = event.get("properties")
    properties: dict[str, Any] = given if isinstance(given, dict) else {}
    who = text_id(event.get("distinct_id")) or text_id(properties.get("distinct_id"))
    told = {key: value for key, value in properties.items() if key not in _WHO}
    message = {
        "messageId": event.get("uuid") or event.get("messageId") or event.get("message_id"),
        "timestamp": event.get("timestamp"),
        "event": event.get("event"),
        "type": "track",
        "properties": told,
        **_person(who, properties),
        "context": {"groupId": _account(properties)},
    }
    return {**message, **_special(event, who, properties)}


def _special(event: Mapping[str, Any], who: str | None, properties: Mapping[str, Any]) -> dict[str, Any]:
    name = event.get("event")
    if name == "$create_alias":
        return {"type": "alias", "previousId": properties.get("distinct_id") or who, "userId": properties.get("alias")}
    if name == "$identify":
        before = text_id(properties.get("$anon_distinct_id"))
        return {"type": "identify", "userId": who, "anonymousId": before, "traits": _traits(event, properties)}
    if name in ("$set", "$set_once"):
        return {"type": "identify", "traits": _traits(event, properties)}
    if name == "$groupidentify":
        traits = properties.get("$group_set")
        # The distinct id of such a call is made up by the client: it is nobody.
        return {
            "type": "group", "groupId": properties.get("$group_key"), "traits": traits, "userId": None,
            "anonymousId": None,
        }  # fmt: skip
    if name in ("$pageview", "$screen"):
        named = properties.get("$screen_name") if name == "$screen" else properties.get("title")
        return {"type": "screen" if name == "$screen" else "page", "name": named}
    return {}


def _person(who: str | None, properties: Mapping[str, Any]) -> dict[str, Any]:
    """A visitor where the client says that nobody is signed in yet."""
    is_visitor = properties.get("$is_identified") is False or who == properties.get("$device_id")
    return {"userId": None, "anonymousId": who} if is_visitor else {"userId": who, "anonymousId": None}


def _account(properties: Mapping[str, Any]) -> str | None:
    groups = properties.get("$groups")
    if not isinstance(groups, dict):
        return None
    for kind in ("account", "company", "organization", "customer"):
        if found := text_id(groups.get(kind)):
            return found
    return next((found for value in groups.values() if (found := text_id(value))), None)


def _traits(event: Mapping[str, Any], properties: Mapping[str, Any]) -> dict[str, Any]:
    once = _told("$set_once", event, properties)
    return _told("$set", event, properties) | ({ONCE: once} if once else {})


def _told(key: str, *places: Mapping[str, Any]) -> dict[str, Any]:
    given = [traits for place in places if isinstance(traits := place.get(key), dict)]
    return {name: value for traits in given for name, value in traits.items()}
