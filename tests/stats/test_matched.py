"""Matched differences: what was planted is found, at the stated rate, and only where others are alike."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.random import Generator, default_rng

from cxcurve.errors import BadValueError
from cxcurve.stats.matched import matched_difference

EFFECT, RUNS = 0.6, 500


def drawn(rng: Generator, *, is_share: bool = False) -> tuple[np.ndarray, ...]:
    """Who is chosen depends on the stratum and on the value before, and the value goes with both."""
    n, stratum, before = 400, rng.integers(0, 6, 400), rng.normal(size=400)
    first = rng.random(n) < 0.15 + 0.1 * stratum
    mean = stratum + 0.8 * before + EFFECT * first
    if is_share:
        mean = 0.05 + 0.05 * stratum + 0.1 * first
        return first, (rng.random(n) < mean).astype(float), stratum, before
    return first, mean + rng.normal(size=n), stratum, before


@pytest.mark.parametrize("is_share", [False, True], ids=["mean", "share"])
def test_the_interval_covers_what_was_planted(is_share: bool) -> None:
    rng, truth, covered, values = default_rng(1), 0.1 if is_share else EFFECT, 0, []
    for _ in range(RUNS):
        first, value, stratum, before = drawn(rng, is_share=is_share)
        found = matched_difference(first, value, stratum, None if is_share else before).difference
        assert found.value is not None
        covered += (found.low or 0.0) <= truth <= (found.high or 0.0)
        values.append(found.value)
    assert 0.92 <= covered / RUNS <= 0.98
    assert np.mean(values) == pytest.approx(truth, abs=0.02)


def test_a_plain_comparison_is_far_off() -> None:
    """The strata are what the test is about: without them the effect looks three times as large."""
    first, value, stratum, _ = drawn(default_rng(2))
    assert value[first].mean() - value[~first].mean() > 1.5 * EFFECT
    assert matched_difference(first, value, stratum).n_matched == first.sum()


def test_by_hand() -> None:
    """Two strata: 4 - 1 = 3 where 20 of the group are, 10 - 8 = 2 where 40 are; (20 x 3 + 40 x 2) / 60."""
    first = np.repeat([True, False, True, False, True], [20, 30, 40, 10, 5])
    value = np.repeat([4.0, 1.0, 10.0, 8.0, 99.0], [20, 30, 40, 10, 5])
    stratum = np.repeat([0, 0, 1, 1, 2], [20, 30, 40, 10, 5])
    found = matched_difference(first, value, stratum)
    assert found.difference.value == pytest.approx((20 * 3 + 40 * 2) / 60)
    assert (found.n, found.n_matched, found.n_others) == (65, 60, 40)
    assert found.weights[first & (stratum == 2)].sum() == 0, "who has nobody alike is in no mean"
    others = ~first
    assert np.average(value[others], weights=found.weights[others]) == pytest.approx((20 * 1 + 40 * 8) / 60)


def test_too_few_on_a_side_have_no_difference() -> None:
    first = np.repeat([True, False], [29, 100])
    assert matched_difference(first, np.zeros(129), np.zeros(129, int)).difference.value is None
    assert matched_difference([], [], []).difference.value is None


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(BadValueError, match=r"expected \(rows,\) each"):
        matched_difference([True], [1.0, 2.0], [0])


def test_rows_of_one_cluster_that_are_alike_say_no_more_than_one() -> None:
    rng = default_rng(5)
    first, value, strata = rng.random(400) < 0.4, rng.normal(size=400), rng.integers(0, 5, 400)
    once = matched_difference(first, value, strata).difference
    four = [np.repeat(one, 4) for one in (first, value, strata, np.arange(400))]
    again = matched_difference(*four[:3], clusters=four[3]).difference
    alone = matched_difference(*four[:3]).difference
    assert again.value == pytest.approx(once.value)
    assert again.standard_error == pytest.approx(once.standard_error, rel=0.02)
    assert alone.standard_error == pytest.approx((once.standard_error or 0.0) / 2, rel=0.02)


def test_what_a_cluster_has_on_both_sides_is_taken_away_with_the_other() -> None:
    """Each of 300 is seen once on each side, and differs from the others by far more than from itself."""
    rng = default_rng(9)
    own = rng.normal(0, 5, 300)
    value, first = np.concatenate([own, own]) + rng.normal(0, 0.5, 600), np.arange(600) < 300
    found = matched_difference(first, value, np.zeros(600, int), clusters=np.arange(600) % 300).difference
    assert found.standard_error == pytest.approx(0.5 * 2**0.5 / 300**0.5, rel=0.15)
