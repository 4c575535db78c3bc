"""Calibrate and backtest of a workspace: what is kept, what is shown, and what is not said of too few."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from cxcurve.sources.simulated import simulate, write
from cxcurve.workspace.workspace import Workspace, init

BACKTEST = {
    "horizon_days", "folds", "auc_within_stage", "brier_skill", "slope", "observed_expected", "lead_days", "bands",
    "baselines", "shuffled_auc", "n_exits", "precision", "recall", "reason",
    "momentum",
}  # fmt: skip


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """Two hundred customers over a year and a half, the first quarter of a year to warm up."""
    folder = tmp_path_factory.mktemp("learning") / "company"
    with init(folder, "b2b-saas") as made:
        write(simulate(customers=200, weeks=78, seed=5), folder)
        made.load()
        made.score()
        yield made


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """Fifteen customers."""
    folder = tmp_path_factory.mktemp("learning") / "small"
    with init(folder, "b2b-saas") as made:
        write(simulate(customers=15, weeks=60, seed=5), folder)
        made.load()
        made.score()
        yield made


def test_a_calibration_changes_nothing_until_it_is_applied(workspace: Workspace) -> None:
    before = workspace.customers()
    found = workspace.calibrate().to_json()
    assert found["version"] is None
    assert found["friction"]["n_events"] >= 25
    assert {row["index"] for row in found["signals"]} == {"friction", "momentum"}
    assert all(row["low"] <= row["weight"] <= row["high"] for row in found["signals"] if not row["is_unseen"])
    assert workspace.customers() == before
    assert workspace.signals()["weights"] == "expert"


def test_applied_it_scores_from_now_on_and_says_so(workspace: Workspace) -> None:
    expert = {row["customer_id"]: row["friction_index"] for row in workspace.customers()}
    found = workspace.calibrate(apply=True).to_json()
    assert found["version"] == 1
    signals = workspace.signals()
    assert (signals["version"], signals["weights"]) == (1, found["friction"]["weights"])
    learned = {row["signal"]: row for row in found["signals"] if row["index"] == "friction"}
    told = {row["signal"]: row for row in signals["signals"]}
    for name in ("meeting_missed", "cancellation_asked"):
        assert told[name]["friction_weight"] == pytest.approx(learned[name]["weight"])
        assert told[name]["low"] == pytest.approx(learned[name]["low"])
    now = {row["customer_id"]: row["friction_index"] for row in workspace.customers()}
    assert now != expert
    inside = next(row for row in workspace.customers() if (row["friction_index"] or 0) > 20)
    shown = workspace.customer(inside["customer_id"])
    assert sum(row.points for row in shown.friction) == pytest.approx(round(inside["friction_index"], 1))


def test_a_backtest_is_kept_and_said_in_words(workspace: Workspace) -> None:
    assert workspace.last_backtest is None
    found = workspace.backtest(own_score="seats").to_json()
    assert found.keys() >= BACKTEST
    assert workspace.last_backtest == json.loads(json.dumps(found))
    assert found["reason"] is None
    assert found["own_score"]["column"] == "seats"
    assert found["n_warned"] <= found["n_left"]
    assert found["words"][0].startswith(f"Of {found['n_left']} customers who left, {found['n_warned']} had been marked")
    pull = found["momentum"]
    assert (pull["reason"], pull["n"]) == (None, found["n"])
    n_moves = [fold["n_moves"] for fold in pull["folds"]]
    assert max(n_moves) <= pull["n_moves"] <= sum(n_moves)  # a move may lie within 28 days of weeks of two quarters
    assert 0 < pull["auc_low"] < pull["auc_within_stage"] < pull["auc_high"] < 1
    assert [(band["from"], band["to"]) for band in pull["bands"]][2:4] == [(33.0, 45.0), (55.0, 67.0)]
    assert all(band["claimed_odds_ratio"] < 1 for band in pull["bands"][:3] if band["n"])
    assert pull["words"][0].startswith(
        "Of two customers at the same stage, the one who moved on had the higher Momentum"
    )


def test_of_too_few_nothing_is_said(small: Workspace) -> None:
    found = small.backtest().to_json()
    assert found["reason"] == "too_few"
    assert (found["auc_within_stage"], found["slope"], found["bands"], found["precision"]) == (None, None, [], None)
    assert found["words"] == [
        f"Only {found['n_exits']} customers left in the tested weeks; at least 25 are needed to say "
        "how right the scores were."
    ]
    learned = small.calibrate().to_json()
    assert (learned["friction"]["weights"], learned["friction"]["reason"]) == ("expert", "too_few")
    assert all(row["weight"] == row["expert"] for row in learned["signals"] if row["index"] == "friction")


def test_an_earlier_calibration_knows_only_what_was_known(workspace: Workspace, tmp_path: Path) -> None:
    earlier, now = workspace.calibrate("2025-12-28").version, workspace.calibrate().version
    assert earlier.as_of_us < now.as_of_us
    assert earlier.friction.n_events < now.friction.n_events
