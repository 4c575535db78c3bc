"""Stripe: what a subscription is worth, how it moves, and what went wrong with the money."""

from __future__ import annotations

from time import time

import pytest
from connecting import adds_up, events_of, source_yaml
from fake_services import Answer, Fake, served, stripe_list

from cxcurve.sources.connectors.stripe import monthly, whole

NOW = int(time())
DAY = 86_400
START = NOW - 200 * DAY


def plan(amount: int, interval="month", count=1, currency="usd", **more):
    return {"id": f"p{amount}", "amount": amount, "interval": interval, "interval_count": count, "currency": currency,
            "nickname": f"Plan {amount}", **more}  # fmt: skip


def subscription(number: int, quantity=3, amount=1000, status="active", **more):
    item = {"id": f"si_{number}", "quantity": quantity, "plan": plan(amount)}
    return {
        "id": f"sub_{number}", "customer": f"cus_{number}", "created": START, "start_date": START, "status": status,
        "quantity": quantity, "plan": plan(amount), "currency": "usd", "items": {"data": [item]},
        "trial_start": None, "canceled_at": None, "ended_at": None, **more,
    }  # fmt: skip


def told(number: int, kind: str, at: int, now, before=None):
    data = {"object": now} | ({"previous_attributes": before} if before else {})
    return {"id": f"evt_{number}", "type": f"customer.subscription.{kind}", "created": at, "data": data}


def stripe(subscriptions=(), events=(), **lists) -> Fake:
    routes = {"subscriptions": stripe_list(subscriptions, 2), "events": stripe_list(events, 2)}
    return Fake(routes | {name: stripe_list(records, 2) for name, records in lists.items()})


def names_and_amounts(workspace):
    return [(name, amount) for _, name, _, _, _, _, _, amount, *_ in sorted(events_of(workspace), key=lambda e: e[4])]


@pytest.mark.parametrize(
    ("minor", "currency", "expected"),
    [(1999, "usd", 19.99), (500, "JPY", 500.0), (12345, "kwd", 12.345), (1999, "EUR", 19.99)],
)
def test_minor_units_are_those_of_the_currency(minor, currency, expected):
    assert whole(minor, currency) == expected


@pytest.mark.parametrize(
    ("price", "quantity", "expected"),
    [
        (plan(1000), 3, 30.0),
        (plan(12000, "year"), 2, 20.0),
        (plan(3000, "month", 3), 1, 10.0),
        (plan(100, "week"), 1, 365 / 84),
        (plan(100, usage_type="metered"), 7, 0.0),
        (
            {"unit_amount_decimal": "0.5", "currency": "usd", "recurring": {"interval": "month"}},
            200,
            1.0,
        ),
    ],
)
def test_revenue_per_month_of_a_price(price, quantity, expected):
    assert monthly({"items": {"data": [{"quantity": quantity, "plan": price}]}}) == pytest.approx(expected, abs=1e-4)


def test_subscriptions_are_listed_once_and_then_followed(connected):
    subscriptions, events = [subscription(n) for n in range(5)], []
    with served(stripe(subscriptions, events)) as service:
        workspace = connected(source_yaml("stripe", "subscriptions", service.url))
        first = workspace.load()["stripe_subscriptions"]
        assert (first.rows.read, first.events.loaded) == (5, 5)
        assert service.paths == ["/subscriptions"] * 3 + ["/events"]
        before = {"quantity": 3, "items": {"data": [{"id": "si_0", "quantity": 3, "plan": plan(1000)}]}}
        events.append(told(1, "updated", NOW - 90, subscription(0, quantity=5), before))
        events.append(told(2, "updated", NOW - 80, subscription(1, amount=700), {"plan": {"amount": 1000}}))
        gone = subscription(2, status="canceled", canceled_at=NOW - 70, ended_at=NOW - 70)
        events.append(told(3, "deleted", NOW - 70, gone))
        second = workspace.load()["stripe_subscriptions"]
        assert service.paths[4:] == ["/events"] * 2
        assert adds_up(second)
        # The list holds five of 3 x 10 a month: two seats more are 20 more, the one that ends takes 30 along.
        assert names_and_amounts(workspace)[5:] == [
            ("seats_added", 20.0), ("cancellation_asked", -30.0), ("subscription_cancelled", -30.0),
        ]  # fmt: skip
        assert workspace.load()["stripe_subscriptions"].events.conflict == 0


def test_a_change_of_price_alone_has_its_amount(connected):
    """`plan_upgraded` is proposed, not in the plan: with it there, expansion and contraction by price are events."""
    events = [told(2, "updated", NOW - 80, subscription(1, amount=700), {"plan": {"amount": 1000}})]
    draft = source_yaml("stripe", "subscriptions", "http://127.0.0.1:1/").replace("# plan_", "plan_")
    with served(stripe([subscription(1)], events)) as service:
        workspace = connected(draft.replace("http://127.0.0.1:1/", service.url))
        journey = workspace.folder / "journey.yaml"
        text = journey.read_text(encoding="utf-8")
        assert text.count("\nsignals:") == 1
        plan_events = "\nsignals:\n  plan_upgraded: {momentum: 0.5}\n  plan_downgraded: {friction: 0.5}"
        journey.write_text(text.replace("\nsignals:", plan_events), encoding="utf-8")
        workspace.load()
        assert names_and_amounts(workspace) == [("subscription_started", None), ("plan_downgraded", -9.0)]


def test_the_list_is_gone_on_with_where_it_broke_off(connected, monkeypatch):
    from cxcurve.sources import fetching

    monkeypatch.setattr(fetching, "ROWS_AT_ONCE", 1)
    fake = stripe([subscription(n, created=START + n) for n in range(6)])
    fake.faults = {n: Answer("down", 500) for n in range(3, 40)}
    with served(fake) as service:
        workspace = connected(source_yaml("stripe", "subscriptions", service.url))
        with pytest.raises(Exception, match="answered with 500"):
            workspace.load()
        service.faults.clear()
        n_asked = len(service.asked)
        report = workspace.load()["stripe_subscriptions"]
        assert service.asked[n_asked].params["starting_after"] == "sub_2"
        assert report.rows.read == 2
        assert sorted(event[2] for event in events_of(workspace)) == [f"cus_{n}" for n in range(6)]


def test_customers_pay_what_their_subscriptions_sum_to(connected):
    paying = {"data": [subscription(1), subscription(2, quantity=1, amount=500), subscription(3, status="trialing")]}
    customers = [
        {"id": "cus_1", "created": START, "name": "Acme", "currency": "usd", "email": "a@b.example",
         "address": {"country": "NO"}, "subscriptions": paying},
        {"id": "cus_2", "created": START, "name": "Free", "subscriptions": {"data": []}},
    ]  # fmt: skip
    with served(stripe(customers=customers)) as service:
        workspace = connected(source_yaml("stripe", "customers", service.url))
        assert adds_up(workspace.load()["stripe_customers"])
        columns = "customer_id, name, region, plan, seats, revenue_per_year"
        found = workspace.store.rows(f"SELECT {columns} FROM customers ORDER BY 1")
        assert found == [("cus_1", "Acme", "NO", "Plan 1000", 4.0, 420.0), ("cus_2", "Free", None, None, 0.0, 0.0)]
        assert "a@b.example" not in str(workspace.store.rows("SELECT * FROM customers"))


def test_failed_payments_and_disputes(connected):
    charge = {"id": "ch_1", "created": NOW - DAY, "amount": 1999, "currency": "usd", "customer": "cus_1",
              "status": "failed", "failure_code": "card_declined"}  # fmt: skip
    charges = [charge, {**charge, "id": "ch_2", "status": "succeeded"}, {**charge, "id": "ch_3", "customer": None}]
    disputes = [{"id": "du_1", "created": NOW - DAY, "amount": 500, "currency": "jpy", "reason": "fraudulent",
                 "charge": {"id": "ch_9", "customer": "cus_7"}}]  # fmt: skip
    with served(stripe(charges=charges, disputes=disputes)) as service:
        workspace = connected(
            source_yaml("stripe", "charges", service.url), source_yaml("stripe", "disputes", service.url)
        )
        reports = workspace.load()
        assert all(map(adds_up, reports.values()))
        assert sorted((e[1], e[2], e[7]) for e in events_of(workspace)) == [
            ("invoice_disputed", "cus_7", 500.0), ("payment_failed", "cus_1", 19.99),
        ]  # fmt: skip


def test_renewals_are_paid_invoices_of_a_new_period(connected):
    def invoice(number, reason, status):
        paid = {"paid_at": NOW - 50 if status == "paid" else None}
        return {
            "id": f"in_{number}", "created": NOW - 6 * DAY, "customer": "cus_1", "currency": "usd", "status": status,
            "amount_paid": 3000, "billing_reason": reason, "number": "A-1", "status_transitions": paid,
        }  # fmt: skip

    invoices = [invoice(1, "subscription_cycle", "open"), invoice(2, "subscription_create", "paid")]
    events = []
    with served(stripe(events=events, invoices=invoices)) as service:
        workspace = connected(source_yaml("stripe", "invoices", service.url))
        workspace.load()
        assert events_of(workspace) == []
        paid = invoice(1, "subscription_cycle", "paid")
        events.append({"id": "evt_1", "created": NOW - 50, "type": "invoice.paid", "data": {"object": paid}})
        workspace.load()
        assert names_and_amounts(workspace) == [("subscription_renewed", 30.0)]
