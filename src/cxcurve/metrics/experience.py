"""Experience by stage and touchpoint: how much of what customers met there was good, how much bad."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from cxcurve.journey.plan import Plan
from cxcurve.metrics.contributions import valence
from cxcurve.metrics.friction_events import NEVER_US
from cxcurve.metrics.literals import float64

EXPERIENCE_DAYS = 90
FEWEST = 10
"""A cell of fewer customers is thin: it says so, and has no value."""


@dataclass(frozen=True, slots=True)
class Met:
    """What one customer met at a stage and touchpoint: how many good events, and how many bad."""

    customer: int
    stage: int
    touchpoint: str
    n_good: int
    n_bad: int

    @property
    def balance(self) -> float:
        """From -100, all bad, to 100, all good."""
        return 100.0 * (self.n_good - self.n_bad) / (self.n_good + self.n_bad)


@dataclass(frozen=True, slots=True)
class Cell:
    """A stage and touchpoint, of a segment ("" for all): mean over its customers; None where they are few."""

    segment: str
    stage: int
    touchpoint: str
    n_customers: int
    value: float | None


def met(log: ir.Table, stays: ir.Table, plan: Plan, *, since_us: int) -> ir.Table:
    """Good and bad events by customer, stage and touchpoint; good carries momentum, or a positive valence.

    Args:
        log: events before as_of.
        stays: `tables.STAYS` of the same customers.
        plan: the tracking plan.
        since_us: earlier events are left out.

    Returns:
        customer_key, stage, touchpoint, n_good, n_bad; at least one of the two.
    """
    bad = [key for key, one in plan.signals.items() if one.valence is None and one.friction]
    good = [key for key, one in plan.signals.items() if one.valence is None and one.momentum and not one.friction]
    scored = [key for key, one in plan.signals.items() if one.valence is not None]
    events = log.filter(log.signal_key.isin([*bad, *good, *scored] or [-1]) & (log.occurred_us >= since_us))
    felt = valence(events, plan).fill_null(float64(0.0))
    events = events.select(
        "customer_key", "event_id", "occurred_us", touchpoint=events.channel.fill_null(events.source),
        sign=ibis.cases(
            (events.signal_key.isin(bad or [-1]), ibis.literal(-1, "int32")),
            (events.signal_key.isin(good or [-1]), ibis.literal(1, "int32")),
            else_=felt.sign().cast("int32"),
        ),
    )  # fmt: skip
    events = events.filter(events.sign != 0)
    spans = stays.mutate(gone_us=stays.left_us.fill_null(ibis.literal(NEVER_US, "int64")))
    there = events.join(
        spans,
        [
            events.customer_key == spans.customer_key,
            events.occurred_us >= spans.entered_us,
            events.occurred_us < spans.gone_us,
        ],
    ).select(events.customer_key, spans.stage, events.touchpoint, events.sign)
    return there.group_by("customer_key", "stage", "touchpoint").agg(
        n_good=(there.sign > 0).sum(), n_bad=(there.sign < 0).sum()
    )


def cells(rows: Iterable[Met], segment_of: dict[int, str]) -> list[Cell]:
    """Every cell with somebody in it: of all, then of each segment; each customer counts once."""
    found: dict[tuple[str, int, str], list[float]] = defaultdict(list)
    for one in rows:
        for segment in dict.fromkeys(("", segment_of.get(one.customer, ""))):
            found[segment, one.stage, one.touchpoint].append(one.balance)
    return [
        Cell(*place, len(values), sum(sorted(values)) / len(values) if len(values) >= FEWEST else None)
        for place, values in sorted(found.items())
    ]
