"""Expressions mean the same on one row, on pandas and on Ibis; their errors say where."""

import contextlib
import re

import ibis
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxcurve.model.expressions import Expression

ROW = {
    "value": "4",
    "state": "New",
    "reopen_count": "10",
    "vip": "TRUE",
    "note": None,
    "odd": "1_000",
    "first name": "Ann",
}
BEFORE = {"value": "5", "state": "Open", "reopen_count": "9", "vip": "false", "note": None}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("value >= 4", True),
        ("value > 4", False),
        ("4 <= value", True),
        ("value = 4.0", True),
        ('value = "4.0"', False),
        ("value == '4'", True),
        ("reopen_count > previous(reopen_count)", True),  # as text, "10" < "9"
        ("state != previous(state)", True),
        ('state in ("New", "Open")', True),
        ('state not in ("New", "Open")', False),
        ("value in (3, 4)", True),
        ("value in (-4, .5, 4e0)", True),
        ("note is null", True),
        ("note is not null", False),
        ("not note is null", False),
        ("note = 3", False),
        ("note != 3", False),
        ("not note = 3", False),  # a comparison with nothing is neither true nor false
        ("state > 3", False),  # no number: like nothing
        ("not state > 3", False),
        ("vip", True),
        ("not vip", False),
        ("vip = true and previous(vip) = false", True),
        ("vip != true", False),
        ("`first name` = 'Ann'", True),
        ("absent is null", True),
        ("value = 3 or value = 4 and state = 'Open'", False),
        ("(value = 4 or value = 3) AND state = 'New'", True),
        ("state = 'N' or state = 'New'", True),
        ("not (value = 4 and state = 'Open')", True),
        ("state >= 'M'", True),
        ("value = value", True),
        ("odd = 1000 or odd != 1000", False),
    ],
)
def test_one_row(text, expected):
    assert Expression.parse(text).holds(ROW, BEFORE) is expected


def test_without_a_row_before_previous_is_null():
    assert not Expression.parse("reopen_count > previous(reopen_count)").holds(ROW)
    assert Expression.parse("previous(state) is null").holds(ROW)


def test_a_doubled_quote_is_a_quote():
    assert Expression.parse("""note = 'it''s' """).holds({"note": "it's"})
    assert Expression.parse('''note = "a ""b"" c"''').holds({"note": 'a "b" c'})


def test_columns_are_told_apart():
    expression = Expression.parse("a > previous(b) and `c d` is null and not (e in (1) or f)")
    assert expression.columns == {"a", "c d", "e", "f"}
    assert expression.previous == {"b"}
    assert str(expression) == expression.text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "character 1: expected a column, a number or a quoted text, found the end"),
        ("value >= ", "character 9: expected a column, a number or a quoted text, found the end"),
        ("value >= 4 state", 'character 12: expected "and", "or" or the end, found "state"'),
        ("value >< 4", 'character 8: expected a column, a number or a quoted text, found "<"'),
        ("1 < value < 3", 'character 11: expected "and", "or" or the end, found "<"'),
        ("(value = 1", 'character 11: expected ")", found the end'),
        ("state = 'New", "character 9: the quote ' is never closed"),
        ("value + 1 = 2", 'character 7: "+" has no meaning here'),
        ("value = 3x", 'character 9: "3" has no meaning here'),
        ("value = null", 'character 9: nothing equals null; write "is null"'),
        ("value in ()", 'character 11: expected a number or a quoted text, found ")"'),
        ("value in (state)", 'character 11: expected a number or a quoted text, found "state"'),
        ("value is 3", 'character 10: expected "null", found "3"'),
        ("1 = 1", "character 6: expected a comparison with a column, found the end"),
        ("value < true", 'character 7: true and false have no order for "<"; use = or !='),
        ("__import__('os')", 'character 11: expected "and", "or" or the end, found "("'),
        ("(" * 60 + "a" + ")" * 60, "more than 50 parentheses or nots inside one another"),
        ("not " * 5000 + "a", "more than 50 parentheses or nots inside one another"),
    ],
)
def test_errors_say_where_and_what(text, message):
    with pytest.raises(ValueError, match=f'^expression ".*{re.escape(message)}'):
        Expression.parse(text)


def test_previous_needs_a_row_before():
    with pytest.raises(ValueError, match=r"previous\(\) needs rows with a key and an order"):
        Expression.parse("a > previous(a)").evaluate({"a": pd.Series([1])}.__getitem__)


CELLS = st.sampled_from([None, "0", "1", "2", "10", "-1", "x", "true", "FALSE"])
NAMES = ("a", "b", "previous(a)")
COMPARISONS = ("=", "!=", "<", "<=", ">", ">=")
TESTS = st.one_of(
    st.builds("{} {} {}".format, st.sampled_from(NAMES), st.sampled_from(COMPARISONS), st.integers(-1, 10)),
    st.builds("{} {} {}".format, st.sampled_from(NAMES), st.sampled_from(COMPARISONS), st.sampled_from(NAMES)),
    st.builds("{} {} '{}'".format, st.sampled_from(NAMES), st.sampled_from(["=", "!="]), CELLS),
    st.builds("{} {} in ('1', 2, true)".format, st.sampled_from(NAMES), st.sampled_from(["", "not"])),
    st.builds("{} is {} null".format, st.sampled_from(NAMES), st.sampled_from(["", "not"])),
    st.builds("{} {} true".format, st.sampled_from(NAMES), st.sampled_from(["=", "!="])),
)
TREES = st.recursive(
    TESTS,
    lambda inner: st.one_of(
        st.builds("({} and {})".format, inner, inner),
        st.builds("({} or {})".format, inner, inner),
        st.builds("not ({})".format, inner),
    ),
    max_leaves=5,
)
ROWS = st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=6)


def _by_row(expression: Expression, rows: list[tuple[str | None, ...]]) -> list[bool]:
    return [expression.holds({"a": a, "b": b}, {"a": before}) for a, b, before in rows]


@given(TREES, ROWS)
def test_pandas_agrees_with_one_row_at_a_time(text, rows):
    expression, frame = Expression.parse(text), pd.DataFrame(rows, columns=["a", "b", "p"], dtype=object)
    found = expression.evaluate(
        frame.__getitem__, lambda name: frame["p"], number=lambda values: pd.to_numeric(values, errors="coerce")
    )
    assert found.astype(bool).tolist() == _by_row(expression, rows)


@given(TREES, ROWS)
@settings(max_examples=25, deadline=None)
def test_ibis_agrees_with_one_row_at_a_time(text, rows):
    expression = Expression.parse(text)
    schema = {"i": "int64", "a": "string", "b": "string", "p": "string"}
    table = ibis.memtable([(i, *row) for i, row in enumerate(rows)], schema=schema)
    condition = expression.evaluate(
        table.__getitem__, lambda name: table["p"], number=lambda values: values.try_cast("float64")
    )
    found = table.select("i", holds=condition).order_by("i").to_pyarrow()["holds"]
    assert found.to_pylist() == _by_row(expression, rows)


@given(st.text(max_size=30) | st.text("ab ()<>=!'`\"0.,-innotdrl", max_size=30))
def test_any_text_is_read_or_refused(text):
    with contextlib.suppress(ValueError):
        assert Expression.parse(text).text == text
