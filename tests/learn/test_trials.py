"""Trials by hand: who is in one, what is known before it, and what counts after."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from planted import DAY_US, START_US, WEEK_US

from cxcurve.learn.trials import EXIT, PROGRESS, Trials, trials
from cxcurve.metrics.periods import Periods, join

ONE = np.array([1.0])
FOLLOWED = 60


def weeks(*rows: tuple[int, int, float, float], friction: float = 0.0, stage: int = 0) -> Periods:
    """From (customer, week, days to the exit, days to moving on)."""
    customer, week, leaves, moves = (np.array(column) for column in zip(*rows, strict=True))
    n = len(rows)
    return Periods(
        customer=customer,
        week=week,
        ends_us=START_US + week * WEEK_US,
        stage=np.full(n, stage),
        dwell_days=np.full(n, 3.0),
        exit_days=leaves.astype(float),
        move_days=moves.astype(float),
        followed_days=(FOLLOWED - week) * 7.0,
        drag=np.full((n, 1), friction, np.float32),
        pull=np.zeros((n, 1), np.float32),
        calm_days=np.zeros(n),
    )


def made(*rows: tuple[int, int, float, float], lag: int = 1) -> Trials:
    return trials(weeks(*rows), ONE, ONE, lag=lag)


def day(week: float) -> np.ndarray:
    return np.array([START_US + round(week * WEEK_US)])


NEVER = float("inf")


def test_a_trial_is_a_week_with_one_before_it() -> None:
    found = made((7, 3, NEVER, NEVER), (7, 4, NEVER, NEVER), (7, 6, NEVER, NEVER), (9, 4, NEVER, NEVER))
    assert found.keys[found.customer].tolist() == [7]
    assert (found.week.tolist(), found.begins_us.tolist()) == ([4], [START_US + 3 * WEEK_US])
    assert found.ends_us.tolist() == [START_US + 4 * WEEK_US]


def test_who_leaves_within_the_week_is_in_no_trial_and_comes_back_in_another_cycle() -> None:
    found = made((1, 0, 9.0, NEVER), (1, 1, 2.0, NEVER), (1, 2, NEVER, NEVER), (1, 3, NEVER, NEVER))
    assert found.week.tolist() == [1, 3]
    assert len(set(found.cycle.tolist())) == 2


def test_who_moves_on_within_the_week_tells_nothing_of_progress() -> None:
    found = made((1, 0, NEVER, 5.0), (1, 1, NEVER, 50.0), (1, 2, NEVER, 43.0))
    assert found.outcomes[PROGRESS].is_told.tolist() == [False, True]
    assert found.outcomes[EXIT].is_told.tolist() == [True, True]


def test_outcomes_count_within_90_days_after_the_week() -> None:
    found = made((1, 0, 96.0, NEVER), (1, 1, 89.9, NEVER), (2, 0, 97.0, 97.0), (2, 1, 90.0, 90.0))
    assert found.outcomes[EXIT].happened.tolist() == [True, False]
    assert found.outcomes[PROGRESS].happened.tolist() == [False, False]


@pytest.mark.parametrize(("week", "is_told"), [(FOLLOWED - 13, True), (FOLLOWED - 12, False)])
def test_a_week_is_told_once_90_days_have_followed_even_for_who_left_before(week: int, is_told: bool) -> None:
    """Thirteen weeks are 91 days. Counting those who left already, and not the others, would find exits alone."""
    found = made((1, week - 1, 27.0, NEVER), (1, week, 20.0, NEVER))
    assert found.outcomes[EXIT].is_told.tolist() == [is_told]


def test_with_a_lag_outcomes_count_later_and_the_risk_is_that_before() -> None:
    found = made(*((1, week, NEVER, NEVER) for week in range(5)), lag=3)
    assert found.week.tolist() == [1, 2]
    assert ((found.onset_us - found.begins_us) // WEEK_US).tolist() == [1, 1]
    assert ((found.ends_us - found.begins_us) // WEEK_US).tolist() == [3, 3]


def test_an_event_falls_in_the_week_that_ends_after_it() -> None:
    found = made(*((4, week, NEVER, NEVER) for week in range(4)))
    key = np.array([4])
    assert found.rows_of(key, day(0.5)).tolist() == [0]
    assert found.rows_of(key, day(1.0)).tolist() == [1]  # at the very end of a week: not known there
    assert found.rows_of(key, day(3.0)).tolist() == []
    assert found.rows_of(key, day(-0.5)).tolist() == []
    assert found.rows_of(key, day(3.5)).tolist() == []
    assert found.rows_of(np.array([5]), day(0.5)).tolist() == []


def test_an_event_between_two_stays_falls_in_no_trial() -> None:
    found = made((4, 0, NEVER, NEVER), (4, 1, NEVER, NEVER), (4, 5, NEVER, NEVER), (4, 6, NEVER, NEVER))
    assert found.rows_of(np.array([4]), day(2.5)).tolist() == []


def test_spans_reach_into_weeks_of_their_own_customer_alone() -> None:
    found = made(*((who, week, NEVER, NEVER) for who in (4, 6) for week in range(5)))
    key, since, until = np.array([4]), day(1.5), day(2.5)
    assert found.overlap(key, since, until).tolist() == [False, True, True, False] + [False] * 4
    assert found.open_at_start(key, since, until).tolist() == [False, False, True, False] + [False] * 4
    assert found.overlap(key, day(2.5), np.array([2**62])).tolist() == [False, False, True, True] + [False] * 4


def test_likeness_is_stage_dwell_and_risk_in_bands() -> None:
    rows = [(1, 0, NEVER, NEVER), (1, 1, NEVER, NEVER)]
    parts = [
        weeks(*rows, friction=0.0), weeks(*rows, friction=0.49), weeks(*rows, friction=0.5),
        weeks(*rows, friction=0.0, stage=1),
    ]  # fmt: skip
    found = trials(replace(join(parts), customer=np.repeat(np.arange(4), 2)), ONE, ONE)
    first, second, third, fourth = found.stratum.tolist()
    assert first == second
    assert len({first, third, fourth}) == 3


def test_risk_is_that_of_the_week_before() -> None:
    before, after = weeks((1, 0, NEVER, NEVER), friction=0.2), weeks((1, 1, NEVER, NEVER), friction=9.0)
    quiet = weeks((2, 0, NEVER, NEVER), (2, 1, NEVER, NEVER), friction=0.2)
    rows = join([before, after, quiet])
    assert len(set(trials(rows, ONE, ONE).stratum.tolist())) == 1


def test_who_has_it_later_is_still_among_the_others() -> None:
    """And who has had it is not: the trial of each week asks for the past alone."""
    found = made(*((who, week, NEVER, NEVER) for who in (1, 2) for week in range(4)))
    passed = found.overlap(np.array([2]), day(1.5), np.array([2**62]))
    assert (~passed).tolist() == [True, True, True, True, False, False]


def test_nobody_makes_no_trials() -> None:
    nobody = weeks((1, 0, NEVER, NEVER)).where(np.zeros(0, np.int64))
    found = trials(nobody, ONE, ONE)
    assert (len(found), found.is_followed) == (0, False)
    assert found.rows_of(np.array([1]), np.array([DAY_US])).tolist() == []
