"""Salesforce: signed in by client credentials, pages by nextRecordsUrl, deleted records told."""

from __future__ import annotations

import pytest
from connecting import adds_up, events_of, source_yaml
from fake_services import SECRET, Answer, Fake, salesforce, served

from cxcurve.errors import ConnectError


def opportunity(number: int, stage: str, minute: int, **more):
    closed = stage.startswith("Closed")
    return {
        "Id": f"006{number}",
        "IsDeleted": False,
        "AccountId": f"001{number}",
        "Name": f"Deal {number}",
        "StageName": stage,
        "Type": "New Business",
        "Amount": 500.0,
        "IsClosed": closed,
        "IsWon": stage == "Closed Won",
        "CloseDate": "2026-05-30",
        "CreatedDate": "2026-05-01T00:00:00.000+0000",
        "SystemModstamp": f"2026-06-01T00:{minute:02}:00.000+0000",
        **more,
    }


def signed_in(objects, size=2) -> Fake:
    def token(asked):
        return {"access_token": f"{SECRET}-session", "expires_in": 3600, "token_type": "Bearer"}

    fake = Fake(salesforce(objects, size))
    fake.open_routes = {"services/oauth2/token": token}
    return fake


def test_opportunities_become_events_page_by_page(connected):
    found = [
        opportunity(1, "Closed Won", 1),
        opportunity(2, "Closed Lost", 2),
        opportunity(3, "Proposal/Price Quote", 3),
        opportunity(4, "Closed Won", 4, Type="Renewal"),
        opportunity(5, "Prospecting", 5),
    ]
    with served(signed_in({"Opportunity": found})) as service:
        workspace = connected(source_yaml("salesforce", "opportunities", service.url))
        report = workspace.load()["salesforce_opportunities"]
        assert adds_up(report)
        assert (report.rows.read, report.rows.no_event) == (5, 1)
        assert sorted((e[1], e[2], e[7]) for e in events_of(workspace)) == [
            ("deal_lost", "0012", 500.0),
            ("proposal_sent", "0013", 500.0),
            ("subscription_renewed", "0014", 500.0),
            ("subscription_started", "0011", 500.0),
        ]
        assert service.paths == [
            "/services/oauth2/token",
            "/queryAll",
            "/queryAll/Opportunity-2",
            "/queryAll/Opportunity-4",
        ]
        assert all(one.headers["Authorization"] == f"Bearer {SECRET}-session" for one in service.asked[1:])
        found.append(opportunity(1, "Closed Won", 30, IsDeleted=True))
        workspace.load()
        assert "0011" not in [event[2] for event in events_of(workspace)]


def test_a_wrong_consumer_secret_is_said(connected):
    with served(
        Fake({}, open_routes={"services/oauth2/token": lambda _: Answer({"error": "invalid_client"}, 400)})
    ) as service:
        workspace = connected(source_yaml("salesforce", "accounts", service.url))
        with pytest.raises(
            ConnectError, match="Salesforce: POST /services/oauth2/token was answered with 400"
        ) as caught:
            workspace.load()
    assert SECRET not in str(caught.value)


def test_accounts_contacts_and_cases(connected):
    stamp = {"SystemModstamp": "2026-06-01T00:00:00.000+0000", "IsDeleted": False}
    account = {
        "Id": "001a",
        "Name": "Acme",
        "Industry": "Shoes",
        "BillingCountry": "Norway",
        "OwnerId": "005",
        **stamp,
        "CreatedDate": "2026-01-01T00:00:00.000+0000",
    }
    contact = {"Id": "003a", "AccountId": "001a", "Title": "CTO", **stamp}
    case = {
        "Id": "500a",
        "CaseNumber": "1",
        "AccountId": "001a",
        "ContactId": "003a",
        "Status": "Closed",
        "IsClosed": True,
        "Priority": "High",
        "Origin": "Phone",
        "CreatedDate": "2026-05-01T00:00:00.000+0000",
        "ClosedDate": "2026-05-02T00:00:00.000+0000",
        **stamp,
    }
    with served(signed_in({"Account": [account], "Contact": [contact], "Case": [case]})) as service:
        workspace = connected(*(source_yaml("salesforce", r, service.url) for r in ("accounts", "contacts", "cases")))
        assert all(map(adds_up, workspace.load().values()))
        assert workspace.store.rows("SELECT customer_id, name, region FROM customers") == [("001a", "Acme", "Norway")]
        assert workspace.store.rows("SELECT person_id, customer_id, role FROM people") == [("003a", "001a", "CTO")]
        found = sorted((e[1], e[2], e[3], e[8]) for e in events_of(workspace))
        assert found == [("ticket_closed", "001a", "003a", "Phone"), ("urgent_ticket_opened", "001a", "003a", "Phone")]
