"""Users and groups kept by a directory (RFC 7644): the requests that Okta and Entra ID send, and who may send them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from entering import PASSWORD, browser_of, guarded, joined, people_of

from cxcurve.people.people import People
from cxcurve.people.roles import Role
from cxcurve.web.scim import OWN, USER
from cxcurve.workspace import init
from cxcurve.workspace.instants import now_us

GRANT = {"allows": ["scim"], "role": "admin", "scope": None}


@pytest.fixture(scope="module", name="site")
def _site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[httpx.Client, People, Any]]:
    with init(tmp_path_factory.mktemp("scim") / "w", "b2b-saas") as workspace, people_of(workspace) as people:
        joined(people, Role.ADMIN, email="ada@example.com")
        key = workspace.live.keys.create("read", "directory", now_us(), grant=GRANT)
        headers = {"authorization": f"Bearer {key}", "content-type": "application/scim+json"}
        with guarded(workspace, people) as url, httpx.Client(base_url=f"{url}/scim/v2", headers=headers) as client:
            yield client, people, workspace


@pytest.fixture(name="scim")
def _scim(site: tuple[httpx.Client, People, Any]) -> httpx.Client:
    return site[0]


@pytest.fixture(name="people")
def _people(site: tuple[httpx.Client, People, Any]) -> People:
    return site[1]


def added(scim: httpx.Client, email: str, **more: Any) -> dict[str, Any]:
    answer = scim.post("/Users", json={"schemas": [USER], "userName": email, **more})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def patched(scim: httpx.Client, path: str, *operations: dict[str, Any]) -> httpx.Response:
    schemas = ["urn:ietf:params:scim:api:messages:2.0:PatchOp"]
    return scim.patch(path, json={"schemas": schemas, "Operations": list(operations)})


def test_a_user_is_added_found_changed_and_removed(scim: httpx.Client, people: People) -> None:
    name = {"givenName": "Bo", "familyName": "Ek"}
    made = added(scim, "Bo@Example.com", name=name, externalId="e-1", active=True)
    assert (made["userName"], made["displayName"], made["roles"]) == (
        "bo@example.com",
        "Bo Ek",
        [{"value": "executive"}],
    )
    path = f"/Users/{made['id']}"
    assert scim.get(path).json() == made
    assert scim.get(path).headers["content-type"] == "application/scim+json"
    found = scim.get("/Users", params={"filter": 'userName eq "BO@example.com"'}).json()
    assert (found["totalResults"], found["Resources"]) == (1, [made])
    assert scim.get("/Users", params={"filter": 'externalId eq "e-1"'}).json()["totalResults"] == 1
    put = {"schemas": [USER], "userName": "bo@example.com", "displayName": "Bo E.", "active": False}
    assert scim.put(path, json=put).json()["displayName"] == "Bo E."
    assert not people.users.find(made["id"]).is_active
    assert scim.delete(path).status_code == 204
    gone = scim.get(path)
    assert (gone.status_code, gone.json()["status"]) == (404, "404")


def test_whoever_is_switched_off_by_the_directory_is_out_at_once(scim: httpx.Client, people: People) -> None:
    url = str(scim.base_url).partition("/scim")[0]
    email = joined(people, Role.AGENT, email="eve@example.com")
    user = people.users.named(email)
    with browser_of(url, email) as browser:
        assert browser.get("/sources.json").status_code == 200
        off = {"op": "Replace", "path": "active", "value": "False"}  # as Entra ID writes it
        assert patched(scim, f"/Users/{user.user_id}", off).json()["active"] is False
        assert browser.get("/sources.json").status_code == 401
    assert not people.passwords.fits(None, PASSWORD)
    assert patched(scim, f"/Users/{user.user_id}", {"op": "replace", "value": {"active": True}}).json()["active"]


def test_a_scope_comes_with_the_user(scim: httpx.Client, people: People) -> None:
    made = added(scim, "pam@p3.example", roles=[{"value": "partner"}], **{OWN: {"scope": ["partner_id=p-3"]}})
    assert str(people.users.find(made["id"]).sees) == "partner_id = p-3"
    bare = added(scim, "pit@p4.example", roles=["partner"])
    assert str(people.users.find(bare["id"]).sees) == "nobody"
    more = {"op": "add", "path": f"{OWN}:scope", "value": ["region=EMEA"]}
    assert patched(scim, f"/Users/{bare['id']}", more).json()[OWN] == {"scope": ["region=EMEA"]}


def test_groups_give_roles_and_take_them(scim: httpx.Client, people: People) -> None:
    one, two = added(scim, "g1@example.com")["id"], added(scim, "g2@example.com")["id"]
    answer = scim.post("/Groups", json={"displayName": "cxcurve-analyst", "members": [{"value": one}]})
    assert answer.status_code == 201
    path = f"/Groups/{answer.json()['id']}"

    def roles() -> list[str]:
        return [str(people.users.find(who).role) for who in (one, two)]

    assert roles() == ["analyst", "executive"]
    patched(scim, path, {"op": "add", "path": "members", "value": [{"value": two}]})
    assert roles() == ["analyst", "analyst"]
    patched(scim, path, {"op": "remove", "path": f'members[value eq "{one}"]'})
    assert roles() == ["executive", "analyst"]
    patched(scim, path, {"op": "replace", "path": "displayName", "value": "cxcurve-agent"})
    assert roles() == ["executive", "agent"]
    other = scim.post("/Groups", json={"displayName": "Admin", "members": [{"value": two}]}).json()
    assert roles() == ["executive", "admin"]
    assert {one["display"] for one in scim.get(f"/Users/{two}").json()["groups"]} == {"Admin", "cxcurve-agent"}
    assert scim.delete(f"/Groups/{other['id']}").status_code == 204
    assert roles() == ["executive", "agent"]
    assert scim.get("/Groups", params={"filter": 'displayName eq "cxcurve-agent"'}).json()["totalResults"] == 1
    assert scim.put(path, json={"displayName": "staff", "members": []}).json()["members"] == []
    assert roles() == ["executive", "executive"]


def test_the_only_admin_stays(scim: httpx.Client, people: People) -> None:
    ada = people.users.named("ada@example.com").user_id
    for answer in (
        scim.delete(f"/Users/{ada}"),
        patched(scim, f"/Users/{ada}", {"op": "replace", "path": "active", "value": False}),
        scim.post("/Groups", json={"displayName": "cxcurve-partner", "members": [{"value": ada}]}),
    ):
        assert (answer.status_code, "only admin" in answer.json()["detail"]) == (409, True)
    assert people.users.find(ada).role is Role.ADMIN


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/Users", "no json", 400),
        ("POST", "/Users", "[]", 400),
        ("POST", "/Users", '{"userName": "nobody"}', 400),
        ("POST", "/Users", '{"userName": 5, "emails": 7, "name": [], "roles": 3}', 400),
        ("POST", "/Groups", '{"displayName": "", "members": 5}', 400),
        ("POST", "/Users", '{"userName": "ADA@example.com"}', 409),
        ("POST", "/Users", '{"userName": "x@y.example", "roles": [{"value": "boss"}]}', 400),
        ("PATCH", "/Users/x", '{"Operations": [{"op": "replace", "path": "active", "value": true}]}', 404),
        ("PATCH", "/Users/x", "{}", 400),
        ("GET", "/Users?filter=userName%20co%20%22a%22", "", 400),
        ("GET", "/Users?filter=password%20eq%20%22a%22", "", 400),
        ("GET", "/Users?startIndex=x", "", 400),
        ("GET", "/Groups/x", "", 404),
        ("POST", "/Groups", '{"displayName": " "}', 400),
    ],
)
def test_what_cannot_be_is_said_as_scim_says_it(
    scim: httpx.Client, method: str, path: str, body: str, status: int
) -> None:
    answer = scim.request(method, path, content=body)
    assert (answer.status_code, answer.json()["status"]) == (status, str(status))
    assert answer.json()["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]


def test_pages_of_users(scim: httpx.Client) -> None:
    whole = scim.get("/Users").json()
    second = scim.get("/Users", params={"startIndex": 2, "count": 1}).json()
    assert second["Resources"] == whole["Resources"][1:2]
    assert (second["totalResults"], second["itemsPerPage"]) == (whole["totalResults"], 1)
    assert scim.get("/Users", params={"count": 0}).json()["Resources"] == []
    assert scim.get("/ServiceProviderConfig").json()["patch"] == {"supported": True}
    assert [one["id"] for one in scim.get("/ResourceTypes").json()["Resources"]] == ["User", "Group"]


@pytest.mark.parametrize("grant", [{"allows": ["read", "export"], "role": "admin"}, {**GRANT, "role": "analyst"}, {}])
def test_another_token_opens_nothing(site: tuple[httpx.Client, People, Any], grant: dict[str, Any]) -> None:
    scim, _, workspace = site
    key = workspace.live.keys.create("read", "x", now_us(), grant=grant)
    headers = {"authorization": f"Bearer {key}"}
    assert scim.get("/Users", headers=headers).status_code == 403
    assert scim.post("/Users", headers=headers, json={"userName": "x@y.example"}).status_code == 403


def test_an_admins_browser_opens_nothing(scim: httpx.Client) -> None:
    """No form's token guards it."""
    url = str(scim.base_url).partition("/scim")[0]
    with browser_of(url, "ada@example.com") as browser:
        assert browser.post("/scim/v2/Users", json={"userName": "x@y.example"}).status_code == 403


def test_the_token_of_a_directory_reads_no_customers(scim: httpx.Client) -> None:
    url = str(scim.base_url).partition("/scim")[0]
    assert httpx.get(f"{url}/plan.json", headers={"authorization": scim.headers["authorization"]}).status_code == 403
