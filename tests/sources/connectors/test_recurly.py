"""Recurly: accounts, subscriptions that move, and transactions that fail."""

from __future__ import annotations

import pytest
from connecting import adds_up, events_of, source_yaml
from fake_services import SECRET, Fake, recurly_list, served

from cxcurve.sources.connectors.client import Client
from cxcurve.sources.connectors.recurly import with_worth
from cxcurve.sources.connectors.services import service_named


def subscription(number: int, updated: str, quantity=1, **more):
    return {
        "id": f"s{number}",
        "account": {"id": f"a{number}", "code": "x"},
        "plan": {"id": "p1", "code": "pro", "name": "Pro"},
        "state": "active",
        "quantity": quantity,
        "subtotal": 120.0 * quantity,
        "currency": "USD",
        "updated_at": updated,
        "activated_at": "2026-05-01T00:00:00Z",
        "trial_started_at": None,
        "canceled_at": None,
        "expires_at": None,
        **more,
    }


def recurly(size=2, **lists) -> Fake:
    plans = {
        "plans/p1": lambda _: {"interval_unit": "months", "interval_length": 12},
        "plans/p2": lambda _: {"interval_unit": "days", "interval_length": 73},
    }
    return Fake(plans | {name: recurly_list(name, found, size) for name, found in lists.items()})


def test_subscriptions_move_between_two_loads(connected):
    found = [subscription(n, f"2026-05-0{n}T00:00:00Z") for n in range(1, 6)]
    with served(recurly(subscriptions=found)) as service:
        workspace = connected(source_yaml("recurly", "subscriptions", service.url))
        assert workspace.load()["recurly_subscriptions"].events.loaded == 5
        assert service.paths.count("/subscriptions") == 3
        assert service.paths.count("/plans/p1") == 1, "a plan is asked for once a load"
        found[0] = subscription(1, "2026-05-20T00:00:00Z", quantity=3)
        ended = {"state": "expired", "canceled_at": "2026-05-20T00:00:00Z", "expires_at": "2026-05-21T00:00:00Z"}
        found[1] = subscription(2, "2026-05-21T00:00:00Z", **ended)
        second = workspace.load()["recurly_subscriptions"]
        assert adds_up(second)
        moved = sorted((e[1], e[2], e[7]) for e in events_of(workspace) if e[1] != "subscription_started")
        # 120 for a year is 10 a month: two seats more bring 20, and what is cancelled takes its 10 along.
        assert moved == [
            ("cancellation_asked", "a2", -10.0), ("seats_added", "a1", 20.0), ("subscription_cancelled", "a2", -10.0)
        ]  # fmt: skip
        assert {e[7] for e in events_of(workspace) if e[1] == "subscription_started"} == {None}


def test_price_changes_are_events_where_the_plan_has_them(connected):
    found = [subscription(1, "2026-05-01T00:00:00Z"), subscription(2, "2026-05-02T00:00:00Z")]
    with served(recurly(subscriptions=found)) as service:
        text = source_yaml("recurly", "subscriptions", service.url).replace("# plan_", "plan_")
        workspace = connected(text)
        journey = workspace.folder / "journey.yaml"
        added = "signals:\n  plan_upgraded: {momentum: 0.1}\n  plan_downgraded: {friction: 0.1}\n"
        journey.write_text(journey.read_text().replace("signals:\n", added, 1))
        workspace.load()
        found[0] = subscription(1, "2026-05-20T00:00:00Z", subtotal=240.0)
        found[1] = subscription(2, "2026-05-21T00:00:00Z", subtotal=60.0)
        workspace.load()
        moved = sorted((e[1], e[2], e[7]) for e in events_of(workspace) if e[1].startswith("plan_"))
        assert moved == [("plan_downgraded", "a2", -5.0), ("plan_upgraded", "a1", 10.0)]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, 10.0),
        ({"plan": {"id": "p2"}}, 50.0),  # 120 in 73 days, a fifth of a year
        ({"state": "canceled"}, 10.0),  # paid until it expires
        ({"state": "expired"}, 0.0),
        ({"state": "paused"}, 0.0),
        ({"trial_ends_at": "2026-05-15T00:00:00Z"}, 0.0),
        ({"trial_ends_at": "2026-04-30T00:00:00Z"}, 10.0),
        ({"subtotal": None}, 0.0),
    ],
)
def test_what_a_subscription_is_worth_a_month(change, expected):
    with served(recurly()) as service:
        client = Client(service_named("recurly"), {"url": service.url}, lambda _: SECRET)
        (row,) = with_worth([subscription(1, "2026-05-01T00:00:00Z") | change], client)
    assert row["mrr"] == pytest.approx(expected, abs=1e-3)


def test_what_an_account_pays_is_the_sum_of_its_subscriptions_also_when_it_did_not_change_itself(connected):
    accounts = [
        {"id": f"a{n}", "company": f"Co {n}", "code": "x", "state": "active", "address": {"country": "NO"},
         "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z", "deleted_at": None}
        for n in range(1, 4)
    ]  # fmt: skip
    found = [
        subscription(1, "2026-05-01T00:00:00Z", quantity=2),
        subscription(1, "2026-05-02T00:00:00Z") | {"id": "s9", "plan": {"id": "p2", "name": "Fifth"}},
        subscription(2, "2026-05-03T00:00:00Z", state="paused"),
    ]
    with served(recurly(subscriptions=found, accounts=accounts)) as service:
        workspace = connected(source_yaml("recurly", "accounts", service.url))
        columns = "customer_id, name, plan, seats, revenue_per_year"
        workspace.load()
        assert sorted(workspace.store.rows(f"SELECT {columns} FROM customers")) == [
            ("a1", "Co 1", "Fifth", 3.0, 840.0), ("a2", "Co 2", None, 0.0, 0.0), ("a3", "Co 3", None, 0.0, 0.0)
        ]  # fmt: skip
        assert service.paths.count("/subscriptions") == 2, "all of them once a load, not once a page of accounts"
        found[2] = subscription(2, "2026-05-09T00:00:00Z")
        workspace.load()
        assert workspace.store.rows("SELECT revenue_per_year FROM customers WHERE customer_id = 'a2'") == [(120.0,)]


def test_accounts_and_failed_transactions(connected):
    account = {
        "id": "a1",
        "company": "Acme",
        "code": "x",
        "state": "active",
        "address": {"country": "NO"},
        "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-01T00:00:00Z",
        "deleted_at": None,
    }
    payment = {
        "id": "t1",
        "account": {"id": "a1"},
        "type": "purchase",
        "status": "declined",
        "origin": "recurring",
        "amount": 9.5,
        "currency": "USD",
        "status_code": "declined",
        "updated_at": "2026-05-01T00:00:00Z",
        "created_at": "2026-05-01T00:00:00Z",
    }
    payments = [payment, {**payment, "id": "t2", "status": "success"}, {**payment, "id": "t3", "type": "verify"}]
    routes = {
        "accounts": recurly_list("accounts", [account], 2),
        "transactions": recurly_list("transactions", payments, 2),
        "subscriptions": recurly_list("subscriptions", [], 2),
    }
    with served(Fake(routes)) as service:
        workspace = connected(*(source_yaml("recurly", rows, service.url) for rows in ("accounts", "transactions")))
        assert all(map(adds_up, workspace.load().values()))
        assert workspace.store.rows("SELECT customer_id, name, region FROM customers") == [("a1", "Acme", "NO")]
        assert [(e[1], e[2], e[7]) for e in events_of(workspace)] == [("payment_failed", "a1", 9.5)]
