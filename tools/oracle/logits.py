"""Logits: beside each other, by clusters, with a prior, for endings that compete; and the natural spline."""

from __future__ import annotations

import numpy as np
import patsy
import statsmodels.api as sm
from sklearn.linear_model import LogisticRegression
from tools.oracle.case import Case


def logistic() -> Case:
    """Rows of 40 customers who differ, a known part of the log odds, and a prior."""
    rng = np.random.default_rng(6)
    whose = np.repeat(np.arange(40), rng.integers(3, 10, 40))
    n = len(whose)
    x = np.column_stack([np.ones(n), rng.normal(size=n).round(2), rng.integers(0, 2, n)])
    happened = rng.random(n) < 1 / (1 + np.exp(-(x @ [-0.8, 0.9, 0.5] + rng.normal(size=40)[whose])))
    offset = rng.normal(scale=0.5, size=n).round(2)
    model = sm.Logit(happened.astype(float), x)
    plain = model.fit(disp=False, method="newton", tol=1e-12)
    robust = model.fit(
        disp=False, method="newton", tol=1e-12, cov_type="cluster",
        cov_kwds={"groups": whose, "use_correction": False},
    )  # fmt: skip
    beside = sm.GLM(happened.astype(float), x, family=sm.families.Binomial(), offset=offset).fit(tol=1e-12)
    ridge = LogisticRegression(C=0.5**2, fit_intercept=False, solver="newton-cholesky", tol=1e-12).fit(x, happened)
    expected = {
        "coefficients": plain.params,
        "covariance": plain.cov_params(),
        "clustered_errors_uncorrected": robust.bse,
        "with_offset": beside.params,
        "with_offset_errors": beside.bse,
        "with_prior_0_sd_half": ridge.coef_[0],
    }
    by = "statsmodels Logit (cluster: no small-sample factor), GLM (offset); scikit-learn LogisticRegression (prior)"
    return Case(by, {"x": x.T, "happened": happened, "offset": offset, "clusters": whose}, expected)


def competing_logits() -> Case:
    """What may happen in a week, in all cells of two columns: nothing (0), leaving (1), moving on (2)."""
    rng = np.random.default_rng(7)
    cells = np.array([[1, a, b] for a in range(5) for b in range(2)])
    odds = np.exp(np.column_stack([np.zeros(10), cells @ [-3.0, 0.5, 0.4], cells @ [-2.0, -0.3, 0.6]]))
    counts = np.array([rng.multinomial(400, row / row.sum()) for row in odds])
    x, outcome = (
        np.repeat(np.repeat(cells, 3, axis=0), counts.ravel(), axis=0),
        np.repeat(np.tile(np.arange(3), 10), counts.ravel()),
    )
    fit = sm.MNLogit(outcome, x).fit(disp=False, method="newton", tol=1e-12)
    expected = {"coefficients": fit.params.T, "standard_errors": fit.bse.T}
    return Case("statsmodels MNLogit", {"cells": cells, "counts": counts}, expected)


def natural_spline() -> Case:
    """The columns of another basis of the same curves, also beyond the outer knots."""
    x, knots = np.linspace(-1.0, 6.0, 29), [0.0, 1.0, 2.5, 5.0]
    basis = patsy.dmatrix("cr(x, knots=[1.0, 2.5], lower_bound=0.0, upper_bound=5.0) - 1", {"x": x})
    return Case("patsy cr", {"x": x, "knots": knots}, {"columns": np.asarray(basis).T})


CASES = logistic, competing_logits, natural_spline
