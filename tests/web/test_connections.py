"""Clients that are slow, endless or out of their mind: each is answered or cut off, and the others never notice."""

from __future__ import annotations

import gzip
import json
import re
import socket
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from serving import served

from cxcurve.errors import InboxFullError
from cxcurve.store.inbox import Inbox
from cxcurve.web import connections, guard, ingest
from cxcurve.workspace import Workspace, init

EVENT = json.dumps({"event": "core_feature_used", "userId": "u1", "messageId": "m1"}).encode()


@pytest.fixture(scope="module", name="workspace")
def _workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with init(tmp_path_factory.mktemp("connections") / "w", "b2b-saas") as found:
        yield found


@pytest.fixture(scope="module", name="url")
def _url(workspace: Workspace) -> Iterator[str]:
    with served(workspace) as found:
        yield found


@pytest.fixture(scope="module", name="key")
def _key(workspace: Workspace) -> str:
    return workspace.live.keys.create("write", "web", 1)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "LONGEST_HEAD_S", 0.3)
    monkeypatch.setattr(connections, "LONGEST_REST_S", 0.3)
    monkeypatch.setattr(ingest, "LONGEST_WAIT_S", 0.3)
    monkeypatch.setattr(guard, "LONGEST_WAIT_S", 0.3)


def connected(url: str) -> socket.socket:
    parts = urlsplit(url)
    assert parts.hostname is not None
    return socket.create_connection((parts.hostname, parts.port), 20)


def is_sent(connection: socket.socket, data: bytes) -> bool:
    """Whether it could be sent; not to one who has closed."""
    try:
        connection.sendall(data)
    except OSError:
        return False
    return True


def until_closed(connection: socket.socket) -> bytes:
    """Everything up to the end; a reset is one."""
    found = b""
    try:
        while part := connection.recv(65536):
            found += part
    except ConnectionResetError:
        pass
    connection.close()
    return found


def next_answer(connection: socket.socket) -> bytes:
    """One answer with all of its body."""
    found = b""
    while b"\r\n\r\n" not in found:
        found += connection.recv(65536)
    head, _, body = found.partition(b"\r\n\r\n")
    length = int(re.findall(rb"content-length: (\d+)", head)[0])
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def said(answer: bytes) -> tuple[int, dict[str, Any]]:
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split(b" ")[1]), json.loads(body)


def post(key: str, *headers: str, path: str = "/v1/track", length: int | None = len(EVENT)) -> bytes:
    """A head."""
    lines = [f"POST {path} HTTP/1.1", "Host: x", f"Authorization: Bearer {key}", *headers]
    if length is not None:
        lines.append(f"Content-Length: {length}")
    return "\r\n".join([*lines, "", ""]).encode()


def is_alive(url: str, key: str) -> bool:
    return httpx.post(f"{url}/v1/track", content=EVENT, auth=(key, "")).status_code == 200


@pytest.mark.parametrize("sent", [b"", b"POST /v1/track HTTP/1.1\r\nHos", b"\r\n\r\n", b"GET /"])
def test_a_head_that_never_ends_is_cut_off(url: str, key: str, sent: bytes) -> None:
    connection = connected(url)
    connection.sendall(sent)
    status, answer = said(until_closed(connection))
    assert (status, answer["code"]) == (408, "too_slow")
    assert is_alive(url, key)


def test_a_head_sent_byte_by_byte_has_no_longer(url: str) -> None:
    connection, started = connected(url), time.monotonic()
    while time.monotonic() - started < 10 and is_sent(connection, b"x"):
        time.sleep(0.02)
    assert time.monotonic() - started < 10
    connection.close()


def test_empty_lines_after_an_answer_are_no_way_to_stay(url: str, key: str) -> None:
    connection = connected(url)
    connection.sendall(post(key) + EVENT)
    assert said(next_answer(connection))[0] == 200
    connection.sendall(b"\r\n")
    assert said(until_closed(connection))[0] == 408


@pytest.mark.parametrize("path", ["/v1/track", "/notes", "/sources", "/scores"])
def test_a_body_that_never_ends_is_cut_off(url: str, key: str, path: str) -> None:
    connection = connected(url)
    connection.sendall(post(key, path=path, length=500) + b"{")
    answer = next_answer(connection)
    assert answer.startswith(b"HTTP/1.1 408" if path == "/v1/track" else b"HTTP/1.1 400")
    assert is_alive(url, key)
    until_closed(connection)  # it is closed, although its sender never is done


@pytest.mark.parametrize("path", ["/v1/track", "/notes", "/nowhere"])
def test_chunks_without_end_are_answered_and_not_read_for_ever(url: str, key: str, path: str) -> None:
    connection, chunk = connected(url), b"10000\r\n" + b"x" * 65536 + b"\r\n"
    connection.sendall(post(key, "Transfer-Encoding: chunked", path=path, length=None))
    started = time.monotonic()
    while time.monotonic() - started < 10 and is_sent(connection, chunk):
        pass
    assert time.monotonic() - started < 10
    connection.close()
    assert is_alive(url, key)


@pytest.mark.parametrize("head", [b"X: " + b"x" * 400_000, b"X: 1\r\n" * 80_000, b""])
def test_a_head_has_a_size(url: str, head: bytes) -> None:
    connection = connected(url)
    line = b"GET / HTTP/1.1\r\n" if head else b"GET /" + b"x" * 400_000
    try:
        connection.sendall(line + head)
    except OSError:
        pass  # cut off before all of it was sent
    else:
        assert said(until_closed(connection))[0] in {400, 431}


@pytest.mark.parametrize(
    "headers",
    [
        ("Content-Length: 3",), ("Transfer-Encoding: chunked",), ("Transfer-Encoding: chunked, identity",),
        ("Content-Length: -1",), ("Bad Header: x",), ("Content-Length : 3",), ("X: a\x00b",),
    ],
)  # fmt: skip
def test_a_head_that_can_be_read_in_two_ways_is_read_in_none(url: str, key: str, headers: tuple[str, ...]) -> None:
    connection = connected(url)
    connection.sendall(post(key, *headers) + EVENT)
    status, answer = said(until_closed(connection))
    assert (status, answer["code"]) == (400, "bad_request")
    assert is_alive(url, key)


def test_too_many_connections_are_told(url: str, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "LONGEST_HEAD_S", 30)
    monkeypatch.setattr(connections, "most_connections", lambda: 40)
    idle = [connected(url) for _ in range(60)]
    told = until_closed(idle[-1])
    assert said(told) == (503, {"code": "too_many", "message": "too many connections at once; try again in 5 s"})
    assert b"retry-after: 5" in told
    for one in idle:
        one.close()
    time.sleep(0.2)
    assert is_alive(url, key)


def test_requests_one_behind_the_other_have_their_answers_in_order(url: str, key: str) -> None:
    connection = connected(url)
    connection.sendall((post(key) + EVENT + b"GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n") * 20)
    connection.sendall(post(key, "Connection: close") + EVENT)
    found = re.findall(rb"HTTP/1.1 (\d+)", until_closed(connection))
    assert found == [b"200", b"404"] * 20 + [b"200"]


def test_expect_100_continue_and_an_upgrade_nobody_knows(url: str, key: str) -> None:
    connection = connected(url)
    connection.sendall(post(key, "Expect: 100-continue"))
    assert connection.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
    connection.sendall(EVENT)
    assert said(next_answer(connection))[0] == 200
    connection.sendall(post(key, "Expect: 100-continue", length=600_000))
    assert said(next_answer(connection))[0] == 413
    connection.close()
    other = connected(url)  # Java's client asks for HTTP/2 in this way before every first request
    other.sendall(post(key, "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAEAAEAAA") + EVENT)
    assert said(next_answer(other))[0] == 200
    other.close()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (gzip.compress(EVENT)[:-9], "damaged"),
        (gzip.compress(EVENT) * 2, "not_json"),
        (gzip.compress(EVENT)[:-8] + b"\0" * 8, "damaged"),
        (gzip.compress(gzip.compress(b"0" * 30_000_000)), "not_json"),
        (gzip.compress(b'{"a":' * 90_000), "not_json"),
        (b"", "damaged"),
    ],
    ids=["cut off", "two members", "wrong sum", "packed twice", "deep", "nothing"],
)
def test_packed_bodies_that_are_none(url: str, key: str, body: bytes, code: str) -> None:
    answer = httpx.post(f"{url}/v1/track", content=body, headers={"content-encoding": "gzip"}, auth=(key, ""))
    assert (answer.status_code, answer.json()["code"]) == (400, code)


def test_bodies_that_are_on_their_way_are_limited_all_together(
    url: str, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest, "LONGEST_WAIT_S", 30)
    monkeypatch.setattr(ingest, "MOST_HELD_BYTES", 1_000_000)
    halves = []
    for _ in range(3):
        halves.append(connected(url))
        halves[-1].sendall(post(key, length=400_001) + b" " * 400_000)
    status, answer = said(next_answer(halves[-1]))
    assert (status, answer["code"]) == (429, "full")
    assert "more comes in at once than can be held" in answer["message"]
    for one in halves:
        one.close()
    time.sleep(0.1)
    assert is_alive(url, key)


def test_a_disk_that_takes_too_long_is_429_and_the_same_sent_again_counts_once(
    url: str, key: str, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = Inbox._commit

    def slow(self: Inbox, connection: Any, batch: Any) -> None:
        time.sleep(0.6)
        commit(self, connection, batch)

    monkeypatch.setattr(Inbox, "_commit", slow)
    body = json.dumps({"event": "core_feature_used", "userId": "u1", "messageId": "slow"})
    answer = httpx.post(f"{url}/v1/track", content=body, auth=(key, ""), timeout=20)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "10")
    monkeypatch.setattr(Inbox, "_commit", commit)
    assert httpx.post(f"{url}/v1/track", content=body, auth=(key, ""), timeout=20).status_code == 200
    while workspace.move():
        pass
    assert workspace.store.rows("SELECT count(*) FROM event_log WHERE event_id = 'slow'") == [(1,)]


def test_so_many_messages_a_request(url: str, key: str) -> None:
    body = b'{"batch": [' + b"1," * 10_000 + b"1]}"
    answer = httpx.post(f"{url}/v1/batch", content=body, auth=(key, ""))
    assert (answer.status_code, answer.json()["code"]) == (413, "too_many")


PATHS = (
    "//v1//track", "/v1/track/", "/v1/track%00", "/v1/%2e%2e/track", "/v1/../v1/track", "/v1/track;x=1", "/V1/TRACK",
    "/v1/track%2f", "/v1/", "/api/", "/api/ingest/ledger/", "/api/%2e%2e/%2e%2e/etc/passwd", "/v1/webhooks/../track",
    "/static/..%2f..%2fapp.py", "/static/%2e%2e/app.py", "/static/....//app.py", "/static/%00", "/v1/track?writeKey=",
)  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_tricks_with_paths_lead_nowhere(url: str, key: str, path: str) -> None:
    for method in ("POST", "GET", "OPTIONS", "PUT", "TRACE", "PATCH", "DELETE"):
        connection = connected(url)
        connection.sendall(
            f"{method} {path}{key if '=' in path else ''} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
        )
        answer = until_closed(connection)
        assert answer.split(b" ")[1] in {b"400", b"401", b"404", b"405"} or method == "OPTIONS", (method, answer[:300])
        assert b"500" not in answer[:16]
        if path.startswith(("/v1/", "/api/")):
            status, told = (200, {}) if answer.startswith(b"HTTP/1.1 200") else said(answer)
            assert status == 200 or set(told) == {"code", "message"}


def test_what_browsers_ask_before_and_may_read(url: str) -> None:
    answer = httpx.options(f"{url}/v1/track", headers={"origin": "https://shop.example"})
    assert answer.headers["access-control-allow-methods"] == "POST, OPTIONS"
    assert httpx.get(f"{url}/v1/track").headers["allow"] == "POST, OPTIONS"
    assert "retry-after" in httpx.post(f"{url}/v1/track").headers["access-control-expose-headers"]


def test_a_full_inbox_has_its_own_words(url: str, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Inbox, requests: Any) -> None:
        raise InboxFullError("full", retry_after_s=3)

    monkeypatch.setattr(Inbox, "put", full)
    assert httpx.post(f"{url}/v1/track", content=EVENT, auth=(key, "")).headers["retry-after"] == "3"
