from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxcurve.errors import BadValueError, Reason
from cxcurve.stats.bands import bucket_change, bucket_function, bucket_mean, mean_band


def company(rng: np.random.Generator, n: int = 400, buckets: int = 200, points: int = 12) -> tuple:
    """Customers' paths around a planted curve: each with a level of its own, skewed noise, some leaving early."""
    truth = 30 - 2.0 * np.arange(points)
    paths = truth + rng.normal(0, 20, (n, 1)) + rng.exponential(15, (n, points)) - 15
    seen = np.arange(points) < rng.integers(3, 3 * points, (n, 1))
    bucket = rng.integers(0, buckets, n)
    sums, counts = np.zeros((buckets, points)), np.zeros((buckets, points))
    np.add.at(sums, bucket, np.where(seen, paths, 0))
    np.add.at(counts, bucket, seen)
    return truth, sums, counts


def test_the_simultaneous_band_holds_the_whole_planted_curve_in_95_of_100_runs() -> None:
    rng = np.random.default_rng(3)
    whole, points = [], []
    for run in range(200):
        truth, sums, counts = company(rng)
        band = mean_band(sums, counts, seed=run, n_draws=300)
        whole.append(((band.low <= truth) & (truth <= band.high)).all())
        points.append((band.point_low <= truth) & (truth <= band.point_high))
    assert abs(np.mean(whole) - 0.95) < 0.035
    assert abs(np.mean(points) - 0.95) < 0.02
    # what the band is for: pointwise intervals do not hold the whole curve
    assert np.mean([point.all() for point in points]) < 0.9


def test_the_same_seed_and_data_give_the_same_band() -> None:
    _, sums, counts = company(np.random.default_rng(1))
    one, two, other = (mean_band(sums, counts, seed=seed) for seed in (7, 7, 8))
    np.testing.assert_array_equal(one.low, two.low)
    assert (one.low != other.low).any()
    np.testing.assert_array_equal(one.mean, other.mean)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_the_mean_lies_within_the_pointwise_within_the_simultaneous(seed: int) -> None:
    _, sums, counts = company(np.random.default_rng(seed), n=60, buckets=20, points=5)
    band = mean_band(sums, counts, seed=seed, n_draws=100)
    firm = ~band.is_thin
    for lower, upper in pairwise([band.low, band.point_low, band.mean, band.point_high, band.high]):
        assert (lower[firm] <= upper[firm] + 1e-9).all()
    np.testing.assert_allclose(band.mean, sums.sum(axis=0) / counts.sum(axis=0))


def test_thin_points_have_a_mean_but_no_interval() -> None:
    counts = np.ones((12, 3))
    counts[9:, 0] = 0  # 9 customers
    counts[:, 1] = 0
    counts[:4, 1] = 5  # 20 customers, but 4 buckets
    band = mean_band(counts * 2.0 + np.arange(12)[:, None] * (counts > 0), counts, seed=0)
    assert band.is_thin.tolist() == [True, True, False]
    assert np.isnan(band.low).tolist() == [True, True, False]
    assert np.isfinite(band.mean).all()
    assert band.reason is None


def test_customers_decide_what_is_thin_where_counts_are_customer_weeks() -> None:
    band = mean_band(np.arange(80.0).reshape(20, 4), np.full((20, 4), 5.0), seed=0, n_customers=[9, 10, 50, 100])
    assert band.is_thin.tolist() == [True, False, False, False]


def test_too_few_customers_give_a_reason() -> None:
    assert mean_band(np.ones((6, 2)), np.ones((6, 2)), seed=0).reason is Reason.TOO_FEW
    thin = bucket_mean(np.arange(6.0), np.ones(6), seed=0)
    assert (thin.value, thin.low, thin.reason) == (2.5, None, Reason.TOO_FEW)
    nobody = bucket_mean(np.zeros(6), np.zeros(6), seed=0)
    assert (nobody.value, nobody.reason) == (None, Reason.TOO_FEW)


def test_customers_all_alike_leave_no_doubt() -> None:
    found = bucket_mean(np.full(50, 6.0), np.full(50, 2.0), seed=0)
    assert (found.value, found.low, found.high) == (3, pytest.approx(3), pytest.approx(3))


def test_one_mean_has_the_interval_of_the_t_test() -> None:
    values = np.random.default_rng(2).normal(10, 3, 400)
    found = bucket_mean(values, np.ones(400), seed=0)
    half = 1.966 * values.std(ddof=1) / 20
    assert found.high - found.value == pytest.approx(half, rel=0.08)


def test_few_buckets_are_covered_too() -> None:
    rng = np.random.default_rng(4)
    hits = []
    for run in range(300):
        found = bucket_mean(rng.normal(0, 1, (6, 4)).sum(axis=1), np.full(6, 4.0), seed=run)
        hits.append(found.low <= 0 <= found.high)
    assert np.mean(hits) == pytest.approx(0.95, abs=0.03)


def test_misuse_is_named() -> None:
    with pytest.raises(
        BadValueError, match=r"sums has shape \(2, 3\) and counts \(3, 2\); expected \(buckets, x\) for both"
    ):
        mean_band(np.ones((2, 3)), np.ones((3, 2)), seed=0)
    with pytest.raises(BadValueError, match=r"level is 95; expected a share between 0 and 1, such as 0\.95"):
        mean_band(np.ones((2, 3)), np.ones((2, 3)), seed=0, level=95)


@pytest.mark.parametrize("n", [11, 200])
def test_a_change_of_the_same_customers_covers_and_is_narrower_than_of_strangers(n: int) -> None:
    """Eleven customers in as many buckets: the spread of the draws alone would cover nine times of ten."""
    rng = np.random.default_rng(8)
    covered, narrower = [], []
    for run in range(400):
        bucket = rng.integers(0, 200, n)
        own = rng.normal(0, 20, n)
        count = np.bincount(bucket, minlength=200).astype(float)
        now, before = ((np.bincount(bucket, own + rng.normal(rise, 5, n), 200), count) for rise in (3, 0))
        found = bucket_change(now, before, seed=run)
        assert found.low is not None
        assert found.high is not None
        covered.append(found.low <= 3 <= found.high)
        alone = bucket_mean(*now, seed=run)
        narrower.append(found.high - found.low < (alone.high or 0) - (alone.low or 0))
    assert 0.92 < np.mean(covered) <= 0.98
    assert np.mean(narrower) > 0.99


def test_a_change_of_too_few_has_no_interval_and_of_none_no_value() -> None:
    few, none = (np.ones(9), np.ones(9)), (np.zeros(9), np.zeros(9))
    found = bucket_change(few, few, seed=1)
    assert (found.value, found.low, found.reason) == (0.0, None, Reason.TOO_FEW)
    assert bucket_change(few, none, seed=1).value is None


def test_a_function_of_sums_has_the_interval_of_the_mean() -> None:
    values = np.random.default_rng(2).normal(10, 3, 400)
    columns = np.column_stack([values, np.ones(400)])
    mean, double = bucket_function(columns, lambda s: s[:, :1] / s[:, 1:] * [1, 2], seed=5)
    found = bucket_mean(values, np.ones(400), seed=5)
    assert (mean.value, mean.low, mean.high) == pytest.approx((found.value, found.low, found.high))
    assert (double.high or 0) - (double.value or 0) == pytest.approx(2 * ((found.high or 0) - (found.value or 0)))


def test_a_function_of_few_buckets_has_no_interval() -> None:
    (found,) = bucket_function(np.ones((4, 2)), lambda s: s[:, :1] / s[:, 1:], seed=1)
    assert (found.value, found.low, found.reason) == (1.0, None, Reason.TOO_FEW)


def test_where_few_carry_the_weight_the_interval_is_wider() -> None:
    """Fifty buckets of which five have nine tenths of the weight say little more than five."""
    hits = []
    for run in range(300):
        rng = np.random.default_rng(run)
        weight = np.r_[np.full(5, 9.0), np.full(45, 1 / 9)]
        found = bucket_mean(weight * rng.normal(0, 1, 50), weight, seed=run)
        hits.append(found.low <= 0 <= found.high)
    assert np.mean(hits) == pytest.approx(0.95, abs=0.04)
