"""Recurly: accounts, subscriptions that move, and transactions that fail."""

from __future__ import annotations

from connecting import adds_up, events_of, source_yaml
from fake_services import Fake, recurly_list, served


def subscription(number: int, updated: str, quantity=1, **more):
    return {
        "id": f"s{number}",
        "account": {"id": f"a{number}", "code": "x"},
        "plan": {"code": "pro"},
        "state": "active",
        "quantity": quantity,
        "subtotal": 10.0 * quantity,
        "currency": "USD",
        "updated_at": updated,
        "activated_at": "2026-05-01T00:00:00Z",
        "trial_started_at": None,
        "canceled_at": None,
        "expires_at": None,
        **more,
    }


def test_subscriptions_move_between_two_loads(connected):
    found = [subscription(n, f"2026-05-0{n}T00:00:00Z") for n in range(1, 6)]
    with served(Fake({"subscriptions": recurly_list("subscriptions", found, 2)})) as service:
        workspace = connected(source_yaml("recurly", "subscriptions", service.url))
        assert workspace.load()["recurly_subscriptions"].events.loaded == 5
        assert len(service.asked) == 3
        found[0] = subscription(1, "2026-05-20T00:00:00Z", quantity=3)
        ended = {"state": "expired", "canceled_at": "2026-05-20T00:00:00Z", "expires_at": "2026-05-21T00:00:00Z"}
        found[1] = subscription(2, "2026-05-21T00:00:00Z", **ended)
        second = workspace.load()["recurly_subscriptions"]
        assert adds_up(second)
        names = sorted((e[1], e[2]) for e in events_of(workspace) if e[1] != "subscription_started")
        assert names == [("cancellation_asked", "a2"), ("seats_added", "a1"), ("subscription_cancelled", "a2")]


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
    }
    with served(Fake(routes)) as service:
        workspace = connected(*(source_yaml("recurly", rows, service.url) for rows in ("accounts", "transactions")))
        assert all(map(adds_up, workspace.load().values()))
        assert workspace.store.rows("SELECT customer_id, name, region FROM customers") == [("a1", "Acme", "NO")]
        assert [(e[1], e[2], e[7]) for e in events_of(workspace)] == [("payment_failed", "a1", 9.5)]
