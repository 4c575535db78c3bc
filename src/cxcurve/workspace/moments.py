"""Moments of truth and recovery for people and programs: what came after, and that it is an association."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cxcurve.learn.moments import ALPHA, Effect, FalseAlarms, Moment, Moments
from cxcurve.learn.recovery import Recovery
from cxcurve.learn.trials import HORIZON_DAYS, OUTCOMES
from cxcurve.stats.estimates import Estimate
from cxcurve.stats.strata import Stratified
from cxcurve.workspace.results import at, html_table, plain

LABEL = "association, not cause"
_THEN = {"exit": "left", "progress": "moved on"}


@dataclass(frozen=True)
class MomentsResult:
    """What came after each first time by as_of."""

    as_of_us: int
    found: Moments

    def to_json(self) -> dict[str, Any]:
        """As `cxcurve show moments --json` prints it."""
        found = self.found
        return {
            "as_of": at(self.as_of_us),
            "label": LABEL,
            "horizon_days": HORIZON_DAYS,
            "n_customers": found.n_customers,
            "n_weeks": found.n_weeks,
            "n_rare": found.n_rare,
            "moments": [_moment(one) for one in found.moments],
            "false_alarms": _false_alarms(found.false_alarms),
            "reason": found.reason,
        }

    def rows(self) -> list[dict[str, Any]]:
        """A row for each moment and outcome."""
        return [
            {"moment": one.name, "n_customers": one.n_customers, "outcome": outcome, **_effect(effect)}
            for one in self.found.moments
            for outcome, effect in one.effects.items()
        ]

    def _repr_html_(self) -> str:
        names = ("moment", "outcome", "share", "expected_share", "odds_ratio", "low", "high", "p_holm")
        return html_table(f"Moments of truth ({LABEL})", names, [tuple(row[n] for n in names) for row in self.rows()])


@dataclass(frozen=True)
class RecoveryResult:
    """What came after issues handled well and badly by as_of."""

    as_of_us: int
    found: Recovery

    def to_json(self) -> dict[str, Any]:
        """As `cxcurve show recovery --json` prints it."""
        found = self.found
        return {
            "as_of": at(self.as_of_us),
            "label": LABEL,
            "horizon_days": HORIZON_DAYS,
            "n_issues": found.n_issues,
            "n_well": found.n_well,
            "effects": self.rows(),
            "reason": found.reason,
        }

    def rows(self) -> list[dict[str, Any]]:
        """A row for each way an issue was handled, and outcome."""
        return [
            {"handled": name, "outcome": outcome, **_stratified(effects[outcome])}
            for name, effects in self.found.effects.items()
            for outcome in OUTCOMES
        ]

    def _repr_html_(self) -> str:
        names = ("handled", "outcome", "share", "expected_share", "odds_ratio", "low", "high")
        return html_table(f"Recovery ({LABEL})", names, [tuple(row[name] for name in names) for row in self.rows()])


def words(outcome: str) -> str:
    """What a customer did, in a sentence."""
    return _THEN[outcome]


def _moment(one: Moment) -> dict[str, Any]:
    effects = {outcome: _effect(effect) for outcome, effect in one.effects.items()}
    return {"moment": one.name, "n_customers": one.n_customers, **effects}


def _effect(effect: Effect) -> dict[str, Any]:
    return {**_stratified(effect.found), "p_holm": plain(effect.p_holm), "is_clear": effect.is_clear}


def _stratified(found: Stratified) -> dict[str, Any]:
    ratio = found.odds_ratio
    return {
        "n": found.n,
        "n_matched": found.n_matched,
        "n_others": found.n_others,
        "share": plain(found.share),
        "expected_share": plain(found.expected_share),
        "odds_ratio": plain(ratio.value),
        "low": plain(ratio.low),
        "high": plain(ratio.high),
        "p": plain(ratio.p_value),
        "reason": ratio.reason,
    }


def _false_alarms(found: FalseAlarms) -> dict[str, Any]:
    def share(one: Estimate) -> dict[str, Any]:
        return {"share": plain(one.value), "low": plain(one.low), "high": plain(one.high)}

    return {"n": found.n, "alpha": ALPHA, "plain": share(found.share), "holm": share(found.holm_share)}
