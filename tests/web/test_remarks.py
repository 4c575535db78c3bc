"""Notes on a customer, and alarms that are wrong: written from the page, within the row scope, and counted."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest
import serving
from entering import browser_of, guarded, joined, people_of, token_in

import cxcurve
from cxcurve.people.roles import Role
from cxcurve.workspace import Workspace

Rows = list[dict[str, Any]]


@pytest.fixture(scope="module", name="served")
def _served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[dict[str, httpx.Client], Rows, Workspace]]:
    folder = serving.copied(tmp_path_factory.mktemp("remarks"))
    with cxcurve.open(folder) as workspace, people_of(workspace) as people, ExitStack() as stack:
        joined(people, Role.ADMIN, email="ada@example.com")
        joined(people, Role.AGENT, "region=DACH", email="dach@example.com")
        joined(people, Role.EXECUTIVE, email="eva@example.com")
        joined(people, Role.PARTNER, "region=DACH", email="paul@example.com")
        rows = workspace.customers()
        url = stack.enter_context(guarded(workspace, people))
        names = ("ada", "dach", "eva", "paul")
        browsers = {who: stack.enter_context(browser_of(url, f"{who}@example.com")) for who in names}
        yield browsers, rows, workspace


def of(rows: Rows, is_inside: bool) -> str:
    found = [row for row in rows if (row["region"] == "DACH") == is_inside and (row["friction_index"] or 0) > 30]
    return str(found[0]["customer_id"])


def send(browser: httpx.Client, path: str, page: str, **fields: str) -> httpx.Response:
    return browser.post(path, data={**fields, "form_token": token_in(browser.get(page))})


def test_a_note_is_written_shown_told_and_removed(served: tuple[dict[str, httpx.Client], Rows, Workspace]) -> None:
    browsers, rows, _ = served
    name = of(rows, is_inside=True)
    page = f"/customers/{name}"
    said = "Wants <b>post</b>; write to ida.lund@example.com"
    answer = send(browsers["dach"], "/customer-notes", page, customer_id=name, text=said)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/customers/{name}#notes")
    shown = browsers["eva"].get(page)
    assert "Wants &lt;b&gt;post&lt;/b&gt;; write to [email]" in shown.text
    assert "/customer-notes" not in shown.text, "who may not write has no form"
    note = browsers["ada"].get(f"{page}.json").json()["notes"][0]
    assert (note["text"], note["written_by"]) == ("Wants <b>post</b>; write to [email]", "dach@example.com")
    partner = browsers["paul"].get(page)
    assert partner.status_code == 200
    assert "Wants" not in partner.text + browsers["paul"].get(f"{page}.json").text, "they are the company's own"
    assert 'id="notes"' not in partner.text
    other = next(row["customer_id"] for row in rows if row["customer_id"] != name)
    assert browsers["ada"].get(f"/customers/{other}.json").json()["notes"] == []
    wrong = send(browsers["ada"], "/customer-notes", page, customer_id=other, remove=note["note_id"])
    assert wrong.status_code == 400, "of another customer nothing is removed"
    assert len(browsers["ada"].get(f"{page}.json").json()["notes"]) == 1
    send(browsers["ada"], "/customer-notes", page, customer_id=name, remove=note["note_id"])
    assert browsers["ada"].get(f"{page}.json").json()["notes"] == []


def test_a_wrong_alarm_is_kept_with_its_points_and_counted(
    served: tuple[dict[str, httpx.Client], Rows, Workspace],
) -> None:
    browsers, rows, _ = served
    name = of(rows, is_inside=True)
    page = f"/customers/{name}"
    first = browsers["ada"].get(f"{page}.json").json()["friction"][0]
    offered = re.findall(r'<option value="([^"]+)">', browsers["ada"].get(page).text)
    assert first["signal"] in offered
    for reason in ("they are on holiday", "still on holiday"):
        answer = send(browsers["dach"], "/wrong-alarms", page, customer_id=name, signal=first["signal"], reason=reason,
                      points="99")  # fmt: skip
        assert (answer.status_code, answer.headers["location"]) == (303, f"/customers/{name}#wrong-alarms")
    other = of(rows, is_inside=False)
    send(browsers["ada"], "/wrong-alarms", page, customer_id=other, signal="drifting", reason="seasonal")
    kept = browsers["ada"].get(f"{page}.json").json()["wrong_alarms"]
    assert [(one["reason"], one["points"], one["said_by"]) for one in kept] == [
        ("still on holiday", first["points"], "dach@example.com"),
        ("they are on holiday", first["points"], "dach@example.com"),
    ], "with the points of the score, not of the form"
    counts = browsers["ada"].get("/scores.json").json()["wrong_alarms"]
    assert [(one["signal"], one["n"], one["n_customers"]) for one in counts] == [
        (first["signal"], 2, 1), ("drifting", 1, 1),
    ]  # fmt: skip
    assert "Alarms that people called wrong" in browsers["ada"].get("/scores").text
    assert browsers["dach"].get("/scores.json").status_code == 403, "they are of all customers"


@pytest.mark.parametrize(
    ("path", "fields", "status", "said"),
    [
        ("/customer-notes", {"text": "  "}, 400, "The note is empty; write a few words"),
        ("/customer-notes", {"text": "x" * 1001}, 400, "The note has 1,001 characters; at most 1,000 are kept"),
        ("/wrong-alarms", {"signal": "decline", "reason": ""}, 400, "The reason is empty"),
        ("/wrong-alarms", {"signal": "declin", "reason": "x"}, 400, "Did you mean"),
        ("/wrong-alarms", {"reason": "x"}, 400, "is not known"),
        ("/customer-notes", {"remove": "nothing"}, 400, "is not known"),
    ],
)
def test_what_cannot_be_kept_is_said(
    served: tuple[dict[str, httpx.Client], Rows, Workspace], path: str, fields: dict[str, str], status: int, said: str
) -> None:
    browsers, rows, workspace = served
    name, before = of(rows, is_inside=True), kept(workspace)
    answer = send(browsers["ada"], path, f"/customers/{name}", customer_id=name, **fields)
    assert answer.status_code == status
    assert said in answer.text.replace("&#34;", '"')
    assert kept(workspace) == before


def kept(workspace: Workspace) -> list[tuple[int, ...]]:
    tables = ("customer_notes", "wrong_alarms")
    return [workspace.store.rows(f"SELECT count(*) FROM {table}")[0] for table in tables]


def test_nobody_writes_on_whom_they_may_not_know_of(
    served: tuple[dict[str, httpx.Client], Rows, Workspace],
) -> None:
    browsers, rows, workspace = served
    inside, outside, before = of(rows, is_inside=True), of(rows, is_inside=False), kept(workspace)
    forms = (("/customer-notes", {"text": "x"}), ("/wrong-alarms", {"signal": "decline", "reason": "x"}))
    for path, fields in forms:
        there, nowhere = (
            send(browsers["dach"], path, f"/customers/{inside}", customer_id=name, **fields)
            for name in (outside, "c-99999")
        )
        assert (there.status_code, nowhere.status_code) == (404, 404)
        plain = [re.sub(r'value="[0-9a-f]{64}"', "", one.text) for one in (there, nowhere)]
        assert plain[0].replace(outside, "c-99999") == plain[1]
        assert browsers["eva"].post(path, data={"customer_id": inside, **fields}).status_code == 403
        unguarded = browsers["dach"].post(path, data={"customer_id": inside, **fields, "form_token": "guessed"})
        assert unguarded.status_code == 400
    assert kept(workspace) == before


def latest(browser: httpx.Client, what: str, who: str) -> dict[str, Any]:
    """The newest entry of a kind by somebody; it is written when the answer was sent."""
    for _ in range(200):
        for entry in browser.get("/settings/audit.json").json()["entries"]:
            if (entry["what"], entry["who"]) == (what, who):
                return dict(entry)
        time.sleep(0.05)
    raise AssertionError(what)


def test_the_audit_log_says_that_it_was_done_and_of_whom_nothing(
    served: tuple[dict[str, httpx.Client], Rows, Workspace],
) -> None:
    browsers, rows, _ = served
    name = of(rows, is_inside=True)
    send(browsers["dach"], "/customer-notes", f"/customers/{name}", customer_id=name, text="Tired")
    entry = latest(browsers["ada"], "customer note", "dach@example.com")
    assert name not in entry["about"]
    assert "Tired" not in entry["about"]
