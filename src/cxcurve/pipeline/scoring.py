"""Scoring: the log into stays, weekly sums, customer weeks and references."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from cxcurve import tables
from cxcurve.journey.stays import stays
from cxcurve.journey.transitions import transitions
from cxcurve.metrics.activity import activity_weeks
from cxcurve.metrics.recursion import Memory, Ticks
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
from cxcurve.metrics.signal_weeks import signal_weeks
from cxcurve.metrics.weekly import LOOK_BACK_WEEKS, Block, Habits, Scored, core_use, score_block
from cxcurve.pipeline.run import Run
from cxcurve.store import Store

SQL_BLOCK, ARRAY_BLOCK, TICK_BLOCK = 25_000, 3_000, 25_000
"""Customers at a time, in the engine, in numpy over all weeks, and over the few ticks since the last score: what keeps
memory bounded."""
N_WORKERS = os.cpu_count() or 1

SOME_MOMENT_US = 2**62 - 2_971_215_073
"""Stands for as_of in SQL that is kept for other days too."""

_SUMS: dict[str, Callable[[Run, ir.Table, ir.Table], ir.Table]] = {
    "stays": lambda run, log, plan: stays(log, plan, run.plan),
    "transitions": lambda run, log, plan: transitions(_of_block(run, "stays")),
    "signal_weeks": lambda run, log, plan: signal_weeks(log, plan, run.plan, run.calendar, now_us=SOME_MOMENT_US),
    "activity_weeks": lambda run, log, plan: activity_weeks(log, run.plan, run.calendar),
}
WEEKS = ("customer_weeks", "customer_now")
STATE = ("signal_state", "customer_state")
"""What is carried on from the end of the last whole week."""
LOG_COLUMNS = (
    "customer_key", "signal_key", "event_id", "occurred_us", "person_id", "conversation_id",
    "value", "amount", "currency", "channel", "text", "source", "partner_id",
)  # fmt: skip

Progress = Callable[[str, int, int], None]


def score(run: Run, keys: Sequence[int] | None, progress: Progress | None = None) -> int:
    """Derive and write everything of `keys`, or of all customers; all of it or nothing.

    Of `keys` only what lies in the weeks since their first change is written; where as_of moved since the last score,
    the other customers are carried on to it from their last whole week.

    Returns:
        How many customers were scored from their events.
    """
    store, say = run.store, progress or (lambda *_: None)
    before = None if keys is None else _Before.read(run)
    everybody = _all_keys(store)
    chosen = everybody if keys is None else list(keys)
    with store.transaction():
        _clear(store, _SUMS, chosen, before)
        _sum_up(run, chosen, before, say)
        factors = _seasons(run)
        moved = _keep_seasons(run, factors, None if before is None else before.carried_week)
        if before is not None and moved:
            before = before.since_ever()
            chosen = _with_segments(run, chosen, everybody, moved)
        anew, on = _split(chosen, everybody, before)
        # Whose events all went to an account that was found for them has no rows any more.
        _clear(store, (*WEEKS, *STATE), sorted({*anew, *chosen} - set(on)), before)
        _week_by_week(run, anew, factors, before, say)
        if before is not None:
            _carry_on(run, on, factors, before)
        _write_references(run, before)
        _remember(run)
    return len(chosen)


def _split(chosen: list[int], everybody: list[int], before: _Before | None) -> tuple[list[int], list[int]]:
    """Who is scored from the first week on, and who goes on from the last whole week; of the others all stays."""
    mine = sorted(set(chosen) & set(everybody))
    if before is None:
        return mine, []
    anew = mine if before.first_week <= before.carried_week else []
    return anew, sorted(set(everybody if before.is_earlier else mine) - set(anew))


@dataclass(frozen=True)
class _Before:
    """What the last score left.

    Attributes:
        as_of_us: when it was for.
        carried_week: the last whole week then.
        first_week: the first week that may differ now.
        is_earlier: whether as_of has moved on.
    """

    as_of_us: int
    carried_week: int
    first_week: int
    is_earlier: bool

    @classmethod
    def read(cls, run: Run) -> _Before:
        """From what the store remembers."""
        store = run.store
        as_of_us, touched_us = int(store.meta("scored_as_of_us") or 0), store.touched_since()
        since_us = as_of_us if touched_us is None else min(touched_us, as_of_us)
        first_week = run.calendar.week_at(since_us) if since_us > 0 else EVER
        return cls(as_of_us, int(store.meta("carried_week") or 0), first_week, run.as_of_us > as_of_us)

    def since_ever(self) -> _Before:
        """The same where every week may differ."""
        return replace(self, first_week=EVER)


EVER = -(2**31)
"""Stands for the week before all weeks."""


def _remember(run: Run) -> None:
    store = run.store
    store.execute("DELETE FROM touched")
    store.remember("scored_as_of_us", str(run.as_of_us))
    store.remember("scored_zone", run.zone)
    store.remember("scored_received_us", str(_received_until(store)))
    store.remember("carried_week", str(run.ticks.last_whole_week))
    store.remember("median_seats", f"{_median_seats(run, run.ticks.last_whole_week)}|{run.facts.median_seats[-1]}")


def goes_on(run: Run) -> bool:
    """Whether the last score can be taken further: not back in time, and with the same median of seats until then."""
    store = run.store
    scored, carried, medians = (store.meta(name) for name in ("scored_as_of_us", "carried_week", "median_seats"))
    if scored is None or carried is None or medians is None or int(scored) > run.as_of_us:
        return False
    before, _, now = medians.partition("|")
    is_same_now = int(scored) < run.as_of_us or now == str(run.facts.median_seats[-1])
    return is_same_now and before == _median_seats(run, int(carried))


def _median_seats(run: Run, last_week: int) -> str:
    return run.facts.median_steps(run.ticks.first_week, last_week + 1 - run.ticks.first_week)


def changed_keys(run: Run) -> list[int]:
    """Customers whose past is not what the last score knew: touched ones, and those for whom time alone did it.

    An event dated later than the last as_of counts once as_of has passed it, and so do seats and a segment that hold
    from then on; an open issue falls due.
    """
    store, since_us = run.store, int(run.store.meta("scored_as_of_us") or 0)
    changed = set(store.touched())
    if run.as_of_us > since_us:
        log = store.log
        arrived = (log.occurred_us >= since_us) & (log.occurred_us < run.as_of_us)
        if run.plan.issue_keys and run.plan.overdue_us is not None:
            due_us = log.occurred_us + run.plan.overdue_us
            is_issue = log.signal_key.isin(run.plan.issue_keys)
            arrived = arrived | (is_issue & (due_us >= since_us) & (due_us < run.as_of_us))
        changed |= set(store.arrow(log.filter(arrived).select("customer_key").distinct())["customer_key"].to_pylist())
        changed |= run.facts.keys_from(since_us)
    return sorted(changed)


def _with_segments(run: Run, chosen: list[int], everybody: list[int], moved: set[str]) -> list[int]:
    """The chosen, and all who were ever in a segment whose season is another now."""
    if "" in moved:  # nobody's row says since when somebody was in none
        return everybody
    return sorted({*chosen, *(run.facts.keys_in(moved) & set(everybody))})


def _clear(store: Store, names: Iterable[str], keys: list[int], before: _Before | None) -> None:
    """Take away what will be written anew: everything, or of some customers the weeks since the first change."""
    for name in names:
        if before is None:
            store.clear(name, None)
        else:
            has_weeks = "week" in tables.DERIVED[name].column_names and name != "customer_now"
            store.clear(name, keys, f"week >= {before.first_week}" if has_weeks else "TRUE")


def _sum_up(run: Run, keys: list[int], before: _Before | None, say: Progress) -> None:
    """Stays, weekly sums and activity, computed and kept inside the engine."""
    store = run.store
    plan_table = store.temporary("plan_now", run.plan.table)
    for block in _blocks(keys, SQL_BLOCK):
        log = _block_log(run, block)
        for name, build in _SUMS.items():
            sql = store.compiled(("sums", name, run.expression_mark), partial(build, run, log, plan_table))
            # Only the number of the moment differs from day to day, and planning takes longer than most days' events.
            sql = sql.replace(str(SOME_MOMENT_US), str(run.as_of_us))
            if before is not None and "week" in tables.DERIVED[name].column_names:
                sql = f"SELECT * FROM ({sql}) WHERE week >= {before.first_week}"
            store.insert(name, sql)
        say("sums", block[-1] if block else 0, keys[-1] if keys else 0)
    store.drop_temporary("block_log")


def _of_block(run: Run, name: str) -> ir.Table:
    """A derived table's rows of the block's customers."""
    return run.store.table(name).semi_join(run.store.table("block_keys"), "customer_key")


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


def _week_by_week(
    run: Run, keys: list[int], factors: NDArray[np.float64], before: _Before | None, say: Progress
) -> None:
    """Customer weeks and the row at as_of, by the recursion in numpy, from the first week on."""
    done, size = 0, min(ARRAY_BLOCK, -(-len(keys) // N_WORKERS) or 1)
    blocks = (block_of(run, block, factors) for block in _blocks(keys, size))
    for block, scored in _in_parallel(run, blocks, run.ticks):
        _add_weeks(run, scored.rows, before)
        _add_state(run.store, scored)
        done += len(block.keys)
        say("weeks", done, len(keys))


def _carry_on(run: Run, keys: list[int], factors: NDArray[np.float64], before: _Before) -> None:
    """The ticks since the last whole week of customers without news from before it."""
    store, ticks = run.store, run.ticks.after(before.carried_week)
    has_new_week = run.ticks.last_whole_week > before.carried_week
    blocks = (_carried_block(run, block, ticks, factors) for block in _blocks(keys, TICK_BLOCK))
    for block, scored in _in_parallel(run, blocks, ticks) if keys else ():
        mine = block.keys.tolist()
        store.clear("customer_now", mine)
        _add_weeks(run, scored.rows, None)
        if has_new_week:
            _clear(store, STATE, mine, before)
            _add_state(store, scored)


def _add_weeks(run: Run, rows: pa.Table, before: _Before | None) -> None:
    week = np.asarray(rows["week"])
    is_now = week == run.ticks.first_week + len(run.ticks) - 1
    is_new = (week >= (EVER if before is None else before.first_week)) & (run.ticks.is_whole | ~is_now)
    run.store.add("customer_now", rows.filter(pa.array(is_now)))
    run.store.add("customer_weeks", rows.filter(pa.array(is_new)))


def _add_state(store: Store, scored: Scored) -> None:
    store.add("signal_state", scored.signal_state)
    store.add("customer_state", scored.customer_state)


def _in_parallel(run: Run, blocks: Iterable[Block], ticks: Ticks) -> Iterator[tuple[Block, Scored]]:
    """Every block with its scores, in order; one block a processor at a time: numpy works outside the GIL."""
    expected = np.array([stage.expected.days if stage.expected else 0.0 for stage in run.journey.stages])
    with ThreadPoolExecutor(N_WORKERS) as pool:
        running: deque[tuple[Block, Future[Scored]]] = deque()
        for block in blocks:
            running.append((block, pool.submit(score_block, block, run.weights, ticks, expected)))
            if len(running) > N_WORKERS:
                done, result = running.popleft()
                yield done, result.result()
        for done, result in running:
            yield done, result.result()


def block_of(run: Run, keys: Sequence[int], factors: NDArray[np.float64]) -> Block:
    """What the weekly recursion needs of some customers from the first week on.

    Args:
        run: the run.
        keys: the customers, in order.
        factors: segments x ticks, seasons of core use.
    """
    mine, own = _reader(run.store, keys), np.array(keys, dtype=np.int64)
    weeks = mine("signal_weeks")
    return Block(
        keys=own,
        signal_weeks=weeks,
        activity_weeks=mine("activity_weeks"),
        core_weeks=core_use(weeks, run.weights),
        stays=mine("stays"),
        seat_factors=run.facts.seat_factors(own, 0, len(run.ticks)),
        seasons=_factors_of(run, own, factors, 0),
        memory=Memory.empty(run.weights, len(own)),
        habits=Habits.none(len(own)),
    )


def _carried_block(run: Run, keys: Sequence[int], ticks: Ticks, factors: NDArray[np.float64]) -> Block:
    """The same from the last whole week on, with what was carried there."""
    mine, own = _reader(run.store, keys), np.array(keys, dtype=np.int64)
    first = ticks.first_week - run.ticks.first_week
    look_back = min(first, LOOK_BACK_WEEKS)
    listed = ", ".join(map(str, run.plan.core_keys or [-1]))
    core = f"signal_key IN ({listed}) AND week >= {ticks.first_week - look_back}"
    is_new_week = ticks.last_whole_week >= ticks.first_week
    weeks = mine("signal_weeks", f"week >= {ticks.first_week}")
    return Block(
        keys=own,
        signal_weeks=weeks,
        activity_weeks=mine("activity_weeks", f"week >= {ticks.first_week}"),
        core_weeks=core_use(mine("signal_weeks", core) if is_new_week else weeks, run.weights),
        stays=mine("stays"),
        seat_factors=run.facts.seat_factors(own, first, len(ticks)),
        seasons=_factors_of(run, own, factors, first - look_back),
        memory=Memory.read(mine("signal_state"), own, run.weights),
        habits=Habits.read(mine("customer_state"), own),
    )


def _reader(store: Store, keys: Sequence[int]) -> Callable[..., pa.Table]:
    """Reads the rows of some customers from a derived table."""
    store.temporary("block_keys", pa.table({"customer_key": pa.array(keys, pa.int32())}))
    near = f"customer_key BETWEEN {keys[0]} AND {keys[-1]}" if len(keys) else "FALSE"

    def mine(name: str, where: str = "TRUE") -> pa.Table:
        return store.fetch(f"SELECT * FROM {name} SEMI JOIN block_keys USING (customer_key) WHERE {near} AND {where}")

    return mine


def _factors_of(run: Run, keys: NDArray[np.int64], factors: NDArray[np.float64], first: int) -> NDArray[np.float64]:
    """Customers x ticks from the tick `first` on: the season of each one's segment at the time."""
    n_ticks = len(run.ticks) - first
    return np.asarray(factors[run.facts.segments(keys, first, n_ticks), np.arange(first, len(run.ticks))[None, :]])


def _write_references(run: Run, before: _Before | None) -> None:
    """What is usual at each stage in every week; where only later events changed, of the weeks from theirs on.

    A week that is not over has the references of the weeks before, whatever happens in it.
    """
    store, first, last = run.store, run.calendar.first_week, run.calendar.first_week + len(run.ticks) - 1
    start = first if before is None else max(before.first_week, first)
    if before is not None and start > run.ticks.last_whole_week and last == run.calendar.week_at(before.as_of_us - 1):
        return
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
    return sorted(store.arrow(store.log.select("customer_key").distinct())["customer_key"].to_pylist())


def _received_until(store: Store) -> int:
    """When the latest event came; 0 where there is none."""
    return store.arrow(store.log.agg(latest=store.log.received_us.max()))["latest"][0].as_py() or 0


def _blocks(keys: Sequence[int], size: int) -> Iterator[list[int]]:
    """At least one block, so that every derived table exists."""
    for start in range(0, max(len(keys), 1), size):
        yield list(keys[start : start + size])


def _seasons(run: Run) -> NDArray[np.float64]:
    """Season of core use by segment and tick; 1 where there is none."""
    names, first, n_ticks = run.facts.segment_names, run.ticks.first_week, len(run.ticks)
    if not run.plan.core_keys:
        return np.ones((len(names), n_ticks))
    members = run.store.temporary("segment_members", run.facts.members)
    use = run.store.arrow(core_by_segment(run.store.table("signal_weeks"), members, run.plan.core_keys, first))
    factors = seasons(use, names, first, n_ticks)
    if not run.ticks.is_whole:  # a part of a week has no season, and decline does not look at it
        factors[:, -1] = 1.0
    return factors


def _keep_seasons(run: Run, factors: NDArray[np.float64], until_week: int | None) -> set[str]:
    """Write the seasons; returns the segments whose season up to a week is not what it was: all in them score anew."""
    store, names, first = run.store, run.facts.segment_names, run.ticks.first_week
    before = set(store.rows("SELECT segment, week, factor FROM season_weeks") if store.has("season_weeks") else ())
    now = {(names[i], first + int(t), float(factors[i, t])) for i, t in np.argwhere(factors != 1.0)}
    segments, weeks, values = ([row[i] for row in sorted(now)] for i in range(3))
    columns = pa.array(segments, pa.string()), pa.array(weeks, pa.int32()), pa.array(values, pa.float64())
    store.replace("season_weeks", pa.table(columns, names=["segment", "week", "factor"]))
    return {segment for segment, week, _ in before ^ now if until_week is None or week <= until_week}
