"""The published checks: connectors that break the contract are told how, all of ours keep it."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest
import yaml
from connecting import source_yaml
from fake_services import (
    SECRET,
    Fake,
    hubspot_associations,
    hubspot_search,
    jira,
    mixpanel_export,
    pendo_aggregation,
    qualtrics_export,
    served,
    zendesk_export,
)
from test_exports import SINCE, used
from test_exports import seconds as days_ago
from test_hubspot import deal
from test_intercom import conversation, intercom, part
from test_jira import issue
from test_recurly import recurly, subscription
from test_salesforce import opportunity, signed_in
from test_stripe import DAY, NOW, plan, stripe, told
from test_stripe import subscription as stripe_subscription
from test_zendesk import ticket

from cxcurve.model.sources import Source
from cxcurve.sources.connectors import Page, open_connector, opening
from cxcurve.sources.connectors.checks import check_source

ROWS = [{"id": n, "who": f"a{n % 3}", "at": f"2026-05-{n:02}", "text": "x"} for n in range(1, 10)]
SOURCE = Source(
    key="theirs", connect={"service": "theirs", "rows": "visits"}, time={"column": "at"}, account="who", id="id",
    event="visited", properties="text",
)  # fmt: skip


@dataclass(frozen=True)
class Good:
    """Three rows a page; the state is how many were given."""

    key: str = field(default=SECRET, repr=False)

    def pages(self, rows, state):
        for at in range(state.get("at", 0), 9, 3):
            yield Page(ROWS[at : at + 3], {"at": at + 3})
        yield Page([], {"at": 9})


@dataclass(frozen=True)
class Forgetful(Good):
    """Goes on one page too far."""

    def pages(self, rows, state):
        for at in range(state.get("at", 0) + (3 if state else 0), 9, 3):
            yield Page(ROWS[at : at + 3], {"at": at + 3})


@dataclass(frozen=True)
class Unstable(Good):
    """Its rows have no id that stays."""

    def pages(self, rows, state):
        for n, row in enumerate(ROWS[state.get("at", 0) :]):
            yield Page([{**row, "id": f"{state.get('at', 0)}-{n}"}], {"at": 9})


@dataclass(frozen=True)
class Telling(Good):
    """Keeps its key in the state."""

    def pages(self, rows, state):
        yield Page(ROWS, {"next": f"https://theirs.example/?key={self.key}"})


@dataclass(frozen=True, repr=False)
class Showing(Good):
    """Shows its key."""

    def __repr__(self):
        return f"Showing({self.key})"


@dataclass(frozen=True)
class Odd(Good):
    """Its state is no JSON."""

    def pages(self, rows, state):
        yield Page(ROWS, {"seen": {1, 2}})


@dataclass(frozen=True)
class Changing(Good):
    """Sends a row twice, the second time with another text."""

    def pages(self, rows, state):
        yield Page(ROWS[:5], {"at": 5})
        yield Page([{**ROWS[0], "text": "y"}, *ROWS[5:]], {"at": 9})


def test_a_good_one_has_no_flaw():
    assert check_source(Good, SOURCE, secrets=[SECRET]) == []


@pytest.mark.parametrize(
    ("connector", "told"),
    [
        (Forgetful, "going on after page 1 of 3 loses: 4, 5, 6 (3)"),
        (Unstable, "going on after page 1 of 9 loses"),
        (Telling, "the state of page 1 shows a secret"),
        (Showing, "its repr shows a secret"),
        (Odd, "the state of page 1 is no plain JSON"),
        (Changing, 'event "1" says two things'),
    ],
)
def test_each_flaw_is_told(connector, told):
    flaws = check_source(connector, SOURCE, secrets=[SECRET])
    assert [flaw for flaw in flaws if told in flaw], flaws


def stripe_changes():
    before = {"quantity": 3, "items": {"data": [{"id": "si_0", "quantity": 3, "plan": plan(1000)}]}}
    return [told(n, "updated", NOW - 100 * n, stripe_subscription(0, quantity=4), before) for n in range(1, 6)]


def failed(number):
    return {"id": f"ch_{number}", "created": NOW - DAY * number, "amount": 1999, "currency": "usd", "status": "failed",
            "customer": "cus_1", "failure_code": "card_declined"}  # fmt: skip


def clicked(number):
    return {"accountId": "acme", "visitorId": f"v{number}", "featureId": "f1", "numEvents": 3, "numMinutes": 1,
            "day": days_ago(2 * number) * 1000}  # fmt: skip


def answered(number):
    said = {"recordedDate": f"2026-05-0{number}T00:00:00Z", "externalDataReference": "a", "finished": 1, "QID1": 9}
    return {"responseId": f"R_{number}", "values": said | {"QID2_TEXT": "x"}}


def fakes():
    deals = {
        "crm/v3/objects/deals/search": hubspot_search([deal(n, n, "closedwon") for n in range(1, 11)], 3),
        "crm/v3/associations/deals/companies/batch/read": hubspot_associations({str(n): "c" for n in range(11)}),
    }
    tickets = [ticket(n) for n in range(25)]
    tickets.append({**ticket(3, "deleted", tickets[-1]["generated_timestamp"]), "updated_at": "2026-06-01T00:00:00Z"})
    moves = [subscription(n % 3, f"2026-05-0{n}T00:00:00Z", quantity=n) for n in range(1, 9)]
    export = zendesk_export("tickets", tickets, 7, "generated_timestamp")
    return {
        ("zendesk", "tickets"): {"incremental/tickets/cursor.json": export},
        ("hubspot", "deals"): deals,
        ("recurly", "subscriptions"): recurly(3, subscriptions=moves).routes,
        ("intercom", "conversation_parts"): intercom(
            [conversation(n, part(10 * n, "close"), part(10 * n + 1, "open")) for n in range(1, 8)]
        ).routes,
        ("stripe", "subscriptions"): stripe([stripe_subscription(n) for n in range(5)], stripe_changes()).routes,
        ("stripe", "charges"): stripe(charges=[failed(n) for n in range(7)]).routes,
        ("salesforce", "opportunities"): {
            **signed_in({"Opportunity": [opportunity(n, "Closed Won", n) for n in range(1, 8)]}).routes,
            "services/oauth2/token": lambda _: {"access_token": f"{SECRET}-session", "expires_in": 3600},
        },
        ("jira", "issues"): jira([issue(n, f"2026-05-1{n}T00:00:00.000+0000") for n in range(7)], 3),
        ("mixpanel", "events"): {"export": mixpanel_export([used(n, 24 - n) for n in range(20)])},
        ("pendo", "feature_events"): {"aggregation": pendo_aggregation([clicked(n) for n in range(9)])},
        ("qualtrics", "responses"): qualtrics_export([answered(n) for n in range(1, 8)]),
    }  # fmt: skip


@pytest.mark.parametrize("which", fakes(), ids=" ".join)
def test_ours_keep_the_contract(which):
    routes = fakes()[which]
    door = "services/oauth2/token"
    with served(Fake(routes, open_routes={door: routes[door]} if door in routes else {})) as service:
        since = {"since": SINCE} if which[0] in ("mixpanel", "pendo") else {}
        (written,) = yaml.safe_load(source_yaml(*which, service.url, **since)).values()
        source = Source(key="ours", **written)
        assert check_source(lambda: open_connector(source.connect), source, secrets=[SECRET]) == []


def test_a_connector_of_others_is_found_by_its_entry_point(connected, monkeypatch):
    point = SimpleNamespace(name="theirs", load=lambda: make_theirs)
    monkeypatch.setattr(opening, "entry_points", lambda group: [point] if group == "cxcurve.connectors" else [])
    monkeypatch.setenv("CXCURVE_THEIRS_TOKEN", SECRET)
    workspace = connected(
        "theirs:\n  connect: {service: theirs, rows: visits, site: north}\n  time: {column: at}\n  account: who\n"
        "  id: id\n  event: pricing_viewed\n"
    )
    report = workspace.load()["theirs"]
    assert (report.rows.read, report.events.loaded) == (9, 9)
    assert workspace.load()["theirs"].rows.read == 0


def make_theirs(settings, secret):
    assert settings == {"site": "north"}
    return Good(secret("token"))
