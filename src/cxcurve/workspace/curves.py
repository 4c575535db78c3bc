"""The CX Curve of a snapshot, with stages, drift zones and the signals behind its drops."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from cxcurve import charts
from cxcurve.charts.format import day
from cxcurve.metrics.curve import (
    BINS_PER_STAGE,
    SHORTEST_DAYS,
    Curve,
    X,
    build_curve,
    curve_sums,
    position_spans,
    stage_sums,
    week_spans,
)
from cxcurve.metrics.drops import explained, mean_features, pulls
from cxcurve.metrics.snapshot import Snapshot
from cxcurve.metrics.states import stall
from cxcurve.pipeline.run import Run
from cxcurve.pipeline.weeks import block_of
from cxcurve.workspace.drift import Drift
from cxcurve.workspace.results import at, plain

if TYPE_CHECKING:
    import pandas as pd

SAMPLE = 2000
"""How many customers the signals behind a drop are told from; all of them in a company that is smaller."""


@dataclass(frozen=True)
class CurveResult:
    """The curve; shows itself in a notebook."""

    as_of_us: int
    curve: Curve
    drift: Drift | None
    notes: tuple[tuple[int, str], ...]
    labels: tuple[str, ...]
    zone: str = "UTC"
    currency: str = ""

    @property
    def points(self) -> pd.DataFrame:
        """One row per point: x, level, low, high, friction_index, momentum_index, n, is_thin."""
        import pandas as pd

        return pd.DataFrame([{name: getattr(p, name) for name in _POINT} for p in self.curve.points], columns=_POINT)

    def picture(self, width: float = charts.WIDE) -> charts.Picture:
        """The curve as a picture."""
        return charts.curve(
            [_chart_point(point, self.curve.x) for point in self.curve.points],
            [charts.StageBand(span.label, span.start, span.end) for span in self.curve.stages],
            self._zones(),
            [
                charts.Drop(self._x(drop.end), drop.change, drop.signals, self.place(drop.end))
                for drop in self.curve.drops
            ],
            [charts.Note(date_of(us, self.zone), text) for us, text in self.notes] if self.curve.x == "date" else [],
            x=self.curve.x,
            width=width,
            currency=self.currency,
        )

    def to_svg(self, width: float = charts.WIDE) -> str:
        """The picture's SVG."""
        return self.picture(width).svg

    def _repr_html_(self) -> str:
        return self.picture()._repr_html_()

    def place(self, x: float) -> str:
        """Where on the curve x is, in words."""
        if self.curve.x == "date":
            return day(monday(x))
        if self.curve.x == "week":
            return f"week {x:g}"
        return f"in {self.labels[min(int(x), len(self.labels) - 1)]}"

    def _x(self, x: float) -> Any:
        return monday(x) if self.curve.x == "date" else x

    def _zones(self) -> list[charts.Zone]:
        """Zones have a place where stages have one: the end of one and the beginning of the next."""
        spans = {span.stage: span for span in self.curve.stages}
        shown = []
        for zone in self.drift.zones if self.drift else ():
            here, there = spans.get(zone.start), spans.get(zone.goal)
            if here is None or there is None or zone.stall.value is None:
                continue
            width = 0.25 * (here.end - here.start)
            is_real = bool(zone.is_real_change) and (zone.change_stall.value or 0) > 0
            label = f"{here.label} → {there.label}"
            shown.append(charts.Zone(label, here.end - width, here.end, zone.stall.value, zone.impact.value, is_real))
        return sorted(shown, key=lambda zone: -(zone.impact_revenue or 0.0))[:3]

    def to_json(self) -> dict[str, Any]:
        """As interfaces.md, `show curve`."""
        return {
            "as_of": at(self.as_of_us),
            "x": self.curve.x,
            "n_customers": self.curve.n_customers,
            "reason": self.curve.reason,
            "points": [{name: plain(getattr(point, name)) for name in _POINT} for point in self.curve.points],
            "stages": [{"stage": s.stage, "from": s.start, "to": s.end} for s in self.curve.stages],
            "annotations": [
                *(
                    {
                        "kind": "drop",
                        "from": drop.start,
                        "to": drop.end,
                        "change": drop.change,
                        "signals": [{"signal": name, "points": points} for name, points in drop.signals],
                    }
                    for drop in self.curve.drops
                ),
                *({"kind": "note", "at": at(us), "text": text} for us, text in self.notes),
            ],
        }


_POINT = ("x", "level", "low", "high", "friction_index", "momentum_index", "n", "is_thin")
_EPOCH_MONDAY = date(1970, 1, 5)


def monday(week: float) -> date:
    """The day a week ends: the Monday after it."""
    return _EPOCH_MONDAY + timedelta(weeks=int(week) + 1)


def date_of(us: int, zone: str) -> date:
    """The day of a time, in the workspace's zone."""
    return datetime.fromtimestamp(us / 1e6, ZoneInfo(zone)).date()


def curve_result(
    run: Run, snapshot: Snapshot, x: X, *, drift: Drift | None, notes: Sequence[tuple[int, str]], currency: str = ""
) -> CurveResult:
    """Read the curve from a snapshot."""
    store = run.store
    usual = usual_days(snapshot, store.arrow)
    sums = store.arrow(curve_sums(snapshot, x, usual))
    if x == "position":
        spans = position_spans(snapshot)
    elif x == "week":
        spans = week_spans(snapshot, store.arrow(stage_sums(snapshot)))
    else:
        spans = []
    found = build_curve(sums, spans, x)
    if found.drops:
        found = _explain(run, snapshot, found, usual)
    labels = tuple(snapshot.stage_label(k) for k in range(len(snapshot.stage_names)))
    return CurveResult(snapshot.as_of_us, found, drift, tuple(notes), labels, snapshot.zone, currency)


def usual_days(snapshot: Snapshot, arrow: Callable[..., pa.Table]) -> list[float]:
    """Expected stay by stage; where the model has none, the median of those that ended."""
    stays = arrow(snapshot.stays.filter(snapshot.stays.left_us.notnull()).select("stage", "entered_us", "left_us"))
    days = (stays["left_us"].to_numpy() - stays["entered_us"].to_numpy()) / 86_400e6
    stage = stays["stage"].to_numpy()
    usual = []
    for k, model in enumerate(snapshot.plan.journey.stages):
        mine = days[stage == k]
        usual.append(model.expected.days if model.expected else float(np.median(mine)) if len(mine) else 30.0)
    return usual


def _explain(run: Run, snapshot: Snapshot, curve: Curve, usual: Sequence[float]) -> Curve:
    store = run.store
    keys = store.arrow(snapshot.customer_weeks.select("customer_key").distinct().order_by("customer_key"))
    chosen = keys["customer_key"].to_pylist()
    chosen = chosen[:: max(1, -(-len(chosen) // SAMPLE))]
    wanted = store.temporary("sample_keys", pa.table({"customer_key": pa.array(chosen, pa.int32())}))
    weeks = store.arrow(snapshot.customer_weeks.semi_join(wanted, "customer_key"))
    places = [point.x for point in curve.points]
    scale = BINS_PER_STAGE if curve.x == "position" else 1
    x = _x_of(weeks, curve.x, usual)
    known = np.array([round(place * scale) for place in places])
    rows = (
        np.searchsorted(np.array(chosen), weeks["customer_key"].to_numpy()),
        weeks["week"].to_numpy().astype(np.int64) - run.ticks.first_week,
        np.minimum(np.searchsorted(known, x), len(known) - 1),
    )
    block = block_of(run, chosen, np.ones((len(run.facts.segment_names), len(run.ticks))))
    mean_x = mean_features(block, run.weights, run.ticks, rows, len(places))
    n = np.maximum(np.bincount(rows[2], minlength=len(places)), 1)
    friction, stalled = (
        np.bincount(rows[2], values, len(places)) / n for values in (weeks["friction"].to_numpy(), _stalled(run, weeks))
    )
    return explained(curve, pulls(mean_x, friction, stalled, run.weights))


def _stalled(run: Run, weeks: pa.Table) -> Any:
    """Weight x stall of every customer week."""
    stage = weeks["stage"].to_numpy()
    expected = np.array([s.expected.days if s.expected else 0.0 for s in run.journey.stages])[stage]
    counts = run.weights.state_stages("stall")[stage]
    return run.weights.state("stall") * np.where(counts, stall(weeks["dwell_days"].to_numpy(), expected), 0.0)


def _x_of(weeks: pa.Table, x: X, usual: Sequence[float]) -> Any:
    if x == "week":
        return weeks["cycle_week"].to_numpy()
    if x == "date":
        return weeks["week"].to_numpy()
    stage = weeks["stage"].to_numpy()
    part = np.minimum(weeks["dwell_days"].to_numpy() / np.maximum(np.array(usual), SHORTEST_DAYS)[stage], 0.99)
    return stage * BINS_PER_STAGE + np.floor(part * BINS_PER_STAGE).astype(int)


def _chart_point(point: Any, x: X) -> charts.CurvePoint:
    where = monday(point.x) if x == "date" else point.x
    return charts.CurvePoint(
        where, point.level, point.low, point.high, point.friction_index, point.momentum_index, point.n, point.is_thin
    )
