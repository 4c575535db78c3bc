"""Learning from a run: a calibration, and a backtest, of what its log knows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cxcurve.learn.backtest import Backtest, backtest
from cxcurve.learn.calibration import Calibration, Opinion, calibrate
from cxcurve.learn.forecasts import FRICTION, MOMENTUM, Forecasts, Index, forecast
from cxcurve.learn.half_lives import GRID, HalfLives, choose
from cxcurve.learn.half_lives import MOST_CUSTOMERS as MOST_FOR_HALF_LIVES
from cxcurve.learn.lost import LookBack, look_back
from cxcurve.metrics.periods import Periods
from cxcurve.metrics.weights import Weights
from cxcurve.pipeline.own_score import OwnScore
from cxcurve.pipeline.periods import MOST_CUSTOMERS, periods_by_half_lives, read_periods, read_periods_with
from cxcurve.pipeline.run import Run
from cxcurve.pipeline.sums import Progress


def opinions(run: Run) -> tuple[Opinion, Opinion]:
    """What the tracking plan says of friction and of momentum."""
    expert = Weights(run.plan)
    friction, momentum = (Opinion(expert.features(measure), expert.of_features(measure)) for measure in (0, 1))
    return friction, momentum


def learn_weights(run: Run, progress: Progress | None = None) -> tuple[Calibration, HalfLives]:
    """Calibrate on what is known at the run's as_of, with the half-lives that tell most; its tables must be scored."""
    drag, pull = opinions(run)
    n_stages = len(run.journey.stages)
    by_factor = periods_by_half_lives(run, GRID, most=MOST_FOR_HALF_LIVES, progress=progress)
    half_lives = choose(by_factor, drag, pull, n_stages=n_stages, as_of_us=run.as_of_us)
    factor = half_lives.factor
    periods = periods_by_half_lives(run, [factor], most=MOST_CUSTOMERS, progress=progress)[factor]
    return calibrate(periods, drag, pull, n_stages=n_stages, as_of_us=run.as_of_us), half_lives


def check_scores(run: Run, own: OwnScore | None = None, progress: Progress | None = None) -> tuple[Backtest, Backtest]:
    """Backtests of friction and of momentum on everything known at the run's as_of; its tables must be scored.

    Args:
        run: what is known.
        own: the user's own score, which runs beside friction.
        progress: told how far it is.
    """
    periods, n_stages = read_periods(run, progress=progress), len(run.journey.stages)
    told = forecasts_of(run, FRICTION, periods, progress)
    values = None if told is None or own is None else own.risk_at(told.periods.customer, told.periods.ends_us)
    friction = backtest(told, n_stages=n_stages, own=values)
    del told, values  # the rows of both would not fit into the memory that one takes
    return friction, backtest(forecasts_of(run, MOMENTUM, periods, progress), n_stages=n_stages)


def forecasts_of(run: Run, index: Index, periods: Periods, progress: Progress | None = None) -> Forecasts | None:
    """The rows that a backtest rests on; None without half a year to learn from and a quarter to test on."""

    def say(done: int, total: int) -> None:
        if progress:
            progress(f"forecasts of {index.name}", done, total)

    drag, pull = opinions(run)
    return forecast(periods, drag, pull, n_stages=len(run.journey.stages), as_of_us=run.as_of_us, index=index, say=say)


def check_losses(
    run: Run, customer: NDArray[np.int64], lost_us: NDArray[np.int64], progress: Progress | None = None
) -> tuple[LookBack | None, int | None]:
    """What was told of customers that their company lists as lost; its tables must be scored.

    Args:
        run: what is known.
        customer: (n,) customer_key.
        lost_us: (n,) when each was lost.
        progress: told how far it is.

    Returns:
        What was told, and since when anything was; None without half a year to learn from and a quarter to test on.
    """
    periods, guests = read_periods_with(run, customer.tolist(), progress=progress)
    drag, pull = opinions(run)

    def say(done: int, total: int) -> None:
        if progress:
            progress("forecasts", done, total)

    told = forecast(
        periods, drag, pull, n_stages=len(run.journey.stages), as_of_us=run.as_of_us, until_now=True, guests=guests,
        say=say,
    )  # fmt: skip
    return (None, None) if told is None else (look_back(told, customer, lost_us), told.cuts_us[0])
