"""The friction inventory: a row for each friction signal, touchpoint and stage (definitions.md, 8)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cxcurve.errors import Reason
from cxcurve.metrics.exit_chances import FELT_DAYS, HORIZON_DAYS, Chances, added, at_risk
from cxcurve.metrics.friction_events import NEVER_US
from cxcurve.metrics.growth import times
from cxcurve.stats.clusters import effective_n
from cxcurve.stats.estimates import Estimate, nothing
from cxcurve.stats.proportions import wilson
from cxcurve.stats.strata import Stratified
from cxcurve.tables import US_PER_DAY

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FOLLOWED_DAYS, REPEAT_DAYS = 90, 7
USUAL_SHARE, FEWEST_ENDED = 0.2, 10
OUTSIDE = -1
_US_PER_HOUR = US_PER_DAY / 24


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a friction is: its signal (key), the touchpoint, and the stage's position."""

    signal: int
    touchpoint: str
    stage: int


@dataclass(frozen=True, slots=True)
class FrictionEvent:
    """One row of `friction_events`; `stage` is -1 outside the journey, `exit_us` 2^62 where no exit came."""

    customer: int
    event_id: str
    place: Place
    at_us: int
    until_us: int
    exit_us: int


@dataclass(frozen=True, eq=False, slots=True)
class Inside:
    """Customers inside the journey now: arrays of customer_key (in order), stage, chance to leave, revenue a year."""

    customer: Ints
    stage: Ints
    chance: Floats
    revenue: Floats


@dataclass(frozen=True, eq=False, slots=True)
class Row:
    """One row of the inventory.

    Attributes:
        n_customers: whom it met in the last 28 days, or for whom it is still open, inside the journey now.
        n_events: such events of theirs.
        risk: revenue a year times the part of the chance to leave within 90 days that goes with it.
        loyalty: odds of leaving, who felt the signal anywhere against who did not.
        hours: of the last 90 days beyond what is usual; None where it does not last.
        drop_off: share of customers who left within 90 days after it met them, of those followed so long.
        again: share of events followed by another of the signal within 7 days.
        foregone: revenue a year that they would come to pay more within 90 days without it.
        felt: for its explanation: positions in `Inside`, and revenue at risk of each.
    """

    place: Place
    n_customers: int
    n_events: int
    risk: Estimate
    loyalty: Stratified
    hours: float | None
    drop_off: Estimate
    again: Estimate
    foregone: Estimate = field(default_factory=nothing)
    felt: Sequence[tuple[int, float]] = field(default=(), repr=False)


@dataclass(frozen=True, eq=False, slots=True)
class Inventory:
    """All rows, the largest risk first.

    Attributes:
        n_customers: inside the journey.
        n_affected: of them those whom any friction meets now.
        revenue: of all inside, a year.
        leaving_revenue: revenue times the chance to leave within 90 days, of all inside; None where not told.
        risk_revenue: of it what goes with the frictions of the rows; None where not told.
    """

    rows: tuple[Row, ...]
    n_customers: int
    n_affected: int
    revenue: float
    leaving_revenue: float | None
    risk_revenue: float | None


def inventory(events: Iterable[FrictionEvent], inside: Inside, chances: Chances, as_of_us: int) -> Inventory:
    """The rows of some customers.

    Args:
        events: their friction events before as_of.
        inside: those inside the journey now.
        chances: what is known of leaving, of all customers.
        as_of_us: now.
    """
    events = sorted(events, key=lambda one: (one.at_us, one.event_id))
    position = {int(key): i for i, key in enumerate(inside.customer)}
    now = _now(events, position, inside, as_of_us)
    signals = sorted({place.signal for place in now})
    is_felt = {signal: np.zeros(len(inside.customer), bool) for signal in {*signals, *chances.effects}}
    for place, (who, _) in now.items():
        is_felt[place.signal][sorted(who)] = True
    has_chances = chances.reason is None
    risks = at_risk(inside.chance, inside.revenue, is_felt, chances.effects) if has_chances else {}
    behind = chances.n_exits[inside.stage].astype(float)
    made = _Made(events, as_of_us)
    rows = [
        Row(
            place,
            len(who),
            n_events,
            _risk(risks, place, _marked(who, len(inside.customer)), behind, chances),
            chances.effects.get(place.signal, _NOBODY),
            made.hours(place),
            made.drop_off(place),
            made.again(place),
            _foregone(chances, place.signal, float(inside.revenue[sorted(who)].sum()), len(who)),
            [(i, float(risks[place.signal][0][i]) if place.signal in risks else 0.0) for i in sorted(who)],
        )
        for place, (who, n_events) in now.items()
    ]
    told = [row.risk.value for row in rows if row.risk.value is not None]
    affected = np.logical_or.reduce(list(is_felt.values())) if is_felt else np.zeros(0, bool)
    return Inventory(
        tuple(
            sorted(
                rows, key=lambda row: (-(row.risk.value or 0.0), row.risk.value is None, -row.n_customers, row.place)
            )
        ),
        len(inside.customer),
        int(affected.sum()),
        float(inside.revenue.sum()),
        float((inside.revenue * inside.chance).sum()) if has_chances else None,
        float(sum(told)) if has_chances and told else None,
    )


_NOBODY = Stratified(0, 0, 0, None, None, nothing(0))
Now = dict[Place, tuple[set[int], int]]


def _now(events: Sequence[FrictionEvent], position: Mapping[int, int], inside: Inside, as_of_us: int) -> Now:
    """Who feels what now, each signal of a customer in one place: that of the latest event.

    Who was outside the journey then is where he is now.
    """
    since_us = as_of_us - FELT_DAYS * US_PER_DAY
    latest: dict[tuple[int, int], Place] = {}
    counts: dict[tuple[int, int], int] = defaultdict(int)
    for one in events:
        if one.until_us >= since_us and one.customer in position:
            i = position[one.customer]
            stage = one.place.stage if one.place.stage != OUTSIDE else int(inside.stage[i])
            latest[i, one.place.signal] = Place(one.place.signal, one.place.touchpoint, stage)
            counts[i, one.place.signal] += 1
    found: Now = {}
    for (i, signal), place in latest.items():
        who, n = found.get(place, (set(), 0))
        found[place] = who | {i}, n + counts[i, signal]
    return found


def _marked(who: Iterable[int], n: int) -> NDArray[np.bool_]:
    found = np.zeros(n, bool)
    found[list(who)] = True
    return found


def _risk(
    risks: Mapping[int, tuple[Floats, Floats, Floats]],
    place: Place,
    rows: NDArray[np.bool_],
    behind: Floats,
    known: Chances,
) -> Estimate:
    if place.signal not in risks:
        return nothing(int(rows.sum()), *((known.reason,) if known.reason else ()))
    return added(risks[place.signal], behind, rows)


def _foregone(chances: Chances, signal: int, revenue: float, n: int) -> Estimate:
    """Revenue of those it meets, times the share that would expand without it, times the size of an expansion."""
    if chances.expansion is None:
        return nothing(n, Reason.NOT_IN_MODEL)
    return times(chances.growth.get(signal, nothing(n)), revenue * chances.expansion)


class _Made:
    """What is counted of the events of each place."""

    def __init__(self, events: Sequence[FrictionEvent], as_of_us: int) -> None:
        self.as_of_us = as_of_us
        self._of: dict[Place, list[FrictionEvent]] = defaultdict(list)
        self._lasting: dict[int, list[int]] = defaultdict(list)
        self._next: dict[str, int] = {}
        last: dict[tuple[int, int], FrictionEvent] = {}
        for one in events:
            self._of[one.place].append(one)
            if one.at_us < one.until_us < NEVER_US:
                self._lasting[one.place.signal].append(one.until_us - one.at_us)
            before = last.get((one.customer, one.place.signal))
            if before is not None:
                self._next[before.event_id] = one.at_us
            last[one.customer, one.place.signal] = one

    def hours(self, place: Place) -> float | None:
        """Hours of the last 90 days' spans beyond the usual: the 20th percentile of those that ended."""
        ended = self._lasting.get(place.signal, [])
        if len(ended) < FEWEST_ENDED:
            return None
        usual_us = float(np.quantile(ended, USUAL_SHARE))
        since_us = self.as_of_us - FOLLOWED_DAYS * US_PER_DAY
        lasted = [min(one.until_us, self.as_of_us) - one.at_us for one in self._of[place] if one.until_us >= since_us]
        return sum(max(0.0, us - usual_us) for us in lasted) / _US_PER_HOUR

    def drop_off(self, place: Place) -> Estimate:
        """Of those it met 180 to 90 days ago, each from the first time on, the share that left within 90 days."""
        until_us = self.as_of_us - int(HORIZON_DAYS * US_PER_DAY)
        since_us = until_us - FOLLOWED_DAYS * US_PER_DAY
        first: dict[int, FrictionEvent] = {}
        for one in self._of[place]:
            if since_us <= one.at_us < until_us:
                first.setdefault(one.customer, one)
        left = sum(one.exit_us - one.at_us < HORIZON_DAYS * US_PER_DAY for one in first.values())
        return wilson(left, len(first)) if first else nothing()

    def again(self, place: Place) -> Estimate:
        """Of the events of the last 90 days that were followed for 7, the share with another within 7 days."""
        until_us = self.as_of_us - REPEAT_DAYS * US_PER_DAY
        since_us = self.as_of_us - FOLLOWED_DAYS * US_PER_DAY
        followed = [one for one in self._of[place] if since_us <= one.at_us < until_us]
        if not followed:
            return nothing()
        repeated = [self._next.get(one.event_id, NEVER_US) - one.at_us <= REPEAT_DAYS * US_PER_DAY for one in followed]
        who = [one.customer for one in followed]
        return wilson(sum(repeated), len(repeated), n_effective=effective_n(repeated, who))
