"""Shares, means and scores compared: intervals, tests, AUC and Brier."""

from __future__ import annotations

import numpy as np
import statsmodels.api as sm
from scipy import stats
from sklearn.metrics import brier_score_loss, roc_auc_score
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW
from tools.oracle.case import Case

N_DRAWS = 4000


def auc() -> Case:
    """Scores with ties of 50 customers who are alike within themselves, in three stages."""
    rng = np.random.default_rng(8)
    whose = np.repeat(np.arange(50), rng.integers(3, 11, 50))
    seen, unseen = rng.normal(size=(2, 50))[:, whose]
    stage = rng.integers(0, 3, len(whose))
    score = (seen + 0.5 * rng.normal(size=len(whose)) + stage).round(1)
    happened = rng.random(len(whose)) < 1 / (1 + np.exp(1.5 - seen - 1.5 * unseen - 0.7 * stage))
    members = [np.flatnonzero(whose == one) for one in range(50)]
    drawn = (np.concatenate([members[i] for i in rng.integers(0, 50, 50)]) for _ in range(N_DRAWS))
    expected = {
        "plain": roc_auc_score(happened, score),
        "within_stage": _within(score, happened, stage),
        "bootstrap_error_of_clusters": np.std([roc_auc_score(happened[rows], score[rows]) for rows in drawn]),
    }
    by = f"scikit-learn roc_auc_score; its spread over {N_DRAWS} draws of customers"
    return Case(by, {"score": score, "happened": happened, "strata": stage, "clusters": whose}, expected)


def brier() -> Case:
    """Told chances beside the usual share."""
    rng = np.random.default_rng(9)
    chance = rng.beta(1, 5, 60).round(3)
    happened, usual = rng.random(60) < chance, np.full(60, 0.2)
    told, plain = brier_score_loss(happened, chance), brier_score_loss(happened, usual)
    expected = {"score": told, "usual_score": plain, "skill": 1 - told / plain}
    return Case("scikit-learn brier_score_loss", {"chance": chance, "usual": usual, "happened": happened}, expected)


def many_tests() -> Case:
    """P values with ties, a 0 and a 1."""
    p_values = [0.04, 0.001, 0.3, 0.04, 0.0, 1.0, 0.012, 0.2, 0.049, 0.6]
    expected = {name: multipletests(p_values, method=name)[1] for name in ("holm", "fdr_bh")}
    return Case("statsmodels multipletests", {"p_values": p_values}, expected)


def shares() -> Case:
    """Few and many, none and all."""
    pairs = [(0, 20, 3, 25), (8, 10, 2, 9), (56, 70, 48, 80), (120, 1000, 95, 1010), (15, 15, 11, 14)]
    wilson = [proportion_confint(a, n, method="wilson") for a, n, _, _ in pairs]
    newcomb = [confint_proportions_2indep(*pair, method="newcomb", compare="diff") for pair in pairs]
    return Case(
        "statsmodels proportion_confint, confint_proportions_2indep",
        {"pairs": pairs},
        {"wilson_of_the_first": wilson, "newcombe_of_the_difference": newcomb},
    )


def mantel_haenszel() -> Case:
    """Tables of (happened, not) by (with, without), one a stratum; one of them has an empty cell."""
    tables = [[[12, 38], [9, 71]], [[5, 20], [14, 96]], [[22, 40], [30, 95]], [[0, 11], [4, 60]]]
    found = sm.stats.StratifiedTable([np.array(table) for table in tables])
    low, high = found.oddsratio_pooled_confint()
    expected = {
        "odds_ratio": found.oddsratio_pooled,
        "log_standard_error": found.logodds_pooled_se,
        "low": low,
        "high": high,
        "p_value": found.test_null_odds(correction=False).pvalue,
    }
    return Case("statsmodels StratifiedTable (error: Robins, Breslow & Greenland)", {"tables": tables}, expected)


def means() -> Case:
    """Two samples of unlike size and spread."""
    rng = np.random.default_rng(10)
    first, second = rng.normal(5, 2, 18).round(2), rng.normal(4, 5, 31).round(2)
    both = CompareMeans(DescrStatsW(first), DescrStatsW(second))
    expected = {
        "welch": both.tconfint_diff(usevar="unequal"),
        "p_value": both.ttest_ind(usevar="unequal")[1],
        "mean_of_the_first": DescrStatsW(first).tconfint_mean(),
        "median_of_the_second": stats.quantile_test(second, p=0.5).confidence_interval(0.95),
    }
    return Case(
        "statsmodels CompareMeans, DescrStatsW; scipy quantile_test", {"first": first, "second": second}, expected
    )


CASES = auc, brier, many_tests, shares, mantel_haenszel, means


def _within(score: np.ndarray, happened: np.ndarray, stratum: np.ndarray) -> float:
    """The mean over strata, weighted by their pairs."""
    parts = [(happened[stratum == one], score[stratum == one]) for one in np.unique(stratum)]
    pairs = [hit.sum() * (~hit).sum() for hit, _ in parts]
    return float(np.average([roc_auc_score(*part) for part in parts], weights=pairs))
