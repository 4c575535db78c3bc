"""Finding customers, people and events by what is typed, and nothing by what is not."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from cxcurve.workspace.workspace import Workspace


def found(site: httpx.Client, q: str) -> dict[str, Any]:
    answer = site.get("/search.json", params={"q": q})
    assert answer.status_code == 200, answer.text[:300]
    return dict(answer.json())


def test_a_customer_is_found_by_parts_of_names_and_the_nearest_comes_first(
    site: httpx.Client, workspace: Workspace
) -> None:
    one = workspace.customers()[7]
    for text in (one["customer_id"], one["name"], one["name"].upper(), f"  {one['name']} "):
        assert found(site, text)["customers"][0]["customer_id"] == one["customer_id"]
    part = one["name"][:4].casefold()
    hits = {row["customer_id"] for row in workspace.customers() if part in row["name"].casefold()}
    told = found(site, part)
    assert told["n_customers"] >= len(hits)
    assert len(told["customers"]) == min(told["n_customers"], 20)
    assert f'href="/customers/{one["customer_id"]}"' in site.get("/search", params={"q": one["name"]}).text


def test_a_person_and_an_event_lead_to_their_customer(site: httpx.Client, workspace: Workspace) -> None:
    person, customer = workspace.store.rows(
        "SELECT person_id, customer_id FROM people WHERE customer_id IS NOT NULL ORDER BY 1 LIMIT 1"
    )[0]
    assert found(site, person)["people"][0]["customer_id"] == customer
    event, name, customer = workspace.store.rows(
        "SELECT event_id, name, customer_id FROM analytics_events ORDER BY event_id LIMIT 1"
    )[0]
    assert found(site, event)["events"][0] | {"occurred_at": ""} == {
        "event_id": event, "name": name, "occurred_at": "", "customer_id": customer,
    }  # fmt: skip
    assert found(site, event[:-1])["events"] == []


def test_events_of_the_plan_are_found_by_name(site: httpx.Client) -> None:
    assert "ticket_opened" in found(site, "ticket op")["signals"]


@pytest.mark.parametrize("q", ["", "   ", "nobody is called so", "%", "'; DROP TABLE people; --", "{{ 7*7 }}", "\0"])
def test_what_nobody_is_called_finds_nothing(site: httpx.Client, q: str) -> None:
    told = found(site, q)
    assert (told["customers"], told["people"], told["events"], told["signals"]) == ([], [], [], [])
    assert "<script" not in site.get("/search", params={"q": "<script>alert(1)</script>"}).text.replace(
        '<script src="', ""
    )
