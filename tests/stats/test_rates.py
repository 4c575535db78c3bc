"""Rates compared between two times."""

from __future__ import annotations

import numpy as np
import pytest

from cxcurve.errors import BadValueError, Reason
from cxcurve.stats.rates import rate_ratio


def test_by_hand() -> None:
    found = rate_ratio([10, 20], [13, 13], [10, 10], [13, 13])
    assert found.value == pytest.approx(1.5)
    assert found.n == 50
    assert rate_ratio([10, 20], [26, 26], [10, 10], [13, 13]).value == pytest.approx(0.75), "by exposure"


def test_too_few_events_and_nobody_there_say_so() -> None:
    for found in (rate_ratio([9], [13], [50], [13]), rate_ratio([50], [0], [50], [13]), rate_ratio([], [], [], [])):
        assert found.value is None
        assert found.reason is Reason.TOO_FEW
    with pytest.raises(BadValueError, match="1 customers now and 2 before"):
        rate_ratio([50], [13], [50, 1], [13, 13])
    with pytest.raises(BadValueError, match="one of each a customer"):
        rate_ratio([50, 1], [13], [50], [13])


def test_one_customer_alone_has_no_interval() -> None:
    found = rate_ratio([50], [13], [50], [13])
    assert found.value == 1
    assert (found.low, found.high) == (0.0, np.inf)


@pytest.mark.parametrize("spread", [0.0, 1.0])
def test_the_interval_holds_the_planted_ratio(spread: float) -> None:
    """Customers differ, and are the same in both times; 400 draws, so 93 to 97 % with room for chance."""
    rng, held = np.random.default_rng(5), 0
    for _ in range(400):
        rate = 0.6 * np.exp(spread * rng.standard_normal(300))
        weeks = rng.integers(5, 14, (2, 300))
        found = rate_ratio(
            rng.poisson(1.15 * rate * weeks[0] / 13), weeks[0], rng.poisson(rate * weeks[1] / 13), weeks[1]
        )
        assert found.low is not None
        assert found.high is not None
        held += found.low <= 1.15 <= found.high
    assert 0.92 <= held / 400 <= 0.98


def test_the_order_of_customers_says_nothing() -> None:
    rng = np.random.default_rng(1)
    sides = rng.poisson(2, (4, 50)) + 1
    mixed = sides[:, rng.permutation(50)]
    assert rate_ratio(*sides).low == pytest.approx(rate_ratio(*mixed).low, rel=1e-12)
