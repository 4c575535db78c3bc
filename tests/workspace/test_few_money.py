"""What is told of money and ways to whoever may know of some only: nothing that few did, nor what is left between."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxcurve.errors import Reason, TooFewError
from cxcurve.metrics.flows import Cases, steps_of
from cxcurve.metrics.months import periods
from cxcurve.metrics.recurring import Kind, Movements
from cxcurve.metrics.revenue import ledger, line
from cxcurve.metrics.revenue_cohorts import began, revenue_cohorts
from cxcurve.metrics.time_to_value import FOREVER_US
from cxcurve.workspace.few import FEWEST, few_flow, few_revenue
from cxcurve.workspace.flows import FlowResult, NextEvent
from cxcurve.workspace.revenue import RevenueResult

DAY_US, START_US = 86_400_000_000, 1_735_689_600_000_000  # 2025-01-01
AS_OF_US = START_US + 181 * DAY_US  # 1 July


def result_of(ways: list[tuple[int, int | None]]) -> RevenueResult:
    """Each customer begins in one month and, perhaps, leaves in another."""
    rows = []
    for who, (start, end) in enumerate(ways):
        rows.append((who, START_US + start * 30 * DAY_US, int(Kind.NEW), 1000 + who))
        if end is not None:
            rows.append((who, START_US + ((start + 1 + end) * 30 + 1) * DAY_US, int(Kind.CHURN), -1000 - who))
    customer, at_us, kind, cents = np.array(rows, dtype=np.int64).reshape(-1, 4).T
    moves = Movements(customer, at_us, kind, cents).before(AS_OF_US)
    every = periods(START_US, AS_OF_US, "UTC")
    lines = ledger(moves, every, {})
    cohorts = {("revenue", "month"): revenue_cohorts(moves, began(moves), every, len(every))}
    return RevenueResult(
        AS_OF_US, "EUR", None, True, moves, lines, len(lines), line(moves, every[-1], {}), lines, cohorts
    )


@given(st.lists(st.tuples(st.integers(0, 2), st.one_of(st.none(), st.integers(0, 2))), min_size=FEWEST, max_size=90))
def test_of_a_ledger_nothing_is_told_that_few_did(ways: list[tuple[int, int | None]]) -> None:
    whole = result_of(ways)
    told = few_revenue(whole)
    for one in [*told.lines, *([told.year] if told.year else [])]:
        assert all(moved.n == 0 or moved.n >= FEWEST for moved in one.moved.values())
    names = [one.period.name for one in whole.lines]
    shown = [names.index(one.period.name) for one in told.lines]
    assert shown == [*range(shown[0], shown[-1] + 1)] if shown else not told.lines  # else a gap would be a difference
    if told.year is not None and shown:
        assert shown[-1] == len(names) - 1
    for cohorts in (told.cohorts or {}).values():
        for cohort in cohorts:
            assert cohort.cents is None
            assert all(part == 0 or part >= FEWEST for c in cohort.cells for part in (c.n_kept, cohort.n - c.n_kept))
    assert told.n_over <= len(told.lines)


def test_a_whole_month_of_many_is_told() -> None:
    """Else the test above could not fail."""
    told = few_revenue(result_of([(0, None)] * 40 + [(0, 1)] * 15))
    assert len(told.lines) == 6
    assert told.lines[0].moved["new"].n == 55
    assert [cohort.n for cohort in (told.cohorts or {})["revenue", "month"]] == [55]


def test_of_nine_nothing_is_told() -> None:
    with pytest.raises(TooFewError):
        few_revenue(result_of([(0, None)] * 9))


def flow_of(n_on: int, n_left: int, n_waiting: int) -> FlowResult:
    n = n_on + n_left + n_waiting
    at_us, exit_us = np.full((n, 2), FOREVER_US), np.full(n, FOREVER_US)
    at_us[:, 0], at_us[:n_on, 1], exit_us[n_on : n_on + n_left] = 0, DAY_US, DAY_US
    cases = Cases(np.arange(n), at_us, exit_us, np.zeros((n, 2), dtype=bool))
    steps = steps_of(cases, ("a", "b"), as_of_us=90 * DAY_US, horizon_days=28)
    after = [(n_left + n_waiting, [NextEvent("x", None, 12, 0.5), NextEvent("y", None, 3, 0.1)])]
    links = [("a", "b", n_on), ("a", "", n_left)]
    return FlowResult(90 * DAY_US, steps, ("A", "B"), True, 365, 28, after, links, ())


@pytest.mark.parametrize("sizes", [(20, 3, 20), (20, 20, 9), (4, 20, 20)], ids=["few-left", "few-wait", "few-went"])
def test_a_step_of_which_few_did_something_ends_a_flow(sizes: tuple[int, int, int]) -> None:
    told = few_flow(flow_of(*sizes))
    assert (list(told.steps), list(told.after), told.reason) == ([], [], Reason.TOO_FEW)
    assert all(n >= FEWEST for _, _, n in told.links)


def test_a_flow_of_many_is_told_but_for_what_few_did_next() -> None:
    told = few_flow(flow_of(20, 15, 12))
    assert [one.n for one in told.steps] == [47, 20]
    assert [[one.name for one in found] for _, found in told.after] == [["x"]]
