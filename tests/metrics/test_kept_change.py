"""The change of NRR and GRR on the scorecard: planted losses are called real, and nothing is where nothing changes."""

from __future__ import annotations

import numpy as np
import pytest

from cxcurve.metrics.months import Period
from cxcurve.metrics.recurring import Kind, Movements
from cxcurve.metrics.revenue import kept_change, line
from cxcurve.tables import US_PER_DAY

NOW_US, YEAR_US, BACK_US = 800 * US_PER_DAY, 365 * US_PER_DAY, 28 * US_PER_DAY
PERIODS = (Period("now", NOW_US - YEAR_US, NOW_US), Period("then", NOW_US - YEAR_US - BACK_US, NOW_US - BACK_US))


def world(seed: int, *, n: int = 400, late: float = 0.0) -> tuple[Movements, dict[int, int]]:
    """Customers who begin on any day, grow and churn at one rate; and a share who churn in the last month."""
    random = np.random.default_rng(seed)
    rows = []
    for who in range(n):
        cents, day = int(random.lognormal(11, 1)), int(random.integers(0, 700))
        churn = min(day + 1 + int(random.exponential(900)), 10**6)
        if random.random() < late and churn > 800:
            churn = int(random.integers(773, 800))
        rows.append((who, day, Kind.NEW, cents))
        grows = day + 1 + int(random.exponential(500))
        if grows < min(churn, 800):
            more = cents // 5
            rows.append((who, grows, Kind.EXPANSION, more))
            cents += more
        if churn < 800:
            rows.append((who, churn, Kind.CHURN, -cents))
    customer, day, kind, money = np.array(rows, np.int64).T
    return Movements(customer, day * US_PER_DAY, kind, money), {who: who % 200 for who in range(n)}


def called_real(seed: int, late: float) -> tuple[bool, bool]:
    moves, buckets = world(seed, late=late)
    nrr, grr = kept_change(moves, *PERIODS, buckets)
    return bool(nrr.is_real()), bool(grr.is_real())


def test_where_nothing_changes_few_are_called_real() -> None:
    """Exact binomial: with a true rate of 5 %, more than 21 of 200 come up in less than one of a thousand cases."""
    found = np.array([called_real(seed, 0.0) for seed in range(200)])
    assert (found.sum(axis=0) <= 21).all(), found.sum(axis=0)


def test_a_planted_loss_of_a_month_is_found() -> None:
    found = np.array([called_real(1000 + seed, 0.25) for seed in range(40)])
    assert (found.sum(axis=0) >= 36).all(), found.sum(axis=0)


def test_the_change_is_the_difference_of_both_values() -> None:
    moves, buckets = world(5)
    now, then = (line(moves, period, buckets).kept for period in PERIODS)
    nrr, grr = kept_change(moves, *PERIODS, buckets)
    assert nrr.value == pytest.approx((now.nrr.value or 0) - (then.nrr.value or 0))
    assert grr.value == pytest.approx((now.grr.value or 0) - (then.grr.value or 0))


def test_of_too_few_nothing_is_told() -> None:
    moves, buckets = world(1, n=12)
    assert [one.value for one in kept_change(moves, *PERIODS, buckets)] == [None, None]
