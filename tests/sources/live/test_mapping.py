"""Items of a live source as a batch: events, times by our clock, ids, and everything counted once."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxcurve.model.sources import Source
from cxcurve.sources.events import Plan
from cxcurve.sources.live import segment
from cxcurve.sources.live.bodies import written
from cxcurve.sources.live.calls import Call
from cxcurve.sources.live.heard import Heard
from cxcurve.sources.live.mapping import at_path, heard_in, live_source, map_heard, occurred_us
from cxcurve.sources.masking import keyed_hash
from cxcurve.sources.rows import Batch
from cxcurve.store.inbox import Request

NOW = 1_793_520_000_000_000  # 2026-11-01T08:00:00Z
SECOND = 1_000_000
KEY = b"0123456789abcdef"
KNOWN = {"purchase", "used"}


def mapped(*messages: Any, source: Source | None = None, **batch: Any) -> Batch:
    body = written({"batch": list(messages), **batch}).encode()
    heard = heard_in(Request("web", "segment/batch", NOW, len(messages), body))
    return map_heard(Plan(live_source("web", source), NOW, KNOWN), heard)


def track(**more: Any) -> dict[str, Any]:
    return {"type": "track", "event": "purchase", "userId": "u1", "messageId": "m1", **more}


def only(batch: Batch) -> dict[str, Any]:
    assert batch.refused == ()
    (row,) = batch.events.to_pylist()
    return dict(row)


def test_an_event_of_the_segment_spec() -> None:
    row = only(
        mapped(
            track(
                anonymousId="a1",
                timestamp="2026-11-01T07:00:00Z",
                context={"groupId": "acme", "ip": "10.0.0.1"},
                properties={
                    "revenue": 9.5,
                    "currency": "EUR",
                    "value": 3,
                    "text": "fine",
                    "conversation_id": 7,
                    "x": None,
                },
            )
        )
    )
    assert {name: row[name] for name in ("event_id", "account_id", "person_id", "anonymous_id", "name", "source")} == {
        "event_id": "m1",
        "account_id": "acme",
        "person_id": "u1",
        "anonymous_id": "a1",
        "name": "purchase",
        "source": "web",
    }
    assert (row["value"], row["amount"], row["currency"], row["text"], row["conversation_id"]) == (
        3.0,
        9.5,
        "EUR",
        "fine",
        "7",
    )
    assert row["occurred_us"] == NOW - 3600 * SECOND
    assert row["received_us"] == NOW
    assert json.loads(row["properties"]) == {
        "revenue": 9.5,
        "currency": "EUR",
        "value": 3,
        "text": "fine",
        "conversation_id": 7,
        "x": None,
        "context": {"ip": "10.0.0.1"},
    }


def test_a_value_that_is_no_number_stays_a_property() -> None:
    row = only(mapped(track(properties={"value": "large", "revenue": True})))
    assert (row["value"], row["amount"]) == (None, None)
    assert json.loads(row["properties"]) == {"value": "large", "revenue": True}


def test_a_mapping_names_parts_by_their_path() -> None:
    source = Source(
        live=True, account="properties.shop.id", amount="properties.cart.total", rename={"Order Completed": "purchase"}
    )
    row = only(
        mapped(
            track(event="Order Completed", properties={"shop": {"id": 5}, "cart": {"total": "12.50"}}), source=source
        )
    )
    assert (row["name"], row["account_id"], row["amount"]) == ("purchase", "5", 12.5)


def test_what_a_mapping_calls_a_number_must_be_one() -> None:
    source = Source(live=True, amount="properties.total")
    batch = mapped(track(properties={"total": "many"}), source=source)
    (refused,) = batch.refused
    assert 'could not read "many" as a number in column properties.total' in refused.reason


def test_an_unknown_event_is_refused_and_kept_as_sent() -> None:
    batch = mapped(track(event="purchased", properties={"a": 1}), track(messageId="m2"))
    (refused,) = batch.refused
    assert refused.reason == 'event "purchased" is not in the tracking plan. Did you mean "purchase"?'
    assert (refused.source, refused.file, refused.line, refused.kind) == ("web", "message m1", 0, "event")
    kept = json.loads(refused.row)
    assert {name: kept[name] for name in ("event", "messageId", "userId", "properties", "receivedUs")} == {
        "event": "purchased",
        "messageId": "m1",
        "userId": "u1",
        "properties": {"a": 1},
        "receivedUs": NOW,
    }
    assert batch.events["event_id"].to_pylist() == ["m2"]


def test_the_same_refused_again_is_the_same_row_of_the_quarantine() -> None:
    first, second = (mapped(track(event="nope"), sentAt=sent).refused[0] for sent in ("2026-11-01T07:59:59Z", None))
    assert (first.file, first.ordinal) == (second.file, second.ordinal)
    other = mapped(track(event="nope", properties={"b": 1})).refused[0]
    assert other.ordinal != first.ordinal


def test_what_makes_no_event_is_counted_as_that() -> None:
    batch = mapped(
        {"type": "identify", "userId": "u1", "traits": {}},
        {"type": "group", "userId": "u1", "groupId": "acme"},
        {"type": "alias", "userId": "u1", "previousId": "a1"},
        track(),
        track(messageId="m2", event="nope"),
        "junk",
    )
    assert (batch.n_read, batch.n_used, batch.n_no_event, len(batch.refused)) == (6, 2, 3, 2)
    assert batch.n_read == batch.n_used + batch.n_no_event + sum(one.kind == "row" for one in batch.refused)


def test_what_is_told_of_somebody_is_kept_and_texts_are_masked() -> None:
    batch = mapped(
        {"type": "identify", "messageId": "i1", "userId": "u1", "timestamp": "2026-11-01T07:00:00Z",
         "traits": {"plan": "pro", "contact": {"mail": "anna@example.org"}, "seats": 3}},
        {"type": "group", "messageId": "g1", "userId": "u1", "groupId": "acme", "traits": {"industry": "steel"}},
        {"type": "group", "messageId": "g2", "userId": "u1", "groupId": "acme", "traits": {}},
        track(context={"traits": {"plan": "x"}}),
    )  # fmt: skip
    assert batch.traits is not None
    rows = [(row["trait_id"], row["id_kind"], row["id"], json.loads(row["traits"])) for row in batch.traits.to_pylist()]
    assert rows == [
        ("web/i1", "person", "u1", {"plan": "pro", "contact": {"mail": "[email]"}, "seats": 3}),
        ("web/g1", "account", "acme", {"industry": "steel"}),
    ]
    assert batch.traits["said_us"].to_pylist() == [NOW - 3600 * SECOND, NOW]


def test_without_an_id_a_repetition_is_told_and_twins_count() -> None:
    said = {"type": "track", "event": "used", "userId": "u1", "timestamp": "2026-11-01T07:00:00Z"}
    ids = mapped(said, said).events["event_id"].to_pylist()
    again = mapped(said, said, sentAt="2026-11-01T07:59:00Z").events["event_id"].to_pylist()
    assert len(set(ids)) == 2
    assert ids == again


def test_a_time_that_cannot_be_read_is_said() -> None:
    batch = mapped(track(timestamp="yesterday"), track(messageId="m2", timestamp={"a": 1}))
    assert [one.reason for one in batch.refused] == [
        'has the timestamp "yesterday"; expected ISO 8601 such as 2026-05-31T14:00:00Z',
        "has the timestamp \"{'a': 1}\"; expected ISO 8601 such as 2026-05-31T14:00:00Z",
    ]
    assert (batch.n_read, len(batch.events)) == (2, 0)


# --- the clock


def moment(said: Any, sent: Any = None) -> int:
    call = Call("track", said_at=said, sent_at=sent)
    found, unread = occurred_us([call], np.array([NOW]))
    assert unread == [None]
    return int(found[0])


def test_a_wrong_clock_is_put_right_by_the_time_of_sending() -> None:
    """`received - (sent - said)`, Segment's spec."""
    for year in ("1999", "2026", "2041"):
        assert moment(f"{year}-03-01T10:00:00Z", f"{year}-03-01T10:00:30Z") == NOW - 30 * SECOND


def test_nothing_happened_after_it_was_sent() -> None:
    assert moment("2026-11-01T09:00:00Z", "2026-11-01T07:00:00Z") == NOW


def test_without_the_time_of_sending_the_clock_is_believed_and_without_a_time_it_is_now() -> None:
    assert moment("2026-11-01T07:59:00Z") == NOW - 60 * SECOND
    assert moment("2026-11-01T07:59:00Z", "some day") == NOW - 60 * SECOND
    assert moment(None, "2026-11-01T07:59:00Z") == NOW


def test_numbers_are_milliseconds_or_seconds_since_1970() -> None:
    assert moment(NOW / 1000) == NOW
    assert moment(NOW // SECOND) == NOW


@given(st.integers(-(10**9), 10**9), st.integers(0, 10**6))
def test_whatever_the_clock_says_what_passed_on_it_counts(offset_s: int, passed_s: int) -> None:
    sent = NOW // SECOND + offset_s
    if sent - passed_s > 10**8:  # smaller numbers would be read as milliseconds as well
        assert moment((sent - passed_s) * 1000, sent * 1000) == NOW - passed_s * SECOND


def test_a_date_that_cannot_be_is_refused() -> None:
    (refused,) = mapped(track(timestamp="2041-01-01T00:00:00Z")).refused
    assert refused.reason == "is dated 2041-01-01T00:00, more than 24 h after it was received"


def test_a_path() -> None:
    message = {"a": {"b": {"c": 5}, "d.e": 6}, "x.y": 7}
    assert [at_path(message, path) for path in ("a.b.c", "a.d.e", "x.y", "a.z", "a.b.c.d", "q")] == [
        5,
        6,
        7,
        None,
        None,
        None,
    ]


@pytest.mark.parametrize("kind", ["track", "page", "screen"])
def test_each_kind_of_event(kind: str) -> None:
    items = segment.items(kind, {"event": "used", "name": "x", "userId": "u", "messageId": "m"})
    batch = map_heard(Plan(live_source("web"), NOW, None), [Heard(item, NOW) for item in items])
    assert batch.events["name"].to_pylist() == ["used"]


def test_personal_data_is_in_nothing_that_is_kept_and_ids_stay_as_sent() -> None:
    said = {"text": "I am at anna@example.org", "note": "call +44 20 7946 0958"}
    batch = mapped(
        track(userId="anna@example.org", properties=said),
        track(messageId="m2", event="nope", properties=said),
        {"type": "dance", "messageId": "m3", "properties": said},
        "write to anna@example.org",
    )
    (event,) = batch.events.to_pylist()
    assert event["person_id"] == "anna@example.org"
    del event["person_id"], event["said"]
    kept = json.dumps([event, [one.row for one in batch.refused]])
    assert "anna@" not in kept.replace('\\"userId\\":\\"anna@example.org', "")
    assert "7946" not in kept


def test_what_was_masked_says_the_same_when_it_is_sent_again() -> None:
    said = {"text": "I am at anna@example.org"}
    first, second = (mapped(track(properties=said), sentAt=sent) for sent in (None, "2026-11-01T07:59:00Z"))
    assert first.events["said"].to_pylist() == second.events["said"].to_pylist()


ANNA = keyed_hash("anna@acme.example", KEY)


def told(source: Source, *messages: Any) -> Batch:
    body = written({"batch": list(messages)}).encode()
    heard = heard_in(Request("web", "segment/batch", NOW, len(messages), body))
    return map_heard(Plan(live_source("web", source), NOW, KNOWN, secret=KEY), heard)


def identify(**traits: Any) -> dict[str, Any]:
    return {"type": "identify", "messageId": "m1", "userId": "u1", "traits": traits}


def test_contacts_are_kept_as_hashes_and_join_only_where_verified() -> None:
    message = identify(email="Anna@acme.example", name="Anna", team="red")
    for verified, n_links in (((), 0), ("email", 1)):
        source = Source.model_validate({"live": True, "verified": verified})
        batch = told(source, message, message)
        assert batch.traits is not None
        assert batch.links is not None
        kept = json.loads(batch.traits["traits"][0].as_py())
        assert kept == {"email_hash": ANNA, "name": "[name]", "team": "red"}
        assert batch.links.num_rows == n_links
    (row,) = batch.links.to_pylist()
    assert (row["how"], row["from_id"], row["to_kind"], row["to_id"]) == ("verified", "u1", "email", ANNA)


def test_contacts_told_for_once_are_contacts() -> None:
    source = Source.model_validate({"live": True, "verified": ["email"]})
    batch = told(source, identify(**{"$set_once": {"email": "Anna@acme.example", "team": "red"}}))
    assert batch.traits is not None
    assert batch.links is not None
    assert json.loads(batch.traits["traits"][0].as_py()) == {"$set_once": {"email_hash": ANNA, "team": "red"}}
    assert batch.links["to_id"].to_pylist() == [ANNA]


def test_ids_that_are_addresses_are_hashed_everywhere() -> None:
    source = Source.model_validate({"live": True, "ids": "hash"})
    alias = {"type": "alias", "userId": "anna@acme.example", "previousId": "a@acme.example", "messageId": "m2"}
    event = track(userId="anna@acme.example", messageId="m3")
    refused = {"type": "group", "userId": "anna@acme.example", "messageId": "m4"}
    batch = told(source, {**identify(), "userId": "anna@acme.example", "anonymousId": "v"}, alias, event, refused)
    assert batch.events["person_id"].to_pylist() == [ANNA]
    assert batch.links is not None
    assert set(batch.links["to_id"].to_pylist()) == {ANNA}
    assert json.loads(batch.refused[0].row)["userId"] == ANNA
    assert "@" not in str([batch.events.to_pylist(), batch.links.to_pylist(), batch.refused])


def test_traits_by_our_names_where_columns_gives_theirs() -> None:
    source = Source.model_validate({"live": True, "columns": {"seats": "licences", "owner": "csm"}})
    group = {"type": "group", "groupId": "acme", "messageId": "m", "traits": {"licences": 5, "csm": "Ann", "plan": "x"}}
    batch = told(source, group, {**group, "messageId": "n", "traits": {"$set_once": {"licences": 3}}})
    assert batch.traits is not None
    kept = [json.loads(text) for text in batch.traits["traits"].to_pylist()]
    assert kept == [{"seats": 5, "owner": "Ann", "plan": "x"}, {"$set_once": {"seats": 3}}]


def test_what_was_refused_is_kept_without_contacts_and_is_the_same_when_tried_again() -> None:
    bad = {**identify(email="anna@acme.example", phone="+49 30 1234567"), "timestamp": "yesterday"}
    (refused,) = told(Source(live=True), bad).refused
    kept = json.loads(refused.row)["traits"]
    assert kept == {"email": ANNA, "phone": keyed_hash("+49301234567", KEY)}
    again = told(Source(live=True), {**json.loads(refused.row), "timestamp": "2026-10-01"})
    assert again.traits is not None
    assert json.loads(again.traits["traits"][0].as_py())["email_hash"] == ANNA
