"""The first page: what changed, whom to call, and the same as JSON and CSV."""

from __future__ import annotations

import csv
import io
import re
from html import unescape

import httpx

from cxcurve.workspace.workspace import Workspace


def test_the_first_page_is_today(site: httpx.Client) -> None:
    for path in ("/", "/today"):
        text = site.get(path).text
        assert re.search(r"<h1>Today</h1>", text)
        assert "To call, the most urgent first" in text


def test_who_is_called_drifts_or_is_in_trouble(site: httpx.Client, workspace: Workspace) -> None:
    told = site.get("/today.json").json()
    late = {
        zone.drifting_now[i].customer_key for zone in workspace.drift().zones for i in range(len(zone.drifting_now))
    }
    rows = {row["customer_id"]: row for row in workspace.customers()}
    drifting = [one for one in told["calls"] if one["why"].startswith("Drifting")]
    assert {one["customer_id"] for one in drifting} <= {
        row["customer_id"] for row in rows.values() if row["customer_key"] in late
    }
    assert len(drifting) == min(len(late), 100)
    worth = [one["worth_saving_revenue"] for one in drifting if one["worth_saving_revenue"] is not None]
    assert worth == sorted(worth, reverse=True)
    for one in told["calls"][len(drifting) :]:
        row = rows[one["customer_id"]]
        assert one["why"].lower() in {row["pair"], *(state["state"] for state in row["states"])}


def test_the_table_and_its_csv_are_the_calls(site: httpx.Client) -> None:
    told = site.get("/today.json").json()
    rows = list(csv.DictReader(io.StringIO(site.get("/today.csv").text)))
    assert len(rows) == told["n_calls"]
    assert [row["customer_id"] for row in rows[:100]] == [one["customer_id"] for one in told["calls"]]
    text = unescape(site.get("/today").text)
    assert all(one["name"] in text for one in told["calls"][:10])


def test_what_changed_is_what_the_scorecard_is_sure_of(site: httpx.Client, workspace: Workspace) -> None:
    sure = [row.metric.label for row in workspace.scorecard().rows if row.is_real_change]
    changed = [one["label"] for one in site.get("/today.json").json()["changed"]]
    assert sorted(one for one in changed if not one.startswith("Stall from")) == sorted(sure)
