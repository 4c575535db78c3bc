"""Everything that is known at one as_of, as table expressions: what every metric reads."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import ibis.expr.types as ir

from cxcurve.journey.calendar import Calendar
from cxcurve.journey.plan import Plan
from cxcurve.metrics.staleness import SilentSource

NOT_STALE_US = 2**62


@dataclass(frozen=True)
class Snapshot:
    """Tables before as_of, all by `customer_key`.

    Attributes:
        plan: the tracking plan with the store's keys.
        zone: the workspace's time zone.
        as_of_us: nothing at or after it is known.
        first_week, n_weeks: the weeks there are; the last one ends at as_of.
        log: events (integer keys; `tables.EVENTS` columns).
        stays: `tables.STAYS`.
        signal_weeks: `tables.SIGNAL_WEEKS`.
        customer_weeks: `tables.CUSTOMER_WEEKS` with the indexes, whole weeks, each by the weights in force.
        comparable_weeks: the same, the last weeks before a new version restated under it: for changes.
        customer_now: the same at as_of, one row per customer inside the journey.
        customers: customer_key, customer_id, bucket, name, segment, owner, revenue_per_year, ... as known at as_of;
            also customers that have events and no row of attributes.
        silent: the sources that bring nothing for longer than is usual.
        behind_us: how old the oldest moment is as of which something is told, for that.
        use_until_us, speech_until_us: until when core use, and signals of the last stage, are known; later than as_of
            where their sources are not stale.
        population: what tells the expressions of some customers from those of all; empty for all.
    """

    plan: Plan
    zone: str
    as_of_us: int
    first_week: int
    n_weeks: int
    log: ir.Table
    stays: ir.Table
    signal_weeks: ir.Table
    customer_weeks: ir.Table
    comparable_weeks: ir.Table
    customer_now: ir.Table
    customers: ir.Table
    received_until_us: int | None = None
    silent: tuple[SilentSource, ...] = ()
    behind_us: int = 0
    use_until_us: int = NOT_STALE_US
    speech_until_us: int = NOT_STALE_US
    population: str = ""

    def only(self, keys: ir.Table, population: str) -> Snapshot:
        """The same for the customers in `keys` (a table with customer_key), told from others by a name."""
        names = ("log", "stays", "signal_weeks", "customer_weeks", "comparable_weeks", "customer_now", "customers")
        tables = {name: getattr(self, name).semi_join(keys, "customer_key") for name in names}
        return replace(self, population=population, **tables)

    @cached_property
    def calendar(self) -> Calendar:
        """The weeks there are."""
        end_us = Calendar(self.zone, 0, 0).end_at(self.first_week)
        return Calendar(self.zone, end_us - 1, self.as_of_us - 1)

    @property
    def stage_names(self) -> tuple[str, ...]:
        """Stages in the order of the journey."""
        return self.plan.journey.stage_names

    def stage_name(self, position: int) -> str:
        """Name of the stage at a position."""
        return self.stage_names[position]

    def stage_label(self, position: int) -> str:
        """What pages call it."""
        stage = self.plan.journey.stages[position]
        return stage.label or stage.name.replace("_", " ").capitalize()
