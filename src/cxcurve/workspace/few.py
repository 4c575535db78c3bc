"""Small cells: what is told of a few customers is left out for whoever may know of some customers only.

Boards are passed on. Their own customers such a visitor may look at one by one; numbers of fewer than `FEWEST` of
them, and any two boards that differ by fewer, would tell of single ones whoever sees the boards alone.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import replace

from cxcurve.errors import Reason, TooFewError
from cxcurve.metrics.snapshot import Snapshot
from cxcurve.stats.estimates import nothing
from cxcurve.store import Store
from cxcurve.workspace.advocacy import AdvocacyResult
from cxcurve.workspace.curves import CurveResult
from cxcurve.workspace.drift import Drift
from cxcurve.workspace.moved import MovedResult
from cxcurve.workspace.populations import population, values_by_customer
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


def few_moved(result: MovedResult | None) -> MovedResult | None:
    """What moved the level, where enough left, came and stayed, or nobody did."""
    if result is None:
        return None
    sizes = (result.found.n_stayed, result.found.n_left, result.found.n_new)
    return result if all(n == 0 or n >= FEWEST for n in sizes) else None


def _few_row(row: Row) -> Row:
    if row.current.n >= FEWEST:
        is_known = row.previous.n >= FEWEST
        return row if is_known else replace(row, previous=nothing(), is_real_change=None, is_better=None)
    return replace(
        row, current=nothing(), previous=nothing(), met=None, is_real_change=None, is_better=None, series=(),
        n_unknown=0,
    )  # fmt: skip
