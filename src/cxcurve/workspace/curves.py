"""The CX Curve of a snapshot, with stages, drift zones and the signals behind its drops."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, get_args
from zoneinfo import ZoneInfo

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa

from cxcurve import charts
from cxcurve.charts.format import day
from cxcurve.errors import BadValueError
from cxcurve.metrics.curve import (
    BINS_PER_STAGE,
    MEASURES,
    SHORTEST_DAYS,
    Curve,
    X,
    build_curve,
    curve_sums,
    position_spans,
    stage_sums,
    week_spans,
    with_bucket,
)
from cxcurve.metrics.drops import counts_of, explained, mean_features, pulls
from cxcurve.metrics.leavers import Leavers, exit_counts, weight_tables, with_weights
from cxcurve.metrics.literals import float64
from cxcurve.metrics.snapshot import Snapshot
from cxcurve.metrics.states import stall
from cxcurve.pipeline.run import Run
from cxcurve.pipeline.weeks import block_of
from cxcurve.tables import N_BUCKETS
from cxcurve.workspace.drift import Drift
from cxcurve.workspace.results import at, plain

if TYPE_CHECKING:
    import pandas as pd

VERSIONS: Mapping[Leavers, str] = {"survivors": "survivors only", "weighted": "weighted for those who left"}
"""What the two versions of the curve along the weeks of the cycle are called."""
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
            self.chart_points(),
            self.bands(),
            self.zones(),
            self.drops(),
            [charts.Note(date_of(us, self.zone), text) for us, text in self.notes] if self.curve.x == "date" else [],
            x=self.curve.x,
            width=width,
            currency=self.currency,
            version=self.version,
        )

    @property
    def version(self) -> str:
        """Which of several curves this is; empty where there is one."""
        return VERSIONS[self.curve.leavers] if self.curve.x == "week" else ""

    def chart_points(self) -> list[charts.CurvePoint]:
        """Its points, to be drawn."""
        return [_chart_point(point, self.curve.x) for point in self.curve.points]

    def bands(self) -> list[charts.StageBand]:
        """Where the stages are."""
        return [charts.StageBand(span.label, span.start, span.end) for span in self.curve.stages]

    def drops(self) -> list[charts.Drop]:
        """The largest drops, with their signals."""
        drops = self.curve.drops
        return [charts.Drop(self._x(drop.end), drop.change, drop.signals, self.place(drop.end)) for drop in drops]

    def to_svg(self, width: float = charts.WIDE) -> str:
        """The picture's SVG."""
        return self.picture(width).svg

    def _repr_html_(self) -> str:
        return self.picture()._repr_html_()

    def place(self, x: float) -> str:
        """Where on the curve a drop ends at x, in words."""
        if self.curve.x == "date":
            return f"by {day(monday(x))}"
        if self.curve.x == "week":
            return f"by week {x:g}"
        return f"in {self.labels[min(int(x), len(self.labels) - 1)]}"

    def _x(self, x: float) -> Any:
        return monday(x) if self.curve.x == "date" else x

    def zones(self) -> list[charts.Zone]:
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
            "leavers": self.curve.leavers,
            "n_exits": self.curve.n_exits,
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


_WEIGHTED = "weighted_weeks"
_READ = ("customer_key", "week", "cycle_week", "stage", "dwell_days", "friction", *MEASURES, "weight")
_POINT = ("x", "level", "low", "high", "friction_index", "momentum_index", "n", "is_thin")
_EPOCH_MONDAY = date(1970, 1, 5)


def monday(week: float) -> date:
    """The day a week ends: the Monday after it."""
    return _EPOCH_MONDAY + timedelta(weeks=int(week) + 1)


def date_of(us: int, zone: str) -> date:
    """The day of a time, in the workspace's zone."""
    return datetime.fromtimestamp(us / 1e6, ZoneInfo(zone)).date()


def check_curve(x: str, leavers: str) -> None:
    """That there is such a curve.

    Raises:
        BadValueError: there is no such axis, no such treatment of those who left, or not along this axis.
    """
    for value, kind, said in ((x, X, f'x "{x}" is no axis of the curve'), (leavers, Leavers, f'leavers "{leavers}"')):
        if value not in get_args(kind):
            raise BadValueError(f"{said}; expected {', '.join(get_args(kind))}")
    if leavers == "weighted" and x != "week":
        raise BadValueError(f'leavers "weighted" goes with x "week", where everybody begins at 0; not with x "{x}"')


def curve_result(
    run: Run,
    snapshot: Snapshot,
    x: X,
    *,
    drift: Drift | None,
    notes: Sequence[tuple[int, str]],
    currency: str = "",
    leavers: Leavers = "survivors",
) -> CurveResult:
    """Read the curve from a snapshot."""
    store = run.store
    usual = usual_days(snapshot, store.arrow)
    weeks, n_exits = weighted(run, snapshot) if leavers == "weighted" else (None, None)
    sums = store.arrow(curve_sums(snapshot, x, usual, weeks))
    if x == "position":
        spans = position_spans(snapshot)
    elif x == "week":
        spans = week_spans(snapshot, store.arrow(stage_sums(snapshot)))
    else:
        spans = []
    found = replace(build_curve(sums, spans, x), leavers=leavers, n_exits=n_exits)
    if found.drops:
        found = _explain(run, snapshot, weeks, found, usual)
    store.drop_temporary(_WEIGHTED)
    labels = tuple(snapshot.stage_label(k) for k in range(len(snapshot.stage_names)))
    return CurveResult(snapshot.as_of_us, found, drift, tuple(notes), labels, snapshot.zone, currency)


def weighted(run: Run, snapshot: Snapshot) -> tuple[ir.Table, int]:
    """The customer weeks with weights for those who left, and how many left."""
    store, weeks = run.store, snapshot.customer_weeks
    counts = store.arrow(exit_counts(weeks, run.ticks.last_whole_week))
    cells, kept = weight_tables(counts, len(snapshot.stage_names))
    made = with_weights(weeks, store.temporary("exit_cells", cells), store.temporary("exit_weeks", kept))
    # Kept for a moment: the sums and the reasons of the drops both read it.
    kept_weeks = store.temporary_from(_WEIGHTED, store.sql(made.select(*_READ)))
    return kept_weeks, int(counts["n_exits"].to_numpy().sum())


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


def _explain(run: Run, snapshot: Snapshot, weighted: ir.Table | None, curve: Curve, usual: Sequence[float]) -> Curve:
    store = run.store
    every = snapshot.customer_weeks.mutate(weight=float64(1.0)) if weighted is None else weighted
    n_customers = store.arrow(every.agg(n=every.customer_key.nunique()))["n"][0].as_py()
    n_buckets = max(1, N_BUCKETS * SAMPLE // max(n_customers, SAMPLE))
    sampled = with_bucket(every, snapshot)
    weeks = store.arrow(sampled.filter(sampled.bucket < n_buckets))
    chosen = np.unique(weeks["customer_key"].to_numpy()).tolist()
    places = [point.x for point in curve.points]
    scale = BINS_PER_STAGE if curve.x == "position" else 1
    x = _x_of(weeks, curve.x, usual)
    known = np.array([round(place * scale) for place in places])
    rows = (
        np.searchsorted(np.array(chosen), weeks["customer_key"].to_numpy()),
        weeks["week"].to_numpy().astype(np.int64) - run.ticks.first_week,
        np.minimum(np.searchsorted(known, x), len(known) - 1),
        weeks["weight"].to_numpy(),
    )
    block = block_of(run, chosen, np.ones((len(run.facts.segment_names), len(run.ticks))))
    mean_x = mean_features(block, run.weights, run.ticks, rows, len(places))
    place, worth = rows[2:]
    friction, stalled = (
        np.bincount(place, values * worth, len(places)) / counts_of(place, worth, len(places))
        for values in (weeks["friction"].to_numpy(), _stalled(run, weeks))
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
