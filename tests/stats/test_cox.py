import numpy as np
import pytest

from cxcurve.errors import BadValueError, Reason
from cxcurve.stats.cox import cox_regression


def waits(n: int, effects: list[float]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    x = rng.normal(size=(n, len(effects)))
    days, censored = rng.exponential(20 / np.exp(x @ effects)), rng.uniform(0, 60, n)
    return np.minimum(days, censored), days <= censored, x


def test_planted_hazards_are_recovered() -> None:
    found = cox_regression(*waits(3000, [0.7, -0.3]))
    assert (np.abs(found.coefficients - [0.7, -0.3]) < 3 * found.standard_errors).all()
    ratio, low, high = found.hazard_ratios()
    assert (low < ratio).all()
    assert (ratio < high).all()


def test_row_order_and_origin_are_irrelevant() -> None:
    days, ended, x = waits(200, [0.5])
    days = np.ceil(days)  # ties
    order = np.random.default_rng(1).permutation(200)
    one, two = cox_regression(days, ended, x), cox_regression(days[order], ended[order], x[order] + 100)
    np.testing.assert_allclose(one.coefficients, two.coefficients)
    assert one.log_likelihood == pytest.approx(two.log_likelihood)


def test_a_hand_computed_likelihood() -> None:
    """Two customers tied on day 1 and one on day 2, no effect: Efron gives -log 3 - log(3 - 2/2) - log 1."""
    found = cox_regression([1, 1, 2], [True, True, True], [[0.0], [1.0], [0.5]])
    assert found.coefficients == pytest.approx([0], abs=1e-9)
    assert found.log_likelihood == pytest.approx(-np.log(3 * 2))


def test_the_standard_error_is_the_curvature_of_the_likelihood_with_many_ties() -> None:
    """All six end on one day: the l-th of six sees l/6 of the risk gone."""
    x = np.array([0.0, 0.0, 1.0, 1.0, 1.0, 2.0])
    found = cox_regression(np.ones(6), np.ones(6), x[:, None])

    def log_likelihood(b: float) -> float:
        risk = np.exp(b * x).sum()
        return b * x.sum() - sum(np.log(risk - gone / 6 * risk) for gone in range(6))

    best = found.coefficients[0]
    around = [log_likelihood(best + step) for step in (-1e-3, 0, 1e-3)]
    assert around[1] == pytest.approx(found.log_likelihood)
    assert around[0] - around[2] == pytest.approx(0, abs=1e-8)
    curvature = -(around[0] - 2 * around[1] + around[2]) / 1e-6
    assert found.standard_errors[0] == pytest.approx(curvature**-0.5, rel=1e-4)


def test_no_finite_answer_has_a_reason() -> None:
    parted = cox_regression([1, 2, 3, 9, 9, 9], [1, 1, 1, 0, 0, 0], [[1.0], [1], [1], [0], [0], [0]])
    assert (parted.coefficients, parted.hazard_ratios(), parted.reason) == (None, None, Reason.TOO_FEW)
    assert cox_regression([1, 2, 3], [0, 0, 1], [[1.0], [2], [3]]).reason is Reason.TOO_FEW
    assert cox_regression([1, 2, 3], [1, 1, 1], [[4.0], [4], [4]]).reason is Reason.TOO_FEW


def test_misuse_is_named() -> None:
    with pytest.raises(
        BadValueError, match=r"days \(2,\), ended \(1,\), covariates \(2, 1\); expected \(n,\), \(n,\), \(n, k\)"
    ):
        cox_regression([1, 2], [1], [[1.0], [2.0]])
