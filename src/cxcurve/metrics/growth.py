"""Expansion that a friction goes against: who of those who pay comes to pay more within 90 days (definitions.md, 8).

The weeks are those that the odds of leaving rest on (`exit_chances`), of customers who pay: felt against clear of it,
at the same stage, as long there, at the same risk from everything else. Who leaves has not expanded.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cxcurve.metrics.exit_chances import FEWEST_CUSTOMERS, HORIZON_DAYS, Bools, Matched, Spans, felt
from cxcurve.metrics.friction_events import NEVER_US
from cxcurve.metrics.recurring import Kind, Movements
from cxcurve.stats.estimates import Estimate, nothing
from cxcurve.stats.matched import Matched as Difference
from cxcurve.stats.matched import matched_difference
from cxcurve.tables import US_PER_DAY

FEWEST_GROWN = 10


@dataclass(frozen=True, eq=False, slots=True)
class Growth:
    """When customers paid, when an expansion lay ahead of them, and how large expansions are.

    Attributes:
        paying: from when until when a customer paid something.
        ahead: the 90 days before each expansion.
        size: what an expansion adds, a share of what was paid before it: all of what they added to all of that.
    """

    paying: Spans
    ahead: Spans
    size: float


def growth_of(moves: Movements) -> Growth | None:
    """What movements of revenue say of expansions; None where there is none."""
    is_first = np.r_[True, moves.customer[1:] != moves.customer[:-1]][: len(moves)]
    before = np.cumsum(moves.cents) - moves.cents
    level = before - before[is_first][np.cumsum(is_first) - 1]  # what the customer paid until then
    grows = (moves.kind == Kind.EXPANSION) & (level > 0)
    if not grows.any():
        return None
    next_us = np.where(np.r_[is_first[1:], True], NEVER_US, np.r_[moves.at_us[1:], NEVER_US])
    pays, at_us = moves.kind != Kind.CHURN, moves.at_us[grows]
    return Growth(
        Spans(moves.customer[pays], moves.at_us[pays], next_us[pays]),
        Spans(moves.customer[grows], at_us - int(HORIZON_DAYS * US_PER_DAY), at_us),
        float(moves.cents[grows].sum() / level[grows].sum()),
    )


def growing(weeks: Matched, growth: Growth) -> Estimate:
    """The share of who felt a friction that did not expand within 90 days, and would have, if like the others.

    Args:
        weeks: felt or clear, in order of customer and time.
        growth: of the same customers.

    Returns:
        Nothing where fewer than 20 customers felt it while they paid, or fewer than 10 of those compared expanded.
    """
    paying, grew = paying_weeks(weeks, growth)
    n_felt, n_grew = (len(np.unique(paying.customer[rows])) for rows in (paying.is_felt, grew))
    if n_felt < FEWEST_CUSTOMERS or n_grew < FEWEST_GROWN:
        return nothing(n_felt)
    return times(compared(paying, grew).difference, -1.0)


def paying_weeks(weeks: Matched, growth: Growth) -> tuple[Matched, Bools]:
    """The weeks in which a customer paid, and whether an expansion came within 90 days."""
    paying = weeks.where(felt(weeks.customer, weeks.ends_us, growth.paying, 0))
    return paying, felt(paying.customer, paying.ends_us, growth.ahead, 0)


def compared(paying: Matched, grew: Bools) -> Difference:
    """The share of weeks in which it was felt that were followed by an expansion, less that of weeks clear of it."""
    _, stratum = np.unique(paying.stratum, return_inverse=True)
    _, customer = np.unique(paying.customer, return_inverse=True)
    return matched_difference(paying.is_felt, grew, stratum, clusters=customer)


def times(estimate: Estimate, by: float) -> Estimate:
    """A value and its interval in another unit; where `by` is below 0 the ends change places."""
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return nothing(estimate.n)
    low, high = sorted((estimate.low * by, estimate.high * by))
    return Estimate(estimate.value * by, low, high, estimate.n)
