"""Periods of a run: read block by block, of all customers or of a sample that is large enough."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cxcurve.metrics.periods import Periods, join, moves, periods
from cxcurve.metrics.weekly import Block
from cxcurve.pipeline.earlier import clear
from cxcurve.pipeline.run import Run
from cxcurve.pipeline.sums import SUMS, Progress, blocks, sum_up
from cxcurve.pipeline.usual import read_seasons
from cxcurve.pipeline.weeks import block_of, block_size, in_parallel

MOST_CUSTOMERS = 25_000
"""More customers add nothing to a hundred weights but memory: of a larger company so many are drawn."""


def read_periods(run: Run, *, most: int = MOST_CUSTOMERS, seed: int = 1, progress: Progress | None = None) -> Periods:
    """The periods of a run's customers, or of so many drawn, from the tables its score has written."""
    return _read(run, _drawn(_keys(run), most, seed), read_seasons(run), progress)


def read_periods_with(
    run: Run, keys: Sequence[int], *, most: int = MOST_CUSTOMERS, seed: int = 1, progress: Progress | None = None
) -> tuple[Periods, list[int]]:
    """The same with certain customers among them; and which of these only came because they were asked for."""
    known = _keys(run)
    drawn = _drawn(known, most, seed)
    guests = sorted(set(keys) & set(known) - set(drawn))
    return _read(run, sorted([*drawn, *guests]), read_seasons(run), progress), guests


def periods_of(run: Run, key: int) -> Periods:
    """Those of one customer."""
    return _read(run, [key], read_seasons(run), None)


def periods_by_half_lives(
    run: Run, factors: Sequence[float], *, most: int, seed: int = 1, progress: Progress | None = None
) -> dict[float, Periods]:
    """The periods of some customers as they would be with half-lives so many times as long; leaves nothing behind."""
    keys, seasons = _drawn(_keys(run), most, seed), read_seasons(run)
    found = {}
    for factor in factors:
        if factor == 1:
            found[factor] = _read(run, keys, seasons, progress)
            continue
        faded = replace(run, journey=run.journey.faded(factor))
        with run.store.trial():
            clear(run.store, SUMS, keys, None)
            sum_up(faded, keys, None, progress or (lambda *_: None))
            found[factor] = _read(faded, keys, seasons, progress)
    return found


def _read(run: Run, keys: list[int], factors: NDArray[np.float64], progress: Progress | None) -> Periods:
    wanted = run.store.temporary("period_keys", pa.table({"customer_key": pa.array(keys, pa.int32())}))
    moved = run.store.arrow(moves(run.log, run.plan).semi_join(wanted, "customer_key"))
    order = np.argsort(moved["customer_key"].to_numpy(), kind="stable")
    moved = moved.take(order)
    owner = moved["customer_key"].to_numpy()
    found = (block_of(run, block, factors) for block in blocks(keys, block_size(run.ticks)))

    def work(block: Block) -> Periods:
        low, high = np.searchsorted(owner, block.keys[0]), np.searchsorted(owner, block.keys[-1], "right")
        return periods(block, run.weights, run.ticks, run.expected_days, moved.slice(low, high - low), run.as_of_us)

    parts, done = [], 0
    for block, part in in_parallel(found, work):
        parts.append(part)
        done += len(block.keys)
        if progress:
            progress("periods", done, len(keys))
    return join(parts)


def _keys(run: Run) -> list[int]:
    return sorted(run.store.arrow(run.log.select("customer_key").distinct())["customer_key"].to_pylist())


def _drawn(keys: list[int], most: int, seed: int) -> list[int]:
    if len(keys) <= most:
        return keys
    return sorted(np.random.default_rng(seed).choice(keys, most, replace=False).tolist())
