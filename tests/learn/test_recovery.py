"""Recovery: who is in which group by hand, and a planted difference between issues handled well and badly."""

from __future__ import annotations

import numpy as np
from planted import START_US, WEEK_US

from cxcurve.errors import Reason
from cxcurve.learn.recovery import BADLY, WELL, Issues, recovery
from cxcurve.learn.trials import EXIT, trials
from cxcurve.metrics.periods import Periods

NEVER_US = 2**62
ONE = np.array([1.0])
LAG = 3


def issues(*rows: tuple[int, float, float | None, bool]) -> Issues:
    """From (customer, opened, ended, well), times in weeks."""
    customer, opened, ended, is_well = zip(*rows, strict=True) if rows else ((), (), (), ())
    at = [START_US + round(week * WEEK_US) for week in opened]
    until = [NEVER_US if week is None else START_US + round(week * WEEK_US) for week in ended]
    return Issues(np.array(customer, np.int64), np.array(at, np.int64), np.array(until), np.array(is_well, bool))


def weeks(exits: np.ndarray, n_weeks: int = 40) -> Periods:
    """All customers from week 0 until they leave, at one stage and without friction; `exits` in weeks."""
    week, who = (grid.ravel() for grid in np.meshgrid(np.arange(n_weeks), np.arange(len(exits))))
    inside = week <= exits[who]
    week, who = week[inside], who[inside]
    n = len(week)
    return Periods(
        customer=who,
        week=week,
        ends_us=START_US + week * WEEK_US,
        stage=np.zeros(n, np.int64),
        dwell_days=np.full(n, 3.0),
        exit_days=(exits[who] - week) * 7.0,
        move_days=np.full(n, np.inf),
        followed_days=(n_weeks - week) * 7.0,
        drag=np.zeros((n, 1), np.float32),
        pull=np.zeros((n, 1), np.float32),
        calm_days=np.zeros(n),
    )


def groups(*rows: tuple[int, float, float | None, bool], customers: int = 6) -> tuple[int, int, int]:
    """Weeks of the well, the badly and of none among four weeks each of some customers, none followed for 90 days."""
    nobody_leaves = np.full(customers, np.inf)
    told = trials(weeks(nobody_leaves, 20), ONE, ONE, lag=LAG)
    found = recovery(told, issues(*rows))
    well, badly = (found.effects[name][EXIT] for name in (WELL, BADLY))
    return well.n, badly.n, well.n_others


def test_an_issue_counts_once_it_could_be_judged_and_takes_its_weeks_from_none() -> None:
    # Weeks 1 to 5 begin trials that end three weeks later and were followed for 13 weeks: 20 - 3 - 13 + 1 a customer.
    all_free = groups((99, 2.5, 2.6, True))
    assert all_free == (0, 0, 0)  # nobody well or badly, so nobody to compare with
    well, badly, none = groups((0, 2.5, 2.6, True))
    assert (well, badly) == (1, 0)
    # of the five weeks of customer 0 those that begin at 0, 1 and 2 reach into the issue
    assert none == 5 * 5 + 2


def test_the_worst_of_a_week_counts_and_who_has_one_open_is_in_no_group() -> None:
    assert groups((0, 2.2, 2.3, True), (0, 2.5, 2.6, False))[:2] == (0, 1)
    assert groups((0, 1.5, 3.9, False), (0, 3.5, 3.6, True))[:2] == (0, 1)
    assert groups((0, 1.5, 3.9, False), (0, 3.5, 3.6, False))[:2] == (0, 1)
    assert groups((0, 1.5, 2.9, False), (0, 3.5, 3.6, True))[:2] == (1, 1)


def test_a_planted_difference_is_found() -> None:
    """Issues handled badly make one in two leave within 90 days, those handled well as few as none do."""
    rng = np.random.default_rng(3)
    n = 1200
    exits = rng.exponential(120, n)
    has_issue, is_well = rng.random(n) < 0.5, rng.random(n) < 0.6
    opened = rng.uniform(1, 5, n)
    upset = has_issue & ~is_well & (rng.random(n) < 0.5)
    exits[upset] = opened[upset] + rng.uniform(3.5, 12, upset.sum())
    rows = [(int(who), opened[who], opened[who] + 0.1, bool(is_well[who])) for who in np.flatnonzero(has_issue)]
    found = recovery(trials(weeks(exits), ONE, ONE, lag=LAG), issues(*rows))
    well, badly = (found.effects[name][EXIT] for name in (WELL, BADLY))
    assert (found.n_issues, found.n_well, found.reason) == (len(rows), int((has_issue & is_well).sum()), None)
    assert (badly.odds_ratio.low or 0.0) > 3
    assert (well.odds_ratio.low or 9.0) < 1 < (well.odds_ratio.high or 0.0)


def test_no_issues_and_too_little_time_have_a_reason() -> None:
    nobody_leaves = np.full(30, np.inf)
    told = trials(weeks(nobody_leaves), ONE, ONE, lag=LAG)
    assert recovery(told, issues()).reason is Reason.NO_EVENTS
    short = trials(weeks(nobody_leaves, 12), ONE, ONE, lag=LAG)
    assert recovery(short, issues((0, 2.5, 2.6, True))).reason is Reason.NOT_FOLLOWED
    few = recovery(told, issues((0, 2.5, 2.6, True))).effects[WELL][EXIT].odds_ratio
    assert (few.value, few.reason) == (None, Reason.TOO_FEW)
