"""Chances to leave within 90 days, and what of them goes with a friction (definitions.md, 8).

Customers whom a friction met in the last 28 days are set against customers whom it did not meet for 90, at the same
stage, as long there, and at the same risk from everything else. What differs after 90 days is an
association: what no event tells may lie behind both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields

import numpy as np
from numpy.typing import NDArray
from scipy import special

from cxcurve.errors import Reason
from cxcurve.metrics.periods import MS, Periods
from cxcurve.stats.estimates import Estimate, nothing, widened, z_of
from cxcurve.stats.logistic import Prior, logistic_regression
from cxcurve.stats.strata import Stratified, stratified_odds_ratio
from cxcurve.tables import US_PER_DAY

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

HORIZON_DAYS = 90.0
FELT_DAYS, CLEAR_DAYS = 28, 90
"""A friction is felt for four weeks after it ended; who had none for 90 days is clear of it, who is in between is
neither."""
EVERY_WEEKS = 2
"""Every second week is looked at: the weeks between say little more, and take as long."""
FEWEST_EXITS, FEWEST_CUSTOMERS = 25, 20
DWELL_DAYS = (14.0, 56.0, 224.0)
BAND = 0.35
"""Width of the bands of risk, in natural log odds: half a doubling."""
_MOST_BANDS = 64
_SPAN_MS = 2**40
_FLAT_SD, _PRIOR_SD, _FRICTION_SD = 10.0, 2.0, 0.5
"""How far stages, pull and dwell, and a friction's weight may be from 0, or from what the weights in force say."""


@dataclass(frozen=True, eq=False, slots=True)
class Spans:
    """When a friction was there: arrays of customer_key, and from when until when."""

    customer: Ints
    since_us: Ints
    until_us: Ints


@dataclass(frozen=True, eq=False, slots=True)
class Matched:
    """Weeks of customers who felt a friction or were clear of it.

    (n,) customer_key, end of the week, stratum (stage, time there and risk from everything else), and whether it was
    felt and the customer left within 90 days.
    """

    customer: Ints
    ends_us: Ints
    stratum: Ints
    is_felt: Bools
    left: Bools

    def where(self, rows: Bools) -> Matched:
        """Some of the weeks."""
        return Matched(*(getattr(self, one.name)[rows] for one in fields(self)))


@dataclass(frozen=True, eq=False, slots=True)
class Chances:
    """What the log says of leaving within 90 days.

    Attributes:
        coefficients: natural log odds by stage, then of friction and pull (doublings) and dwell (log2 of days + 1);
            None with too few exits.
        n_exits: customers who left within 90 days of a week looked at, by stage.
        effects: by signal the odds of leaving, who felt it against who did not.
        reason: why there are no chances.
        growth: by signal the share of who felt it that does not expand within 90 days and would, if like the others.
        expansion: what an expansion adds, a share of what was paid before; None where the journey names none.
    """

    coefficients: Floats | None
    n_exits: Ints
    effects: Mapping[int, Stratified]
    reason: Reason | None = None
    growth: Mapping[int, Estimate] = field(default_factory=dict)
    expansion: float | None = None

    def of(self, stage: Ints, friction: Floats, momentum: Floats, dwell_days: Floats) -> Floats:
        """(n,) the chance of each customer to leave within 90 days; nan where nothing can be told."""
        if self.coefficients is None:
            return np.full(len(stage), np.nan)
        return np.asarray(
            special.expit(_design(stage, friction, momentum, dwell_days, len(self.n_exits)) @ self.coefficients)
        )


def chances(
    periods: Periods,
    friction: Floats,
    momentum: Floats,
    spans: Mapping[int, Spans],
    columns: Mapping[int, Sequence[int]],
    *,
    n_stages: int,
    grows: Callable[[Matched], Estimate] | None = None,
) -> Chances:
    """Fit who leaves, and compare who felt each friction with who did not.

    Args:
        periods: customers and weeks.
        friction: (k,) weight of each friction feature, in doublings.
        momentum: (m,) the same of momentum.
        spans: by signal when it was there.
        columns: by signal its friction features: they are left out of what has to be equal.
        n_stages: of the journey.
        grows: tells from the same weeks what `Chances.growth` says.
    """
    rows = sampled(periods)
    left = rows.exit_days < HORIZON_DAYS
    n_exits = _leavers(rows, left, n_stages)
    found, reason = _weighed(rows, left, friction, momentum, n_stages)
    if found is None:
        return Chances(None, n_exits, {}, reason)
    effects, growth = dict[int, Stratified](), dict[int, Estimate]()
    for signal, when in spans.items():
        weeks = found.matched(when, columns.get(signal, ()))
        effects[signal] = _effect(weeks)
        if grows is not None:
            growth[signal] = grows(weeks)
    return Chances(found.coefficients, n_exits, effects, growth=growth)


def matched_weeks(
    periods: Periods, friction: Floats, momentum: Floats, when: Spans, columns: Sequence[int], *, n_stages: int
) -> Matched | None:
    """The weeks that the odds of one friction rest on, from what `chances` takes; None with too few exits.

    `when`: when the friction was there; `columns`: its friction features.
    """
    rows = sampled(periods)
    found, _ = _weighed(rows, rows.exit_days < HORIZON_DAYS, friction, momentum, n_stages)
    return None if found is None else found.matched(when, columns)


@dataclass(frozen=True, eq=False, slots=True)
class _Weighed:
    """The weeks looked at, with what each friction feature adds to the log odds of leaving, and those of each week."""

    rows: Periods
    left: Bools
    coefficients: Floats
    weights: Floats
    score: Floats

    def matched(self, when: Spans, columns: Sequence[int]) -> Matched:
        """The weeks in which a friction was felt, and those clear of it, with their strata."""
        rows, own = self.rows, list(columns)
        strata = _strata(rows, self.score - rows.drag[:, own] @ self.weights[own])
        now = felt(rows.customer, rows.ends_us, when, FELT_DAYS)
        chosen = now | ~felt(rows.customer, rows.ends_us, when, CLEAR_DAYS)
        who, when_us = rows.customer[chosen], rows.ends_us[chosen]
        return Matched(who, when_us, strata[chosen], now[chosen], self.left[chosen])


def _weighed(
    rows: Periods, left: Bools, friction: Floats, momentum: Floats, n_stages: int
) -> tuple[_Weighed | None, Reason | None]:  # fmt: skip
    if len(np.unique(rows.customer[left])) < FEWEST_EXITS or left.all():
        return None, Reason.TOO_FEW if len(rows) else Reason.NOT_FOLLOWED
    x = _design(rows.stage, rows.drag @ friction, rows.pull @ momentum, rows.dwell_days, n_stages)
    fit = logistic_regression(
        x, left, Prior.of(np.zeros(x.shape[1]), np.r_[np.full(n_stages, _FLAT_SD), np.full(3, _PRIOR_SD)])
    )
    if fit.coefficients is None:
        return None, fit.reason
    weights, score = _risk(rows, left, x, friction * fit.coefficients[n_stages], n_stages)
    return _Weighed(rows, left, fit.coefficients, weights, score), None


def sampled(periods: Periods) -> Periods:
    """Every second week that was followed for 90 days, counted back from the last, by customer and time."""
    rows = periods.where(periods.followed_days >= HORIZON_DAYS)
    last = rows.week.max(initial=0)
    rows = rows.where((last - rows.week) % EVERY_WEEKS == 0)
    return rows.where(np.lexsort((rows.week, rows.customer)))


def felt(customer: Ints, at_us: Ints, spans: Spans, days: int) -> Bools:
    """(n,) whether a friction was there in so many days before each row.

    Args:
        customer: (n,) customer_key, in order.
        at_us: (n,) when, in order within a customer.
        spans: when it was there; what begins at the row's moment is after it.
        days: how long it is felt.
    """
    if not len(customer):
        return np.zeros(0, bool)
    first = int(min(at_us.min(), spans.since_us.min(initial=2**62)))
    rows = _code(customer, at_us, first)
    until = np.minimum(spans.until_us, int(at_us.max())) + days * US_PER_DAY
    begin = np.searchsorted(rows, _code(spans.customer, spans.since_us, first), "right")
    end = np.searchsorted(rows, _code(spans.customer, until, first), "right")
    real = begin < end
    steps = np.bincount(begin[real], minlength=len(rows) + 1) - np.bincount(end[real], minlength=len(rows) + 1)
    return np.asarray(np.cumsum(steps[:-1]) > 0)


def excess(chance: Floats, odds_ratio: float) -> Floats:
    """What of a chance goes when its odds are divided by a ratio."""
    odds = chance / (1 - chance)
    return np.asarray(chance - odds / odds_ratio / (1 + odds / odds_ratio))


def at_risk(
    chance: Floats, revenue: Floats, is_felt: Mapping[int, Bools], effects: Mapping[int, Stratified]
) -> dict[int, tuple[Floats, Floats, Floats]]:
    """Revenue times the part of the chance that goes with each friction: by signal (n,) value, low, high.

    Where frictions overlap, their parts are made smaller in the same proportion, so that a customer's parts never add
    up to more than what goes when all of them go. A friction that nothing can be told of has no part.
    """
    known = {signal: one.odds_ratio for signal, one in effects.items() if _is_told(one.odds_ratio)}
    parts = {signal: np.where(is_felt[signal], excess(chance, one.value or 1.0), 0.0) for signal, one in known.items()}
    together, apart = np.zeros(len(chance)), np.zeros(len(chance))
    for signal, one in known.items():
        together += np.where(is_felt[signal], np.log(max(one.value or 1.0, 1.0)), 0.0)
        apart += np.maximum(parts[signal], 0.0)
    most = excess(chance, 1.0) if not len(chance) else chance - special.expit(special.logit(chance) - together)
    scale = np.minimum(1.0, np.divide(most, apart, out=np.ones(len(chance)), where=apart > 0)) * revenue
    return {
        signal: (
            parts[signal] * scale,
            np.where(is_felt[signal], excess(chance, one.low or 1e-9), 0.0) * scale,
            np.where(is_felt[signal], excess(chance, one.high or 1.0), 0.0) * scale,
        )
        for signal, one in known.items()
    }


def added(parts: tuple[Floats, Floats, Floats], exits_behind: Floats, rows: Bools) -> Estimate:
    """The parts of some customers together.

    The interval is that of the odds ratio, widened by what is not known of the chances themselves: they rest on so
    many exits (a count's relative error is one over its root).

    Args:
        parts: from `at_risk`.
        exits_behind: (n,) exits that each customer's chance rests on.
        rows: (n,) which customers.
    """
    n = int(rows.sum())
    value, low, high = (float(one[rows].sum()) for one in parts)
    variance = float((np.abs(parts[0][rows]) / np.sqrt(np.maximum(exits_behind[rows], 1.0))).sum())
    return widened(Estimate(value, low, high, n), z_of(0.95) * variance)


def _is_told(ratio: Estimate) -> bool:
    return None not in (ratio.value, ratio.low, ratio.high) and bool(ratio.value)


def _effect(found: Matched) -> Stratified:
    if len(np.unique(found.customer[found.is_felt])) < FEWEST_CUSTOMERS:
        n = int(found.is_felt.sum())
        return Stratified(n, 0, 0, None, None, nothing(n))
    _, customer = np.unique(found.customer, return_inverse=True)
    return stratified_odds_ratio(found.is_felt, found.left, _numbered(found.stratum), clusters=customer)


def _risk(rows: Periods, left: Bools, x: Floats, expert: Floats, n_stages: int) -> tuple[Floats, Floats]:
    """What each friction feature adds to the log odds of leaving, and the log odds of each row but for stage and dwell.

    What has to be equal is the risk as it is, not as the weights in force have it: where they are wrong of one
    friction, it would be blamed on those that come with it. So they are the middle that the data move from.

    Source: Hansen 2008, Biometrika 95:481-488 (prognostic scores)
    """
    columns = np.hstack([x[:, :n_stages], x[:, n_stages + 1 :], rows.drag])
    n_others = columns.shape[1] - len(expert)
    others = Prior.of(np.zeros(n_others), np.r_[np.full(n_stages, _FLAT_SD), np.full(n_others - n_stages, _PRIOR_SD)])
    fit = logistic_regression(columns, left, others + Prior.of(expert, np.full(len(expert), _FRICTION_SD)))
    found = np.zeros(columns.shape[1]) if fit.coefficients is None else fit.coefficients
    weights = found[n_others:]
    return weights, np.asarray(rows.drag @ weights + x[:, n_stages + 1] * found[n_stages])


def _strata(rows: Periods, score: Floats) -> Ints:
    dwell = np.searchsorted(DWELL_DAYS, rows.dwell_days, "right")
    # What is taken out of a sum leaves a trace in the last digit: it must not move anybody over an edge.
    band = np.floor(score / BAND + 1e-6).astype(np.int64)
    band = np.clip(band - band.min(initial=0), 0, _MOST_BANDS - 1)
    sizes = int(rows.stage.max(initial=0)) + 1, len(DWELL_DAYS) + 1, _MOST_BANDS
    return np.asarray(np.ravel_multi_index((rows.stage, dwell, band), sizes))


def _numbered(strata: Ints) -> Ints:
    return np.asarray(np.unique(strata, return_inverse=True)[1])


def _design(stage: Ints, friction: Floats, momentum: Floats, dwell_days: Floats, n_stages: int) -> Floats:
    stages = (stage[:, None] == np.arange(n_stages)).astype(float)
    return np.column_stack([stages, friction, momentum, np.log2(1 + np.maximum(dwell_days, 0.0))])


def _leavers(rows: Periods, left: Bools, n_stages: int) -> Ints:
    """By stage the customers who left within 90 days of a week there."""
    pairs = np.unique(np.stack([rows.stage[left], rows.customer[left]]), axis=1)
    return np.bincount(pairs[0], minlength=n_stages)


def _code(customer: Ints, us: Ints, first: int) -> Ints:
    """Customer and time in one number."""
    return np.asarray(customer * _SPAN_MS + np.clip((us - first) // MS, 0, _SPAN_MS - 1))
