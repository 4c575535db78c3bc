"""Small cells: what is told of a few customers is left out for whoever may know of some customers only.

Boards are passed on. Their own customers such a visitor may look at one by one; numbers of fewer than `FEWEST` of
them, and any two boards that differ by fewer, would tell of single ones whoever sees the boards alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from itertools import takewhile
from typing import Any

import numpy as np

from cxcurve.errors import Reason, TooFewError
from cxcurve.metrics.flows import Step
from cxcurve.metrics.inventory import Row as InventoryRow
from cxcurve.metrics.revenue import Line
from cxcurve.metrics.revenue_cohorts import RevenueCohort
from cxcurve.metrics.snapshot import Snapshot
from cxcurve.stats.estimates import nothing
from cxcurve.store import Store
from cxcurve.workspace.advocacy import AdvocacyResult
from cxcurve.workspace.curves import CurveResult
from cxcurve.workspace.deals import COUNTS, DealsResult
from cxcurve.workspace.drift import Drift
from cxcurve.workspace.experience import Experience
from cxcurve.workspace.flows import FlowResult
from cxcurve.workspace.friction import NO_TIMES, InventoryResult
from cxcurve.workspace.maps import MapResult
from cxcurve.workspace.moved import MovedResult
from cxcurve.workspace.populations import population, values_by_customer
from cxcurve.workspace.read_outs import ActionsResult, ReadOut
from cxcurve.workspace.revenue import RevenueResult
from cxcurve.workspace.scorecards import Row, Scorecard
from cxcurve.workspace.time_to_value import TimeToValueResult

FEWEST = 10
COHORT = "entered {stage} in the last 90d"
"""The cohorts that are told of some customers only: of any number of days, two would differ by single ones."""
TOLD = f"numbers of fewer than {FEWEST} customers, or of choices that differ by fewer, are not told"
Choice = tuple[str, str]
EVERYBODY: Choice = ("", "")
Keys = frozenset[int]


def check_told(choices: Collection[Choice], segment: Mapping[str, str], cohort: str | None) -> None:
    """Refuse a population that is none of those that may be told together.

    Raises:
        TooFewError: so it is.
    """
    asked = [*segment.items(), *([("cohort", _plain(cohort))] if cohort else [])] or [EVERYBODY]
    if len(asked) > 1:
        raise TooFewError(f"More than one filter at a time would tell of few customers; {TOLD}. Choose one filter.")
    if asked[0] not in choices:
        raise TooFewError(f"There are too few customers for this; {TOLD}. Choose fewer filters, or look at the list.")


def told_together(snapshot: Snapshot, store: Store) -> frozenset[Choice]:
    """The populations that may be told: none of them is small, no two of them differ by few, nor does what is left.

    Decided in one order for good (all, each value of each segment, each cohort), so that who asks first plays no part.
    """
    asked = [COHORT.format(stage=stage) for stage in snapshot.stage_names]
    cohorts = {one: _keys(population(snapshot, store, None, one), store) for one in asked}
    return chosen(_keys(snapshot, store), values_by_customer(snapshot, store), cohorts)


def chosen(
    everybody: Keys, segments: Mapping[str, Mapping[str, Keys]], cohorts: Mapping[str, Keys]
) -> frozenset[Choice]:
    """The same from who is in them.

    Args:
        everybody: all customers of the scope.
        segments: by key and value who has it.
        cohorts: by name who is in it.
    """
    if len(everybody) < FEWEST:
        return frozenset()
    told: dict[Choice, Keys] = {EVERYBODY: everybody}
    for key, values in segments.items():
        shown: dict[Choice, Keys] = {}
        for value in sorted(values, key=lambda value: (-len(values[value]), value)):
            if _fits(values[value], {**told, **shown}.values()):
                shown[key, value] = values[value]
        while shown and 0 < len(everybody.difference(*shown.values())) < FEWEST:
            shown.popitem()
        told |= shown
    for name, keys in cohorts.items():
        if _fits(keys, told.values()):
            told["cohort", name] = keys
    return frozenset(told)


def _fits(keys: Keys, others: Collection[Keys]) -> bool:
    """Whether it is large enough, and so is what it lacks of, or adds to, each of the others."""
    return len(keys) >= FEWEST and all(
        keys == other or not (keys < other or other < keys) or abs(len(other) - len(keys)) >= FEWEST for other in others
    )


def _keys(snapshot: Snapshot, store: Store) -> Keys:
    return frozenset(store.arrow(snapshot.customers.select("customer_key"))["customer_key"].to_pylist())


def _plain(cohort: str) -> str:
    return re.sub(r"\s+", " ", cohort.strip())


# --- within a board


def few_curve(result: CurveResult) -> CurveResult:
    """Points of enough customers, and the drops between them. Notes may name anybody: they are left out."""
    curve = result.curve
    points = tuple(point for point in curve.points if point.n >= FEWEST)
    known = {point.x for point in points}
    drops = tuple(drop for drop in curve.drops if {drop.start, drop.end} <= known)
    reason = curve.reason if points else Reason.TOO_FEW
    return replace(result, curve=replace(curve, points=points, drops=drops, reason=reason), notes=())


def few_drift(result: Drift) -> Drift:
    """Zones that enough entered."""
    return replace(result, zones=tuple(zone for zone in result.zones if zone.n_entered >= FEWEST))


def few_scorecard(card: Scorecard) -> Scorecard:
    """Values of enough customers."""
    return replace(card, rows=tuple(map(_few_row, card.rows)))


def few_time_to_value(result: TimeToValueResult) -> TimeToValueResult:
    """Months and values of segments with enough who started.

    Raises:
        TooFewError: fewer started at all.
    """
    if result.found is not None and 0 < result.found.n < FEWEST:
        raise TooFewError(f"Fewer than {FEWEST} customers started; {TOLD}. The list of customers has them.")
    return replace(result, fewest=FEWEST)


def few_advocacy(result: AdvocacyResult) -> AdvocacyResult:
    """The rate, and actions, of enough customers; who is ready stays named."""
    rate = result.rate if result.rate.n >= FEWEST else nothing()
    actions = [row for row in result.actions if row["n_customers"] >= FEWEST]
    return replace(result, rate=rate, actions=actions)


def few_inventory(result: InventoryResult) -> InventoryResult:
    """Rows of enough customers, and nothing of what was decided or walked: that is said among colleagues.

    What is left out together must not be few either, nor be left over from the total, so that goes with it.
    """

    def told(row: InventoryRow) -> InventoryRow:
        left, again = (one if one.n >= FEWEST else nothing() for one in (row.drop_off, row.again))
        return replace(row, hours=None, drop_off=left, again=again, foregone=nothing())

    rows = tuple(told(row) for row in result.found.rows if row.n_customers >= FEWEST)
    found = replace(result.found, rows=rows, n_affected=0, risk_revenue=None)
    return replace(result, found=found, decided={}, rivals={}, times=NO_TIMES, is_few=True)


def few_experience(result: Experience) -> Experience:
    """Cells of enough customers, of everybody: beside a segment's the rest of the cell would be told."""
    cells = [one for one in result.cells if not one.segment and one.n_customers >= FEWEST]
    return replace(result, cells=cells)


def few_map(result: MapResult) -> MapResult:
    """Stages and deeds of enough customers, and nothing of what was said of them among colleagues."""

    def told(rows: tuple[dict[str, Any], ...]) -> tuple[dict[str, Any], ...]:
        return tuple({**row, "share": None, "n_events": None} for row in rows if row["n_customers"] >= FEWEST)

    stages = tuple(
        replace(
            one, actions=told(one.actions), pains=told(one.pains), moments=told(one.moments),
            opportunities=told(one.opportunities), valence=None, n_answers=0,
            n_customers=one.n_customers if one.n_customers >= FEWEST else 0,
        )
        for one in result.stages
    )  # fmt: skip
    return replace(result, stages=stages, beliefs={}, is_few=True)


def few_actions(result: ActionsResult, own: Mapping[str, tuple[int, int]]) -> ActionsResult:
    """Actions for some of their customers, with how many these are where they are enough, and nothing that was seen.

    What was seen is of everybody's customers; of theirs alone, two actions would differ by single ones.

    Args:
        result: all actions.
        own: by action how many of their customers were to be reached, and left alone.
    """
    told = []
    for one in result.read_outs:
        n_treated, n_held_out = own.get(one.action.action_id, (0, 0))
        if n_treated + n_held_out:
            sizes = (n_treated if n_treated >= FEWEST else None, n_held_out if n_held_out >= FEWEST else None)
            action = replace(one.action, whom=_without_count(one.action.whom))
            told.append(replace(_unseen(one), action=action, sizes=sizes))
    return replace(result, read_outs=told, is_few=True)


def _unseen(one: ReadOut) -> ReadOut:
    return replace(one, seen=None, lines=(), rows=None, n_joined=0, why=one.why or "not_whole")


def _without_count(whom: str) -> str:
    """How the customers of an action were chosen, without how many were listed: the others of them may be few."""
    chosen = json.loads(whom)
    return json.dumps({**chosen, "listed": None}) if "listed" in chosen else whom


def few_moved(result: MovedResult | None) -> MovedResult | None:
    """What moved the level, where enough left, came and stayed, or nobody did."""
    if result is None:
        return None
    sizes = (result.found.n_stayed, result.found.n_left, result.found.n_new)
    return result if all(n == 0 or n >= FEWEST for n in sizes) else None


def few_revenue(result: RevenueResult) -> RevenueResult:
    """The last months in which nobody moved, or enough did, of each kind; and cohorts of enough customers.

    Months before one that is left out go as well: what is between two sums would tell what few did. So do shares kept
    by all of a cohort but few.
    """
    if result.moves is None:
        return result
    if len(np.unique(result.moves.customer)) < FEWEST:
        raise TooFewError(f"Fewer than {FEWEST} customers ever paid; {TOLD}. The list of customers has them.")
    last = next((place for place in range(len(result.lines), 0, -1) if _is_told(result.lines[place - 1])), 0)
    told = list(takewhile(_is_told, reversed(result.lines[:last])))[::-1]
    is_whole = last == len(result.lines) or not told  # else what few did since the last month told is the difference
    year = result.year if result.year is not None and _is_told(result.year) and is_whole else None
    trend = [one for one in result.trend if one.kept.n >= FEWEST and _fits_cell(one.kept.n, one.kept.n_kept)]
    cohorts = {key: [one for row in rows if (one := _few_cohort(row))] for key, rows in (result.cohorts or {}).items()}
    n_over = sum(place < result.n_over for place in range(last - len(told), last))
    return replace(
        result, lines=told, n_over=n_over, year=year, trend=trend, cohorts=cohorts, everybody={}, is_few=True,
    )  # fmt: skip


def few_deals(result: DealsResult) -> DealsResult:
    """Sums of enough prospects; they themselves stay named, as in the list of customers."""
    rows = [row if _are_many(row) else {**row, **dict.fromkeys(COUNTS)} for row in result.rows]
    stages = [one for one in result.stages if one.n >= FEWEST]
    doubts = [one for one in result.doubts if one[2] >= FEWEST]
    expected = result.expected if result.expected.n >= FEWEST else nothing(result.expected.n)
    return replace(result, rows=rows, stages=stages, doubts=doubts, expected=expected)


def _are_many(row: Mapping[str, Any]) -> bool:
    """Whether neither who moved on, nor who left, nor who stayed are few."""
    there, *ended = (row[name] for name in COUNTS)
    return all(n == 0 or n >= FEWEST for n in (there, *ended, there - sum(ended)))


def few_flow(result: FlowResult) -> FlowResult:
    """Steps up to the first of which few went on, left or wait; what enough did next; ways that enough went."""
    steps = list(takewhile(_is_many, result.steps))
    after = [
        (n, [one for one in found if one.n >= FEWEST]) if n >= FEWEST else (0, [])
        for n, found in result.after[: len(steps)]
    ]
    links = [one for one in result.links if one[2] >= FEWEST]
    reason = result.reason if steps else Reason.TOO_FEW
    return replace(result, steps=steps, labels=result.labels[: len(steps)], after=after, links=links, reason=reason)


def _is_many(one: Step) -> bool:
    sizes = (one.n, one.n_skipped, one.n_next, one.n_left, one.n_waiting)
    return one.n > 0 and all(n == 0 or n >= FEWEST for n in sizes)


def _is_told(one: Line) -> bool:
    sizes = (*(moved.n for moved in one.moved.values()), one.n_opening, one.n_closing)
    return all(n == 0 or n >= FEWEST for n in sizes) and _fits_cell(one.kept.n, one.kept.n_kept)


def _few_cohort(one: RevenueCohort) -> RevenueCohort | None:
    """Without its money: what is between two of its sums may be a single customer's."""
    if one.n < FEWEST or not all(_fits_cell(one.n, cell.n_kept) for cell in one.cells):
        return None
    return replace(one, cents=None, cells=tuple(replace(cell, cents=None) for cell in one.cells))


def _fits_cell(n: int, n_kept: int) -> bool:
    """Whether neither those who stayed nor those who left are few."""
    return all(part == 0 or part >= FEWEST for part in (n_kept, n - n_kept))


def _few_row(row: Row) -> Row:
    if row.n_fewest is not None and row.n_fewest >= FEWEST:  # between two of its sums may be a single customer
        return replace(row, previous=nothing(), is_real_change=None, is_better=None, series=(), change=nothing())
    if row.n_fewest is None and row.current.n >= FEWEST:
        is_known = row.previous.n >= FEWEST
        return (
            row if is_known else replace(row, previous=nothing(), is_real_change=None, is_better=None, change=nothing())
        )
    return replace(
        row, current=nothing(), previous=nothing(), met=None, is_real_change=None, is_better=None, series=(),
        n_unknown=0, change=nothing(),
    )  # fmt: skip
