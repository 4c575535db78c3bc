import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxcurve.errors import BadValueError, Reason
from cxcurve.stats.event_table import EventTable
from cxcurve.stats.logrank import logrank

ROWS = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 1)), min_size=2, max_size=30)


def count(rows: list[tuple[int, int]]) -> EventTable:
    return EventTable.from_rows([day for day, _ in rows], [cause for _, cause in rows])


@given(ROWS, ROWS, ROWS)
def test_the_order_of_groups_is_irrelevant(one: list, two: list, three: list) -> None:
    groups = [count(one), count(two), count(three)]
    forward, backward = logrank(groups), logrank(groups[::-1])
    assert (forward.statistic is None) == (backward.statistic is None)
    if forward.statistic is not None and backward.statistic is not None:
        assert forward.df == 2
        assert forward.statistic == pytest.approx(backward.statistic, rel=1e-6, abs=1e-8)


def test_alike_groups_do_not_differ() -> None:
    group = count([(1, 1), (3, 1), (4, 0), (6, 1)])
    assert logrank([group, group, group]).statistic == pytest.approx(0, abs=1e-12)


def test_only_the_cause_asked_for_counts() -> None:
    one = EventTable.from_rows([1, 2, 3, 4], [1, 2, 1, 2], 2)
    two = EventTable.from_rows([1, 5, 6, 7], [2, 1, 1, 1], 2)
    as_censored = [EventTable.from_rows([1, 2, 3, 4], [1, 0, 1, 0]), EventTable.from_rows([1, 5, 6, 7], [0, 1, 1, 1])]
    assert logrank([one, two], cause=1).statistic == pytest.approx(logrank(as_censored).statistic)


def test_nothing_to_compare_has_a_reason() -> None:
    waiting = count([(5, 0), (6, 0)])
    assert logrank([waiting, waiting]).reason is Reason.TOO_FEW
    assert logrank([waiting, EventTable.empty()]).reason is Reason.TOO_FEW
    with pytest.raises(BadValueError, match=r"logrank was given 1 group\(s\); expected two or more"):
        logrank([waiting])


def test_false_alarms_come_at_their_stated_rate() -> None:
    rng = np.random.default_rng(5)
    alarms = []
    for _ in range(400):
        days, censored = rng.exponential(20, (3, 40)), rng.uniform(0, 60, (3, 40))
        groups = [
            EventTable.from_rows(np.minimum(d, c), (d <= c).astype(int)) for d, c in zip(days, censored, strict=True)
        ]
        alarms.append(logrank(groups).p_value < 0.05)
    assert 0.02 <= np.mean(alarms) <= 0.085


def test_exits_that_compete_raise_no_alarms_where_the_pace_is_the_same() -> None:
    """Two groups reach value at one pace, one of them leaves three times as fast, both are censored: 2 to 8 of 100."""
    rng = np.random.default_rng(6)
    alarms = []
    for _ in range(400):
        groups = []
        for leaving in (20, 60):
            value, left, censored = rng.exponential(15, 80), rng.exponential(leaving, 80), rng.uniform(0, 90, 80)
            days = np.minimum(np.minimum(value, left), censored)
            groups.append(EventTable.from_rows(days, np.where(days == value, 1, np.where(days == left, 2, 0)), 2))
        alarms.append(logrank(groups, cause=1).p_value < 0.05)
    assert 0.02 <= np.mean(alarms) <= 0.08
