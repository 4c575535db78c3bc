"""Promised against seen: planted effects are found at the stated rate, and the known traps find none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.random import Generator, default_rng

from cxcurve.metrics.promised import (
    BY_NAME,
    HELD_OUT,
    MEANING,
    OTHER,
    STRENGTH,
    TREATED,
    VERDICTS,
    WHY,
    Evidence,
    Followed,
    Verdict,
    is_within,
    seen,
    verdict,
)
from cxcurve.stats.estimates import Estimate

FRICTION, EXITS, CONTACTS = BY_NAME["friction_index"], BY_NAME["exits"], BY_NAME["contacts"]
RUNS, SHARE = 400, 0.3


def company(rng: Generator, *, effect: float = 0.0, share: float = SHARE, n: int = 900, least: float = -99.0,
            of_those: float = 0.5) -> Followed:  # fmt: skip
    """Customers whose friction wanders about their own mean; those chosen had `least` of it the week before."""
    own = rng.normal(45, 12, n)
    before, after = own + rng.normal(0, 10, n), own + rng.normal(0, 10, n)
    is_chosen = (before >= least) & (rng.random(n) < of_those)
    is_held = is_chosen & (rng.random(n) < share)
    arm = np.where(is_held, HELD_OUT, np.where(is_chosen, TREATED, OTHER))
    return followed(arm, after + effect * (arm == TREATED), before, rng)


def ends(change: Estimate) -> tuple[float, float]:
    assert change.low is not None
    assert change.high is not None
    return change.low, change.high


def followed(arm: np.ndarray, value: np.ndarray, before: np.ndarray, rng: Generator) -> Followed:
    n = len(arm)
    alike = np.where(np.isfinite(before), before, 40.0)
    return Followed(arm, value, before, alike, rng.integers(0, 4, n), rng.integers(0, 2, n), np.ones(n, bool))


def test_a_planted_effect_on_an_index_is_found_and_covered() -> None:
    rng, covered, width = default_rng(7), 0, []
    for _ in range(RUNS):
        found = seen(company(rng, effect=-4.0), FRICTION, SHARE)
        assert found.evidence is Evidence.DRAWN
        low, high = ends(found.change)
        covered += low <= -4.0 <= high
        width.append(high - low)
    assert 0.925 <= covered / RUNS <= 0.975
    assert np.mean(width) < 7.0, "what was known before narrows it: without that it is 6.6 / 0.8"


def test_a_planted_effect_on_a_share_is_found_and_covered() -> None:
    rng, covered = default_rng(8), 0
    for _ in range(RUNS):
        arm = np.where(rng.random(800) < SHARE, HELD_OUT, TREATED)
        left = (rng.random(800) < np.where(arm == TREATED, 0.08, 0.14)).astype(float)
        found = seen(followed(arm, left, np.full(800, np.nan), rng), EXITS, SHARE).change
        low, high = ends(found)
        covered += low <= -0.06 <= high
    assert 0.925 <= covered / RUNS <= 0.98


def test_customers_chosen_at_their_worst_get_better_by_themselves_and_it_is_no_gain() -> None:
    """Regression to the mean: before and after shows a false gain, others alike and a draw show none."""
    rng, alike, drawn = default_rng(9), [], []
    plain = seen(company(rng, least=55.0, of_those=1.0, share=0.0), FRICTION, 0.0)
    assert plain.evidence is Evidence.BEFORE_AFTER
    assert ends(plain.change)[1] < -3.0, "a clear gain, where nothing was done"
    assert verdict(plain.change, -4.0, plain.evidence) is Verdict.OPEN, "so it never tells"
    for _ in range(RUNS):
        found = seen(company(rng, least=55.0, share=0.0), FRICTION, 0.0)
        assert found.evidence is Evidence.ALIKE
        alike.append(found.change.is_real())
        drawn.append(seen(company(rng, least=45.0, n=1500), FRICTION, SHARE).change.is_real())
    assert np.mean(alike) < 0.09
    assert np.mean(drawn) < 0.08


def test_whoever_lived_to_be_reached_lived_longer_and_it_is_no_gain() -> None:
    """Immortal time: of those treated in fact fewer left, for who left early was never treated."""
    rng, by_plan, as_treated = default_rng(10), [], []
    for _ in range(100):
        arm = np.where(rng.random(600) < SHARE, HELD_OUT, TREATED)
        leaves_on, reached_on = rng.exponential(80, 600), rng.uniform(0, 28, 600)
        left = (leaves_on < 28).astype(float)
        was_reached = (arm == TREATED) & (leaves_on > reached_on)
        as_treated.append(left[was_reached].mean() - left[~was_reached].mean())
        found = seen(followed(arm, left, np.full(600, np.nan), rng), EXITS, SHARE).change
        by_plan.append(found.is_real())
    assert np.mean(as_treated) < -0.15, "the trap is there"
    assert np.mean(by_plan) < 0.12, "and the read-out does not fall into it"


def test_groups_that_are_not_of_the_sizes_drawn_raise_the_alarm_and_tell_nothing() -> None:
    found = company(default_rng(11), effect=-5.0)
    half = found.where((found.arm != HELD_OUT) | (np.arange(len(found)) % 2 == 0))
    told = seen(half, FRICTION, SHARE)
    assert (told.is_uneven, told.why, told.change.value, told.evidence) == (True, "uneven", None, Evidence.DRAWN)
    assert not seen(found, FRICTION, SHARE).is_uneven


def test_a_draw_of_too_few_is_compared_with_others_alike() -> None:
    found = company(default_rng(12), share=0.03)
    assert 0 < (found.arm == HELD_OUT).sum() < 30
    told = seen(found, FRICTION, 0.03)
    assert told.evidence is Evidence.ALIKE
    assert told.n <= (found.arm == TREATED).sum(), "those left alone are no others"


def test_exits_are_never_told_by_before_and_after() -> None:
    found = company(default_rng(13), share=0.0, of_those=1.0)
    told = seen(replace(found, value=(found.value > 60).astype(float)), EXITS, 0.0)
    assert (told.why, told.change.value, told.evidence) == ("all_were_here", None, Evidence.BEFORE_AFTER)


def test_too_little_that_happened_is_said() -> None:
    rng = default_rng(14)
    found = company(rng)
    for movable, share in ((EXITS, SHARE), (CONTACTS, SHARE), (EXITS, 0.0), (CONTACTS, 0.0)):
        quiet = replace(found, value=np.zeros(len(found)), before=np.zeros(len(found)))
        if not share:
            quiet = quiet.where(quiet.arm != HELD_OUT)
        assert seen(quiet, movable, share).why == "no_events"
    nobody = found.where(found.arm != TREATED)
    assert seen(nobody, FRICTION, SHARE).why == "nobody"
    few = found.where((found.arm == TREATED) & (np.cumsum(found.arm == TREATED) < 20))
    assert seen(few, FRICTION, 0.0).why == "too_few"
    assert seen(few, FRICTION, 0.0, is_one_scale=False).why == "other_weights"


@pytest.mark.parametrize(
    ("low", "high", "promised", "told", "within"),
    [
        (-6.0, -2.0, -4.0, Verdict.KEPT, True),
        (-9.0, -5.0, -4.0, Verdict.KEPT, False),
        (-3.0, -1.0, -4.0, Verdict.NOT_KEPT, False),
        (-3.0, 1.0, -4.0, Verdict.NOT_KEPT, False),
        (-6.0, 1.0, -4.0, Verdict.OPEN, True),
        (1.0, 3.0, -4.0, Verdict.OPPOSITE, False),
        (2.0, 6.0, 4.0, Verdict.KEPT, True),
        (-6.0, -1.0, 4.0, Verdict.OPPOSITE, False),
        (None, None, 4.0, Verdict.OPEN, None),
    ],
)
def test_the_verdict(
    low: float | None, high: float | None, promised: float, told: Verdict, within: bool | None
) -> None:
    change = Estimate(None if low is None or high is None else (low + high) / 2, low, high, 100)
    assert verdict(change, promised, Evidence.DRAWN) is told
    assert is_within(change, promised) is within
    assert verdict(change, promised, Evidence.BEFORE_AFTER) is Verdict.OPEN


def test_every_strength_and_verdict_has_its_words() -> None:
    assert set(STRENGTH) == set(MEANING) == set(Evidence)
    assert set(VERDICTS) == set(Verdict)
    assert all(WHY.values())
