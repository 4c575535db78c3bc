"""Customer weeks and the row at as_of: blocks of customers through the recursion in numpy."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain, islice
from typing import TypeVar

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cxcurve.metrics.episodes import episodes
from cxcurve.metrics.recursion import Floats, Ints, Memory, Ticks
from cxcurve.metrics.staleness import overdue_since
from cxcurve.metrics.weekly import LOOK_BACK_WEEKS, Block, Habits, Scored, core_use, score_block
from cxcurve.pipeline.earlier import EVER, Earlier, clear
from cxcurve.pipeline.run import Run
from cxcurve.pipeline.sums import Progress, blocks
from cxcurve.store import Store

T = TypeVar("T")
MOST_CELLS, MOST_CUSTOMERS = 320_000, 25_000
"""Customers x ticks, and customers, at a time: what keeps memory bounded, also where one event lies decades back."""
FEWEST_CUSTOMERS = 200
"""Reading a block takes as long as scoring so many: fewer are not shared out among processors."""
N_WORKERS = os.cpu_count() or 1
WEEKS = ("customer_weeks", "customer_now")
STATE = ("signal_state", "customer_state")
"""What is carried on from the end of the last whole week."""


def week_by_week(
    run: Run, keys: list[int], factors: NDArray[np.float64], earlier: Earlier | None, say: Progress
) -> None:
    """Customer weeks and the row at as_of, by the recursion in numpy, from the first week on."""
    done, shared = 0, max(-(-len(keys) // N_WORKERS), FEWEST_CUSTOMERS)
    found = (block_of(run, block, factors) for block in blocks(keys, min(block_size(run.ticks), shared)))
    for block, scored in in_parallel(found, _scorer(run, run.ticks)):
        _add_weeks(run, scored.rows, earlier)
        _add_state(run.store, scored)
        done += len(block.keys)
        say("weeks", done, len(keys))


def carry_on(run: Run, keys: list[int], factors: NDArray[np.float64], earlier: Earlier) -> None:
    """The ticks since the last whole week of customers without news from before it."""
    store, ticks = run.store, run.ticks.after(earlier.carried_week)
    has_new_week = run.ticks.last_whole_week > earlier.carried_week
    found = (_carried_block(run, block, ticks, factors) for block in blocks(keys, block_size(ticks)))
    for block, scored in in_parallel(found, _scorer(run, ticks)) if keys else ():
        mine = block.keys.tolist()
        store.clear("customer_now", mine)
        _add_weeks(run, scored.rows, None)
        if has_new_week:
            clear(store, STATE, mine, earlier)
            _add_state(store, scored)


def block_size(ticks: Ticks) -> int:
    """How many customers are taken at a time."""
    return max(1, min(MOST_CELLS // max(len(ticks), 1), MOST_CUSTOMERS))


def _add_weeks(run: Run, rows: pa.Table, earlier: Earlier | None) -> None:
    week = np.asarray(rows["week"])
    is_now = week == run.ticks.first_week + len(run.ticks) - 1
    is_new = (week >= (EVER if earlier is None else earlier.first_week)) & (run.ticks.is_whole | ~is_now)
    run.store.add("customer_now", rows.filter(pa.array(is_now)))
    run.store.add("customer_weeks", rows.filter(pa.array(is_new)))


def _add_state(store: Store, scored: Scored) -> None:
    store.add("signal_state", scored.signal_state)
    store.add("customer_state", scored.customer_state)


def _scorer(run: Run, ticks: Ticks) -> Callable[[Block], Scored]:
    expected, versions = run.expected_days, run.versions
    return lambda block: score_block(block, versions, ticks, expected)


def in_parallel(blocks: Iterable[Block], work: Callable[[Block], T]) -> Iterator[tuple[Block, T]]:
    """Every block with what came of it, in order; one block a processor at a time: numpy works outside the GIL."""
    found = iter(blocks)
    first = list(islice(found, 2))
    if len(first) < 2:
        yield from ((block, work(block)) for block in first)
        return
    with ThreadPoolExecutor(N_WORKERS) as pool:
        running: deque[tuple[Block, Future[T]]] = deque()
        for block in chain(first, found):
            running.append((block, pool.submit(work, block)))
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
        not_due=not_due(run, own, run.ticks),
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
        not_due=not_due(run, own, ticks),
    )


def not_due(run: Run, keys: Ints, ticks: Ticks) -> Floats | None:
    """Ticks x customers: issues that have fallen due since their sources are stale; None where none has."""
    until = ticks.standing.signals_us if ticks.standing else {}
    held = {key: until[key] for key in run.plan.issue_keys if key in until and (until[key] < ticks.ends_us).any()}
    if not held or run.plan.overdue_us is None or "open_issues" not in run.weights.states:
        return None
    run.store.temporary_keys("block_keys", keys.tolist())
    sql = run.store.compiled(("issues", run.mark), lambda: _issues(run))
    return overdue_since(run.store.fetch(sql), keys, held, ticks.ends_us, run.plan.overdue_us)


def _issues(run: Run) -> ir.Table:
    """Issues of the customers of a block, and when each was ended."""
    plan = run.plan
    names = plan.keys_of(*(plan.signals[key].until or "" for key in plan.issue_keys))
    log = run.log.filter(run.log.signal_key.isin([*plan.issue_keys, *names]))
    return episodes(log.semi_join(run.store.table("block_keys"), "customer_key"), plan)


def _reader(store: Store, keys: Sequence[int]) -> Callable[..., pa.Table]:
    """Reads the rows of some customers from a derived table."""
    store.temporary_keys("block_keys", keys)
    near = f"customer_key BETWEEN {keys[0]} AND {keys[-1]}" if len(keys) else "FALSE"

    def mine(name: str, where: str = "TRUE") -> pa.Table:
        return store.fetch(f"SELECT * FROM {name} SEMI JOIN block_keys USING (customer_key) WHERE {near} AND {where}")

    return mine


def _factors_of(run: Run, keys: NDArray[np.int64], factors: NDArray[np.float64], first: int) -> NDArray[np.float64]:
    """Customers x ticks from the tick `first` on: the season of each one's segment at the time."""
    n_ticks = len(run.ticks) - first
    return np.asarray(factors[run.facts.segments(keys, first, n_ticks), np.arange(first, len(run.ticks))[None, :]])
