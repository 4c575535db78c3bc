"""What a form did is told on the next page, once, and only where we said it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import serving
from entering import sent

import cxcurve
from cxcurve.web.matrix import MATRIX

TOAST = '<dialog class="toast'


@pytest.fixture(scope="module", name="client")
def _client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """Pages of a workspace of this file alone."""
    folder = serving.copied(Path(tmp_path_factory.mktemp("flash")))
    with (
        cxcurve.open(folder) as workspace,
        serving.served(workspace) as url,
        httpx.Client(base_url=url, timeout=60) as client,
    ):
        yield client


def test_a_form_is_told_once_and_in_no_address(client: httpx.Client) -> None:
    answer = sent(client, "/curve", "/notes", text="New onboarding", at="2026-01-05")
    assert answer.status_code == 303
    assert "written" not in answer.headers["location"]
    assert client.get("/curve.json").status_code == 200  # tells it to nobody
    page = client.get(answer.headers["location"]).text
    assert page.count(TOAST) == 1
    assert '<p role="status">The note is written on the curve.</p>' in page
    assert TOAST not in client.get("/curve").text


def test_a_form_that_is_refused_says_nothing_was_done(client: httpx.Client) -> None:
    assert sent(client, "/curve", "/notes", text="", at="2026-01-05").status_code == 400
    assert TOAST not in client.get("/curve").text


@pytest.mark.parametrize("value", ["SGk=.00", "x", "", "SGk=", "%00.%00", '"<img>"'])
def test_what_we_did_not_sign_is_not_told(client: httpx.Client, value: str) -> None:
    page = client.get("/journey", headers={"cookie": f"cxcurve_done={value}"})
    assert page.status_code == 200
    assert TOAST not in page.text


def test_every_form_that_leads_on_says_what_it_did() -> None:
    silent = {route for route, rule in MATRIX.items() if route.startswith("POST /") and not rule.done}
    answered = {"POST /scores", "POST /settings", "POST /settings/people"}  # by a page that says so itself
    spoken = {"POST /journey", "POST /journey/preview", "POST /views"}  # by what was done
    entry = {"POST /sign-in", "POST /sign-in/code", "POST /set-up/{secret}", "POST /sign-out"}
    assert {one for one in silent if "/scim/" not in one} == answered | spoken | entry
