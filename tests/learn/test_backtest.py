"""What was told of weeks, set beside what came: nothing of the future, nothing of the customer itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from planted import DAY_US, end_us, opinion, planted

from cxcurve.errors import Reason
from cxcurve.learn.backtest import backtest
from cxcurve.learn.forecasts import FRICTION, MOMENTUM, Forecasts, Index, cuts, forecast
from cxcurve.learn.groups import group_of
from cxcurve.metrics.periods import Periods

WEEKS = 80
DRAG, PULL = [1.8, 0.9, 0.5], [0.8, 0.4]


def told(rows: Periods, index: Index = FRICTION) -> Forecasts | None:
    return forecast(rows, opinion(DRAG), opinion(PULL), n_stages=3, as_of_us=end_us(WEEKS), index=index)


@pytest.fixture(scope="module")
def rows() -> Periods:
    return planted(DRAG, PULL, customers=900, weeks=WEEKS, exit_odds=0.004)


@pytest.fixture(scope="module")
def forecasts(rows: Periods) -> Forecasts:
    found = told(rows)
    assert found is not None
    return found


def test_planted_odds_are_told_in_scale_and_mean_what_they_say(forecasts: Forecasts) -> None:
    found = backtest(forecasts, n_stages=3)
    assert found.reason is None
    assert found.slope.low < 1 < found.slope.high
    assert 0.75 < found.observed_expected < 1.25
    assert found.auc.low > 0.6
    assert found.brier_skill > 0
    assert found.auc.value > found.rivals["equal_weights"].value
    firm = [band for band in found.bands if band.n_events >= 30]
    assert len(firm) >= 3
    assert all(band.observed.low <= band.claimed * 1.15 and band.claimed <= band.observed.high * 1.15 for band in firm)


def test_exits_dealt_out_at_random_are_not_predicted(forecasts: Forecasts) -> None:
    values = [backtest(forecasts, n_stages=3, seed=seed).shuffled.value for seed in range(8)]
    assert np.mean(values) == pytest.approx(0.5, abs=0.012)


def test_nothing_after_a_cut_moves_what_was_told_of_its_quarter(rows: Periods, forecasts: Forecasts) -> None:
    """Whoever left after the last cut did not: what was told of the last quarter stays, to the bit."""
    last = cuts(rows, end_us(WEEKS))[-1]
    left_us = rows.ends_us + np.where(np.isfinite(rows.exit_days), rows.exit_days, 0) * DAY_US
    later = np.isfinite(rows.exit_days) & (left_us >= last)
    other = told(replace(rows, exit_days=np.where(later, np.inf, rows.exit_days)))
    assert other is not None
    assert np.array_equal(other.chance, forecasts.chance)
    assert other.happened.sum() < forecasts.happened.sum()


def test_what_a_customer_did_before_does_not_teach_its_own_score(rows: Periods, forecasts: Forecasts) -> None:
    """All of one group have other features before the last cut: the others' scores move, theirs do not."""
    last = cuts(rows, end_us(WEEKS))[-1]
    changed = (group_of(rows.customer) == 0) & (rows.ends_us < last)
    drag = rows.drag.copy()
    drag[changed] = drag[changed][:, ::-1]
    other = told(replace(rows, drag=drag))
    assert other is not None
    mine = (group_of(forecasts.periods.customer) == 0) & (forecasts.fold == len(forecasts.cuts_us) - 1)
    assert np.array_equal(other.chance[mine], forecasts.chance[mine])
    assert not np.allclose(other.chance, forecasts.chance)


def test_every_tested_week_is_tested_once_and_followed(rows: Periods, forecasts: Forecasts) -> None:
    pairs = np.stack([forecasts.periods.customer, forecasts.periods.week])
    assert np.unique(pairs, axis=1).shape == pairs.shape
    assert forecasts.periods.followed_days.min() >= 28
    assert list(forecasts.cuts_us) == sorted(forecasts.cuts_us)


def test_who_left_is_counted_once_with_the_first_mark_before(forecasts: Forecasts) -> None:
    found = backtest(forecasts, n_stages=3).warning
    assert found is not None
    exits = {
        (who, round(at, 3))
        for who, at, ahead in zip(
            forecasts.periods.customer,
            forecasts.periods.week + forecasts.periods.exit_days / 7,
            forecasts.periods.exit_days,
            strict=True,
        )
        if ahead < 90
    }
    assert found.n_left == len(exits)
    assert 0 < found.n_warned <= found.n_left
    assert 0 < found.lead_days.value < 90


def test_too_few_who_left_show_no_number() -> None:
    few = told(planted(DRAG, PULL, customers=60, weeks=WEEKS, exit_odds=0.001))
    found = backtest(few, n_stages=3)
    assert found.reason is Reason.TOO_FEW
    assert (found.auc.value, found.slope.value, found.brier_skill, found.bands) == (None, None, None, ())


def test_a_history_too_short_to_test_on() -> None:
    found = backtest(told(planted(DRAG, PULL, customers=60, weeks=WEEKS).until(end_us(20))), n_stages=3)
    assert found.reason in {Reason.NOT_FOLLOWED, Reason.TOO_FEW}


def test_bands_are_those_of_the_definition() -> None:
    assert FRICTION.bands == (0, 5, 15, 30, 50, 70, 85, 100)


def test_planted_odds_of_moving_on_are_told_in_scale_and_mean_what_they_say() -> None:
    pull = [1.8, 1.0]
    rows = planted(DRAG, pull, customers=900, weeks=WEEKS, exit_odds=0.002, move_odds=0.01, stages=3)
    forecasts = forecast(rows, opinion(DRAG), opinion(pull), n_stages=3, as_of_us=end_us(WEEKS), index=MOMENTUM)
    found = backtest(forecasts, n_stages=3)
    assert found.reason is None
    assert (found.warning, found.precision.value, found.recall.value) == (None, None, None)
    assert found.slope.low < 1 < found.slope.high
    assert found.auc.low > 0.55
    assert found.auc.value >= found.rivals["equal_weights"].value
    firm = [band for band in found.bands if band.n_events >= 30]
    assert (MOMENTUM.bands[MOMENTUM.base], len(found.bands)) == (45.0, len(MOMENTUM.bands) - 2)
    assert len(firm) >= 3
    assert all(band.observed.low <= band.claimed * 1.15 and band.claimed <= band.observed.high * 1.15 for band in firm)
    assert [band.claimed for band in firm] == sorted(band.claimed for band in firm)


def test_moves_are_counted_once_however_many_weeks_lie_before(rows: Periods) -> None:
    forecasts = told(rows, MOMENTUM)
    assert forecasts is not None
    when = np.round(forecasts.periods.week + forecasts.periods.move_days / 7, 3)
    moved = {pair for pair, ahead in zip(zip(forecasts.periods.customer, when, strict=True),
                                         forecasts.periods.move_days, strict=True) if ahead < 28}  # fmt: skip
    assert backtest(forecasts, n_stages=3).n_events == len(moved) > 100
