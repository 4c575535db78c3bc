"""Each figure leads to its explanation, and that to customers and events."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import quote

import httpx
import pytest

HREF = re.compile(r'href="(/explain\?key=[^"]+)"')


def links(site: httpx.Client, path: str) -> list[str]:
    return [unescape(one) for one in HREF.findall(site.get(path).text)]


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("/curve", ("scorecard/", "curve/week/")),
        ("/curve?x=date", ("curve/date/",)),
        ("/curve?leavers=weighted", ("curve/weighted/",)),
        ("/scorecard", ("scorecard/friction_index", "scorecard/nps", "scorecard/drift_impact")),
        ("/drift", ("/stall_share", "/leak_share", "/tau_days", "/n_drifting", "/impact_revenue")),
        ("/ttv", ("ttv/median_days", "ttv/reached/14")),
        ("/deals", ("deals/expected", "deals/stage/", "/chance")),
        ("/flows", ("/obstacle/goes_on", "/obstacle/stops", "/median_days", "/share/n")),
        ("/flows?steps=demo_held,proposal_sent", ("demo_held%252Cproposal_sent/", "/demo_held/goes_on")),
        ("/revenue", ("revenue/closing", "/opening", "/expansion", "/n_closing")),
    ],
)
def test_figures_lead_to_their_explanations(site: httpx.Client, path: str, parts: tuple[str, ...]) -> None:
    found = links(site, path)
    for part in parts:
        href = next(link for link in found if part in link)
        answer = site.get(href)
        assert answer.status_code == 200, href
        assert "How it is made" in answer.text
        assert len(answer.content) < 150_000


def test_a_customers_scores_and_points_lead_to_its_events(site: httpx.Client) -> None:
    row = site.get("/customers.json?sort=-friction_index").json()["customers"][0]
    own = f"/customers/{row['customer_id']}"
    found = links(site, own)
    told = {link: site.get(link.replace("/explain?", "/explain.json?")).json() for link in found}
    values = [one["value"] for link, one in told.items() if link.endswith("/friction_index")]
    assert values == [pytest.approx(row["friction_index"])]
    points = [one["value"] for link, one in told.items() if "/friction/" in link]
    assert sum(points) == pytest.approx(round(row["friction_index"], 1))
    assert all(one["customers"] == [row["customer_id"]] for one in told.values())
    assert f'href="{own}' in site.get(found[0]).text


def test_whom_a_page_is_about_goes_along(site: httpx.Client) -> None:
    plan = site.get("/customers.json").json()["customers"][0]["plan"]
    page = f"/scorecard?plan={quote(plan)}"
    shown = {row["metric"]: row["current"] for row in site.get(page.replace("?", ".json?")).json()["rows"]}
    href = next(link for link in links(site, page) if "scorecard/momentum_index" in link)
    told = site.get(href.replace("/explain?", "/explain.json?")).json()
    assert told["value"] == pytest.approx(shown["momentum_index"])
    assert f"plan={plan}".replace(" ", "+") in told["key"]
    assert "as_of=" in told["key"], "a key gives the same number also after the next score"


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ("", 400, "no number is named"),
        ("key=nothing", 400, "there are scorecard/METRIC"),
        ("key=scorecard/nps&plan=Pro", 400, "goes into its key"),
        ("key=customer/nobody/level", 404, 'customer "nobody" is not known'),
        ("key=scorecard/nps%3Fas_of%3D2150-01-01", 400, "lies in the future"),
        ("key=backtest/friction/precision", 400, "ask on the command line: cxcurve explain backtest/INDEX/FACT"),
        ("key=backtest/friction/precision%3Fplan=Pro", 400, "the backtest is of all customers"),
        ("key=scorecard/nps&other=1", 400, 'parameter "other" is not known'),
    ],
)
def test_what_cannot_be_explained_is_said(site: httpx.Client, query: str, status: int, said: str) -> None:
    answer = site.get(f"/explain.json?{query}")
    assert answer.status_code == status
    assert said in answer.json()["message"]
