"""Time to value: tiny cases by hand, and the trap of counting converters only (definitions 5)."""

from __future__ import annotations

from statistics import median

import numpy as np
import pyarrow as pa
import pytest
from worlds import DAY_US, JOURNEY, Event, new_store, scored, table, us

from cxcurve.errors import Reason
from cxcurve.metrics.time_to_value import TimeToValue, by_start, same_pace, time_to_value, value_times
from cxcurve.pipeline.snapshots import snapshot
from cxcurve.workspace.workspace import Workspace

AS_OF = us("2025-06-01")
DAYS = int(DAY_US)
Cycle = tuple[float, float | None, float | None]
"""Days before as_of of the start, the value and the exit."""


def times_of(cycles: list[Cycle]) -> pa.Table:
    def at(days: float | None) -> int | None:
        return None if days is None else AS_OF - int(days * DAYS)

    columns = {
        name: pa.array([at(cycle[i]) for cycle in cycles], pa.int64())
        for i, name in enumerate(("start_us", "goal_us", "exit_us"))
    }
    keys = pa.array(range(len(cycles)), pa.int32())
    return pa.table({"customer_key": keys, **columns})


def of(cycles: list[Cycle]) -> TimeToValue:
    return time_to_value(times_of(cycles), as_of_us=AS_OF)


def test_by_hand_with_an_exit_and_one_waiting() -> None:
    """Value after 2, 5 and 9 days, exit after 4, waiting for 6: CIF = 1/5, then 1/5 of 3/5 more, then the rest."""
    found = of([(20, 18, None), (20, 15, None), (20, 11, None), (20, None, 16), (6, None, None)])
    assert (found.n, found.n_reached, found.n_exited, found.n_waiting) == (5, 3, 1, 1)
    shares = {day: found.reached[day].value for day in (7, 10, 14)}
    # At risk: 5, then 4 (exit), then 3 (value on day 5: 3/5 x 1/3), then 1 alone on day 9 (2/5 x 1).
    assert shares == pytest.approx({7: 0.4, 10: 0.8, 14: 0.8})
    assert found.median.value == pytest.approx(9.0)
    assert [(w.customer_key, w.days) for w in found.waiting] == [(4, pytest.approx(6.0))]


def test_value_before_the_start_is_day_zero_and_counted_apart() -> None:
    found = of([(10, 12, None), (10, 9, None), (10, 8, None), (10, 7, None), (10, 6, None)])
    assert (found.n_before_start, found.n_reached) == (1, 5)
    assert found.median.value == pytest.approx(2.0)


def test_where_half_never_arrive_the_median_is_not_reached() -> None:
    found = of([(30, 29, None), (30, 28, None), *[(30, None, 20)] * 4])
    assert found.median.value is None
    assert found.median.reason == Reason.NOT_REACHED
    assert found.reached[14].value == pytest.approx(1 / 3)


def test_thin_data_gives_a_reason() -> None:
    assert of([(9, 8, None)] * 4).reason == Reason.TOO_FEW
    assert of([(9, 8, None)] * 4).median.value is None
    assert of([]).reason == Reason.NO_EVENTS


def test_converters_only_would_flatter() -> None:
    """Exponential waiting with mean 20 days, entries over 30 days: who has arrived so far was fast."""
    rng = np.random.default_rng(1)
    waited, since = rng.exponential(20, 4000), rng.uniform(0, 30, 4000)
    found = of([(s, s - w if w < s else None, None) for s, w in zip(since.tolist(), waited.tolist(), strict=True)])
    truth = 20 * np.log(2)
    converters = median(w for w, s in zip(waited.tolist(), since.tolist(), strict=True) if w < s)
    assert converters < 0.6 * truth, "the trap is there"
    assert found.median.value == pytest.approx(truth, rel=0.08)
    assert found.n_waiting + found.n_reached == 4000


def test_lately_is_180_days_and_under_twenty_it_is_everybody() -> None:
    lately: list[Cycle] = [(180, None, None), *[(90, 80, None)] * 19]
    before: list[Cycle] = [(180.01, None, None), (400, 390, None)]
    recent, earlier = by_start(times_of([*lately, *before]), AS_OF)
    assert (recent.num_rows, earlier.num_rows) == (20, 2)
    everybody, nobody = by_start(times_of([*lately[1:], *before]), AS_OF)
    assert (everybody.num_rows, nobody.num_rows) == (21, 0)


def test_the_pace_is_compared_on_reaching_value_with_who_waits_and_who_left_kept() -> None:
    """Exits are twice as frequent on one side: the pace is the same, the shares that reach value are not."""
    rng = np.random.default_rng(9)

    def started(mean: float, leaving: float, low: float, high: float) -> pa.Table:
        cycles: list[Cycle] = []
        for since in rng.uniform(low, high, 300).tolist():
            value, left = since - rng.exponential(mean), since - rng.exponential(leaving)
            end = max(value, left)
            cycles.append((since, value if end == value > 0 else None, left if end == left > 0 else None))
        return times_of(cycles)

    earlier = started(10, 30, 200, 400)
    same, faster = started(10, 15, 0, 180), started(7, 30, 0, 180)
    assert (same_pace(same, earlier, AS_OF).p_value or 0) > 0.05
    assert (same_pace(faster, earlier, AS_OF).p_value or 1) < 0.01
    assert same_pace(same.slice(0, 19), earlier, AS_OF).reason == Reason.TOO_FEW


def test_times_are_those_of_the_cycle() -> None:
    start = us("2025-03-03")
    days = [(0, "bought"), (3, "bought"), (9, "value"), (12, "value"), (20, "lost"), (30, "value"), (33, "bought")]
    events = [Event(f"e{i}", "ann", name, start + day * DAYS) for i, (day, name) in enumerate(days)]
    events += [Event("b1", "bea", "bought", start), Event("b2", "bea", "quit", start + 4 * DAYS)]
    events += [Event("c1", "cem", "value", start)]
    with new_store() as store:
        store.append(table(events))
        found = value_times(snapshot(scored(store, AS_OF)))
        assert found is not None
        rows = store.arrow(found.order_by("customer_key", "start_us")).to_pylist()
    told = [
        tuple(None if row[name] is None else (row[name] - start) / DAYS for name in ("start_us", "goal_us", "exit_us"))
        for row in rows
    ]
    assert told == [(0, 9, 20), (33, 30, None), (0, None, 4)]
    assert JOURNEY.time_to_value is not None


def test_of_the_simulated_company_it_adds_up(company: Workspace) -> None:
    found = company.time_to_value().to_json()
    n, parts = found["n"], ("n_reached", "n_exited", "n_waiting")
    assert n > 50
    assert sum(found[name] for name in parts) == n
