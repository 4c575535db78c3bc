"""The list of lost customers on the page of scores, and the autopsy on the page of a customer who left."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from types import SimpleNamespace

import httpx
import pytest
import serving

import cxcurve
from cxcurve.learn.lost import Mark, Verdict
from cxcurve.metrics.weights import Feature
from cxcurve.sources.lost_list import Lost
from cxcurve.web import lost_form
from cxcurve.web.pages import scores
from cxcurve.web.rendering import render
from cxcurve.workspace import Workspace
from cxcurve.workspace.lost import ListedCustomer, LostResult, Untested

LIST = "customer,date,reason\n{who},2026-03-01,<b>price</b>\nc-00001x,2026-03-01,\n"


def exited(workspace: Workspace) -> list[str]:
    sql = """
        SELECT customer_id FROM stays JOIN customer_keys USING (customer_key)
        ANTI JOIN customer_now USING (customer_key)
        WHERE ended_by = 'exited' ORDER BY left_us DESC
    """
    return [one for (one,) in workspace.store.rows(sql)]


@pytest.fixture(scope="module", name="opened")
def _opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Workspace, httpx.Client]]:
    with (
        cxcurve.open(serving.copied(tmp_path_factory.mktemp("lost"))) as workspace,
        serving.served(workspace) as address,
        httpx.Client(base_url=address, timeout=60) as client,
    ):
        yield workspace, client


def token(client: httpx.Client) -> str:
    found = re.search(r'name="form_token" value="([^"]+)"', client.get("/scores").text)
    assert found
    return found[1]


def test_a_pasted_list_is_answered_and_kept_nowhere(opened: tuple[Workspace, httpx.Client]) -> None:
    workspace, client = opened
    who = exited(workspace)[0]
    text, before = LIST.format(who=who), workspace.store.rows("SELECT * FROM meta ORDER BY 1")
    answer = client.post("/scores", data={"form_token": token(client), "list": text})
    assert answer.status_code == 200
    page = unescape(answer.text)
    found = workspace.lost(text)
    assert all(word in page for word in found.words)
    assert 'Line 3: customer “c-00001x” is not known. Did you mean "c-' in page
    assert f'href="/customers/{who}"' in page
    assert "<b>price</b>" not in answer.text
    assert "&lt;b&gt;price" in answer.text
    assert workspace.store.rows("SELECT * FROM meta ORDER BY 1") == before
    assert who not in client.get("/scores").text


def row(text: str, number: int) -> str:
    return " ".join(unescape(re.sub("<[^>]+>", " ", text.split("<tr>")[number + 2])).split())


def test_marks_are_told_with_what_was_known_then() -> None:
    us, day_us = 1_767_225_600_000_000, 86_400_000_000  # 1 January 2026
    reasons = ((Feature("ticket_opened"), 1.26), (Feature("nps_answered", "negative"), 0.4))
    learned = Mark(us, 31.0, 74.2, 0.08, 0.02, reasons)
    lost = Lost(2, "a", us + 31 * day_us, "price")
    listed = (
        ListedCustomer(lost, "Acme", Verdict(13, learned), None, lost.at_us + day_us),
        ListedCustomer(lost, "Beta", Verdict(13, replace(learned, chance=None, reasons=())), None, us),
        ListedCustomer(lost, "Gamma", Verdict(1, None), None, None),
        ListedCustomer(lost, "Delta", Verdict(0, None), Untested.NOT_THERE, None),
    )
    found = LostResult(us, us, listed, (), 40, 8)
    rows = tuple(scores._listed(one, "UTC") for one in listed)
    page = SimpleNamespace(lost=lost_form.Answer("", found), lost_rows=rows, n_lost_rows=4)
    text = render("lost.html", page).replace("\u202f", " ")
    assert row(text, 0) == (
        "Acme “price” 1 Feb 2026 the log agrees 31 days before 1 Jan 2026 8 %, 4.0× its stage's "
        "ticket opened +1.3 , nps answered (negative) +0.4"
    )
    assert row(text, 1) == (
        "Beta “price” 1 Feb 2026 the log says 1 Jan 2026 31 days before 1 Jan 2026 friction index 74 "
        "no friction; its time at the stage, or little momentum"
    )
    assert row(text, 2) == "Gamma “price” 1 Feb 2026 the log knows of no exit Not marked in the 1 week before."
    assert row(text, 3).startswith(
        "Delta “price” 1 Feb 2026 the log knows of no exit Not tested: not on the journey in the 90 days before."
    )


def test_what_cannot_be_read_is_said_and_stays_in_the_form(opened: tuple[Workspace, httpx.Client]) -> None:
    _, client = opened
    text = "customer,date\n,2026-03-01\nacme,soon\n"
    answer = client.post("/scores", data={"form_token": token(client), "list": text})
    assert answer.status_code == 400
    page = unescape(answer.text)
    assert "your list:2: names no customer" in page
    assert 'your list:3: "soon" is no date; expected ISO 8601, such as 2026-05-31' in page
    assert "acme,soon" in page[page.index("<textarea") : page.index("</textarea>")]


@pytest.mark.parametrize("wrong", ["guessed", ""])
def test_a_form_of_another_is_refused(opened: tuple[Workspace, httpx.Client], wrong: str) -> None:
    _, client = opened
    answer = client.post("/scores", data={"form_token": wrong, "list": "a,2026-01-01"})
    assert answer.status_code == 400
    assert "This form is out of date; nothing was changed." in answer.text


def test_another_site_cannot_send_one(opened: tuple[Workspace, httpx.Client]) -> None:
    _, client = opened
    form = {"form_token": token(client), "list": "a,2026-01-01"}
    assert client.post("/scores", data=form, headers={"origin": "https://elsewhere.example"}).status_code == 400
    with httpx.Client(base_url=client.base_url, timeout=60) as stranger:
        assert stranger.post("/scores", data=form).status_code == 400


@pytest.mark.parametrize(
    ("n", "said"),
    [
        (1_000_001, "the list has 1,000,001 bytes; at most 1,000,000 are read"),
        (lost_form.LONGEST_BODY, "What was sent is longer than 3,004,096 bytes; send it in parts"),
    ],
)
def test_a_list_has_bounds(opened: tuple[Workspace, httpx.Client], n: int, said: str) -> None:
    _, client = opened
    answer = client.post("/scores", data={"form_token": token(client), "list": "x" * n})
    assert answer.status_code == 400
    assert said in answer.text


def test_who_left_has_an_autopsy_on_its_page_and_who_is_there_has_none(opened: tuple[Workspace, httpx.Client]) -> None:
    workspace, client = opened
    kinds = set()
    for who in exited(workspace)[:12]:
        page = unescape(client.get(f"/customers/{who}").text)
        found = workspace.customer(who).autopsy
        assert found is not None
        kinds.add(found.warning is None)
        part = page[page.index('id="autopsy"') :]
        assert all(word in part for word in found.words)
        assert all(one.label in part for one in found.done[:12])
        assert ("one comparable customer, no proof" in part) == (found.comparable is not None)
        assert client.get(f"/customers/{who}.json").json()["autopsy"]["words"] == list(found.words)
    assert kinds == {True, False}
    inside = next(row for row in workspace.customers() if row["stage"])["customer_id"]
    assert 'id="autopsy"' not in client.get(f"/customers/{inside}").text
    assert client.get(f"/customers/{inside}.json").json()["autopsy"] is None


def test_an_exited_customers_page_stays_within_150_kb(opened: tuple[Workspace, httpx.Client]) -> None:
    workspace, client = opened
    files = sum(len(client.get(f"/static/{name}").content) for name in ("app.css", "chart.css", "app.js"))
    sizes = {}
    for who in exited(workspace)[:12]:
        page = client.get(f"/customers/{who}").text
        start = page.index('id="autopsy"')
        sizes[who] = len(page.encode())
        assert len(page[start : page.index("</section>", start)].encode()) < 12_000
    assert max(sizes.values()) + files <= 150_000


def test_the_answer_may_be_asked_for_only_by_its_form(opened: tuple[Workspace, httpx.Client]) -> None:
    _, client = opened
    assert client.post("/scores.json", data={}).status_code == 405
    assert client.put("/scores", data={}).status_code == 405
