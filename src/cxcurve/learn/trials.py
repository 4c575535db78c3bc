"""Trials: weeks in which something may begin, beside weeks like them in which it does not.

Every week of every customer is a small trial of its own: who it begins for is compared with who was at the same
stage, as long, and at the same risk at the end of the week before. Nobody is asked what comes later: who has it begin
next month is no different today, and who left in the meantime is in neither group.

Source: Hernan et al. 2008, Epidemiology 19:766-779; Gran et al. 2010, Stat. Med. 29:2757-2768
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cxcurve.metrics.periods import MS, Periods
from cxcurve.stats.strata import Stratified, stratified_odds_ratio
from cxcurve.tables import US_PER_DAY

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

HORIZON_DAYS = 90.0
EXIT, PROGRESS = "exit", "progress"
OUTCOMES = (EXIT, PROGRESS)
DWELL_DAYS = (7.0, 14.0, 28.0, 56.0, 112.0, 224.0, 448.0)
"""Where bands of dwell begin: each twice as long as the one before."""
FRICTION_BAND, MOMENTUM_BAND = 0.5, 1.0
"""Width of the bands of risk, in doublings: within one the odds of leaving differ by the root of two at most."""
_MOST_BANDS = 32
_SPAN_MS = 2**40
"""Longer than any log, in milliseconds."""


@dataclass(frozen=True, eq=False, slots=True)
class Outcome:
    """What may come of a trial: whether it could be seen (at risk, and followed for 90 days), and whether it came."""

    is_told: Bools
    happened: Bools


@dataclass(frozen=True, eq=False)
class Trials:
    """One row per customer and week inside the journey both before and after it; by customer, then time.

    Attributes:
        customer: position in `keys`.
        keys: customer_key of each customer, in order.
        cycle: which unbroken time inside the journey, numbered over all customers.
        week: number of the week it may begin in.
        begins_us: end of the week before: what is equal is equal there.
        onset_us: end of that week.
        ends_us: from when on outcomes count.
        stratum: stage, dwell, friction and momentum at `begins_us`.
        outcomes: exit and progress within 90 days after `ends_us`.
    """

    customer: Ints
    keys: Ints
    cycle: Ints
    week: Ints
    begins_us: Ints
    onset_us: Ints
    ends_us: Ints
    stratum: Ints
    outcomes: Mapping[str, Outcome]

    def __len__(self) -> int:
        return len(self.customer)

    @property
    def is_followed(self) -> bool:
        """Whether anybody was followed long enough."""
        return any(outcome.is_told.any() for outcome in self.outcomes.values())

    def rows_of(self, key: Ints, at_us: Ints) -> Ints:
        """The row in whose week each of some events falls, without those that fall in none."""
        who, at = self._known(key, at_us)
        row = np.searchsorted(self._code(self.customer, self.begins_us), self._code(who, at), "right") - 1
        row, who, at = (values[row >= 0] for values in (row, who, at))
        return np.asarray(row[(self.customer[row] == who) & (at < self.onset_us[row])])

    def overlap(self, key: Ints, since_us: Ints, until_us: Ints) -> Bools:
        """(n,) whether one of some spans reaches into the row's time, from `begins_us` to `ends_us`."""
        return self._spanned(self.ends_us, key, since_us, until_us)

    def open_at_start(self, key: Ints, since_us: Ints, until_us: Ints) -> Bools:
        """(n,) whether the row begins within one of some spans."""
        return self._spanned(self.begins_us, key, since_us, until_us)

    def between(self, first: Ints, end: Ints) -> Bools:
        """(n,) whether a row is in one of the ranges `first` to `end` (excluded)."""
        steps = np.bincount(first, minlength=len(self) + 1) - np.bincount(end, minlength=len(self) + 1)
        return np.asarray(np.cumsum(steps[:-1]) > 0)

    def marked(self, rows: Ints) -> Bools:
        """(n,) whether a row is among some."""
        found = np.zeros(len(self), bool)
        found[rows] = True
        return found

    def compare(self, first: Bools, others: Bools, outcome: str) -> Stratified:
        """Odds ratio of an outcome, some rows against others in the same stratum; rows of a customer are alike."""
        told = self.outcomes[outcome]
        chosen = np.flatnonzero(told.is_told & (first | others))
        return stratified_odds_ratio(
            first[chosen], told.happened[chosen], self.stratum[chosen], clusters=self.customer[chosen]
        )

    def _spanned(self, by_us: Ints, key: Ints, since_us: Ints, until_us: Ints) -> Bools:
        """(n,) whether `since` < `by_us`, and the row begins at `until` or earlier, for one of the customer's spans."""
        who, since, until = self._known(key, since_us, until_us)
        first = np.searchsorted(self._code(self.customer, by_us), self._code(who, since), "right")
        end = np.searchsorted(self._code(self.customer, self.begins_us), self._code(who, until), "right")
        return self.between(first[first < end], end[first < end])

    def _known(self, key: Ints, *times: Ints) -> tuple[Ints, ...]:
        """Positions of the customers that have rows, with the times of theirs."""
        place = np.minimum(np.searchsorted(self.keys, key), max(len(self.keys) - 1, 0))
        has_rows = self.keys[place] == key if len(self.keys) else np.zeros(len(key), bool)
        return place[has_rows], *(us[has_rows] for us in times)

    def _code(self, customer: Ints, us: Ints) -> Ints:
        """Customer and time in one number."""
        ms = (us - self.begins_us.min(initial=2**62)) // MS
        return np.asarray(customer * _SPAN_MS + np.clip(ms, -1, _SPAN_MS // 2))


def trials(periods: Periods, friction: Floats, momentum: Floats, *, lag: int = 1) -> Trials:
    """The trials of some periods.

    Who leaves between the week before and `ends_us` is in no trial, and who moves on in between in none of progress:
    what happens at once cannot be told from what it came with.

    Args:
        periods: rows of customers and weeks.
        friction: weight of each friction feature, in doublings.
        momentum: the same of momentum.
        lag: weeks from the week before to the one after which outcomes count.
    """
    rows = periods.where(np.lexsort((periods.week, periods.customer)))
    keys, customer = np.unique(rows.customer, return_inverse=True)
    before = np.arange(max(len(rows) - lag, 0))
    after = before + lag
    gap = (rows.ends_us[after] - rows.ends_us[before]) / US_PER_DAY
    is_one = (customer[before] == customer[after]) & (rows.week[before] + lag == rows.week[after])
    stays = is_one & (rows.exit_days[before] >= gap)
    before, after, gap = before[stays], after[stays], gap[stays]
    is_followed = rows.followed_days[after] >= HORIZON_DAYS
    return Trials(
        customer=customer[before],
        keys=keys,
        cycle=_cycles(rows, customer)[before],
        week=rows.week[before] + 1,
        begins_us=rows.ends_us[before],
        onset_us=rows.ends_us[before + 1],
        ends_us=rows.ends_us[after],
        stratum=_strata(rows.where(before), friction, momentum),
        outcomes={
            EXIT: Outcome(is_followed, rows.exit_days[after] < HORIZON_DAYS),
            PROGRESS: Outcome(is_followed & (rows.move_days[before] >= gap), rows.move_days[after] < HORIZON_DAYS),
        },
    )


def _cycles(rows: Periods, customer: Ints) -> Ints:
    """Number of the unbroken time of each row: a new one begins with a new customer and after an exit."""
    gap = np.diff(rows.ends_us) / US_PER_DAY
    goes_on = (customer[1:] == customer[:-1]) & (rows.exit_days[:-1] >= gap)
    return np.cumsum(np.r_[False, ~goes_on]) if len(rows) else np.zeros(0, np.int64)


def _strata(rows: Periods, friction: Floats, momentum: Floats) -> Ints:
    """Stage, dwell, friction and momentum as one number from 0 on."""
    bands = [
        np.clip(score // width, 0, _MOST_BANDS - 1).astype(np.int64)
        for score, width in ((rows.drag @ friction, FRICTION_BAND), (rows.pull @ momentum, MOMENTUM_BAND))
    ]
    dwell = np.searchsorted(DWELL_DAYS, rows.dwell_days, "right")
    code = np.ravel_multi_index(
        (rows.stage, dwell, *bands),
        (int(rows.stage.max(initial=0)) + 1, len(DWELL_DAYS) + 1, _MOST_BANDS, _MOST_BANDS),
    )
    return np.asarray(np.unique(code, return_inverse=True)[1])
