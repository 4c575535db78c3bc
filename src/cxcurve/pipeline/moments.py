"""Moments of truth of a run: its weeks and its log's first times, compared."""

from __future__ import annotations

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cxcurve.learn.moments import Firsts, Moments, moments
from cxcurve.learn.trials import Trials, trials
from cxcurve.metrics.moments import first_times
from cxcurve.metrics.periods import Periods
from cxcurve.metrics.recursion import column
from cxcurve.pipeline.periods import read_periods
from cxcurve.pipeline.run import Run
from cxcurve.pipeline.sums import Progress

NEVER_US = 2**62


def find_moments(run: Run, only: ir.Table | None = None, progress: Progress | None = None) -> Moments:
    """What came after each first time, of all customers or those in `only` (customer_key); the run must be scored."""
    found = read_trials(run, only, progress=progress)
    wanted = run.store.temporary("trial_keys", pa.table({"customer_key": pa.array(found.keys, pa.int32())}))
    rows = run.store.arrow(first_times(run.log.semi_join(wanted, "customer_key"), run.plan))
    firsts = Firsts(
        signal=column(rows, "signal_key"),
        customer=column(rows, "customer_key"),
        at_us=column(rows, "at_us"),
        until_us=column(rows, "until_us", missing=NEVER_US),
    )
    names = {key: name for name, key in run.plan.keys.items() if key not in run.plan.exit_keys}

    def say(done: int, total: int) -> None:
        if progress:
            progress("moments", done, total)

    return moments(found, firsts, names, say=say)


def read_trials(run: Run, only: ir.Table | None = None, *, lag: int = 1, progress: Progress | None = None) -> Trials:
    """The trials of a run, at the risk its weights in force say."""
    periods = _of(run, read_periods(run, progress=progress), only)
    return trials(periods, run.weights.of_features(0), run.weights.of_features(1), lag=lag)


def _of(run: Run, periods: Periods, only: ir.Table | None) -> Periods:
    if only is None:
        return periods
    keys: NDArray[np.int64] = column(run.store.arrow(only.select("customer_key")), "customer_key")
    return periods.where(np.isin(periods.customer, keys))
