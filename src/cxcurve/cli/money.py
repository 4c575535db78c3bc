"""Recurring revenue and deals as tables for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.text import Text

from cxcurve.charts import format as said
from cxcurve.cli.tables import MOST_ROWS, Manner, Parts, clean, filled, heading, more, table, why_not

Found = Mapping[str, Any]
MOST_MONTHS = 13
_KINDS = ("new", "reactivation", "expansion", "contraction", "churn")


def revenue_view(found: Found, manner: Manner) -> Parts:
    """What is kept of what was paid a year ago, and the ledger month by month."""
    yield heading("Recurring revenue a year", manner.as_of(found["as_of"]))
    if found["reason"]:
        yield why_not(found["reason"])
    if not found["is_said"]:
        yield Text("journey.yaml names no `recurring` events: who bought pays the same until the exit.", style="dim")
    year, currency = found["year"], found["currency"]
    if year is None:
        return
    for label, name in (("Net revenue retention", "nrr"), ("Gross", "grr"), ("Customers kept", "customers_kept")):
        yield Text(_kept(label, name, year))
    heads = (">Opening", ">New", ">Came back", ">Expansion", ">Contraction", ">Churn", ">Closing", ">Customers")
    rows = ([row["month"], *_money(row, currency), said.number(row["n_closing"])] for row in found["months"])
    yield filled(table("Month", *heads), list(rows)[-MOST_MONTHS:])


def _money(row: Found, currency: str) -> list[str]:
    return [said.cents(row[name], currency) for name in ("opening", *_KINDS, "closing")]


def _kept(label: str, name: str, year: Found) -> str:
    if year[name] is None:
        return f"{label}: {said.reason(year[f'{name}_reason'])}"
    band = said.interval(year[f"{name}_low"], year[f"{name}_high"], "share")
    return f"{label}: {said.share(year[name], 1)} (95 % {band}) of {said.plural(year['n'], 'customer')} a year ago"


def deals_view(found: Found, manner: Manner) -> Parts:
    """What moves on in 28 days, by stage, and the prospects that are worth most."""
    n = said.plural(found["n"], "prospect")
    yield heading("Deals", manner.as_of(found["as_of"]), n, f"{manner.money(found['amount'])} a year in all")
    if found["reason"]:
        yield why_not(found["reason"])
        return
    yield Text(f"Moves on in 28 days: {_sum(found, manner)}")
    rows = (
        [clean(one["stage"]), said.number(one["n"]), manner.money(one["amount"]), _sum(one, manner)]
        for one in found["stages"]
    )
    yield filled(table("Stage", ">Prospects", ">Amount a year", ">Moves on (95 %)"), rows)
    heads = ("Name", "Stage", ">Amount", ">Chance", ">Expected", "What holds it", "Owner")
    yield filled(table("Prospect", *heads), (_deal(row, manner) for row in found["deals"][:MOST_ROWS]))
    yield from more(found["n"])


def _sum(found: Found, manner: Manner) -> str:
    if found["expected"] is None:
        return said.reason(found["expected_reason"])
    low, high = (manner.money(found[f"expected_{end}"]) for end in ("low", "high"))
    return f"{manner.money(found['expected'])} ({low} to {high})"


def _deal(row: Found, manner: Manner) -> list[str]:
    told = [manner.money(row["amount"]), said.share(row["chance"]), manner.money(row["expected"])]
    ends = [clean(row["doubt"] or "", 32), clean(row["owner"], 24)]
    return [clean(row["customer_id"], 24), clean(row["name"], 32), clean(row["stage_label"]), *told, *ends]
