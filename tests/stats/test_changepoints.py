from itertools import combinations, pairwise

import numpy as np
import pytest

from cxcurve.errors import BadValueError
from cxcurve.stats.changepoints import best_split, change_points, mean_changes


def test_planted_changes_are_found() -> None:
    rng = np.random.default_rng(1)
    series = np.repeat([50.0, 60, 45], [30, 20, 40]) + rng.normal(0, 2, 90)
    found = change_points(series)
    assert len(found) == 2
    assert np.abs(np.array(found) - [30, 50]).max() <= 1


def test_noise_alone_seldom_changes() -> None:
    rng = np.random.default_rng(2)
    assert np.mean([len(change_points(rng.normal(50, 5, 60))) > 0 for _ in range(100)]) <= 0.1


def test_a_short_or_flat_series_has_no_change() -> None:
    assert change_points([1, 2, 9, 9, 9]) == ()
    assert change_points([5] * 40) == ()
    assert best_split([5]) is None


def test_a_step_without_noise_is_found() -> None:
    assert change_points([1.0] * 10 + [2.0] * 10) == (10,)


def test_best_split_leaves_the_least_squared_error() -> None:
    series = np.random.default_rng(3).normal(size=25)
    errors = [
        ((s[:k] - s[:k].mean()) ** 2).sum() + ((s[k:] - s[k:].mean()) ** 2).sum()
        for s in [series]
        for k in range(1, 25)
    ]
    assert best_split(series) == int(np.argmin(errors)) + 1


def test_gaps_are_refused() -> None:
    with pytest.raises(BadValueError, match="expected a list of finite numbers; fill or cut the gaps first"):
        change_points([1, float("nan")])


def test_every_change_is_worth_its_penalty() -> None:
    """Against all ways to cut a short series in up to four levels."""
    rng = np.random.default_rng(4)
    series = np.repeat(rng.normal(0, 2, 4), 4) + rng.normal(0, 1, 16)

    def cost(cuts: tuple[int, ...]) -> float:
        levels = [series[a:b] for a, b in pairwise([0, *cuts, 16])]
        return 4.0 * len(cuts) + sum(float(((level - level.mean()) ** 2).sum()) for level in levels)

    ways = [
        cuts for n in range(4) for cuts in combinations(range(3, 14), n) if all(b - a >= 3 for a, b in pairwise(cuts))
    ]
    assert change_points(series, penalty=4.0) == min(ways, key=cost)


def stayers(rng: np.random.Generator, n_weeks: int = 52, n: int = 300, memory: float = 0.95) -> tuple:
    """Weekly sums and counts in 50 buckets of customers who keep most of what they were the week before."""
    noise = rng.normal(0, np.sqrt(1 - memory**2), (n, n_weeks))
    noise[:, 0] = rng.normal(0, 1, n)
    for week in range(1, n_weeks):
        noise[:, week] += memory * noise[:, week - 1]
    buckets = (50 + 20 * noise).reshape(50, -1, n_weeks)
    return buckets.sum(axis=1), np.full((50, n_weeks), float(buckets.shape[1]))


def test_customers_who_stay_make_no_changes_of_their_own() -> None:
    """Means of neighbouring weeks err together: taken for independent nearly every series has a change."""
    rng = np.random.default_rng(6)
    drawn = [stayers(rng) for _ in range(100)]
    naive = [len(change_points(sums.sum(axis=0) / counts.sum(axis=0))) > 0 for sums, counts in drawn]
    assert np.mean(naive) >= 0.9
    assert np.mean([len(mean_changes(sums, counts, seed=1)) > 0 for sums, counts in drawn]) <= 0.02


def test_a_change_of_those_who_stay_is_found_where_it_lies() -> None:
    rng = np.random.default_rng(7)
    found = []
    for _ in range(30):
        sums, counts = stayers(rng)
        sums[:, 30:] += 10 * counts[:, 30:]
        found.append(mean_changes(sums, counts, seed=1))
    assert np.mean([len(positions) == 1 and abs(positions[0] - 30) <= 1 for positions in found]) >= 0.9


def test_means_need_customers_at_every_point() -> None:
    with pytest.raises(BadValueError, match=r"expected \(buckets, n\) for both, and customers at every point"):
        mean_changes(np.zeros((5, 8)), np.eye(5, 8), seed=1)
    assert mean_changes(np.ones((5, 5)), np.ones((5, 5)), seed=1) == ()
