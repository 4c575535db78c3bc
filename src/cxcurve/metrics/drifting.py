"""Drifting now: who is beyond the usual end of a passage, their chances, and what it costs (definitions.md, 6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cxcurve.errors import Reason
from cxcurve.metrics.passages import EXITED, FEWEST, PROGRESSED, Passage
from cxcurve.stats.estimates import Estimate, Floats, Ints, nothing
from cxcurve.stats.event_table import EventTable
from cxcurve.stats.survival import aalen_johansen, kaplan_meier

HORIZON_DAYS, AHEAD_DAYS = 365.0, 28.0
FEWEST_FOLLOWED = 10
_N_DRAWS = 200

Revenue = Mapping[int, tuple[float, bool]]
"""By customer key: money per year, and whether it is the segment's usual, for want of the own."""


@dataclass(frozen=True, slots=True)
class Present:
    """A customer who is in the zone now; `revenue` is per year, 0 where none is known."""

    customer_key: int
    days: float
    revenue: float
    is_usual_revenue: bool


@dataclass(frozen=True, slots=True)
class Drifting(Present):
    """One beyond the usual end of the passage. What cannot be told is None, and `reason` says why.

    Attributes:
        progress_share: P(progress within 28 days | still here after `days`): the chance to save.
        exit_share: P(exit within 28 days | still here after `days`).
        lost_share: how much of the chance to progress within a year is gone since the entry.
        worth_saving_revenue: revenue x chance to save.
        impact_revenue: revenue x lost chance.
        reason: why there is no chance to save.
    """

    progress_share: float | None
    exit_share: float | None
    lost_share: float | None
    worth_saving_revenue: float | None
    impact_revenue: float | None
    reason: Reason | None


def present_now(passage: Passage, revenue: Revenue) -> tuple[Present, ...]:
    """Everybody who is in the zone, the longest there first."""
    rows = np.flatnonzero(passage.cause == 0)
    keys, days = passage.customer_key[rows].tolist(), passage.days[rows].tolist()
    here = [Present(key, stayed, *revenue.get(key, (0.0, True))) for key, stayed in zip(keys, days, strict=True)]
    return tuple(sorted(here, key=lambda one: (-one.days, one.customer_key)))


def drifting_now(passage: Passage, tau: float | None, revenue: Revenue) -> tuple[Drifting, ...]:
    """Open stays beyond tau in order of revenue x chance to save; who has no chance to tell comes last."""
    if tau is None:
        return ()
    late = [one for one in present_now(passage, revenue) if one.days > tau]
    chances, days = Chances.of(passage.table), np.array([one.days for one in late])
    shares = (chance(days).tolist() for chance in (chances.progress, chances.exit, chances.lost))
    told = zip(*shares, chances.reasons(days), strict=True)
    has_prices = any(one.revenue for one in late)
    found = (_drifting(one, has_prices, *chance) for one, chance in zip(late, told, strict=True))
    return tuple(sorted(found, key=_order))


def impact(passage: Passage, drifting: Sequence[Drifting], *, seed: int) -> Estimate:
    """Revenue a year that the drifting customers' lost chances are worth; interval by drawing the entrants anew.

    Args:
        passage: the entrants.
        drifting: from `drifting_now`.
        seed: of the draws.

    Returns:
        Money a year. None with fewer than 20 entrants, and where nobody's revenue is known: nothing is worth 0 for want
        of a price.
    """
    n = len(passage.days)
    if n < FEWEST:
        return nothing(n)
    if not drifting:
        return Estimate(0.0, 0.0, 0.0, n)
    if not any(one.revenue for one in drifting):
        return nothing(n, Reason.NO_REVENUE)
    # Six hours are fine enough for an interval, and keep the draws small however many customers there are.
    table = EventTable.from_rows(np.round(passage.days * 4) / 4, passage.cause, 2)
    days = np.minimum([one.days for one in drifting], Chances.of(table).known_days)
    revenue = np.array([one.revenue for one in drifting])
    low, high = np.quantile(_drawn_losses(table, days, revenue, seed), [0.025, 0.975])
    return Estimate(sum(one.impact_revenue or 0.0 for one in drifting), float(low), float(high), n)


@dataclass(frozen=True, eq=False, slots=True)
class Chances:
    """What became of those who entered before: by day, the share progressed, exited and still there.

    A chance is told where ten who were there longer were followed for the 28 days after, or ended in them. Fewer say
    little: where nine of ten are seen no more and the tenth moves on, it would be 100 %. What was lost since the entry
    is told for all, for its sum has an interval: past `known_days`, the last on which ten were at risk, who is there
    longer is taken to be there that long.
    """

    table: EventTable
    days: Floats
    progressed: Floats
    exited: Floats
    there: Floats
    known_days: float

    @classmethod
    def of(cls, table: EventTable) -> Chances:
        """The chances that a table of entrants tells."""
        progressed, stay = aalen_johansen(table, PROGRESSED), kaplan_meier(table)
        many = stay.times[stay.n_at_risk >= FEWEST_FOLLOWED]
        known_days = float(many[-1]) if len(many) else 0.0
        return cls(table, stay.times, progressed.share, aalen_johansen(table, EXITED).share, stay.share, known_days)

    def reasons(self, days: Floats) -> list[Reason | None]:
        """Why nothing is told of those who are there for so many days; None where it is."""
        if self.table.n < FEWEST:
            return [Reason.TOO_FEW] * len(days)
        return [None if n >= FEWEST_FOLLOWED else Reason.NOT_FOLLOWED for n in self.n_followed(days)]

    def progress(self, days: Floats) -> Floats:
        """P(progress within 28 days | still here after `days`)."""
        return self._given(self.progressed, days, days + AHEAD_DAYS)

    def exit(self, days: Floats) -> Floats:
        """P(exit within 28 days | still here after `days`)."""
        return self._given(self.exited, days, days + AHEAD_DAYS)

    def lost(self, days: Floats) -> Floats:
        """How much of the chance to progress within a year is gone since the entry."""
        at_entry = self._at(self.progressed, np.array([HORIZON_DAYS]))[0]
        start = np.minimum(days, self.known_days)
        now = self._given(self.progressed, start, np.maximum(start, HORIZON_DAYS))
        return np.asarray(np.maximum(at_entry - now, 0.0))

    def n_followed(self, days: Floats) -> Ints:
        """Customers there longer than `days` of whom it is known what came in the 28 days after."""
        table = self.table
        gone = np.concatenate([[0], np.cumsum(table.n_ended() + table.n_censored)])
        unseen = np.concatenate([[0], np.cumsum(table.n_censored)])
        start = np.searchsorted(table.times, days, side="right")
        end = np.searchsorted(table.times, days + AHEAD_DAYS)
        return np.asarray(table.n - gone[start] - (unseen[end] - unseen[start]))

    def n_ended(self, cause: int, days: Floats) -> Ints:
        """Of them those it ended for by a cause in the 28 days."""
        ended = np.concatenate([[0], np.cumsum(self.table.n_events[:, cause - 1])])
        start, end = (np.searchsorted(self.table.times, when, side="right") for when in (days, days + AHEAD_DAYS))
        return np.asarray(ended[end] - ended[start])

    def _given(self, line: Floats, start: Floats, end: Floats) -> Floats:
        there = self._at(self.there, start)
        gain = self._at(line, end) - self._at(line, start)
        return np.asarray(np.clip(np.divide(gain, there, out=np.zeros_like(gain), where=there > 0), 0.0, 1.0))

    def _at(self, line: Floats, days: Floats) -> Floats:
        return np.asarray(line[np.searchsorted(self.days, days, side="right") - 1])


def _drifting(
    one: Present, has_prices: bool, save: float, leave: float, lost: float, reason: Reason | None
) -> Drifting:
    who = one.customer_key, one.days, one.revenue, one.is_usual_revenue
    if reason is Reason.TOO_FEW:
        return Drifting(*who, None, None, None, None, None, reason)
    cost = one.revenue * lost if has_prices else None
    if reason is not None:
        return Drifting(*who, None, None, lost, None, cost, reason)
    return Drifting(*who, save, leave, lost, one.revenue * save if has_prices else None, cost, None)


def _order(one: Drifting) -> tuple[bool, float, float, float, int]:
    """The most worth saving first; where nobody has a price, the best chance."""
    is_untold = one.progress_share is None
    return is_untold, -(one.worth_saving_revenue or 0.0), -(one.progress_share or 0.0), -one.days, one.customer_key


def _drawn_losses(table: EventTable, days: Floats, revenue: Floats, seed: int) -> Floats:
    """(draws,) the loss with as many entrants drawn anew, for customers there since `days`."""
    cells = np.column_stack([table.n_events, table.n_censored])
    share = (cells / cells.sum()).ravel()
    drawn = np.random.default_rng(seed).multinomial(table.n, share, size=_N_DRAWS).reshape(_N_DRAWS, *cells.shape)
    at_risk = np.maximum(drawn.sum(axis=2)[:, ::-1].cumsum(axis=1)[:, ::-1], 1)
    there = np.cumprod(1 - drawn[:, :, :2].sum(axis=2) / at_risk, axis=1)
    before = np.concatenate([np.ones((_N_DRAWS, 1)), there[:, :-1]], axis=1)
    through = np.cumsum(before * drawn[:, :, PROGRESSED - 1] / at_risk, axis=1)

    def place(day: Floats) -> NDArray[np.intp]:
        return np.maximum(np.searchsorted(table.times, day, side="right") - 1, 0)

    start, inverse = np.unique(place(days), return_inverse=True)
    money = np.bincount(inverse, revenue, len(start))
    end = place(np.maximum(table.times[start], HORIZON_DAYS))
    gain = through[:, end] - through[:, start]
    now = np.clip(np.divide(gain, there[:, start], out=np.zeros_like(gain), where=there[:, start] > 0), 0.0, 1.0)
    at_entry = through[:, place(np.array([HORIZON_DAYS]))]
    return np.asarray(np.maximum(at_entry - now, 0.0) @ money)
