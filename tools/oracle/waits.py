"""Waits: Kaplan-Meier, Aalen-Johansen, log-rank, Cox, and the public data sets that lifelines ships."""

from __future__ import annotations

from typing import Any

import lifelines
import numpy as np
import pandas as pd
import statsmodels.api as sm
from lifelines import AalenJohansenFitter, CoxPHFitter, KaplanMeierFitter
from lifelines.statistics import logrank_test, multivariate_logrank_test
from lifelines.utils import median_survival_times, restricted_mean_survival_time
from statsmodels.duration.survfunc import CumIncidenceRight, SurvfuncRight
from tools.oracle.case import Case


def kaplan_meier() -> Case:
    """Whole days with ties, the last still waiting."""
    rng = np.random.default_rng(1)
    days, ended = np.append(rng.integers(0, 40, 120), 45), np.append(rng.random(120) < 0.6, False)
    fit = KaplanMeierFitter().fit(days, ended)
    errors = SurvfuncRight(days, ended.astype(int))
    at = [day for day in (1, 5, 10, 20, 30, 38) if 0 < fit.predict(day) < 1]
    bounds = fit.confidence_interval_survival_function_.loc[at]
    expected = {
        "share": fit.predict(at),
        "low": bounds.iloc[:, 0],
        "high": bounds.iloc[:, 1],
        "standard_error": [errors.surv_prob_se[np.searchsorted(errors.surv_times, day, "right") - 1] for day in at],
        "median": [fit.median_survival_time_, *_median_bounds(fit)],
        "restricted_mean_30": restricted_mean_survival_time(fit, t=30),
    }
    by = "lifelines.KaplanMeierFitter (log-log), restricted_mean_survival_time; statsmodels SurvfuncRight (errors)"
    return Case(by, {"days": days, "ended": ended, "at": at}, expected)


def aalen_johansen() -> Case:
    """No ties: lifelines would draw them apart."""
    rng = np.random.default_rng(2)
    days, cause = rng.permutation(np.arange(1, 101)), rng.choice(3, 100, p=[0.3, 0.45, 0.25])
    at, expected = [10, 25, 50, 75, 90], {}
    for one in (1, 2):
        fit = AalenJohansenFitter().fit(days, cause, one)
        bounds = fit.confidence_interval_.loc[at]
        expected[f"cause_{one}"] = {
            "share": fit.cumulative_density_.loc[at].iloc[:, 0],
            "variance": np.ravel(fit.variance_.loc[at]),
            "low": bounds.iloc[:, 0],
            "high": bounds.iloc[:, 1],
        }
        still = 1 - fit.cumulative_density_.iloc[:, 0]
        expected[f"cause_{one}"]["days_without_60"] = float(still.loc[still.index < 60].sum())
    by = "lifelines.AalenJohansenFitter; days_without: its curve, a step of one day each"
    return Case(by, {"days": days, "cause": cause, "at": at}, expected)


def aalen_johansen_with_ties() -> Case:
    """Many end on the same day."""
    rng = np.random.default_rng(3)
    days, cause = np.append(rng.integers(1, 12, 150), 14), np.append(rng.choice(3, 150, p=[0.3, 0.45, 0.25]), 0)
    found, at = CumIncidenceRight(days, cause), [2, 5, 8, 11]
    place = np.searchsorted(found.times, at, "right") - 1
    expected = {
        f"cause_{one}": {"share": found.cinc[one - 1][place], "standard_error": found.cinc_se[one - 1][place]}
        for one in (1, 2)
    }
    return Case("statsmodels CumIncidenceRight", {"days": days, "cause": cause, "at": at}, expected)


def log_rank() -> Case:
    """Four groups with ties, two of them compared alone, and one ending of two."""
    rng = np.random.default_rng(4)
    group = np.repeat(np.arange(4), [40, 30, 50, 20])
    days, cause = np.ceil(rng.exponential(10 + 3 * group)), rng.choice(3, 140, p=[0.25, 0.5, 0.25])
    one, two = group == 0, group == 2
    pair = logrank_test(days[one], days[two], cause[one] > 0, cause[two] > 0)
    expected = {
        "pair_0_2": [pair.test_statistic, pair.p_value],
        "all": _log_rank(days, group, cause > 0),
        "all_cause_1": _log_rank(days, group, cause == 1),
    }
    given = {"days": days.astype(int), "cause": cause, "group": group}
    return Case("lifelines logrank_test, multivariate_logrank_test", given, expected)


def cox() -> Case:
    """Two covariates, with ties."""
    rng = np.random.default_rng(5)
    x = np.column_stack([rng.normal(size=150).round(2), rng.integers(0, 2, 150)])
    days, ended = np.ceil(rng.exponential(15 / np.exp(x @ [0.5, -0.7]))).astype(int), rng.random(150) < 0.75
    frame = pd.DataFrame({"days": days, "ended": ended, "a": x[:, 0], "b": x[:, 1]})
    fit = CoxPHFitter().fit(frame, "days", "ended", fit_options={"precision": 1e-12})
    check = sm.PHReg(days, x, status=ended.astype(int), ties="efron").fit()
    assert np.allclose(fit.params_, check.params, atol=1e-6), "lifelines and statsmodels differ"
    expected = {
        "coefficients": fit.params_,
        "standard_errors": fit.standard_errors_,
        "log_likelihood": fit.log_likelihood_,
    }
    return Case(
        "lifelines.CoxPHFitter (Efron), statsmodels PHReg alike", {"x": x.T, "days": days, "ended": ended}, expected
    )


def public_data() -> Case:
    """Waits in data sets of lifelines: medians with bounds, shares at some times, log-rank between groups."""
    senators = lifelines.datasets.load_canadian_senators()
    since_1990 = senators[senators["start_date"].str[:4] >= "1990"]
    sets = {
        "waltons": (lifelines.datasets.load_waltons(), "T", "E", "group", [20, 40, 60]),
        "lung": (lifelines.datasets.load_lung(), "time", "status", "sex", [100, 300, 600]),
        "rossi": (lifelines.datasets.load_rossi(), "week", "arrest", "fin", [10, 30, 50]),
        "dd": (lifelines.datasets.load_dd(), "duration", "observed", "regime", [1, 5, 10, 20]),
        "canadian_senators": (senators, "diff_days", "observed", "Province / Territory", [1000, 5000, 10_000]),
        "senators_since_1990": (since_1990, "diff_days", "observed", "Province / Territory", [365, 1825, 3650]),
    }
    expected = {name: _waits(*told) for name, told in sets.items()}
    lung = sets["lung"][0][["time", "status", "age", "sex", "ph.ecog"]].dropna()
    fit = CoxPHFitter().fit(lung, "time", "status", fit_options={"precision": 1e-12})
    expected["lung"]["cox_age_sex_ecog"] = {"coefficients": fit.params_, "standard_errors": fit.standard_errors_}
    return Case("lifelines on its own data sets", {}, expected)


CASES = kaplan_meier, aalen_johansen, aalen_johansen_with_ties, log_rank, cox, public_data


def _waits(rows: pd.DataFrame, days: str, ended: str, group: str, at: list[float]) -> dict[str, Any]:
    fit = KaplanMeierFitter().fit(rows[days], rows[ended])
    return {
        "n": len(rows),
        "n_ended": int(rows[ended].sum()),
        "median": [fit.median_survival_time_, *_median_bounds(fit)],
        "at": at,
        "share": fit.predict(at),
        "log_rank": _log_rank(rows[days], rows[group], rows[ended]),
    }


def _log_rank(days: Any, group: Any, ended: Any) -> list[float]:
    found = multivariate_logrank_test(days, group, ended)
    return [found.test_statistic, found.p_value]


def _median_bounds(fit: KaplanMeierFitter) -> list[float]:
    return [float(one) for one in median_survival_times(fit.confidence_interval_survival_function_).to_numpy()[0]]
