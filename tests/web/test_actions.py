"""The page of actions: written by its form, read, listed and closed; what cannot be kept leaves what was typed."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from html import unescape
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import serving
from entering import browser_of, guarded, joined, people_of, sent, token_in
from hypothesis import given, settings
from hypothesis import strategies as st

import cxcurve
from cxcurve.people.roles import Role
from cxcurve.workspace import Workspace

HOSTILE = "<img src=x onerror=alert(1)> \"' --></script> {{123*321}} =cmd()"
SAID = {"what": "A call in the first week", "metric": "exits", "promised": "2", "days": "28"}
BEFORE_US = int(datetime(2026, 4, 6, tzinfo=UTC).timestamp()) * 1_000_000
DACH = "region=DACH"
Served = tuple[dict[str, httpx.Client], Workspace, dict[str, str]]


@pytest.fixture(scope="module", name="own")
def _own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A site of this file alone: its forms are filled in."""
    folder = serving.copied(tmp_path_factory.mktemp("actions"))
    with cxcurve.open(folder) as workspace, serving.served(workspace) as url, httpx.Client(base_url=url) as client:
        client.timeout = httpx.Timeout(60)
        drawn = {
            **SAID,
            "what": "Drawn",
            "started_on": "2026-04-07",
            "metric": "level",
            "promised": "5",
            "held_out": "45",
        }
        workspace.write_action(drawn, "ada", BEFORE_US)
        yield client


def send(client: httpx.Client, **fields: str) -> httpx.Response:
    return client.post("/actions", data={"form_token": token_in(client.get("/actions")), **fields})


def listed(client: httpx.Client, what: str) -> dict[str, Any]:
    return next(one for one in client.get("/actions.json").json()["actions"] if one["what"] == what)


def test_an_action_is_written_read_listed_and_closed_without_a_script(own: httpx.Client) -> None:
    row = own.get("/friction.json").json()["rows"][0]
    said = {"started_on": "2026-05-04", "stage": "transform", "owner": "Dana", "friction": row["friction"]}
    kept = send(own, **SAID, **said)
    assert kept.status_code == 303
    page = own.get(kept.headers["location"])
    one = listed(own, SAID["what"])
    assert kept.headers["location"] == f"/actions?action={one['action_id']}#chosen"
    assert (one["promised"], one["days"], one["owner"]) == (-0.02, 28, "Dana")
    assert ("down by 2.0 points" in page.text, "Dana" in page.text) == (True, True)
    assert one["strength"].partition(": ")[2].capitalize() in unescape(page.text)
    assert "/friction?row=" in page.text
    people = list(csv.DictReader(io.StringIO(own.get(f"/actions/{one['action_id']}/customers.csv").text)))
    assert len(people) == one["n_treated"] > 5
    assert {person["group"] for person in people} == {"reach"}
    assert "Actions on this" in own.get(f"/friction?row={quote(row['friction'])}").text
    assert f"/actions?action={one['action_id']}" in own.get("/today").text, "its days are over: to be read"
    notes = own.get("/curve.json?x=date").json()["annotations"]
    assert any(SAID["what"] in str(note) for note in notes), "it stands on the curve"
    closed = send(own, action=one["action_id"], closed_as="ended", reason="it did what it should")
    assert closed.status_code == 303
    assert listed(own, SAID["what"])["closed_as"] == "ended"
    assert f"/actions?action={one['action_id']}" not in own.get("/today").text


def test_what_was_drawn_is_shown_with_its_picture_and_its_evidence(own: httpx.Client) -> None:
    one = listed(own, "Drawn")
    page = unescape(own.get(f"/actions?action={one['action_id']}").text)
    assert one["evidence"] == "drawn"
    assert one["n"] + one["n_others"] > 60
    for said in ("Drawn by chance.", "Promised against seen", "Left alone by chance", "Chance alone decided"):
        assert said in page
    assert ("the promise lies within it" in page) == one["is_promise_in_interval"]
    assert len(re.findall(r"<svg[^>]+role=\"img\"", page)) + page.count("<table") >= 4
    rows = list(csv.DictReader(io.StringIO(own.get(f"/actions/{one['action_id']}/customers.csv").text)))
    groups = [row["group"] for row in rows]
    assert (groups.count("reach"), groups.count("leave alone")) == (one["n_treated"], one["n_held_out"])
    told = list(csv.DictReader(io.StringIO(own.get("/actions.csv?status=" + one["verdict"]).text)))
    assert one["action_id"] in {row["action_id"] for row in told}


def test_what_cannot_be_kept_leaves_what_was_typed(own: httpx.Client) -> None:
    ids = [row["customer_id"] for row in own.get("/customers.json").json()["customers"]][:2]
    said = {**SAID, "what": "Typed <b>", "started_on": "2026-05-04", "customers": f"{ids[0]}\nnobody-1\n{ids[1]}"}
    refused = send(own, **said)
    assert refused.status_code == 400
    page = unescape(refused.text)
    assert ('"nobody-1" is no customer' in page, 'value="Typed <b>"' in page) == (True, True)
    assert f"{ids[0]}\nnobody-1\n{ids[1]}</textarea>" in page.replace("\r", "")
    assert 'name="skip_unknown"' in page
    assert "Typed" not in own.get("/actions.json").text
    assert send(own, **said, skip_unknown="yes").status_code == 303
    assert listed(own, "Typed <b>")["n_treated"] == 2
    too_late = send(own, **SAID, started_on="2026-05-04", held_out="20")
    assert "drawn before an action acts" in too_late.text
    assert own.post("/actions", data={**SAID, "started_on": "2026-05-04"}).status_code == 400, "no token"


def test_hostile_words_stay_words(own: httpx.Client) -> None:
    assert send(own, **{**SAID, "what": HOSTILE, "owner": HOSTILE}, started_on="2026-05-05").status_code == 303
    one = next(one for one in own.get("/actions.json").json()["actions"] if one["what"].startswith("<img"))
    for path in ("/actions", f"/actions?action={one['action_id']}", "/curve?x=date", "/today"):
        page = own.get(path)
        assert page.status_code == 200
        assert "<img" not in page.text
        assert "39483" not in page.text


@settings(max_examples=30)
@given(
    name=st.sampled_from([*SAID, "started_on", "held_out", "stage", "segment", "customers", "closed_as", "action"]),
    value=st.text(max_size=40)
    | st.sampled_from(["9" * 400, "\x00", "nan", "-inf", 'a,b\n"c', "²", "9999-12-31", "1e300"]),
)
def test_no_form_breaks_the_page(own: httpx.Client, name: str, value: str) -> None:
    value = value.encode("utf-8", "replace").decode()
    fields = {**SAID, "what": "any", "started_on": "2026-05-06", name: value}
    assert send(own, **fields).status_code in {303, 400, 404}


@pytest.mark.parametrize("query", ["?action=nothing", "?status=lost", "?sort=-nothing", "?colour=red"])
def test_what_is_not_there_is_said(own: httpx.Client, query: str) -> None:
    assert own.get(f"/actions{query}").status_code in {400, 404}


@pytest.fixture(scope="module", name="served")
def _served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Colleagues who may know of all customers and of some, a partner; an action for all, and one for others only."""
    folder = serving.copied(tmp_path_factory.mktemp("scoped"))
    with cxcurve.open(folder) as workspace, people_of(workspace) as people, ExitStack() as stack:
        joined(people, Role.ADMIN, email="ada@example.com")
        joined(people, Role.AGENT, DACH, email="dach@example.com")
        joined(people, Role.EXECUTIVE, email="eva@example.com")
        joined(people, Role.PARTNER, DACH, email="paul@example.com")
        said = {**SAID, "started_on": "2026-04-07", "held_out": "45", "metric": "level"}
        all_, others = (
            workspace.write_action({**said, **more}, "ada", BEFORE_US).action_id
            for more in ({"what": "For all"}, {"what": "For others", "segment": "region=Nordics"})
        )
        url = stack.enter_context(guarded(workspace, people))
        names = ("ada", "dach", "eva", "paul")
        browsers = {who: stack.enter_context(browser_of(url, f"{who}@example.com")) for who in names}
        yield browsers, workspace, {"all": all_, "others": others}


def test_who_may_know_of_some_gets_the_actions_and_customers_of_theirs_and_nothing_seen(served: Served) -> None:
    browsers, workspace, ids = served
    told = browsers["dach"].get("/actions.json").json()["actions"]
    assert [one["action_id"] for one in told] == [ids["all"]]
    assert (told[0]["seen"], told[0]["n"], told[0]["reason"], told[0]["verdict"]) == (None, None, "not_whole", "open")
    assert listed(browsers["ada"], "For all")["seen"] is not None
    region = {row["customer_id"]: row["region"] for row in workspace.customers()}
    people = list(csv.DictReader(io.StringIO(browsers["dach"].get(f"/actions/{ids['all']}/customers.csv").text)))
    assert {region[row["customer_id"]] for row in people} == {"DACH"}
    assert len(people) == sum(region[row["customer_id"]] == "DACH" for row in workspace.action_list(ids["all"])), (
        "all of theirs"
    )
    n = sum(row["group"] == "reach" for row in people)
    assert told[0]["n_treated"] == (n if n >= 10 else None)
    for path in ("/actions?action={}", "/actions/{}/customers.csv"):
        there, nowhere = (browsers["dach"].get(path.format(one)) for one in (ids["others"], "nothing"))
        assert (there.status_code, nowhere.status_code) == (400, 400)
        assert there.text.replace(ids["others"], "nothing") == nowhere.text, "they know of no such action"
    page = browsers["dach"].get(f"/actions?action={ids['all']}").text
    assert 'id="write"' not in page, "they write none: it would be for others' customers"


def test_roles(served: Served) -> None:
    browsers, _, ids = served
    form = {**SAID, "started_on": "2026-05-04"}
    assert browsers["paul"].get("/actions").status_code == 403
    assert "/actions" not in browsers["paul"].get("/curve").text
    assert browsers["eva"].get("/actions").status_code == 200
    assert browsers["eva"].get(f"/actions/{ids['all']}/customers.csv").status_code == 403
    assert browsers["eva"].post("/actions", data=form).status_code == 403
    assert sent(browsers["ada"], "/actions", "/actions", **{**form, "what": "Audited"}).status_code == 303
    assert browsers["ada"].get(f"/actions/{ids['all']}/customers.csv").status_code == 200
    log = browsers["ada"].get("/settings/audit.json").text
    assert ('"action"' in log, '"export"' in log) == (True, True)


def test_how_many_of_others_are_on_a_list_is_not_told(served: Served) -> None:
    browsers, workspace, _ = served
    of = {row["customer_id"]: row["region"] for row in workspace.customers()}
    theirs, others = ([one for one in of if (of[one] == "DACH") == is_theirs] for is_theirs in (True, False))
    said = {**SAID, "what": "Listed", "started_on": "2026-05-04", "customers": "\n".join((*theirs[:12], others[0]))}
    workspace.write_action(said, "ada", BEFORE_US)
    told = listed(browsers["dach"], "Listed")
    assert (told["whom"], told["n_treated"]) == ({"listed": None}, 12)
    assert listed(browsers["ada"], "Listed")["whom"] == {"listed": 13}
    assert "a list of its own" in browsers["dach"].get("/actions").text


def test_an_action_stays_when_its_stage_goes(served: Served) -> None:
    browsers, workspace, ids = served
    workspace.store.execute("UPDATE actions SET stage = 'first_steps' WHERE action_id = $1", ids["others"])
    for path in ("/actions", "/actions.json", "/actions.csv", f"/actions?action={ids['others']}", "/today"):
        assert browsers["ada"].get(path).status_code == 200, path
    assert "First steps" in browsers["ada"].get("/actions.csv").text
