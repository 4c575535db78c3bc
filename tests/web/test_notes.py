"""A note is written from the page, shown on the curve, and by nobody else's page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import serving

import cxcurve


@pytest.fixture(name="client")
def _client(tmp_path: Path) -> Iterator[httpx.Client]:
    folder = serving.copied(tmp_path)
    with (
        cxcurve.open(folder) as workspace,
        serving.served(workspace) as address,
        httpx.Client(base_url=address, timeout=60) as client,
    ):
        yield client


def fields(client: httpx.Client, path: str = "/curve", **more: str) -> dict[str, str]:
    page = client.get(path).text
    found = re.search(r'name="form_token" value="([^"]+)"', page)
    assert found
    return {"form_token": found[1], "text": "New onboarding", "at": "2026-05-03", **more}


def test_a_note_is_written_and_shown(client: httpx.Client) -> None:
    answer = client.post("/notes", data=fields(client, "/curve?x=date", x="date"))
    assert (answer.status_code, answer.headers["location"]) == (303, "/curve?x=date")
    for path in ("/curve?x=date", "/curve?x=week", "/curve?x=position"):
        page = client.get(path).text
        assert "New onboarding" in page
        assert "3 May 2026" in page
    drawn = client.get("/curve?x=date").text
    assert "New onboarding" in drawn[drawn.index("<figure") : drawn.index("</figure>")]
    notes = [one for one in client.get("/curve.json").json()["annotations"] if one["kind"] == "note"]
    assert notes == [{"kind": "note", "at": "2026-05-03T00:00:00Z", "text": "New onboarding"}]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"text": "  "}, "The note is empty; write a few words, such as New onboarding"),
        ({"text": "x" * 201}, "The note has 201 characters; at most 200 fit on the curve"),
        ({"at": "soon"}, '"soon" is no date; expected such as 2026-05-03'),
        ({"form_token": "guessed"}, "This form is out of date; nothing was changed."),
        ({"form_token": ""}, "This form is out of date; nothing was changed."),
    ],
)
def test_what_cannot_be_a_note_is_said(client: httpx.Client, wrong: dict[str, str], said: str) -> None:
    answer = client.post("/notes", data=fields(client, **wrong))
    assert answer.status_code == 400
    assert said in answer.text.replace("&#34;", '"')
    assert '"note"' not in client.get("/curve.json").text


def test_another_site_cannot_write_one(client: httpx.Client) -> None:
    form = fields(client)
    assert client.post("/notes", data=form, headers={"origin": "https://elsewhere.example"}).status_code == 400
    cookie = client.get("/curve").headers["set-cookie"]
    assert "SameSite=Strict" in cookie
    assert "HttpOnly" in cookie
    client.cookies.clear()
    assert client.post("/notes", data=form).status_code == 400
    assert client.get("/notes").status_code == 405
    assert '"note"' not in client.get("/curve.json").text


def test_a_note_is_text_and_no_markup(client: httpx.Client) -> None:
    client.post("/notes", data=fields(client, text="<script>alert(1)</script>"))
    page = client.get("/curve?x=date").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page
