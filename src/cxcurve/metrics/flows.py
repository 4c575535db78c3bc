"""Flows: how many go from step to step, how long it takes, who stops, and what they do then (definitions.md, 8).

Each case is one customer's first way through in a window, or one cycle's way through the stages. What is not over is
censored: who began yesterday has not dropped out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cxcurve.errors import Reason
from cxcurve.metrics.snapshot import Snapshot
from cxcurve.metrics.time_to_value import FOREVER_US
from cxcurve.stats.estimates import Estimate, Floats, Ints, nothing
from cxcurve.stats.event_table import EventTable
from cxcurve.stats.survival import Curve, aalen_johansen
from cxcurve.tables import US_PER_DAY

WENT_ON, LEFT = 1, 2
FEWEST = 10
"""Of fewer nothing is told but how many they are."""
QUICK, SLOW = 0.2, 0.8
"""The time of the quickest fifth is what a step takes; that of the slowest fifth begins at the other."""


@dataclass(frozen=True, eq=False)
class Cases:
    """Who went which way. (n,) and (n, steps) arrays.

    Attributes:
        customer: customer_key.
        at_us: when each step was reached, each no earlier than the one before; `FOREVER_US` where it was not.
        exit_us: when the customer left; `FOREVER_US` where that has not happened.
        is_skipped: steps that were passed over: reached, in no time.
    """

    customer: Ints
    at_us: Ints
    exit_us: Ints
    is_skipped: NDArray[np.bool_]


@dataclass(frozen=True, eq=False, slots=True)
class Waits:
    """Who reached a step.

    Arrays of customer_key, when, days until it ended, how (0: not yet), and who did not pass it over.
    """

    customer: Ints
    reached_us: Ints
    days: Floats
    cause: Ints
    was_there: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Step:
    """One step, and what became of those who reached it.

    Attributes:
        name: of the step.
        n: cases that reached it, those who passed it over among them.
        n_skipped: passed it over; they went on, and no time is theirs.
        n_next, n_left, n_waiting: went on to the next step, left before, neither yet. Of the last step 0.
        goes_on, leaves: shares within the horizon of those who were there (Aalen-Johansen).
        quick, median, slow: days until a fifth, half and four fifths of them have gone on.
    """

    name: str
    n: int
    n_skipped: int
    n_next: int
    n_left: int
    n_waiting: int
    goes_on: Estimate
    leaves: Estimate
    quick: Estimate
    median: Estimate
    slow: Estimate

    @property
    def stops(self) -> float | None:
        """Share that has not gone on within the horizon: the drop-off, who left among it."""
        return None if self.goes_on.value is None else 1 - self.goes_on.value


def steps_of(cases: Cases, names: Sequence[str], *, as_of_us: int, horizon_days: float) -> list[Step]:
    """What became of the cases at each step.

    Args:
        cases: all of them.
        names: of the steps.
        as_of_us: who has not gone on and not left is censored there.
        horizon_days: within which a share is told.

    Source: Aalen & Johansen 1978, Scand. J. Statist. 5:141-150
    """
    return [_step(cases, names, place, as_of_us, horizon_days) for place in range(len(names))]


def _step(cases: Cases, names: Sequence[str], place: int, as_of_us: int, horizon_days: float) -> Step:
    if place + 1 == len(names):
        n = int((cases.at_us[:, place] < as_of_us).sum())
        return Step(names[place], n, 0, 0, 0, 0, *[nothing(n, Reason.NOT_IN_MODEL)] * 5)
    here = waits_at(cases, place, as_of_us)
    n, n_there = len(here.cause), int(here.was_there.sum())
    n_next, n_left, n_waiting = (int((here.cause == one).sum()) for one in (WENT_ON, LEFT, 0))
    counts = n, n - n_there, n_next, n_left, n_waiting
    if n_there < FEWEST:
        return Step(names[place], *counts, *[nothing(n_there)] * 5)
    table = EventTable.from_rows(here.days[here.was_there], here.cause[here.was_there], 2)
    on, off = (aalen_johansen(table, one) for one in (WENT_ON, LEFT))
    shares = (_by(curve, horizon_days) for curve in (on, off))
    return Step(names[place], *counts, *shares, *(on.quantile(share) for share in (QUICK, 0.5, SLOW)))


def waits_at(cases: Cases, place: int, as_of_us: int) -> Waits:
    """Who reached a step that is not the last, how long each waited there and how it ended."""
    here = cases.at_us[:, place] < as_of_us
    start, after, gone = cases.at_us[here, place], cases.at_us[here, place + 1], cases.exit_us[here]
    is_next = after < as_of_us
    is_left = ~is_next & (gone < as_of_us)
    end = np.where(is_next, after, np.where(is_left, gone, as_of_us))
    cause = np.where(is_next, WENT_ON, np.where(is_left, LEFT, 0))
    days = np.maximum(end - start, 0) / US_PER_DAY
    return Waits(cases.customer[here], start, days, cause, ~cases.is_skipped[here, place])


def _by(curve: Curve, day: float) -> Estimate:
    found = curve.at(day)
    return found if found.value is not None else nothing(found.n, Reason.NOT_FOLLOWED)


def stage_cases(stays: pa.Table, n_stages: int, since_us: int) -> Cases:
    """Cycles that began from `since_us` on; a stage that was skipped counts as reached with the one after it."""
    keys, cycle, stage, entered = (stays[name].to_numpy() for name in ("customer_key", "cycle", "stage", "entered_us"))
    left = stays["left_us"].cast(pa.int64()).fill_null(FOREVER_US).to_numpy()
    is_exit = np.array([how == "exited" for how in stays["ended_by"].to_pylist()], dtype=bool)
    case, place = np.unique(np.column_stack([keys, cycle]).reshape(-1, 2), axis=0, return_inverse=True)
    place = place.reshape(-1)
    at_us = np.full((len(case), n_stages), FOREVER_US, dtype=np.int64)
    np.minimum.at(at_us, (place, stage), entered)
    at_us = np.minimum.accumulate(at_us[:, ::-1], axis=1)[:, ::-1]
    exit_us = np.full(len(case), FOREVER_US, dtype=np.int64)
    np.minimum.at(exit_us, place[is_exit], left[is_exit])
    is_skipped = np.ones((len(case), n_stages), dtype=bool)
    is_skipped[place, stage] = False
    mine = at_us[:, 0] >= since_us
    return Cases(case[mine, 0].astype(np.int64), at_us[mine], exit_us[mine], is_skipped[mine])


def flow_events(snapshot: Snapshot, names: Sequence[str]) -> ir.Table:
    """The events of some names, and the exits: customer_key, signal_key, occurred_us."""
    keys = [*snapshot.plan.keys_of(*names), *snapshot.plan.exit_keys]
    log = snapshot.log.filter(snapshot.log.signal_key.isin(keys or [-1]))
    return log.select("customer_key", "signal_key", "occurred_us")


def event_cases(events: pa.Table, steps: Sequence[int], exits: Sequence[int], since_us: int) -> Cases:
    """Each customer's first way through from the first time it did the first step, from `since_us` on.

    A step counts at or after the one before it, and not after an exit.

    Args:
        events: rows of `flow_events`.
        steps: signal keys in order; -1 for one that nobody ever did.
        exits: signal keys that end it.
        since_us: from when on the first step counts.
    """
    keys, signal, at = (events[name].to_numpy().astype(np.int64) for name in events.column_names)
    first = (signal == steps[0]) & (at >= since_us)
    customer = np.unique(keys[first])
    moments, rank = np.unique(at, return_inverse=True)

    def next_of(wanted: NDArray[np.bool_], after_us: Ints, *, is_later: bool = False) -> Ints:
        """Of each customer the first wanted event at or after its moment; `is_later`: after it."""
        mine = np.isin(keys, customer) & wanted
        codes = np.sort(np.searchsorted(customer, keys[mine]) * (len(moments) + 1) + rank[mine])
        since = np.searchsorted(moments, after_us, side="right" if is_later else "left")
        own = np.arange(len(customer)) * (len(moments) + 1)
        found = np.append(codes, 2**62)[np.searchsorted(codes, own + since)]
        is_own = (found < own + len(moments) + 1) & (after_us < FOREVER_US)
        return np.where(is_own, np.append(moments, FOREVER_US)[np.where(is_own, found - own, -1)], FOREVER_US)

    now = next_of(first, np.full(len(customer), since_us, dtype=np.int64))
    exit_us = next_of(np.isin(signal, list(exits)), now, is_later=True)
    at_us = [now]
    for step in steps[1:]:
        now = next_of(signal == step, now)
        now = np.where(now > exit_us, FOREVER_US, now)
        at_us.append(now)
    every = np.column_stack(at_us)
    return Cases(customer, every, exit_us, np.zeros(every.shape, dtype=bool))


def stopped(cases: Cases, place: int, *, as_of_us: int, horizon_days: float) -> NDArray[np.bool_]:
    """Who reached a step and did not go on within the horizon, among those who were followed so long, or left in it."""
    horizon_us = round(horizon_days * US_PER_DAY)
    start = cases.at_us[:, place]
    until = np.minimum(start, FOREVER_US - horizon_us) + horizon_us
    is_followed = (until <= as_of_us) | (cases.exit_us <= until)
    is_there = (start < as_of_us) & is_followed
    return np.asarray(is_there & (cases.at_us[:, place + 1] > until))


def next_events(snapshot: Snapshot, wanted: ir.Table) -> ir.Table:
    """The first event after a moment, of each case: place, signal_key, channel, n.

    Args:
        snapshot: whose log.
        wanted: place (of the step), customer_key, after_us, until_us.
    """
    log = snapshot.log.select("customer_key", "signal_key", "occurred_us", "event_id", "channel")
    later = log.join(wanted, "customer_key").filter(
        lambda row: (row.occurred_us > row.after_us) & (row.occurred_us <= row.until_us)
    )
    order = ibis.window(group_by=["place", "customer_key", "after_us"], order_by=["occurred_us", "event_id"])
    first = later.mutate(nth=ibis.row_number().over(order)).filter(lambda row: row.nth == 0)
    return first.group_by("place", "signal_key", "channel").agg(n=first.count())
