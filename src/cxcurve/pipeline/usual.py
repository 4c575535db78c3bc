"""What is usual at each stage in every week, written; and the seasons of the segments."""

from __future__ import annotations

from collections.abc import Iterator

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from cxcurve.metrics.references import (
    QUANTILES,
    WINDOW_WEEKS,
    coarse_counts,
    fine_counts,
    locate,
    reference_table,
    refine,
)
from cxcurve.metrics.seasons import core_by_segment, seasons
from cxcurve.pipeline.earlier import Earlier
from cxcurve.pipeline.run import Run


def write_references(run: Run, earlier: Earlier | None) -> None:
    """What is usual at each stage in every week; where only later events changed, of the weeks from theirs on.

    A week that is not over has the references of the weeks before, whatever happens in it.
    """
    store, first, last = run.store, run.calendar.first_week, run.calendar.first_week + len(run.ticks) - 1
    start = first if earlier is None else max(earlier.first_week, first)
    if earlier is not None and start > run.ticks.last_whole_week and last == run.calendar.week_at(earlier.as_of_us - 1):
        return
    read_from = max(first, start - WINDOW_WEEKS + 1)
    friction, n = _quantile(run, "friction", read_from, last)
    momentum, _ = _quantile(run, "momentum", read_from, last)
    rows = reference_table(friction, momentum, n, first_week=read_from)
    if start == first:
        store.replace("reference_weeks", rows)
    else:
        store.execute("DELETE FROM reference_weeks WHERE week >= $1 OR version > 0", start)
        store.add("reference_weeks", rows.filter(pc.greater_equal(rows["week"], start)))
    for frozen in _frozen(run):
        store.add("reference_weeks", frozen)


def _frozen(run: Run) -> Iterator[pa.Table]:
    """References of the versions, the same in each of their weeks."""
    for one in run.versions:
        version, n_weeks = one.weights.version, one.last_week - one.first_week + 1
        if version is None:
            continue
        friction, momentum, n = (
            np.tile(values, (n_weeks, 1))
            for values in (version.friction.references, version.momentum.references, version.n_ref)
        )
        yield reference_table(friction, momentum, n, first_week=one.first_week, version=version.number)


def _quantile(run: Run, measure: str, first: int, last: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """A reference of the weeks `first` to `last`, by stage, and the customer-weeks it rests on."""
    store, n_stages = run.store, len(run.journey.stages)

    def weeks() -> ir.Table:
        return store.table("customer_weeks").filter((ibis._.week >= first) & (ibis._.version == 0))

    coarse = store.fetch(store.compiled(("coarse", measure, first), lambda: coarse_counts(weeks(), measure)))
    found = locate(coarse, QUANTILES[measure], n_stages=n_stages, first_week=first, n_weeks=last - first + 1)
    wanted = store.temporary("wanted_bins", found.wanted())
    fine = store.fetch(store.compiled(("fine", measure, first), lambda: fine_counts(weeks(), measure, wanted)))
    return refine(found, fine, first_week=first), found.n


def update_seasons(run: Run, earlier: Earlier | None) -> tuple[NDArray[np.float64], set[str]]:
    """Season of core use by segment and tick, and the segments whose season up to the carried week is another now."""
    last = run.ticks.last_whole_week
    if earlier is not None and earlier.first_week > last == earlier.carried_week and run.store.has("season_weeks"):
        return _kept_seasons(run), set()  # a week that lasts has none
    factors = read_seasons(run)
    return factors, keep_seasons(run, factors, None if earlier is None else earlier.carried_week)


def _kept_seasons(run: Run) -> NDArray[np.float64]:
    place = {name: number for number, name in enumerate(run.facts.segment_names)}
    factors = np.ones((len(place), len(run.ticks)))
    for segment, week, factor in run.store.rows("SELECT segment, week, factor FROM season_weeks"):
        if segment in place:  # the last of a segment may have left it
            factors[place[segment], week - run.ticks.first_week] = factor
    return factors


def read_seasons(run: Run) -> NDArray[np.float64]:
    """Season of core use by segment and tick; 1 where there is none."""
    names, first, n_ticks = run.facts.segment_names, run.ticks.first_week, len(run.ticks)
    if not run.plan.core_keys:
        return np.ones((len(names), n_ticks))
    members, core = run.store.temporary("segment_members", run.facts.members), run.plan.core_keys
    weeks = run.store.table("signal_weeks")
    key = "core by segment", tuple(core), first
    use = run.store.fetch(run.store.compiled(key, lambda: core_by_segment(weeks, members, core, first)))
    factors = seasons(use, names, first, n_ticks)
    if not run.ticks.is_whole:  # a part of a week has no season, and decline does not look at it
        factors[:, -1] = 1.0
    return factors


def keep_seasons(run: Run, factors: NDArray[np.float64], until_week: int | None) -> set[str]:
    """Write the seasons; returns the segments whose season up to a week is not what it was: all in them score anew."""
    store, names, first = run.store, run.facts.segment_names, run.ticks.first_week
    before = set(store.rows("SELECT segment, week, factor FROM season_weeks") if store.has("season_weeks") else ())
    now = {(names[i], first + int(t), float(factors[i, t])) for i, t in np.argwhere(factors != 1.0)}
    segments, weeks, values = ([row[i] for row in sorted(now)] for i in range(3))
    columns = pa.array(segments, pa.string()), pa.array(weeks, pa.int32()), pa.array(values, pa.float64())
    store.replace("season_weeks", pa.table(columns, names=["segment", "week", "factor"]))
    return {segment for segment, week, _ in before ^ now if until_week is None or week <= until_week}
