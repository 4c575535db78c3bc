"""The page of the tracking plan: there before anything is scored, with all that the JSON has."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import serving

import cxcurve
from cxcurve.workspace import init


def test_the_page_tells_what_its_json_tells(site: httpx.Client) -> None:
    told, page = site.get("/plan.json").json(), site.get("/plan").text
    planned = [one for one in told["events"] if one["is_planned"]]
    seen = sum(one["n_events"] > 0 for one in planned)
    assert f"{seen} of {len(planned)}" in page
    for one in told["events"]:
        assert one["event"].replace("_", "_<wbr>") in page
    assert "Version 1" in page
    assert told["versions"][0]["number"] == 1
    assert re.search(r'<a href="/plan" aria-current="page"', page)


def test_before_anything_is_scored_the_plan_is_there(tmp_path: Path) -> None:
    """A refused event with markup in its name stays text."""
    init(tmp_path / "new", "blank").close()
    (tmp_path / "new" / "log.csv").write_text("at,who,what\n2026-01-02,a,<script>alert(1)</script>\n")
    (tmp_path / "new" / "sources.yaml").write_text(
        "log: {files: log.csv, time: {column: at}, account: who, name: what}\n"
    )
    with cxcurve.open(tmp_path / "new") as workspace:
        workspace.load()
        with serving.served(workspace) as address, httpx.Client(base_url=address) as client:
            answer = client.get("/plan")
    assert answer.status_code == 200
    assert "&lt;script&gt;alert(1)" in answer.text
    assert "<script>alert" not in answer.text
    assert "Not enough data yet" in answer.text
    assert "never seen" in answer.text


def test_it_knows_no_parameter_of_its_own(site: httpx.Client) -> None:
    assert site.get("/plan?what=ever").status_code == 400
