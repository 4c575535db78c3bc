"""Scoring: the log into stays, weekly sums, customer weeks and references."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from cxcurve.journey.stays import stays
from cxcurve.metrics.activity import activity_weeks
from cxcurve.metrics.references import (
    QUANTILES,
    WINDOW_WEEKS,
    coarse_counts,
    fine_counts,
    locate,
    reference_table,
    refine,
)
from cxcurve.metrics.signal_weeks import signal_weeks
from cxcurve.metrics.states import season
from cxcurve.metrics.weekly import Block, score_block
from cxcurve.metrics.weights import seat_factor
from cxcurve.pipeline.run import CustomerFacts, Run
from cxcurve.store import Store

SQL_BLOCK, ARRAY_BLOCK = 25_000, 3_000
"""Customers at a time, in the engine and in numpy: what keeps memory bounded."""

_SUMS: dict[str, Callable[[Run, ir.Table, ir.Table], ir.Table]] = {
    "stays": lambda run, log, plan: stays(log, plan, run.plan),
    "signal_weeks": lambda run, log, plan: signal_weeks(log, plan, run.plan, run.calendar, now_us=run.as_of_us),
    "activity_weeks": lambda run, log, plan: activity_weeks(log, run.plan, run.calendar),
}
WEEKS = ("customer_weeks", "customer_now")
LOG_COLUMNS = (
    "customer_key", "signal_key", "event_id", "occurred_us", "person_id", "conversation_id",
    "value", "amount", "currency", "channel", "text", "source", "partner_id",
)  # fmt: skip

Progress = Callable[[str, int, int], None]


def score(run: Run, keys: Sequence[int] | None, progress: Progress | None = None) -> int:
    """Derive and write everything of `keys`, or of all customers; all of it or nothing.

    Returns:
        How many customers were scored.
    """
    store = run.store
    chosen = _all_keys(store) if keys is None else list(keys)
    say = progress or (lambda *_: None)
    with store.transaction():
        _clear(store, _SUMS, None if keys is None else chosen)
        _sum_up(run, chosen, say)
        facts = CustomerFacts.read(store, run.as_of_us)
        seasons = _seasons(run, facts)
        moved = _keep_seasons(run, facts, seasons)
        if keys is not None and moved:
            chosen = sorted({*chosen, *(key for key in _all_keys(store) if facts.segments.get(key, "") in moved)})
        _clear(store, WEEKS, None if keys is None else chosen)
        _week_by_week(run, chosen, facts, seasons, say)
        _write_references(run, store.touched_since() if keys is not None and not moved else 0)
        store.execute("DELETE FROM touched")
        store.remember("scored_as_of_us", str(run.as_of_us))
        store.remember("scored_zone", run.zone)
    return len(chosen)


def _clear(store: Store, names: Iterable[str], keys: list[int] | None) -> None:
    for name in names:
        store.clear(name, keys)


def _sum_up(run: Run, keys: list[int], say: Progress) -> None:
    """Stays, weekly sums and activity, computed and kept inside the engine."""
    store = run.store
    plan_table = store.temporary("plan_now", run.plan.table)
    for block in _blocks(keys, SQL_BLOCK):
        log = _block_log(run, block)
        for name, build in _SUMS.items():
            expression = partial(build, run, log, plan_table)
            store.insert(name, store.compiled(("sums", name, run.mark), expression))
        say("sums", block[-1] if block else 0, keys[-1] if keys else 0)
    store.drop_temporary("block_log")


def _block_log(run: Run, block: list[int]) -> ir.Table:
    """The block's events before as_of, as a table of this connection."""
    store = run.store
    store.temporary("block_keys", pa.table({"customer_key": pa.array(block, pa.int32())}))
    low, high = (block[0], block[-1]) if block else (0, 0)
    columns = ", ".join(f'"{name}"' for name in LOG_COLUMNS)
    return store.temporary_from(
        "block_log",
        f"SELECT {columns} FROM event_log SEMI JOIN block_keys USING (customer_key) "
        f"WHERE customer_key BETWEEN {low} AND {high} AND occurred_us < {run.as_of_us}",
    )


def _week_by_week(run: Run, keys: list[int], facts: CustomerFacts, seasons: NDArray[np.float64], say: Progress) -> None:
    """Customer weeks and the row at as_of, by the recursion in numpy."""
    store = run.store
    expected = np.array([stage.expected.days if stage.expected else 0.0 for stage in run.journey.stages])
    now = run.calendar.first_week + len(run.ticks) - 1
    done = 0
    for n, rows in _in_parallel(
        lambda block: score_block(block, run.weights, run.ticks, seasons, expected),
        (block_of(run, block, facts) for block in _blocks(keys, ARRAY_BLOCK)),
    ):
        is_now = np.asarray(rows["week"]) == now
        store.add("customer_now", rows.filter(pa.array(is_now)))
        store.add("customer_weeks", rows if run.ticks.is_whole else rows.filter(pa.array(~is_now)))
        done += n
        say("weeks", done, len(keys))


def _in_parallel(work: Callable[[Block], pa.Table], blocks: Iterable[Block]) -> Iterator[tuple[int, pa.Table]]:
    """Size and result of every block, in order; one block a processor at a time, since numpy works outside the GIL."""
    n_workers = os.cpu_count() or 1
    with ThreadPoolExecutor(n_workers) as pool:
        running: deque[tuple[int, Future[pa.Table]]] = deque()
        for block in blocks:
            running.append((len(block.keys), pool.submit(work, block)))
            if len(running) > n_workers:
                n, result = running.popleft()
                yield n, result.result()
        for n, result in running:
            yield n, result.result()


def _write_references(run: Run, since_us: int) -> None:
    """What is usual at each stage in every week; where only later events changed, of the weeks from theirs on."""
    store, first, last = run.store, run.calendar.first_week, run.calendar.first_week + len(run.ticks) - 1
    start = max(run.calendar.week_at(since_us), first) if since_us else first
    read_from = max(first, start - WINDOW_WEEKS + 1)
    weeks = store.table("customer_weeks").filter(ibis._.week >= read_from)
    friction, n = _quantile(run, weeks, "friction", read_from, last)
    momentum, _ = _quantile(run, weeks, "momentum", read_from, last)
    rows = reference_table(friction, momentum, n, first_week=read_from)
    if start == first:
        store.replace("reference_weeks", rows)
        return
    store.execute("DELETE FROM reference_weeks WHERE week >= $1", start)
    store.add("reference_weeks", rows.filter(pc.greater_equal(rows["week"], start)))


def _quantile(
    run: Run, weeks: ir.Table, measure: str, first: int, last: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """A reference of the weeks `first` to `last`, by stage, and the customer-weeks it rests on."""
    store, n_stages = run.store, len(run.journey.stages)
    coarse = store.arrow(coarse_counts(weeks, measure))
    found = locate(coarse, QUANTILES[measure], n_stages=n_stages, first_week=first, n_weeks=last - first + 1)
    fine = store.arrow(fine_counts(weeks, measure, store.temporary("wanted_bins", found.wanted())))
    return refine(found, fine, first_week=first), found.n


def _all_keys(store: Store) -> list[int]:
    return [key for (key,) in store.rows("SELECT DISTINCT customer_key FROM event_log ORDER BY 1")]


def _blocks(keys: Sequence[int], size: int) -> Iterator[list[int]]:
    """At least one block, so that every derived table exists."""
    for start in range(0, max(len(keys), 1), size):
        yield list(keys[start : start + size])


def block_of(run: Run, keys: list[int], facts: CustomerFacts) -> Block:
    """What the weekly recursion needs of some customers, from the derived tables."""
    store = run.store
    store.temporary("block_keys", pa.table({"customer_key": pa.array(keys, pa.int32())}))
    near = f"customer_key BETWEEN {keys[0]} AND {keys[-1]}" if keys else "FALSE"

    def mine(name: str) -> pa.Table:
        return store.fetch(f"SELECT * FROM {name} SEMI JOIN block_keys USING (customer_key) WHERE {near}")

    place = {name: number for number, name in enumerate(facts.segment_names)}
    seats = np.array([facts.seats.get(key, np.nan) for key in keys])
    return Block(
        keys=np.array(keys, dtype=np.int64),
        signal_weeks=mine("signal_weeks"),
        activity_weeks=mine("activity_weeks"),
        stays=mine("stays"),
        seat_factors=seat_factor(seats, facts.median_seats),
        segments=np.array([place[facts.segments.get(key, "")] for key in keys], dtype=np.int64),
    )


def _seasons(run: Run, facts: CustomerFacts) -> NDArray[np.float64]:
    """Season of core use by segment and tick; 1 where there is none."""
    n_ticks = len(run.ticks)
    out = np.ones((len(facts.segment_names), n_ticks))
    core = run.plan.core_keys
    if not core:
        return out
    listed = ", ".join(map(str, core))
    members = {
        "customer_key": pa.array(facts.segments, pa.int32()),
        "segment": pa.array(facts.segments.values(), pa.string()),
    }
    run.store.temporary("segment_members", pa.table(members))
    # One signal has one row a customer and week; counting distinct customers costs many times as much.
    n_active = "count(*)" if len(core) == 1 else "count(DISTINCT w.customer_key)"
    rows = run.store.rows(
        f"SELECT coalesce(m.segment, ''), w.week, sum(w.n_events), {n_active} "
        f"FROM signal_weeks AS w LEFT JOIN segment_members AS m USING (customer_key) "
        f"WHERE w.signal_key IN ({listed}) GROUP BY 1, 2"
    )
    totals, active = np.zeros_like(out), np.zeros_like(out)
    place = {name: number for number, name in enumerate(facts.segment_names)}
    for segment, week, total, n in rows:
        totals[place[segment], week - run.calendar.first_week] = total
        active[place[segment], week - run.calendar.first_week] = n
    for number in range(len(out)):
        out[number] = season(totals[number], _recently_active(active[number]))
    if not run.ticks.is_whole:  # a part of a week has no season, and decline does not look at it
        out[:, -1] = 1.0
    return out


def _keep_seasons(run: Run, facts: CustomerFacts, seasons: NDArray[np.float64]) -> set[str]:
    """Write the seasons; returns the segments whose season is not what it was, so that all of them score anew."""
    store, names, first = run.store, facts.segment_names, run.calendar.first_week
    before = set(store.rows("SELECT segment, week, factor FROM season_weeks") if store.has("season_weeks") else ())
    now = {(names[i], first + int(t), float(seasons[i, t])) for i, t in np.argwhere(seasons != 1.0)}
    segments, weeks, factors = ([row[i] for row in sorted(now)] for i in range(3))
    columns = pa.array(segments, pa.string()), pa.array(weeks, pa.int32()), pa.array(factors, pa.float64())
    store.replace("season_weeks", pa.table(columns, names=["segment", "week", "factor"]))
    return {segment for segment, _, _ in before ^ now}


def _recently_active(active: NDArray[np.float64]) -> NDArray[np.float64]:
    """Most customers active in one of the last 13 weeks: those whose use the week's total is set against."""
    padded = np.concatenate([np.zeros(12), active])
    return np.array([padded[i : i + 13].max() for i in range(len(active))])
