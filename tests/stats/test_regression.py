import numpy as np
import pytest

from cxcurve.errors import BadValueError, Reason
from cxcurve.stats.regression import relative_weights, shapley_shares

METHODS = pytest.mark.parametrize("method", [relative_weights, shapley_shares])


def answers(n: int = 300) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    causes = rng.normal(size=(n, 4)) @ rng.normal(size=(4, 4))
    return causes, causes @ np.array([2.0, 1, 0, -1]) + rng.normal(0, 2, n)


@METHODS
def test_shares_add_up_to_the_variance_explained(method) -> None:
    causes, outcome = answers()
    design = np.column_stack([np.ones(len(causes)), causes])
    left = outcome - design @ np.linalg.lstsq(design, outcome, rcond=None)[0]
    found = method(causes, outcome)
    assert found.r_squared == pytest.approx(1 - left.var() / outcome.var())
    assert found.shares.sum() == pytest.approx(found.r_squared)
    assert (found.shares >= -1e-12).all()


@METHODS
def test_neither_the_order_nor_the_unit_of_causes_matters(method) -> None:
    causes, outcome = answers()
    order = [2, 0, 3, 1]
    changed = method(causes[::-1, order] * [60, 1, 0.1, 7] + 5, outcome[::-1])
    np.testing.assert_allclose(changed.shares, method(causes, outcome).shares[order], atol=1e-9)


@METHODS
def test_uncorrelated_causes_get_their_squared_correlation(method) -> None:
    causes = np.array([[a, b] for a in (-1.0, 1) for b in (-1.0, 1)] * 3)
    outcome = 2 * causes[:, 0] + causes[:, 1] + np.tile([1, -1, -1, 1], 3)
    np.testing.assert_allclose(method(causes, outcome).shares, [4 / 6, 1 / 6])


def test_copies_of_a_cause_share_alike() -> None:
    rng = np.random.default_rng(2)
    cause = rng.normal(size=200)
    outcome = cause + rng.normal(size=200)
    for found in (relative_weights, shapley_shares):
        shares = found(np.column_stack([cause, cause]), outcome).shares
        assert shares[0] == pytest.approx(shares[1])


@METHODS
def test_too_little_data_has_a_reason(method) -> None:
    assert method(np.eye(3)[:, :2], [1, 2, 3]).reason is Reason.TOO_FEW
    assert method(np.ones((9, 1)), np.arange(9)).reason is Reason.TOO_FEW
    assert method(np.ones((9, 1)), np.arange(9)).shares is None


def test_misuse_is_named() -> None:
    with pytest.raises(
        BadValueError, match=r"causes has shape \(3,\) and outcome \(3,\); expected \(n, causes\) and \(n,\)"
    ):
        relative_weights([1, 2, 3], [1, 2, 3])
    with pytest.raises(BadValueError, match="expected finite numbers; leave incomplete answers out"):
        relative_weights([[np.nan], [1]], [1, 2])
    with pytest.raises(
        BadValueError, match="16 causes are too many for Shapley shares, at most 15; use relative_weights"
    ):
        shapley_shares(np.random.default_rng(0).normal(size=(40, 16)), np.arange(40))
