"""Chances to leave with and without a friction, against planted truth and references that take their time."""

from __future__ import annotations

import math
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxcurve.errors import Reason
from cxcurve.metrics.exit_chances import (
    CLEAR_DAYS,
    FELT_DAYS,
    Chances,
    Spans,
    added,
    at_risk,
    chances,
    excess,
    felt,
    sampled,
)
from cxcurve.metrics.periods import Periods
from cxcurve.stats.estimates import Estimate
from cxcurve.stats.strata import Stratified
from cxcurve.tables import US_PER_DAY

SIGNAL = 7
WEEK_END_US = 10_000 * US_PER_DAY
NEVER = np.inf


def periods(stage, drag, left, *, customer=None, week=None) -> Periods:
    n = len(stage)
    week = np.zeros(n, np.int64) if week is None else np.asarray(week)
    return Periods(
        customer=np.arange(n) if customer is None else np.asarray(customer),
        week=week,
        ends_us=WEEK_END_US + week * 7 * US_PER_DAY,
        stage=np.asarray(stage, np.int64),
        dwell_days=np.full(n, 20.0),
        exit_days=np.where(left, 30.0, NEVER),
        move_days=np.full(n, NEVER),
        followed_days=np.full(n, 120.0),
        drag=np.asarray(drag, np.float32),
        pull=np.zeros((n, 1), np.float32),
        calm_days=np.zeros(n),
    )


def spans_of(customer) -> Spans:
    """It met these customers ten days before the week's end, and was over at once."""
    at = np.full(len(customer), WEEK_END_US - 10 * US_PER_DAY)
    return Spans(np.asarray(customer), at, at)


class World:
    """Customers of three stages whom a friction meets; it meets most those who are at risk for other reasons."""

    def __init__(self, seed: int, odds_ratio: float, n: int = 2_500) -> None:
        rng = np.random.default_rng(seed)
        self.stage = rng.integers(0, 3, n)
        other = rng.integers(0, 3, n)  # doublings of friction from elsewhere
        self.felt = rng.random(n) < np.array([0.05, 0.2, 0.45])[other]
        base = np.array([-2.2, -2.6, -3.0])[self.stage] + math.log(2) * other
        self.chance = 1 / (1 + np.exp(-(base + math.log(odds_ratio) * self.felt)))
        left = rng.random(n) < self.chance
        self.revenue = rng.lognormal(9, 0.8, n)
        weight = math.log2(odds_ratio) if odds_ratio > 1 else 0.3
        self.periods = periods(self.stage, np.stack([self.felt, other], axis=1), left)
        self.found = chances(
            self.periods, np.array([weight, 1.0]), np.array([0.0]), {SIGNAL: spans_of(np.flatnonzero(self.felt))},
            {SIGNAL: [0]}, n_stages=3,
        )  # fmt: skip
        friction = self.periods.drag @ np.array([weight, 1.0])
        self.told = self.found.of(self.stage, friction, np.zeros(n), self.periods.dwell_days)

    def risk(self) -> Estimate:
        parts = at_risk(self.told, self.revenue, {SIGNAL: self.felt}, self.found.effects)
        return added(parts[SIGNAL], self.found.n_exits[self.stage].astype(float), self.felt)

    def true_risk(self, odds_ratio: float) -> float:
        return float((excess(self.chance, odds_ratio) * self.revenue)[self.felt].sum())


@pytest.mark.parametrize("odds_ratio", [1.0, 2.0, 4.0])
def test_the_planted_risk_is_in_the_interval_as_often_as_it_says(odds_ratio: float) -> None:
    runs, held, ratios = 60, 0, []
    for seed in range(runs):
        world = World(seed, odds_ratio)
        risk, true = world.risk(), world.true_risk(odds_ratio)
        held += (risk.low or 0.0) <= true <= (risk.high or 0.0)
        ratios.append(math.log(world.found.effects[SIGNAL].odds_ratio.value or math.nan))
    assert held >= 0.88 * runs  # of 95 %; two standard errors below
    assert np.mean(ratios) == pytest.approx(math.log(odds_ratio), abs=0.1)


def test_who_is_compared_at_large_finds_what_is_not_there() -> None:
    """The friction meets those at risk anyway: without matching it would seem to cost."""
    crude = []
    for seed in range(20):
        world = World(seed, 1.0)
        left = np.isfinite(world.periods.exit_days)
        crude.append(left[world.felt].mean() / left[~world.felt].mean())
    assert np.mean(crude) > 1.4


def test_the_odds_are_those_of_mantel_and_haenszel_row_by_row() -> None:
    world = World(3, 2.0, n=800)
    left = np.isfinite(world.periods.exit_days)
    tables: dict[tuple[int, int], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for i in range(800):
        cell = (0 if world.felt[i] else 2) + (0 if left[i] else 1)
        tables[int(world.stage[i]), int(world.periods.drag[i, 1])][cell] += 1
    up = sum(a * d / (a + b + c + d) for a, b, c, d in tables.values())
    down = sum(b * c / (a + b + c + d) for a, b, c, d in tables.values())
    assert world.found.effects[SIGNAL].odds_ratio.value == pytest.approx(up / down)


DAYS = st.integers(0, 400)


@given(
    st.lists(st.tuples(st.integers(0, 4), DAYS, st.integers(0, 60)), max_size=12),
    st.lists(st.tuples(st.integers(0, 4), DAYS), min_size=1, max_size=20),
)
def test_felt_is_told_as_one_by_one(spans: list[tuple[int, int, int]], rows: list[tuple[int, int]]) -> None:
    rows = sorted(rows)
    who, at = (np.array(one, np.int64) for one in zip(*rows, strict=True))
    told = Spans(*(np.array([one[i] for one in spans], np.int64) for i in range(3)))
    told = Spans(told.customer, told.since_us * US_PER_DAY, (told.since_us + told.until_us) * US_PER_DAY)
    for days in (FELT_DAYS, CLEAR_DAYS):
        slow = [any(c == w and since < t <= since + lasts + days for c, since, lasts in spans) for w, t in rows]
        assert felt(who, at * US_PER_DAY, told, days).tolist() == slow


def test_what_is_still_open_is_felt_however_long_ago_it_began() -> None:
    open_ = Spans(np.array([1]), np.array([US_PER_DAY]), np.array([2**62]))
    assert felt(np.array([1, 2]), np.array([900, 900]) * US_PER_DAY, open_, FELT_DAYS).tolist() == [True, False]


def effect(ratio: float) -> Stratified:
    return Stratified(100, 100, 100, 0.5, 0.4, Estimate(ratio, ratio / 1.5, ratio * 1.5, 100))


CHANCES = st.lists(st.floats(0.001, 0.95), min_size=1, max_size=20)


@given(CHANCES, st.lists(st.floats(0.3, 30), min_size=1, max_size=6), st.integers(0, 2**16))
def test_parts_add_up_to_no_more_than_the_chance(chance: list[float], ratios: list[float], seed: int) -> None:
    rng, p = np.random.default_rng(seed), np.array(chance)
    who = {i: rng.random(len(p)) < 0.6 for i in range(len(ratios))}
    parts = at_risk(p, np.ones(len(p)), who, {i: effect(ratio) for i, ratio in enumerate(ratios)})
    positive = sum(np.maximum(value, 0) for value, _, _ in parts.values())
    assert (positive <= p + 1e-12).all()
    for i, (value, low, high) in parts.items():
        assert (low <= value + 1e-12).all()
        assert (value <= high + 1e-12).all()
        assert (value[~who[i]] == 0).all()


@given(CHANCES, st.floats(0.01, 1000))
def test_risk_scales_with_revenue(chance: list[float], times: float) -> None:
    p, who = np.array(chance), {0: np.ones(len(chance), bool)}
    one, other = (at_risk(p, np.full(len(p), money), who, {0: effect(3.0)})[0] for money in (10.0, 10.0 * times))
    assert np.stack(one) * times == pytest.approx(np.stack(other))
    behind = np.full(len(p), 40.0)
    first, second = added(one, behind, who[0]), added(other, behind, who[0])
    assert (first.low or 0) * times == pytest.approx(second.low)


def test_without_a_friction_or_an_effect_nothing_is_at_risk() -> None:
    p, nobody = np.array([0.2, 0.4]), np.zeros(2, bool)
    value, low, high = at_risk(p, np.full(2, 100.0), {0: nobody}, {0: effect(3.0)})[0]
    assert value.sum() == low.sum() == high.sum() == 0
    value, _, _ = at_risk(p, np.full(2, 100.0), {0: ~nobody}, {0: effect(1.0)})[0]
    assert value.sum() == pytest.approx(0)
    untold = Stratified(3, 0, 0, None, None, Estimate(None, reason=Reason.TOO_FEW))
    assert at_risk(p, np.ones(2), {0: ~nobody}, {0: untold}) == {}


def test_a_single_friction_takes_what_its_odds_say() -> None:
    """Odds of 1 to 1 at a ratio of 3 were 1 to 3 without: half less a quarter."""
    parts = at_risk(np.array([0.5]), np.array([1000.0]), {0: np.array([True])}, {0: effect(3.0)})
    assert parts[0][0].tolist() == pytest.approx([250.0])


def test_too_few_exits_say_so() -> None:
    left = np.arange(100) < 24
    found = chances(
        periods(np.zeros(100), np.zeros((100, 1)), left), np.ones(1), np.zeros(1), {SIGNAL: spans_of(np.arange(50))},
        {SIGNAL: [0]}, n_stages=1,
    )  # fmt: skip
    assert (found.reason, found.effects) == (Reason.TOO_FEW, {})
    assert np.isnan(found.of(np.zeros(2, np.int64), np.zeros(2), np.zeros(2), np.ones(2))).all()


def test_nobody_followed_says_so() -> None:
    rows = periods(np.zeros(0), np.zeros((0, 1)), np.zeros(0, bool))
    assert chances(rows, np.ones(1), np.zeros(1), {}, {}, n_stages=2).reason == Reason.NOT_FOLLOWED


def test_a_friction_of_few_customers_has_no_odds() -> None:
    world = World(1, 2.0)
    few = chances(
        world.periods,
        np.array([1.0, 1.0]),
        np.array([0.0]),
        {SIGNAL: spans_of(np.arange(19))},
        {SIGNAL: [0]},
        n_stages=3,
    )
    assert few.effects[SIGNAL].odds_ratio.value is None
    assert few.effects[SIGNAL].odds_ratio.reason == Reason.TOO_FEW


def test_every_second_week_followed_for_the_horizon_is_looked_at() -> None:
    rows = periods(np.zeros(6), np.zeros((6, 1)), np.zeros(6, bool), customer=[1] * 6, week=[5, 4, 3, 2, 1, 0])
    assert sampled(rows).week.tolist() == [1, 3, 5]


def test_the_order_of_rows_plays_no_part() -> None:
    world = World(5, 2.0, n=900)
    order = np.random.default_rng(0).permutation(900)
    again: Chances = chances(
        world.periods.where(order), np.array([1.0, 1.0]), np.array([0.0]),
        {SIGNAL: spans_of(np.flatnonzero(world.felt)[::-1])}, {SIGNAL: [0]}, n_stages=3,
    )  # fmt: skip
    assert again.effects[SIGNAL] == world.found.effects[SIGNAL]
