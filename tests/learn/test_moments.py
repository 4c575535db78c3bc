"""Moments: a planted effect is found, chance is flagged at its rate, and what follows risk is not taken for a cause."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from planted import START_US, WEEK_US

from cxcurve.errors import Reason
from cxcurve.learn.moments import Firsts, Moments, Placebos, begin, false_alarms, moments
from cxcurve.learn.trials import EXIT, PROGRESS, Trials, trials
from cxcurve.metrics.periods import Periods

NEVER_US = 2**62
FRICTION, MOMENTUM = np.array([1.0]), np.array([1.0])


@dataclass(frozen=True)
class Company:
    """Weeks of customers, and the first time of each of some moments."""

    periods: Periods
    firsts: Firsts

    @property
    def trials(self) -> Trials:
        return trials(self.periods, FRICTION, MOMENTUM)

    def found(self, **more: int) -> Moments:
        names = {int(key): f"moment_{key}" for key in np.unique(self.firsts.signal)}
        return moments(self.trials, self.firsts, names, **more)


def company(
    *,
    moments: int = 1,
    effect: float = 0.0,
    follows_risk: float = 0.0,
    exit_odds: float = 0.002,
    customers: int = 900,
    weeks: int = 52,
    seed: int = 1,
) -> Company:
    """Customers whose friction wanders week by week; a doubling of it doubles their odds of leaving.

    Moments come to anybody at 1 % a week, times 2^(follows_risk x friction); each adds `effect` doublings for good.
    """
    rng = np.random.default_rng(seed)
    friction, start = rng.uniform(0, 3.5, customers), rng.integers(0, weeks // 2, customers)
    stage = rng.integers(0, 2, customers)
    leaves, begins = np.full(customers, np.inf), np.full((moments, customers), np.inf)
    rows = []
    for week in range(weeks):
        here = np.flatnonzero((start <= week) & np.isinf(leaves))
        rows.append((here, np.full(len(here), week), friction[here].copy()))
        odds = exit_odds * 2.0 ** (friction[here] + effect * np.isfinite(begins[:, here]).sum(axis=0))
        gone = rng.random(len(here)) < odds / (1 + odds)
        leaves[here[gone]] = week + rng.random(gone.sum())
        comes = rng.random((moments, len(here))) < 0.01 * 2.0 ** (follows_risk * friction[here])
        comes &= np.isinf(begins[:, here]) & np.isinf(leaves[here])
        which, who = np.nonzero(comes)
        begins[which, here[who]] = week + 0.5
        friction = np.abs(friction + rng.normal(0, 0.1, customers))
    who, week, drag = (np.concatenate(parts) for parts in zip(*rows, strict=True))
    n, which_customer = len(who), np.nonzero(np.isfinite(begins))
    periods = Periods(
        customer=who,
        week=week,
        ends_us=START_US + week * WEEK_US,
        stage=stage[who],
        dwell_days=(week - start[who]) * 7.0 + 3,
        exit_days=(leaves[who] - week) * 7.0,
        move_days=np.full(n, np.inf),
        followed_days=(weeks - week) * 7.0,
        drag=drag[:, None].astype(np.float32),
        pull=np.zeros((n, 1), np.float32),
        calm_days=np.zeros(n),
    )
    signal, customer = which_customer
    left = leaves[customer]
    until = np.where(np.isfinite(left), START_US + np.where(np.isfinite(left), left, 0) * WEEK_US, NEVER_US)
    at = START_US + (begins[signal, customer] * WEEK_US).astype(np.int64)
    return Company(periods, Firsts(signal, customer, at, until.astype(np.int64)))


def crude_p(one: Company, key: int) -> float:
    """The p value without matching: all weeks are one stratum."""
    flat = trials(one.periods, FRICTION * 0, MOMENTUM)
    now, passed = begin(flat, one.firsts.of(key))
    return flat.compare(now, ~passed, EXIT).odds_ratio.p_value or 1.0


def test_a_planted_effect_is_found_with_its_sign() -> None:
    worse = company(effect=2.0).found(n_placebos=0).moments[0].effects[EXIT]
    assert worse.is_clear
    assert (worse.found.odds_ratio.low or 0.0) > 1.5
    assert (worse.found.share or 0.0) > 1.3 * (worse.found.expected_share or 1.0)
    better = company(effect=-2.0, exit_odds=0.006).found(n_placebos=0).moments[0].effects[EXIT]
    assert better.is_clear
    assert (better.found.odds_ratio.high or 1.0) < 0.7


def test_random_moments_are_flagged_at_the_nominal_rate() -> None:
    alarms = [company(moments=10, seed=seed, customers=500).found(n_placebos=100).false_alarms for seed in range(6)]
    n = sum(one.n for one in alarms)
    flagged = sum((one.share.value or 0.0) * one.n for one in alarms)
    assert n > 500
    assert 0.025 < flagged / n < 0.075
    assert sum((one.holm_share.value or 0.0) * one.n for one in alarms) <= 0.02 * n


def test_what_follows_risk_is_flagged_by_the_crude_ratio_and_not_at_equal_risk() -> None:
    crude, matched = [], []
    for seed in range(4):
        one = company(moments=12, follows_risk=1.0, seed=seed)
        found = one.found(n_placebos=0)
        matched += [moment.effects[EXIT].found.odds_ratio.p_value for moment in found.moments]
        crude += [crude_p(one, key) for key in range(12)]
    assert np.mean(np.array(crude) < 0.05) > 0.8
    assert np.mean([p is not None and p < 0.05 for p in matched]) < 0.13


def test_the_interval_holds_the_effect_on_those_like_them() -> None:
    """Without an effect the ratio is 1, whatever the moment follows."""
    held = []
    for seed in range(8):
        for moment in company(moments=8, follows_risk=0.7, customers=500, seed=seed).found(n_placebos=0).moments:
            ratio = moment.effects[EXIT].found.odds_ratio
            held += [] if ratio.low is None or ratio.high is None else [ratio.low <= 1 <= ratio.high]
    assert len(held) > 40
    assert np.mean(held) > 0.88


def test_who_has_had_it_is_not_among_the_others_until_a_new_cycle() -> None:
    """Customer 0 has it on the third day of week 2, leaves in week 4 and comes back; customer 1 never has it."""
    leaves = np.array([4.5, 4.5, 4.5, 4.5, 4.5, *[np.inf] * 4, *[np.inf] * 9])
    who, week = np.repeat([0, 1], 9), np.r_[0:5, 6:10, 0:9]
    one = Periods(
        customer=who,
        week=week,
        ends_us=START_US + week * WEEK_US,
        stage=np.zeros(18, np.int64),
        dwell_days=np.full(18, 3.0),
        exit_days=(leaves - week) * 7.0,
        move_days=np.full(18, np.inf),
        followed_days=np.full(18, 365.0),
        drag=np.zeros((18, 1), np.float32),
        pull=np.zeros((18, 1), np.float32),
        calm_days=np.zeros(18),
    )
    at, until = START_US + 10 * WEEK_US // 7, START_US + round(4.5 * WEEK_US)
    firsts = Firsts(*(np.array([value]) for value in (5, 0, at, until)))
    found = trials(one, FRICTION, MOMENTUM)
    now, passed = begin(found, firsts)
    mine = found.customer == 0
    assert list(zip(found.week[mine], now[mine], passed[mine], strict=True)) == [
        (1, False, False), (2, True, True), (3, False, True), (4, False, True),
        (7, False, False), (8, False, False), (9, False, False),
    ]  # fmt: skip
    assert not now[~mine].any()
    assert not passed[~mine].any()


def test_a_week_is_compared_with_those_of_who_has_not_had_it_yet() -> None:
    one = company()
    told, effect = one.trials, one.found(n_placebos=0).moments[0].effects[EXIT].found
    now, passed = begin(told, one.firsts.of(0))
    is_told = told.outcomes[EXIT].is_told
    like_them = np.isin(told.stratum, told.stratum[now & is_told])
    assert effect.n == np.count_nonzero(now & is_told)
    assert effect.n_others == np.count_nonzero(like_them & is_told & ~passed)
    assert effect.n_others < np.count_nonzero(like_them & is_told & ~now)


def test_placebos_come_as_often_in_each_week_and_once_in_a_cycle() -> None:
    told = company(customers=200).trials
    per_week = np.zeros(30, np.int64)
    per_week[[3, 4, 20, 29]] = 7, 2, 5, 1
    now, passed = Placebos(told, np.random.default_rng(1)).draw(per_week)
    assert np.array_equal(np.bincount(told.week[now] - told.week.min(), minlength=30), per_week)
    assert len(np.unique(told.cycle[now])) == 15
    # from then on to the end of the cycle
    began = dict(zip(told.cycle[now], told.week[now], strict=True))
    expected = [week >= began.get(cycle, 999) for cycle, week in zip(told.cycle, told.week, strict=True)]
    assert np.array_equal(passed, expected)


def test_few_customers_have_no_number() -> None:
    few = company(customers=60, exit_odds=0.0005)
    found = few.found(n_placebos=5)
    for effect in (effect for one in found.moments for effect in one.effects.values()):
        assert (effect.found.odds_ratio.value, effect.p_holm) == (None, None)
        assert effect.found.odds_ratio.reason is Reason.TOO_FEW
    assert found.false_alarms.share.value is None


def test_events_of_fewer_than_20_customers_are_counted_alone() -> None:
    one = company(customers=40, weeks=40)
    n = len(np.unique(one.firsts.customer))
    assert 0 < n < 20
    found = one.found()
    assert (found.moments, found.n_rare, found.reason) == ((), 1, Reason.TOO_FEW)


def test_who_is_not_followed_for_90_days_tells_nothing() -> None:
    found = company(weeks=12, exit_odds=0.01).found()
    assert (found.moments, found.reason) == ((), Reason.NOT_FOLLOWED)


def test_nothing_moves_on_here_so_nothing_is_said_of_progress() -> None:
    effects = company(effect=2.0).found(n_placebos=0).moments[0].effects
    assert effects[PROGRESS].found.odds_ratio.reason is Reason.TOO_FEW


def test_holm_is_over_moments_and_outcomes() -> None:
    found = company(moments=5, effect=0.3).found(n_placebos=0)
    told = [effect for one in found.moments for effect in one.effects.values() if effect.p_holm is not None]
    p, p_holm = zip(*((e.found.odds_ratio.p_value or 0.0, e.p_holm or 0.0) for e in told), strict=True)
    assert min(p_holm) == pytest.approx(min(1.0, len(told) * min(p)))


def test_the_same_seed_draws_the_same() -> None:
    one = company(customers=300)
    assert one.found(n_placebos=20) == one.found(n_placebos=20)
    assert one.found(n_placebos=20, seed=2).false_alarms != one.found(n_placebos=20).false_alarms


def test_false_alarms_are_counted_by_hand() -> None:
    p_values = [[0.001, None], [0.04, 0.3], [0.6, 0.02], [None, None]]
    found = false_alarms(p_values, family=2)
    assert (found.n, found.share.value) == (5, pytest.approx(3 / 5))
    # in the first family 0.001 x 3 and 0.04 x 2, in the second 0.02 x 2
    assert found.holm_share.value == pytest.approx(2 / 5)
    assert false_alarms([], family=2).share.reason is Reason.TOO_FEW
