"""Recurly: what a subscription is worth per month, and what an account pays per year over all of its own.

A subscription tells its price for one billing period; how long that is, only its plan tells.
Source: https://recurly.com/developers/api/v2021-02-25/#resource/subscriptions
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cxcurve.sources.connectors.flattening import inside
from cxcurve.sources.connectors.moments import moment_us

if TYPE_CHECKING:
    from cxcurve.sources.connectors.client import Client

_MONTHS = {"days": 12 / 365, "months": 1.0}
_PAYING = ("active", "canceled")
"""What was cancelled is paid for until it expires."""
_LIST = {"type": "json_link", "next_url_path": "next"}

Record = Mapping[str, Any]


def with_worth(records: Sequence[Record], client: Client) -> list[Record]:
    """Subscriptions with `mrr`, their revenue per month in whole currency, before coupons and tax."""
    return [{**record, "mrr": _monthly(record, client)} for record in records]


def with_revenue(records: Sequence[Record], client: Client) -> list[Record]:
    """Accounts with `revenue_per_year`, `quantity` and `plan_name`, over all their subscriptions that are paid for."""
    if "recurly_paying" not in client.memory:
        client.memory["recurly_paying"] = _paying(client)
    paying: Mapping[str, list[Record]] = client.memory["recurly_paying"]
    return [{**record, **_worth(paying.get(str(record["id"]), []))} for record in records]


def _worth(subscriptions: Sequence[Record]) -> dict[str, Any]:
    dearest = max(subscriptions, key=lambda one: (one["mrr"], one["id"]), default=None)
    return {
        "revenue_per_year": round(12 * sum(one["mrr"] for one in subscriptions), 2),
        "quantity": sum(one.get("quantity") or 0 for one in subscriptions),
        "plan_name": None if dearest is None else inside(dearest, "plan.name") or inside(dearest, "plan.code"),
    }


def _paying(client: Client) -> dict[str, list[Record]]:
    """The subscriptions that are paid for, by account; all are listed once a load."""
    found: dict[str, list[Record]] = {}
    for answer in client.pages("subscriptions", "GET", {"limit": 200, "state": "live"}, None, _LIST):
        for one in with_worth(answer.body.get("data") or (), client):
            if one["mrr"]:
                found.setdefault(str(inside(one, "account.id")), []).append(one)
    return found


def _monthly(subscription: Record, client: Client) -> float:
    if subscription.get("state") not in _PAYING or _is_trial(subscription):
        return 0.0
    months = _period_months(str(inside(subscription, "plan.id") or ""), client)
    return round(float(subscription.get("subtotal") or 0.0) / months, 4)


def _is_trial(subscription: Record) -> bool:
    """Whether the trial was not over when the subscription last changed: its end changes it."""
    ends, changed = (moment_us(subscription.get(name), None) for name in ("trial_ends_at", "updated_at"))
    return ends is not None and changed is not None and ends > changed


def _period_months(plan_id: str, client: Client) -> float:
    """Months of a plan's billing period; one where a subscription names no plan."""
    if not plan_id:
        return 1.0
    key = f"recurly_plan_{plan_id}"
    if key not in client.memory:
        plan = client.ask(f"plans/{plan_id}")
        client.memory[key] = _MONTHS.get(plan.get("interval_unit"), 1.0) * (plan.get("interval_length") or 1)
    months: float = client.memory[key]
    return months
