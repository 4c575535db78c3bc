"""Calls of the Segment spec, and what PostHog's clients and CloudEvents say in its words."""

from __future__ import annotations

from typing import Any

import pytest

from cxcurve.sources.live import cloudevents, posthog, segment
from cxcurve.sources.live.bodies import BadRequestError, read_json
from cxcurve.sources.live.calls import Call, Item


def call_of(items: list[Item]) -> Call:
    (item,) = items
    assert item.call is not None, item.reason
    return item.call


def test_a_track_call() -> None:
    sent = {
        "messageId": "m1",
        "event": "Order Completed",
        "userId": 42,
        "anonymousId": "a1",
        "timestamp": "2026-11-01T10:00:00Z",
        "properties": {"revenue": 9.5},
        "context": {"groupId": "acme", "ip": "10.0.0.1"},
        "integrations": {},
    }
    call = call_of(segment.items("track", sent))
    assert call == Call(
        "track",
        "m1",
        "Order Completed",
        "42",
        "a1",
        "acme",
        None,
        "2026-11-01T10:00:00Z",
        None,
        {"revenue": 9.5},
        {},
        {"groupId": "acme", "ip": "10.0.0.1"},
    )


def test_the_path_says_the_kind_whatever_the_body_says() -> None:
    assert call_of(segment.items("identify", {"type": "track", "userId": "u"})).kind == "identify"


def test_a_batch_lends_its_time_of_sending_and_its_context() -> None:
    batch = {
        "sentAt": "S",
        "context": {"app": "x", "groupId": "g"},
        "batch": [
            {"type": "track", "event": "e", "userId": "u"},
            {"type": "track", "event": "e", "userId": "u", "sentAt": "own", "context": {"app": "y"}},
        ],
    }
    first, second = (item.call for item in segment.items("batch", batch))
    assert first is not None
    assert second is not None
    assert (first.sent_at, first.context, first.account) == ("S", {"app": "x", "groupId": "g"}, "g")
    assert (second.sent_at, second.context) == ("own", {"app": "y", "groupId": "g"})


def test_original_timestamp_comes_before_timestamp() -> None:
    call = call_of(segment.items("track", {"event": "e", "userId": "u", "timestamp": "T", "originalTimestamp": "O"}))
    assert call.said_at == "O"


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        ({"name": "Pricing"}, "Viewed Pricing Page"),
        ({"category": "Docs", "name": "API"}, "Viewed Docs API Page"),
        ({}, "Viewed Page"),
        ({"name": None, "category": ""}, "Viewed Page"),
    ],
)
def test_a_page_that_was_seen_is_an_event(sent: dict[str, Any], name: str) -> None:
    assert call_of(segment.items("page", {**sent, "anonymousId": "a"})).name == name


def test_null_fields_are_none() -> None:
    """As segment-analytics-python sends them."""
    sent = {"event": "e", "userId": "u", "anonymousId": None, "properties": None, "context": None, "messageId": None}
    call = call_of(segment.items("track", sent))
    assert (call.anonymous, call.properties, call.context, call.id) == (None, {}, {}, None)


@pytest.mark.parametrize(
    ("kind", "sent", "reason"),
    [
        ("track", {"userId": "u"}, "has no `event`, the event's name; expected text"),
        ("track", {"userId": "u", "event": 5}, "has no `event`"),
        ("track", {"event": "e"}, "names nobody: `userId`, `anonymousId` and `context.groupId` are all empty"),
        ("track", {"event": "e", "userId": "  ", "anonymousId": ""}, "names nobody"),
        ("track", {"event": "e", "userId": True}, "names nobody"),
        ("group", {"userId": "u"}, "has no `groupId`, the account"),
        ("alias", {"userId": "u"}, "needs both `previousId` and `userId`"),
        ("track", {"event": "e", "userId": "u" * 513}, "has a `userId` of more than 512 characters"),
        ("track", {"event": "e" * 257, "userId": "u"}, "has a `event` of more than 256 characters"),
        (
            "track",
            {"event": "e", "userId": "u", "properties": {"x": "y" * 40_000}},
            "expected at most 32,768 a message",
        ),
    ],
)
def test_what_says_nothing_is_refused_with_its_reason(kind: str, sent: dict[str, Any], reason: str) -> None:
    (item,) = segment.items(kind, sent)
    assert item.call is None
    assert reason in str(item.reason)
    assert item.sent == {**sent, "type": kind}


def test_what_is_no_message_in_a_batch_is_refused_alone() -> None:
    items = segment.items(
        "batch",
        {"batch": [5, {"type": "dance", "userId": "u"}, None, [], {"type": "track", "event": "e", "userId": "u"}]},
    )
    assert [item.reason for item in items] == [
        "is a number; expected an object",
        'has the type "dance"; expected track, identify, group, page, screen, alias',
        "is nothing; expected an object",
        "is a list; expected an object",
        None,
    ]


@pytest.mark.parametrize("payload", [[], "x", 5, None])
def test_a_body_that_is_no_object(payload: Any) -> None:
    with pytest.raises(BadRequestError, match="no JSON object"):
        segment.items("batch", payload)


def test_a_call_sent_again_says_the_same() -> None:
    """With another time of sending, which is what tells one sending from the next."""
    sent = {"event": "e", "userId": "u", "messageId": "m", "timestamp": "T"}
    first = call_of(segment.items("track", {**sent, "sentAt": "1"}))
    second = call_of(segment.items("track", {**sent, "sentAt": "2"}))
    assert first.message() == second.message()
    assert call_of(segment.items("batch", {"batch": [first.message()]})).message() == first.message()


# --- PostHog


def posthog_call(event: dict[str, Any]) -> Call:
    return call_of(posthog.items("batch", {"api_key": "k", "batch": [event], "sent_at": "S"}))


def test_posthog_capture() -> None:
    """As posthog-python 7 sends it."""
    call = posthog_call(
        {
            "event": "signed up",
            "distinct_id": "u1",
            "uuid": "x-1",
            "timestamp": "T",
            "properties": {"a": 1, "$lib": "posthog-python", "$groups": {"team": "t", "company": "acme"}},
        }
    )
    assert (call.kind, call.name, call.person, call.id, call.said_at, call.sent_at) == (
        "track",
        "signed up",
        "u1",
        "x-1",
        "T",
        "S",
    )
    assert call.account == "acme"
    assert call.properties == {"a": 1, "$lib": "posthog-python"}


def test_posthog_says_who_is_a_visitor() -> None:
    for said in ({"$is_identified": False}, {"$device_id": "d1"}):
        call = posthog_call({"event": "e", "distinct_id": "d1", "properties": said})
        assert (call.person, call.anonymous) == (None, "d1")


def test_posthog_alias_identify_set_and_group() -> None:
    alias = posthog_call(
        {"event": "$create_alias", "distinct_id": "anon1", "properties": {"distinct_id": "anon1", "alias": "u1"}}
    )
    assert (alias.kind, alias.previous, alias.person) == ("alias", "anon1", "u1")
    identify = posthog_call(
        {
            "event": "$identify",
            "distinct_id": "u1",
            "properties": {"$anon_distinct_id": "anon1", "$set": {"plan": "pro"}},
        }
    )
    assert (identify.kind, identify.person, identify.anonymous, identify.traits) == (
        "identify",
        "u1",
        "anon1",
        {"plan": "pro"},
    )
    told = posthog_call({"event": "$set", "distinct_id": "u1", "$set": {"seats": 3}, "properties": {}})
    assert (told.kind, told.person, told.traits) == ("identify", "u1", {"seats": 3})
    once = posthog_call({"event": "$set_once", "distinct_id": "u1", "properties": {"$set_once": {"plan": "free"}}})
    assert (once.kind, once.traits) == ("identify", {"$set_once": {"plan": "free"}})
    both = {"event": "$identify", "distinct_id": "u1", "$set": {"a": 1}, "properties": {"$set_once": {"a": 2}}}
    assert posthog_call(both).traits == {"a": 1, "$set_once": {"a": 2}}
    group = posthog_call(
        {
            "event": "$groupidentify",
            "distinct_id": "made-up",
            "properties": {"$group_type": "company", "$group_key": "acme", "$group_set": {"n": 1}},
        }
    )
    assert (group.kind, group.account, group.person, group.traits) == ("group", "acme", None, {"n": 1})


@pytest.mark.parametrize(
    "payload",
    [
        {"api_key": "k", "event": "e", "distinct_id": "u"},
        [{"event": "e", "properties": {"distinct_id": "u", "token": "k"}}],
        {"token": "k", "event": "e", "properties": {"distinct_id": "u"}},
    ],
)
def test_posthog_single_events_and_lists(payload: Any) -> None:
    assert call_of(posthog.items("capture", payload)).person == "u"
    assert posthog.write_key(payload) == "k"


# --- CloudEvents

EVENT = {"specversion": "1.0", "id": "7", "source": "/shop", "type": "purchase", "subject": "u1", "time": "T"}


def test_a_cloudevent() -> None:
    call = call_of(cloudevents.items("events", {**EVENT, "data": {"amount": 5, "account_id": "acme"}}))
    assert (call.id, call.name, call.person, call.account, call.said_at) == ("/shop/7", "purchase", "u1", "acme", "T")
    assert call.properties == {"amount": 5, "account_id": "acme"}


def test_cloudevents_in_binary_mode_and_base64() -> None:
    headers = {
        "ce-id": "7",
        "ce-source": "/shop",
        "ce-type": "purchase",
        "ce-specversion": "1.0",
        "ce-subject": "u%201",
    }
    body = cloudevents.structured(headers, b'{"amount": 5}')
    call = call_of(cloudevents.items("events", read_json(body)))
    assert (call.id, call.person, call.properties) == ("/shop/7", "u 1", {"amount": 5})
    packed = call_of(cloudevents.items("events", {**EVENT, "data_base64": "eyJhIjogMX0="}))
    assert packed.properties == {"a": 1}


def test_what_is_no_cloudevent() -> None:
    items = cloudevents.items("events", [{**EVENT, "specversion": "0.3"}, {"specversion": "1.0", "id": "1"}, 5])
    assert [item.reason for item in items] == [
        'has the specversion "0.3"; expected "1.0"',
        "lacks source, type: text that every CloudEvent has",
        "is no object; expected a CloudEvent",
    ]
