"""Cohorts of customers by when they began, and how many of them, and how much of what they paid, is still there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cxcurve.errors import Reason
from cxcurve.metrics.months import Period
from cxcurve.metrics.recurring import Kind, Movements
from cxcurve.metrics.revenue import FEWEST, standing
from cxcurve.stats.estimates import THIN, Estimate, Ints, nothing
from cxcurve.stats.proportions import wilson


@dataclass(frozen=True, slots=True)
class Cell:
    """A cohort so many periods after the one it began in, at that period's end.

    Attributes:
        n_kept: customers who pay then; who left and came back is among them.
        cents: what they pay a year then; None where it is not to be told.
        customers: share of the cohort that pays.
        revenue: what they pay then / what all of the cohort paid at first; over 1 where it grew.
    """

    n_kept: int
    cents: int | None
    customers: Estimate
    revenue: Estimate


@dataclass(frozen=True, slots=True)
class RevenueCohort:
    """Customers who began in a period, with what they paid then; `cells` as far as periods are over."""

    name: str
    n: int
    cents: int | None
    cells: tuple[Cell, ...]

    @property
    def is_thin(self) -> bool:
        """Whether it is so small that its shares are to be taken with care."""
        return self.n < THIN


def began(moves: Movements, value_us: Mapping[int, int] | None = None) -> dict[int, int]:
    """When each customer began: with its first revenue, or with first value after that.

    Args:
        moves: of all customers.
        value_us: by customer key when it first reached value; None for the first revenue. Who has not is in no cohort.
    """
    is_first = moves.kind == Kind.NEW
    first = dict(zip(moves.customer[is_first].tolist(), moves.at_us[is_first].tolist(), strict=True))
    if value_us is None:
        return first
    return {key: max(us, value_us[key]) for key, us in first.items() if key in value_us}


def revenue_cohorts(
    moves: Movements, since_us: Mapping[int, int], found: Sequence[Period], n_over: int
) -> list[RevenueCohort]:
    """Who began in each period, the first first; periods in which nobody did are there too.

    Args:
        moves: of all customers.
        since_us: by customer key when it began; whoever pays nothing right after that is in no cohort.
        found: periods one after the other, from the first beginning to as_of.
        n_over: how many of them are over at as_of; cells are told at the ends of these.
    """
    keys = np.unique(moves.customer)
    when = np.array([since_us.get(int(key), -1) for key in keys], dtype=np.int64)
    first = standing(moves, when + 1)
    takes_part = (when >= 0) & first.is_paying
    levels = [standing(moves, period.until_us) for period in found[:n_over]]
    cohorts = []
    for place, period in enumerate(found):
        mine = takes_part & (when >= period.since_us) & (when < period.until_us)
        n, cents = int(mine.sum()), int(first.cents[mine].sum())
        later = [(int(level.is_paying[mine].sum()), int(level.cents[mine].sum())) for level in levels[place:]]
        cohorts.append(RevenueCohort(period.name, n, cents, tuple(_cell(n, cents, *one) for one in later)))
    return cohorts


def together(cohorts: Sequence[RevenueCohort], n_cells: int) -> RevenueCohort:
    """All cohorts as one: so many periods on, of those that have come so far."""
    cells = []
    for age in range(n_cells):
        there = [one for one in cohorts if len(one.cells) > age]
        n, cents = sum(one.n for one in there), sum(one.cents or 0 for one in there)
        cells.append(
            _cell(n, cents, sum(o.cells[age].n_kept for o in there), sum(o.cells[age].cents or 0 for o in there))
        )
    return RevenueCohort("all", sum(one.n for one in cohorts), sum(one.cents or 0 for one in cohorts), tuple(cells))


def _cell(n: int, cents: int, n_kept: int, cents_kept: int) -> Cell:
    if n < FEWEST:
        return Cell(n_kept, cents_kept, nothing(n), nothing(n))
    share = Estimate(cents_kept / cents, n=n) if cents > 0 else nothing(n, Reason.NO_REVENUE)
    return Cell(n_kept, cents_kept, wilson(n_kept, n), share)


def first_value(keys: Ints, goal_us: Ints) -> dict[int, int]:
    """When each customer first reached value, from rows of `time_to_value.value_times` that did."""
    found: dict[int, int] = {}
    for key, us in zip(keys.tolist(), goal_us.tolist(), strict=True):
        found[key] = min(us, found.get(key, us))
    return found
