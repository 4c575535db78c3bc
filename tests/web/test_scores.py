"""The page that says how right the scores are: nothing before it was tested, then what the backtest found."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import serving

import cxcurve

TOLD = {
    "as_of": "2026-06-29T00:00:00Z", "horizon_days": 28, "n": 900, "n_customers": 150, "n_exits": 41, "folds": [],
    "auc_within_stage": 0.71, "auc_low": 0.66, "auc_high": 0.76, "brier_skill": 0.02, "slope": 0.94, "slope_low": 0.8,
    "slope_high": 1.1, "observed_expected": 1.04, "lead_days": 34, "n_left": 40, "n_warned": 31,
    "bands": [
        {"from": 5.0, "to": 15.0, "n": 200, "n_exits": 4, "claimed_odds_ratio": 1.1, "observed_odds_ratio": None,
         "low": None, "high": None, "reason": "too_few"},
        {"from": 50.0, "to": 70.0, "n": 90, "n_exits": 22, "claimed_odds_ratio": 2.5, "observed_odds_ratio": 2.2,
         "low": 1.4, "high": 3.4, "reason": None},
    ],
    "baselines": {"equal_weights": 0.64, "expert_weights": 0.7, "recency": 0.52, "stage_alone": 0.6},
    "own_score": {"column": "health", "auc": 0.58, "low": 0.5, "high": 0.66, "friction_index_auc": 0.7, "reason": None},
    "shuffled_auc": 0.5, "precision": 0.05, "recall": 0.4,
    "words": ["Of 40 customers who left, 31 had been marked at risk in the 90 days before, 34 days ahead."],
    "reason": None,
    "momentum": {
        "n": 900, "n_customers": 150, "n_moves": 88, "folds": [], "auc_within_stage": 0.58, "auc_low": 0.54,
        "auc_high": 0.62, "brier_skill": 0.01, "slope": 0.87, "slope_low": 0.7, "slope_high": 1.0,
        "observed_expected": 1.1, "shuffled_auc": 0.49, "baselines": {}, "reason": None,
        "bands": [
            {"from": 20.0, "to": 33.0, "n": 200, "n_moves": 12, "claimed_odds_ratio": 0.44,
             "observed_odds_ratio": 0.51, "low": 0.3, "high": 0.9, "reason": None},
        ],
        "words": ["Of two customers at the same stage, the one who moved on had the higher one in 58 of 100 cases."],
    },
}  # fmt: skip


def test_before_and_after_the_first_backtest(tmp_path: Path) -> None:
    with cxcurve.open(serving.copied(tmp_path)) as workspace:
        with serving.served(workspace) as address, httpx.Client(base_url=address, timeout=60) as site:
            assert site.get("/scores.json").json() == {"reason": "not_made", "wrong_alarms": []}
            assert "Not tested yet" in site.get("/scores").text
        workspace.store.remember("backtest", json.dumps(TOLD))
        with serving.served(workspace) as address, httpx.Client(base_url=address, timeout=60) as site:
            assert site.get("/scores.json").json() == {**TOLD, "wrong_alarms": []}
            page = site.get("/scores").text
    assert TOLD["words"][0] in page
    assert page.index("Journey Friction Index") < page.index("Expert weights") < page.index("Your own health")
    assert page.index("50 to 70") > 0
    assert "too few" in page
    assert TOLD["momentum"]["words"][0] in page
    assert page.index("And Momentum?") < page.index("20 to 33") < page.index("0.87")


def test_a_test_that_was_kept_before_it_was_one_of_momentum(tmp_path: Path) -> None:
    older = {name: value for name, value in TOLD.items() if name != "momentum"}
    with cxcurve.open(serving.copied(tmp_path)) as workspace:
        workspace.store.remember("backtest", json.dumps(older))
        with serving.served(workspace) as address, httpx.Client(base_url=address, timeout=60) as site:
            page = site.get("/scores").text
    assert "And Momentum?" not in page
    assert "Calibration slope" in page


def test_too_few_show_the_reason_and_no_picture(tmp_path: Path) -> None:
    words = ["Only 7 customers left in the tested weeks; at least 25 are needed to say how right the scores were."]
    few = {"as_of": TOLD["as_of"], "n_customers": 150, "n_exits": 7, "words": words, "reason": "too_few"}
    with cxcurve.open(serving.copied(tmp_path)) as workspace:
        workspace.store.remember("backtest", json.dumps(few))
        with serving.served(workspace) as address, httpx.Client(base_url=address, timeout=60) as site:
            page = site.get("/scores").text
    assert words[0] in page
    assert "Who ranks better?" not in page
