"""Recurring revenue of a snapshot: its ledger, what is kept of it, and its cohorts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.compute as pc

from cxcurve.errors import Reason
from cxcurve.metrics.months import Period, Span, periods, whole, year_before
from cxcurve.metrics.recurring import KINDS, Movements, movements_of, recurring_rule, revenue_events
from cxcurve.metrics.revenue import Line, ledger, line
from cxcurve.metrics.revenue_cohorts import RevenueCohort, began, first_value, revenue_cohorts, together
from cxcurve.metrics.snapshot import Snapshot
from cxcurve.metrics.time_to_value import value_times
from cxcurve.model.journey import Recurring
from cxcurve.stats.estimates import Estimate
from cxcurve.workspace.results import at, html_table, plain

Arrow = Callable[[ir.Table], pa.Table]
MOST_MONTHS, MOST_COHORTS = 24, 12
YEARS_OF_TREND = 12
BEGINNINGS = ("revenue", "value")
"""What a cohort begins with: the first revenue, or first value after it."""
SPANS: tuple[Span, ...] = ("quarter", "month")


@dataclass(frozen=True)
class RevenueResult:
    """The ledger, the last twelve months as one line, and the cohorts.

    Attributes:
        as_of_us: now.
        currency: ISO 4217: that of the amounts where all have the same, else the workspace's.
        rule: which events move revenue; None where nothing says so.
        is_said: whether journey.yaml says it; else customers pay the same from purchase to exit.
        moves: every movement.
        lines: the last months, the first first; the last one may have only begun.
        n_over: how many of `lines` are over.
        year: the twelve months up to as_of.
        trend: the twelve months up to the end of each of the last months, as lines.
        cohorts: by what they begin with and span, the first first.
        everybody: the same, all cohorts as one.
        is_few: whether it is told to who may know of some customers only, without what few of them did.
        reason: why there is nothing to tell.
    """

    as_of_us: int
    currency: str
    rule: Recurring | None
    is_said: bool
    moves: Movements | None = None
    lines: Sequence[Line] = ()
    n_over: int = 0
    year: Line | None = None
    trend: Sequence[Line] = ()
    cohorts: Mapping[tuple[str, str], Sequence[RevenueCohort]] | None = None
    everybody: Mapping[tuple[str, str], RevenueCohort] | None = None
    is_few: bool = False
    reason: Reason | None = None

    def rows(self) -> list[dict[str, Any]]:
        """The ledger, a row for each month, in whole cents."""
        return [_line(one, is_over=place < self.n_over) for place, one in enumerate(self.lines)]

    def to_json(self) -> dict[str, Any]:
        """As `cxcurve show revenue --json`; money in whole cents a year."""
        cohorts, everybody, moves = self.cohorts or {}, self.everybody or {}, self.moves
        return {
            "as_of": at(self.as_of_us),
            "currency": self.currency,
            "unit": "cents a year",
            "is_said": self.is_said,
            "events": None if self.rule is None else self.rule.model_dump(mode="json"),
            "months": self.rows(),
            "year": None if self.year is None else _line(self.year),
            "trend": [_kept(one) for one in self.trend],
            "cohorts": [
                {
                    "begins_with": begins,
                    "span": span,
                    "all": _cohort(everybody.get((begins, span))),
                    "cohorts": list(map(_cohort, rows)),
                }
                for (begins, span), rows in cohorts.items()
            ],
            **{name: getattr(moves, name, 0) for name in COUNTS},
            "reason": self.reason,
        }

    def _repr_html_(self) -> str:
        names = ("month", "opening", *KINDS, "closing")
        return html_table("Recurring revenue", names, [[row[name] for name in names] for row in self.rows()])


COUNTS = ("n_from_table", "n_without", "n_before_start", "n_foreign")
"""What of the movements is not as it should be."""


def revenue_result(snapshot: Snapshot, arrow: Arrow, currency: str) -> RevenueResult:
    """Read what customers pay again and again."""
    rule, is_said = recurring_rule(snapshot.plan.journey)
    result = RevenueResult(snapshot.as_of_us, currency, rule, is_said)
    if rule is None:
        return replace(result, reason=Reason.NOT_IN_MODEL)
    moves, buckets, told = moves_in(snapshot, arrow, rule, currency, is_said=is_said)
    result = replace(result, currency=told)
    if not len(moves):
        return replace(result, moves=moves, reason=Reason.NO_EVENTS)
    value_us = _first_value(snapshot, arrow)
    reason = None if moves.cents.any() else Reason.NO_REVENUE
    found = _told(replace(result, moves=moves, reason=reason), moves, buckets, snapshot.zone)
    return _with_cohorts(found, moves, value_us, snapshot.zone)


def moves_in(
    snapshot: Snapshot, arrow: Arrow, rule: Recurring, currency: str, *, is_said: bool
) -> tuple[Movements, dict[int, int], str]:
    """Every movement of revenue, the bucket of each customer, and the currency."""
    rows = arrow(snapshot.customers.select("customer_key", "bucket", "revenue_per_year")).to_pylist()
    known = {row["customer_key"]: row["revenue_per_year"] for row in rows if row["revenue_per_year"]}
    events = arrow(revenue_events(snapshot, rule))
    if not is_said:  # nobody knows what their amounts are for
        events = events.set_column(events.column_names.index("amount"), "amount", pa.nulls(len(events), pa.float64()))
    currency = _currency(events, currency)
    moves = movements_of(events, rule, snapshot.plan.keys, known, currency)
    return moves, {row["customer_key"]: row["bucket"] for row in rows}, currency


def _currency(events: pa.Table, usual: str) -> str:
    """That of all amounts, where they have one; else the workspace's."""
    said = events.filter(pc.is_valid(events["amount"]))["currency"].drop_null()
    known = {one.upper() for one in said.to_pylist()}
    return known.pop() if len(known) == 1 else usual


def _first_value(snapshot: Snapshot, arrow: Arrow) -> dict[int, int] | None:
    times = value_times(snapshot)
    if times is None:
        return None
    rows = arrow(times.filter(times.goal_us.notnull()))
    return first_value(rows["customer_key"].to_numpy(), rows["goal_us"].to_numpy())


def _told(result: RevenueResult, moves: Movements, buckets: Mapping[int, int], zone: str) -> RevenueResult:
    as_of_us = result.as_of_us
    every = periods(int(moves.at_us.min()), as_of_us, zone)
    lines = ledger(moves, every[-MOST_MONTHS:], buckets)
    n_over = len(whole(every[-MOST_MONTHS:], as_of_us, zone))
    year = line(moves, Period("year", year_before(as_of_us, zone), as_of_us), buckets)
    ends = [one for one in whole(every, as_of_us, zone) if year_before(one.until_us, zone) >= every[0].since_us]
    trend = [
        line(moves, Period(one.name, year_before(one.until_us, zone), one.until_us), buckets)
        for one in ends[-YEARS_OF_TREND:]
    ]
    return replace(result, lines=lines, n_over=n_over, year=year, trend=trend)


def _with_cohorts(result: RevenueResult, moves: Movements, value_us: dict[int, int] | None, zone: str) -> RevenueResult:
    cohorts: dict[tuple[str, str], Sequence[RevenueCohort]] = {}
    everybody: dict[tuple[str, str], RevenueCohort] = {}
    for begins in BEGINNINGS if value_us is not None else BEGINNINGS[:1]:
        since = began(moves, value_us if begins == "value" else None)
        for span in SPANS if since else ():
            every = periods(min(since.values()), result.as_of_us, zone, span)
            found = revenue_cohorts(moves, since, every, len(whole(every, result.as_of_us, zone, span)))
            shown = [replace(one, cells=one.cells[:MOST_COHORTS]) for one in found]
            everybody[begins, span] = together(shown, max((len(one.cells) for one in shown), default=0))
            cohorts[begins, span] = shown[-MOST_COHORTS:]
    return replace(result, cohorts=cohorts, everybody=everybody)


def _line(one: Line, *, is_over: bool = True) -> dict[str, Any]:
    moved = {name: found.cents for name, found in one.moved.items()}
    counts = {f"n_{name}": found.n for name, found in one.moved.items()}
    return {
        "month": one.period.name,
        "is_over": is_over,
        "opening": one.opening,
        **moved,
        "closing": one.closing,
        "n_opening": one.n_opening,
        **counts,
        "n_closing": one.n_closing,
        **_kept(one),
    }


def _kept(one: Line) -> dict[str, Any]:
    kept = one.kept
    told: dict[str, Any] = {"month": one.period.name, "n": kept.n, "n_kept": kept.n_kept}
    for name, found in (("nrr", kept.nrr), ("grr", kept.grr), ("customers_kept", kept.customers)):
        told |= _estimate(name, found)
    return told


def _estimate(name: str, found: Estimate) -> dict[str, Any]:
    ends = {f"{name}_{end}": plain(getattr(found, end)) for end in ("low", "high", "reason")}
    return {name: plain(found.value), **ends}


def _cohort(one: RevenueCohort | None) -> dict[str, Any] | None:
    if one is None:
        return None
    cells = [
        {"n_kept": cell.n_kept, "cents": cell.cents, "customers": plain(cell.customers.value),
         "low": plain(cell.customers.low), "high": plain(cell.customers.high), "revenue": plain(cell.revenue.value)}
        for cell in one.cells
    ]  # fmt: skip
    return {"cohort": one.name, "n": one.n, "cents": one.cents, "is_thin": one.is_thin, "cells": cells}
