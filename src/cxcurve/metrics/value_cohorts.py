"""Cohorts of Time to Value: by month of the start and by segment, censoring kept (definitions.md, 5)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cxcurve.errors import Reason
from cxcurve.metrics.months import months
from cxcurve.metrics.time_to_value import FEWEST_RECENT, REACHED, TimeToValue, time_to_value, waits
from cxcurve.stats.estimates import Estimate, Floats, difference, nothing
from cxcurve.stats.event_table import EventTable
from cxcurve.stats.logrank import logrank
from cxcurve.stats.multiplicity import holm
from cxcurve.stats.survival import aalen_johansen, curves_cross, restricted_mean_without_difference
from cxcurve.tables import US_PER_DAY

FEWEST_FOLLOWED = 10
"""A share by day or a median is told where so many started that long ago: a month that has just begun is not fast."""
MOST_MONTHS, MOST_COHORTS = 24, 12
HORIZON_DAYS = 90.0


@dataclass(frozen=True, slots=True)
class Month:
    """Who started in a month, as in 2026-03, with the rows it rests on; what too few were followed for is None."""

    month: str
    found: TimeToValue
    times: pa.Table


@dataclass(frozen=True, slots=True)
class Comparison:
    """A cohort against all others who have a value of the segment.

    Attributes:
        p_value: cause-specific log-rank on reaching value, Holm over all cohorts compared.
        effect: share reached by the target day, cohort minus the others.
        is_crossing: whether the two curves cross, where the log-rank test says little.
        waits_longer: where they cross, how many days more without value the cohort has within `horizon_days`.
        horizon_days: up to 90, as far as ten on each side were followed.
    """

    p_value: float
    effect: Estimate
    is_crossing: bool
    waits_longer: Estimate
    horizon_days: float


@dataclass(frozen=True, slots=True)
class Cohort:
    """Who has a value of a segment, with the rows it rests on; without a comparison, `reason` says why."""

    by: str
    value: str
    found: TimeToValue
    times: pa.Table
    compared: Comparison | None
    reason: Reason | None


def by_month(times: pa.Table, *, as_of_us: int, zone: str, days: Sequence[float]) -> list[Month]:
    """Who started in each month of the zone, the first month first, at most 24; months without starts are there too.

    Args:
        times: rows of `time_to_value.value_times`.
        as_of_us: now.
        zone: whose months.
        days: days at which the share reached is told.
    """
    if not times.num_rows:
        return []
    start = times["start_us"].to_numpy()
    edges = months(int(start.min()), as_of_us, zone)[-MOST_MONTHS - 1 :]
    parts = [(month, _part(times, (start >= low) & (start < high))) for (month, low), (_, high) in pairwise(edges)]
    return [Month(f"{month:%Y-%m}", _told(part, as_of_us, days), part) for month, part in parts]


def by_segment(
    times: pa.Table,
    segments: Mapping[str, Mapping[int, str]],
    *,
    as_of_us: int,
    days: Sequence[float],
    target_days: float,
) -> list[Cohort]:
    """The values of each segment, the largest 12 of each, compared with all others who have a value.

    Args:
        times: rows of `time_to_value.value_times`.
        segments: by key of the segment and customer key: the customer's value.
        as_of_us: now.
        days: days at which the share reached is told.
        target_days: one of `days`: the day at which shares are compared.

    Source: Peto & Peto 1972 (log-rank); Holm 1979; where curves cross: Andersen 2013, Stat. Med. 32:5278-5285
    """
    keys = times["customer_key"].to_pylist()
    found = []
    for by, value_of in segments.items():
        values = np.array([value_of.get(key) or "" for key in keys], dtype=object)
        for value in _largest(values):
            mine, rest = _part(times, values == value), _part(times, (values != value) & (values != ""))
            compared, reason = _compared(mine, rest, as_of_us, target_days)
            found.append(Cohort(by, value, _told(mine, as_of_us, days), mine, compared, reason))
    return _corrected(found)


def _largest(values: NDArray[np.object_]) -> list[str]:
    names, sizes = np.unique(values[values != ""], return_counts=True)
    ranked = sorted(zip(names.tolist(), sizes.tolist(), strict=True), key=lambda pair: (-pair[1], pair[0]))
    return [name for name, _ in ranked[:MOST_COHORTS]]


def _compared(
    mine: pa.Table, rest: pa.Table, as_of_us: int, target_days: float
) -> tuple[Comparison | None, Reason | None]:
    """The comparison before Holm; none with fewer than 20 on a side, or where nobody has reached value."""
    if min(mine.num_rows, rest.num_rows) < FEWEST_RECENT:
        return None, Reason.TOO_FEW
    first, second = (EventTable.from_rows(*waits(part, as_of_us), 2) for part in (mine, rest))
    test = logrank([first, second], cause=REACHED)
    if test.p_value is None:
        return None, test.reason
    here, there = (_told(part, as_of_us, (target_days,)).reached[target_days] for part in (mine, rest))
    one, other = (aalen_johansen(table, REACHED) for table in (first, second))
    followed = (_followed_days(part, as_of_us) for part in (mine, rest))
    horizon = min(HORIZON_DAYS, one.followed_days, other.followed_days, *followed)
    is_crossing = curves_cross(one, other, until_days=horizon)
    longer = restricted_mean_without_difference(first, second, REACHED, horizon) if is_crossing else nothing()
    return Comparison(test.p_value, difference(here, there), is_crossing, longer, horizon), None


def _corrected(found: Sequence[Cohort]) -> list[Cohort]:
    """Holm over all comparisons; of a segment with two values both are the same one, which counts once."""
    n_values = Counter(one.by for one in found)
    names = [(one.by, "" if n_values[one.by] == 2 else one.value) for one in found]
    tests = {name: one.compared.p_value for name, one in zip(names, found, strict=True) if one.compared}
    p_values = dict(zip(tests, holm(list(tests.values())).tolist(), strict=True)) if tests else {}
    return [
        replace(one, compared=replace(one.compared, p_value=p_values[name])) if one.compared else one
        for name, one in zip(names, found, strict=True)
    ]


def _told(part: pa.Table, as_of_us: int, days: Sequence[float]) -> TimeToValue:
    """Its time to value, without the numbers that fewer than ten were followed for."""
    found = time_to_value(part, as_of_us=as_of_us, days=days)
    followed = _followed_days(part, as_of_us)
    reason = Reason.NO_EVENTS if found.n == 0 else Reason.TOO_FEW if found.n < FEWEST_FOLLOWED else None

    def firm(estimate: Estimate, day: float | None) -> Estimate:
        if reason is not None:
            return nothing(found.n, reason)
        return estimate if day is None or day <= followed else nothing(found.n, Reason.NOT_FOLLOWED)

    reached = {day: firm(share, day) for day, share in found.reached.items()}
    return replace(found, median=firm(found.median, found.median.value), reached=reached, reason=reason)


def _followed_days(part: pa.Table, as_of_us: int) -> float:
    """Days since the start that at least ten are past; 0 with fewer."""
    since: Floats = np.sort((as_of_us - part["start_us"].to_numpy()) / US_PER_DAY)[::-1]
    return float(since[FEWEST_FOLLOWED - 1]) if len(since) >= FEWEST_FOLLOWED else 0.0


def _part(times: pa.Table, rows: NDArray[np.bool_]) -> pa.Table:
    return times.filter(pa.array(rows))
