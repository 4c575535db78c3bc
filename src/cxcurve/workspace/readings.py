"""Readings: every metric of the scorecard now and before, and the test of its change."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa

from cxcurve.errors import Reason
from cxcurve.journey.calendar import Calendar
from cxcurve.metrics import feedback
from cxcurve.metrics.contacts import REPEAT_DAYS, contacts
from cxcurve.metrics.curve import with_bucket
from cxcurve.metrics.drift import Zone
from cxcurve.metrics.self_service import FOLLOWED_DAYS, sessions
from cxcurve.metrics.silences import exits
from cxcurve.metrics.snapshot import Snapshot
from cxcurve.metrics.time_to_value import by_start, known_at, same_pace, time_to_value, value_times
from cxcurve.stats.bands import bucket_change, bucket_mean
from cxcurve.stats.clusters import effective_n
from cxcurve.stats.estimates import Estimate, difference, nothing, widened
from cxcurve.stats.proportions import wilson
from cxcurve.tables import N_BUCKETS, US_PER_DAY
from cxcurve.workspace.drift import Drift, zones_before

Arrow = Callable[[ir.Table], pa.Table]
SPARK_WEEKS, BACK_WEEKS = 12, 4
FEWEST_MOVES = 12
CHURN_DAYS = 28
ALPHA = 0.05
FEWEST, QUARTER_WEEKS, YEAR_WEEKS = 10, 13, 52


@dataclass(frozen=True, slots=True)
class Reading:
    """A metric now and before, with its last weeks, and its mean over every 13 weeks of the last year.

    `n_fewest` is the least number of customers whose doings it tells of, where it is told of sums.
    Where `change` carries a p value the change is real only if the test says so, and its interval too if there is one.
    """

    current: Estimate
    previous: Estimate = field(default_factory=nothing)
    against: str = ""
    series: tuple[float | None, ...] = ()
    change: Estimate | None = None
    quarters: tuple[float, ...] = ()
    n_unknown: int = 0
    n_fewest: int | None = None

    @property
    def is_real(self) -> bool | None:
        """Whether it changed, by all that was asked; None where nothing could be."""
        if self.change is None or self.change.value is None:
            return None
        by_interval, p_value = self.change.is_real(), self.change.p_value
        said = [one for one in (by_interval, None if p_value is None else p_value < ALPHA) if one is not None]
        return all(said) and self.change.value != 0 if said else None


def readings(snapshot: Snapshot, arrow: Arrow, drift: Drift) -> dict[str, Reading]:
    """Every metric of the registry that has data, by name."""
    found = {name: _index(snapshot, arrow, name) for name in ("friction_index", "momentum_index", "advocacy_index")}
    found |= _weekly_shares(snapshot, arrow)
    found |= _contact_readings(snapshot, arrow)
    found |= _self_service(snapshot, arrow)
    found |= {
        kind: _answers(snapshot, arrow, kind) for kind in feedback.MEASURES if feedback.answer_keys(snapshot.plan, kind)
    }
    found |= _value_readings(snapshot, arrow)
    found["churn"] = _churn(snapshot, arrow)
    found |= _quiet_exits(snapshot, arrow)
    return found | _drift_readings(drift, zones_before(snapshot, arrow))


def _drift_readings(drift: Drift, zones_then: Sequence[Zone]) -> dict[str, Reading]:
    readings = {}
    known = [zone for zone in drift.zones if zone.stall.value is not None]
    worst = max(known, key=lambda zone: zone.stall.value or 0.0, default=None)
    if worst is not None:
        moved = worst.change_stall.value
        before = Estimate(None if moved is None else (worst.stall.value or 0.0) - moved)
        # The p value is corrected for as many zones as were looked at.
        change = None if worst.change_p is None else replace(worst.change_stall, p_value=worst.change_p)
        readings["stall_share"] = Reading(worst.stall, before, "the earlier entrants", (), change)
    if drift.impact.value is not None or drift.impact.reason == Reason.NO_REVENUE:
        # Both moments are taken for independent, which is too wide, for most customers are the same; each takes who
        # drifts as given, which is too narrow. Where nothing changes, 3 to 8 of 100 are called real.
        then = drift.impact_before(zones_then)
        change = difference(drift.impact, then)
        readings["drift_impact"] = Reading(drift.impact, then, "4 weeks before", (), change)
    return readings


def _index(snapshot: Snapshot, arrow: Arrow, name: str) -> Reading:
    """Mean over customers by week; now against four weeks before, the same draw of buckets for both."""
    weeks = snapshot.comparable_weeks
    last = snapshot.first_week + snapshot.n_weeks - 1
    recent = with_bucket(weeks.filter(weeks.week > last - SPARK_WEEKS - BACK_WEEKS), snapshot)
    sums = arrow(recent.group_by("week", "bucket").agg(n=recent.count(), total=recent[name].sum()))
    now = with_bucket(snapshot.customer_now, snapshot)
    now_sums = arrow(now.group_by("bucket").agg(n=now.count(), total=now[name].sum()))
    total, n = _buckets(now_sums)
    current = _on_scale(bucket_mean(total, n, seed=1))
    series = _series(sums, last)
    then_total, then_n = _buckets(sums.filter(pa.compute.equal(sums["week"], last - BACK_WEEKS)))
    previous = _on_scale(bucket_mean(then_total, then_n, seed=1))
    change = bucket_change((total, n), (then_total, then_n), seed=1)
    year = weeks.filter(weeks.week > last - YEAR_WEEKS)
    weekly = arrow(year.group_by("week").agg(n=year.count(), mean=year[name].mean()))
    quarters, unknown = _quarters(weekly), _since_told(weekly, snapshot.behind_us)
    current, change = _on_scale(widened(current, unknown)), widened(change, unknown)
    return Reading(current, previous, "4 weeks before", series, change, quarters)


def _since_told(weekly: pa.Table, behind_us: int) -> float | None:
    """How far the mean may have moved since sources went silent, by how far it did in as long a time of this year.

    The 95th percentile of its moves; None where too few are known.
    """
    if not behind_us:
        return 0.0
    back = -(-behind_us // int(7 * US_PER_DAY))
    mean = {row["week"]: row["mean"] for row in weekly.to_pylist() if row["n"] >= FEWEST}
    moves = [abs(mean[week] - mean[week - back]) for week in mean if week - back in mean]
    return float(np.quantile(moves, 0.95)) if len(moves) >= FEWEST_MOVES else None


def _on_scale(index: Estimate) -> Estimate:
    """An index lies between 0 and 100, and so do the ends of its interval."""
    low, high = (None if end is None else min(max(end, 0.0), 100.0) for end in (index.low, index.high))
    return replace(index, low=low, high=high)


def _quarters(weekly: pa.Table) -> tuple[float, ...]:
    """The mean of every 13 weeks in a row with enough customers in each of them."""
    mean = {row["week"]: row["mean"] for row in weekly.to_pylist() if row["n"] >= FEWEST}
    starts = [week for week in mean if all(week + i in mean for i in range(QUARTER_WEEKS))]
    return tuple(sum(mean[week + i] for i in range(QUARTER_WEEKS)) / QUARTER_WEEKS for week in sorted(starts))


def _buckets(sums: pa.Table) -> tuple[Any, Any]:
    total, n = np.zeros(N_BUCKETS), np.zeros(N_BUCKETS)
    at = sums["bucket"].to_numpy()
    total[at], n[at] = sums["total"].to_numpy(), sums["n"].to_numpy()
    return total, n


def _series(sums: pa.Table, last: int) -> tuple[float | None, ...]:
    total: dict[int, list[float]] = defaultdict(list)
    n: dict[int, int] = defaultdict(int)
    for row in sums.to_pylist():
        total[row["week"]].append(row["total"])
        n[row["week"]] += row["n"]
    # fsum, for the rows come in any order, and the same log has to give the same number to the last bit.
    return tuple(math.fsum(total[w]) / n[w] if w in n else None for w in range(last - SPARK_WEEKS, last))


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
        whole = last_whole_week(snapshot)
        current = wilson(k.get(whole, 0), n[whole]) if n.get(whole) else nothing()
        back = whole - BACK_WEEKS
        previous = wilson(k.get(back, 0), n[back]) if n.get(back) else nothing()
        readings[name] = Reading(current, previous, "4 weeks before", series, difference(current, previous))
    return readings


def last_whole_week(snapshot: Snapshot) -> int:
    """Number of the last week that is over at as_of."""
    last = snapshot.first_week + snapshot.n_weeks - 1
    ends_now = Calendar(snapshot.zone, snapshot.as_of_us, snapshot.as_of_us).end_at(last) == snapshot.as_of_us
    return last if ends_now else last - 1


def _contact_readings(snapshot: Snapshot, arrow: Arrow) -> dict[str, Reading]:
    repeated = _followed_share(snapshot, arrow(contacts(snapshot)), "is_repeated", REPEAT_DAYS)
    if repeated is None:
        return {}
    return {"repeat_contact": repeated, "first_contact_resolution": _complement(repeated)}


def _self_service(snapshot: Snapshot, arrow: Arrow) -> dict[str, Reading]:
    found = sessions(snapshot)
    solved = None if found is None else _followed_share(snapshot, arrow(found), "is_solved", FOLLOWED_DAYS)
    return {} if solved is None else {"self_service": solved}


def _quiet_exits(snapshot: Snapshot, arrow: Arrow) -> dict[str, Reading]:
    found = _followed_share(snapshot, arrow(exits(snapshot)), "is_quiet")
    if found is None:
        return {}
    now, then = (one if one.n >= FEWEST else nothing(one.n) for one in (found.current, found.previous))
    return {"quiet_exits": replace(found, current=now, previous=then, change=difference(now, then))}


def _followed_share(snapshot: Snapshot, rows: pa.Table, name: str, followed_days: float = 0.0) -> Reading | None:
    """Share of what happened in 90 days, told once so many days have followed it; clustered by customer."""
    if not rows.num_rows:
        return None
    days = (snapshot.as_of_us - rows["occurred_us"].to_numpy()) / US_PER_DAY
    is_so, whose = rows[name].to_numpy(zero_copy_only=False), rows["customer_key"].to_numpy()

    def share(part: Any) -> Estimate:
        worth = effective_n(is_so[part], whose[part])
        return wilson(int(is_so[part].sum()), int(part.sum()), n_effective=worth)

    now, then = share(_window(days, followed_days)), share(_window(days - feedback.WINDOW_DAYS))
    series = _rolling(days, lambda part: float(is_so[part].mean()), followed_days)
    return Reading(now, then, "the 90 days before", series, difference(now, then))


def _rolling(days: Any, measure: Callable[[Any], float | None], followed_days: float = 0.0) -> tuple[float | None, ...]:
    """A measure of the rows of the 90 days up to each of the last weeks; None where fewer than 10 are in them."""
    series = []
    for back in range(SPARK_WEEKS, -1, -1):
        part = _window(days - 7 * back, followed_days)
        series.append(measure(part) if part.sum() >= FEWEST else None)
    return tuple(series)


def _window(days: Any, followed_days: float = 0.0) -> Any:
    """Rows of the last 90 days, as far as they were followed long enough to tell."""
    return (days > 0) & (days >= followed_days) & (days <= feedback.WINDOW_DAYS)


def _complement(reading: Reading) -> Reading:
    now, then = _rest(reading.current), _rest(reading.previous)
    series = tuple(None if share is None else 1 - share for share in reading.series)
    return Reading(now, then, reading.against, series, difference(now, then))


def _rest(share: Estimate) -> Estimate:
    if share.value is None or share.low is None or share.high is None:
        return share
    return Estimate(1 - share.value, 1 - share.high, 1 - share.low, share.n)


def _answers(snapshot: Snapshot, arrow: Arrow, kind: str) -> Reading:
    rows = arrow(feedback.answers(snapshot, kind))
    days = (snapshot.as_of_us - rows["occurred_us"].to_numpy()) / US_PER_DAY

    def said(part: Any) -> feedback.Answers:
        return feedback.newest(rows.filter(pa.array(part)), snapshot.plan, kind)

    measure = feedback.MEASURES[kind]
    latest = said(_window(days))
    now, then = measure(latest), measure(said(_window(days - feedback.WINDOW_DAYS)))
    if now.value is None:
        now = nothing(0, Reason.NO_EVENTS)
    series = _rolling(days, lambda part: _of_enough(measure(said(part))))
    return Reading(now, then, "the 90 days before", series, difference(now, then), n_unknown=latest.n_unknown)


def _of_enough(estimate: Estimate) -> float | None:
    """Its value; None where fewer than 10 answers are left once those that are none, and the replaced, are out."""
    return estimate.value if estimate.n >= FEWEST else None


def _value_readings(snapshot: Snapshot, arrow: Arrow) -> dict[str, Reading]:
    """Of who started lately, against who started before: everybody since the beginning would hardly ever change."""
    times = value_times(snapshot)
    rule = snapshot.plan.journey.time_to_value
    if times is None or rule is None:
        return {}
    target = rule.target.days if rule.target else 7.0
    rows, at_us = arrow(times), snapshot.as_of_us

    def of(part: pa.Table, now_us: int) -> tuple[Estimate, Estimate]:
        found = time_to_value(part, as_of_us=now_us, days=(target,))
        return found.median, found.reached[target]

    weeks = [at_us - int(7 * back * US_PER_DAY) for back in range(SPARK_WEEKS, -1, -1)]
    weekly = [of(by_start(known_at(rows, week_us), week_us)[0], week_us) for week_us in weeks]
    recent, earlier = by_start(rows, at_us)
    now, then = weekly[-1], of(earlier, at_us)
    # The intervals of two medians say little of whether the pace is the same: the test alone decides.
    test = same_pace(recent, earlier, at_us).p_value
    faster = None
    if test is not None and now[0].value is not None and then[0].value is not None:
        faster = Estimate(now[0].value - then[0].value, n=recent.num_rows, p_value=test)
    changes, against = (faster, difference(now[1], then[1])), "those who started earlier"
    return {
        name: Reading(now[i], then[i], against, tuple(one[i].value for one in weekly), changes[i])
        for i, name in enumerate(("time_to_value", "onboarding_completion"))
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
