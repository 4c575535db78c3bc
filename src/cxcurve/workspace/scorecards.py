"""The scorecard: every metric of the registry that has data, with interval, target, and whether it really changed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cxcurve.metrics import feedback
from cxcurve.metrics.registry import METRICS, Metric
from cxcurve.metrics.snapshot import Snapshot
from cxcurve.model.durations import Duration
from cxcurve.stats.estimates import Estimate, nothing
from cxcurve.workspace.drift import Drift
from cxcurve.workspace.readings import Arrow, Reading, readings
from cxcurve.workspace.results import html_table, moment, plain
from cxcurve.workspace.retained import retention_readings


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the scorecard."""

    metric: Metric
    current: Estimate
    previous: Estimate
    against: str
    target: float | None
    met: bool | None
    is_real_change: bool | None
    is_better: bool | None
    action: str
    lead: str
    supporting: tuple[str, ...]
    series: tuple[float | None, ...]
    n_unknown: int = 0
    change: Estimate = field(default_factory=nothing)
    n_fewest: int | None = None

    @property
    def is_thin(self) -> bool:
        """Whether there is a value that rests on fewer than 30."""
        return self.current.value is not None and self.current.n > 0 and self.current.is_thin

    @property
    def note(self) -> str:
        """What was left out, as in "3 answers empty or outside 0 to 10 left out"; empty where nothing was."""
        if not self.n_unknown:
            return ""
        low, high = feedback.SCALES[self.metric.name]
        noun = "answer" if self.n_unknown == 1 else "answers"
        return f"{self.n_unknown:,} {noun} empty or outside {low} to {high} left out"


@dataclass(frozen=True)
class Scorecard:
    """The card of a week."""

    week_end: datetime
    rows: tuple[Row, ...]

    def to_json(self) -> dict[str, Any]:
        """As interfaces.md, `show scorecard`."""
        return {"week_end": plain(self.week_end), "rows": [_row_json(row) for row in self.rows]}

    def _repr_html_(self) -> str:
        names = ("metric", "layer", "current", "low", "high", "target", "previous", "real change", "n", "reason")
        rows = [
            (
                row.metric.label, row.metric.layer, row.current.value, row.current.low, row.current.high, row.target,
                row.previous.value, row.is_real_change, row.current.n, row.current.reason,
            )
            for row in self.rows
        ]  # fmt: skip
        return html_table(f"Scorecard, week to {self.week_end:%d %b %Y}", names, rows)


def scorecard(snapshot: Snapshot, arrow: Arrow, drift: Drift, currency: str) -> Scorecard:
    """The card of the week that as_of falls in; metrics in `focus` first. `currency`: the workspace's."""
    found = readings(snapshot, arrow, drift) | retention_readings(snapshot, arrow, currency)
    focus = snapshot.plan.journey.focus
    ordered = sorted(METRICS, key=lambda m: focus.index(m.name) if m.name in focus else len(focus))
    rows = [_row(snapshot, metric, found[metric.name]) for metric in ordered if metric.name in found]
    return Scorecard(moment(snapshot.as_of_us), tuple(rows))


def _row(snapshot: Snapshot, metric: Metric, reading: Reading) -> Row:
    journey = snapshot.plan.journey
    target = _target(journey.targets.get(metric.name), metric, reading)
    if metric.name == "time_to_value" and target is None and journey.time_to_value and journey.time_to_value.target:
        target = journey.time_to_value.target.days
    change, real = reading.change, reading.is_real
    value = reading.current.value
    met = None if target is None or value is None else (value >= target) == metric.is_high_good or value == target
    better = None if not real or change is None or change.value is None else (change.value > 0) == metric.is_high_good
    stages = [stage for stage in journey.stages if metric.name in stage.metrics]
    return Row(
        metric, reading.current, reading.previous, reading.against, target, met, real, better,
        journey.actions.get(metric.name, ""),
        journey.owners.get(metric.name, "") or (stages[0].lead if stages else ""),
        tuple(dict.fromkeys(team for stage in stages for team in stage.supporting)),
        reading.series, reading.n_unknown, change or nothing(), reading.n_fewest,
    )  # fmt: skip


def _target(said: float | str | None, metric: Metric, reading: Reading) -> float | None:
    """A number, a duration in days, or the best quarter of the last year."""
    if said is None or isinstance(said, int | float):
        return None if said is None else float(said)
    if said == "best_quarter":
        best = max if metric.is_high_good else min
        return best(reading.quarters, default=None)
    return Duration.parse(said).days


def _row_json(row: Row) -> dict[str, Any]:
    return {
        "metric": row.metric.name,
        "label": row.metric.label,
        "unit": row.metric.unit,
        "layer": row.metric.layer,
        "current": plain(row.current.value),
        "low": plain(row.current.low),
        "high": plain(row.current.high),
        "target": plain(row.target),
        "met": plain(row.met),
        "previous": plain(row.previous.value),
        "against": row.against,
        "is_real_change": plain(row.is_real_change),
        "is_better": plain(row.is_better),
        "action": row.action,
        "lead": row.lead,
        "supporting": list(row.supporting),
        "n": row.current.n,
        "is_thin": row.is_thin,
        "n_unknown": row.n_unknown,
        "note": row.note,
        "reason": row.current.reason,
        "series": [plain(value) for value in row.series],
    }
