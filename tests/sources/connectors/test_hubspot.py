"""HubSpot: searches that go on by the moment of the last change, and companies told apart."""

from __future__ import annotations

import pytest
from connecting import adds_up, events_of, source_yaml
from fake_services import Fake, hubspot_associations, hubspot_search, served


def record(number: int, changed: str, **properties):
    return {
        "id": str(number), "archived": False, "createdAt": "2026-01-01T00:00:00Z",
        "properties": {"createdate": "2026-05-01T00:00:00.000Z", "hs_lastmodifieddate": changed, **properties},
    }  # fmt: skip


def deal(number: int, second: int, stage: str = "appointmentscheduled", **properties):
    won, closed = stage == "closedwon", stage in ("closedwon", "closedlost")
    return record(
        number, f"2026-05-10T00:00:{second:02}.000Z", dealname=f"Deal {number}", dealstage=stage, pipeline="default",
        amount="120.50", deal_currency_code="EUR", closedate="2026-05-09T12:00:00.000Z",
        hs_is_closed_won=str(won).lower(), hs_is_closed=str(closed).lower(), **properties,
    )  # fmt: skip


def hubspot(deals, companies, size=4) -> Fake:
    return Fake({
        "crm/v3/objects/deals/search": hubspot_search(deals, size),
        "crm/v3/associations/deals/companies/batch/read": hubspot_associations(companies),
    })  # fmt: skip


def test_deals_become_events_of_their_companies(connected):
    deals = [deal(1, 1, "closedwon"), deal(2, 2, "closedlost"), deal(3, 3, "contractsent"), deal(4, 4, "closedwon")]
    with served(hubspot(deals, {"1": "c1", "2": "c2", "3": "c1"})) as service:
        workspace = connected(source_yaml("hubspot", "deals", service.url))
        report = workspace.load()["hubspot_deals"]
        # Deal 4 belongs to no company: nobody's event.
        assert (report.rows.read, report.rows.used, report.rows.quarantined, report.events.loaded) == (4, 3, 1, 3)
        assert adds_up(report)
        found = [(name, account, amount) for _, name, account, _, _, _, _, amount, *_ in events_of(workspace)]
        expected = [("deal_lost", "c2", 120.5), ("proposal_sent", "c1", 120.5), ("subscription_started", "c1", 120.5)]
        assert sorted(found) == expected


def test_each_page_asks_from_the_last_change_on(connected):
    deals = [deal(n, n, "closedwon") for n in range(1, 11)]
    with served(hubspot(deals, {str(n): "c" for n in range(11)})) as service:
        workspace = connected(source_yaml("hubspot", "deals", service.url))
        assert workspace.load()["hubspot_deals"].events.loaded == 10
        searches = [one for one in service.asked if one.path.endswith("search")]
        assert all("after" not in one.body for one in searches)
        values = [int(one.body["filterGroups"][0]["filters"][0]["value"]) for one in searches]
        assert values == sorted(set(values))


def test_a_deal_that_changes_while_the_pages_are_read_makes_none_be_missed(connected):
    """By `after` alone deal 5 would be missed: deal 1 moves to the end, and the others one place forward."""
    deals = [deal(n, n, "closedwon") for n in range(1, 11)]
    fake = hubspot(deals, {str(n): "c" for n in range(11)})
    search = fake.routes["crm/v3/objects/deals/search"]

    def moving(asked):
        answer = search(asked)
        deals[0] = deal(1, 59, "closedwon")
        return answer

    fake.routes["crm/v3/objects/deals/search"] = moving
    with served(fake) as service:
        workspace = connected(source_yaml("hubspot", "deals", service.url))
        workspace.load()
        assert len({event[-2] for event in events_of(workspace)}) == 10


def test_many_changes_of_one_moment_are_paged_within_it(connected):
    deals = [deal(n, 7, "closedwon") for n in range(1, 11)]
    with served(hubspot(deals, {str(n): "c" for n in range(11)})) as service:
        workspace = connected(source_yaml("hubspot", "deals", service.url))
        assert workspace.load()["hubspot_deals"].events.loaded == 10
        assert [one.body.get("after") for one in service.asked if one.path.endswith("search")] == [None, None, "4", "8"]


@pytest.mark.parametrize(
    ("rows", "table", "columns", "expected"),
    [
        ("companies", "customers", "customer_id, name, region", ("7", "Acme", "Norway")),
        ("contacts", "people", "person_id, customer_id, role", ("7", "c9", "CHAMPION")),
    ],
)
def test_companies_are_customers_and_contacts_are_people(connected, rows, table, columns, expected):
    theirs = {"name": "Acme", "country": "Norway", "associatedcompanyid": "c9", "hs_buying_role": "CHAMPION"}
    cursor = "lastmodifieddate" if rows == "contacts" else "hs_lastmodifieddate"
    changed = "2026-05-10T00:00:00.000Z"
    one = record(7, changed, lastmodifieddate=changed, email="a@b.example", **theirs)
    with served(Fake({f"crm/v3/objects/{rows}/search": hubspot_search([one], 4, cursor)})) as service:
        workspace = connected(source_yaml("hubspot", rows, service.url))
        assert adds_up(workspace.load()[f"hubspot_{rows}"])
        assert workspace.store.rows(f"SELECT {columns} FROM {table}") == [expected]
        assert "a@b.example" not in str(workspace.store.rows(f"SELECT * FROM {table}"))
