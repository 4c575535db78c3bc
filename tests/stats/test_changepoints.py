from itertools import combinations, pairwise

import numpy as np
import pytest

from cxcurve.errors import BadValueError
from cxcurve.stats.changepoints import best_split, change_points


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
