"""Learning from a run: a calibration, and a backtest, of what its log knows."""

from __future__ import annotations

from cxcurve.learn.backtest import Backtest, backtest
from cxcurve.learn.calibration import Calibration, Opinion, calibrate
from cxcurve.learn.forecasts import forecast
from cxcurve.metrics.weights import Weights
from cxcurve.pipeline.periods import read_periods
from cxcurve.pipeline.run import Run
from cxcurve.pipeline.sums import Progress


def opinions(run: Run) -> tuple[Opinion, Opinion]:
    """What the tracking plan says of friction and of momentum."""
    expert = Weights(run.plan)
    friction, momentum = (Opinion(expert.features(measure), expert.of_features(measure)) for measure in (0, 1))
    return friction, momentum


def learn_weights(run: Run, progress: Progress | None = None) -> Calibration:
    """Calibrate on everything known at the run's as_of; its tables must be scored."""
    periods = read_periods(run, progress=progress)
    drag, pull = opinions(run)
    return calibrate(periods, drag, pull, n_stages=len(run.journey.stages), as_of_us=run.as_of_us)


def check_scores(run: Run, progress: Progress | None = None) -> Backtest:
    """Backtest on everything known at the run's as_of; its tables must be scored."""
    periods = read_periods(run, progress=progress)
    drag, pull = opinions(run)
    n_stages = len(run.journey.stages)

    def say(done: int, total: int) -> None:
        if progress:
            progress("forecasts", done, total)

    told = forecast(periods, drag, pull, n_stages=n_stages, as_of_us=run.as_of_us, say=say)
    return backtest(told, n_stages=n_stages)
