import numpy as np
import pytest

from cxcurve.errors import BadValueError, Reason
from cxcurve.stats.estimates import Estimate
from cxcurve.stats.means import Moments, welch
from cxcurve.stats.sequential import (
    always_valid,
    beta_binomial_sequence,
    looks_error,
    mixture_likelihood_ratio,
    obrien_fleming_bound,
    pocock_bound,
)


def test_peeking_breaks_the_fixed_interval_but_not_the_always_valid_one() -> None:
    rng = np.random.default_rng(9)
    fixed, valid = [], []
    for _ in range(250):
        arms = rng.normal(0, 1, (2, 1500))
        looks = [welch(*(Moments.from_values(arm[:n]) for arm in arms)) for n in range(50, 1501, 50)]
        fixed.append(any(look.is_real() for look in looks))
        valid.append(any(always_valid(look, 3000).is_real() for look in looks))
    assert np.mean(fixed) > 0.15
    assert np.mean(valid) <= 0.05


def test_an_always_valid_interval_finds_a_real_effect() -> None:
    rng = np.random.default_rng(2)
    found = welch(Moments.from_values(rng.normal(0.5, 1, 1500)), Moments.from_values(rng.normal(0, 1, 1500)))
    wide = always_valid(found, 3000)
    assert wide.is_real()
    assert wide.low < found.low < found.high < wide.high
    assert wide.p_value is None


def test_without_a_standard_error_there_is_no_interval() -> None:
    assert always_valid(Estimate(None, n=1, reason=Reason.TOO_FEW), 100).reason is Reason.TOO_FEW
    assert always_valid(Estimate(0.5, 0.4, 0.6, 90), 100).low is None


def test_beta_binomial_bounds_hold_at_all_looks_together() -> None:
    rng = np.random.default_rng(3)
    misses = 0
    for _ in range(100):
        successes = np.cumsum(rng.random(400) < 0.2)
        bounds = [beta_binomial_sequence(int(successes[n - 1]), n) for n in range(5, 401, 8)]
        misses += any(not low <= 0.2 <= high for low, high in bounds)
    assert misses <= 6


def test_beta_binomial_bounds_at_the_edges() -> None:
    assert beta_binomial_sequence(0, 0) == (0, 1)
    assert beta_binomial_sequence(0, 50)[0] == 0
    assert beta_binomial_sequence(50, 50)[1] == 1
    # all failed: 1 / (51 (1 - p)^50) = 20
    assert beta_binomial_sequence(0, 50)[1] == pytest.approx(1 - (1 / (51 * 20)) ** (1 / 50))


def test_group_sequential_bounds_keep_false_alarms_at_alpha() -> None:
    assert looks_error([pocock_bound(4)] * 4) == pytest.approx(0.05)
    last = obrien_fleming_bound(3)
    assert looks_error([last * (3 / k) ** 0.5 for k in (1, 2, 3)]) == pytest.approx(0.05)
    assert looks_error([1.959963984540054]) == pytest.approx(0.05)


def test_misuse_is_named() -> None:
    with pytest.raises(BadValueError, match="planned_n is 0; expected the planned number of customers, above 0"):
        always_valid(Estimate(1.0, 0, 2, 10, 0.5), 0)
    with pytest.raises(BadValueError, match="expected one bound above 0 for each look"):
        looks_error([])
    with pytest.raises(BadValueError, match="expected both above 0"):
        mixture_likelihood_ratio(0.1, 0, 1)
