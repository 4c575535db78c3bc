"""What is usual on a weekday: few alarms where nothing changed, alarms where something did."""

import numpy as np
import pytest

from cxcurve.errors import BadValueError
from cxcurve.stats.multiplicity import holm
from cxcurve.stats.usual_range import WINDOW, silence_p, usual_range

WEEKDAYS = np.array([1.0, 1.1, 1.05, 1.0, 0.9, 0.3, 0.25])


def test_the_range_is_that_of_the_weekday():
    history = np.tile([100, 400, 400, 400, 400, 400, 400], 8)[None, :]  # the weekday of today has 100
    usual = usual_range(history, np.array([100]))
    assert (usual.middle[0], usual.p_value[0]) == (100, 1)
    assert 60 < usual.low[0] < 85
    assert 115 < usual.high[0] < 140
    assert usual_range(history, np.array([10])).p_value[0] < 1e-6
    assert usual_range(history, np.array([900])).p_value[0] < 1e-6


def test_what_the_weeks_before_have_shown_is_no_alarm():
    """A bill run on the first of the month: nothing on most days, and three hundred on some."""
    history = np.zeros((1, WINDOW), dtype=np.int64)
    history[0, 20] = 300
    assert usual_range(history, np.array([290])).p_value[0] == 1
    assert usual_range(history, np.array([3000])).p_value[0] < 0.05


def test_one_bad_day_before_hides_nothing():
    history = np.full((1, WINDOW), 100)
    history[0, 7] = 100_000
    assert usual_range(history, np.array([200])).p_value[0] == 1, "another weekday has shown more"
    assert usual_range(history, np.array([10])).p_value[0] < 1e-6
    history[0, 7] = 0
    assert usual_range(history, np.array([200])).p_value[0] < 1e-6


def test_counts_that_bunch_have_a_wider_range():
    draws = np.random.default_rng(1)
    chance = draws.poisson(400, (1, WINDOW))
    bunched = draws.poisson(400 * draws.gamma(6, 1 / 6, (1, WINDOW)))
    widths = [float((u.high - u.low)[0]) for u in (usual_range(h, np.array([400])) for h in (chance, bunched))]
    assert widths[1] > 3 * widths[0]


@pytest.mark.parametrize("day_to_day", [0.0, 0.15, 0.4])
def test_without_a_change_few_days_alarm(day_to_day):
    """Thirty events, rare to frequent, half of them less at weekends: at most 5 % of 300 days alarm, give or take."""
    draws = np.random.default_rng(7)
    n_alarms = n_days = 0
    for _ in range(6):
        rate = np.exp(draws.uniform(np.log(0.05), np.log(2000), 30))
        mean = rate[:, None] * np.where(np.arange(30)[:, None] % 2, WEEKDAYS[np.arange(WINDOW + 50) % 7], 1.0)
        if day_to_day:
            mean = mean * draws.gamma(day_to_day**-2, day_to_day**2, mean.shape)
        counts = draws.poisson(mean)
        for day in range(WINDOW, WINDOW + 50):
            p = usual_range(counts[:, day - WINDOW : day], counts[:, day]).p_value
            n_alarms, n_days = n_alarms + (holm(p).min() < 0.05), n_days + 1
    assert n_alarms / n_days <= 0.05


@pytest.mark.parametrize(("times", "rate"), [(0.0, 40), (0.5, 400), (2.0, 200), (3.0, 60)])
def test_a_change_is_found_among_thirty_events(times, rate):
    draws = np.random.default_rng(3)
    found = 0
    for _ in range(40):
        counts = draws.poisson(rate, (30, WINDOW + 1))
        counts[0, -1] = draws.poisson(rate * times)
        found += holm(usual_range(counts[:, :-1], counts[:, -1]).p_value)[0] < 0.05
    assert found >= 36


def test_a_pause_is_held_against_the_pauses_before():
    daily = np.full((1, WINDOW), 3)
    assert silence_p(daily, np.array([1]))[0] == pytest.approx(np.exp(-3))
    assert silence_p(daily, np.array([4]))[0] == pytest.approx(np.exp(-12))
    weekly = np.tile([20, 0, 0, 0, 0, 0, 0], 8)[None, :]
    assert silence_p(weekly, np.array([6]))[0] == 1
    assert silence_p(weekly, np.array([13]))[0] < 0.05


def test_other_shapes_are_refused():
    with pytest.raises(BadValueError, match=r"history has shape \(1, 7\); expected \(1, 56\)"):
        usual_range(np.zeros((1, 7), dtype=np.int64), np.zeros(1, dtype=np.int64))
