"""What most of everybody's friction comes from: the first row of each customer's friction, for all of them at once."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cxcurve.metrics.contributions import OVERDUE
from cxcurve.metrics.literals import float64
from cxcurve.metrics.signal_weeks import faded
from cxcurve.metrics.snapshot import Snapshot
from cxcurve.metrics.states import silence, stall
from cxcurve.metrics.weights import feature, seat_factor
from cxcurve.pipeline.run import Run
from cxcurve.tables import PARTIAL_ONE, US_PER_DAY

Floats = NDArray[np.float64]
LEAST_INDEX = 0.5
"""Below it the index is shown as 0, and there is nothing to give a reason for."""


def top_reasons(run: Run, snapshot: Snapshot, but: Collection[str] = ()) -> dict[int, str]:
    """Signal or state with most points, by customer_key; none of who has no friction to speak of.

    `but` are those that are told otherwise.
    """
    who = _customers(run, snapshot)
    shares = _signals(run, who) | _states(run, who)
    names = sorted(shares.keys() - set(but))
    if not names or not who.num_rows:
        return {}
    values = np.stack([shares[name] for name in names])
    top, keys = values.argmax(axis=0), who["customer_key"].to_pylist()
    has_reason = (values.max(axis=0) > 0) & (_column(who, "friction_index") >= LEAST_INDEX)
    return {key: names[top[i]] for i, key in enumerate(keys) if has_reason[i]}


def _customers(run: Run, snapshot: Snapshot) -> pa.Table:
    """Everybody inside the journey, in order of their keys."""
    now = snapshot.customer_now.select("customer_key", "stage", "dwell_days", "friction_index")
    seats = snapshot.customers.select("customer_key", "seats")
    rows = now.left_join(seats, "customer_key").drop("customer_key_right")
    return run.store.arrow(rows).sort_by("customer_key")


def _signals(run: Run, who: pa.Table) -> dict[str, Floats]:
    """Weight x feature of every signal, as `why.signal_shares` has it of one customer."""
    weights = run.weights
    rows = run.store.arrow(_sums(run))
    at, is_there = _places(who, rows)
    column, worth = rows["column"].to_numpy()[is_there], rows["worth"].to_numpy()[is_there]
    factor = seat_factor(_column(who, "seats"), float(run.facts.median_seats[-1]))[at]
    value = weights.matrix[column, 0] * feature(worth / np.where(weights.per_seats[column], factor, 1.0))
    found: dict[str, Floats] = {}
    for number in np.unique(column):
        name, rows_of = weights.plan.signals[weights.columns[number][0]].name, column == number
        found.setdefault(name, np.zeros(who.num_rows))[at[rows_of]] += np.maximum(value[rows_of], 0.0)
    return found


def _sums(run: Run) -> ir.Table:
    """customer_key, column, worth: what the weeks of a column have come to."""
    weights, held = run.weights, run.standing.held_us
    columns = pa.table({
        "signal_key": pa.array([key for key, _ in weights.columns], pa.int32()),
        "part": pa.array([part for _, part in weights.columns], pa.int32()),
        "column": pa.array(range(len(weights.columns)), pa.int32()),
        "half_life_us": pa.array([float(us) for us in weights.half_life_us], pa.float64()),
        "until_us": pa.array([held.get(key, run.as_of_us) for key, _ in weights.columns], pa.int64()),
    })  # fmt: skip
    wanted = run.store.temporary("reason_columns", columns)
    weeks = run.store.table("signal_weeks").join(wanted, ["signal_key", "part"])
    kept = faded(run.calendar.end_of(weeks.week), weeks.until_us, weeks.half_life_us)
    worth = weeks.steps.cast("float64") + weeks.partial.cast("float64") / float64(PARTIAL_ONE) * kept
    weeks = weeks.mutate(worth=worth)
    return weeks.group_by("customer_key", "column").agg(worth=weeks.worth.sum())


def _states(run: Run, who: pa.Table) -> dict[str, Floats]:
    """The state signals, as `workspace.customers` has them of one customer."""
    made = {"open_issues": _open_issues, "stall": _stall, "silence": _silence, "decline": _decline}
    weights, stage = run.weights, who["stage"].to_numpy()
    found = {}
    for name, build in made.items():
        if weights.state(name):
            counts = np.ones(len(stage)) if name == "open_issues" else weights.state_stages(name)[stage]
            found[name] = weights.state(name) * build(run, who) * counts
    return found


def _open_issues(run: Run, who: pa.Table) -> Floats:
    late, held = run.store.table("signal_weeks"), run.standing.held_us
    late = late.filter(late.part == OVERDUE)
    for key, until_us in held.items():  # to the week: what fell due since its source is silent is not known
        late = late.filter((late.signal_key != key) | (run.calendar.end_of(late.week) <= until_us))
    counts = run.store.arrow(late.group_by("customer_key").agg(n=late.steps.sum()))
    return np.asarray(np.log2(1.0 + _spread(who, counts, "n", 0.0)))


def _stall(run: Run, who: pa.Table) -> Floats:
    stage = who["stage"].to_numpy()
    behind_days = run.standing.stage_behind_us[-1, stage] / US_PER_DAY
    return stall(_column(who, "dwell_days") - behind_days, run.expected_days[stage])


def _silence(run: Run, who: pa.Table) -> Floats:
    sums = run.store.fetch(
        "SELECT customer_key, sum(n_days)::DOUBLE AS n_days, min(first_day) AS first_day, max(last_day) AS last_day, "
        "max(complaint_us) AS complaint_us FROM activity_weeks GROUP BY 1"
    )
    days, first, last, complaint = (
        _spread(who, sums, name, empty)
        for name, empty in (("n_days", 0.0), ("first_day", np.nan), ("last_day", np.nan), ("complaint_us", -np.inf))
    )
    told = run.standing.activity_days, run.standing.activity_us
    today, now = (np.full(who.num_rows, float(one[-1])) for one in told)
    return silence(days, first, last, today, complaint, now)


def _decline(run: Run, who: pa.Table) -> Floats:
    is_before = run.standing.use_us[-1] < run.calendar.end_at(run.ticks.last_whole_week)
    name = "decline_before" if is_before else "decline"
    return _spread(who, run.store.fetch(f"SELECT customer_key, {name} AS fall FROM customer_state"), "fall", 0.0)


def _places(who: pa.Table, rows: pa.Table) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Where the customers of the rows stand in `who`, and which rows are of somebody there."""
    keys, wanted = who["customer_key"].to_numpy(), rows["customer_key"].to_numpy()
    at = np.minimum(np.searchsorted(keys, wanted), max(len(keys) - 1, 0))
    is_there = keys[at] == wanted if len(keys) else np.zeros(len(wanted), dtype=bool)
    return at[is_there], is_there


def _spread(who: pa.Table, rows: pa.Table, name: str, empty: float) -> Floats:
    """A column of the rows for everybody; `empty` where there is none."""
    found = np.full(who.num_rows, empty)
    at, is_there = _places(who, rows)
    values = _column(rows, name)[is_there]
    found[at] = np.where(np.isnan(values), empty, values)
    return found


def _column(rows: pa.Table, name: str) -> Any:
    return rows[name].cast(pa.float64()).to_numpy(zero_copy_only=False)
