"""The page of deals: whom it lists, what it adds up, and that it says the same as the drift zones."""

from __future__ import annotations

import csv
import io
import re

import httpx
import pytest

from cxcurve.workspace import Workspace
from cxcurve.workspace.names import labels

BEFORE = ("obstacle", "research", "benchmark")


def test_every_prospect_is_there_and_nobody_else(site: httpx.Client) -> None:
    told = site.get("/deals.json").json()
    expected = {row["customer_id"] for row in site.get("/customers.json?sort=name").json()["customers"]}
    pages = site.get("/customers.csv").text
    inside = {row["customer_id"] for row in csv.DictReader(io.StringIO(pages)) if row["stage"] in BEFORE}
    assert {row["customer_id"] for row in told["deals"]} == inside
    assert inside
    assert expected
    assert told["purchase"] == "Invest"


def test_sums_are_those_of_the_rows(site: httpx.Client) -> None:
    told = site.get("/deals.json").json()
    assert told["amount"] == pytest.approx(sum(row["amount"] or 0 for row in told["deals"]))
    assert sum(one["n"] for one in told["stages"]) == told["n"] == sum(one["n"] for one in told["doubts"])
    assert sum(one["amount"] for one in told["doubts"]) == pytest.approx(told["amount"])
    if told["expected"] is not None:
        assert told["expected"] == pytest.approx(sum(row["expected"] or 0 for row in told["deals"]))
        assert told["expected_low"] <= told["expected"] <= told["expected_high"]


def test_a_chance_is_that_of_the_drift_zones(site: httpx.Client) -> None:
    chances = {row["customer_id"]: row["chance"] for row in site.get("/deals.json").json()["deals"]}
    drifting = [one for zone in site.get("/drift.json").json()["zones"] for one in zone["drifting_now"]]
    both = [one for one in drifting if one["customer_id"] in chances]
    assert both
    for one in both:
        assert chances[one["customer_id"]] == pytest.approx(one["progress_share"])


def test_the_page_filters_and_the_csv_follows(site: httpx.Client) -> None:
    told = site.get("/deals.json").json()
    mine = {row["customer_id"] for row in told["deals"] if row["stage"] == "benchmark"}
    rows = csv.DictReader(io.StringIO(site.get("/deals.csv?stage=benchmark").text))
    assert {row["customer_id"] for row in rows} == mine
    doubt = next(row["doubt"] for row in told["deals"] if row["doubt"])
    page = site.get("/deals", params={"doubt": doubt})
    assert page.status_code == 200
    assert doubt in page.text
    assert site.get("/deals?stage=nowhere").status_code == 400
    assert re.search(r'<a href="/deals"', site.get("/").text)


def test_the_doubt_is_the_first_row_of_the_customers_friction(workspace: Workspace) -> None:
    label = labels(workspace.journey)
    for row in [row for row in workspace.deals().rows if row["doubt"]][:3]:
        first = workspace.customer(row["customer_id"]).to_json()["friction"][0]
        assert label(first["signal"]) == row["doubt"]
