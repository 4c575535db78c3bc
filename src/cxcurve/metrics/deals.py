"""Deals: what prospects are worth, the chance that each moves on within 28 days, and what comes of all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cxcurve.errors import Reason
from cxcurve.metrics.drifting import AHEAD_DAYS, Chances
from cxcurve.metrics.passages import EXITED, PROGRESSED, Passage
from cxcurve.stats.estimates import Estimate, Floats, nothing
from cxcurve.stats.event_table import EventTable

CAUSES = (PROGRESSED, EXITED)
_N_DRAWS = 1000
_STEPS_A_DAY = 4
"""Six hours are fine enough for an interval, and keep the draws small."""


@dataclass(frozen=True, slots=True)
class Deal:
    """A prospect who is at a stage now.

    Attributes:
        customer_key: the prospect.
        stage: position of the stage.
        days: how long it is there.
        amount: what it would pay a year; None where nobody said.
        chance: P(moves on within 28 days | still there after `days`), from everybody who was at the stage as long;
            None where too few were.
        n_there, n_moved_on, n_left: who was there longer and is known of for 28 days more, and of them who moved on,
            and left, in these.
        reason: why there is no chance, or no amount.
    """

    customer_key: int
    stage: int
    days: float
    amount: float | None
    chance: float | None
    n_there: int
    n_moved_on: int
    n_left: int
    reason: Reason | None

    @property
    def expected(self) -> float | None:
        """Amount x chance."""
        return None if self.amount is None or self.chance is None else self.amount * self.chance


def deals(passage: Passage, present: Sequence[tuple[int, float]], amounts: dict[int, float]) -> list[Deal]:
    """The deals at one stage.

    Args:
        passage: everybody who ever entered the stage.
        present: customer key and days there, of who is there now.
        amounts: by customer key, of those that have one.
    """
    found, days = Chances.of(passage.table), np.array([day for _, day in present])
    chances, reasons = found.progress(days).tolist(), found.reasons(days)
    sizes = found.n_followed(days), *(found.n_ended(cause, days) for cause in CAUSES)
    counts = zip(*(n.tolist() for n in sizes), strict=True)
    return [
        _deal(key, passage.stage, day, amounts.get(key), None if reason else chance, counted, reason)
        for (key, day), chance, counted, reason in zip(present, chances, counts, reasons, strict=True)
    ]


def _deal(
    key: int, stage: int, days: float, amount: float | None, chance: float | None, counted: tuple[int, ...],
    reason: Reason | None,
) -> Deal:  # fmt: skip
    n_there, n_moved_on, n_left = counted
    why = reason or (Reason.NO_REVENUE if amount is None else None)
    return Deal(key, stage, days, amount, chance, n_there, n_moved_on, n_left, why)


def expected_sum(found: Sequence[Deal], by_stage: dict[int, Passage], *, seed: int) -> Estimate:
    """What moves on within 28 days: the sum of amount x chance, and between what it will lie in 95 of 100 cases.

    The interval has both doubts: how well the chances are known (whoever was at the stage is drawn anew), and that each
    prospect moves on or does not. Prospects are taken to decide each for itself.

    Args:
        found: deals; those without amount or chance are left out, and `n` counts the others.
        by_stage: everybody who ever entered each stage.
        seed: of the draws.
    """
    told = [one for one in found if one.expected is not None]
    if not told:
        return nothing(0, Reason.NO_REVENUE if found and all(one.amount is None for one in found) else Reason.TOO_FEW)
    random, sums = np.random.default_rng(seed), np.zeros(_N_DRAWS)
    for stage in sorted({one.stage for one in told}):
        mine = [one for one in told if one.stage == stage]
        days, amounts = np.array([one.days for one in mine]), np.array([one.amount or 0.0 for one in mine])
        chances = _drawn_chances(by_stage[stage], days, random)
        sums += (random.random(chances.shape) < chances) @ amounts
    low, high = np.quantile(sums, [0.025, 0.975])
    return Estimate(sum(one.expected or 0.0 for one in told), float(low), float(high), len(told))


def _drawn_chances(passage: Passage, days: Floats, random: np.random.Generator) -> Floats:
    """(draws, deals) the chances, with as many entrants drawn anew."""
    table = EventTable.from_rows(np.round(passage.days * _STEPS_A_DAY) / _STEPS_A_DAY, passage.cause, 2)
    cells = np.column_stack([table.n_events, table.n_censored])
    drawn = random.multinomial(table.n, (cells / cells.sum()).ravel(), size=_N_DRAWS).reshape(_N_DRAWS, *cells.shape)
    at_risk = np.maximum(drawn.sum(axis=2)[:, ::-1].cumsum(axis=1)[:, ::-1], 1)
    there = np.cumprod(1 - drawn[:, :, :2].sum(axis=2) / at_risk, axis=1)
    before = np.concatenate([np.ones((_N_DRAWS, 1)), there[:, :-1]], axis=1)
    through = np.cumsum(before * drawn[:, :, PROGRESSED - 1] / at_risk, axis=1)
    start, end = (np.searchsorted(table.times, when, side="right") - 1 for when in (days, days + AHEAD_DAYS))
    here = np.where(start >= 0, there[:, np.maximum(start, 0)], 1.0)
    gone = np.where(start >= 0, through[:, np.maximum(start, 0)], 0.0)
    gain = np.where(end >= 0, through[:, np.maximum(end, 0)], 0.0) - gone
    return np.asarray(np.clip(np.divide(gain, here, out=np.zeros_like(gain), where=here > 0), 0.0, 1.0))
