"""The page of retention and revenue: the simulated company's ledger against its own files, and what the page tells."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise

import httpx
import pytest
import serving
from entering import browser_of, guarded, joined, people_of

import cxcurve
from cxcurve.people.roles import Role
from cxcurve.workspace import Workspace

MOVES = ("subscription_started", "seats_added", "seats_removed", "subscription_cancelled")
KINDS = ("new", "reactivation", "expansion", "contraction", "churn")


def paid_by_month(workspace: Workspace) -> dict[str, int]:
    """What customers paid at the end of each month, straight from the file of billing."""
    with (workspace.folder / "data" / "billing.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["name"] in MOVES]
    rows.sort(key=lambda row: (row["occurred_at"], MOVES.index(row["name"])))
    level: dict[str, int] = {}
    by_month: dict[str, dict[str, int]] = {}
    for row in rows:
        who, cents = row["account_id"], round(float(row["amount"] or 0) * 100)
        if row["name"] == "subscription_started":
            level[who] = level.get(who, 0) + cents
        elif who in level and row["name"] == "subscription_cancelled":
            del level[who]
        elif who in level:
            level[who] += cents if row["name"] == "seats_added" else -min(cents, level[who])
        by_month[row["occurred_at"][:7]] = dict(level)
    return {month: sum(paid.values()) for month, paid in by_month.items()}


def test_every_closing_is_what_the_files_say(site: httpx.Client, workspace: Workspace) -> None:
    told = site.get("/revenue.json").json()
    expected = paid_by_month(workspace)
    months = {row["month"]: row["closing"] for row in told["months"]}
    assert len(months) > 6
    assert {month: months[month] for month in months if month in expected} == {
        month: cents for month, cents in expected.items() if month in months
    }


def test_counts_are_those_that_were_planted(site: httpx.Client, workspace: Workspace) -> None:
    rows = site.get("/revenue.json").json()["months"]
    truth = json.loads((workspace.folder / "truth.json").read_text("utf-8"))["counts"]
    assert sum(row["n_new"] for row in rows) == truth["bought"]
    assert sum(row["n_new"] + row["n_reactivation"] for row in rows) == truth["n_subscription_started"]
    assert sum(row["n_churn"] for row in rows) == truth["n_subscription_cancelled"]
    assert rows[-1]["n_closing"] == truth["n_subscription_started"] - truth["n_subscription_cancelled"]


def test_the_csv_reconciles(site: httpx.Client) -> None:
    rows = [*csv.DictReader(io.StringIO(site.get("/revenue.csv").text))]
    for row in rows:
        assert int(row["opening"]) + sum(int(row[kind]) for kind in KINDS) == int(row["closing"])
    for one, after in pairwise(rows):
        assert one["closing"] == after["opening"]


def test_the_page_and_its_json_tell_the_same(site: httpx.Client) -> None:
    told, page = site.get("/revenue.json").json(), site.get("/revenue").text
    cents = told["year"]["closing"]
    assert f"€{cents // 100:,}.{cents % 100:02}" in page
    if told["year"]["nrr"] is not None:
        assert f"{told['year']['nrr'] * 100:.1f}" in page
    assert 'href="/revenue.csv"' in page
    assert re.search(r'<a href="/revenue"', site.get("/").text)


def test_cohorts_are_chosen_by_address(site: httpx.Client) -> None:
    for query in ("begins=value", "span=month", "kept=revenue", "begins=value&span=month&kept=revenue"):
        page = site.get(f"/revenue?{query}")
        assert page.status_code == 200
        assert page.text.count('aria-current="true"') == 3
    assert site.get("/revenue?span=week").status_code == 400
    cohorts = {(one["begins_with"], one["span"]): one for one in site.get("/revenue.json").json()["cohorts"]}
    assert set(cohorts) == {(begins, span) for begins in ("revenue", "value") for span in ("month", "quarter")}
    by_month, by_quarter = (cohorts["revenue", span]["all"]["n"] for span in ("month", "quarter"))
    assert by_month == by_quarter


def test_a_small_cohort_says_so(site: httpx.Client) -> None:
    sizes = defaultdict(list)
    for one in site.get("/revenue.json").json()["cohorts"]:
        for cohort in one["cohorts"]:
            for cell in cohort["cells"]:
                sizes[cohort["n"] < 10].append(cell["customers"])
    assert all(value is None for value in sizes[True])
    assert all(value is not None for value in sizes[False])


def test_python_and_segments(site: httpx.Client, workspace: Workspace) -> None:
    whole = workspace.revenue().year
    parts = [workspace.revenue(segment={"segment": name}).year for name in ("SMB", "Mid-market", "Enterprise")]
    assert whole is not None
    assert sum(one.closing for one in parts if one is not None) == whole.closing
    assert "<table" in workspace.revenue()._repr_html_()


@pytest.fixture(scope="module", name="partner")
def _partner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    folder = serving.copied(tmp_path_factory.mktemp("revenue"))  # where somebody signs in, everybody has to
    with cxcurve.open(folder) as workspace, people_of(workspace) as people:
        joined(people, Role.ADMIN, email="ada@example.com")
        joined(people, Role.ANALYST, "region=DACH", email="dach@example.com")
        with guarded(workspace, people) as url, browser_of(url, "dach@example.com") as browser:
            yield browser


def test_whoever_sees_some_sees_nothing_of_few(partner: httpx.Client) -> None:
    """Every movement told is of nobody or of ten; between the sums told nothing is left of fewer."""
    told = partner.get("/revenue.json").json()
    for row in [*told["months"], *([told["year"]] if told["year"] else [])]:
        assert all(row[f"n_{kind}"] == 0 or row[f"n_{kind}"] >= 10 for kind in KINDS)
    names = [row["month"] for row in told["months"]]
    assert names == sorted(names)
    for one in told["cohorts"]:
        assert one["all"] is None
        assert all(cohort["n"] >= 10 and cohort["cents"] is None for cohort in one["cohorts"])
        assert all(cell["cents"] is None for cohort in one["cohorts"] for cell in cohort["cells"])
    assert partner.get("/revenue").status_code == 200
