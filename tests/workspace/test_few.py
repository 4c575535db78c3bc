"""Which populations are told together: no two of them differ by few."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxcurve.errors import TooFewError
from cxcurve.workspace.few import EVERYBODY, FEWEST, check_told, chosen


def keys(first: int, last: int) -> frozenset[int]:
    return frozenset(range(first, last))


def test_of_nine_nothing_is_told_and_of_ten_the_whole() -> None:
    assert chosen(keys(0, 9), {}, {}) == frozenset()
    assert chosen(keys(0, 10), {}, {}) == {EVERYBODY}


def test_a_value_that_all_but_three_have_is_not_told() -> None:
    """The whole less it would be those three."""
    segments = {"plan": {"pro": keys(0, 47), "free": keys(47, 50)}}
    assert chosen(keys(0, 50), segments, {}) == {EVERYBODY}


def test_with_the_smallest_the_next_one_goes() -> None:
    """20 and 17 told would leave the 13 less 10: those 3; so the 13 stay hidden with them."""
    segments = {"plan": {"a": keys(0, 20), "b": keys(20, 37), "c": keys(37, 47), "d": keys(47, 50)}}
    assert chosen(keys(0, 50), segments, {}) == {EVERYBODY, ("plan", "a"), ("plan", "b")}


def test_values_of_two_segments_are_not_taken_from_each_other() -> None:
    segments = {"plan": {"a": keys(0, 30), "b": keys(30, 60)}, "region": {"x": keys(0, 26), "y": keys(26, 60)}}
    told = chosen(keys(0, 60), segments, {"new": keys(0, 28)})
    assert told == {EVERYBODY, ("plan", "a"), ("plan", "b")}


def test_the_same_people_under_two_names_are_told_under_both() -> None:
    segments = {"plan": {"a": keys(0, 30), "b": keys(30, 60)}, "region": {"x": keys(0, 30), "y": keys(30, 60)}}
    assert len(chosen(keys(0, 60), segments, {})) == 5


SETS = st.lists(st.integers(0, 3), min_size=1, max_size=80)


@given(SETS, SETS, st.lists(st.booleans(), min_size=80, max_size=80))
def test_no_two_differ_by_few_whoever_has_what(one: list[int], two: list[int], new: list[bool]) -> None:
    everybody = keys(0, len(one))
    segments = {
        name: {str(v): frozenset(i for i in everybody if values[i % len(values)] == v) for v in set(values[: len(one)])}
        for name, values in (("one", one), ("two", two))
    }
    cohort = frozenset(i for i in everybody if new[i])
    who = {EVERYBODY: everybody, ("cohort", "new"): cohort}
    who |= {(name, value): ids for name, values in segments.items() for value, ids in values.items()}
    told = chosen(everybody, segments, {"new": cohort})
    for choice in told:
        assert len(who[choice]) >= FEWEST
        for other in told:
            assert not who[choice] < who[other] or len(who[other] - who[choice]) >= FEWEST
    for name in segments:
        left = everybody.difference(*(who[choice] for choice in told if choice[0] == name))
        assert not any(choice[0] == name for choice in told) or len(left) == 0 or len(left) >= FEWEST


def test_two_filters_and_other_cohorts_are_refused() -> None:
    told = {EVERYBODY, ("plan", "a"), ("region", "x"), ("cohort", "entered invest in the last 90d")}
    check_told(told, {}, None)
    check_told(told, {"plan": "a"}, None)
    check_told(told, {}, " entered  invest in the last 90d ")
    with pytest.raises(TooFewError, match="More than one filter at a time would tell of few customers"):
        check_told(told, {"plan": "a", "region": "x"}, None)
    for segment, cohort in (({"plan": "b"}, None), ({}, "entered invest in the last 89d")):
        with pytest.raises(TooFewError, match="There are too few customers for this; numbers of fewer than 10"):
            check_told(told, segment, cohort)
