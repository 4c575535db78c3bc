"""AUC: by hand, within strata, and how often its interval holds the truth."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from cxcurve.errors import BadValueError, Reason
from cxcurve.stats.estimates import t_of
from cxcurve.stats.ranking import auc

ROWS = st.lists(st.tuples(st.integers(0, 4), st.booleans(), st.integers(0, 2), st.integers(0, 9)), max_size=30)


def by_pairs(rows: list[tuple[int, bool, int, int]]) -> float | None:
    """Every pair of both kinds of one stratum: 1 where the one it happened to is above, 1/2 for a tie."""
    pairs = [
        (one[0] > other[0]) + 0.5 * (one[0] == other[0])
        for one, other in product(rows, rows)
        if one[1] and not other[1] and one[2] == other[2]
    ]
    return float(np.mean(pairs)) if pairs else None


@given(ROWS)
def test_it_is_the_share_of_pairs_in_the_right_order(rows: list) -> None:
    columns = [list(column) for column in zip(*rows, strict=True)] or [[], [], [], []]
    found = auc(columns[0], columns[1], strata=columns[2], clusters=columns[3])
    expected = by_pairs(rows)
    assert (found.value is None) == (expected is None)
    if expected is None:
        assert found.reason is Reason.TOO_FEW
    else:
        assert found.value == pytest.approx(expected)
        assert found.n == sum(columns[1])
    if found.low is not None:
        assert 0 <= found.low <= found.value + 1e-12
        assert found.value - 1e-12 <= found.high <= 1


@given(ROWS)
def test_the_other_way_round_is_the_rest(rows: list) -> None:
    """Of the score turned round, and of those it did not happen to."""
    columns = [np.array(column) for column in zip(*rows, strict=True)] or [np.zeros(0)] * 4
    score, happened, strata, clusters = columns[0].astype(float), columns[1].astype(bool), columns[2], columns[3]
    plain = auc(score, happened, strata=strata, clusters=clusters)
    for other in (
        auc(-score, happened, strata=strata, clusters=clusters),
        auc(score, ~happened, strata=strata, clusters=clusters),
    ):
        assert (other.value is None) == (plain.value is None)
        if plain.value is not None:
            assert other.value == pytest.approx(1 - plain.value)
        if plain.low is not None:
            assert other.standard_error == pytest.approx(plain.standard_error)
            assert (other.low, other.high) == pytest.approx((1 - plain.high, 1 - plain.low))


def test_by_hand() -> None:
    """Two of three pairs right with one who left, and the variance of DeLong, DeLong & Clarke-Pearson 1988."""
    assert auc([1, 2, 3, 2.5], [0, 0, 0, 1]).value == pytest.approx(2 / 3)
    score, happened = [1, 3, 2, 4, 2, 5], [0, 0, 0, 1, 1, 1]
    found = auc(score, happened)
    assert found.value == pytest.approx((3 + 1.5 + 3) / 9)
    above, below = np.array([3, 1.5, 3]) / 3, np.array([3, 2, 2.5]) / 3
    variance = above.var(ddof=1) / 3 + below.var(ddof=1) / 3
    assert found.standard_error == pytest.approx(variance**0.5)
    half = t_of(0.95, 2) * variance**0.5 / (found.value * (1 - found.value))
    ends = [special.expit(special.logit(found.value) + side * half) for side in (-1, 1)]
    assert (found.low, found.high) == pytest.approx(ends)


def test_what_only_tells_strata_apart_counts_for_nothing() -> None:
    """The score is the stage: it ranks all of them well and nobody within a stage."""
    stage = [1] * 10 + [2] * 10
    happened = [1] + [0] * 9 + [1] * 9 + [0]
    assert auc(stage, happened).value == pytest.approx(0.9)
    assert auc(stage, happened, strata=stage).value == 0.5


def test_a_stratum_counts_with_its_pairs_and_one_of_a_kind_not_at_all() -> None:
    """Four pairs all right in the first, one wrong in the second, none in the third and the fourth."""
    score, happened, strata = (
        [1, 2, 3, 4, 9, 8, 5, 6, 5, 6],
        [0, 0, 1, 1, 0, 1, 1, 1, 0, 0],
        [1] * 4 + [2, 2, 3, 3, 4, 4],
    )
    found = auc(score, happened, strata=strata)
    assert found.value == pytest.approx(4 / 5)
    without = auc(score[:6], happened[:6], strata=strata[:6])
    assert (found.low, found.high) == pytest.approx((without.low, without.high))


def test_copies_of_rows_are_worth_no_more_when_they_are_of_one_customer() -> None:
    rng = np.random.default_rng(1)
    happened = rng.random(80) < 0.4
    score = rng.normal(size=80) + happened
    once = auc(score, happened)
    often = auc(np.repeat(score, 5), np.repeat(happened, 5), clusters=np.repeat(np.arange(80), 5))
    assert (often.value, often.low, often.high) == pytest.approx((once.value, once.low, once.high))
    sure = auc(np.repeat(score, 5), np.repeat(happened, 5))
    assert sure.high - sure.low < 0.5 * (once.high - once.low)


def test_all_pairs_right_is_not_for_certain() -> None:
    """As Wilson's interval for so many of so many, of the rarer kind and with Student's quantile."""
    found = auc([1, 2, 3, 4, 5, 6, 7], [0, 0, 0, 0, 1, 1, 1])
    assert (found.value, found.high) == (1, 1)
    assert found.low == pytest.approx(3 / (3 + t_of(0.95, 2) ** 2))
    wrong = auc([7, 6, 5, 4, 3, 2, 1], [0, 0, 0, 0, 1, 1, 1])
    assert (wrong.value, wrong.low, wrong.high) == pytest.approx((0, 0, 1 - found.low))


def test_one_customer_of_a_kind_has_no_interval() -> None:
    found = auc([1, 2, 3, 4], [0, 0, 1, 1], clusters=[1, 2, 3, 3])
    assert (found.value, found.low, found.high) == (1, None, None)


def test_a_score_that_tells_nobody_apart_is_chance() -> None:
    assert auc([3, 3, 3, 3], [0, 1, 0, 1]).value == 0.5


@pytest.mark.parametrize(("truth", "left", "stayed"), [(0.5, 25, 400), (0.8, 12, 100), (0.95, 30, 300)])
def test_intervals_cover(truth: float, left: int, stayed: int) -> None:
    """Normal scores, one row each; few who left and a high AUC are where plus and minus two errors fail."""
    rng, hits, plain = np.random.default_rng(2), [], []
    happened = np.arange(left + stayed) < left
    for _ in range(600):
        found = auc(rng.normal(size=left + stayed) + happened * 2**0.5 * special.ndtri(truth), happened)
        hits.append(found.low <= truth <= found.high)
        plain.append(abs(found.value - truth) <= 1.96 * found.standard_error)
    assert 0.925 < np.mean(hits) < 0.985
    assert np.mean(plain) < np.mean(hits)


def test_intervals_cover_where_rows_of_a_customer_are_alike() -> None:
    """40 customers of 6 weeks; whether a week is followed by an exit hangs on the customer, so does the score."""
    rng, hits = np.random.default_rng(3), []

    def weeks(customers: int) -> tuple:
        whose = np.repeat(np.arange(customers), 6)
        seen, unseen = rng.normal(size=(2, customers))[:, whose]
        happened = rng.random(len(whose)) < special.expit(-1 + 0.8 * seen + 1.5 * unseen)
        return seen + 0.5 * rng.normal(size=len(whose)), happened, whose

    score, happened, _ = weeks(60_000)
    truth = auc(score, happened).value
    for _ in range(500):
        score, happened, whose = weeks(40)
        as_rows, as_customers = auc(score, happened), auc(score, happened, clusters=whose)
        hits.append([one.low <= truth <= one.high for one in (as_rows, as_customers)])
    rows, customers = np.mean(hits, axis=0)
    assert rows < 0.88
    assert 0.925 < customers < 0.985


def test_unlike_lengths_are_refused() -> None:
    with pytest.raises(BadValueError, match=r"auc: \(2,\), \(1,\), \(2,\), \(2,\); expected \(n,\) of each"):
        auc([1, 2], [1])
