"""The page of reports: what is kept, its files, who got it; closed to whoever may know of some customers only."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import serving
from entering import browser_of, guarded, joined, people_of, sent

import cxcurve
from cxcurve.people.roles import Role
from cxcurve.workspace import Workspace


@pytest.fixture(scope="module", name="reported")
def _reported(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    folder = serving.copied(tmp_path_factory.mktemp("web-reports"))
    (folder / "reports.yaml").write_text("team: {to: chat, every: monday 07:00}\n")
    with cxcurve.open(folder) as workspace:
        workspace.report()
        workspace.report(segment={"segment": "SMB"})
        workspace.report(None, "quarter")
        yield workspace


@pytest.fixture(scope="module", name="pages")
def _pages(reported: Workspace) -> Iterator[httpx.Client]:
    with serving.served(reported) as address, httpx.Client(base_url=address, timeout=60) as client:
        yield client


def test_it_lists_what_is_kept_and_who_gets_it(pages: httpx.Client, reported: Workspace) -> None:
    week, quarter = reported.report().period, reported.report(None, "quarter").period
    found = pages.get("/reports.json").json()
    assert {(one["period"], *one["segment"].values()) for one in found["reports"]} == {
        (week.name,), (quarter.name,), (week.name, "SMB")
    }  # fmt: skip
    mine = next(one for one in found["reports"] if one["segment"])
    answer = pages.get(mine["files"][0]["href"])
    assert answer.text == reported.report(segment={"segment": "SMB"}).document.html()
    assert [(one["name"], one["every"], one["n_sent"]) for one in found["subscriptions"]] == [
        ("team", "monday 07:00", 0)
    ]
    page = pages.get("/reports").text
    assert f'href="/reports/{week.name}.html"' in page
    assert "nothing sent yet" in page


def test_a_file_is_what_the_command_writes(pages: httpx.Client, reported: Workspace) -> None:
    found = reported.report()
    answer = pages.get(f"/reports/{found.period.name}.html")
    assert answer.text == found.document.html()
    assert answer.headers["content-disposition"] == f'attachment; filename="{found.document.name}.html"'
    pytest.importorskip("typst", reason='needs pip install "cxcurve[reports]"')
    assert pages.get(f"/reports/{found.period.name}.pdf").content == found.document.pdf()


@pytest.mark.parametrize("name", ["2026-W99.html", "1999-W01.html", "x", "2026-W20", ".html", "..%2Fx.html"])
def test_what_is_not_kept_is_not_found(pages: httpx.Client, name: str) -> None:
    assert pages.get(f"/reports/{name}").status_code == 404


def test_a_report_is_made_on_the_page(tmp_path: Path) -> None:
    with cxcurve.open(serving.copied(tmp_path)) as workspace, people_of(workspace) as people:
        ada, eve = joined(people, Role.ADMIN), joined(people, Role.EXECUTIVE)
        with guarded(workspace, people) as url, browser_of(url, ada) as browser:
            done = sent(browser, "/reports", "/reports", kind="week", segment="segment=SMB")
            assert (done.status_code, done.headers["location"]) == (303, "/reports")
            (made,) = browser.get("/reports.json").json()["reports"]
            assert made["segment"] == {"segment": "SMB"}
            for wrong in ({"kind": "year"}, {"kind": "week", "segment": "segment=Nowhere"}):
                assert sent(browser, "/reports", "/reports", **wrong).status_code == 400
            assert len(browser.get("/reports.json").json()["reports"]) == 1
            with browser_of(url, eve) as other:
                assert "Make it" not in other.get("/reports").text
                assert sent(other, "/settings", "/reports", kind="week").status_code == 403


def test_a_broken_file_is_told_and_what_is_kept_is_there(tmp_path: Path) -> None:
    folder = serving.copied(tmp_path)
    (folder / "reports.yaml").write_text("team: {to: pigeon}\n")
    with cxcurve.open(folder) as workspace, serving.served(workspace) as address:
        answer = httpx.get(f"{address}/reports")
        assert answer.status_code == 200
        assert "reports.yaml:1" in answer.text
        assert "No report yet" in answer.text


def test_whoever_may_know_of_some_customers_only_gets_none(reported: Workspace) -> None:
    with people_of(reported) as people:
        joined(people, Role.ADMIN, email="ada@example.com")
        scoped, whole = joined(people, Role.AGENT, "region=EMEA"), joined(people, Role.EXECUTIVE)
        with guarded(reported, people) as url, browser_of(url, scoped) as one, browser_of(url, whole) as other:
            for path in ("/reports", "/reports.json", f"/reports/{reported.report().period.name}.html"):
                assert (one.get(path).status_code, other.get(path).status_code) == (403, 200), path
