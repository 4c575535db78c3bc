"""Odds ratios over strata: published values, and clusters that must not be taken for independent rows."""

from __future__ import annotations

import numpy as np
import pytest

from cxcurve.errors import BadValueError, Reason
from cxcurve.stats.proportions import odds_ratio
from cxcurve.stats.strata import Stratified, stratified_odds_ratio

BERKELEY = {
    "A": ((512, 313), (89, 19)),
    "B": ((353, 207), (17, 8)),
    "C": ((120, 205), (202, 391)),
    "D": ((138, 279), (131, 244)),
    "E": ((53, 138), (94, 299)),
    "F": ((22, 351), (24, 317)),
}
"""By department: men and women, admitted and rejected."""


def told(tables: list[tuple[tuple[int, int], tuple[int, int]]]) -> Stratified:
    """From tables of (did, did not) of the first group and of the second, a row a person."""
    rows = [
        (group == 0, did, stratum)
        for stratum, table in enumerate(tables)
        for group, counts in enumerate(table)
        for did, n in zip((1, 0), counts, strict=True)
        for _ in range(n)
    ]
    return stratified_odds_ratio(*zip(*rows, strict=True))


def test_the_admissions_of_berkeley_as_published() -> None:
    """Bickel et al. 1975, Science 187:398-404; value and interval: mantelhaen.test(UCBAdmissions) of R."""
    found = told(list(BERKELEY.values())).odds_ratio
    assert found.value == pytest.approx(0.9046968, abs=1e-7)
    assert (found.low, found.high) == pytest.approx((0.7719074, 1.0603298), abs=1e-7)
    crude = odds_ratio(1198, 2691, 557, 1835)
    assert (crude.low or 0.0) > 1.6  # without departments men seem to be preferred


def test_one_stratum_is_the_plain_odds_ratio() -> None:
    found, plain = told([((30, 70), (20, 100))]), odds_ratio(30, 100, 20, 120)
    assert found.odds_ratio.value == pytest.approx(plain.value)
    assert (found.odds_ratio.low, found.odds_ratio.high) == pytest.approx((plain.low, plain.high), rel=0.02)
    assert (found.share, found.expected_share) == pytest.approx((0.3, 20 / 120))


def test_who_has_nobody_to_be_compared_with_does_not_count() -> None:
    both = ((30, 70), (20, 100))
    alone = told([both, ((9, 1), (0, 0)), ((0, 0), (50, 5))])
    assert (alone.n, alone.n_matched, alone.n_others) == (110, 100, 120)
    assert alone.odds_ratio == told([both]).odds_ratio


def test_the_others_stand_where_the_first_group_does() -> None:
    found = told([((45, 45), (10, 10)), ((1, 9), (10, 90))])
    assert found.expected_share == pytest.approx(0.9 * 0.5 + 0.1 * 0.1)
    assert found.odds_ratio.value == pytest.approx(1.0)


@pytest.mark.parametrize("first", [(4, 200), (200, 4)])
def test_too_few_have_a_reason_and_no_number(first: tuple[int, int]) -> None:
    found = told([(first, first)])
    assert (found.odds_ratio.value, found.odds_ratio.reason) == (None, Reason.TOO_FEW)
    assert (found.share, found.expected_share) == (None, None)


def test_no_rows_at_all() -> None:
    assert stratified_odds_ratio([], [], []).odds_ratio.reason is Reason.TOO_FEW


def test_a_group_that_never_does_it_has_an_upper_bound() -> None:
    found = told([((0, 60), (20, 100)), ((0, 40), (10, 50))])
    assert found.share == 0.0
    assert 0 < (found.odds_ratio.value or 0.0) < 0.1
    assert (found.odds_ratio.high or 1.0) < 1


def test_counted_rows_tell_the_same_as_single_ones() -> None:
    rng = np.random.default_rng(1)
    first, did = rng.random(800) < 0.3, rng.random(800) < 0.4
    stratum, whose = rng.integers(0, 5, 800), rng.integers(0, 90, 800)
    single = stratified_odds_ratio(first, did, stratum, clusters=whose)
    groups = np.unique(np.stack([whose, stratum, first]), axis=1)
    same = (np.stack([whose, stratum, first])[:, :, None] == groups[:, None, :]).all(axis=0)
    counted = stratified_odds_ratio(
        groups[2], did.astype(int) @ same, groups[1], clusters=groups[0], n=same.sum(axis=0)
    )
    assert (single.n, single.share) == (counted.n, counted.share)
    for name in ("value", "low", "high"):
        assert getattr(single.odds_ratio, name) == pytest.approx(getattr(counted.odds_ratio, name))


def flagged(*, has_clusters: bool, runs: int = 300) -> float:
    """Share of runs in which alike groups differ at p < 0.05; 60 clusters of 12 rows, alike in both respects."""
    hits = 0
    for seed in range(runs):
        rng = np.random.default_rng(seed)
        whose = np.repeat(np.arange(60), 12)
        first = rng.random(720) < rng.beta(0.6, 0.6, 60)[whose]
        did = rng.random(720) < rng.beta(0.8, 1.2, 60)[whose]
        stratum = rng.integers(0, 8, 720)
        found = stratified_odds_ratio(first, did, stratum, clusters=whose if has_clusters else None)
        hits += (found.odds_ratio.p_value or 1.0) < 0.05
    return hits / runs


def test_rows_of_a_cluster_are_alike() -> None:
    assert flagged(has_clusters=False) > 0.15
    assert 0.02 < flagged(has_clusters=True) < 0.085


def test_thin_strata_keep_their_level() -> None:
    """One of the first group and one or two others in each: Mantel and Haenszel's case."""
    hits = 0
    for seed in range(400):
        rng = np.random.default_rng(seed)
        stratum = np.repeat(np.arange(120), rng.integers(2, 4, 120))
        first = np.r_[True, stratum[1:] != stratum[:-1]]
        did = rng.random(len(stratum)) < rng.beta(2, 3, 120)[stratum]
        hits += (stratified_odds_ratio(first, did, stratum).odds_ratio.p_value or 1.0) < 0.05
    assert 0.02 < hits / 400 < 0.08


def test_shapes_are_checked() -> None:
    with pytest.raises(BadValueError, match="expected \\(rows,\\) of each"):
        stratified_odds_ratio([True, False], [1], [0, 0])
