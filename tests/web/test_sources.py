"""Sources and data health: what came in, and who is who, decided and undone from the page."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from serving import served

from cxcurve.store.inbox import Request
from cxcurve.workspace import Workspace, init
from cxcurve.workspace.workspace import now_us


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
