"""The backtest for people and programs: how right the scores were, in words an executive understands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cxcurve.charts.format import days, plural, share, words
from cxcurve.learn.backtest import FEWEST_EXITS, Backtest, Band
from cxcurve.learn.hazards import HORIZON_DAYS
from cxcurve.stats.estimates import Estimate
from cxcurve.workspace.results import at, html_table, plain


@dataclass(frozen=True)
class BacktestResult:
    """How right friction and momentum were by as_of; `own_score` names the user's own that ran beside friction."""

    as_of_us: int
    friction: Backtest
    momentum: Backtest
    own_score: str | None = None

    @property
    def words(self) -> tuple[str, ...]:
        """What it says of friction, a sentence each; nothing but the reason where too few left."""
        found = self.friction
        if found.reason is not None:
            return (_too_few(found, f"Only {plural(found.n_events, 'customer')} left"),)
        said = (_warning(found), _precision(found), _ranking(found), _rivals(found), _own(found, self.own_score))
        return tuple(one for one in said if one)

    @property
    def momentum_words(self) -> tuple[str, ...]:
        """The same of momentum."""
        found = self.momentum
        if found.reason is not None:
            return (_too_few(found, f"Customers moved on only {plural(found.n_events, 'time')}"),)
        said = (_ranking(found, "moved on", "Momentum Score"), _rivals(found))
        return tuple(one for one in said if one)

    def to_json(self) -> dict[str, Any]:
        """As interfaces.md, `backtest`."""
        found = self.friction
        return {
            "as_of": at(self.as_of_us),
            "horizon_days": HORIZON_DAYS,
            **_json(found, "n_exits"),
            "lead_days": plain(found.warning.lead_days.value) if found.warning else None,
            "n_left": found.warning.n_left if found.warning else None,
            "n_warned": found.warning.n_warned if found.warning else None,
            "own_score": _own_json(found, self.own_score),
            "precision": plain(found.precision.value),
            "recall": plain(found.recall.value),
            "words": list(self.words),
            "momentum": {**_json(self.momentum, "n_moves"), "words": list(self.momentum_words)},
        }

    def _repr_html_(self) -> str:
        said = (*self.words, *self.momentum_words)
        return html_table("How right are the scores?", ("what was found",), [(word,) for word in said])


def _json(found: Backtest, counted: str) -> dict[str, Any]:
    """What is told of both indexes; `counted` is the name of how often it happened."""
    return {
        "n": found.n,
        "n_customers": found.n_customers,
        counted: found.n_events,
        "folds": [
            {
                "from": at(fold.from_us),
                "n": fold.n,
                counted: fold.n_events,
                "auc_within_stage": plain(fold.auc.value),
                "weights": fold.weights,
            }
            for fold in found.folds
        ],
        "auc_within_stage": plain(found.auc.value),
        "auc_low": plain(found.auc.low),
        "auc_high": plain(found.auc.high),
        "brier_skill": plain(found.brier_skill),
        "slope": plain(found.slope.value),
        "slope_low": plain(found.slope.low),
        "slope_high": plain(found.slope.high),
        "observed_expected": plain(found.observed_expected),
        "bands": [_band(band, counted) for band in found.bands],
        "baselines": {
            **{name: plain(rival.value) for name, rival in found.rivals.items()},
            "stage_alone": plain(found.stage_alone.value),
        },
        "baseline_intervals": {name: [plain(one.low), plain(one.high)] for name, one in found.rivals.items()},
        "shuffled_auc": plain(found.shuffled.value),
        "reason": found.reason,
    }


def _band(band: Band, counted: str) -> dict[str, Any]:
    return {
        "from": band.start,
        "to": band.end,
        "n": band.n,
        counted: band.n_events,
        "claimed_odds_ratio": plain(band.claimed),
        "observed_odds_ratio": plain(band.observed.value),
        "low": plain(band.observed.low),
        "high": plain(band.observed.high),
        "reason": band.observed.reason,
    }


def _too_few(found: Backtest, happened: str) -> str:
    if found.n == 0:
        return "Not followed long enough: half a year to learn from and a quarter to test on are needed."
    return f"{happened} in the tested weeks; at least {FEWEST_EXITS} are needed to say how right the scores were."


def _warning(found: Backtest) -> str | None:
    warning = found.warning
    if warning is None or not warning.n_left:
        return None
    left = plural(warning.n_left, "customer")
    said = f"Of {left} who left, {warning.n_warned} had been marked at risk in the 90 days before"
    if warning.lead_days.value is None:
        return f"{said}."
    return f"{said}, {days(warning.lead_days.value)} ahead at the median."


def _precision(found: Backtest) -> str | None:
    if found.precision.value is None:
        return "No week was marked at risk."
    return (
        f"Of 100 weeks marked at risk, {_of_100(found.precision)} were followed by an exit within 28 days; "
        f"of the weeks within 28 days of an exit, {share(found.recall.value)} were marked."
    )


def _ranking(found: Backtest, happened: str = "left", score: str = "score") -> str | None:
    if found.auc.value is None:
        return None
    return (
        f"Of two customers at the same stage, the one who {happened} had the higher {score} in "
        f"{_of_100(found.auc)} of 100 cases; 50 is a coin."
    )


def _rivals(found: Backtest) -> str | None:
    told = {
        "equal_weights": "equal weights",
        "expert_weights": "the expert's weights",
        "recency": "days since the last sign",
    }
    known = [
        f"{label} {_of_100(found.rivals[name])}" for name, label in told.items() if found.rivals[name].value is not None
    ]
    return f"Beside it, on the same weeks: {', '.join(known)}." if known else None


def _own(found: Backtest, column: str | None) -> str | None:
    if found.own is None or column is None:
        return None
    theirs, ours = found.own
    if theirs.value is None:
        return f"Your own {words(column)}: too few left while it was known to say how right it is."
    return (
        f"Your own {words(column)} has it right in {_of_100(theirs)} of 100 cases, "
        f"the friction index on the same weeks in {_of_100(ours)}."
    )


def _own_json(found: Backtest, column: str | None) -> dict[str, Any] | None:
    if found.own is None or column is None:
        return None
    theirs, ours = found.own
    told = {"auc": plain(theirs.value), "low": plain(theirs.low), "high": plain(theirs.high)}
    return {"column": column, **told, "friction_index_auc": plain(ours.value), "reason": theirs.reason}


def _of_100(one: Estimate) -> str:
    return f"{100 * (one.value or 0.0):.0f}"
