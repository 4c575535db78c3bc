"""Listed customers set beside what was told of them: which weeks are looked at, the first mark, and who stayed."""

from __future__ import annotations

import numpy as np
import pytest
from planted import START_US, WEEK_US, end_us, opinion, planted

from cxcurve.learn.calibration import Kind, Learned
from cxcurve.learn.forecasts import FRICTION, Forecasts, Scorer, forecast
from cxcurve.learn.groups import N_GROUPS
from cxcurve.learn.hazards import Ending
from cxcurve.learn.lost import look_back
from cxcurve.metrics.periods import Periods
from cxcurve.stats.estimates import nothing

WEEKS, STAGES = 20, 2
DRAG = opinion([1.0, 0.5])


def told(
    marked: dict[int, list[int]], exits: dict[int, int] | None = None, *, without: tuple[int, int] = (0, 0)
) -> Forecasts:
    """Customers 1, 2, ... with twenty weeks each at stage 0, at risk in the weeks named, by the experts' weights."""
    keys = sorted(marked)
    who = np.repeat(keys, WEEKS)
    week = np.tile(np.arange(WEEKS), len(keys))
    kept = ~((who == without[0]) & (week >= without[1])) if without[0] else np.ones(len(who), bool)
    who, week = who[kept], week[kept]
    n, ends = len(who), START_US + week * WEEK_US
    gone = np.array([(exits or {}).get(int(one), 10_000) for one in who])
    ahead = np.where(gone < 10_000, (gone - week) * 7.0, np.inf)
    is_marked = np.array([int(w) in marked[int(one)] for one, w in zip(who, week, strict=True)])
    drag = np.where(is_marked[:, None], np.array([[3.0, 1.0]]), np.array([[0.0, 1.0]])).astype(np.float32)
    periods = Periods(
        customer=who, week=week, ends_us=ends, stage=np.zeros(n, np.int64), dwell_days=week * 7.0, exit_days=ahead,
        move_days=np.full(n, np.inf), followed_days=(WEEKS - week) * 7.0, drag=drag,
        pull=np.zeros((n, 1), np.float32), calm_days=np.zeros(n),
    )  # fmt: skip
    weights = DRAG.weights
    expert = Learned(DRAG, Kind.EXPERT, weights, weights, weights, nothing(), 0)
    scorer = Scorer(
        FRICTION, expert, DRAG, DRAG, np.zeros(STAGES), np.full(STAGES, 0.02), np.array([[0.5, 1.0], [9.0, 9.0]])
    )
    friction = drag @ weights
    return Forecasts(
        index=FRICTION, ending=Ending.exit(periods, np.zeros(1)), fold=np.zeros(n, np.int64), score=friction,
        beyond=friction, chance=np.full(n, 0.02), usual=np.full(n, 0.02), is_at_risk=is_marked, rivals={},
        cuts_us=(START_US,), kinds=(Kind.EXPERT,), scorers=(scorer,) * N_GROUPS,
    )  # fmt: skip


def looked(found: Forecasts, *listed: tuple[int, int]) -> tuple[list[int | None], int, int]:
    """Week of the first mark of (customer, week it was lost), and who stayed."""
    keys, weeks = (np.array(column) for column in zip(*listed, strict=True))
    back = look_back(found, keys, START_US + weeks * WEEK_US)
    marks = [None if one.mark is None else (one.mark.at_us - START_US) // WEEK_US for one in back.verdicts]
    return marks, back.n_stayed, back.n_stayed_marked


def test_only_the_ninety_days_before_count_and_the_first_mark_in_them() -> None:
    found = told({1: [3, 8, 9], 2: [3], 3: [17], 4: []})
    # week 17 less 90 days is between the weeks 4 and 5
    assert looked(found, (1, 17), (2, 17), (3, 16), (4, 17))[0] == [8, None, None, None]
    assert looked(found, (3, 17))[0] == [17], "a week that ends as the day of the loss begins is known by then"


def test_a_mark_says_what_was_told_then() -> None:
    mark = look_back(told({1: [8], 2: []}), np.array([1]), np.array([START_US + 10 * WEEK_US])).verdicts[0].mark
    assert mark is not None
    assert mark.days_before == 14
    assert mark.friction_index == pytest.approx(100 * (1 - 2**-3.5))
    assert (mark.chance, mark.usual) == (None, 0.02), "the experts' weights tell no chance"
    # weight 1.0 x (3 - 0.5) beyond the stage's mean; the other feature is as usual there
    assert [(str(feature), added) for feature, added in mark.reasons] == [("signal_0", 2.5)]


def test_no_exit_of_theirs_need_be_known_and_none_after_the_day_is_used() -> None:
    assert looked(told({1: [8], 2: []}), (1, 10))[0] == looked(told({1: [8], 2: []}, {1: 12}), (1, 10))[0] == [8]


def test_a_customer_without_weeks_has_no_verdict() -> None:
    back = look_back(told({1: [], 2: []}), np.array([77, 1]), START_US + np.array([10, 40]) * WEEK_US)
    assert [one.n_weeks for one in back.verdicts] == [0, 0]
    assert (back.n_stayed, back.n_stayed_marked) == (0, 0)


def test_who_stayed_is_looked_at_in_the_same_weeks_and_once() -> None:
    marked = {1: [9], 2: [9], 3: [15], 4: [9], 5: [], 6: [9], 7: [11]}
    found = told(marked, {4: 15}, without=(6, 10))
    # 1 is listed, 4 left, and 6 is not there in all of the same weeks: 0 to 12
    assert looked(found, (1, 12)) == ([9], 4, 2), "of 2, 3, 5 and 7: 2 and 7 were marked in the weeks before week 12"
    assert looked(found, (1, 12), (1, 13))[1:] == (4, 2), "nobody counts twice"


def test_stayers_are_compared_in_windows_as_many_as_there_are_lines() -> None:
    """Half the list was lost early and half late; stayers marked late alone are marked in about half their windows."""
    n = 400
    found = told({key: ([18] if key > 4 else []) for key in range(1, n + 5)})
    _, n_stayed, n_marked = looked(found, (1, 14), (2, 14), (3, 19), (4, 19))
    assert n_stayed == n
    assert 0.4 < n_marked / n_stayed < 0.6


DRAG_OF, PULL_OF = [1.8, 0.9], [0.8]


def test_also_the_last_weeks_are_scored_and_those_before_stay_as_they_were() -> None:
    rows = planted(DRAG_OF, PULL_OF, customers=300, weeks=60, exit_odds=0.004)
    told_of = [
        forecast(rows, opinion(DRAG_OF), opinion(PULL_OF), n_stages=3, as_of_us=end_us(60), until_now=now)
        for now in (False, True)
    ]
    until, now = told_of
    assert until is not None
    assert now is not None
    assert now.periods.followed_days.min() < 28 <= until.periods.followed_days.min()
    old, new = (
        dict(zip(zip(one.periods.customer, one.periods.week, strict=True), one.chance, strict=True))
        for one in (until, now)
    )
    assert old.items() <= new.items()


def test_guests_are_scored_and_teach_nobody() -> None:
    rows = planted(DRAG_OF, PULL_OF, customers=300, weeks=60, exit_odds=0.004)
    guests = list(range(250, 300))
    told_of = [
        forecast(one, opinion(DRAG_OF), opinion(PULL_OF), n_stages=3, as_of_us=end_us(60), guests=guests)
        for one in (rows, rows.where(rows.customer < 250))
    ]
    whole, part = told_of
    assert whole is not None
    assert part is not None
    mine = [one.periods.customer < 250 for one in told_of if one]
    assert whole.chance[mine[0]] == pytest.approx(part.chance[mine[1]], rel=1e-9)
    assert np.isin(guests, whole.periods.customer).any()
