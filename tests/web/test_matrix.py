"""Every route and role: each has a rule, and the rule holds over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest
from entering import browser_of, guarded, joined, people_of

from cxcurve.people.roles import Role
from cxcurve.web.app import _pages, _Site
from cxcurve.web.matrix import MATRIX
from cxcurve.workspace import Workspace, init

IDS = {"{customer_id:anything}": "c-1", "{name}": "app.css", "{secret}": "x", "{id_}": "x", "{action_id}": "x"}
SCOPED = "agent of a region"


def routes(workspace: Workspace) -> set[str]:
    app = _pages(_Site(workspace), None)
    return {
        f"{method} {route.path}"  # type: ignore[attr-defined]
        for route in app.routes
        for method in getattr(route, "methods", ()) - {"HEAD"}
    }


@pytest.fixture(scope="module", name="workspace")
def _workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with init(tmp_path_factory.mktemp("matrix") / "w", "b2b-saas") as workspace:
        yield workspace


@pytest.fixture(scope="module", name="browsers")
def _browsers(workspace: Workspace) -> Iterator[dict[str, httpx.Client]]:
    with people_of(workspace) as people, ExitStack() as stack:
        joined(people, Role.ADMIN, email="ada@example.com")
        emails = {str(role): joined(people, role, *(("region=EMEA",) if role is Role.PARTNER else ())) for role in Role}
        emails[SCOPED] = joined(people, Role.AGENT, "region=EMEA")
        url = stack.enter_context(guarded(workspace, people))
        found = {who: stack.enter_context(browser_of(url, email)) for who, email in emails.items()}
        yield {**found, "nobody": stack.enter_context(httpx.Client(base_url=url))}


def test_every_route_has_a_rule_and_every_rule_a_route(workspace: Workspace) -> None:
    assert routes(workspace) == set(MATRIX)


@pytest.mark.parametrize("route", sorted(MATRIX))
def test_the_rule_holds(browsers: dict[str, httpx.Client], route: str) -> None:
    """Let in is whoever is told anything but to sign in, or that it is not for them."""
    method, path = route.split(" ")
    for part, value in IDS.items():
        path = path.replace(part, value)
    rule = MATRIX[route]
    for who, browser in browsers.items():
        answer = browser.request(method, path)  # without a form's token nothing is changed
        is_in = answer.status_code not in {401, 403} and "/sign-in" not in answer.headers.get("location", "")
        role = Role(who) if who in set(Role) else Role.AGENT if who == SCOPED else None
        is_scoped = who in {SCOPED, Role.PARTNER}
        may = rule.is_public or (role in rule.roles and (rule.is_scoped or not is_scoped) and not rule.is_by_token)
        assert is_in == may, (who, route, answer.status_code)


def test_a_route_that_nobody_named_opens_to_nobody(browsers: dict[str, httpx.Client]) -> None:
    assert browsers["admin"].get("/nowhere").status_code == 404
    assert browsers["nobody"].get("/nowhere").status_code == 303
    assert browsers["nobody"].get("/nowhere.json").status_code == 401


def test_head_is_ruled_as_get(browsers: dict[str, httpx.Client]) -> None:
    assert browsers["partner"].head("/sources").status_code == 403
    assert browsers["admin"].head("/sources").status_code == 200
