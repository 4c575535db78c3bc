"""The page of advocacy: who is ready, who speaks against us, and what customers did."""

from __future__ import annotations

import re

import httpx


def test_the_page_and_its_json_tell_the_same(site: httpx.Client) -> None:
    told = site.get("/advocacy.json").json()
    page = site.get("/advocacy").text
    assert f"of {told['n_reached_value']} after first value" in page
    for row in told["ready"][:12]:
        assert f'href="/customers/{row["customer_id"]}"' in page
    for row in told["actions"]:
        assert row["signal"].replace("_", " ") in page
    assert "Whether somebody was asked is not in the log" in page


def test_a_segment_is_asked_for_and_an_unknown_one_refused(site: httpx.Client) -> None:
    everybody, some = (site.get(f"/advocacy.json{query}").json() for query in ("", "?segment=SMB"))
    assert some["n_reached_value"] < everybody["n_reached_value"]
    assert site.get("/advocacy?segment=nobody").status_code >= 400


def test_the_navigation_leads_there(site: httpx.Client) -> None:
    assert re.search(r'<a href="/advocacy"', site.get("/").text)
