"""Deals: prospects by what they are worth and how likely they move on, and the doubt that holds each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from cxcurve import charts
from cxcurve.charts import format as fmt
from cxcurve.stats.estimates import Estimate
from cxcurve.web.asked import Asked, Whom
from cxcurve.web.grid import PARAMETERS as TABLE
from cxcurve.web.grid import Column, Grid, grid
from cxcurve.web.pages.explain import explained
from cxcurve.web.pages.frame import Field, Frame, customer_href, framed, with_query
from cxcurve.web.reader import View
from cxcurve.workspace.deals import NO_DOUBT, DealsResult, StageOfDeals

PARAMETERS = (*TABLE, "stage", "doubt")
CSV = "deals.csv"
MOST_DOUBTS, PER_PAGE = 8, 25
HALF = 540.0
Row = Mapping[str, Any]
COLUMNS = (
    Column("name", "Prospect", note="segment"),
    Column("stage_label", "Stage", note="there"),
    Column("amount", "Amount a year", kind="money", note="amount_note"),
    Column("chance", "Moves on", kind="share", note="chance_note", href="chance_href"),
    Column("expected", "Expected", kind="money"),
    Column("doubt", "What holds it"),
    Column("friction_index", "Friction", kind="friction", is_less=True),
    Column("momentum_index", "Momentum", kind="number", is_less=True),
    Column("days", "Days there", kind="days", is_shown=False),
    Column("owner", "Owner", is_less=True),
    Column("customer_id", "Customer", is_shown=False),
)


@dataclass(frozen=True, kw_only=True)
class DealsPage(Frame):
    """What deals.html shows."""

    result: DealsResult
    stats: tuple[Row, ...]
    stages: tuple[Row, ...]
    free: Row | None
    table: Grid
    reason: str | None

    @cached_property
    def held(self) -> charts.Picture | None:
        """How much money each doubt holds."""
        return self._held(HALF)

    @cached_property
    def held_narrow(self) -> charts.Picture | None:
        """The same for a phone."""
        return self._held(charts.NARROW)

    def _held(self, width: float) -> charts.Picture | None:
        held = [(doubt, amount) for doubt, amount, _ in self.result.doubts if amount and doubt != NO_DOUBT]
        items = held[:MOST_DOUBTS]
        if not items:
            return None
        hrefs = [with_query("/deals", {**self.kept, "doubt": name}) for name, _ in items]
        return charts.bars(
            items, unit="money", currency=self.currency, columns=("What holds them", "Amount a year"), width=width,
            title="What holds the money", hrefs=hrefs,
        )  # fmt: skip

    def to_json(self) -> dict[str, Any]:
        """As `cxcurve show deals --json`."""
        return self.result.to_json()

    def to_csv(self) -> str:
        """Every prospect found."""
        return self.table.to_csv()


def build(view: View, asked: Asked) -> DealsPage:
    """The page for a query."""
    frame = framed(view, asked, "Deals", "deals", "/deals")
    result = view.deals
    stage = asked.choice("stage", ("", *(one.stage for one in result.stages)), "")
    doubts = sorted({row["doubt"] or NO_DOUBT for row in result.rows})
    doubt = asked.choice("doubt", ("", *doubts), "")
    filters = (
        Field("stage", "Stage", (("", "Any stage"), *((one.stage, one.label) for one in result.stages)), stage),
        Field("doubt", "What holds it", (("", "Any doubt"), *((one, one) for one in doubts)), doubt),
    )
    chosen = [
        row for row in result.rows
        if (not stage or row["stage"] == stage) and (not doubt or (row["doubt"] or NO_DOUBT) == doubt)
    ]  # fmt: skip
    rows = [_row(row, view.whom, frame["kept"], frame["currency"]) for row in chosen]
    return DealsPage(
        **frame,
        result=result,
        stats=() if result.reason else _stats(result, view.whom, frame["currency"]),
        stages=tuple(_stage(one, view.whom, frame["currency"], frame["kept"]) for one in result.stages if one.n),
        free=next(({"amount": amount, "n": n} for name, amount, n in result.doubts if name == NO_DOUBT), None),
        table=grid(
            COLUMNS, rows, asked, sort="-expected", noun="prospect", searched=("name", "customer_id", "owner", "doubt"),
            filters=filters, csv_path="/deals.csv", currency=frame["currency"], per_page=PER_PAGE,
        ),
        reason=result.reason,
    )  # fmt: skip


def _row(row: Row, whom: Whom, kept: Mapping[str, str], currency: str) -> Row:
    usual = f"usual: {fmt.money(row['usual_amount'], currency)}" if row["usual_amount"] else ""
    missing = f"nobody said{f'; {usual}' if usual else ''}" if row["amount"] is None else ""
    return {
        **row,
        "href": customer_href(row["customer_id"], kept),
        "there": f"for {fmt.days(row['days'])}",
        "amount_note": missing,
        "chance_note": _rests_on(row),
        "chance_href": "" if row["chance"] is None else explained(whom, "deals", row["customer_id"], "chance"),
        "doubt": row["doubt"] or NO_DOUBT,
    }


def _rests_on(row: Row) -> str:
    """How many stayed as long, and how many of them moved on."""
    if row["chance"] is None:
        return "too few stayed as long"
    return "" if row["n_there"] is None else f"{fmt.number(row['n_moved_on'])} of {fmt.number(row['n_there'])} did"


def _stats(result: DealsResult, whom: Whom, currency: str) -> tuple[Row, ...]:
    priced = len(result.rows) - result.n_without_amount
    without = f"; {fmt.number(result.n_without_amount)} without" if result.n_without_amount else ""
    last = next((one for one in reversed(result.stages) if one.n), None)
    found: list[Row] = [
        {"label": "Prospects", "value": fmt.number(len(result.rows)), "interval": "",
         "note": f"{fmt.number(priced)} with an amount{without}", "tone": ""},
        {"label": "Would pay a year", "value": fmt.money(result.amount, currency) if priced else None, "interval": "",
         "note": "all amounts together" if priced else fmt.reason("no_revenue"), "tone": "",
         "href": explained(whom, "deals", "amount")},
        _expected("Moves on in 28 days", result.expected, currency, f"of {fmt.plural(result.expected.n, 'prospect')}",
                  explained(whom, "deals", "expected")),
    ]  # fmt: skip
    if last is not None:
        label = f"From {last.label} to {result.purchase}"
        href = explained(whom, "deals", "stage", last.stage, "expected")
        found.append(_expected(label, last.expected, currency, f"of {fmt.plural(last.expected.n, 'prospect')}", href))
    return tuple(found)


def _expected(label: str, found: Estimate, currency: str, note: str, href: str) -> Row:
    return {
        "label": label,
        "value": None if found.value is None else fmt.money(found.value, currency),
        "interval": fmt.interval(found.low, found.high, "money", currency),
        "note": fmt.reason(found.reason) or note,
        "tone": "",
        "href": href,
    }


def _stage(one: StageOfDeals, whom: Whom, currency: str, kept: Mapping[str, str]) -> Row:
    found = one.expected
    return {
        "label": one.label,
        "href": with_query("/deals", {**kept, "stage": one.stage}),
        "n": one.n,
        "n_with_amount": one.n_with_amount,
        "amount": one.amount if one.n_with_amount else None,
        "expected": found.value,
        "expected_href": explained(whom, "deals", "stage", one.stage, "expected"),
        "band": fmt.interval(found.low, found.high, "money", currency),
        "reason": found.reason,
        "next_step": one.next_step,
    }
