"""Logistic regression with an opinion: what the prior and the bounds do, and how often intervals cover."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from cxcurve.errors import BadValueError, Reason
from cxcurve.stats.logistic import LogisticFit, Prior, clustered_errors, logistic_regression, natural_spline

FREE = Prior.of(np.zeros(3), np.inf)
SEEDS = st.integers(0, 10_000)


def rows(seed: int, n: int = 300, truth: tuple[float, float, float] = (-1.0, 0.8, 0.4)) -> tuple:
    """An intercept, a normal column and one of 0 and 1; at least one row of each kind."""
    rng = np.random.default_rng(seed)
    x = np.column_stack([np.ones(n), rng.normal(size=n), rng.integers(0, 2, n)])
    happened = rng.random(n) < 1 / (1 + np.exp(-(x @ truth)))
    happened[:2] = True, False
    return x, happened


def alike(one: LogisticFit, other: LogisticFit) -> bool:
    """Within a thousandth of a standard error."""
    errors = np.sqrt(np.diag(one.covariance))
    return bool(np.abs((one.coefficients - other.coefficients) / errors).max() < 1e-3)


# --- the prior


def test_a_firm_opinion_is_kept_and_none_leaves_the_data_alone() -> None:
    x, happened = rows(1)
    firm = logistic_regression(x, happened, Prior.of([0.3, -0.2, 0.1], 1e-5))
    assert firm.coefficients == pytest.approx([0.3, -0.2, 0.1], abs=1e-6)
    assert (firm.high - firm.low) == pytest.approx(2 * 1.96e-5, rel=0.001)
    vague = logistic_regression(x, happened, Prior.of([0.3, -0.2, 0.1], 1e4))
    assert alike(logistic_regression(x, happened, FREE), vague)


def test_an_opinion_draws_as_far_as_its_firmness_says() -> None:
    """The top is where the pull of the data equals that of the prior."""
    x, happened = rows(2)
    mean, sd = np.array([0.0, 0.2, 0.1]), np.array([np.inf, 0.2, 0.1])
    found = logistic_regression(x, happened, Prior.of(mean, sd)).coefficients
    told = 1 / (1 + np.exp(-(x @ found)))
    np.testing.assert_allclose(x.T @ (happened - told), (found - mean) / sd**2, atol=1e-3)


def test_a_column_that_never_occurs_returns_the_prior() -> None:
    x, happened = rows(3)
    x[:, 2] = 0
    found = logistic_regression(x, happened, Prior.of([0, 0, 1.5], [np.inf, np.inf, 0.3], [-np.inf, -np.inf, 0]))
    assert found.coefficients[2] == pytest.approx(1.5, abs=1e-6)
    assert found.covariance[2, 2] == pytest.approx(0.3**2, rel=1e-6)
    assert (found.low[2], found.high[2]) == pytest.approx((1.5 - 1.96 * 0.3, 1.5 + 1.96 * 0.3), abs=1e-4)
    others = logistic_regression(x[:, :2], happened, Prior.of([0.0, 0.0], np.inf))
    np.testing.assert_allclose(found.coefficients[:2], others.coefficients, atol=1e-4)


def test_separation_gives_finite_numbers_under_a_prior() -> None:
    """The 1s all left and nobody else did: the data alone would go to infinity. Warnings are errors here."""
    x = np.column_stack([np.ones(40), np.arange(40) >= 20])
    found = logistic_regression(x, x[:, 1], Prior.of(0.0, [10.0, 0.5]))
    assert np.isfinite([*found.coefficients, *found.low, *found.high]).all()
    assert 0.3 < found.coefficients[1] < 5
    alone = logistic_regression(x, x[:, 1], Prior.of([0.0, 0.0], np.inf))
    assert np.isfinite([*alone.coefficients, *alone.covariance.ravel()]).all()
    assert alone.low[1] < 0 < alone.high[1], "and says how little it knows"


def test_opinions_of_two_sets_of_columns_are_put_together() -> None:
    both = Prior.of([1.0, 2.0], 0.5, 0.0) + Prior.of(0.0, np.inf)
    assert (list(both.mean), list(both.sd)) == ([1, 2, 0], [0.5, 0.5, np.inf])
    assert list(both.least) == [0, 0, -np.inf]


# --- the bounds


@pytest.mark.parametrize("mean", [-0.9, -0.1, 0.3, 0.8, 1.5])
def test_an_interval_is_the_likeliest_part_of_a_normal_cut_off_at_the_bound(mean: float) -> None:
    """A column that never occurs leaves the prior as it is, and its bound at 0.25."""
    x, happened = rows(3)
    x[:, 2] = 0
    found = logistic_regression(x, happened, Prior.of([0, 0, mean], [np.inf, np.inf, 0.3], [-np.inf, -np.inf, 0.25]))
    cut = stats.truncnorm((0.25 - mean) / 0.3, np.inf, mean, 0.3)
    low, high = found.low[2], found.high[2]
    assert found.coefficients[2] == pytest.approx(max(mean, 0.25), abs=1e-6)
    assert cut.cdf(high) - cut.cdf(low) == pytest.approx(0.95, abs=1e-4)
    if low > 0.25:
        assert cut.pdf(low) == pytest.approx(cut.pdf(high), rel=1e-3)
    else:
        assert cut.pdf(low) > cut.pdf(high)


@given(SEEDS, st.floats(-1.5, 1.5))
def test_bounds_are_kept_and_intervals_hold_the_top(seed: int, effect: float) -> None:
    x, happened = rows(seed, 80, (-0.5, effect, -effect))
    found = logistic_regression(x, happened, Prior.of(0.2, 0.8, [-np.inf, 0.0, 0.0]))
    assert (found.coefficients[1:] >= 0).all()
    assert (found.low[1:] >= 0).all()
    assert (found.low <= found.coefficients).all()
    assert (found.coefficients <= found.high).all()
    assert (found.low < found.high).all()


def test_where_the_data_say_the_contrary_the_bound_is_the_top_and_the_interval_is_short() -> None:
    x, happened = rows(4, 600, (-0.5, -1.0, 0.0))
    found = logistic_regression(x, happened, Prior.of(0.0, np.inf, [-np.inf, 0.0, -np.inf]))
    free = logistic_regression(x, happened, FREE)
    assert (found.coefficients[1], found.low[1]) == (0, 0)
    assert 0 < found.high[1] < 0.5 * (free.high[1] - free.low[1])
    without = logistic_regression(x[:, [0, 2]], happened, Prior.of([0.0, 0.0], np.inf))
    np.testing.assert_allclose(found.coefficients[[0, 2]], without.coefficients, atol=1e-4)


@pytest.mark.parametrize("truth", [0.0, 0.1, 0.6])
def test_intervals_cover_at_the_bound_and_above_it(truth: float) -> None:
    """A weight that is never below 0, truly 0, close to 0 and far from it; and the one beside it."""
    rng = np.random.default_rng(7)
    prior = Prior.of(0.0, np.inf, [-np.inf, 0.0, -np.inf])
    covered = []
    for _ in range(500):
        x, happened = rows(int(rng.integers(1 << 30)), 300, (-1.0, truth, 0.4))
        found = logistic_regression(x, happened, prior)
        covered.append((found.low <= [-1.0, truth, 0.4]) & (found.high >= [-1.0, truth, 0.4]))
    shares = np.mean(covered, axis=0)
    assert ((shares > 0.925) & (shares < 0.985)).all(), shares


def test_intervals_cover_what_experts_know_roughly() -> None:
    """Weights drawn as the prior has them, cut off at 0: about half an error from their centre."""
    rng = np.random.default_rng(8)
    prior, covered = Prior.of([0.0, 0.3, 0.3], [np.inf, 0.3, 0.3], [-np.inf, 0.0, 0.0]), []
    for _ in range(500):
        weights = np.maximum(rng.normal(0.3, 0.3, 2), 0)
        x, happened = rows(int(rng.integers(1 << 30)), 150, (-1.0, *weights))
        found = logistic_regression(x, happened, prior)
        covered.append((found.low[1:] <= weights) & (found.high[1:] >= weights))
    assert 0.93 < np.mean(covered) < 0.98


# --- the rows and their scale


@given(SEEDS)
def test_the_order_of_rows_is_irrelevant(seed: int) -> None:
    x, happened = rows(seed, 100)
    order = np.random.default_rng(seed).permutation(100)
    prior = Prior.of(0.1, [np.inf, 0.5, 0.5], [-np.inf, 0.0, 0.0])
    assert alike(logistic_regression(x, happened, prior), logistic_regression(x[order], happened[order], prior))


def test_rows_twice_tell_the_same_with_half_the_variance() -> None:
    x, happened = rows(5)
    once = logistic_regression(x, happened, FREE)
    twice = logistic_regression(np.repeat(x, 2, axis=0), np.repeat(happened, 2), FREE)
    assert alike(once, twice)
    np.testing.assert_allclose(twice.covariance * 2, once.covariance, rtol=1e-3)
    assert (twice.n, twice.n_events) == (2 * once.n, 2 * once.n_events)


@given(SEEDS, st.sampled_from([1e-3, 0.1, 7.0, 1e4]))
def test_a_column_in_another_unit_has_its_coefficient_in_that_unit(seed: int, unit: float) -> None:
    x, happened = rows(seed, 120)
    scale = np.array([1.0, unit, 1.0])
    plain = logistic_regression(x, happened, Prior.of([0, 0.3, 0], [np.inf, 0.4, 1.0], [-np.inf, 0.0, -np.inf]))
    other = Prior.of([0, 0.3 / unit, 0], [np.inf, 0.4 / unit, 1.0], [-np.inf, 0.0, -np.inf])
    found = logistic_regression(x * scale, happened, other)
    np.testing.assert_allclose(found.coefficients * scale, plain.coefficients, atol=2e-4)
    np.testing.assert_allclose(found.high * scale, plain.high, atol=2e-3)


def test_an_offset_moves_the_intercept_and_one_per_row_is_a_known_part() -> None:
    x, happened = rows(6)
    plain = logistic_regression(x, happened, FREE)
    moved = logistic_regression(x, happened, FREE, offset=1.5)
    np.testing.assert_allclose(moved.coefficients, plain.coefficients - [1.5, 0, 0], atol=1e-4)
    np.testing.assert_allclose(moved.covariance, plain.covariance, rtol=1e-3)
    known = logistic_regression(
        x[:, [0, 2]], happened, Prior.of([0.0, 0.0], np.inf), offset=plain.coefficients[1] * x[:, 1]
    )
    np.testing.assert_allclose(known.coefficients, plain.coefficients[[0, 2]], atol=1e-4)


def test_log_odds_are_those_of_the_columns() -> None:
    x, happened = rows(9)
    found = logistic_regression(x, happened, FREE)
    assert found.log_odds([[1.0, 2.0, 0.0]])[0] == pytest.approx(found.coefficients @ [1, 2, 0])
    told = 1 / (1 + np.exp(-found.log_odds(x)))
    assert told.sum() == pytest.approx(happened.sum(), rel=1e-5), "an intercept makes told and seen add up alike"


# --- clusters


def test_a_row_each_is_the_usual_robust_error_and_copies_tell_nothing_more() -> None:
    x, happened = rows(10)
    once = logistic_regression(x, happened, FREE)
    each = clustered_errors(once, x, happened, np.arange(300))
    assert each == pytest.approx(np.sqrt(np.diag(once.covariance)), rel=0.15)
    copies, whose = np.repeat(x, 4, axis=0), np.repeat(np.arange(300), 4)
    fourfold = logistic_regression(copies, np.repeat(happened, 4), FREE)
    again = clustered_errors(fourfold, copies, np.repeat(happened, 4), whose)
    np.testing.assert_allclose(again, each, rtol=1e-3)
    assert np.diag(fourfold.covariance)[0] ** 0.5 < 0.6 * again[0], "where rows were counted as customers"


def test_clustered_intervals_cover_where_plain_ones_are_too_sure() -> None:
    """60 customers of 8 weeks who differ in what they do and in whether they leave; the effect is 0."""
    rng = np.random.default_rng(11)
    whose, hits = np.repeat(np.arange(60), 8), []
    for _ in range(300):
        habit, luck = rng.normal(size=(2, 60))[:, whose]
        x = np.column_stack([np.ones(480), habit + 0.3 * rng.normal(size=480)])
        happened = rng.random(480) < 1 / (1 + np.exp(1 - 1.5 * luck))
        found = logistic_regression(x, happened, Prior.of([0.0, 0.0], np.inf))
        errors = np.sqrt(found.covariance[1, 1]), clustered_errors(found, x, happened, whose)[1]
        hits.append([abs(found.coefficients[1]) < 1.96 * error for error in errors])
    plain, clustered = np.mean(hits, axis=0)
    assert plain < 0.85
    assert 0.91 < clustered < 0.98


# --- too little, and misuse


@pytest.mark.parametrize("share", [False, True])
def test_what_happened_to_nobody_or_to_all_tells_nothing(share: bool) -> None:
    found = logistic_regression(np.ones((5, 1)), np.full(5, share), Prior.of(0.0, 1.0))
    assert (found.coefficients, found.low, found.reason) == (None, None, Reason.TOO_FEW)
    assert (found.n, found.n_events) == (5, 5 * share)
    with pytest.raises(BadValueError, match="the fit has no coefficients; look at its reason first"):
        found.log_odds([[1.0]])
    with pytest.raises(BadValueError, match="the fit has no coefficients; look at its reason first"):
        clustered_errors(found, [[1.0]], [1], [1])


def test_no_rows_tell_nothing() -> None:
    assert logistic_regression(np.ones((0, 1)), [], Prior.of(0.0, 1.0)).reason is Reason.TOO_FEW


def test_unlike_shapes_are_refused() -> None:
    with pytest.raises(BadValueError, match=r"x \(2, 1\), happened \(3,\), prior \(1,\); expected \(n, k\), \(n,\)"):
        logistic_regression([[1], [2]], [1, 0, 1], Prior.of(0.0, 1.0))
    with pytest.raises(BadValueError, match=r"prior \(2,\)"):
        logistic_regression([[1], [2]], [1, 0], Prior.of([0.0, 0.0], 1.0))


# --- the spline


@given(st.lists(st.integers(-50, 50), min_size=4, max_size=4, unique=True))
def test_a_spline_runs_straight_beyond_its_outer_knots_and_smoothly_between(tenths: list[int]) -> None:
    knots, step = [tenth / 10 for tenth in tenths], 1e-3
    for start, end in ((-20, min(knots) - 2 * step), (max(knots) + 2 * step, 20)):
        line = natural_spline(np.linspace(start, end, 9), knots)
        size = np.abs(line).max(axis=0)
        assert (np.abs(np.diff(line, 2, axis=0)) < 1e-6 * size + 1e-9).all()
    for knot in knots:  # no jump of value or slope
        around = natural_spline([knot - step, knot, knot + step], knots)
        assert (np.abs(np.diff(around, 2, axis=0)) < 1e-3).all()


def test_columns_of_a_spline() -> None:
    """Hastie, Tibshirani & Friedman (5.4, 5.5) by hand, knots 0, 1, 3, the basis divided by (3 - 0) squared."""
    found = natural_spline([-1.0, 1.0, 2.0, 3.0], [0, 1, 3])

    def bent(x: float, knot: float) -> float:
        return (max(x - knot, 0) ** 3 - max(x - 3, 0) ** 3) / (3 - knot)

    by_hand = [[x, (bent(x, 0) - bent(x, 1)) / 9] for x in (-1.0, 1.0, 2.0, 3.0)]
    np.testing.assert_allclose(found, by_hand)
    np.testing.assert_array_equal(natural_spline([1.0, 2.0], [0, 1, 1]), [[1], [2]], "two knots make a line")
