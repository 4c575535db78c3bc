"""Sign-in, sessions and the one-time link: who gets in, and what those who do not are told."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from entering import PASSWORD, browser_of, guarded, joined, people_of, sent, token_in

from cxcurve.people.audit import Audit, Entry
from cxcurve.people.people import People
from cxcurve.people.roles import Role
from cxcurve.people.sessions import LONGEST_REST_US, LONGEST_US
from cxcurve.web import app, door
from cxcurve.web.guard import SESSION
from cxcurve.workspace import Workspace, init
from cxcurve.workspace.instants import now_us

ADMIN = "ada@example.com"


@pytest.fixture(name="workspace")
def _workspace(tmp_path: Path) -> Iterator[Workspace]:
    with init(tmp_path / "w", "b2b-saas") as workspace:
        yield workspace


@pytest.fixture(name="people")
def _people(workspace: Workspace) -> Iterator[People]:
    with people_of(workspace) as people:
        yield people


@pytest.fixture(name="url")
def _url(workspace: Workspace, people: People) -> Iterator[str]:
    joined(people, Role.ADMIN, email=ADMIN)
    with guarded(workspace, people) as url:
        yield url


def test_without_users_this_computer_sees_everything_and_is_told_so(workspace: Workspace, people: People) -> None:
    with guarded(workspace, people, "127.0.0.1") as url:
        page = httpx.get(f"{url}/sources")
        assert page.status_code == 200
        assert "Nobody has signed in yet: anyone on this computer sees everything." in page.text


def test_without_users_another_sites_name_shows_nothing(workspace: Workspace, people: People) -> None:
    """A name that leads here would let that site's scripts read the pages."""
    with guarded(workspace, people, "127.0.0.1") as url:
        page = httpx.get(f"{url}/sources.json", headers={"host": "evil.example"})
        assert (page.status_code, page.json()["code"]) == (403, "other_name")


def test_without_users_other_computers_see_the_one_time_link_only(workspace: Workspace, people: People) -> None:
    link = people.links.make("set_up", now_us())
    with guarded(workspace, people, "0.0.0.0") as url, httpx.Client(base_url=url) as browser:
        for path in ("/", "/sources", "/customers.csv", "/nowhere", "/openapi.json", "/settings"):
            answer = browser.get(path)
            assert answer.status_code == 403, path
            assert "nobody can sign in yet" in answer.text
        assert browser.get("/healthz").text == "ok"
        told = sent(browser, f"/set-up/{link}", f"/set-up/{link}", email=ADMIN, name="Ada", password=PASSWORD)
        assert (told.status_code, told.headers["location"]) == (303, "/")
        assert "Ada" in browser.get("/sources").text
        assert [(one.email, one.role) for one in people.users.all()] == [(ADMIN, Role.ADMIN)]
        assert browser.get(f"/set-up/{link}").status_code == 404


def test_a_one_time_link_sets_up_once(workspace: Workspace, people: People) -> None:
    link = people.links.make("set_up", now_us())
    with guarded(workspace, people) as url:
        with httpx.Client(base_url=url) as one, httpx.Client(base_url=url) as other:
            token = token_in(other.get(f"/set-up/{link}"))
            assert sent(one, f"/set-up/{link}", f"/set-up/{link}", email=ADMIN, password=PASSWORD).status_code == 303
            late = {"email": "eve@example.com", "password": PASSWORD, "form_token": token}
            assert other.post(f"/set-up/{link}", data=late).status_code == 404
        assert httpx.get(f"{url}/set-up/guessed").status_code == 404
    assert [one.email for one in people.users.all()] == [ADMIN]


@pytest.mark.parametrize(
    ("password", "said"),
    [("short", "expected 10 to 256"), ("aaaaaaaaaaaaa", "easily guessed"), ("ada-lovelace1", "easily guessed")],
)
def test_a_password_that_is_guessed_is_refused(workspace: Workspace, people: People, password: str, said: str) -> None:
    link = people.links.make("set_up", now_us())
    with guarded(workspace, people) as url, httpx.Client(base_url=url) as browser:
        path = f"/set-up/{link}"
        told = sent(browser, path, path, email="ada-lovelace@example.com", password=password)
        assert told.status_code == 400
        assert said in told.text
    assert not people.users.is_any


def test_serving_prints_a_link_that_sets_up_as_long_as_nobody_signs_in(
    workspace: Workspace, people: People, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Stopped:
        def run(self, **_: object) -> None:
            """At once."""

    monkeypatch.setattr(app, "server", lambda _: Stopped())
    monkeypatch.setattr(app, "spare_the_collector", lambda: None)
    monkeypatch.setattr(sys, "setswitchinterval", lambda _: None)
    app.serve(workspace, port=0)
    link = capsys.readouterr().out.splitlines()[-1].rpartition("/set-up/")[2]
    assert people.links.find("set_up", link, now_us()) is not None
    assert people.links.find("set_up", link, now_us() + 25 * 3_600_000_000) is None
    joined(people, Role.ADMIN)
    app.serve(workspace, port=0)
    assert "/set-up/" not in capsys.readouterr().out


def test_pages_lead_to_the_sign_in_and_back(url: str) -> None:
    with httpx.Client(base_url=url) as browser:
        away = browser.get("/sources?as_of=2026-01-01")
        assert (away.status_code, away.headers["location"]) == (303, "/sign-in?next=/sources%3Fas_of%3D2026-01-01")
        page = browser.get(away.headers["location"])
        fields = {"email": ADMIN, "password": PASSWORD, "next": "/sources?as_of=2026-01-01"}
        assert 'value="/sources?as_of=2026-01-01"' in page.text
        back = browser.post("/sign-in", data={**fields, "form_token": token_in(page)})
        assert (back.status_code, back.headers["location"]) == (303, "/sources?as_of=2026-01-01")
        assert browser.get("/sources").status_code == 200


@pytest.mark.parametrize("path", ["/sources.json", "/customers.csv", "/api/ingest/ledger", "/customers/x.json"])
def test_programs_are_told_in_json(url: str, path: str) -> None:
    answer = httpx.get(url + path)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    if not path.endswith(".csv"):
        assert answer.json()["code"] == "sign_in"


@pytest.mark.parametrize("back", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:x", "/a\nb"])
def test_nobody_is_led_to_another_site(url: str, back: str) -> None:
    with httpx.Client(base_url=url) as browser:
        told = sent(browser, "/sign-in", "/sign-in", email=ADMIN, password=PASSWORD, next=back)
        assert told.headers["location"] == "/"


def test_the_cookie_is_for_the_server_alone(url: str) -> None:
    with httpx.Client(base_url=url) as browser:
        told = sent(browser, "/sign-in", "/sign-in", email=ADMIN, password=PASSWORD).headers["set-cookie"]
        assert "HttpOnly" in told
        assert "SameSite=lax" in told
        assert "Secure" not in told
        token = token_in(browser.get("/sign-in"))
        https = {"x-forwarded-proto": "https"}
        fields = {"email": ADMIN, "password": PASSWORD, "form_token": token}
        assert "Secure" in browser.post("/sign-in", data=fields, headers=https).headers["set-cookie"]


def test_only_a_hash_of_a_session_is_kept(url: str, workspace: Workspace) -> None:
    with browser_of(url, ADMIN) as browser:
        secret = browser.cookies[SESSION]
    assert len(secret) >= 43
    for file in (workspace.folder / ".cxcurve").iterdir():
        assert secret.encode() not in file.read_bytes()
        assert PASSWORD.encode() not in file.read_bytes()


def test_a_sign_in_gives_another_session_and_ends_the_one_before(url: str) -> None:
    with browser_of(url, ADMIN) as browser:
        before = browser.cookies[SESSION]
        sent(browser, "/sign-in", "/sign-in", email=ADMIN, password=PASSWORD)
        assert browser.cookies[SESSION] != before
        assert httpx.get(f"{url}/sources.json", cookies={SESSION: before}).status_code == 401
    planted = {SESSION: "a session that somebody else chose"}
    with httpx.Client(base_url=url, cookies=planted) as victim:
        told = sent(victim, "/sign-in", "/sign-in", email=ADMIN, password=PASSWORD)
        assert planted[SESSION] not in told.headers["set-cookie"]


def test_sign_out_here_and_everywhere(url: str) -> None:
    with browser_of(url, ADMIN) as here, browser_of(url, ADMIN) as there, browser_of(url, ADMIN) as third:
        session = here.cookies[SESSION]
        assert sent(here, "/sources", "/sign-out").headers["location"] == "/sign-in"
        assert httpx.get(f"{url}/sources.json", cookies={SESSION: session}).status_code == 401
        assert there.get("/sources.json").status_code == 200
        sent(third, "/sources", "/sign-out", everywhere="1")
        assert there.get("/sources.json").status_code == 401


def test_a_session_ends_by_itself(people: People) -> None:
    user = people.users.named(joined(people, Role.ADMIN))
    secret, start = people.sessions.begin(user.user_id, 0), 0
    assert people.sessions.find(secret, LONGEST_REST_US) is not None
    assert people.sessions.find(secret, 2 * LONGEST_REST_US + 1) is None
    secret = people.sessions.begin(user.user_id, 0)
    while start < LONGEST_US:
        assert people.sessions.find(secret, start) is not None
        start += LONGEST_REST_US // 2
    assert people.sessions.find(secret, LONGEST_US + 1) is None


def test_whoever_may_not_sign_in_any_more_is_out_at_once(url: str, people: People) -> None:
    agent = joined(people, Role.AGENT)
    with browser_of(url, agent) as browser:
        people.users.change(people.users.named(agent).user_id, is_active=False)
        assert browser.get("/sources.json").status_code == 401
        assert sent(browser, "/sign-in", "/sign-in", email=agent, password=PASSWORD).status_code == 401


def test_a_wrong_password_and_an_unknown_user_are_told_the_same(url: str, people: People) -> None:
    people.users.add("sso@example.com", Role.AGENT, 1)
    with httpx.Client(base_url=url) as browser:
        told = {
            sent(browser, "/sign-in", "/sign-in", email=email, password="something else").text
            for email in (ADMIN, "nobody@example.com", "sso@example.com", "no address")
        }
    assert len({text.replace(token, "") for text in told for token in [text.split('form_token" value="')[1][:64]]}) == 1
    assert "The e-mail address or the password is wrong." in told.pop()


def test_an_unknown_user_costs_a_hash_too(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    checked = []
    verify = type(people.passwords._hasher).verify
    monkeypatch.setattr(
        type(people.passwords._hasher), "verify", lambda self, *given: checked.append(given) or verify(self, *given)
    )
    assert not people.passwords.fits(None, "nobody has this password")
    assert len(checked) == 1


def test_guessing_makes_wait_at_that_address_only(url: str) -> None:
    with httpx.Client(base_url=url) as guesser:
        for _ in range(5):
            assert sent(guesser, "/sign-in", "/sign-in", email=ADMIN, password="a wrong guess").status_code == 401
        waits = sent(guesser, "/sign-in", "/sign-in", email=ADMIN, password=PASSWORD)
        assert waits.status_code == 429
        assert int(waits.headers["retry-after"]) >= 1
        token = token_in(guesser.get("/sign-in"))
        elsewhere = {"x-forwarded-for": "203.0.113.9"}
        fields = {"email": ADMIN, "password": PASSWORD, "form_token": token}
        assert guesser.post("/sign-in", data=fields, headers=elsewhere).status_code == 303


def test_a_form_of_another_site_is_refused(url: str) -> None:
    with browser_of(url, ADMIN) as browser:
        token = token_in(browser.get("/sources"))
        form = {"form_token": token, "undo": "x"}
        away = browser.post("/sources", data=form, headers={"origin": "https://evil.example"})
        assert (away.status_code, "out of date" in away.text) == (400, True)
        assert browser.post("/sources", data={"form_token": "x", "undo": "x"}).status_code == 400
        assert browser.post("/sign-out", data={}).status_code == 400


def test_the_form_of_one_is_not_good_for_another(url: str, people: People) -> None:
    other = joined(people, Role.ADMIN)
    with browser_of(url, ADMIN) as one, browser_of(url, other) as two:
        token = token_in(one.get("/sources"))
        two.get("/sources")
        told = two.post("/sign-out", data={"form_token": token})
        assert (told.status_code, "out of date" in told.text) == (400, True)


def test_one_who_asks_without_end_waits(workspace: Workspace, people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "AT_ONCE", 5)
    monkeypatch.setattr(door, "PER_S", 0.01)
    joined(people, Role.ADMIN, email=ADMIN)
    with guarded(workspace, people) as url, browser_of(url, ADMIN) as browser:
        found = [browser.get("/openapi.json") for _ in range(6)]
    assert [one.status_code for one in found] == [200] * 5 + [429]
    assert 1 < int(found[-1].headers["retry-after"]) <= 100


def test_what_is_answered_is_in_the_audit_log(url: str, people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long it takes to write it: whoever stops us after an answer finds what was done."""
    write = Audit.add

    def slowly(*given: Any) -> Entry:
        time.sleep(0.3)
        return write(*given)

    monkeypatch.setattr(Audit, "add", slowly)
    with browser_of(url, ADMIN) as browser:
        assert sent(browser, "/settings", "/notes", at="2026-05-03", text="New onboarding").status_code < 400
        assert [entry.what for entry in people.audit.all()].count("note") == 1
