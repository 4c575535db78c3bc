"""Webhooks: only what the service signed, and what it says in the words of the plan."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest

from cxcurve.sources.live import webhooks
from cxcurve.sources.live.bodies import BadRequestError
from cxcurve.sources.live.calls import Call

SECRET, ADDRESS, NOW = "whsec_test", "https://cx.example/v1/webhooks/hubspot", 1_793_520_000.0
BODY = b'{"id": "evt_1"}'


def b64(key: str, text: bytes) -> str:
    return base64.b64encode(hmac.new(key.encode(), text, hashlib.sha256).digest()).decode()


def signed(service: str, body: bytes = BODY, key: str = SECRET, at: float = NOW) -> dict[str, str]:
    """As the service's documentation says."""
    seconds, milliseconds = str(int(at)), str(int(at * 1000))
    stripe = hmac.new(key.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    return {
        "stripe": {"stripe-signature": f"t={seconds},v1=00ff,v1={stripe}"},
        "zendesk": {
            "x-zendesk-webhook-signature-timestamp": "2026-11-01T08:00:00Z",
            "x-zendesk-webhook-signature": b64(key, b"2026-11-01T08:00:00Z" + body),
        },
        "intercom": {"x-hub-signature": "sha1=" + hmac.new(key.encode(), body, hashlib.sha1).hexdigest()},
        "hubspot": {
            "x-hubspot-request-timestamp": milliseconds,
            "x-hubspot-signature-v3": b64(key, b"POST" + ADDRESS.encode() + body + milliseconds.encode()),
        },
        "typeform": {"typeform-signature": "sha256=" + b64(key, body)},
    }[service]


def check(service: str, headers: dict[str, str], body: bytes = BODY) -> None:
    webhooks.check_signature(service, headers, ADDRESS, body, SECRET, NOW)


@pytest.mark.parametrize("service", list(webhooks.EVENTS))
def test_only_what_the_service_signed_passes(service: str) -> None:
    check(service, signed(service))
    wrong = [
        (signed(service, key="another"), BODY),
        (signed(service), BODY + b" "),
        ({}, BODY),
        (dict.fromkeys(signed(service), ""), BODY),
        (dict.fromkeys(signed(service), "é%00,=t="), BODY),
    ]
    for headers, body in wrong:
        with pytest.raises(BadRequestError) as refused:
            check(service, headers, body)
        assert (refused.value.status, refused.value.code) == (401, "bad_signature")


@pytest.mark.parametrize("service", ["stripe", "hubspot"])
def test_what_was_listened_to_cannot_be_sent_again_later(service: str) -> None:
    with pytest.raises(BadRequestError, match="more than 300 s"):
        check(service, signed(service, at=NOW - 301))


def test_stripe_s_published_example_of_the_scheme() -> None:
    """The signed text is the time, a point, and the body, docs.stripe.com/webhooks/signature."""
    wanted = hmac.new(SECRET.encode(), b"1793520000." + BODY, hashlib.sha256).hexdigest()
    check("stripe", {"stripe-signature": f"t=1793520000,v1={wanted},v0=abc"})


def call_of(service: str, payload: Any) -> Call:
    (item,) = webhooks.items(service, payload)
    assert item.call is not None, item.reason
    return item.call


def test_stripe() -> None:
    event = {"id": "evt_1", "type": "customer.subscription.deleted", "created": 1_793_500_000,
             "data": {"object": {"id": "sub_1", "object": "subscription", "customer": "cus_9"}}}  # fmt: skip
    call = call_of("stripe", event)
    assert (call.id, call.name, call.account, call.said_at) == (
        "stripe/evt_1", "customer.subscription.deleted", "cus_9", 1_793_500_000,
    )  # fmt: skip
    customer = {**event, "type": "customer.updated", "data": {"object": {"id": "cus_9", "object": "customer"}}}
    assert (call_of("stripe", customer).account, call_of("stripe", customer).name) == ("cus_9", "customer.updated")


def test_zendesk_intercom_hubspot_and_typeform() -> None:
    zendesk = call_of("zendesk", {"id": "z1", "type": "zen:event-type:ticket.created", "time": "2026-11-01T07:00:00Z",
                                  "detail": {"organization_id": 7, "requester_id": 8}})  # fmt: skip
    assert (zendesk.name, zendesk.account, zendesk.person) == ("ticket.created", "7", "8")
    intercom = call_of("intercom", {"id": "n1", "topic": "conversation.user.created", "created_at": 1_793_500_000,
                                    "data": {"item": {"contacts": {"contacts": [{"external_id": "u5"}]}}}})  # fmt: skip
    assert (intercom.name, intercom.person) == ("conversation.user.created", "u5")
    deal = {"eventId": 1, "objectId": 42, "occurredAt": 1_793_500_000_000}
    two = [{**deal, "subscriptionType": kind} for kind in ("deal.creation", "deal.propertyChange")]
    calls = [item.call for item in webhooks.items("hubspot", two)]
    assert len({call.id for call in calls if call}) == 2
    assert [call.account for call in calls if call] == ["42", "42"]
    response = {
        "submitted_at": "2026-11-01T07:00:00Z",
        "hidden": {"account_id": "acme", "user_id": "u1"},
        "answers": [{"type": "text", "text": "fine"}, {"type": "number", "number": 9}],
    }
    form = {"event_id": "f1", "event_type": "form_response", "form_response": response}
    typeform = call_of("typeform", form)
    assert (typeform.name, typeform.account, typeform.person) == ("form_response", "acme", "u1")
    assert typeform.properties["value"] == 9


@pytest.mark.parametrize("service", list(webhooks.EVENTS))
@pytest.mark.parametrize(
    "payload", [{}, [], [5], {"data": 5, "detail": [], "form_response": "x", "type": {}, "topic": 1}]
)
def test_what_says_nothing_is_refused_not_broken(service: str, payload: Any) -> None:
    assert all(item.call is None and item.reason for item in webhooks.items(service, payload))
    json.dumps([item.reason for item in webhooks.items(service, payload)])
