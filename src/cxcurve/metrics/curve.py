"""The CX Curve: the mean level of customers along weeks, journey position or the calendar (definitions.md, 4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa

from cxcurve.errors import Reason
from cxcurve.metrics.leavers import LEAST_SPOKEN_FOR, Leavers
from cxcurve.metrics.literals import float64
from cxcurve.metrics.snapshot import Snapshot
from cxcurve.stats.bands import mean_band
from cxcurve.tables import N_BUCKETS

X = Literal["week", "position", "date"]
BINS_PER_STAGE = 10
SHORTEST_DAYS = 1e-3
"""Keeps a stage without length from dividing by 0."""
MEASURES = ("level", "friction_index", "momentum_index")
_ROUNDING = 1e-6
"""Ten equal weights are worth ten customers, whatever the last digit of their sums says."""


@dataclass(frozen=True, slots=True)
class Point:
    """One point of the curve; `low` and `high` are None where it is thin."""

    x: float
    level: float
    low: float | None
    high: float | None
    friction_index: float
    momentum_index: float
    n: int
    is_thin: bool


@dataclass(frozen=True, slots=True)
class StageSpan:
    """Where on x a stage lies."""

    stage: str
    label: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Drop:
    """A fall of the curve and the signals that explain it, in points of the level."""

    start: float
    end: float
    change: float
    signals: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Curve:
    """The curve with its stages and largest drops; without points and with a reason where no week has anybody.

    `leavers` says whether it is the plain mean of those still there, or one weighted for those who left, of whom there
    were `n_exits`.
    """

    x: X
    points: tuple[Point, ...]
    stages: tuple[StageSpan, ...]
    drops: tuple[Drop, ...] = ()
    n_customers: int = 0
    reason: Reason | None = None
    leavers: Leavers = "survivors"
    n_exits: int | None = None


def curve_sums(
    snapshot: Snapshot, x: X, usual_days: Sequence[float], weighted_weeks: ir.Table | None = None
) -> ir.Table:
    """Sums by x and bucket; a customer counts once per x, with the mean of its weeks there.

    Args:
        snapshot: what is known.
        x: weeks since the cycle began, position on the journey, or calendar weeks.
        usual_days: expected length of a stay by stage, for positions.
        weighted_weeks: its customer weeks with a `weight` (`leavers.with_weights`); None where all count alike.

    Returns:
        x (integer: weeks, tenths of a stage, or week numbers), bucket, n (customers), weight and weight_squared (their
        sums), and the sum of weight x each measure.
    """
    means = with_bucket(customer_means(snapshot, x, usual_days, weighted_weeks), snapshot)
    sums = {name: means[name].sum() for name in ("weight", *MEASURES)}
    return means.group_by("x", "bucket").agg(n=means.count(), weight_squared=(means.weight**2).sum(), **sums)


def customer_means(
    snapshot: Snapshot, x: X, usual_days: Sequence[float], weighted_weeks: ir.Table | None = None
) -> ir.Table:
    """What each customer adds at each x: customer_key, x, weight, and weight x measure; means over its weeks there.

    Arguments as of `curve_sums`.
    """
    weeks = snapshot.customer_weeks.mutate(weight=float64(1.0)) if weighted_weeks is None else weighted_weeks
    weeks = weeks.mutate(x=_x(weeks, x, usual_days))
    measures = {name: (weeks[name] * weeks.weight).mean() for name in MEASURES}
    return weeks.group_by("customer_key", "x").agg(weight=weeks.weight.mean(), **measures)


def with_bucket(rows: ir.Table, snapshot: Snapshot) -> ir.Table:
    """`rows` with the bucket of each one's customer: intervals come from drawing buckets anew."""
    return rows.join(snapshot.customers.select("customer_key", "bucket"), "customer_key")


def stage_sums(snapshot: Snapshot) -> ir.Table:
    """How many customers were in which stage by week of the cycle: x, stage, n."""
    weeks = snapshot.customer_weeks
    return weeks.group_by(x=weeks.cycle_week, stage=weeks.stage).agg(n=weeks.count())


def build_curve(sums: pa.Table, stages: Sequence[StageSpan], x: X, *, seed: int = 1) -> Curve:
    """The curve from the sums of `curve_sums`.

    Thin is what rests on fewer than 10 customers, or on weights that are worth fewer (Kish's effective number) or no
    longer speak for all who left.
    """
    if not sums.num_rows:
        return Curve(x, (), tuple(stages), reason=Reason.TOO_FEW)
    at, place = np.unique(sums["x"].to_numpy(), return_inverse=True)
    grid = {name: _grid(sums, name, place, len(at)) for name in ("n", "weight", "weight_squared", *MEASURES)}
    n, weight = grid["n"].sum(axis=0), grid["weight"].sum(axis=0)
    worth = np.minimum(n, weight**2 / grid["weight_squared"].sum(axis=0) + _ROUNDING)
    worth[np.logical_or.accumulate(weight < LEAST_SPOKEN_FOR * n)] = 0.0
    band = mean_band(grid["level"], grid["weight"], seed=seed, n_customers=worth)
    friction, momentum = (grid[name].sum(axis=0) / weight for name in ("friction_index", "momentum_index"))
    points = tuple(
        Point(
            x=float(at[i]) / (BINS_PER_STAGE if x == "position" else 1),
            level=float(band.mean[i]),
            low=_known(band.low[i]),
            high=_known(band.high[i]),
            friction_index=float(friction[i]),
            momentum_index=float(momentum[i]),
            n=int(n[i]),
            is_thin=bool(band.is_thin[i]),
        )
        for i in range(len(at))
    )
    return Curve(x, points, tuple(stages), largest_drops(points), int(n.max()))


def position_spans(snapshot: Snapshot) -> list[StageSpan]:
    """On the position axis stage k lies from k to k + 1."""
    return [
        StageSpan(name, snapshot.stage_label(k), float(k), float(k + 1)) for k, name in enumerate(snapshot.stage_names)
    ]


def week_spans(snapshot: Snapshot, counts: pa.Table) -> list[StageSpan]:
    """On the week axis a stage lies where most customers of that week are in it, in the order of the journey."""
    usual: dict[int, tuple[int, int]] = {}
    for row in counts.to_pylist():
        if row["n"] > usual.get(row["x"], (0, 0))[1]:
            usual[row["x"]] = (row["stage"], row["n"])
    spans: list[StageSpan] = []
    furthest = -1
    for week in sorted(usual):
        stage = max(furthest, usual[week][0])
        if stage != furthest:
            if spans:
                spans[-1] = StageSpan(spans[-1].stage, spans[-1].label, spans[-1].start, float(week))
            spans.append(StageSpan(snapshot.stage_name(stage), snapshot.stage_label(stage), float(week), float(week)))
            furthest = stage
    if spans:
        spans[-1] = StageSpan(spans[-1].stage, spans[-1].label, spans[-1].start, float(max(usual) + 1))
    return spans


def largest_drops(points: Sequence[Point], count: int = 3, least: float = 2.0) -> tuple[Drop, ...]:
    """The largest falls between a peak and the trough after it, on points that are not thin; without overlap.

    Of each fall both ends lie outside the other's band: where few customers are left a curve falls and rises by chance.
    """
    firm = [point for point in points if not point.is_thin]
    falls = [(firm[a], firm[b]) for a, b in _falls([point.level for point in firm])]
    drops = [Drop(a.x, b.x, b.level - a.level) for a, b in falls if _is_clear(a, b)]
    drops.sort(key=lambda drop: drop.change)
    return tuple(sorted((drop for drop in drops[:count] if drop.change <= -least), key=lambda d: d.start))


def _is_clear(peak: Point, trough: Point) -> bool:
    if peak.low is None or trough.high is None:
        return False
    return trough.level < peak.low and trough.high < peak.level


def _falls(levels: Sequence[float], noise: float = 1.0) -> list[tuple[int, int]]:
    """(peak, trough) of every fall; a rise of at most `noise` does not end one."""
    falls, peak, trough = [], 0, 0
    for i in range(1, len(levels)):
        if levels[i] <= levels[trough]:
            trough = i
        elif levels[i] - levels[trough] > noise or levels[i] > levels[peak]:
            if trough > peak:
                falls.append((peak, trough))
            peak = trough = i
        if levels[i] >= levels[peak]:
            peak = trough = i
    return [*falls, (peak, trough)] if trough > peak else falls


def _x(weeks: ir.Table, x: X, usual_days: Sequence[float]) -> ir.IntegerValue:
    if x == "week":
        return weeks.cycle_week.cast("int64")
    if x == "date":
        return weeks.week.cast("int64")
    branches = [(weeks.stage == k, float64(max(days, SHORTEST_DAYS))) for k, days in enumerate(usual_days)]
    usual = ibis.cases(*branches, else_=float64(30.0))
    part = ibis.least(weeks.dwell_days / usual, float64(0.99)) * float64(BINS_PER_STAGE)
    return weeks.stage.cast("int64") * BINS_PER_STAGE + part.floor().cast("int64")


def _grid(sums: pa.Table, name: str, place: Any, n_x: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    out = np.zeros((N_BUCKETS, n_x))
    out[sums["bucket"].to_numpy(), place] = sums[name].to_numpy()
    return out


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
