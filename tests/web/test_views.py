"""Saved views over HTTP: who sees which, who may change them, and what cannot be saved."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from html import escape
from typing import Any

import httpx
import pytest
from entering import browser_of, guarded, joined, people_of, sent, token_in
from serving import copied, served

import cxcurve
from cxcurve.people.people import People
from cxcurve.people.roles import Role
from cxcurve.web.matrix import MATRIX
from cxcurve.web.saved import HREFS
from cxcurve.workspace import Workspace, init

HOSTILE = """<img src=x onerror=alert(1)>"'`{{ 7 * 7 }}"""
Browsers = dict[str, httpx.Client]


@pytest.fixture(scope="module", name="workspace")
def _workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with init(tmp_path_factory.mktemp("views") / "w", "b2b-saas") as workspace:
        yield workspace


@pytest.fixture(name="people")
def _people(workspace: Workspace) -> Iterator[People]:
    with people_of(workspace) as people:
        yield people


@pytest.fixture(name="browsers")
def _browsers(workspace: Workspace, people: People) -> Iterator[Browsers]:
    """Everybody anew: nothing of the test before is there."""
    for one in people.views.shared():
        people.views.remove(one.view_id)
    if people.users.by_email("ada@example.com") is None:
        joined(people, Role.ADMIN, email="ada@example.com")
        joined(people, Role.AGENT, email="bob@example.com")
        joined(people, Role.EXECUTIVE, email="eve@example.com")
        joined(people, Role.PARTNER, "partner_id=p-3", email="pam@example.com")
    for user in people.users.all():
        for one in people.views.of(user.user_id):
            people.views.remove(one.view_id)
    with ExitStack() as stack:
        url = stack.enter_context(guarded(workspace, people))
        yield {
            name: stack.enter_context(browser_of(url, f"{name}@example.com")) for name in ("ada", "bob", "eve", "pam")
        }


def save(browser: httpx.Client, name: str, path: str = "/curve", query: str = "", **fields: str) -> httpx.Response:
    return sent(browser, "/views", "/views", do="save", name=name, path=path, query=query, **fields)


def names(browser: httpx.Client) -> set[str]:
    return {one["name"] for one in listed(browser)}


def listed(browser: httpx.Client) -> list[dict[str, Any]]:
    return browser.get("/views.json").json()["views"]  # type: ignore[no-any-return]


def test_a_private_view_is_its_owners_and_a_shared_one_the_teams(browsers: Browsers) -> None:
    for who in browsers:
        assert save(browsers[who], f"private of {who}").status_code == 303
    save(browsers["bob"], "shared", "/walks", shared="yes")
    assert names(browsers["ada"]) == {"private of ada", "shared"}
    assert names(browsers["bob"]) == {"private of bob", "shared"}
    assert names(browsers["eve"]) == {"private of eve", "shared"}
    assert [(one["owner"], one["is_mine"]) for one in listed(browsers["eve"])] == [("you", True), ("bob", False)]


def test_whoever_may_know_of_some_customers_sees_no_view_of_others(browsers: Browsers) -> None:
    """A name may tell of any customer; so may a filter."""
    save(browsers["bob"], "Northwind is at risk", "/customers", "q=Northwind", shared="yes")
    save(browsers["pam"], "ours", "/customers", "q=x", shared="yes")
    assert names(browsers["pam"]) == {"ours"}
    for path in ("/views", "/settings"):
        assert "Northwind" not in browsers["pam"].get(path).text
    assert "Northwind" in browsers["eve"].get("/views").text
    assert "ours" in names(browsers["eve"])


@pytest.mark.parametrize("path", ["/plan", "/walks", "/sources", "/scores", "/reports"])
def test_what_does_not_open_to_somebody_they_cannot_save(browsers: Browsers, path: str) -> None:
    assert save(browsers["pam"], "x", path).status_code == 400
    assert names(browsers["pam"]) == set()
    assert save(browsers["eve"], "x", path).status_code == 303


def test_a_view_of_a_page_that_closed_is_not_shown(browsers: Browsers, people: People) -> None:
    save(browsers["eve"], "of the plan", "/plan")
    eve = people.users.named("eve@example.com")
    people.users.change(eve.user_id, role=Role.PARTNER.value)
    try:
        assert names(browsers["eve"]) == set()
        assert "Kept as of the plan." in browsers["eve"].get("/settings").text  # what was done is said once
        assert "of the plan" not in browsers["eve"].get("/settings").text
    finally:
        people.users.change(eve.user_id, role=Role.EXECUTIVE.value)


@pytest.mark.parametrize("do", ["rename", "share", "unshare", "remove"])
def test_what_is_anothers_nobody_changes(browsers: Browsers, people: People, do: str) -> None:
    save(browsers["ada"], "private")
    save(browsers["ada"], "shared", "/drift", shared="yes")
    before = people.views.of(people.users.named("ada@example.com").user_id)
    for view in before:
        for who in ("bob", "eve", "pam"):
            answer = sent(browsers[who], "/views", "/views", do=do, view=view.view_id, name="mine now")
            assert answer.status_code == 404, who
    assert people.views.of(before[0].owner) == before


def test_an_admin_removes_what_is_shared_and_nothing_private(browsers: Browsers) -> None:
    save(browsers["bob"], "private")
    save(browsers["bob"], "shared", shared="yes")
    ids = {one["name"]: one["view_id"] for one in listed(browsers["bob"])}
    assert sent(browsers["ada"], "/views", "/views", do="remove", view=ids["private"]).status_code == 404
    assert sent(browsers["ada"], "/views", "/views", do="unshare", view=ids["shared"]).status_code == 400
    assert sent(browsers["ada"], "/views", "/views", do="remove", view=ids["shared"]).status_code == 303
    assert names(browsers["bob"]) == {"private"}


def test_owners_rename_share_and_remove(browsers: Browsers) -> None:
    save(browsers["bob"], "first")
    view = listed(browsers["bob"])[0]["view_id"]
    for do, name, told in (("rename", "second", False), ("share", "", True), ("unshare", "", False)):
        assert sent(browsers["bob"], "/views", "/views", do=do, view=view, name=name).status_code == 303
        assert [(one["name"], one["is_shared"]) for one in listed(browsers["bob"])] == [("second", told)]
        assert names(browsers["eve"]) == ({"second"} if told else set())
    sent(browsers["bob"], "/views", "/views", do="remove", view=view)
    assert names(browsers["bob"]) == set()


def test_a_removed_user_leaves_what_was_shared(browsers: Browsers, people: People) -> None:
    email = joined(people, Role.AGENT, email="gone@example.com")
    with browser_of(str(browsers["ada"].base_url), email) as browser:
        save(browser, "kept", shared="yes")
        save(browser, "private")
    people.users.remove(people.users.named(email).user_id)
    assert [(one["name"], one["owner"]) for one in listed(browsers["eve"])] == [("kept", "somebody who is gone")]
    view = listed(browsers["ada"])[0]["view_id"]
    assert sent(browsers["ada"], "/views", "/views", do="remove", view=view).status_code == 303


@pytest.mark.parametrize("path", [
    "", "curve", "//evil.example/curve", "/\\evil.example", "https://evil.example/", "javascript:alert(1)",
    "/curve\n/x", "/curve?x=1", "/curve#x", "/curve/", "/curve.json", "/customers.csv", "/customers/c-1", "/explain",
    "/settings", "/views", "/sign-out", "/set-up/x", "/static/app.js", "/notes", "/nowhere", "/../curve", "/%63urve",
])  # fmt: skip
def test_only_a_page_of_the_menu_is_saved(browsers: Browsers, path: str) -> None:
    assert save(browsers["ada"], "x", path).status_code == 400
    assert names(browsers["ada"]) == set()


def test_pages_that_are_saved_are_read_and_change_nothing() -> None:
    assert set(HREFS.values()) >= {"/", "/curve", "/customers"}
    for path in HREFS.values():
        assert MATRIX[f"GET {path}"].roles
        assert not MATRIX[f"GET {path}"].logged


@pytest.mark.parametrize("query", [
    "nonsense=1", "form_token=x", "q=" + "x" * 501, "q=" + "%41" * 700, "sort=" + "x" * 3000, "key=curve",
])  # fmt: skip
def test_a_query_that_no_page_takes_is_refused(browsers: Browsers, query: str) -> None:
    assert save(browsers["ada"], "x", "/customers", query).status_code in {400, 404}
    assert names(browsers["ada"]) == set()


def test_when_a_link_goes_out_is_told(browsers: Browsers, workspace: Workspace) -> None:
    file = workspace.folder / "reports.yaml"
    file.write_text('a: {view: GOING OUT, to: chat, every: "month 07:00"}\n', "utf-8")
    workspace.__dict__.pop("subscriptions", None)
    try:
        save(browsers["ada"], "Going out", "/curve", shared="yes")
        told = {one["name"]: one["sent"] for one in browsers["ada"].get("/views.json").json()["views"]}
        assert told["Going out"] == ["month 07:00 by chat"]
        assert "its link goes out month 07:00 by chat" in browsers["ada"].get("/views").text
    finally:
        file.unlink()
        workspace.__dict__.pop("subscriptions", None)


def test_a_query_is_kept_in_one_way(browsers: Browsers) -> None:
    answer = save(
        browsers["ada"], "x", "/customers", "sort=-level&page=3&q=a%26b%0d%0aSet-Cookie:x&state=&q=Zo%C3%AB %2B"
    )
    assert answer.headers["location"] == "/customers?q=Zo%C3%AB+%2B&sort=-level"
    answer = save(browsers["ada"], "y", "/customers", "q=a%0d%0aSet-Cookie:x")
    assert "\n" not in answer.headers["location"]
    (cookie,) = answer.headers.get_list("set-cookie")
    assert cookie.startswith("cxcurve_done=")  # what the next page says was done


def test_hostile_names_and_queries_are_text(browsers: Browsers) -> None:
    save(browsers["bob"], HOSTILE, "/customers", f"q={HOSTILE}", shared="yes")
    for who in ("bob", "eve"):
        for path in ("/views", "/settings") if who == "bob" else ("/views",):
            text = browsers[who].get(path).text
            assert "<img" not in text
            assert escape(HOSTILE, quote=False)[:24] in text


def test_without_the_forms_token_nothing_is_kept(browsers: Browsers) -> None:
    ada, fields = browsers["ada"], {"do": "save", "name": "x", "path": "/curve"}
    assert ada.post("/views", data=fields).status_code == 400
    assert ada.post("/views", data={**fields, "form_token": token_in(browsers["bob"].get("/views"))}).status_code == 400
    right = {**fields, "form_token": token_in(ada.get("/views"))}
    assert ada.post("/views", data=right, headers={"origin": "https://evil.example"}).status_code == 400
    assert names(ada) == set()
    assert ada.post("/views", data=right).status_code == 303


def test_what_was_done_is_written_down_without_names(browsers: Browsers, people: People) -> None:
    save(browsers["bob"], "Northwind", "/customers", "q=Northwind")
    sent(browsers["bob"], "/views", "/views", do="remove", view=listed(browsers["bob"])[0]["view_id"])
    last = people.audit.latest()[:2]
    assert [(one.who, one.what) for one in last] == [
        ("bob@example.com", "view removed"), ("bob@example.com", "view saved")
    ]  # fmt: skip
    assert not any("Northwind" in one.about for one in last)


def test_a_form_that_asks_for_nothing_does_nothing(browsers: Browsers) -> None:
    for do in ("", "drop", "__class__"):
        assert sent(browsers["ada"], "/views", "/views", do=do, view="x").status_code == 400
    assert sent(browsers["ada"], "/views", "/views", do="remove", view="x").status_code == 404


def test_on_real_pages_where_nobody_signs_in(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = copied(tmp_path_factory.mktemp("open"))
    with (
        cxcurve.open(folder) as workspace,
        served(workspace) as url,
        httpx.Client(base_url=url, timeout=60) as browser,
    ):
        asked = browser.get("/customers?sort=-level&page=2")
        assert 'name="query" value="sort=-level"' in asked.text
        assert sent(browser, "/customers", "/views", do="save", name="Best", path="/customers", query="sort=-level")
        assert "Saved as Best" in browser.get("/customers?sort=-level&page=2").text
        assert "Saved as" not in browser.get("/customers?sort=level").text
        for number in range(13):
            assert save(browser, f"view {number:02}", "/", "").status_code == 303
        menu = browser.get("/curve").text.partition("</nav>")[0]
        assert menu.count('class="is-view"') == 12
        assert len(listed(browser)) == 14
        for path in ("/customers/c-00001", "/settings", "/views", "/search?q=a", "/nowhere"):
            assert "save-view" not in browser.get(path).text, path
        for path in HREFS.values():
            answer = browser.get(path)
            assert answer.status_code == 200
            assert f'name="path" value="{path}"' in answer.text, path
        with people_of(workspace) as people:
            joined(people, Role.ADMIN, email="ada@example.com")
        assert browser.get("/views").status_code == 303  # to sign in
        with browser_of(url, "ada@example.com") as ada:
            assert len(listed(ada)) == 14  # whoever comes first takes over
