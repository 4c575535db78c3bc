import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxcurve.errors import BadValueError
from cxcurve.stats.event_table import EventTable

ROWS = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 2)), max_size=40)


def count(rows: list[tuple[int, int]]) -> EventTable:
    return EventTable.from_rows([day for day, _ in rows], [cause for _, cause in rows], 2)


def assert_same(left: EventTable, right: EventTable) -> None:
    np.testing.assert_array_equal(left.times, right.times)
    np.testing.assert_array_equal(left.n_events, right.n_events)
    np.testing.assert_array_equal(left.n_censored, right.n_censored)


def test_counts_by_day_and_cause() -> None:
    table = EventTable.from_rows([3, 0, 3, 3, 5], [1, 1, 0, 2, 0], 2)
    assert table.times.tolist() == [0, 3, 5]
    assert table.n_events.tolist() == [[1, 0], [1, 1], [0, 0]]
    assert table.n_censored.tolist() == [0, 1, 1]
    assert table.n_at_risk.tolist() == [5, 4, 1]  # the one censored on day 3 is at risk on day 3
    assert table.n_ended().tolist() == [1, 2, 0]
    assert table.n_ended(2).tolist() == [0, 1, 0]


@given(ROWS, ROWS)
def test_the_sum_of_shards_is_the_whole(one: list, two: list) -> None:
    assert_same(count(one) + count(two), count(one + two))
    assert_same(count(one) + count(two), count(two) + count(one))


@given(ROWS.flatmap(lambda rows: st.tuples(st.just(rows), st.permutations(rows))))
def test_row_order_is_irrelevant(pair: tuple) -> None:
    assert_same(count(pair[0]), count(pair[1]))


@given(ROWS)
def test_everybody_is_counted_once(rows: list) -> None:
    table = count(rows)
    assert table.n == len(rows)
    assert_same(sum([table], EventTable.empty(2)), table)
    if rows:
        assert table.n_at_risk[0] == len(rows)


@pytest.mark.parametrize(
    ("days", "causes", "message"),
    [
        ([1, 2], [1], "days has shape (2,) and causes (1,); expected one of each per customer"),
        ([1, -2], [1, 1], "days[1] is -2.0; expected a finite number of 0 or more"),
        ([1, np.nan], [1, 1], "days[1] is nan; expected a finite number of 0 or more"),
        ([1, 2], [1, 3], "causes run from 1 to 3; expected 0 (censored) to 2"),
    ],
)
def test_misuse_is_named(days: list, causes: list, message: str) -> None:
    with pytest.raises(BadValueError) as error:
        EventTable.from_rows(days, causes, 2)
    assert str(error.value) == message


def test_tables_of_unlike_causes_do_not_add() -> None:
    with pytest.raises(BadValueError, match="tables of 1 and 2 causes cannot be added; count both alike"):
        EventTable.empty(1) + EventTable.empty(2)
    with pytest.raises(BadValueError, match="cause 3 is not in the table; expected 1 to 2"):
        EventTable.empty(2).n_ended(3)
