"""What one scoring needs, worked out once: the log before as_of, the plan with its keys, the weeks."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import ibis.expr.types as ir
import numpy as np
from numpy.typing import NDArray

from cxcurve.journey.calendar import Calendar, end_of_day
from cxcurve.journey.plan import Plan
from cxcurve.metrics.indexes import with_indexes
from cxcurve.metrics.recursion import Ticks
from cxcurve.metrics.staleness import Feeds, Standing, brought, standing
from cxcurve.metrics.versions import RESTATED_WEEKS, Version
from cxcurve.metrics.weekly import VersionWeeks
from cxcurve.metrics.weights import Weights
from cxcurve.model.journey import Journey
from cxcurve.pipeline.counted import days_of, span
from cxcurve.pipeline.facts import CustomerFacts
from cxcurve.store import Store

STEP_US = 300_000_000


@dataclass(frozen=True)
class Run:
    """What one scoring needs: the store, the journey with its keys, and the time.

    Where `received_until_us` is given, events received later are left out: what was loaded since a score is not read
    beside what it says. `expected_gaps` says how long a source may be silent (microseconds) as long as it has shown too
    few gaps of its own.
    """

    store: Store
    journey: Journey
    zone: str
    as_of_us: int
    received_until_us: int | None = None
    expected_gaps: Mapping[str, int] = field(default_factory=dict)

    @cached_property
    def plan(self) -> Plan:
        """The tracking plan with the store's keys."""
        return Plan(self.journey, self.store.signal_keys())

    @cached_property
    def mark(self) -> str:
        """What tells this run's expressions from those of another: the plan with its keys, the weeks, the time."""
        keys, since = sorted(self.plan.keys.items()), self.calendar.first_us
        said = (
            self.journey.model_dump_json(),
            keys,
            self.zone,
            self.as_of_us,
            self.received_until_us,
            since,
            self._numbers,
        )
        return hashlib.sha256(repr(said).encode()).hexdigest()

    @cached_property
    def expression_mark(self) -> str:
        """The same without the time: what is written with another as_of is the same expression."""
        clocks = self.calendar.spans, self.calendar.offsets
        said = (self.journey.model_dump_json(), sorted(self.plan.keys.items()), clocks)
        return hashlib.sha256(repr(said).encode()).hexdigest()

    @cached_property
    def versions(self) -> tuple[VersionWeeks, ...]:
        """The weights by the weeks they score: those of the plan, then each calibration's from its date on."""
        ticks, known = self.ticks, [Version.read(text) for text in self.store.versions(self.as_of_us)]
        begins = [ticks.first_week, *(self._first_tick(version.as_of_us) for version in known)]
        ends = [*begins[1:], ticks.first_week + len(ticks)]
        return tuple(
            VersionWeeks(Weights(self.plan, version), _restated_from(begin, version, ticks), end - 1, begin)
            for version, begin, end in zip([None, *known], begins, ends, strict=True)
            if end > begin
        )

    @property
    def _numbers(self) -> tuple[int, ...]:
        return tuple(one.weights.version_number for one in self.versions)

    def _first_tick(self, us: int) -> int:
        """The week of the first tick at or after a moment."""
        return self.ticks.first_week + int(np.searchsorted(self.ticks.ends_us, us))

    @property
    def weights(self) -> Weights:
        """The weights in force at as_of."""
        return self.versions[-1].weights

    @cached_property
    def expected_days(self) -> NDArray[np.float64]:
        """Expected stay by stage; 0 where the model expects nothing."""
        return np.array([stage.expected.days if stage.expected else 0.0 for stage in self.journey.stages])

    @cached_property
    def _scored(self) -> Run | None:
        """The run of the last score, where this one is of the very same data and moment: it has been worked out."""
        store, what = self.store, ("as_of_us", "zone", "received_until_us", "expected_gaps")
        score_id, run = store.shared.get("score", (None, None))
        if run is None or run is self or store.meta("score_id") != score_id or store.has_touched:
            return None
        is_same = run.journey.scored == self.journey.scored and all(
            getattr(run, one) == getattr(self, one) for one in what
        )
        return run if is_same else None

    @cached_property
    def facts(self) -> CustomerFacts:
        """Seats and segments as known at every tick."""
        if self._scored is not None:
            return self._scored.facts
        return CustomerFacts.read(self.store, self.as_of_us, self.ticks)

    @cached_property
    def peers(self) -> dict[int, dict[str, NDArray[np.float64]]]:
        """Level and indexes at as_of of everybody inside the journey, by stage: what a customer is set beside."""
        names = ("level", "friction_index", "momentum_index")
        rows = self.store.fetch(self.store.compiled(("peers",), self._peers))
        stage = rows["stage"].to_numpy()
        return {int(k): {name: rows[name].to_numpy()[stage == k] for name in names} for k in np.unique(stage)}

    def _peers(self) -> ir.Table:
        now, references = (self.store.table(name) for name in ("customer_now", "reference_weeks"))
        return with_indexes(now, references.drop("n")).select("stage", "level", "friction_index", "momentum_index")

    @cached_property
    def log(self) -> ir.Table:
        """Events before as_of."""
        log = self.store.log("analytics")
        known = log.filter(log.occurred_us < self.as_of_us)
        return known if self.received_until_us is None else known.filter(known.received_us <= self.received_until_us)

    @cached_property
    def calendar(self) -> Calendar:
        """The weeks from the first event to as_of."""
        if self._scored is not None:
            return self._scored.calendar
        first = span(self.store).first_us if self.received_until_us is None else None
        if first is None or first >= self.as_of_us:  # the first of all is not known in this run
            first = self.store.arrow(self.log.agg(first=self.log.occurred_us.min()))["first"][0].as_py()
        return Calendar(self.zone, self.as_of_us - 1 if first is None else first, self.as_of_us - 1)

    @cached_property
    def ticks(self) -> Ticks:
        """Every week's end, and as_of."""
        if self._scored is not None:
            return self._scored.ticks
        ends = self._ends_us
        ahead_us = int(self.calendar.ends_us[-1]) - self.as_of_us
        days = self.calendar.business_days(ends)
        told = standing(self.feeds, self.plan, days, self._business_day)
        return Ticks(self.calendar.first_week, ends, days, int(ends[0]), ahead_us, told)

    @cached_property
    def feeds(self) -> Feeds:
        """What each source had brought by every tick."""
        if self._scored is not None:
            return self._scored.feeds
        if self.received_until_us is None:
            days = days_of(self.store, self.calendar, self.as_of_us)
        else:
            days = self.store.arrow(brought(self.log, self.calendar))
        return Feeds.read(days, self._ends_us, self.expected_gaps)

    @property
    def standing(self) -> Standing:
        """As of when everything is told, where sources have gone silent."""
        assert self.ticks.standing is not None
        return self.ticks.standing

    @property
    def _ends_us(self) -> NDArray[np.int64]:
        return np.minimum(self.calendar.ends_us, self.as_of_us)

    def _business_day(self, us: int) -> float:
        """The business day of a moment, counted as those that end the ticks."""
        return float(Calendar(self.zone, us, us).business_days(np.array([us + 1]))[0])


def _restated_from(begin: int, version: Version | None, ticks: Ticks) -> int:
    return begin if version is None else max(begin - RESTATED_WEEKS, ticks.first_week)


def default_as_of(store: Store, zone: str, now_us: int) -> int:
    """End of the day of the latest event, never later than the next five minutes.

    What comes in until then counts. As long as as_of stays where it is, only whose events came in is scored anew.
    """
    latest = span(store).last_us
    soon_us = -(-now_us // STEP_US) * STEP_US
    return now_us if latest is None else min(end_of_day(latest, zone), soon_us)
