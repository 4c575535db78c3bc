"""Stripe: amounts in whole currency, and what a subscription is worth per month, now and before a change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cxcurve.sources.connectors.flattening import inside

if TYPE_CHECKING:
    from cxcurve.sources.connectors.client import Client

_NO_DECIMALS = frozenset(
    {"bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf"}
)
_THREE_DECIMALS = frozenset({"bhd", "jod", "kwd", "omr", "tnd"})
_MONTHS = {"day": 12 / 365, "week": 7 * 12 / 365, "month": 1.0, "year": 12.0}
_PAYING = ("active", "past_due", "unpaid")
"""A trial pays nothing yet; what is past due is owed."""
_AMOUNTS = ("amount", "amount_due", "amount_paid", "amount_remaining", "amount_refunded", "total", "subtotal")


def whole(minor: float, currency: str) -> float:
    """Cents to the currency's unit; some have no cents, some have thousandths.

    Source: https://docs.stripe.com/currencies#minor-units
    """
    code = currency.lower()
    return minor / (1 if code in _NO_DECIMALS else 1000 if code in _THREE_DECIMALS else 100)


def with_money(records: Sequence[Mapping[str, Any]], client: Client) -> list[Mapping[str, Any]]:
    """The records with their amounts in whole currency."""
    return [
        {name: whole(value, record["currency"]) if name in _AMOUNTS and value is not None else value
         for name, value in record.items()}
        for record in records
    ]  # fmt: skip


def with_worth(records: Sequence[Mapping[str, Any]], client: Client) -> list[Mapping[str, Any]]:
    """Subscriptions with `quantity`, `mrr`, `plan_name`, and where a change is told also with what was before it."""
    return [{**record, **_worth(record)} for record in records]


def with_revenue(records: Sequence[Mapping[str, Any]], client: Client) -> list[Mapping[str, Any]]:
    """Customers with `revenue_per_year` and `quantity`, the sums over their paying subscriptions."""
    found = list[Mapping[str, Any]]()
    for record in records:
        paying = [one for one in inside(record, "subscriptions.data") or () if one.get("status") in _PAYING]
        mrr = sum(monthly(one) for one in paying)
        found.append({
            **{name: value for name, value in record.items() if name != "subscriptions"},
            "mrr": mrr,
            "revenue_per_year": round(12 * mrr, 2),
            "quantity": sum(_quantity(one) for one in paying),
            "plan_name": _plan(paying[0]) if paying else None,
        })  # fmt: skip
    return found


def monthly(subscription: Mapping[str, Any]) -> float:
    """Revenue per month in whole currency, before coupons; metered prices count as 0, since nobody knows yet."""
    return round(sum(_item_monthly(item) for item in _items(subscription)), 4)


def _worth(record: Mapping[str, Any]) -> dict[str, Any]:
    now = {"quantity": _quantity(record), "mrr": _paid(record), "plan_name": _plan(record)}
    if record.get("change_id") in (None, "listed"):
        return now
    ended = {"status": "active"} if record.get("status") == "canceled" else {}
    before = record.get("previous") or ended
    if not before:
        return now
    earlier = _merged(record, before)
    return now | {
        "previous_quantity": _quantity(earlier),
        "previous_mrr": _paid(earlier),
        "mrr_change": round(_paid(record) - _paid(earlier), 4),
    }


def _merged(record: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """The record as it was: of objects a change tells only the parts that changed, lists it tells as a whole."""
    return {
        **record,
        **{
            key: _merged(record[key], old) if isinstance(old, Mapping) and isinstance(record.get(key), Mapping) else old
            for key, old in before.items()
        },
    }


def _paid(subscription: Mapping[str, Any]) -> float:
    return monthly(subscription) if subscription.get("status") in _PAYING else 0.0


def _items(subscription: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The items; what a change tells of the price or the number of the only item stands on the subscription itself."""
    items: list[Mapping[str, Any]] = list(inside(subscription, "items.data") or ())
    changed = {key: subscription[key] for key in ("quantity", "plan") if subscription.get(key) is not None}
    return [{**items[0], **changed}] if len(items) == 1 else items


def _item_monthly(item: Mapping[str, Any]) -> float:
    price = item.get("plan") or item.get("price") or {}
    recurring = price.get("recurring") or price
    if recurring.get("usage_type") == "metered":
        return 0.0
    minor = price.get("amount_decimal") or price.get("unit_amount_decimal") or price.get("amount") or 0
    months = _MONTHS.get(recurring.get("interval", ""), 1.0) * (recurring.get("interval_count") or 1)
    return whole(float(minor), price.get("currency", "usd")) * (item.get("quantity") or 0) / months


def _quantity(subscription: Mapping[str, Any]) -> int:
    return sum(item.get("quantity") or 0 for item in _items(subscription))


def _plan(subscription: Mapping[str, Any]) -> Any:
    """What the first item's price is called, else its id."""
    for item in _items(subscription):
        price = item.get("plan") or item.get("price") or {}
        return price.get("nickname") or price.get("lookup_key") or price.get("id")
    return None
