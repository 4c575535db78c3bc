"""Webhooks of Stripe, Zendesk, Intercom, HubSpot and Typeform: signatures checked, then in the Segment spec's words.

Sources: docs.stripe.com/webhooks/signature; developer.zendesk.com/documentation/webhooks/verifying;
developers.intercom.com/docs/webhooks; developers.hubspot.com/docs/apps/legacy-apps/authentication/validating-requests;
typeform.com/developers/webhooks/secure-your-webhooks.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from typing import Any

from cxcurve.sources.live.bodies import BadRequestError
from cxcurve.sources.live.calls import Item, read_items, text_id

MOST_BYTES = 1024 * 1024
OLDEST_S = 300
"""A signed request may be so old: later it is somebody's who listened."""
Headers = Mapping[str, str]
EVENTS: Mapping[str, Mapping[str, str]] = {
    "stripe": {
        "customer.subscription.created": "subscription_started",
        "customer.subscription.deleted": "subscription_cancelled",
        "invoice.payment_failed": "payment_failed",
        "charge.dispute.created": "invoice_disputed",
    },
    "zendesk": {"ticket.created": "ticket_opened", "ticket.solved": "ticket_closed"},
    "intercom": {
        "conversation.user.created": "ticket_opened",
        "conversation.admin.closed": "ticket_closed",
    },
    "hubspot": {},
    "typeform": {"form_response": "nps_answered"},
}
"""What the starters call what the services call otherwise; `rename` in sources.yaml comes before it."""


def check_signature(service: str, headers: Headers, address: str, body: bytes, secret: str, now_s: float) -> None:
    """Let only what the service itself sent pass.

    Args:
        service: one of `EVENTS`.
        headers: of the request, names in lower case.
        address: the whole address the request came to; HubSpot signs it.
        body: as it came.
        secret: shared with the service.
        now_s: seconds since 1970.

    Raises:
        BadRequestError: the signature is missing, wrong, or of too long ago.
    """
    given, wanted, sent_s = _SIGNED[service](headers, address, body, secret.encode())
    if not any(hmac.compare_digest(one.encode(), wanted.encode()) for one in given):
        raise BadRequestError(401, "bad_signature", f"the request is not signed with the secret shared with {service}")
    if sent_s is not None and abs(now_s - sent_s) > OLDEST_S:
        raise BadRequestError(401, "too_old", f"the request was signed more than {OLDEST_S} s from now")


def items(kind: str, payload: Any) -> list[Item]:
    """The events of a webhook of the service `kind`.

    Raises:
        BadRequestError: it is neither an object nor a list.
    """
    if not isinstance(payload, dict | list):
        raise BadRequestError(400, "no_object", "the body is neither an object nor a list of them")
    events = payload if isinstance(payload, list) else [payload]
    read = read_items([_MESSAGES[kind](event) if isinstance(event, dict) else event for event in events])
    return [Item(event, item.call, item.reason) for event, item in zip(events, read, strict=True)]


Signed = tuple[list[str], str, float | None]
"""The signatures given, the one wanted, and when it was signed, where that is told."""


def _stripe(headers: Headers, address: str, body: bytes, secret: bytes) -> Signed:
    parts = [part.partition("=") for part in headers.get("stripe-signature", "").split(",")]
    at = next((value for name, _, value in parts if name.strip() == "t"), "")
    given = [value for name, _, value in parts if name.strip() == "v1"]
    return given, hmac.new(secret, f"{at}.".encode() + body, hashlib.sha256).hexdigest(), _seconds(at)


def _zendesk(headers: Headers, address: str, body: bytes, secret: bytes) -> Signed:
    at = headers.get("x-zendesk-webhook-signature-timestamp", "")
    wanted = _base64(hmac.new(secret, at.encode() + body, hashlib.sha256))
    return [headers.get("x-zendesk-webhook-signature", "")], wanted, None


def _intercom(headers: Headers, address: str, body: bytes, secret: bytes) -> Signed:
    return [headers.get("x-hub-signature", "")], f"sha1={hmac.new(secret, body, hashlib.sha1).hexdigest()}", None


def _hubspot(headers: Headers, address: str, body: bytes, secret: bytes) -> Signed:
    at = headers.get("x-hubspot-request-timestamp", "")
    wanted = _base64(hmac.new(secret, f"POST{address}".encode() + body + at.encode(), hashlib.sha256))
    return [headers.get("x-hubspot-signature-v3", "")], wanted, _seconds(at) / 1000


def _typeform(headers: Headers, address: str, body: bytes, secret: bytes) -> Signed:
    wanted = f"sha256={_base64(hmac.new(secret, body, hashlib.sha256))}"
    return [headers.get("typeform-signature", "")], wanted, None


_SIGNED: Mapping[str, Callable[[Headers, str, bytes, bytes], Signed]] = {
    "stripe": _stripe, "zendesk": _zendesk, "intercom": _intercom, "hubspot": _hubspot, "typeform": _typeform,
}  # fmt: skip


def _of_stripe(event: Mapping[str, Any]) -> dict[str, Any]:
    told = _inside(event, "data", "object")
    customer = told.get("id") if told.get("object") == "customer" else told.get("customer")
    return _message("stripe", event.get("id"), event.get("type"), event.get("created"), told, account=customer)


def _of_zendesk(event: Mapping[str, Any]) -> dict[str, Any]:
    told, name = _inside(event, "detail"), event.get("type")
    name = name.removeprefix("zen:event-type:") if isinstance(name, str) else name
    ids = {"account": told.get("organization_id"), "person": told.get("requester_id") or told.get("actor_id")}
    return _message("zendesk", event.get("id"), name, event.get("time"), told, **ids)


def _of_intercom(event: Mapping[str, Any]) -> dict[str, Any]:
    told = _inside(event, "data", "item")
    contacts = _inside(told, "contacts").get("contacts")
    contact = contacts[0] if isinstance(contacts, list) and contacts and isinstance(contacts[0], dict) else {}
    person = _inside(told, "user").get("id") or contact.get("external_id") or contact.get("id")
    account = _inside(told, "company").get("company_id")
    return _message(
        "intercom", event.get("id"), event.get("topic"), event.get("created_at"), told, account=account, person=person
    )


def _of_hubspot(event: Mapping[str, Any]) -> dict[str, Any]:
    kind, object_id = event.get("subscriptionType"), event.get("objectId")
    # HubSpot numbers the events of a subscription; the three together are one event's alone.
    id_ = f"{kind}/{object_id}/{event.get('eventId')}"
    return _message("hubspot", id_, kind, event.get("occurredAt"), event, account=object_id)


def _of_typeform(event: Mapping[str, Any]) -> dict[str, Any]:
    told = _inside(event, "form_response")
    hidden = _inside(told, "hidden")
    answers = told.get("answers")
    numbers = [one.get("number") for one in answers if isinstance(one, dict)] if isinstance(answers, list) else []
    value = next((number for number in numbers if number is not None), None)
    return _message(
        "typeform", event.get("event_id"), event.get("event_type"), told.get("submitted_at"), {**told, "value": value},
        account=hidden.get("account_id"), person=hidden.get("person_id") or hidden.get("user_id"),
    )  # fmt: skip


_MESSAGES: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "stripe": _of_stripe, "zendesk": _of_zendesk, "intercom": _of_intercom, "hubspot": _of_hubspot,
    "typeform": _of_typeform,
}  # fmt: skip


def _message(
    service: str, id_: Any, name: Any, at: Any, told: Mapping[str, Any], *, account: Any = None, person: Any = None
) -> dict[str, Any]:
    return {
        "type": "track",
        "messageId": f"{service}/{text_id(id_)}" if text_id(id_) else None,
        "event": name,
        "timestamp": at,
        "userId": text_id(person),
        "properties": dict(told),
        "context": {"groupId": text_id(account)},
    }


def _inside(value: Mapping[str, Any], *path: str) -> Mapping[str, Any]:
    for name in path:
        inner = value.get(name)
        if not isinstance(inner, dict):
            return {}
        value = inner
    return value


def _base64(made: hmac.HMAC) -> str:
    return base64.b64encode(made.digest()).decode()


def _seconds(text: str) -> float:
    return float(text) if text.isdigit() and len(text) < 20 else 0.0
