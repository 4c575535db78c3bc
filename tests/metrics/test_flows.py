"""Flows: who goes from step to step by hand, against a slow reference, and planted times."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxcurve.errors import Reason
from cxcurve.metrics.flows import Cases, event_cases, stage_cases, steps_of, stopped
from cxcurve.metrics.time_to_value import FOREVER_US

DAY_US = 86_400_000_000
A, B, C, EXIT, OTHER = range(5)


def log(rows: list[tuple[int, int, int]]) -> pa.Table:
    """Customer, signal, day."""
    columns = [list(column) for column in zip(*rows, strict=True)] or [[], [], []]
    days = [day * DAY_US for day in columns[2]]
    return pa.table({
        "customer_key": pa.array(columns[0], pa.int32()), "signal_key": pa.array(columns[1], pa.int32()),
        "occurred_us": pa.array(days, pa.int64()),
    })  # fmt: skip


def days_of(cases: Cases) -> dict[int, list[int | None]]:
    return {
        int(who): [None if us == FOREVER_US else int(us // DAY_US) for us in [*row, end]]
        for who, row, end in zip(cases.customer, cases.at_us, cases.exit_us, strict=True)
    }


def test_steps_count_in_their_order_and_before_the_exit() -> None:
    rows = [
        (1, A, 1), (1, B, 3), (1, C, 3), (1, B, 9),
        (2, B, 1), (2, A, 2), (2, C, 4), (2, B, 5),  # the first B came before A, and no C after B
        (3, A, 1), (3, EXIT, 2), (3, B, 3),  # came back after the exit: another way
        (4, B, 1),
        (5, A, 1), (5, A, 7), (5, B, 8),
    ]  # fmt: skip
    found = days_of(event_cases(log(rows), (A, B, C), (EXIT,), 0))
    assert found == {1: [1, 3, 3, None], 2: [2, 5, None, None], 3: [1, None, None, 2], 5: [1, 8, None, None]}


def slow(rows: list[tuple[int, int, int]], since: int) -> dict[int, list[int | None]]:
    found: dict[int, list[int | None]] = {}
    for who in sorted({row[0] for row in rows}):
        mine = sorted((day, signal) for other, signal, day in rows if other == who)
        start = next((day for day, signal in mine if signal == A and day >= since), None)
        if start is None:
            continue
        end = next((day for day, signal in mine if signal == EXIT and day > start), None)
        way: list[int | None] = [start]
        for step in (B, C):
            before = way[-1]
            day = None if before is None else next((d for d, s in mine if s == step and d >= before), None)
            way.append(None if day is None or (end is not None and day > end) else day)
        found[who] = [*way, end]
    return found


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 4), st.integers(0, 30)), max_size=60),
    st.integers(0, 15),
    st.randoms(use_true_random=False),
)
def test_the_quick_way_finds_what_the_slow_one_does(rows: list[tuple[int, int, int]], since: int, chance) -> None:  # type: ignore[no-untyped-def]
    shuffled = [*rows]
    chance.shuffle(shuffled)
    assert days_of(event_cases(log(shuffled), (A, B, C), (EXIT,), since * DAY_US)) == slow(rows, since)


def stays(rows: list[tuple[int, int, int, int | None, str]]) -> pa.Table:
    """Customer, stage, entered, left, how."""
    return pa.Table.from_pylist([
        {"customer_key": who, "cycle": 1, "stage": stage, "entered_us": start * DAY_US,
         "left_us": None if end is None else end * DAY_US, "ended_by": how}
        for who, stage, start, end, how in rows
    ])  # fmt: skip


def test_a_stage_that_was_passed_over_was_reached_in_no_time() -> None:
    rows = [(1, 0, 1, 4, "progressed"), (1, 2, 4, None, "open"), (2, 1, 2, 6, "exited")]
    cases = stage_cases(stays(rows), 3, 0)
    assert days_of(cases) == {1: [1, 4, 4, None], 2: [2, 2, None, 6]}
    assert cases.is_skipped.tolist() == [[False, True, False], [True, False, True]]
    first, second, last = steps_of(cases, ("a", "b", "c"), as_of_us=9 * DAY_US, horizon_days=28)
    assert [(one.n, one.n_skipped, one.n_next, one.n_left) for one in (first, second)] == [(2, 1, 2, 0), (2, 1, 1, 1)]
    assert (last.n, last.goes_on.reason) == (1, Reason.NOT_IN_MODEL)
    assert first.goes_on.reason is Reason.TOO_FEW
    assert stage_cases(stays(rows), 3, 2 * DAY_US).customer.tolist() == [2]


def planted(n: int, as_of: float, seed: int) -> Cases:
    """Steps that take 10 days in the mean, with leaving at 30; begun over `as_of` days, followed until then."""
    random = np.random.default_rng(seed)
    start = random.uniform(0, as_of, n)
    on, off = start + random.exponential(10, n), start + random.exponential(30, n)
    us = [np.where(one < as_of, one * DAY_US, FOREVER_US).astype(np.int64) for one in (on, off)]
    went = (on < off) & (on < as_of)
    at_us = np.column_stack([(start * DAY_US).astype(np.int64), np.where(went, us[0], FOREVER_US)])
    exit_us = np.where((off < on) & (off < as_of), us[1], FOREVER_US)
    return Cases(np.arange(n), at_us, exit_us, np.zeros(at_us.shape, dtype=bool))


def test_planted_times_are_found_though_many_have_only_begun() -> None:
    """Those who went on alone took 7.5 days in the mean, and look quicker still the shorter they were followed."""
    step, _ = steps_of(planted(4000, 40, 5), ("a", "b"), as_of_us=40 * DAY_US, horizon_days=14)
    rate = 1 / 10 + 1 / 30
    share = 0.75 * (1 - np.exp(-rate * 14))
    assert step.goes_on.value == pytest.approx(share, abs=0.025)
    assert step.leaves.value == pytest.approx(share / 3, abs=0.02)
    median = -np.log(1 - 0.5 / 0.75) / rate
    assert step.median.value == pytest.approx(median, rel=0.08)
    assert (step.median.low or 0) <= median <= (step.median.high or 0)
    assert step.stops == pytest.approx(1 - (step.goes_on.value or 0))
    assert step.slow.reason is Reason.NOT_REACHED  # three quarters is all that ever go on


def test_who_has_only_begun_has_not_stopped() -> None:
    at_us = np.array([[1, 2], [1, 9], [1, -1], [8, -1], [8, -1]]) * DAY_US
    at_us[at_us < 0] = FOREVER_US
    exit_us = np.array([FOREVER_US] * 4 + [9 * DAY_US])
    cases = Cases(np.arange(5), at_us, exit_us, np.zeros((5, 2), dtype=bool))
    found = stopped(cases, 0, as_of_us=10 * DAY_US, horizon_days=5)
    assert found.tolist() == [False, True, True, False, True]  # too late; never; just begun; left at once
