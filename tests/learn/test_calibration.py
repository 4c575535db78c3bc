"""Weights learned from planted ones, and what a wrong opinion costs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from planted import end_us, opinion, planted

from cxcurve.errors import Reason
from cxcurve.learn import hazards
from cxcurve.learn.calibration import Kind, Opinion, calibrate, crossed, references
from cxcurve.learn.groups import half_of
from cxcurve.learn.hazards import HORIZON_DAYS, Base, Ending
from cxcurve.metrics.periods import Periods
from cxcurve.metrics.versions import Version
from cxcurve.stats.ranking import auc

DRAG, PULL = [1.2, 0.6, 0.3, 0.0], [0.8, 0.4, 0.2]


def cosine(first: np.ndarray, second: np.ndarray) -> float:
    return float(first @ second / np.linalg.norm(first) / np.linalg.norm(second))


def learned(periods: Periods, drag: list[float] = DRAG, pull: list[float] = PULL):
    return calibrate(periods, opinion(drag), opinion(pull), n_stages=3, as_of_us=end_us())


@pytest.fixture(scope="module")
def many() -> Periods:
    return planted(DRAG, PULL, customers=1500)


def test_planted_weights_are_found_from_experts_who_think_all_alike(many: Periods) -> None:
    found = learned(many, [0.5] * 4, [0.5] * 3)
    assert found.friction.kind is Kind.LEARNED
    assert cosine(found.friction.weekly, np.array(DRAG)) > 0.98
    assert cosine(found.momentum.weekly, np.array(PULL)) > 0.95
    assert np.all(found.friction.low <= found.friction.weekly)
    assert np.all(found.friction.weekly <= found.friction.high)


def test_the_intervals_hold_the_planted_weights(many: Periods) -> None:
    inside = []
    for seed in range(12):
        found = learned(planted(DRAG, PULL, customers=500, seed=seed))
        inside += ((found.friction.low <= DRAG) & (found.friction.high >= DRAG)).tolist()
        inside += ((found.momentum.low <= PULL) & (found.momentum.high >= PULL)).tolist()
    assert np.mean(inside) > 0.9  # the bound at 0 and the expert, who is right here, make them hold more than 95 %


def test_under_25_exits_the_experts_are_asked() -> None:
    few = planted(DRAG, PULL, customers=25, exit_odds=0.004)
    found = learned(few).friction
    assert found.n_events < 25
    assert (found.kind, found.reason, found.gamma.value) == (Kind.EXPERT, Reason.TOO_FEW, None)
    assert np.array_equal(found.weights, DRAG)


def test_between_25_and_100_exits_they_are_blended() -> None:
    some = planted(DRAG, PULL, customers=120, seed=3)
    found = learned(some).friction
    assert 25 <= found.n_events <= 100
    assert found.kind is Kind.BLENDED


def test_nobody_left_and_nobody_moved(many: Periods) -> None:
    n = len(many)
    still = replace(many, exit_days=np.full(n, np.inf), move_days=np.full(n, np.inf))
    found = learned(still)
    assert [one.kind for one in (found.friction, found.momentum)] == [Kind.EXPERT] * 2
    assert found.friction.n_events == 0


def test_a_signal_that_never_fires_keeps_the_experts_weight(many: Periods) -> None:
    drag = many.drag.copy()
    drag[:, 1] = 0.0
    found = learned(replace(many, drag=drag)).friction
    assert found.weekly[1] == DRAG[1]
    assert [one.signal for one in found.unseen] == ["signal_1"]


def test_a_signal_that_says_the_contrary_weighs_nothing_and_is_named() -> None:
    # What experts call friction holds customers here: its odds are halved, and no weight may say so.
    rows = planted([1.2, -1.0, 0.3], PULL, customers=1500)
    found = learned(rows, [1.2, 0.6, 0.3]).friction
    assert found.weekly[1] < 0.05
    assert [one.signal for one, _ in found.against] == ["signal_1"]
    assert found.against[0][1].high < 0


def test_a_shuffled_opinion_costs_little_where_many_left_and_more_where_few_did() -> None:
    """What experts who have it all wrong cost in AUC, on fresh customers."""
    wrong, fresh = [0.0001, 0.3, 1.2, 0.6], planted(DRAG, PULL, customers=1500, seed=9)
    left, told = fresh.exit_days < HORIZON_DAYS, fresh.followed_days >= HORIZON_DAYS

    def ranks(weights: np.ndarray) -> float:
        return auc((fresh.drag @ weights)[told], left[told], strata=fresh.stage[told]).value

    best = ranks(np.array(DRAG))
    cost = {
        n: best - ranks(learned(planted(DRAG, PULL, customers=n, seed=4), wrong).friction.weekly) for n in (150, 1500)
    }
    assert best - ranks(np.array(wrong)) > 0.04
    assert cost[1500] < 0.02
    assert cost[1500] < cost[150] < best - ranks(np.array(wrong))


def test_what_parts_all_who_left_from_all_others_gives_a_finite_weight(many: Periods) -> None:
    drag = many.drag.copy()
    drag[:, 0] = many.exit_days < 7
    found = learned(replace(many, drag=drag)).friction
    assert np.isfinite(found.weekly).all()
    assert np.isfinite(found.high).all()


def test_one_stage_and_constant_features(many: Periods) -> None:
    flat = replace(many, stage=np.zeros(len(many), np.int64), drag=np.ones_like(many.drag))
    found = calibrate(flat, opinion(DRAG), opinion(PULL), n_stages=1, as_of_us=end_us()).friction
    assert np.allclose(found.weekly, DRAG, atol=0.25), "what never differs says nothing against the experts"


def test_drawing_quiet_weeks_changes_little(many: Periods, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = learned(many).friction
    monkeypatch.setattr(hazards, "ENOUGH_ROWS", 5_000)
    monkeypatch.setattr(hazards, "QUIET_TO_ONE", 5)
    drawn = learned(many).friction
    assert np.abs(drawn.weekly - whole.weekly).max() < 0.1
    assert drawn.gamma.value == pytest.approx(whole.gamma.value, abs=0.05)


def test_drawing_endings_too_changes_little_and_counts_all(many: Periods, monkeypatch: pytest.MonkeyPatch) -> None:
    """The draw is taken out of the odds again: with a quarter of the endings the chance told stays what it was."""
    whole = learned(many).friction
    monkeypatch.setattr(hazards, "MOST_ENDINGS", whole.n_events // 4)
    drawn = learned(many).friction
    assert drawn.n_events == whole.n_events
    assert np.abs(drawn.weekly - whole.weekly).max() < 0.25
    ending = Ending.exit(many, np.array(PULL))
    odds = [one.chance.log_odds(ending, one.weekly).mean() for one in (whole, drawn)]
    assert odds[1] == pytest.approx(odds[0], abs=0.1)


def test_gamma_rests_on_scores_that_know_nothing_of_their_own_customers(many: Periods) -> None:
    """What happens to half of the customers moves the scores of the others, and not their own."""
    own = half_of(many.customer) == 0
    ending = Ending.exit(many, np.array(PULL))
    other = replace(ending, days=np.where(own, np.roll(ending.days, 1), ending.days))
    base = Base.of(many, 3)
    before, after = (crossed(base, one, opinion(DRAG)) for one in (ending, other))
    assert np.array_equal(before[own], after[own])
    assert not np.allclose(before[~own], after[~own])


def test_references_are_lower_quantiles_on_the_grid_and_thin_stages_are_pooled() -> None:
    stage = np.repeat([0, 1], [100, 10])
    score = np.r_[np.arange(100) / 10, np.full(10, 100.0)]
    assert references(stage, score, 0.10, 2).tolist() == [0.89990234375, 1.0]  # 9/10 of a doubling, cut to 1/4096
    assert references(stage[:40], score[:40], 0.10, 2).tolist() == [0.0, 0.0]


def test_a_version_reads_as_it_was_written(many: Periods) -> None:
    version = learned(many).version(3)
    assert Version.read(version.written()) == version
    assert version.friction.weights["signal_0"].expert == pytest.approx(DRAG[0])


def test_opinion_without_signals() -> None:
    rows = planted(DRAG, PULL, customers=200)
    empty = replace(rows, drag=rows.drag[:, :0])
    found = calibrate(empty, Opinion((), np.zeros(0)), opinion(PULL), n_stages=3, as_of_us=end_us())
    assert found.friction.weights.size == 0
