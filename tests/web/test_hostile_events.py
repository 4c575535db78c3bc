"""Whatever is sent, in whatever field: kept or refused, shown as text on every page, and nothing breaks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from serving import served

from cxcurve.workspace import Workspace, init

TEXTS = (
    "'; DROP TABLE event_log; --", '" OR 1=1 --', "{{7*7}}", "{% for x in y %}", "${7*7}", "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>", "</textarea><svg/onload=alert(1)>", "=cmd|' /C calc'!A0", "@SUM(1)", "+1", "-1+1",
    "аdmin", "\u202eevil", "\u2066x\u2069", "a\u0000b", "\ud83d", "\U0001f680" * 3, "\ufeff", "\u2028", "x" * 600,
    "__proto__", "constructor", "..", "/", "../../etc/passwd", "a.b", "%s%n", "%00", "\r\nSet-Cookie: x=1", "NULL",
    "null", "NaN", "Infinity", "account", "person:person:1", "event_log", " ", "\t", "ﷺ" * 200,
    "e\u0301" * 250, "q\u0322\u0321" * 150,
)  # fmt: skip
NUMBERS = (
    "1e999", "-1e999", "-0", "-0.0", "9223372036854775808", "18446744073709551616", "1e308", "5e-324", "1" * 400, "0",
)  # fmt: skip
TIMES = (
    '"1970-01-01T00:00:00Z"', '"9999-12-31T23:59:59Z"', '"10000-01-01T00:00:00Z"', '"-0001-01-01T00:00:00Z"',
    '"0000-00-00T00:00:00Z"', '"2026-02-30T00:00:00Z"', '"2262-04-12T00:00:00Z"', '"1677-01-01T00:00:00Z"', "0", "-1",
    "1e18", "1e300", "253402300800000", "-62135596800001", "9223372036854775807", '"now"',
    '"2026-11-01T10:00:00+99:99"',
    "[]", "{}", "true", '"20261101"', '"2026-11-01T10:00:60Z"',
)  # fmt: skip
FIELDS = ("messageId", "userId", "anonymousId", "groupId", "previousId", "event", "type", "category", "name", "channel")
KINDS = ("track", "identify", "group", "page", "screen", "alias")
PAGES = (
    "/", "/scorecard", "/drift", "/ttv", "/customers", "/advocacy", "/scores", "/plan", "/sources",
    "/curve.json",
    "/scorecard.json", "/drift.json", "/ttv.json", "/customers.json", "/advocacy.json", "/scores.json", "/plan.json",
    "/sources.json", "/customers.csv", "/api/ingest/ledger",
)  # fmt: skip


@pytest.fixture(scope="module", name="workspace")
def _workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with init(tmp_path_factory.mktemp("hostile") / "w", "b2b-saas") as found:
        yield found


@pytest.fixture(scope="module", name="client")
def _client(workspace: Workspace) -> Iterator[httpx.Client]:
    key = workspace.live.keys.create("write", "<b>web</b>{{7*7}}", 1)
    with served(workspace) as url, httpx.Client(base_url=url, auth=(key, ""), timeout=60) as found:
        yield found


def message(number: int, **more: Any) -> dict[str, Any]:
    said = {"type": "track", "messageId": f"m{number}", "userId": f"u{number % 9}", "event": "core_feature_used"}
    return {**said, "context": {"groupId": f"a{number % 5}"}, "timestamp": "2026-10-01T10:00:00Z", **more}


def nasty() -> Iterator[str]:
    """Messages as JSON, each with one thing that nobody sends in good faith."""
    number = 0
    for text in TEXTS:
        for kind in KINDS:
            everywhere = dict.fromkeys(FIELDS[1:], text)
            number += 1
            yield json.dumps(message(number, **{**everywhere, "type": kind}))
        for field in FIELDS:
            number += 1
            yield json.dumps(message(number, **{field: text}))
        for place in ("properties", "traits", "context"):
            number += 1
            yield json.dumps(message(number, **{place: {text: text, "text": text, "nested": [{text: [text]}]}}))
            yield json.dumps(
                message(number + 10_000, **{"type": "identify", "anonymousId": text, place: {"name": text}})
            )
    for value in (*NUMBERS, "null", "true", "[]", "{}", "[" * 100 + "]" * 100, '{"a":' * 100 + "1" + "}" * 100):
        for field in (*FIELDS, "properties", "traits", "context", "integrations"):
            number += 1
            yield json.dumps(message(number))[:-1] + f', "{field}": {value}}}'
        for name in ("value", "revenue", "amount", "total", "currency", "text", "x"):
            number += 1
            yield json.dumps(message(number))[:-1] + f', "properties": {{"{name}": {value}}}}}'
    for time in TIMES:
        for fields in (("timestamp",), ("timestamp", "sentAt"), ("sentAt",), ("originalTimestamp",)):
            number += 1
            yield json.dumps(message(number))[:-1] + "".join(f', "{field}": {time}' for field in fields) + "}"


def batch_of(*messages: str) -> str:
    return f'{{"batch": [{",".join(messages)}]}}'


def post(client: httpx.Client, path: str, body: str | bytes) -> httpx.Response:
    answer = client.post(path, content=body)
    assert answer.status_code < 500, (body, answer.text)
    assert answer.status_code == 200 or set(answer.json()) == {"code", "message"}
    return answer


def adds_up(client: httpx.Client) -> bool:
    told = client.get("/api/ingest/ledger").json()
    items, events = told["items"], told["events"]
    return bool(
        items["received"] == sum(items[name] for name in ("waiting", "used", "no_event", "quarantined", "duplicate"))
        and events["made"] == sum(events[name] for name in ("loaded", "duplicate", "conflict", "quarantined"))
    )


def test_it_is_all_kept_or_refused_and_every_page_shows_it_as_text(client: httpx.Client, workspace: Workspace) -> None:
    messages, n_sent = list(nasty()), 0
    for start in range(0, len(messages), 25):
        some = messages[start : start + 25]
        if post(client, "/v1/batch", batch_of(*some)).status_code == 200:
            n_sent += len(some)
        else:  # one that is no JSON, such as of a number without end, spoils the batch
            n_sent += sum(post(client, "/v1/batch", batch_of(one)).status_code == 200 for one in some)
    assert n_sent > 0.9 * len(messages)
    while workspace.move():
        pass
    assert adds_up(client)
    assert client.get("/api/ingest/ledger").json()["items"]["received"] == n_sent
    workspace.score()
    ids = [id_ for (id_,) in workspace.store.rows("SELECT customer_id FROM customer_keys")]
    assert len(ids) > 20
    hardest = [id_ for id_ in ids if id_ in TEXTS and not id_.isalpha()][::2]
    assert "\r\nSet-Cookie: x=1" in hardest
    for path in (*PAGES, *(f"/customers/{quote(id_, safe='')}{twin}" for id_ in hardest for twin in ("", ".json"))):
        answer = client.get(path)
        assert answer.status_code == 200, (path, answer.text[:300])
        if answer.headers["content-type"].startswith("text/html"):
            assert "<script>" not in answer.text, path
            assert "<img src=x" not in answer.text, path
            assert "<svg/onload" not in answer.text, path
            assert "<b>web" not in answer.text, path
    assert not [line for line in client.get("/customers.csv").text.splitlines() if line[:1] in "=+@-" and line]


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20) | st.sampled_from(TEXTS),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from((*FIELDS, "batch", "properties")), inner)
    ),
    max_leaves=12,
)
API = (
    "/v1/track", "/v1/batch", "/v1/identify", "/v1/alias", "/v1/b", "/batch/", "/capture/", "/e", "/i/v0/e/",
    "/v1/cloudevents", "/v1/webhooks/stripe",
)  # fmt: skip


@settings(max_examples=40)
@given(path=st.sampled_from(API), value=json_values)
def test_no_json_breaks_anything(client: httpx.Client, path: str, value: Any) -> None:
    body = json.dumps(value).encode("utf-8", "surrogatepass")
    post(client, path, body)
    post(client, path, b'{"batch": [' + body + b"]}")


@settings(max_examples=60)
@given(
    path=st.sampled_from(API),
    body=st.binary(max_size=200),
    headers=st.dictionaries(
        st.sampled_from(
            ("content-encoding", "content-type", "ce-id", "ce-specversion", "ce-source", "x-forwarded-host")
        ),
        st.sampled_from(("gzip", "deflate", "1.0", "%ff", "x", "application/cloudevents+json", "a\u00ffb")),
    ),
)
def test_no_body_breaks_anything(client: httpx.Client, path: str, body: bytes, headers: dict[str, str]) -> None:
    answer = client.post(path, content=body, headers={k: v.encode("latin-1") for k, v in headers.items()})
    assert answer.status_code < 500
    assert answer.status_code == 200 or set(answer.json()) == {"code", "message"}


def test_afterwards_everything_is_somewhere(client: httpx.Client, workspace: Workspace) -> None:
    while workspace.move():
        pass
    assert adds_up(client)
    assert client.get("/healthz").status_code == 200


def test_ten_thousand_names_of_events(client: httpx.Client, workspace: Workspace) -> None:
    for start in range(0, 10_000, 5_000):
        names = [f"Thing {number} <script>" for number in range(start, start + 5_000)]
        batch = [message(100_000 + start + i, event=name, context={}) for i, name in enumerate(names)]
        post(client, "/v1/batch", json.dumps({"batch": batch}))
    while workspace.move():
        pass
    for path in ("/plan", "/plan.json", "/sources", "/sources.json"):
        answer = client.get(path)
        assert answer.status_code == 200
        assert len(answer.content) < 1_000_000, path


def test_a_thousand_ids_that_may_be_of_two(client: httpx.Client, workspace: Workspace) -> None:
    calls = [
        message(200_000 + i, type="group", userId=f"two{i // 2}", groupId=f"of{i % 2}", context={})
        for i in range(2_000)
    ]
    calls += [message(300_000 + i, type="group", userId="many", groupId=f"g{i}", context={}) for i in range(300)]
    post(client, "/v1/batch", json.dumps({"batch": calls}))
    while workspace.move():
        pass
    told, shown = client.get("/sources.json").json(), client.get("/sources").text
    assert told["n_conflicts"] >= 1_001
    assert len(told["conflicts"]) == shown.count('name="of"') == 50
    assert max(len(one["candidates"]) for one in told["conflicts"]) <= 20
    assert f"{told['n_conflicts'] - 50:,} more; those that are decided make room for the next" in shown
