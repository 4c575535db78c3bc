"""The ledger of recurring revenue, and what of it is kept: NRR, GRR and customers (definitions.md, 9).

Money is in whole cents a year. Opening plus the movements is closing, closing is the next opening, and both are the sum
over customers: all three are sums of the same movements.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import replace as with_

import numpy as np
from numpy.typing import NDArray

from cxcurve.errors import Reason
from cxcurve.metrics.months import Period
from cxcurve.metrics.recurring import KINDS, Kind, Movements
from cxcurve.stats.bands import bucket_change, bucket_mean
from cxcurve.stats.estimates import Estimate, Ints, nothing
from cxcurve.stats.proportions import wilson
from cxcurve.tables import N_BUCKETS

FEWEST = 10
"""What is kept of fewer customers is not told: one of them would be a tenth of it."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What movements of one kind come to, of how many customers."""

    cents: int
    n: int


@dataclass(frozen=True, slots=True)
class Line:
    """One period of the ledger: cents a year, and customers who pay."""

    period: Period
    opening: int
    closing: int
    n_opening: int
    n_closing: int
    moved: Mapping[str, Moved]
    kept: Kept

    @property
    def net(self) -> int:
        """What all movements come to."""
        return sum(one.cents for one in self.moved.values())


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of those who paid at an opening: of the same customers then and later.

    Attributes:
        n: customers who paid then.
        n_kept: those of them who pay later.
        start, end: cents a year they paid then, and pay later.
        expansion, contraction, churn: customer by customer, more, less, and nothing any more; 0 or more.
        nrr: net revenue retention, end / start.
        grr: gross revenue retention, the smaller of then and later of each customer / start: never over 1.
        customers: share of the customers kept.
    """

    n: int
    n_kept: int
    start: int
    end: int
    expansion: int
    contraction: int
    churn: int
    nrr: Estimate
    grr: Estimate
    customers: Estimate


@dataclass(frozen=True, eq=False)
class Standing:
    """Who pays what at a moment; (n,) arrays over all customers with movements, in the order of their keys."""

    keys: Ints
    cents: Ints
    is_paying: NDArray[np.bool_]

    @property
    def total(self) -> int:
        """Cents a year of all of them."""
        return int(self.cents.sum())

    @property
    def n(self) -> int:
        """How many pay."""
        return int(self.is_paying.sum())


def standing(moves: Movements, at_us: int | Ints) -> Standing:
    """What each customer pays just before a moment, or each before a moment of its own (in the order of keys)."""
    keys, place = np.unique(moves.customer, return_inverse=True)
    until = np.broadcast_to(np.asarray(at_us, dtype=np.int64), keys.shape)
    past = moves.at_us < until[place]
    cents, steps = np.zeros(len(keys), dtype=np.int64), np.zeros(len(keys), dtype=np.int64)
    np.add.at(cents, place[past], moves.cents[past])
    np.add.at(steps, place[past], _STEPS[moves.kind[past]])
    return Standing(keys, cents, steps > 0)


_STEPS = np.array([{Kind.NEW: 1, Kind.REACTIVATION: 1, Kind.CHURN: -1}.get(kind, 0) for kind in Kind], dtype=np.int64)
"""Who begins to pay, and who stops."""


def ledger(moves: Movements, found: Sequence[Period], buckets: Mapping[int, int]) -> list[Line]:
    """One line for each period, the first first.

    Args:
        moves: of all customers.
        found: periods, one after the other.
        buckets: bucket of each customer key, for the intervals.
    """
    return [line(moves, period, buckets) for period in found]


def line(moves: Movements, period: Period, buckets: Mapping[int, int]) -> Line:
    """The line of a period."""
    before, after = standing(moves, period.since_us), standing(moves, period.until_us)
    within = (moves.at_us >= period.since_us) & (moves.at_us < period.until_us)
    moved = {}
    for kind, name in enumerate(KINDS):
        mine = within & (moves.kind == kind)
        moved[name] = Moved(int(moves.cents[mine].sum()), len(np.unique(moves.customer[mine])))
    return Line(period, before.total, after.total, before.n, after.n, moved, kept(before, after, buckets))


def kept(before: Standing, after: Standing, buckets: Mapping[int, int]) -> Kept:
    """What is left of an opening: NRR and GRR with an interval by a bootstrap over customers, customers by Wilson's.

    Source: Rubin 1981, Ann. Statist. 9:130-134; Wilson 1927, J. Am. Stat. Assoc. 22:209-212
    """
    then = before.is_paying
    start, end = before.cents[then], after.cents[then]
    both, n, n_kept = np.minimum(start, end), int(then.sum()), int((then & after.is_paying).sum())
    bucket = np.array([buckets.get(int(key), int(key) % N_BUCKETS) for key in before.keys[then]], dtype=np.int64)
    gone = start[~after.is_paying[then]]
    down = int((start - both).sum())
    return Kept(
        n=n,
        n_kept=n_kept,
        start=int(start.sum()),
        end=int(end.sum()),
        expansion=int((end - both).sum()),
        contraction=down - int(gone.sum()),
        churn=int(gone.sum()),
        nrr=_ratio(end, start, bucket, None),
        grr=_ratio(both, start, bucket, 1.0),
        customers=wilson(n_kept, n) if n >= FEWEST else nothing(n),
    )


def kept_change(moves: Movements, now: Period, before: Period, buckets: Mapping[int, int]) -> tuple[Estimate, Estimate]:
    """NRR and GRR of a period minus those of an earlier one; nothing where either has too few customers.

    Most customers are in both, so each draw weighs a customer alike in both.
    """
    sides = []
    for period in (now, before):
        then, after = standing(moves, period.since_us), standing(moves, period.until_us)
        start = np.where(then.is_paying, then.cents, 0)
        if then.n < FEWEST or not start.any():
            return nothing(then.n), nothing(then.n)
        end = np.where(then.is_paying, after.cents, 0)
        sides.append((start, end, np.minimum(start, end)))
    keys = np.unique(moves.customer)
    bucket = np.array([buckets.get(int(key), int(key) % N_BUCKETS) for key in keys], dtype=np.int64)
    sums = [[np.bincount(bucket, one.astype(float), N_BUCKETS) for one in side] for side in sides]
    nrr, grr = (bucket_change(*((side[part], side[0]) for side in sums), seed=1) for part in (1, 2))
    return nrr, grr


def _ratio(part: Ints, whole: Ints, bucket: Ints, most: float | None) -> Estimate:
    """Part of whole with its interval, which lies between 0 and `most`; the ratio itself is that of the cents."""
    n, total = len(whole), int(whole.sum())
    if n < FEWEST:
        return nothing(n)
    if total <= 0:
        return nothing(n, Reason.NO_REVENUE)
    parts, wholes = (np.bincount(bucket, weights=cents.astype(float), minlength=N_BUCKETS) for cents in (part, whole))
    found = bucket_mean(parts, wholes, seed=1, n_customers=n)
    found = with_(found, value=int(part.sum()) / total)
    if found.low is None or found.high is None:
        return found
    high = found.high if most is None else min(found.high, most)
    return with_(found, low=max(found.low, 0.0), high=high)
