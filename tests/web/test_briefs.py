"""Briefs outside the pages: JSON for side panels within the row scope, frames for whoever holds a token."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest
import serving
from entering import browser_of, guarded, joined, people_of

import cxcurve
from cxcurve.people.people import People
from cxcurve.people.roles import Role
from cxcurve.people.scope import Scope
from cxcurve.web.guard import HEADERS, POLICY, embedded_headers
from cxcurve.workspace import Workspace
from cxcurve.workspace.instants import now_us

DAY_US = 86_400_000_000
SITE = "https://acme.zendesk.com"
Rows = list[dict[str, Any]]


@pytest.fixture(scope="module", name="served")
def _served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Rows, Workspace, People]]:
    folder = serving.copied(tmp_path_factory.mktemp("briefs"))
    settings = (folder / "cxcurve.toml").read_text(encoding="utf-8")
    settings = settings.partition("[embed]")[0] + f'[embed]\nancestors = ["{SITE}", "https://*.example.com"]\n'
    (folder / "cxcurve.toml").write_text(settings, encoding="utf-8")
    with cxcurve.open(folder) as workspace, people_of(workspace) as people:
        joined(people, Role.ADMIN, email="ada@example.com")
        joined(people, Role.AGENT, "region=DACH", email="dach@example.com")
        rows = workspace.customers()
        with guarded(workspace, people) as url:
            yield url, rows, workspace, people


@pytest.fixture(scope="module", name="browsers")
def _browsers(served: tuple[str, Rows, Workspace, People]) -> Iterator[dict[str, httpx.Client]]:
    with ExitStack() as stack:
        found = {who: stack.enter_context(browser_of(served[0], f"{who}@example.com")) for who in ("ada", "dach")}
        yield {**found, "nobody": stack.enter_context(httpx.Client(base_url=served[0], timeout=60))}


@pytest.fixture(scope="module", name="ids")
def _ids(served: tuple[str, Rows, Workspace, People]) -> tuple[str, str]:
    """One customer within the region, one without."""
    inside = [row["customer_id"] for row in served[1] if row["region"] == "DACH"]
    outside = [row["customer_id"] for row in served[1] if row["region"] != "DACH"]
    return inside[0], outside[0]


def token(people: People, customer_id: str, days: float = 1) -> str:
    return people.signed.token(customer_id, now_us() + int(days * DAY_US))


def test_a_brief_names_events_that_are_the_customers_own(
    browsers: dict[str, httpx.Client], served: tuple[str, Rows, Workspace, People]
) -> None:
    _, rows, workspace, _ = served
    for row in rows[::15]:
        name = row["customer_id"]
        found = browsers["ada"].get(f"/api/customers/{name}/brief").json()
        assert {**found, "events": None} == {**workspace.brief(name).to_json(), "events": None}
        named = {event_id for one in found["sentences"] for event_id in one["events"]}
        own = "SELECT event_id FROM events WHERE customer_id = $1"
        assert named <= {event_id for (event_id,) in workspace.store.rows(own, name)}
        assert all(one["events"] or one["facts"] for one in found["sentences"])
        assert {one["event_id"] for one in found["events"]} <= named
        assert not named or found["events"]


def test_row_scope_holds_for_the_brief(browsers: dict[str, httpx.Client], ids: tuple[str, str]) -> None:
    inside, outside = ids
    dach, missing = browsers["dach"], "c-99999"
    assert dach.get(f"/api/customers/{inside}/brief").status_code == 200
    there, nowhere = (dach.get(f"/api/customers/{name}/brief") for name in (outside, missing))
    assert (there.status_code, nowhere.status_code) == (404, 404)
    assert there.text.replace(outside, missing) == nowhere.text, "that there is one outside is not told"
    assert browsers["ada"].get(f"/api/customers/{outside}/brief").status_code == 200
    assert browsers["nobody"].get(f"/api/customers/{inside}/brief").status_code == 401
    for query in ("?as_of=2026-09-01", "?region=EMEA", f"?region={outside}"):
        assert dach.get(f"/api/customers/{outside}/brief{query}").status_code in {400, 404}


def test_a_token_for_reading_has_the_scope_it_was_made_with(
    served: tuple[str, Rows, Workspace, People], browsers: dict[str, httpx.Client], ids: tuple[str, str]
) -> None:
    _, _, workspace, _ = served
    scope = Scope.read(["region=DACH"])
    assert scope
    grant = {"role": "agent", "scope": scope.to_json(), "allows": ["read"]}
    key = workspace.live.keys.create("read", "panel", now_us(), grant=grant)
    asked = {name: browsers["nobody"].get(f"/api/customers/{name}/brief", headers={"authorization": f"Bearer {key}"})
             for name in ids}  # fmt: skip
    assert [asked[name].status_code for name in ids] == [200, 404]


def test_a_frame_shows_its_customer_to_whoever_holds_the_token(
    served: tuple[str, Rows, Workspace, People], browsers: dict[str, httpx.Client], ids: tuple[str, str]
) -> None:
    _, rows, workspace, people = served
    for name in ids:
        answer = browsers["nobody"].get(f"/embed/customers/{name}", params={"token": token(people, name)})
        assert answer.status_code == 200
        brief = workspace.brief(name)
        assert f'<h1 class="break">{brief.name}</h1>' in answer.text
        assert "<form" not in answer.text
        assert "<script" not in answer.text
        others = {row["name"] for row in rows if row["customer_id"] != name}
        assert not [other for other in others if other in answer.text]


def test_a_token_that_is_not_good_is_refused_and_all_of_them_alike(
    served: tuple[str, Rows, Workspace, People], browsers: dict[str, httpx.Client], ids: tuple[str, str]
) -> None:
    _, _, _, people = served
    name, other = ids
    good = token(people, name)
    until, _, seal = good.partition(".")
    bad = {
        "none": "",
        "expired": token(people, name, -0.001),
        "of another customer": token(people, other),
        "with a later time": f"{int(until) + 1000}.{seal}",
        "with another seal": f"{until}.{seal[:-1]}{'0' if seal[-1] != '0' else '1'}",
        "cut": good[:-1],
        "in capitals": good.upper(),
        "padded": f"0{good}",
        "with a sign": f"+{good}",
        "of letters": "\u0661" + good[1:],
        "long": good * 500,
    }
    answers = {
        why: browsers["nobody"].get(f"/embed/customers/{name}", params={"token": one}) for why, one in bad.items()
    }
    assert {why: answer.status_code for why, answer in answers.items()} == dict.fromkeys(bad, 404)
    assert len({answer.text for answer in answers.values()}) == 1
    unknown = browsers["nobody"].get("/embed/customers/c-99999", params={"token": token(people, "c-99999")})
    assert (unknown.status_code, unknown.text) == (404, answers["none"].text)
    signed_in = browsers["ada"].get(f"/embed/customers/{name}")
    assert signed_in.status_code == 404, "the token decides, nobody's sign-in"


def test_a_new_key_ends_every_link(
    served: tuple[str, Rows, Workspace, People], browsers: dict[str, httpx.Client], ids: tuple[str, str]
) -> None:
    people, path = served[3], f"/embed/customers/{ids[0]}"
    old = token(people, ids[0])
    people.signed.renew()
    assert browsers["nobody"].get(path, params={"token": old}).status_code == 404
    assert browsers["nobody"].get(path, params={"token": token(people, ids[0])}).status_code == 200


def test_only_named_sites_may_show_the_frame_and_nothing_else(
    served: tuple[str, Rows, Workspace, People], browsers: dict[str, httpx.Client], ids: tuple[str, str]
) -> None:
    people = served[3]
    framed = browsers["nobody"].get(f"/embed/customers/{ids[0]}", params={"token": token(people, ids[0])})
    policy = framed.headers["content-security-policy"]
    assert policy == POLICY.replace("frame-ancestors 'none'", f"frame-ancestors {SITE} https://*.example.com")
    assert "x-frame-options" not in framed.headers
    assert framed.headers["cache-control"] == "no-store"
    assert framed.headers["referrer-policy"] == "no-referrer"
    for path in (f"/customers/{ids[0]}", f"/api/customers/{ids[0]}/brief", "/sign-in", "/static/app.css", "/embedded"):
        headers = browsers["ada"].get(path).headers
        assert headers["content-security-policy"] == POLICY, path
        assert headers["x-frame-options"] == "DENY"
    assert embedded_headers(()).items() >= {k: v for k, v in HEADERS.items() if k != "referrer-policy"}.items()


def test_an_erased_customer_is_shown_by_no_old_link(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = serving.copied(tmp_path_factory.mktemp("gone"))
    with cxcurve.open(folder) as workspace, people_of(workspace) as people:
        name = workspace.customers()[0]["customer_id"]
        link = token(people, name)
        workspace.erase(name)
        with guarded(workspace, people) as url, httpx.Client(base_url=url, timeout=60) as nobody:
            answer = nobody.get(f"/embed/customers/{name}", params={"token": link})
    assert answer.status_code == 404
    assert name not in answer.text
