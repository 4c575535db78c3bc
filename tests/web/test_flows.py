"""The page of flows: the stages, steps of one's own, and what those do who stop."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import httpx
import pytest

from cxcurve.workspace import Workspace

STEPS = "demo_held,proposal_sent,subscription_started"


def told(site: httpx.Client, query: str = "") -> Any:
    return site.get(f"/flows.json{query}").json()


def test_the_stages_are_the_steps_where_none_are_chosen(site: httpx.Client) -> None:
    found = told(site)
    assert found["is_stages"]
    assert [one["step"] for one in found["steps"]] == [
        "obstacle", "research", "benchmark", "invest", "transform", "share",
    ]  # fmt: skip
    for one, after in zip(found["steps"], found["steps"][1:], strict=False):
        assert one["n_next"] == after["n"]
        assert one["n_next"] + one["n_left"] + one["n_waiting"] == one["n"]
    for one in found["after"]:
        assert sum(row["n"] for row in one["next"]) == one["n_stopped"]


def test_steps_of_ones_own_come_from_the_file(site: httpx.Client, workspace: Workspace) -> None:
    found = told(site, f"?steps={STEPS}&window=365")
    assert [one["step"] for one in found["steps"]] == STEPS.split(",")
    rows = []
    for name in ("crm", "billing"):
        with (workspace.folder / "data" / f"{name}.csv").open(encoding="utf-8") as file:
            rows += [(row["account_id"], row["occurred_at"], row["name"]) for row in csv.DictReader(file)]
    since = found["as_of"].replace("2026", "2025", 1)[:10]
    held = {who for who, at, name in rows if name == "demo_held" and at[:10] >= since}
    assert found["steps"][0]["n"] == len(held)
    assert found == told(site, "?steps=demo_held&steps=proposal_sent&steps=subscription_started&steps=")


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("steps=demo_held", "expected 2 to 8"),
        ("steps=demo_held,demo_held", "each event once"),
        ("steps=demo_held,proposal_snt", "proposal_sent"),
        ("within=11", "28, 7, 90"),
    ],
    ids=["one", "twice", "misspelt", "horizon"],
)
def test_what_cannot_be_is_refused_with_words(site: httpx.Client, query: str, said: str) -> None:
    answer = site.get(f"/flows?{query}")
    assert answer.status_code in {400, 404}
    assert said in answer.text


def test_the_page_tells_what_the_json_does(site: httpx.Client) -> None:
    page = site.get(f"/flows?steps={STEPS}").text
    for one in told(site, f"?steps={STEPS}")["steps"]:
        assert one["step"].replace("_", " ") in page
    assert "From stage to stage" in page
    assert re.search(r'<a href="/flows"', site.get("/").text)
    rows = [*csv.DictReader(io.StringIO(site.get("/flows.csv").text))]
    assert rows[0]["step"] == "obstacle"


def test_a_longer_time_lets_more_go_on(site: httpx.Client) -> None:
    shares = [
        [one["goes_on"] for one in told(site, f"?within={days}")["steps"]] for days in (7, 28, 90)
    ]  # fmt: skip
    for few, some, many in zip(*shares, strict=True):
        assert few is None or some is None or few <= some
        assert some is None or many is None or some <= many
