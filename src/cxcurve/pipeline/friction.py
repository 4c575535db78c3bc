"""Friction of a run: its log's friction events, who felt them in which weeks, and who left."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cxcurve.metrics.exit_chances import FELT_DAYS, Chances, Matched, Spans, chances, matched_weeks
from cxcurve.metrics.friction_events import NEVER_US, friction_events, friction_spans
from cxcurve.metrics.growth import Growth, growing
from cxcurve.metrics.inventory import OUTSIDE, FrictionEvent, Inside, Place
from cxcurve.metrics.recursion import column
from cxcurve.metrics.snapshot import Snapshot
from cxcurve.pipeline.periods import read_periods
from cxcurve.pipeline.run import Run
from cxcurve.pipeline.sums import Progress
from cxcurve.tables import US_PER_DAY

MOST_CUSTOMERS = 6_000
"""Of a larger company so many are drawn: the intervals are narrow by then, and a page waits for it."""
EVENT_DAYS = 365


def friction_chances(run: Run, growth: Growth | None = None, progress: Progress | None = None) -> Chances:
    """What the log says of leaving with and without each friction, of all customers; the run must be scored.

    `growth`: their expansions; None where the journey names none, or there was none.
    """
    periods = read_periods(run, most=MOST_CUSTOMERS, progress=progress)
    spans, columns = _spans(run)
    weights = run.weights
    grows = None if growth is None else partial(growing, growth=growth)
    found = chances(
        periods, weights.of_features(0), weights.of_features(1), spans, columns, n_stages=len(run.journey.stages),
        grows=grows,
    )  # fmt: skip
    return found if growth is None else replace(found, expansion=growth.size)


def friction_weeks(run: Run, signal: int) -> Matched | None:
    """The weeks that the odds of a friction rest on, of all customers; None with too few exits."""
    periods, weights = read_periods(run, most=MOST_CUSTOMERS), run.weights
    spans, columns = _spans(run)
    own = weights.of_features(0), weights.of_features(1), spans[signal], columns[signal]
    return matched_weeks(periods, *own, n_stages=len(run.journey.stages))


def _spans(run: Run) -> tuple[dict[int, Spans], dict[int, list[int]]]:
    """By signal when it was there, and its friction features."""
    rows = run.store.arrow(friction_spans(run.log, run.plan))
    signal = column(rows, "signal_key")
    features = [one.signal for one in run.weights.features(0)]
    spans: dict[int, Spans] = {}
    columns: dict[int, list[int]] = {}
    for key in np.unique(signal):
        chosen = signal == key
        spans[int(key)] = Spans(*(column(rows, name)[chosen] for name in ("customer_key", "at_us", "until_us")))
        name = run.plan.signals[int(key)].name
        # What is open beyond its target is the same event told twice.
        own = (name, "open_issues") if key in run.plan.issue_keys else (name,)
        columns[int(key)] = [i for i, one in enumerate(features) if one in own]
    return spans, columns


def events_of(run: Run, known: Snapshot) -> list[FrictionEvent]:
    """The friction events of some customers: those of the last year, and what is still felt."""
    rows = friction_events(known.log, known.stays, known.plan)
    since_us, felt_us = (known.as_of_us - days * US_PER_DAY for days in (EVENT_DAYS, FELT_DAYS))
    return list(_events(run.store.arrow(rows.filter((rows.at_us >= since_us) | (rows.until_us >= felt_us)))))


def _events(rows: pa.Table) -> Iterator[FrictionEvent]:
    rows = rows.set_column(
        rows.column_names.index("stage"), "stage", pc.fill_null(rows["stage"].cast(pa.int32()), OUTSIDE)
    )
    rows = rows.set_column(rows.column_names.index("exit_us"), "exit_us", pc.fill_null(rows["exit_us"], NEVER_US))
    names = ("customer_key", "event_id", "signal_key", "touchpoint", "stage", "at_us", "until_us", "exit_us")
    for who, event_id, signal, touchpoint, stage, at_us, until_us, exit_us in zip(
        *(rows[name].to_pylist() for name in names), strict=True
    ):
        yield FrictionEvent(who, event_id, Place(signal, touchpoint, stage), at_us, until_us, exit_us)


def inside_of(run: Run, known: Snapshot, found: Chances) -> Inside:
    """Those of some customers who are inside the journey now, with their chance to leave."""
    now = known.customer_now.select("customer_key", "stage", "friction", "momentum", "dwell_days")
    money = known.customers.select("customer_key", "revenue")
    rows = run.store.arrow(now.left_join(money, "customer_key").drop("customer_key_right")).sort_by("customer_key")
    numbers = {name: rows[name].cast(pa.float64()).fill_null(0.0).to_numpy() for name in rows.column_names[2:]}
    stage = column(rows, "stage")
    chance = found.of(stage, numbers["friction"], numbers["momentum"], numbers["dwell_days"])
    return Inside(column(rows, "customer_key"), stage, chance, numbers["revenue"])
