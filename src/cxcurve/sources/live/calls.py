"""Calls: what one message of the Segment spec says, whatever form it was sent in.

Source: the Segment spec (twilio.com/docs/segment/connections/spec): track, identify, group, page, screen, alias.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import orjson

from cxcurve.errors import clip

Kind = Literal["track", "identify", "group", "page", "screen", "alias"]
KINDS: tuple[Kind, ...] = ("track", "identify", "group", "page", "screen", "alias")
MOST_ITEM_BYTES = 32 * 1024
LONGEST_ID, LONGEST_NAME = 512, 256
Object: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """One call.

    `said_at` and `sent_at` are times of the sender's clock, as sent. `account` is that of the call itself:
    `groupId` of a group call, else `context.groupId`. `previous` is the id that an alias gives up.
    `verified` are kinds and hashes of contacts that the source has checked to be the person's.
    """

    kind: Kind
    id: str | None = None
    name: str | None = None
    person: str | None = None
    anonymous: str | None = None
    account: str | None = None
    previous: str | None = None
    said_at: Any = None
    sent_at: Any = None
    properties: Object = field(default_factory=dict)
    traits: Object = field(default_factory=dict)
    context: Object = field(default_factory=dict)
    verified: tuple[tuple[str, str], ...] = ()

    def message(self) -> dict[str, Any]:
        """The call as a message of the spec, without the time it was sent: sent again it says the same."""
        said = {
            "type": self.kind, "messageId": self.id, "event": self.name, "userId": self.person,
            "anonymousId": self.anonymous, "groupId": self.account, "previousId": self.previous,
            "originalTimestamp": self.said_at, "properties": self.properties, "traits": self.traits,
            "context": self.context,
        }  # fmt: skip
        return {key: value for key, value in said.items() if value not in (None, {})}


@dataclass(frozen=True, slots=True)
class Item:
    """One message of a request: the call it makes or why it makes none, and the message as it was sent."""

    sent: Any
    call: Call | None = None
    reason: str | None = None
    own_id: str | None = None

    @property
    def id(self) -> str | None:
        """The id of the message, where it has one that can be read."""
        if self.call is not None:
            return self.call.id
        return text_id(self.sent.get("messageId")) if isinstance(self.sent, dict) else None


def read_items(messages: Sequence[Any], sent_at: Any = None, context: Object | None = None) -> list[Item]:
    """The messages of a batch; `sent_at` and `context` are the batch's own and hold for each that has none."""
    return [_item(message, sent_at, context or {}) for message in messages]


def text_id(value: Any) -> str | None:
    """An id as text: numbers are taken, nothing and emptiness are none."""
    if isinstance(value, str):
        return value if value.strip() else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return str(int(value)) if isinstance(value, int) or value.is_integer() else str(value)


def _item(message: Any, sent_at: Any, context: Object) -> Item:
    if not isinstance(message, dict):
        return Item(message, reason=f"is {_kind_of(message)}; expected an object")
    if reason := _too_large(message):
        return Item(message, reason=reason)
    call = _call(message, sent_at, context)
    if isinstance(call, str):
        return Item(message, reason=call)
    reason = _lacks(call)
    return Item(message, reason=reason) if reason else Item(message, call)


def _call(message: Object, sent_at: Any, context: Object) -> Call | str:
    kind = message.get("type")
    if kind not in KINDS:
        return f'has the type "{clip(str(kind), 40)}"; expected {", ".join(KINDS)}'
    own = {**context, **_object(message.get("context"))}
    return Call(
        kind=kind,
        id=text_id(message.get("messageId")),
        name=_name(kind, message),
        person=text_id(message.get("userId")),
        anonymous=text_id(message.get("anonymousId")),
        account=text_id(message.get("groupId")) or text_id(own.get("groupId")),
        previous=text_id(message.get("previousId")),
        said_at=message.get("originalTimestamp") or message.get("timestamp") or None,
        sent_at=message.get("sentAt") or sent_at or None,
        properties=_object(message.get("properties")),
        traits=_object(message.get("traits")) or _object(own.get("traits")),
        context={key: value for key, value in own.items() if key != "traits"},
    )


def _name(kind: Kind, message: Object) -> str | None:
    """The event's name; a page or screen that was seen is an event called as Segment's own destinations call it."""
    if kind == "track":
        name = message.get("event")
        return name if isinstance(name, str) and name.strip() else None
    if kind not in {"page", "screen"}:
        return None
    if isinstance(told := message.get("event"), str) and told:
        return told
    named = " ".join(part for key in ("category", "name") if isinstance(part := message.get(key), str) and part)
    return f"Viewed {named} {kind.title()}" if named else f"Viewed {kind.title()}"


def _lacks(call: Call) -> str | None:
    """Why a call says nothing that can be kept."""
    if call.kind == "track" and call.name is None:
        return "has no `event`, the event's name; expected text"
    if call.kind == "group" and call.account is None:
        return "has no `groupId`, the account"
    if call.kind == "alias" and (call.previous is None or call.person is None):
        return "needs both `previousId` and `userId` to say who is the same"
    if call.person is None and call.anonymous is None and call.account is None:
        return "names nobody: `userId`, `anonymousId` and `context.groupId` are all empty"
    return _too_long(call)


def _too_long(call: Call) -> str | None:
    said = {"messageId": call.id, "userId": call.person, "anonymousId": call.anonymous, "groupId": call.account,
            "previousId": call.previous, "event": call.name}  # fmt: skip
    texts = [text for text in said.values() if text]
    if len("".join(texts)) <= LONGEST_NAME:  # of nearly every message: none of them can be too long then
        return None
    most = {name: LONGEST_NAME if name == "event" else LONGEST_ID for name in said}
    long = next((name for name, text in said.items() if len(text or "") > most[name]), None)
    return f"has a `{long}` of more than {most[long]} characters" if long else None


def _too_large(message: Object) -> str | None:
    size = len(orjson.dumps(message))
    return f"is {size:,} bytes; expected at most {MOST_ITEM_BYTES:,} a message" if size > MOST_ITEM_BYTES else None


def _object(value: Any) -> Object:
    return value if isinstance(value, dict) else {}


def _kind_of(value: Any) -> str:
    kinds = {str: "a text", list: "a list", bool: "true or false", int: "a number", float: "a number"}
    return kinds.get(type(value), "nothing")
