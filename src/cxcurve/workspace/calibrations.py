"""Calibrations for people and programs: the weights learned, beside the expert's and those in force."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cxcurve.learn.half_lives import HalfLives
from cxcurve.metrics.versions import LearnedIndex, Version
from cxcurve.metrics.weights import Weights
from cxcurve.workspace.results import at, html_table, plain


@dataclass(frozen=True)
class CalibrationResult:
    """What one calibration learned; `number` is None while it is not applied."""

    version: Version
    in_force: Weights
    half_lives: HalfLives
    stages: tuple[str, ...]
    is_applied: bool

    def rows(self) -> list[dict[str, Any]]:
        """A row for each feature and index: signal, index, expert, in force now, learned with its interval."""
        return [row for index in ("friction", "momentum") for row in self._rows(index)]

    def _rows(self, index: str) -> Iterator[dict[str, Any]]:
        learned: LearnedIndex = getattr(self.version, index)
        measure = ("friction", "momentum").index(index)
        now = dict(zip(map(str, self.in_force.features(measure)), self.in_force.of_features(measure), strict=True))
        for name, weight in learned.weights.items():
            yield {
                "signal": name,
                "index": index,
                "expert": weight.expert,
                "in_force": plain(float(now[name])),
                "weight": weight.value,
                "low": weight.low,
                "high": weight.high,
                "is_against": name in learned.against,
                "is_unseen": name in learned.unseen,
            }

    def to_json(self) -> dict[str, Any]:
        """As `cxcurve calibrate --json` prints it."""
        version = self.version
        return {
            "version": version.number if self.is_applied else None,
            "as_of": at(version.as_of_us),
            "since": at(version.since_us),
            "n_customers": version.n_customers,
            "n_periods": version.n_periods,
            "half_life_factor": version.half_life_factor,
            "half_lives_tried": [
                {"factor": factor, "gain": plain(gain.value), "low": plain(gain.low), "high": plain(gain.high)}
                for factor, gain in self.half_lives.gains.items()
            ],
            "friction": _index_json(version.friction, self.stages),
            "momentum": _index_json(version.momentum, self.stages),
            "signals": self.rows(),
        }

    def _repr_html_(self) -> str:
        names = ("signal", "index", "expert", "in_force", "weight", "low", "high")
        return html_table("Calibration", names, [tuple(row[name] for name in names) for row in self.rows()])


def _index_json(index: LearnedIndex, stages: tuple[str, ...]) -> dict[str, Any]:
    return {
        "weights": index.kind,
        "n_events": index.n_events,
        "gamma": index.gamma,
        "gamma_low": plain(index.gamma_low),
        "gamma_high": plain(index.gamma_high),
        "references": dict(zip(stages, index.references, strict=True)),
        "against": list(index.against),
        "unseen": list(index.unseen),
        "reason": "too_few" if index.kind == "expert" else None,
    }
