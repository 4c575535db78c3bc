"""What one scoring needs, worked out once: the log before as_of, the plan with its keys, the weeks."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

import ibis.expr.types as ir
import numpy as np
from numpy.typing import NDArray

from cxcurve.journey.calendar import DAY_US, Calendar, end_of_day
from cxcurve.journey.plan import Plan
from cxcurve.metrics.indexes import with_indexes
from cxcurve.metrics.recursion import Ticks
from cxcurve.metrics.weights import Weights
from cxcurve.model.journey import Journey
from cxcurve.pipeline.facts import CustomerFacts
from cxcurve.store import Store


@dataclass(frozen=True)
class Run:
    """What one scoring needs: the store, the journey with its keys, and the time.

    Where `received_until_us` is given, events received later are left out: what was loaded since a score is not read
    beside what it says.
    """

    store: Store
    journey: Journey
    zone: str
    as_of_us: int
    received_until_us: int | None = None

    @cached_property
    def plan(self) -> Plan:
        """The tracking plan with the store's keys."""
        return Plan(self.journey, self.store.signal_keys())

    @cached_property
    def mark(self) -> str:
        """What tells this run's expressions from those of another: the plan with its keys, the weeks, the time."""
        keys, since = sorted(self.plan.keys.items()), self.calendar.first_us
        said = (self.journey.model_dump_json(), keys, self.zone, self.as_of_us, self.received_until_us, since)
        return hashlib.sha256(repr(said).encode()).hexdigest()

    @cached_property
    def expression_mark(self) -> str:
        """The same without the time: what is written with another as_of is the same expression."""
        said = (self.journey.model_dump_json(), sorted(self.plan.keys.items()), self.calendar.spans)
        return hashlib.sha256(repr(said).encode()).hexdigest()

    @cached_property
    def weights(self) -> Weights:
        """The expert weights."""
        return Weights(self.plan)

    @cached_property
    def facts(self) -> CustomerFacts:
        """Seats and segments as known at every tick."""
        return CustomerFacts.read(self.store, self.as_of_us, self.ticks)

    @cached_property
    def peers(self) -> dict[int, dict[str, NDArray[np.float64]]]:
        """Level and indexes at as_of of everybody inside the journey, by stage: what a customer is set beside."""
        store, names = self.store, ("level", "friction_index", "momentum_index")
        now = with_indexes(store.table("customer_now"), store.table("reference_weeks").drop("n"))
        rows = store.arrow(now.select("stage", *names))
        stage = rows["stage"].to_numpy()
        return {int(k): {name: rows[name].to_numpy()[stage == k] for name in names} for k in np.unique(stage)}

    @cached_property
    def log(self) -> ir.Table:
        """Events before as_of."""
        log = self.store.log
        known = log.filter(log.occurred_us < self.as_of_us)
        return known if self.received_until_us is None else known.filter(known.received_us <= self.received_until_us)

    @cached_property
    def calendar(self) -> Calendar:
        """The weeks from the first event to as_of."""
        first = self.store.arrow(self.log.agg(first=self.log.occurred_us.min()))["first"][0].as_py()
        return Calendar(self.zone, self.as_of_us - 1 if first is None else first, self.as_of_us - 1)

    @cached_property
    def ticks(self) -> Ticks:
        """Every week's end, and as_of."""
        ends = np.minimum(self.calendar.ends_us, self.as_of_us)
        ahead_us = int(self.calendar.ends_us[-1]) - self.as_of_us
        return Ticks(self.calendar.first_week, ends, business_days(ends, self.calendar), int(ends[0]), ahead_us)


def business_days(ends_us: NDArray[np.int64], calendar: Calendar) -> NDArray[np.float64]:
    """Business day that each tick ends (five a week)."""
    weeks = calendar.first_week + np.arange(len(ends_us))
    into = (ends_us - calendar.starts_us) / DAY_US
    return np.asarray(weeks * 5 + np.clip(np.ceil(into), 0, 5), dtype=np.float64)


def default_as_of(store: Store, zone: str, now_us: int) -> int:
    """End of the day of the latest event, never later than now."""
    latest = store.arrow(store.log.agg(latest=store.log.occurred_us.max()))["latest"][0].as_py()
    return now_us if latest is None else min(end_of_day(latest, zone), now_us)
