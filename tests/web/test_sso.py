"""Sign-in by OpenID Connect, against a provider on loopback that signs for real; and what is not believed."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from entering import guarded, joined, people_of

pytest.importorskip("authlib", reason='needs pip install "cxcurve[sso]"')

import django_provider
from fake_provider import CLIENT, SECRET, FakeProvider, provided
from joserfc.jwk import RSAKey

from cxcurve.errors import ConnectError
from cxcurve.people import oidc
from cxcurve.people.oidc import Provider
from cxcurve.people.people import People
from cxcurve.people.roles import Role
from cxcurve.web.guard import SESSION
from cxcurve.workspace import init, open

ADMIN = "ada@example.com"


@pytest.fixture(name="provider")
def _provider() -> Iterator[FakeProvider]:
    with provided() as provider:
        yield provider


@pytest.fixture(name="new_users")
def _new_users() -> str:
    return ""


@pytest.fixture(name="site")
def _site(
    tmp_path: Path, provider: FakeProvider, new_users: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[str, People]]:
    monkeypatch.setenv("CXCURVE_OIDC_SECRET", SECRET)
    init(tmp_path / "w", "b2b-saas").close()
    with (tmp_path / "w" / "cxcurve.toml").open("a") as file:
        file.write(f'\n[oidc]\nissuer = "{provider.url}"\nclient_id = "{CLIENT}"\nname = "Example"\n')
        file.write(f'new_users = "{new_users}"\n' if new_users else "")
    with open(tmp_path / "w") as workspace, people_of(workspace) as people:
        joined(people, Role.ADMIN, email=ADMIN)
        with guarded(workspace, people) as url:
            yield url, people


def begun(browser: httpx.Client, path: str = "/sign-in/oidc") -> str:
    """Where the provider sends the browser back to."""
    to = browser.get(path)
    assert to.status_code == 303, to.text
    return httpx.get(to.headers["location"]).headers["location"]


def test_whom_the_provider_vouches_for_is_in(site: tuple[str, People]) -> None:
    url, people = site
    with httpx.Client(base_url=url) as browser:
        assert "Sign in with Example" in browser.get("/sign-in").text
        told = browser.get(begun(browser, "/sign-in/oidc?next=/sources"))
        assert (told.status_code, told.headers["location"]) == (303, "/sources")
        assert browser.get("/sources").status_code == 200
    assert str(people.users.named(ADMIN).subject).endswith("|u-7")
    assert (people.audit.latest(1)[0].what, people.audit.latest(1)[0].about) == ("sign-in", "by OpenID Connect")


def test_the_next_time_the_subject_counts_and_not_the_address(site: tuple[str, People], provider: FakeProvider) -> None:
    url, people = site
    with httpx.Client(base_url=url) as browser:
        browser.get(begun(browser))
        provider.claims = {"email": "married@example.com"}
        assert browser.get(begun(browser)).status_code == 303
    with httpx.Client(base_url=url) as other:  # the address again, of somebody else
        provider.claims = {"sub": "u-8"}
        assert other.get(begun(other)).status_code == 401
    assert len(people.users.all()) == 1


@pytest.mark.parametrize(
    ("claims", "leaves_out"),
    [
        ({"iss": "http://127.0.0.1:1"}, ()),
        ({"aud": "another"}, ()),
        ({"aud": [CLIENT, "another"], "azp": "another"}, ()),
        ({"exp": -3600}, ()),
        ({"iat": 3600, "exp": 7200}, ()),
        ({"nonce": "another"}, ()),
        ({}, ("nonce",)),
        ({}, ("exp",)),
        ({}, ("sub",)),
        ({}, ("aud",)),
        ({"email_verified": False}, ()),
        ({"email_verified": "true"}, ()),
        ({"email": "nobody@example.com"}, ()),
    ],
    ids=str,
)
def test_a_token_that_does_not_hold_lets_nobody_in(
    site: tuple[str, People], provider: FakeProvider, claims: dict[str, Any], leaves_out: tuple[str, ...]
) -> None:
    url, people = site
    times = {name: int(time.time()) + claims[name] for name in ("iat", "exp") if name in claims}  # seconds from now
    provider.claims, provider.leaves_out = claims | times, leaves_out
    with httpx.Client(base_url=url) as browser:
        told = browser.get(begun(browser))
        assert (told.status_code, SESSION in browser.cookies) == (401, False)
    assert [user.email for user in people.users.all()] == [ADMIN]
    assert people.users.named(ADMIN).subject is None


@pytest.mark.parametrize("kind", ["another key", "none", "the public key as a secret"])
def test_a_signature_that_is_none_lets_nobody_in(site: tuple[str, People], provider: FakeProvider, kind: str) -> None:
    if kind == "another key":
        provider.signing = RSAKey.generate_key(2048, {"kid": "one"})
    elif kind == "none":
        provider.forged = "none", b""
    else:
        provider.forged = "HS256", provider.key.as_pem(private=False)
    with httpx.Client(base_url=site[0]) as browser:
        told = browser.get(begun(browser))
        assert (told.status_code, SESSION in browser.cookies) == (401, False)
        assert "its ID token does not hold" in told.text


def test_a_new_key_of_the_provider_is_asked_for(site: tuple[str, People], provider: FakeProvider) -> None:
    with httpx.Client(base_url=site[0]) as browser:
        assert browser.get(begun(browser)).status_code == 303
        provider.key = provider.signing = RSAKey.generate_key(2048, {"kid": "two"})
        provider.header = {"alg": "RS256", "kid": "two"}
        assert browser.get(begun(browser)).status_code == 303


def test_what_another_browser_began_is_not_ended_here(site: tuple[str, People]) -> None:
    """Else somebody could sign a victim in as themselves."""
    with httpx.Client(base_url=site[0]) as attacker, httpx.Client(base_url=site[0]) as victim:
        link = begun(attacker)
        assert victim.get(link).status_code == 400
        begun(victim)
        assert victim.get(link).status_code == 400
        assert SESSION not in victim.cookies


def test_a_code_is_good_once(site: tuple[str, People]) -> None:
    with httpx.Client(base_url=site[0]) as browser:
        link = begun(browser)
        assert browser.get(link).status_code == 303
        assert browser.get(link).status_code == 400


@pytest.mark.parametrize("new_users", ["executive"])
def test_those_nobody_added_get_the_role_that_is_set(site: tuple[str, People], provider: FakeProvider) -> None:
    url, people = site
    provider.claims = {"sub": "u-9", "email": "New@Example.com"}
    with httpx.Client(base_url=url) as browser:
        assert browser.get(begun(browser)).status_code == 303
        assert people.users.named("new@example.com").role is Role.EXECUTIVE
        people.users.change(people.users.named("new@example.com").user_id, is_active=False)
        assert browser.get(begun(browser)).status_code == 401


def test_a_provider_in_the_clear_or_under_another_name_is_none(provider: FakeProvider) -> None:
    with pytest.raises(ConnectError, match="expected an address that begins with https://"):
        Provider("http://login.example.com", CLIENT, "").start("http://127.0.0.1/x")
    provider.issuer = "https://login.example.com"
    with pytest.raises(ConnectError, match="calls itself 'https://login"):
        Provider(provider.url, CLIENT, "").start("http://127.0.0.1/x")


def test_a_provider_that_does_not_answer_is_not_asked_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def fetched(address: str) -> dict[str, str]:
        asked.append(address)
        raise ConnectError(f"{address}: cannot be read")

    monkeypatch.setattr(oidc, "_fetched", fetched)
    gone = Provider("https://login.example.com", CLIENT, "")
    for said in ("cannot be read", "did not answer a moment ago"):
        with pytest.raises(ConnectError, match=said):
            gone.start("https://x.example/back")
    assert asked == ["https://login.example.com/.well-known/openid-configuration"]


@pytest.fixture(name="others")
def _others(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    program = [sys.executable, django_provider.__file__, str(tmp_path)]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


def test_a_provider_that_others_wrote_lets_its_user_in(
    tmp_path: Path, others: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Django OAuth Toolkit: discovery, PKCE, its own sign-in page, a token it signs."""
    assert others.stdin
    assert others.stdout
    monkeypatch.setenv("CXCURVE_OIDC_SECRET", django_provider.SECRET)
    init(tmp_path / "w", "b2b-saas").close()
    issuer = f"http://127.0.0.1:{others.stdout.readline().strip()}/o"
    with (tmp_path / "w" / "cxcurve.toml").open("a") as file:
        file.write(f'\n[oidc]\nissuer = "{issuer}"\nclient_id = "{django_provider.CLIENT}"\n')
    with open(tmp_path / "w") as workspace, people_of(workspace) as people:
        joined(people, Role.ADMIN, email=django_provider.EMAIL)
        with guarded(workspace, people) as url, httpx.Client(base_url=url, follow_redirects=True) as browser:
            print(f"{url}/sign-in/oidc/callback", file=others.stdin, flush=True)
            assert others.stdout.readline().strip() == "ready"
            asked = browser.get("/sign-in/oidc?next=/settings")
            assert asked.url.path == "/login", asked.text
            hidden = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', asked.text)
            assert hidden
            who = {"username": django_provider.NAME, "password": django_provider.PASSWORD}
            inside = browser.post(str(asked.url), data={**who, "csrfmiddlewaretoken": hidden[1]})
            assert str(inside.url) == f"{url}/settings", inside.text
            assert django_provider.EMAIL in inside.text
