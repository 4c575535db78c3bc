"""The page of drift zones: who is most worth saving comes first; a small company is named, not estimated."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import serving

import cxcurve
from cxcurve.sources.simulated import simulate, write
from cxcurve.workspace import Workspace, init


def test_who_drifts_is_in_the_order_of_the_json(site: httpx.Client, workspace: Workspace) -> None:
    page, zones = site.get("/drift").text, workspace.drift().to_json()["zones"]
    orders = []
    for zone in zones:
        part = page.partition(f'id="{zone["from"]}-{zone["to"]}"')[2].partition("</section>")[0]
        shown = re.findall(r'<th scope="row" class="break"><a href="/customers/([^"]+)">', part)
        listed = [one["customer_id"] for one in zone["drifting_now"]]
        assert shown == listed[:8]
        told = [one["worth_saving_revenue"] for one in zone["drifting_now"] if one["reason"] is None]
        assert told == sorted(told, reverse=True)
        assert [one["reason"] for one in zone["drifting_now"]][: len(told)] == [None] * len(told)
        orders += told
        untold = part.count("too few followed so long")
        assert untold == sum(one["reason"] is not None for one in zone["drifting_now"][:8])
    assert len(set(orders)) > 5


def test_a_small_company_is_told_who_is_there_and_for_how_long(tmp_path: Path) -> None:
    """Of fifteen customers nothing is estimated; everybody who is in a zone is named, with the days."""
    folder = tmp_path / "small"
    init(folder, "b2b-saas").close()
    write(simulate(customers=15, weeks=20, seed=2), folder)
    with cxcurve.open(folder) as workspace:
        workspace.load()
        workspace.score()
        zones = workspace.drift().to_json()["zones"]
        with serving.served(workspace) as address:
            page = httpx.get(f"{address}/drift", timeout=60).text
    assert {zone["reason"] for zone in zones} == {"too_few"}
    assert {(one["progress_share"], one["reason"]) for zone in zones for one in zone["drifting_now"]} <= {
        (None, "too_few")
    }
    named = [one for zone in zones for one in zone["present_now"]]
    assert len(named) == sum(zone["n_open"] for zone in zones) > 3
    for one in named:
        assert f'href="/customers/{one["customer_id"]}"' in page
    assert page.count("Who is there now") == sum(bool(zone["present_now"]) for zone in zones)
    assert "No rates for this zone yet" in page
