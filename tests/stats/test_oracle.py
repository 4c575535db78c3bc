"""What other libraries compute from the same numbers: `make oracle` writes `published/oracle.json`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cxcurve.stats.cox import cox_regression
from cxcurve.stats.event_table import EventTable
from cxcurve.stats.logistic import Prior, clustered_errors, logistic_regression, natural_spline
from cxcurve.stats.logrank import logrank
from cxcurve.stats.means import Moments, mean, welch
from cxcurve.stats.multiplicity import benjamini_hochberg, holm
from cxcurve.stats.proportions import share_difference, wilson
from cxcurve.stats.quantiles import median
from cxcurve.stats.ranking import auc
from cxcurve.stats.strata import stratified_odds_ratio
from cxcurve.stats.survival import (
    Curve,
    aalen_johansen,
    kaplan_meier,
    restricted_mean,
    restricted_mean_without,
)

ORACLE = json.loads((Path(__file__).parent / "published" / "oracle.json").read_text(encoding="utf-8"))
ELSEWHERE = {
    "brier": "tests/learn/test_brier.py",
    "public_data": "tests/data/test_lifelines_survival.py",
}
FLAT = np.inf


def case(name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """What was given, as arrays, and what is expected."""
    told = ORACLE["cases"][name]
    return {key: np.array(value) for key, value in told["given"].items()}, told["expected"]


def shares(curve: Curve, at: np.ndarray) -> dict[str, list[float | None]]:
    found = [curve.at(float(day)) for day in at]
    return {
        "share": [one.value for one in found],
        "low": [one.low for one in found],
        "high": [one.high for one in found],
        "standard_error": [one.standard_error for one in found],
    }


def test_every_case_is_compared() -> None:
    compared = {name.removeprefix("test_") for name in globals() if name.startswith("test_")}
    assert set(ORACLE["cases"]) <= compared | set(ELSEWHERE)
    assert {"lifelines", "statsmodels", "scikit-learn"} <= set(ORACLE["versions"])


def test_kaplan_meier() -> None:
    given, expected = case("kaplan_meier")
    table = EventTable.from_rows(given["days"], given["ended"])
    curve = kaplan_meier(table)
    for name, values in shares(curve, given["at"]).items():
        assert values == pytest.approx(expected[name], rel=1e-9), name
    middle = curve.median()
    assert [middle.value, middle.low, middle.high] == expected["median"]
    assert restricted_mean(table, 30).value == pytest.approx(expected["restricted_mean_30"], rel=1e-9)


@pytest.mark.parametrize("cause", [1, 2])
def test_aalen_johansen(cause: int) -> None:
    given, all_expected = case("aalen_johansen")
    expected = all_expected[f"cause_{cause}"]
    table = EventTable.from_rows(given["days"], given["cause"], 2)
    found = shares(aalen_johansen(table, cause), given["at"])
    assert np.square(found.pop("standard_error")) == pytest.approx(expected["variance"], rel=1e-9)
    for name, values in found.items():
        assert values == pytest.approx(expected[name], rel=1e-9), name
    days = restricted_mean_without(table, cause, 60).value
    assert days == pytest.approx(expected["days_without_60"], rel=1e-9)


@pytest.mark.parametrize("cause", [1, 2])
def test_aalen_johansen_with_ties(cause: int) -> None:
    given, all_expected = case("aalen_johansen_with_ties")
    curve = aalen_johansen(EventTable.from_rows(given["days"], given["cause"], 2), cause)
    found = shares(curve, given["at"])
    for name, values in all_expected[f"cause_{cause}"].items():
        assert found[name] == pytest.approx(values, rel=1e-9), name


def test_log_rank() -> None:
    given, expected = case("log_rank")
    groups = [
        EventTable.from_rows(given["days"][given["group"] == one], given["cause"][given["group"] == one], 2)
        for one in range(4)
    ]
    for found, told in (
        (logrank([groups[0], groups[2]]), expected["pair_0_2"]),
        (logrank(groups), expected["all"]),
        (logrank(groups, cause=1), expected["all_cause_1"]),
    ):
        assert [found.statistic, found.p_value] == pytest.approx(told, rel=1e-9)


def test_cox() -> None:
    given, expected = case("cox")
    found = cox_regression(given["days"], given["ended"], given["x"].T)
    assert found.coefficients == pytest.approx(expected["coefficients"], rel=1e-6)
    assert found.standard_errors == pytest.approx(expected["standard_errors"], rel=1e-6)
    assert found.log_likelihood == pytest.approx(expected["log_likelihood"], rel=1e-9)


def test_logistic() -> None:
    """The clustered errors carry the factor for few clusters, which the oracle leaves out."""
    given, expected = case("logistic")
    x, flat = given["x"].T, Prior.of(np.zeros(3), FLAT)
    errors = np.sqrt(np.diag(expected["covariance"]))
    found = logistic_regression(x, given["happened"], flat)
    np.testing.assert_allclose((found.coefficients - expected["coefficients"]) / errors, 0, atol=1e-4)
    np.testing.assert_allclose(found.covariance, expected["covariance"], rtol=1e-4)
    by_customer = clustered_errors(found, x, given["happened"], given["clusters"])
    few = np.sqrt(40 / 39) * np.array(expected["clustered_errors_uncorrected"])
    np.testing.assert_allclose(by_customer, few, rtol=1e-4)
    beside = logistic_regression(x, given["happened"], flat, offset=given["offset"])
    np.testing.assert_allclose((beside.coefficients - expected["with_offset"]) / errors, 0, atol=1e-4)
    np.testing.assert_allclose(np.sqrt(np.diag(beside.covariance)), expected["with_offset_errors"], rtol=1e-4)
    drawn = logistic_regression(x, given["happened"], Prior.of(np.zeros(3), 0.5))
    np.testing.assert_allclose((drawn.coefficients - expected["with_prior_0_sd_half"]) / errors, 0, atol=1e-4)


def test_competing_logits() -> None:
    """Begg & Gray 1984: the endings one by one, each against the weeks of neither, tell the same as both at once.

    Their numbers differ by a small part of their error, and the errors by a few per cent.
    """
    given, expected = case("competing_logits")
    rows = np.repeat(given["cells"], 3, axis=0), np.tile(np.arange(3), 10)
    x, outcome = (np.repeat(part, given["counts"].ravel(), axis=0) for part in rows)
    for ending in (1, 2):
        told, errors = (np.array(expected[name][ending - 1]) for name in ("coefficients", "standard_errors"))
        chosen = (outcome == 0) | (outcome == ending)
        alone = logistic_regression(x[chosen], outcome[chosen] == ending, Prior.of(np.zeros(3), FLAT))
        assert np.abs((alone.coefficients - told) / errors).max() < 0.25
        np.testing.assert_allclose(np.sqrt(np.diag(alone.covariance)), errors, rtol=0.04)


def test_natural_spline() -> None:
    """Another basis of the same curves: each can be written in the other, also beyond the outer knots."""
    given, expected = case("natural_spline")
    ours = np.column_stack([np.ones(len(given["x"])), natural_spline(given["x"], given["knots"])])
    theirs = np.array(expected["columns"]).T
    assert ours.shape == theirs.shape
    for one, other in ((ours, theirs), (theirs, ours)):
        written = one @ np.linalg.lstsq(one, other, rcond=None)[0]
        np.testing.assert_allclose(written, other, atol=1e-8)


def test_auc() -> None:
    given, expected = case("auc")
    score, happened = given["score"], given["happened"] == 1
    assert auc(score, happened).value == pytest.approx(expected["plain"], rel=1e-9)
    within = auc(score, happened, strata=given["strata"])
    assert within.value == pytest.approx(expected["within_stage"], rel=1e-9)
    drawn = expected["bootstrap_error_of_clusters"]
    by_customer = auc(score, happened, clusters=given["clusters"]).standard_error
    assert by_customer == pytest.approx(drawn, rel=0.06)
    assert auc(score, happened).standard_error < 0.9 * drawn


def test_many_tests() -> None:
    given, expected = case("many_tests")
    np.testing.assert_allclose(holm(given["p_values"]), expected["holm"], rtol=1e-9)
    np.testing.assert_allclose(benjamini_hochberg(given["p_values"]), expected["fdr_bh"], rtol=1e-9)


def test_shares() -> None:
    given, expected = case("shares")
    for pair, one, between in zip(
        given["pairs"].tolist(),
        expected["wilson_of_the_first"],
        expected["newcombe_of_the_difference"],
        strict=True,
    ):
        first, difference = wilson(*pair[:2]), share_difference(*pair)
        assert [first.low, first.high] == pytest.approx(one, abs=1e-9)
        assert [difference.low, difference.high] == pytest.approx(between, abs=1e-9)


def test_mantel_haenszel() -> None:
    """Each row of a table is a group, each column whether they did it; a row a customer."""
    given, expected = case("mantel_haenszel")
    counts = given["tables"].ravel()
    strata, second, did_not = np.repeat(np.indices(given["tables"].shape).reshape(3, -1), counts, axis=1)
    found = stratified_odds_ratio(second == 0, did_not == 0, strata).odds_ratio
    told = [expected[name] for name in ("odds_ratio", "low", "high")]
    assert [found.value, found.low, found.high] == pytest.approx(told, rel=1e-9)


def test_means() -> None:
    given, expected = case("means")
    first, second = (Moments.from_values(given[name]) for name in ("first", "second"))
    apart, own, middle = welch(first, second), mean(first), median(given["second"])
    assert [apart.low, apart.high] == pytest.approx(expected["welch"], rel=1e-9)
    assert apart.p_value == pytest.approx(expected["p_value"], rel=1e-9)
    assert [own.low, own.high] == pytest.approx(expected["mean_of_the_first"], rel=1e-9)
    assert [middle.low, middle.high] == expected["median_of_the_second"]
