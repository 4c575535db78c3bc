"""The page of time to value: the library's numbers, who is waiting by name, and what is said where there is little."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import serving
from test_app import close

from cxcurve.workspace import Workspace, init


def text(site: httpx.Client, path: str = "/ttv") -> str:
    return re.sub(r"\s+", " ", site.get(path).text)


def test_its_json_is_what_the_library_says(site: httpx.Client, workspace: Workspace) -> None:
    assert site.get("/ttv.json").json() == close(workspace.time_to_value().to_json())
    assert site.get("/ttv.json?segment=SMB").json() == close(
        workspace.time_to_value(segment={"segment": "SMB"}).to_json()
    )


def test_everybody_who_waits_is_named_with_owner_and_link(site: httpx.Client, workspace: Workspace) -> None:
    page, waiting = text(site), workspace.time_to_value().waiting()
    assert waiting
    for one in waiting:
        assert f'href="/customers/{one["customer_id"]}">{one["name"]}</a>' in page
        assert one["owner"] in page
    assert f"{len(waiting)} customer" in page


def test_months_are_there_newest_first_with_their_starts(site: httpx.Client, workspace: Workspace) -> None:
    part = text(site).partition("By month of the start")[2].partition("Who is waiting")[0]
    told = re.findall(r'<th scope="row">(\w{3} \d{4})<div class="range nowrap">([\d,]+) started', part)
    months = workspace.time_to_value().trend[::-1][:12]
    assert [int(n) for _, n in told] == [month.found.n for month in months]
    assert len(told) == 12


def test_cohorts_say_whether_they_differ(site: httpx.Client) -> None:
    part = text(site).partition("By segment")[2]
    assert "SMB" in part
    assert re.search(r"Pace: p [=<] [\d.]+, (<b class=\"strong\">a real difference</b>|not sure)", part)


def test_where_nobody_started_it_says_so(tmp_path: Path) -> None:
    with init(tmp_path / "new", "b2b-saas") as workspace:
        (workspace.folder / "events.csv").write_text(
            "event_id,at,who,name\n1,2026-01-05T10:00:00Z,a,problem_searched\n"
        )
        source = "log: {files: events.csv, time: {column: at}, account: who, id: event_id, name: name}\n"
        (workspace.folder / "sources.yaml").write_text(source, encoding="utf-8")
        workspace.load()
        workspace.score()
        with serving.served(workspace) as address:
            answer = httpx.get(f"{address}/ttv", timeout=60)
    assert answer.status_code == 200
    assert "No time to value yet" in answer.text
    assert "By month of the start" not in answer.text
