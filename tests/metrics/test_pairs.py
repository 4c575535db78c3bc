"""The pair in a word, with hysteresis: by hand, and against a walk over one customer at a time (definitions 3)."""

from __future__ import annotations

from itertools import pairwise

import ibis
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxcurve.metrics.pairs import NONE, PAIRS, matrices, pairs, with_bands

Index = list[float | None]


def told(weeks: dict[int, list[tuple[float, float] | None]]) -> dict[int, tuple[str, int] | None]:
    """Word and tick of each customer, through the same steps as a company's; None is a week without indexes."""
    rows = [
        {"customer_key": key, "week": 100 + tick, "friction_index": float(one[0]), "momentum_index": float(one[1])}
        for key, values in weeks.items()
        for tick, one in enumerate(values)
        if one is not None
    ]
    n_ticks = max(len(values) for values in weeks.values())
    backend, keys = ibis.duckdb.connect(), np.array(sorted(weeks))
    banded = backend.to_pyarrow(with_bands(backend.create_table("weeks", pa.Table.from_pylist(rows))))
    first = int(banded["week"].to_numpy().min()) - 100
    found = pairs(*matrices(banded, keys, 100 + n_ticks - 1))
    told = zip(keys.tolist(), found.pair.tolist(), found.since.tolist(), strict=True)
    return {key: None if pair == NONE else (PAIRS[pair], since + first) for key, pair, since in told}


def walked(values: list[tuple[float, float] | None]) -> tuple[str, int] | None:
    """The same, written from the definition: one customer, week by week."""
    high: list[tuple[bool, bool] | None] = [None]
    for one in values:
        sides = []
        for place, cut in ((0, 50), (1, 40)):
            if one is None:
                continue
            if high[-1] is None:
                sides.append(one[place] >= cut)
            else:
                sides.append(one[place] > cut - 5 if high[-1][place] else one[place] >= cut + 5)
        high.append((sides[0], sides[1]) if sides else None)
    if high[-1] is None:
        return None
    words = {(False, True): "flowing", (True, True): "pushing through", (False, False): "coasting"}
    since = max([0, *(i for i, (a, b) in enumerate(pairwise(high[1:]), 1) if a != b)])
    return words.get(high[-1], "stuck"), since


@pytest.mark.parametrize(
    ("friction", "momentum", "word"),
    [
        (49.9, 40.0, "flowing"),
        (50.0, 40.0, "pushing through"),
        (49.9, 39.9, "coasting"),
        (50.0, 39.9, "stuck"),
    ],
)
def test_a_first_value_takes_the_plain_cut(friction: float, momentum: float, word: str) -> None:
    assert told({7: [(friction, momentum)]}) == {7: (word, 0)}


@pytest.mark.parametrize(
    ("frictions", "word", "since"),
    [
        ([40, 54.9], "flowing", 0),
        ([40, 55], "pushing through", 1),
        ([40, 55, 45.1], "pushing through", 1),
        ([40, 55, 45], "flowing", 2),
        ([40, 55, 45, 54], "flowing", 2),
        ([52, 46, 50], "pushing through", 0),
    ],
)
def test_friction_becomes_high_at_55_and_low_again_at_45(frictions: list[float], word: str, since: int) -> None:
    assert told({1: [(value, 60) for value in frictions]}) == {1: (word, since)}


@pytest.mark.parametrize(
    ("momenta", "word", "since"),
    [([30, 44.9], "coasting", 0), ([30, 45, 35.1], "flowing", 1), ([30, 45, 35], "coasting", 2)],
)
def test_momentum_becomes_high_at_45_and_low_again_at_35(momenta: list[float], word: str, since: int) -> None:
    assert told({1: [(10, value) for value in momenta]}) == {1: (word, since)}


def test_since_is_the_week_of_the_word_whichever_index_changed_it() -> None:
    assert told({1: [(60, 60), (60, 20), (60, 60), (20, 60)]}) == {1: ("flowing", 3)}


def test_customers_that_begin_later_or_have_no_week_keep_apart() -> None:
    found = told({3: [(60, 20)] * 4, 5: [None, None, (20, 60), (20, 60)], 9: [None] * 4})
    assert found == {3: ("stuck", 0), 5: ("flowing", 2), 9: None}


value = st.sampled_from([20, 34, 35, 36, 39, 40, 44, 45, 46, 49, 50, 54, 55, 56, 80])


@given(st.lists(st.lists(st.tuples(value, value), min_size=1, max_size=12), min_size=1, max_size=4))
def test_all_at_once_is_each_alone_week_by_week(companies: list[list[tuple[float, float]]]) -> None:
    """Customers began at different times and are all there at the last tick."""
    longest = max(map(len, companies))
    weeks = {key: [*[None] * (longest - len(one)), *one] for key, one in enumerate(companies)}
    assert told(weeks) == {key: walked(values) for key, values in weeks.items()}
