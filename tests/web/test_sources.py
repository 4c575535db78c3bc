"""Sources and data health: what came in, and who is who, decided and undone from the page."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pytest
from serving import served

from cxcurve import tables
from cxcurve.sources import arrow_schema
from cxcurve.store.inbox import Request
from cxcurve.store.written import keep_write
from cxcurve.workspace import Workspace, init
from cxcurve.workspace.instants import now_us

DESTINATIONS = """
hook: {to: webhook, url: "https://example.com/hook", every: 1h}
lists: {to: csv, folder: out}
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with init(tmp_path / "w", "b2b-saas") as found:
        yield found


@pytest.fixture
def client(workspace: Workspace) -> Iterator[httpx.Client]:
    with served(workspace) as url, httpx.Client(base_url=url, timeout=30, follow_redirects=True) as found:
        yield found


def sent(workspace: Workspace, *messages: dict[str, Any]) -> None:
    body = json.dumps({"batch": messages}).encode()
    workspace.live.inbox.put([Request("web", "segment/batch", now_us(), len(messages), body)]).result()
    workspace.move()


def used(id_: str, **who: Any) -> dict[str, Any]:
    return {"type": "track", "messageId": id_, "event": "core_feature_used", **who}


def identify(person: str, visitor: str) -> dict[str, Any]:
    return {"type": "identify", "messageId": f"i-{person}", "userId": person, "anonymousId": visitor}


def token(page: str) -> str:
    found = re.search(r'name="form_token" value="([^"]+)"', page)
    assert found is not None
    return found[1]


def owners(workspace: Workspace) -> dict[str, str]:
    return dict(workspace.store.rows("SELECT event_id, customer_id FROM events"))


def test_nothing_was_sent_yet(client: httpx.Client) -> None:
    page = client.get("/sources")
    assert page.status_code == 200
    assert "Nothing was sent yet" in page.text
    assert "Nothing to decide" in page.text
    assert "No key yet" in page.text
    assert "Nothing is written" in page.text


def test_what_came_in_the_last_hour_and_where_it_is(client: httpx.Client, workspace: Workspace) -> None:
    sent(workspace, used("m1", userId="u"), used("m1", userId="u"), {"type": "dance"})
    found = client.get("/sources.json").json()
    assert [(one["source"], one["n"]) for one in found["last_hour"]] == [("web", 1)]
    assert found["ledger"]["events"]["duplicate"] == 1
    assert found["ledger"]["items"]["quarantined"] == 1
    page = client.get("/sources").text
    assert ">web<" in page
    assert "after they happened" in page


def test_a_shared_device_is_decided(client: httpx.Client, workspace: Workspace) -> None:
    sent(workspace, used("e1", anonymousId="tablet"), identify("ann", "tablet"), identify("bob", "tablet"))
    assert owners(workspace) == {"e1": "tablet"}
    page = client.get("/sources").text
    assert "visitor tablet" in page
    form = {"form_token": token(page), "of": "anonymous:tablet", "to": "person:bob"}
    assert client.post("/sources", data={**form, "to": "person:eve"}).status_code == 400
    assert client.post("/sources", data=form).status_code == 200
    assert owners(workspace) == {"e1": "bob"}
    assert client.get("/sources.json").json()["conflicts"] == []
    again = client.post("/sources", data=form)
    assert again.status_code == 400
    assert "waits for no decision any more" in again.text


def test_a_statement_is_undone(client: httpx.Client, workspace: Workspace) -> None:
    sent(workspace, used("e1", anonymousId="phone"), identify("ann", "phone"))
    assert owners(workspace) == {"e1": "ann"}
    page = client.get("/sources").text
    link = client.get("/sources.json").json()["links"][0]["link_id"]
    assert client.post("/sources", data={"form_token": token(page), "undo": link}).status_code == 200
    assert owners(workspace) == {"e1": "phone"}
    assert "undone" in client.get("/sources").text


@pytest.mark.parametrize(
    "form", [{}, {"of": "x", "to": "y"}, {"of": "person:", "to": "person:a"}, {"of": "stone:1", "to": "stone:1"}]
)
def test_forms_that_ask_for_nothing(client: httpx.Client, workspace: Workspace, form: dict[str, str]) -> None:
    sent(workspace, used("e1", anonymousId="phone"), identify("ann", "phone"))
    page = client.get("/sources").text
    assert client.post("/sources", data={"form_token": token(page), **form}).status_code == 400
    assert client.post("/sources", data=form).status_code == 400, "without its token"
    missing = client.post("/sources", data={"form_token": token(page), "undo": "no-such"})
    assert missing.status_code in {400, 404}


def test_ids_are_text_on_the_page(client: httpx.Client, workspace: Workspace) -> None:
    evil = "<script>alert(1)</script>{{7*7}}' OR 1=1 --"
    sent(workspace, used("e1", anonymousId=evil), identify("ann", evil), identify("bob", evil))
    page = client.get("/sources").text
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;" in page


def test_a_source_that_stopped_is_told(client: httpx.Client, workspace: Workspace) -> None:
    """By the clock: where all of them stopped, none is behind the others."""
    day_s = 86_400
    now_s = now_us() // 1_000_000
    for n in range(40):
        at = {"timestamp": (now_s - (60 - n) * day_s) * 1000}
        sent(workspace, {"messageId": f"m{n}", "type": "track", "event": "subscription_started", "userId": "u", **at})
    workspace.score()
    found = client.get("/sources.json").json()["silent"]
    assert [one["name"] for one in found] == ["web"]
    assert 20 < found[0]["days"] < 22
    assert found[0]["usual_days"] < 10
    assert "web, for 21 days" in client.get("/sources").text
    sent(workspace, used("new", userId="u"))
    workspace.score()
    assert client.get("/sources.json").json()["silent"] == []


# --- keys


def key_in(page: str) -> str:
    found = re.search(r"<code>(cxw_[^<]+)</code>", page)
    assert found is not None
    return found[1]


def test_a_write_key_is_made_shown_once_used_and_withdrawn(client: httpx.Client, workspace: Workspace) -> None:
    form = {"form_token": token(client.get("/sources").text)}
    made = client.post("/sources", data={**form, "source": "shop"})
    key = key_in(made.text)
    assert made.headers["cache-control"] == "no-store"
    assert "not used yet" in made.text
    assert key not in client.get("/sources").text
    assert key not in client.get("/sources.json").text
    send = {"json": {"userId": "u", "event": "core_feature_used"}, "auth": (key, "")}
    assert client.post("/v1/track", **send).status_code == 200
    (told,) = client.get("/sources.json").json()["keys"]
    assert (told["source"], told["kind"], told["withdrawn_us"]) == ("shop", "write", None)
    assert told["used_us"] > 0
    assert "not used yet" not in client.get("/sources").text
    gone = client.post("/sources", data={**form, "withdraw": told["number"]})
    assert (gone.status_code, "No key yet" in gone.text) == (200, True)
    assert client.post("/v1/track", **send).status_code == 401, "at once"


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"source": ""}, "is no name for a source"),
        ({"source": "<b>"}, "is no name for a source"),
        ({"source": "x" * 61}, "is no name for a source"),
        ({"source": "crm"}, "is loaded, by sources.yaml"),
        ({"withdraw": "x"}, "names no key"),
        ({"withdraw": "77"}, "is not known"),
    ],
)
def test_no_key_is_made_or_withdrawn(
    client: httpx.Client, workspace: Workspace, form: dict[str, str], said: str
) -> None:
    (workspace.folder / "accounts.csv").write_text("id\nacme\n")
    (workspace.folder / "sources.yaml").write_text(
        "crm: {files: accounts.csv, table: customers, columns: {customer_id: id}}\nweb: {live: true}\n"
    )
    proof = {"form_token": token(client.get("/sources").text)}
    refused = client.post("/sources", data={**proof, **form})
    assert refused.status_code in {400, 404}
    assert said in refused.text
    assert client.post("/sources", data={"source": "web"}).status_code == 400, "without its token"
    assert workspace.live.keys.all() == []
    assert "cxw_" in client.post("/sources", data={**proof, "source": "web"}).text


# --- what is written


def test_how_the_last_writing_to_each_destination_went(client: httpx.Client, workspace: Workspace) -> None:
    (workspace.folder / "destinations.yaml").write_text(DESTINATIONS)
    done = {"at_us": 10**15, "done_us": 10**15, "as_of_us": 10**15, "n_customers": 9, "n_changed": 9, "n_written": 4,
            "n_refused": 1, "error": "HTTP 503 <b>", "files": []}  # fmt: skip
    keep_write(workspace.store, "hook", done)
    refused = {"destination": "hook", "customer_id": "acme", "refusal": "no such company"}
    workspace.store.add("written", pa.Table.from_pylist([refused], schema=arrow_schema(tables.WRITTEN)))
    page = client.get("/sources").text
    assert "4 written of 9 changed, 1 refused, 4 waiting, every 1h" in page
    assert "HTTP 503 &lt;b&gt;" in page
    assert "never" in page, "the folder of lists"
    assert "acme" not in page
    found = client.get("/sources.json").json()["written"]
    assert {name: one["n_written"] for name, one in found.items()} == {"hook": 4, "lists": None}


def test_destinations_that_are_none_or_cannot_be_read(client: httpx.Client, workspace: Workspace) -> None:
    (workspace.folder / "destinations.yaml").write_text("hook: {to: nowhere}")
    page = client.get("/sources")
    assert page.status_code == 200
    assert "destinations.yaml has errors" in page.text
    assert page.text.count("Nothing is written") == 0
