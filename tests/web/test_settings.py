"""Settings: the second factor, one's sessions and tokens, users, and what the audit log holds of it."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pyotp
import pytest
import zxingcpp
from entering import PASSWORD, browser_of, guarded, joined, people_of, sent, token_in

from cxcurve.people import second
from cxcurve.people.people import People
from cxcurve.people.roles import Role
from cxcurve.people.second import new_recovery, recovery_hash, step_of
from cxcurve.web.guard import SESSION
from cxcurve.workspace import Workspace, init
from cxcurve.workspace.instants import now_us

ADMIN = "ada@example.com"
S = 1_000_000


@pytest.fixture(name="workspace")
def _workspace(tmp_path: Path) -> Iterator[Workspace]:
    with init(tmp_path / "w", "b2b-saas") as workspace:
        yield workspace


@pytest.fixture(name="people")
def _people(workspace: Workspace) -> Iterator[People]:
    with people_of(workspace) as people:
        joined(people, Role.ADMIN, email=ADMIN)
        yield people


@pytest.fixture(name="url")
def _url(workspace: Workspace, people: People) -> Iterator[str]:
    with guarded(workspace, people) as url:
        yield url


def secrets_in(page: httpx.Response) -> list[str]:
    return re.findall(r'<p class="secret[^"]*">([^<]+)</p>', page.text)


# --- second factor


def test_codes_are_those_of_the_standard() -> None:
    """RFC 6238, appendix B: the secret "12345678901234567890", SHA-1; the last six figures."""
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    for at_s, code in ((59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")):
        assert step_of(secret, code, at_s * S) == at_s // 30
        assert step_of(secret, code, (at_s + 30) * S) == at_s // 30
        assert step_of(secret, code, (at_s + 90) * S) is None
        assert step_of(secret, f" {code[:3]} {code[3:]} ", at_s * S) == at_s // 30


def test_a_code_is_good_once_and_an_older_one_not_after_it(people: People) -> None:
    secret = second.new_totp()
    user = people.users.change(people.users.named(ADMIN).user_id, totp_secret=secret)
    now = 1_700_000_000 * S
    code = pyotp.TOTP(secret).at(1_700_000_000)
    before = pyotp.TOTP(secret).at(1_700_000_000 - 30)
    assert second.is_right(people.users, user, code, now)
    assert not second.is_right(people.users, user, code, now)
    assert not second.is_right(people.users, user, before, now)


def test_a_recovery_code_is_good_once(people: People) -> None:
    codes = new_recovery()
    kept = [recovery_hash(code) for code in codes]
    user = people.users.change(people.users.named(ADMIN).user_id, totp_secret=second.new_totp(), recovery=kept)
    assert len({*codes}) == 8
    assert second.is_right(people.users, user, codes[3].upper(), now_us())
    assert not second.is_right(people.users, user, codes[3], now_us())
    assert len(people.users.find(user.user_id).recovery) == 7


def read_qr(page: str) -> str:
    """What a phone reads from the picture of a page: its path is a start and runs of dark modules, row by row."""
    picture = re.search(r"<svg[^>]*>.*?</svg>", page[page.index('id="totp"') :], re.DOTALL)
    assert picture
    width = int(re.findall(r'd="M0 0h(\d+)', picture[0])[0])
    dark, x, y = np.full((width, width), 255, np.uint8), 0, -0.5
    for kind, a, b in re.findall(r"([Mmh])(-?[\d.]+)(?: (-?[\d.]+))?", picture[0].split('stroke="#000"')[1]):
        if kind == "h":
            dark[int(y), x : x + int(a)] = 0
        else:
            x, y = (0, 0.0) if kind == "M" else (x, y)
            y += float(b)
        x += int(a)
    found = zxingcpp.read_barcodes(np.kron(dark, np.ones((4, 4), np.uint8)))
    return str(found[0].text)


def set_up(browser: httpx.Client) -> tuple[str, list[str]]:
    """A second factor: its secret, and the recovery codes."""
    begun = sent(browser, "/settings", "/settings", do="totp", password=PASSWORD)
    secret, address = secrets_in(begun)
    assert address.startswith("otpauth://totp/")
    assert read_qr(begun.text) == html.unescape(address)
    fields = {"do": "totp_confirm", "secret": secret, "form_token": token_in(begun)}
    wrong = browser.post("/settings", data={**fields, "code": "000000x"})
    assert "The code is not the app" in wrong.text
    # The step before: that of now is for signing in.
    done = browser.post("/settings", data={**fields, "code": pyotp.TOTP(secret).at(now_us() // S - 30)})
    return secret, secrets_in(done)


def test_with_a_second_factor_the_password_alone_opens_nothing(url: str, people: People) -> None:
    with browser_of(url, ADMIN) as browser:
        codes = set_up(browser)[1]
    assert len(codes) == 8
    with httpx.Client(base_url=url) as other:
        asked = sent(other, "/sign-in", "/sign-in", email=ADMIN, password=PASSWORD)
        assert (asked.status_code, SESSION in other.cookies) == (200, False)
        assert other.get("/settings").status_code == 303
        pending = re.search(r'name="pending" value="([^"]+)"', asked.text)
        assert pending
        fields = {"pending": pending[1], "next": "/", "form_token": token_in(asked)}
        assert other.post("/sign-in/code", data={**fields, "code": "123"}).status_code == 401
        told = other.post("/sign-in/code", data={**fields, "code": codes[0]})
        assert (told.status_code, told.headers["location"]) == (303, "/")
        assert other.get("/settings").status_code == 200
        again = sent(other, "/sign-in", "/sign-in/code", pending=pending[1], code=codes[1])
        assert again.status_code == 401
        assert "That took too long" in again.text


def test_codes_are_not_guessed(url: str, people: People) -> None:
    with browser_of(url, ADMIN) as browser:
        set_up(browser)
    with httpx.Client(base_url=url) as guesser:
        asked = sent(guesser, "/sign-in", "/sign-in", email=ADMIN, password=PASSWORD)
        pending = re.search(r'name="pending" value="([^"]+)"', asked.text)
        assert pending
        fields = {"pending": pending[1], "form_token": token_in(asked)}
        found = [guesser.post("/sign-in/code", data={**fields, "code": f"{n:06d}"}).status_code for n in range(6)]
        assert found == [401] * 5 + [401]
        assert sent(guesser, "/sign-in", "/sign-in", email=ADMIN, password=PASSWORD).status_code == 429


def test_the_second_factor_is_taken_off_with_password_and_code(url: str, people: People) -> None:
    with browser_of(url, ADMIN) as browser:
        _, codes = set_up(browser)
        for fields in ({"code": codes[0]}, {"password": PASSWORD}):
            assert sent(browser, "/settings", "/settings", do="totp_off", **fields).status_code == 400
        assert (
            sent(browser, "/settings", "/settings", do="totp_off", password=PASSWORD, code=codes[1]).status_code == 200
        )
        assert not people.users.named(ADMIN).has_totp


# --- password and sessions


def test_a_new_password_signs_out_every_other_browser(url: str) -> None:
    new = "another four words"
    with browser_of(url, ADMIN) as one, browser_of(url, ADMIN) as two:
        assert sent(one, "/settings", "/settings", do="password", password="wrong", new=new).status_code == 400
        assert sent(one, "/settings", "/settings", do="password", password=PASSWORD, new="short").status_code == 400
        assert two.get("/sources.json").status_code == 200
        assert sent(one, "/settings", "/settings", do="password", password=PASSWORD, new=new).status_code == 303
        assert one.get("/sources.json").status_code == 200
        assert two.get("/sources.json").status_code == 401
        with httpx.Client(base_url=url) as old:
            assert sent(old, "/sign-in", "/sign-in", email=ADMIN, password=PASSWORD).status_code == 401
    with browser_of(url, ADMIN, new):
        pass


def test_one_session_is_ended_from_another_and_nobody_elses(url: str, people: People) -> None:
    joined(people, Role.AGENT, email="eve@example.com")
    with browser_of(url, ADMIN) as one, browser_of(url, ADMIN) as two, browser_of(url, "eve@example.com") as eve:
        found = people.sessions.find(two.cookies[SESSION], now_us())
        assert found
        sent(eve, "/settings", "/settings", do="end", session=found[0].hash)
        assert two.get("/sources.json").status_code == 200
        sent(one, "/settings", "/settings", do="end", session=found[0].hash)
        assert two.get("/sources.json").status_code == 401
        sent(one, "/settings", "/settings", do="end_others")
        assert one.get("/sources.json").status_code == 200


# --- tokens


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


def test_a_token_opens_json_and_nothing_else(url: str, workspace: Workspace) -> None:
    with browser_of(url, ADMIN) as browser:
        (key,) = secrets_in(sent(browser, "/settings", "/settings", do="token", name="board", days="30"))
    assert key.startswith("cxr_")
    assert httpx.get(f"{url}/sources.json", headers=bearer(key)).status_code == 200
    assert httpx.get(f"{url}/api/ingest/ledger", headers=bearer(key)).status_code == 200
    for path in ("/sources", "/customers.csv", "/settings", "/settings/people.json", "/settings/audit.json"):
        told = httpx.get(url + path, headers=bearer(key))
        assert told.status_code == 403, path
    assert httpx.post(f"{url}/settings", headers=bearer(key)).status_code == 403
    assert httpx.post(f"{url}/v1/track", headers=bearer(key), json={"event": "x"}).status_code == 403
    assert httpx.get(f"{url}/sources.json", headers=bearer(key + "x")).status_code == 401


def test_a_write_key_reads_nothing_and_needs_no_sign_in(url: str, workspace: Workspace) -> None:
    key = workspace.live.keys.create("write", "web", 1)
    assert httpx.get(f"{url}/sources.json", headers=bearer(key)).status_code == 401
    message = {"event": "x", "userId": "u", "messageId": "1"}
    assert httpx.post(f"{url}/v1/track", headers=bearer(key), json=message).status_code == 200


def test_a_token_is_worth_what_its_user_is_now(url: str, people: People) -> None:
    eve = joined(people, Role.AGENT, email="eve@example.com")
    user = people.users.named(eve)
    with browser_of(url, eve) as browser:
        (key,) = secrets_in(sent(browser, "/settings", "/settings", do="token", export="on"))
    assert httpx.get(f"{url}/plan.json", headers=bearer(key)).status_code == 200
    assert httpx.get(f"{url}/customers.csv", headers=bearer(key)).status_code == 403  # an agent's role exports nothing
    people.users.change(user.user_id, role="partner")
    assert httpx.get(f"{url}/plan.json", headers=bearer(key)).status_code == 403
    people.users.change(user.user_id, role="agent", is_active=False)
    assert httpx.get(f"{url}/plan.json", headers=bearer(key)).status_code == 401


def test_a_token_ends_by_its_day_and_when_withdrawn(url: str, workspace: Workspace) -> None:
    old = workspace.live.keys.create("read", "x", 1, until_us=now_us() - 1, grant={"allows": ["read"]})
    assert httpx.get(f"{url}/sources.json", headers=bearer(old)).status_code == 401
    write = workspace.live.keys.create("write", "x", 1, until_us=now_us() - 1)
    assert httpx.post(f"{url}/v1/track", headers=bearer(write), json={"event": "x"}).status_code == 401
    with browser_of(url, ADMIN) as browser:
        (key,) = secrets_in(sent(browser, "/settings", "/settings", do="token", days="30"))
        number = next(one.number for one in workspace.live.keys.all() if one.prefix == key[:8])
        assert sent(browser, "/settings", "/settings", do="withdraw", number="1").status_code == 400  # not one's own
        assert sent(browser, "/settings", "/settings", do="withdraw", number=str(number)).status_code == 200
        assert sent(browser, "/settings", "/settings", do="token", days="999").status_code == 400
    assert httpx.get(f"{url}/sources.json", headers=bearer(key)).status_code == 401


# --- users and the log


def test_an_admin_adds_somebody_who_chooses_a_password(url: str, people: People) -> None:
    with browser_of(url, ADMIN) as browser:
        fields = {"do": "add", "email": "Pam@P3.example", "role": "partner"}
        refused = sent(browser, "/settings/people", "/settings/people", **fields)
        assert (refused.status_code, "a partner sees the customers of a scope only" in refused.text) == (400, True)
        (link,) = secrets_in(sent(browser, "/settings/people", "/settings/people", **fields, scope="partner_id=p-3"))
        assert "pam@p3.example" in browser.get("/settings/people").text
    with httpx.Client(base_url=url) as pam:
        assert sent(pam, link, link, password=PASSWORD).status_code == 303
        assert pam.get("/settings").status_code == 200
        assert pam.get("/settings/people").status_code == 403
        assert pam.get(link).status_code == 404
    assert str(people.users.named("pam@p3.example").sees) == "partner_id = p-3"


def test_a_link_for_a_password_does_not_pass_by_the_second_factor(url: str, people: People) -> None:
    user = people.users.change(people.users.named(ADMIN).user_id, totp_secret=second.new_totp())
    link = f"/set-up/{people.links.make('password', now_us(), user_id=user.user_id)}"
    with httpx.Client(base_url=url) as browser:
        told = sent(browser, link, link, password="another four words")
        assert "Your code" in told.text
        assert browser.get("/settings").status_code == 303


def test_what_was_done_is_in_the_log_without_secrets(url: str, people: People) -> None:
    with httpx.Client(base_url=url) as guesser:
        sent(guesser, "/sign-in", "/sign-in", email="a wrong guess", password="x")
        sent(guesser, "/sign-in", "/sign-in", email=ADMIN, password="a wrong guess")
    with browser_of(url, ADMIN) as browser:
        sent(browser, "/settings/people", "/settings/people", do="add", email="b@x.example", role="agent")
        bob = people.users.named("b@x.example").user_id
        sent(browser, "/settings/people", "/settings/people", do="role", user=bob, role="analyst", scope="region=EMEA")
        sent(browser, "/settings/people", "/settings/people", do="off", user=bob)
        (key,) = secrets_in(sent(browser, "/settings", "/settings", do="token"))
        sent(browser, "/sources", "/notes", text="New onboarding", at="2026-01-01")
        found = browser.get("/settings/audit.json").json()
        assert "b@x.example: analyst, region = EMEA" in browser.get("/settings/audit").text
    told = [(one["who"], one["what"]) for one in reversed(found["entries"])]
    assert told[:2] == [("unknown user", "sign-in failed"), (ADMIN, "sign-in failed")]
    assert [what for _, what in told[2:]] == [
        "sign-in", "user added", "link made", "role", "user off", "token made", "note",
    ]  # fmt: skip
    assert found["verdict"]["wrong"] is None
    for secret in (PASSWORD, "a wrong guess", key):
        assert secret not in str(found)


def test_the_only_admin_stays(url: str, people: People) -> None:
    with browser_of(url, ADMIN) as browser:
        mine = people.users.named(ADMIN).user_id
        for do in ("off", "remove", "role"):
            told = sent(browser, "/settings/people", "/settings/people", do=do, user=mine, role="agent")
            assert (told.status_code, "This is the only admin" in told.text) == (400, True)
        assert browser.get("/settings/people").status_code == 200
