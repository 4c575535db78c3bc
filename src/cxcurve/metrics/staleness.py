"""Sources that have gone silent, and up to when what they bring is known (definitions.md, 3).

A source silent for longer than its usual gap is stale. What rests on it is told as of its last event, not of the tick:
missing data never improves a score. At every tick only the events before it are known.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import NamedTuple

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cxcurve.journey.calendar import Calendar
from cxcurve.journey.plan import Plan, is_weighed
from cxcurve.tables import US_PER_DAY

USUAL_SHARE, FEWEST_GAPS = 0.99, 20
NONE_US = -(2**62)
"""Stands for the last event where there was none."""

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def brought(log: ir.Table, calendar: Calendar) -> ir.Table:
    """What each source brought on each day: source, signal_key, day, n, first_us, last_us.

    By local days, since weeks end at local midnights and none lies on both sides of one.
    """
    local = calendar.local(log.occurred_us)
    days = log.select("source", "signal_key", "occurred_us", day=local - local % US_PER_DAY)
    return days.group_by("source", "signal_key", "day").agg(
        n=days.count(), first_us=days.occurred_us.min(), last_us=days.occurred_us.max()
    )


class SilentSource(NamedTuple):
    """A source that brings nothing: its name, for how many days, and how many are usual at most."""

    name: str
    days: float
    usual_days: float


@dataclass(frozen=True, eq=False)
class Feeds:
    """What each source had brought by each tick.

    Attributes:
        names: the sources, in order.
        ends_us: the ticks.
        last_us: sources x ticks, the latest event before; `NONE_US` where there was none.
        usual_us: sources x ticks, the longest silence that is usual; inf where nothing says.
        pair_source, pair_key: which signal came from which source.
        pair_counts: pairs x ticks, events so far.
    """

    names: tuple[str, ...]
    ends_us: Ints
    last_us: Ints
    usual_us: Floats
    pair_source: Ints
    pair_key: Ints
    pair_counts: Ints

    @classmethod
    def read(cls, days: pa.Table, ends_us: Ints, expected_gaps: Mapping[str, int]) -> Feeds:
        """From the rows of `brought`; expected gaps in microseconds, by source."""
        found = days["source"].combine_chunks().dictionary_encode()
        names = tuple(sorted(found.dictionary.to_pylist()))
        place = {name: number for number, name in enumerate(names)}
        numbers = np.array([place[name] for name in found.dictionary.to_pylist()], dtype=np.int64)
        source = numbers[np.asarray(found.indices)] if names else np.zeros(0, dtype=np.int64)
        key, day, n, first_us, last_us = (
            days[name].to_numpy().astype(np.int64) for name in ("signal_key", "day", "n", "first_us", "last_us")
        )
        known = [
            _known(day[own], first_us[own], last_us[own], ends_us, expected_gaps.get(name))
            for name, own in ((name, source == number) for name, number in place.items())
        ]
        pairs, pair = np.unique(source * 2**32 + key, return_inverse=True)
        counts = np.zeros((len(pairs), len(ends_us) + 1), dtype=np.int64)
        np.add.at(counts, (pair, np.searchsorted(ends_us, last_us, "right")), n)
        shape = (len(names), len(ends_us))
        return cls(
            names,
            ends_us,
            np.array([last for last, _ in known], dtype=np.int64).reshape(shape),
            np.array([usual for _, usual in known], dtype=np.float64).reshape(shape),
            pairs // 2**32,
            pairs % 2**32,
            np.cumsum(counts, axis=1)[:, : len(ends_us)],
        )

    @cached_property
    def is_stale(self) -> Bools:
        """Sources x ticks: silent for longer than is usual."""
        return (self.last_us > NONE_US) & (self.ends_us - self.last_us > self.usual_us)

    @property
    def silent(self) -> tuple[SilentSource, ...]:
        """The sources that are stale at the last tick, the longest silence first."""
        return self.silent_at(int(self.ends_us[-1]))

    def silent_at(self, us: int) -> tuple[SilentSource, ...]:
        """The same at a later moment, where nothing more has come."""
        behind = us - self.last_us[:, -1]
        is_stale = (self.last_us[:, -1] > NONE_US) & (behind > self.usual_us[:, -1])
        found = [
            SilentSource(self.names[i], float(behind[i]) / US_PER_DAY, float(self.usual_us[i, -1]) / US_PER_DAY)
            for i in np.flatnonzero(is_stale)
        ]
        return tuple(sorted(found, key=lambda source: (-source.days, source.name)))

    def last_of(self, keys: Sequence[int]) -> Ints:
        """At each tick the latest event of the sources that had brought such signals; `NONE_US` where none had."""
        return self._last(self._counts(keys) > 0)

    def _last(self, has: Bools) -> Ints:
        return np.asarray(np.where(has, self.last_us, NONE_US).max(axis=0, initial=NONE_US))

    def stands_of(self, keys: Sequence[int]) -> Ints:
        """Until when these signals are known: where all sources that had brought them are stale, their last event."""
        has = self._counts(keys) > 0
        is_held = has.any(axis=0) & ~(has & ~self.is_stale).any(axis=0)
        return np.where(is_held, self._last(has), self.ends_us)

    def stands_of_most(self, keys: Sequence[int]) -> Ints:
        """The same by the one source that had brought most of them: where one of many lives, the others are missing."""
        if not self.names:
            return self.ends_us
        counts = self._counts(keys)
        most = counts.argmax(axis=0), np.arange(len(self.ends_us))
        return np.where((counts[most] > 0) & self.is_stale[most], self.last_us[most], self.ends_us)

    def _counts(self, keys: Sequence[int]) -> Ints:
        """Sources x ticks: how many of these signals each source had brought."""
        found = np.zeros((len(self.names), len(self.ends_us)), dtype=np.int64)
        mine = np.isin(self.pair_key, keys)
        np.add.at(found, self.pair_source[mine], self.pair_counts[mine])
        return found


def _known(day: Ints, first_us: Ints, last_us: Ints, ends_us: Ints, expected_us: int | None) -> tuple[Ints, Floats]:
    """By tick the latest event of a source and its usual gap.

    A gap is the time from the last event of one day to the first of the next that has any, so that a batch of a
    thousand rows is no thousand gaps; and a day at least, so that no score in the evening finds the feeds silent.
    """
    _, place = np.unique(day, return_inverse=True)
    first, last = np.full(place.max() + 1, -NONE_US), np.full(place.max() + 1, NONE_US)
    np.minimum.at(first, place, first_us)
    np.maximum.at(last, place, last_us)
    n_days = np.searchsorted(last, ends_us, "left")
    gaps = np.maximum(first[1:] - last[:-1], US_PER_DAY)
    otherwise = np.inf if expected_us is None else float(expected_us)
    usual = np.where(n_days > FEWEST_GAPS, _usual_gaps(gaps.tobytes(), n_days.tobytes()), otherwise)
    return np.r_[NONE_US, last][n_days], usual


@lru_cache(maxsize=64)
def _usual_gaps(gaps: bytes, n_days: bytes) -> Floats:
    """The usual gap by each tick, of the days up to then; from minute to minute neither is another."""
    between, until = np.frombuffer(gaps, dtype=np.int64), np.frombuffer(n_days, dtype=np.int64)
    usual = {n: usual_gap(between[: n - 1]) if n > FEWEST_GAPS else np.inf for n in set(until.tolist())}
    return np.array([usual[n] for n in until.tolist()])


def usual_gap(gaps: Ints) -> float:
    """The 99th percentile; of fewer than a hundred gaps it is the longest."""
    rank = int(np.ceil(USUAL_SHARE * len(gaps))) - 1
    return float(np.partition(gaps, rank)[rank])


@dataclass(frozen=True, eq=False)
class Standing:
    """As of when everything is told at each tick: the tick itself, or the last event of sources that are stale.

    Attributes:
        signals_us: by signal key (ticks,), of signals that were ever held.
        use_us: (ticks,), core use: decline.
        used_us: (ticks,), the latest event of its sources, stale or not.
        activity_us: (ticks,), what customers make: silence.
        activity_days: (ticks,), the business day there.
        stage_behind_us: ticks x stages, how long ago it is that moving on was known: stall.
        is_stale: (ticks,), whether anything that counts is told as of an earlier moment.
    """

    signals_us: Mapping[int, Ints]
    use_us: Ints
    used_us: Ints
    activity_us: Ints
    activity_days: Floats
    stage_behind_us: Ints
    is_stale: Bools

    @property
    def held_us(self) -> dict[int, int]:
        """By signal key as of when those are told at the last tick that were ever held."""
        return {key: int(us[-1]) for key, us in self.signals_us.items()}

    def behind_us(self, ends_us: Ints) -> int:
        """How old the oldest moment is as of which anything that counts is told at the last tick; 0 where all is."""
        told = [self.use_us, self.activity_us, ends_us - self.stage_behind_us.max(axis=1), *self.signals_us.values()]
        return int(max(ends_us[-1] - us[-1] for us in told))

    def mark(self, ends_us: Ints, weeks: slice) -> str:
        """What tells it from another in some of its ticks: what is told as of an earlier moment, and of which."""
        told = [("use", ends_us - self.use_us), ("activity", ends_us - self.activity_us)]
        told += [(f"stage {number}", behind) for number, behind in enumerate(self.stage_behind_us.T)]
        told += [(f"signal {key}", ends_us - us) for key, us in sorted(self.signals_us.items())]
        late = [
            (name, ends_us[weeks][behind[weeks] > 0].tolist(), behind[weeks][behind[weeks] > 0].tolist())
            for name, behind in told
        ]
        return hashlib.sha256(repr([one for one in late if one[1]]).encode()).hexdigest()

    def since(self, n: int) -> Standing:
        """Without the first `n` ticks."""
        rest = {name: getattr(self, name)[n:] for name in self.__dataclass_fields__ if name != "signals_us"}
        return replace(self, signals_us={key: held[n:] for key, held in self.signals_us.items()}, **rest)


def standing(feeds: Feeds, plan: Plan, business_days: Floats, business_day_at: Callable[[int], float]) -> Standing:
    """As of when everything is told.

    Args:
        feeds: what each source had brought.
        plan: the tracking plan.
        business_days: business day that each tick ends.
        business_day_at: the business day of a moment, counted alike.
    """
    ends, states = feeds.ends_us, {name for name, state in plan.journey.states.items() if state.friction}
    held = {key: feeds.stands_of(_rests_on(plan, key)) for key, signal in plan.signals.items() if is_weighed(signal)}
    held = {key: us for key, us in held.items() if (us < ends).any()}
    use = feeds.stands_of(plan.core_keys) if "decline" in states else ends
    activity = feeds.stands_of_most(plan.customer_made_keys) if "silence" in states else ends
    days = {us: business_day_at(us) for us in set(activity[activity < ends].tolist())}
    behind = np.zeros((len(ends), len(plan.journey.stages)), dtype=np.int64)
    if "stall" in states:
        behind = np.stack([ends - feeds.stands_of_most(keys) for keys in _onward(plan)], axis=1)
    is_stale = np.logical_or.reduce(
        [*(us < ends for us in held.values()), use < ends, activity < ends, (behind > 0).any(axis=1)]
    )
    return Standing(
        held,
        use,
        feeds.last_of(plan.core_keys),
        activity,
        np.array([days.get(us, day) for us, day in zip(activity.tolist(), business_days.tolist(), strict=True)]),
        behind,
        is_stale,
    )


def overdue_since(issues: pa.Table, keys: Ints, held_us: Mapping[int, Ints], ends_us: Ints, overdue_us: int) -> Floats:
    """Ticks x customers: issues that have fallen due since the last event of their sources, of those stale.

    Nobody knows whether they are still open.

    Args:
        issues: rows of `episodes`.
        keys: the customers, in order.
        held_us: by signal until when it is known at each tick.
        ends_us: the ticks.
        overdue_us: how long an issue may stay open.
    """
    found = np.zeros((len(ends_us), len(keys)))
    due_us = issues["opened_us"].to_numpy() + overdue_us
    ended_us = issues["ended_us"].cast(pa.int64()).fill_null(-NONE_US).to_numpy()
    customer = np.searchsorted(keys, issues["customer_key"].to_numpy())
    signal, falls_due = issues["signal_key"].to_numpy(), ended_us > due_us
    for key, until_us in held_us.items():
        mine = falls_due & (signal == key)
        for tick in np.flatnonzero(until_us < ends_us):
            since = mine & (due_us > until_us[tick]) & (due_us < ends_us[tick])
            np.add.at(found[tick], customer[since], 1.0)
    return found


def _rests_on(plan: Plan, key: int) -> list[int]:
    """A signal, and what ends it: where that still comes the sum goes on."""
    end = plan.signals[key].until
    return [key, *(plan.keys_of(end) if end else ())]


def _onward(plan: Plan) -> list[list[int]]:
    """By stage the signals that enter a later one: by these a customer is known to have moved on."""
    names = plan.journey.stage_names
    return [
        [key for key in plan.stage_keys if names.index(plan.signals[key].stage or "") > stage]
        for stage in range(len(names))
    ]
