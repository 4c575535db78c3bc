"""What programs send over HTTP: exactly 200 and a verdict for each message, or an error in the form clients know."""

from __future__ import annotations

import base64
import gzip
import hashlib
import hmac
import json
import time
import zlib
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import httpx
import pytest
from serving import served

from cxcurve.errors import InboxFullError
from cxcurve.store.inbox import Inbox
from cxcurve.workspace import Workspace, init

NOBODY = "names nobody: `userId`, `anonymousId` and `context.groupId` are all empty"
EVENT = {"event": "core_feature_used", "userId": "u1", "messageId": "m1"}


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with init(tmp_path / "w", "b2b-saas") as found:
        yield found


@pytest.fixture
def client(workspace: Workspace) -> Iterator[httpx.Client]:
    key = workspace.live.keys.create("write", "web", 1)
    with served(workspace) as url, httpx.Client(base_url=url, auth=(key, ""), timeout=30) as found:
        yield found


def moved(workspace: Workspace) -> list[tuple[Any, ...]]:
    while workspace.move():
        pass
    return workspace.store.rows("SELECT event_id, person_id, name, source FROM events ORDER BY 1")


@pytest.mark.parametrize("kind", ["track", "identify", "group", "page", "screen", "alias"])
def test_every_kind_of_call_is_answered_with_200(client: httpx.Client, kind: str) -> None:
    answer = client.post(f"/v1/{kind}", json={**EVENT, "groupId": "g", "previousId": "a", "traits": {"x": 1}})
    assert (answer.status_code, answer.json()) == (200, {"success": True, "items": [{"messageId": "m1", "ok": True}]})


def test_a_batch_with_a_verdict_for_each(client: httpx.Client, workspace: Workspace) -> None:
    batch = [{"type": "track", **EVENT}, {"type": "track", "event": "x", "messageId": "m2"}, 7]
    answer = client.post("/v1/batch", json={"batch": batch})
    assert answer.status_code == 200
    assert answer.json()["items"] == [
        {"messageId": "m1", "ok": True},
        {
            "messageId": "m2",
            "ok": False,
            "message": f"kept in quarantine: it {NOBODY}",
        },
        {"messageId": None, "ok": False, "message": "kept in quarantine: it is a number; expected an object"},
    ]
    assert moved(workspace) == [("m1", "u1", "core_feature_used", "web")]
    assert len(workspace.quarantine()) == 2


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [("gzip", gzip.compress), ("deflate", zlib.compress), ("deflate", lambda b: zlib.compress(b)[2:-4])],
)
def test_packed_bodies(client: httpx.Client, workspace: Workspace, encoding: str, pack: Any) -> None:
    body = pack(json.dumps(EVENT).encode())
    assert client.post("/v1/track", content=body, headers={"content-encoding": encoding}).status_code == 200
    assert moved(workspace) == [("m1", "u1", "core_feature_used", "web")]


def test_where_a_key_may_stand(client: httpx.Client, workspace: Workspace) -> None:
    key = workspace.live.keys.create("write", "app", 1)
    client.auth = None
    basic = base64.b64encode(f"{key}:".encode()).decode()
    for headers, body in (
        ({"authorization": f"Basic {basic}"}, EVENT),
        ({"authorization": f"Bearer {key}"}, EVENT),
        ({}, {**EVENT, "writeKey": key}),
    ):
        assert client.post("/v1/track", json=body, headers=headers).status_code == 200
    assert client.post("/batch/", json={"api_key": key, "batch": []}).status_code == 200


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({}, 401, "no_key"),
        ({"authorization": "Bearer wrong"}, 401, "unknown_key"),
        ({"authorization": "Basic %%%"}, 401, "bad_key"),
        ({"authorization": "Basic " + base64.b64encode(b"wrong:").decode()}, 401, "unknown_key"),
        ({"authorization": "Bearer " + "x" * 10_000}, 401, "unknown_key"),
    ],
)
def test_without_a_good_key_nothing_is_kept(
    client: httpx.Client, workspace: Workspace, headers: dict[str, str], status: int, code: str
) -> None:
    client.auth = None
    answer = client.post("/v1/track", json=EVENT, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert workspace.live.inbox.after(0, 10) == []


def test_a_key_for_reading_and_a_withdrawn_one(client: httpx.Client, workspace: Workspace) -> None:
    client.auth = (workspace.live.keys.create("read", "board", 1), "")
    assert client.post("/v1/track", json=EVENT).json()["code"] == "no_write_key"
    client.auth = (workspace.live.keys.create("write", "web", 1), "")
    workspace.live.keys.withdraw(3, 2)
    assert client.post("/v1/track", json=EVENT).json()["code"] == "unknown_key"


@pytest.mark.parametrize(
    ("path", "content", "headers", "status", "code"),
    [
        ("/v1/track", b"{", {}, 400, "not_json"),
        ("/v1/track", b"[]", {}, 400, "no_object"),
        ("/v1/batch", b"{}", {}, 400, "no_batch"),
        ("/v1/batch", b'{"batch": {}}', {}, 400, "no_batch"),
        ("/batch/", b"{}", {}, 400, "no_batch"),
        ("/v1/cloudevents", b"5", {}, 400, "no_object"),
        ("/v1/track", b"x" * 600_000, {}, 413, "too_large"),
        ("/v1/track", gzip.compress(b"0" * 10_000_000, mtime=0), {"content-encoding": "gzip"}, 413, "too_large"),
        ("/v1/track", b"{}", {"content-encoding": "br"}, 415, "unknown_encoding"),
        ("/v1/track", b"[" * 100_000, {}, 400, "not_json"),
    ],
)
def test_errors_have_a_code_and_a_message(
    client: httpx.Client, path: str, content: bytes, headers: dict[str, str], status: int, code: str
) -> None:
    answer = client.post(path, content=content, headers=headers)
    assert answer.status_code == status
    assert set(answer.json()) == {"code", "message"}
    assert answer.json()["code"] == code


def test_a_large_body_without_its_length_is_cut_off(client: httpx.Client) -> None:
    answer = client.post("/v1/track", content=(b"x" * 10_000 for _ in range(100)))
    assert answer.json()["code"] == "too_large"


def test_only_posts_and_what_browsers_ask_before(client: httpx.Client) -> None:
    answer = client.get("/v1/track")
    assert (answer.status_code, answer.json()["code"]) == (405, "wrong_method")
    asked = client.options("/v1/batch", headers={"origin": "https://shop.example"})
    assert asked.status_code == 200
    assert asked.headers["access-control-allow-origin"] == "*"
    assert "authorization" in asked.headers["access-control-allow-headers"]


def test_a_full_inbox_is_429_with_retry_after(
    client: httpx.Client, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Inbox, requests: Any) -> Future[int]:
        raise InboxFullError("the inbox is full", retry_after_s=7)

    monkeypatch.setattr(Inbox, "put", full)
    answer = client.post("/v1/track", json=EVENT)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")
    assert answer.json() == {
        "code": "full",
        "message": "the inbox is full. Nothing of this request was kept: send it again in 7 s.",
    }


def test_a_disk_that_takes_nothing_is_429(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(self: Inbox, requests: Any) -> Future[int]:
        done: Future[int] = Future()
        done.set_exception(InboxFullError("the disk takes nothing more", retry_after_s=30))
        return done

    monkeypatch.setattr(Inbox, "put", failing)
    assert client.post("/v1/track", json=EVENT).status_code == 429


def test_a_fault_of_ours_tells_nothing_of_itself(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(body: bytes) -> None:
        raise RuntimeError(body.decode())

    monkeypatch.setattr("cxcurve.web.ingest.read_json", broken)
    answer = client.post("/v1/track", json={**EVENT, "userId": "somebody@example.org"})
    assert answer.status_code == 500
    assert answer.json() == {"code": "broken", "message": "a fault of cxcurve; nothing of this request was kept"}
    assert "RuntimeError" in caplog.text
    assert "somebody" not in caplog.text


def test_cloudevents_in_all_three_ways(client: httpx.Client, workspace: Workspace) -> None:
    event = {"specversion": "1.0", "id": "1", "source": "/s", "type": "core_feature_used", "subject": "u1"}
    one = client.post("/v1/cloudevents", json=event, headers={"content-type": "application/cloudevents+json"})
    many = client.post("/v1/cloudevents", json=[{**event, "id": "2"}, {**event, "id": "3"}])
    headers = {f"ce-{name}": value for name, value in {**event, "id": "4"}.items()}
    binary = client.post("/v1/cloudevents", json={"seats": 5}, headers=headers)
    assert [answer.status_code for answer in (one, many, binary)] == [200, 200, 200]
    assert [row[0] for row in moved(workspace)] == ["/s/1", "/s/2", "/s/3", "/s/4"]


def test_a_webhook_needs_its_secret_and_its_signature(
    client: httpx.Client, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = {"id": "evt_1", "type": "invoice.payment_failed", "data": {"object": {"customer": "cus_9"}}}
    body, at = json.dumps(event).encode(), str(int(time.time()))
    made = hmac.new(b"whsec", f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    headers = {"stripe-signature": f"t={at},v1={made}"}
    client.auth = None
    assert client.post("/v1/webhooks/stripe", content=body, headers=headers).json()["code"] == "no_secret"
    monkeypatch.setenv("CXCURVE_STRIPE_WEBHOOK_SECRET", "whsec")
    assert client.post("/v1/webhooks/stripe", content=body + b" ", headers=headers).json()["code"] == "bad_signature"
    assert client.post("/v1/webhooks/stripe", content=body, headers=headers).status_code == 200
    assert client.post("/v1/webhooks/other", content=body, headers=headers).status_code == 404
    workspace.move()
    rows = workspace.store.rows("SELECT event_id, account_id, name, source FROM events")
    assert rows == [("stripe/evt_1", "cus_9", "payment_failed", "stripe")]


def test_the_ledger_tells_where_everything_is(client: httpx.Client, workspace: Workspace) -> None:
    client.post("/v1/batch", json={"batch": [{"type": "track", **EVENT}, {"type": "track", **EVENT}, 7]})
    waiting = client.get("/api/ingest/ledger").json()
    assert (waiting["items"]["received"], waiting["items"]["waiting"], waiting["events"]["made"]) == (3, 3, 0)
    moved(workspace)
    found = client.get("/api/ingest/ledger").json()
    assert found["items"] == {"received": 3, "waiting": 0, "used": 2, "no_event": 0, "quarantined": 1, "duplicate": 0}
    assert found["events"] == {"made": 2, "loaded": 1, "duplicate": 1, "conflict": 0, "quarantined": 0}
    assert found["sources"]["web"]["items"] == found["items"]


def test_the_pages_are_still_there(client: httpx.Client) -> None:
    assert client.get("/healthz").text == "ok"
    assert client.post("/v1/other", json=EVENT).status_code == 404
