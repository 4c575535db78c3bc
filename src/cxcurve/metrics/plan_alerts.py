"""What changed in the events themselves: more or fewer than usual, new, stopped, or of another shape.

A tracking plan breaks silently: a release renames an event, a property gets lost. Each whole day is held against the
eight weeks before it; all tests of a day are corrected together (Holm), so that chance alone alarms on few days.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cxcurve.stats.multiplicity import holm
from cxcurve.stats.proportions import wilson
from cxcurve.stats.shares_again import more_often_p
from cxcurve.stats.usual_range import WINDOW, silence_p, usual_range

ALPHA = 0.05
SHOWN_DAYS = 28
"""Days that are looked at, up to the last whole one."""
FEWEST_BEFORE = 100
"""Events with a known shape before, under which nothing is said of a shape."""
ALWAYS = 0.99
"""A property in so large a share of events was always there."""

Kind = Literal["more", "fewer", "new", "stopped", "missing", "type"]
Ints = NDArray[np.int64]
ShapeKey = tuple[str, str, str]
"""Event, property, type of its value; property and type empty for all events that were looked at."""


@dataclass(frozen=True, eq=False)
class Days:
    """Counts of events by day.

    Attributes:
        names: of the events, n.
        first_day: the first column, days since 1970-01-01.
        counts: (n, days).
        shapes: (days,) by event, property and type: in how many of the events that were looked at.
    """

    names: tuple[str, ...]
    first_day: int
    counts: Ints
    shapes: Mapping[ShapeKey, Ints]

    @classmethod
    def of(
        cls, rows: Iterable[tuple[str, int, int]], shapes: Iterable[tuple[str, int, str, str, int]], last_day: int
    ) -> Days:
        """From rows of event, day, n, and of event, day, property, type, n; those after `last_day` are left out."""
        known = [row for row in rows if row[1] <= last_day]
        names = tuple(sorted({name for name, _, _ in known}))
        first = min((day for _, day, _ in known), default=last_day)
        counts = np.zeros((len(names), last_day - first + 1), dtype=np.int64)
        for name, day, n in known:
            counts[names.index(name), day - first] = n
        found: dict[ShapeKey, Ints] = defaultdict(lambda: np.zeros(counts.shape[1], dtype=np.int64))
        for name, day, prop, kind, n in shapes:
            if first <= day <= last_day:
                found[name, prop, kind][day - first] += n
        return cls(names, first, counts, dict(found))

    @cached_property
    def properties(self) -> dict[str, dict[str, dict[str, Ints]]]:
        """The shapes by event, property and type."""
        found: dict[str, dict[str, dict[str, Ints]]] = defaultdict(lambda: defaultdict(dict))
        for (name, prop, kind), counts in self.shapes.items():
            if kind:
                found[name][prop][kind] = counts
        return found


@dataclass(frozen=True, slots=True)
class Alert:
    """One thing that changed on a day.

    Attributes:
        day: days since 1970-01-01.
        event, kind: what, and how: more, fewer, new, stopped, missing (a property), type (of a property).
        found: events of the day, days without any (stopped), or a share (0-1) of its events.
        usual: the same before: the median, events a day, or the share.
        low, high: 95 %: where usual days lie, or around the share found.
        property, type: of a shape.
        p_value: corrected for all that was tested that day; None for a new event, which no test says.
    """

    day: int
    event: str
    kind: Kind
    found: float
    usual: float
    low: float | None = None
    high: float | None = None
    property: str = ""
    type: str = ""
    p_value: float | None = None


def plan_alerts(days: Days, n_days: int = SHOWN_DAYS) -> list[Alert]:
    """What changed on the last days, the latest first."""
    last = days.counts.shape[1]
    found = [alert for at in range(max(WINDOW, last - n_days), last) for alert in alerts_of_day(days, at)]
    return sorted(_begun(found), key=lambda one: (-one.day, one.event, one.kind, one.property))


def alerts_of_day(days: Days, at: int) -> list[Alert]:
    """What changed on the day of column `at`, which has 56 before it."""
    tested = [*_volumes(days, at), *_shapes(days, at)]
    new = list(_new(days, at))
    if not tested:
        return new
    corrected = holm([p for p, _ in tested])
    alarms = [_with_p(alert, float(p)) for p, (_, alert) in zip(corrected, tested, strict=True) if p < ALPHA]
    return [*new, *alarms]


def _with_p(alert: Alert, p: float) -> Alert:
    said = {name: getattr(alert, name) for name in Alert.__slots__}
    return Alert(**{**said, "p_value": p})


def _begun(alerts: Sequence[Alert]) -> Iterator[Alert]:
    """A pause is told on the day it is noticed, not on each day it goes on."""
    paused: set[tuple[str, int]] = set()
    for alert in alerts:
        since = (alert.event, alert.day - round(alert.found))
        if alert.kind != "stopped" or since not in paused:
            yield alert
        paused |= {since} if alert.kind == "stopped" else set()


def _new(days: Days, at: int) -> Iterator[Alert]:
    for name, counts in zip(days.names, days.counts, strict=True):
        if counts[at] and not counts[:at].any():
            yield Alert(days.first_day + at, name, "new", float(counts[at]), 0.0)


def _volumes(days: Days, at: int) -> Iterator[tuple[float, Alert]]:
    """Of events known since before the window; a day without any is looked at as a fall and as a pause."""
    known = np.flatnonzero(days.counts[:, : at - WINDOW + 1].any(axis=1))
    history, today = days.counts[known, at - WINDOW : at], days.counts[known, at]
    usual = usual_range(history, today)
    n_silent, p_silent = _pauses(days.counts[known, : at + 1])
    for i, k in enumerate(known):
        name, day, found = days.names[int(k)], days.first_day + at, int(today[i])
        middle, low, high = (float(values[i]) for values in (usual.middle, usual.low, usual.high))
        if found == 0 and p_silent[i] < usual.p_value[i]:
            mean = float(days.counts[k, at - n_silent[i] - WINDOW + 1 : at - n_silent[i] + 1].mean())
            yield min(2 * float(p_silent[i]), 1.0), Alert(day, name, "stopped", float(n_silent[i]), mean)
        else:
            p = float(usual.p_value[i]) * (2 if found == 0 else 1)
            kind: Kind = "more" if found > middle else "fewer"
            yield min(p, 1.0), Alert(day, name, kind, float(found), middle, low, high)


def _pauses(counts: Ints) -> tuple[Ints, NDArray[np.float64]]:
    """Days without any up to the last column, and how unlikely that is; only where 56 days lie before the pause."""
    last = counts.shape[1] - 1
    seen = np.array([int(np.flatnonzero(row)[-1]) for row in counts], dtype=np.int64)
    is_told = (seen < last) & (seen >= WINDOW - 1)
    p = np.ones(len(counts))
    if is_told.any():
        paused = zip(counts[is_told], seen[is_told], strict=True)
        history = np.array([row[end - WINDOW + 1 : end + 1] for row, end in paused])
        p[is_told] = silence_p(history, last - seen[is_told])
    return last - seen, p


def _shapes(days: Days, at: int) -> Iterator[tuple[float, Alert]]:
    for name in days.names:
        looked_at = days.shapes.get((name, "", ""))
        if looked_at is None or not looked_at[at]:
            continue
        for prop, kinds in days.properties[name].items():
            there = np.sum(list(kinds.values()), axis=0)
            yield from _missing(days, at, name, prop, looked_at, there)
            yield from _types(days, at, name, prop, kinds, there)


def _missing(days: Days, at: int, name: str, prop: str, looked_at: Ints, there: Ints) -> Iterator[tuple[float, Alert]]:
    """Of a property that was always there, where it is gone in more events than on any day before."""
    before, absent = slice(at - WINDOW, at), looked_at - there
    n_before, k_before = int(looked_at[before].sum()), int(absent[before].sum())
    if n_before < FEWEST_BEFORE or k_before > (1 - ALWAYS) * n_before:
        return
    shares = absent[before] / np.maximum(looked_at[before], 1)
    share = wilson(int(absent[at]), int(looked_at[at]))
    p = float(more_often_p(k_before, n_before, absent[at], looked_at[at]))
    alert = Alert(
        days.first_day + at, name, "missing", float(absent[at] / looked_at[at]), k_before / n_before, share.low,
        share.high, prop,
    )  # fmt: skip
    yield (p if alert.found > shares.max() else 1.0), alert


def _types(
    days: Days, at: int, name: str, prop: str, kinds: Mapping[str, Ints], there: Ints
) -> Iterator[tuple[float, Alert]]:
    """Of a property whose value has a type today that it never had; null is no type of its own."""
    before = slice(at - WINDOW, at)
    n_before, n = int(there[before].sum()), int(there[at])
    if n_before < FEWEST_BEFORE or not n:
        return
    others = {kind: counts for kind, counts in kinds.items() if kind != "null" and not counts[before].any()}
    fresh = {kind: int(counts[at]) for kind, counts in others.items() if counts[at]}
    kind = max(fresh, key=lambda one: (fresh[one], one), default="")
    k = fresh.get(kind, 0)
    share = wilson(k, n)
    p = float(more_often_p(0, n_before, k, n)) if k else 1.0
    yield p, Alert(days.first_day + at, name, "type", k / n, 0.0, share.low, share.high, prop, kind)
