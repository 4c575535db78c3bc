"""The scorecard: every metric of the registry that has data, with interval, target, and whether it really changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa

from cxcurve.errors import Reason
from cxcurve.journey.calendar import Calendar
from cxcurve.metrics import feedback
from cxcurve.metrics.contacts import REPEAT_DAYS, contacts
from cxcurve.metrics.curve import N_BUCKETS, bucket_of
from cxcurve.metrics.registry import METRICS, Metric
from cxcurve.metrics.snapshot import Snapshot
from cxcurve.metrics.time_to_value import known_at, time_to_value, value_times
from cxcurve.model.durations import Duration
from cxcurve.stats.bands import bucket_mean
from cxcurve.stats.estimates import Estimate, difference, nothing
from cxcurve.stats.proportions import wilson
from cxcurve.tables import US_PER_DAY
from cxcurve.workspace.drift import Drift
from cxcurve.workspace.results import html_table, moment, plain

Arrow = Callable[[ir.Table], pa.Table]
SPARK_WEEKS, BACK_WEEKS = 12, 4
CHURN_DAYS = 28
FEWEST, QUARTER_WEEKS, YEAR_WEEKS = 10, 13, 52


@dataclass(frozen=True, slots=True)
class Reading:
    """A metric now and before, with its last weeks, and its mean over every 13 weeks of the last year."""

    current: Estimate
    previous: Estimate = field(default_factory=nothing)
    against: str = ""
    series: tuple[float | None, ...] = ()
    change: Estimate | None = None
    quarters: tuple[float, ...] = ()


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


def scorecard(snapshot: Snapshot, arrow: Arrow, drift: Drift) -> Scorecard:
    """The card of the week that as_of falls in; metrics in `focus` first."""
    readings = _readings(snapshot, arrow, drift)
    focus = snapshot.plan.journey.focus
    ordered = sorted(METRICS, key=lambda m: focus.index(m.name) if m.name in focus else len(focus))
    rows = [_row(snapshot, metric, readings[metric.name]) for metric in ordered if metric.name in readings]
    return Scorecard(moment(snapshot.as_of_us), tuple(rows))


def _readings(snapshot: Snapshot, arrow: Arrow, drift: Drift) -> dict[str, Reading]:
    readings = {name: _index(snapshot, arrow, name) for name in ("friction_index", "momentum_index", "advocacy_index")}
    readings |= _weekly_shares(snapshot, arrow)
    readings |= _contact_readings(snapshot, arrow)
    readings |= {
        kind: _answers(snapshot, arrow, kind, estimate)
        for kind, estimate in (("nps", feedback.nps), ("csat", feedback.csat), ("ces", feedback.ces))
        if feedback.answer_keys(snapshot.plan, kind)
    }
    readings |= _value_readings(snapshot, arrow)
    readings["churn"] = _churn(snapshot, arrow)
    known = [zone for zone in drift.zones if zone.stall.value is not None]
    worst = max(known, key=lambda zone: zone.stall.value or 0.0, default=None)
    if worst is not None:
        before = Estimate(None) if worst.change_stall.value is None else _minus(worst.stall, worst.change_stall.value)
        readings["stall_share"] = Reading(worst.stall, before, "the earlier entrants", (), worst.change_stall)
    if drift.impact.value is not None:
        readings["drift_impact"] = Reading(drift.impact)
    return readings


def _minus(estimate: Estimate, change: float) -> Estimate:
    return Estimate((estimate.value or 0.0) - change)


def _index(snapshot: Snapshot, arrow: Arrow, name: str) -> Reading:
    """Mean over customers by week; now against four weeks before, the same draw of buckets for both."""
    weeks = snapshot.customer_weeks
    last = snapshot.first_week + snapshot.n_weeks - 1
    recent = weeks.filter(weeks.week > last - SPARK_WEEKS - BACK_WEEKS)
    recent = recent.mutate(bucket=bucket_of(recent.customer_key))
    sums = arrow(recent.group_by("week", "bucket").agg(n=recent.count(), total=recent[name].sum()))
    now = snapshot.customer_now.mutate(bucket=bucket_of(snapshot.customer_now.customer_key))
    now_sums = arrow(now.group_by("bucket").agg(n=now.count(), total=now[name].sum()))
    total, n = _buckets(now_sums)
    current = bucket_mean(total, n, seed=1)
    series = _series(sums, last)
    then_total, then_n = _buckets(sums.filter(pa.compute.equal(sums["week"], last - BACK_WEEKS)))
    previous = bucket_mean(then_total, then_n, seed=1)
    change = None
    if current.low is not None and previous.low is not None:
        change = _paired_change(total, n, then_total, then_n)
    year = weeks.filter(weeks.week > last - YEAR_WEEKS)
    quarters = _quarters(arrow(year.group_by("week").agg(n=year.count(), mean=year[name].mean())))
    return Reading(current, previous, "4 weeks before", series, change, quarters)


def _quarters(weekly: pa.Table) -> tuple[float, ...]:
    """The mean of every 13 weeks in a row with enough customers in each of them."""
    mean = {row["week"]: row["mean"] for row in weekly.to_pylist() if row["n"] >= FEWEST}
    starts = [week for week in mean if all(week + i in mean for i in range(QUARTER_WEEKS))]
    return tuple(sum(mean[week + i] for i in range(QUARTER_WEEKS)) / QUARTER_WEEKS for week in sorted(starts))


def _paired_change(total: Any, n: Any, then_total: Any, then_n: Any) -> Estimate:
    """Change of a mean over largely the same customers: both drawn with the same bucket weights."""
    weights = np.random.default_rng(1).standard_exponential((1000, N_BUCKETS))
    drawn = (weights @ total) / (weights @ n) - (weights @ then_total) / (weights @ then_n)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Estimate(total.sum() / n.sum() - then_total.sum() / then_n.sum(), float(low), float(high), int(n.sum()))


def _buckets(sums: pa.Table) -> tuple[Any, Any]:
    total, n = np.zeros(N_BUCKETS), np.zeros(N_BUCKETS)
    at = sums["bucket"].to_numpy()
    total[at], n[at] = sums["total"].to_numpy(), sums["n"].to_numpy()
    return total, n


def _series(sums: pa.Table, last: int) -> tuple[float | None, ...]:
    total: dict[int, float] = {}
    n: dict[int, float] = {}
    for row in sums.to_pylist():
        total[row["week"]] = total.get(row["week"], 0.0) + row["total"]
        n[row["week"]] = n.get(row["week"], 0) + row["n"]
    return tuple(total[w] / n[w] if n.get(w) else None for w in range(last - SPARK_WEEKS, last))


def _weekly_shares(snapshot: Snapshot, arrow: Arrow) -> dict[str, Reading]:
    """Customers inside the journey with core use, or a new issue, in the week."""
    plan, last = snapshot.plan, snapshot.first_week + snapshot.n_weeks - 1
    inside = snapshot.customer_weeks
    lately = inside.filter(inside.week >= last - SPARK_WEEKS)
    counts = arrow(lately.group_by("week").agg(n=lately.count()))
    n = dict(zip(counts["week"].to_pylist(), counts["n"].to_pylist(), strict=True))
    readings = {}
    for name, keys in (("core_use", plan.core_keys), ("contact_rate", plan.issue_keys or plan.complaint_keys)):
        if not keys:
            continue
        rows = snapshot.signal_weeks
        active = rows.filter(rows.signal_key.isin(keys) & (rows.n_events > 0) & (rows.week >= last - SPARK_WEEKS))
        active = active.select("customer_key", "week").distinct().semi_join(inside, ["customer_key", "week"])
        found = arrow(active.group_by("week").agg(n=active.count()))
        k = dict(zip(found["week"].to_pylist(), found["n"].to_pylist(), strict=True))
        series = tuple(k.get(w, 0) / n[w] if n.get(w) else None for w in range(last - SPARK_WEEKS, last))
        whole = _last_whole_week(snapshot)
        current = wilson(k.get(whole, 0), n[whole]) if n.get(whole) else nothing()
        back = whole - BACK_WEEKS
        previous = wilson(k.get(back, 0), n[back]) if n.get(back) else nothing()
        readings[name] = Reading(current, previous, "4 weeks before", series, difference(current, previous))
    return readings


def _last_whole_week(snapshot: Snapshot) -> int:
    last = snapshot.first_week + snapshot.n_weeks - 1
    ends_now = Calendar(snapshot.zone, snapshot.as_of_us, snapshot.as_of_us).end_at(last) == snapshot.as_of_us
    return last if ends_now else last - 1


def _contact_readings(snapshot: Snapshot, arrow: Arrow) -> dict[str, Reading]:
    rows = arrow(contacts(snapshot))
    if not rows.num_rows:
        return {}
    days = (snapshot.as_of_us - rows["occurred_us"].to_numpy()) / US_PER_DAY
    again = rows["is_repeated"].to_numpy(zero_copy_only=False)
    recent, before = days <= feedback.WINDOW_DAYS, (days > feedback.WINDOW_DAYS) & (days <= 2 * feedback.WINDOW_DAYS)
    shares = [wilson(int(again[part].sum()), int(part.sum())) if part.any() else nothing() for part in (recent, before)]
    other = [_complement(share) for share in shares]
    # A contact is told once seven days have followed it: at an earlier week it was not known for the last seven.
    series = _rolling(days - REPEAT_DAYS, lambda part: float(again[part].mean()))
    kept = tuple(None if share is None else 1 - share for share in series)
    before_that = "the 90 days before"
    return {
        "repeat_contact": Reading(shares[0], shares[1], before_that, series, difference(shares[0], shares[1])),
        "first_contact_resolution": Reading(other[0], other[1], before_that, kept, difference(other[0], other[1])),
    }


def _rolling(days: Any, measure: Callable[[Any], float | None]) -> tuple[float | None, ...]:
    """A measure of the rows of the 90 days up to each of the last weeks; None where fewer than 10 are in them."""
    series = []
    for back in range(SPARK_WEEKS, -1, -1):
        part = _window(days - 7 * back)
        series.append(measure(part) if part.sum() >= FEWEST else None)
    return tuple(series)


def _window(days: Any) -> Any:
    """Rows of the last 90 days."""
    return (days > 0) & (days <= feedback.WINDOW_DAYS)


def _complement(share: Estimate) -> Estimate:
    if share.value is None or share.low is None or share.high is None:
        return share
    return Estimate(1 - share.value, 1 - share.high, 1 - share.low, share.n)


def _answers(snapshot: Snapshot, arrow: Arrow, kind: str, estimate: Callable[[Sequence[float]], Estimate]) -> Reading:
    rows = arrow(feedback.answers(snapshot, kind))
    days = (snapshot.as_of_us - rows["occurred_us"].to_numpy()) / US_PER_DAY

    def measured(part: Any) -> Estimate:
        return estimate(feedback.newest(rows.filter(pa.array(part)), snapshot.plan))

    now, then = measured(_window(days)), measured(_window(days - feedback.WINDOW_DAYS))
    if now.value is None:
        now = nothing(0, Reason.NO_EVENTS)
    series = _rolling(days, lambda part: measured(part).value)
    return Reading(now, then, "the 90 days before", series, difference(now, then))


def _value_readings(snapshot: Snapshot, arrow: Arrow) -> dict[str, Reading]:
    times = value_times(snapshot)
    rule = snapshot.plan.journey.time_to_value
    if times is None or rule is None:
        return {}
    target = rule.target.days if rule.target else 7.0
    rows, days = arrow(times), (target,)
    weekly = [
        time_to_value(known_at(rows, at_us), as_of_us=at_us, days=days)
        for at_us in (snapshot.as_of_us - int(7 * back * US_PER_DAY) for back in range(SPARK_WEEKS, -1, -1))
    ]
    return {
        "time_to_value": Reading(weekly[-1].median, series=tuple(one.median.value for one in weekly)),
        "onboarding_completion": Reading(
            weekly[-1].reached[days[0]], series=tuple(one.reached[days[0]].value for one in weekly)
        ),
    }


def _churn(snapshot: Snapshot, arrow: Arrow) -> Reading:
    """Who was inside so many days ago and has exited since, beside the same a period earlier."""
    rows = arrow(snapshot.stays.select("customer_key", "entered_us", "left_us", "ended_by"))
    entered = rows["entered_us"].to_numpy()
    left = rows["left_us"].cast(pa.int64()).fill_null(2**62).to_numpy()
    is_exit = np.array([how == "exited" for how in rows["ended_by"].to_pylist()], dtype=bool)
    keys = rows["customer_key"].to_numpy()

    def share(end: int) -> Estimate:
        start = end - int(CHURN_DAYS * US_PER_DAY)
        inside = np.unique(keys[(entered < start) & (left >= start)])
        gone = np.intersect1d(inside, keys[is_exit & (left >= start) & (left < end)])
        return wilson(len(gone), len(inside)) if len(inside) else nothing()

    ends = [snapshot.as_of_us - int(back * CHURN_DAYS * US_PER_DAY) for back in (0, 1)]
    now, then = share(ends[0]), share(ends[1])
    series = tuple(share(snapshot.as_of_us - int(7 * back * US_PER_DAY)).value for back in range(SPARK_WEEKS, -1, -1))
    return Reading(now, then, "the 28 days before", series, difference(now, then))


def _row(snapshot: Snapshot, metric: Metric, reading: Reading) -> Row:
    journey = snapshot.plan.journey
    target = _target(journey.targets.get(metric.name), metric, reading)
    if metric.name == "time_to_value" and target is None and journey.time_to_value and journey.time_to_value.target:
        target = journey.time_to_value.target.days
    change = reading.change
    real = change.is_real() if change is not None and change.value is not None else None
    value = reading.current.value
    met = None if target is None or value is None else (value >= target) == metric.is_high_good or value == target
    better = None if not real or change is None or change.value is None else (change.value > 0) == metric.is_high_good
    stages = [stage for stage in journey.stages if metric.name in stage.metrics]
    return Row(
        metric, reading.current, reading.previous, reading.against, target, met, real, better,
        journey.actions.get(metric.name, ""),
        journey.owners.get(metric.name, "") or (stages[0].lead if stages else ""),
        tuple(dict.fromkeys(team for stage in stages for team in stage.supporting)),
        reading.series,
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
        "reason": row.current.reason,
        "series": [plain(value) for value in row.series],
    }
