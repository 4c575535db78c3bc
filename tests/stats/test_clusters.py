"""Effective numbers: by hand, as properties, and the coverage that contacts of the same customers take away."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxcurve.errors import BadValueError
from cxcurve.stats.clusters import effective_n
from cxcurve.stats.estimates import Estimate, t_of, z_of
from cxcurve.stats.means import Moments, mean
from cxcurve.stats.proportions import nps, wilson

ROWS = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 8)), min_size=1, max_size=60)


def contacts(rng: np.random.Generator, customers: int, share: float, alike: float) -> tuple:
    """Each customer's contacts, 1 to many, with a share of their own: `alike` is the correlation within a customer."""
    weight = 1 / alike - 1
    own = rng.beta(share * weight, (1 - share) * weight, customers)
    whose = np.repeat(np.arange(customers), rng.geometric(0.25, customers))
    return (rng.random(whose.size) < own[whose]).astype(int), whose


def holds(found: Estimate, truth: float) -> bool:
    return found.low is not None and found.high is not None and found.low <= truth <= found.high


@pytest.mark.parametrize(("customers", "share"), [(12, 0.5), (30, 0.8), (80, 0.5), (80, 0.1)])
def test_planted_correlation_is_covered_and_plain_wilson_is_too_sure(customers: int, share: float) -> None:
    rng = np.random.default_rng(5)
    plain, worth = [], []
    for _ in range(1500):
        again, whose = contacts(rng, customers, share, alike=0.3)
        k, n = int(again.sum()), again.size
        plain.append(holds(wilson(k, n), share))
        worth.append(holds(wilson(k, n, n_effective=effective_n(again, whose)), share))
    assert np.mean(plain) < 0.85
    assert 0.92 < np.mean(worth) < 0.985


def test_means_and_net_promoter_scores_cover_too() -> None:
    """Answers of a customer share a part; truth by the law of large numbers."""
    rng = np.random.default_rng(6)

    def answers(customers: int) -> tuple:
        whose = np.repeat(np.arange(customers), rng.geometric(0.3, customers))
        said = rng.normal(0, 1.2, customers)[whose] + rng.normal(0, 1, whose.size)
        return np.clip(np.round(5 + said), 1, 7), whose

    def score(values: np.ndarray, worth: float | None) -> Estimate:
        up, down = int((values >= 6).sum()), int((values <= 4).sum())
        return nps(up, values.size - up - down, down, n_effective=worth)

    many, whose = answers(300_000)  # each customer weighs as often as asked, and that is not of what it says
    truth, true_score = float(many.mean()), float((many >= 6).mean() - (many <= 4).mean())
    found = {"plain": [], "mean": [], "score": []}
    for _ in range(800):
        values, whose = answers(25)
        worth = effective_n(values, whose)
        sides = np.where(values >= 6, 1, np.where(values <= 4, -1, 0))
        found["plain"].append(holds(mean(Moments.from_values(values)), truth))
        found["mean"].append(holds(mean(Moments.from_values(values), n_effective=worth), truth))
        found["score"].append(holds(score(values, effective_n(sides, whose)), true_score))
    assert np.mean(found["plain"]) < 0.85
    assert 0.91 < np.mean(found["mean"]) < 0.98
    assert 0.91 < np.mean(found["score"]) < 0.985


def test_by_hand() -> None:
    """Two of four each, two customers wholly alike, two mixed: residual sums 1, -1, 0, 0 of eight contacts."""
    values, clusters = [1, 1, 0, 0, 1, 0, 1, 0], [1, 1, 2, 2, 3, 3, 4, 4]
    between, independent = 4 / 3 * 2 / 8, 8 * 0.25 / 7
    expected = 8 / (between / independent) * (z_of(0.95) / t_of(0.95, 3)) ** 2
    assert effective_n(values, clusters) == pytest.approx(expected)


@given(ROWS)
def test_never_more_than_all_and_never_less_than_one(rows: list[tuple[int, int]]) -> None:
    values, clusters = zip(*rows, strict=True)
    found = effective_n(values, clusters)
    assert (found is None) == (len(set(clusters)) == len(rows))
    assert found is None or 1 <= found <= len(rows)
    plain, worth = wilson(sum(values), len(rows)), wilson(sum(values), len(rows), n_effective=found)
    assert (worth.value, worth.n) == (plain.value, plain.n), "the value is that of all"
    assert worth.low is not None
    assert worth.high is not None
    assert plain.low is not None
    assert plain.high is not None
    assert worth.high - worth.low >= plain.high - plain.low - 1e-12


def test_where_all_say_the_same_each_customer_counts_once() -> None:
    assert effective_n([0] * 40, np.arange(40) // 4) == 10.0
    assert effective_n([1, 1, 1], [7, 7, 7]) == 1.0
    assert effective_n([1, 0, 1], [7, 7, 7]) == 1.0, "one customer says nothing of others"
    assert effective_n([1, 0, 1], [7, 8, 9]) is None
    assert effective_n([], []) is None


def test_a_mean_of_one_effective_value_has_no_interval() -> None:
    found = mean(Moments.from_values([5, 6, 7]), n_effective=effective_n([5, 6, 7], [1, 1, 1]))
    assert (found.value, found.low, found.n) == (6.0, None, 3)


def test_unequal_lengths_are_refused() -> None:
    with pytest.raises(BadValueError, match=r"values has shape \(2,\) and clusters \(1,\)"):
        effective_n([1, 0], [1])


def test_without_clusters_the_plain_intervals_stay() -> None:
    values = [1.0, 4.0, 5.0, 7.0]
    assert mean(Moments.from_values(values), n_effective=None) == mean(Moments.from_values(values))
