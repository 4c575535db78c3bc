"""What stands beside a customer's stage: the pair, and states such as slipping back (definitions.md, 2, 3 and 7)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cxcurve.journey.calendar import Calendar
from cxcurve.journey.plan import Plan
from cxcurve.journey.stays import meets_when
from cxcurve.metrics.advocacy import ACTION_DAYS, critics
from cxcurve.metrics.pairs import NONE, PAIRS, matrices, pairs, with_bands
from cxcurve.metrics.snapshot import Snapshot
from cxcurve.metrics.staleness import Feeds
from cxcurve.tables import US_PER_DAY

NEW_WEEKS, NEW_EVENTS = 2, 3
"""A customer is new in the first 14 days of its cycle, and until its third event ever."""
SLIPPING_DAYS, QUIET_DAYS = 60, 180
NEW, SLIPPING, QUIET, CRITIC = STATES = ("new", "slipping back", "quiet advocate", "critic")
ALL_STATES = ("flowing", "pushing through", "coasting", "stuck", *STATES)
"""What a customer can be: one of the first four or new, and any of the others beside."""

_NEVER_WEEK = 2**30

Ints = NDArray[np.int64]
Read = Callable[[str, Callable[[Snapshot], ir.Table]], pa.Table]
"""Gives the rows of what is built from a snapshot; the name tells it from others."""


class State(NamedTuple):
    """A state, and since when the customer is in it."""

    name: str
    since_us: int


@dataclass(frozen=True, slots=True)
class Beside:
    """What stands beside a customer's stage; who is new has no pair."""

    pair: str | None = None
    pair_since_us: int | None = None
    states: tuple[State, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All of it in words."""
        return (*([self.pair] if self.pair else []), *(state.name for state in self.states))


def beside(snapshot: Snapshot, read: Read) -> dict[int, Beside]:
    """Of every customer of whom there is something to say, by customer_key."""
    now = read("lives", lives)
    told = [*_states(snapshot, now), *_critics(read("critics", _first_critical))]
    words = _pairs(snapshot, now, read("pair_weeks", pair_weeks))
    found: dict[int, list[State]] = {key: [] for key in words}
    for key, state in told:
        found.setdefault(key, []).append(state)
    pairs_of = {key: Beside(*words.get(key, (None, None))) for key in found}
    return {key: replace(pairs_of[key], states=tuple(states)) for key, states in found.items()}


def pair_weeks(snapshot: Snapshot) -> ir.Table:
    """The bands of everybody inside the journey, from when the cycle is 14 days old on."""
    weeks, now = snapshot.comparable_weeks, snapshot.customer_now
    columns = ("customer_key", "cycle", "cycle_week", "week", "friction_index", "momentum_index")
    before = weeks.filter(weeks.week < last_week(snapshot)).semi_join(now, ["customer_key", "cycle"])
    rows = before.select(*columns).union(now.select(*columns))
    return with_bands(rows.filter(rows.cycle_week >= NEW_WEEKS))


def lives(snapshot: Snapshot) -> ir.Table:
    """Everybody inside the journey, with what the states rest on.

    Returns:
        customer_key, stage, began_us (of the cycle), entered_us (the stage), used_us (the latest core use), spoke_us
        (the latest event that enters the last stage), third_week (of `_third_events`), is_new; null of what is not.
    """
    now, stays, log = snapshot.customer_now, snapshot.stays, snapshot.log
    cycles = stays.group_by("customer_key", "cycle").agg(
        began_us=stays.entered_us.min(), entered_us=stays.entered_us.max()
    )
    spoken = _last_stage_events(log, snapshot.plan)
    used = log.filter(log.signal_key.isin(snapshot.plan.core_keys or [-1])).select("customer_key", "occurred_us")
    spoken_last = spoken.group_by("customer_key").agg(spoke_us=spoken.occurred_us.max())
    used_last = used.group_by("customer_key").agg(used_us=used.occurred_us.max())
    rows = now.select("customer_key", "cycle", "stage", "cycle_week").join(cycles, ["customer_key", "cycle"])
    for table in (spoken_last, used_last, _third_events(snapshot)):
        rows = rows.left_join(table, "customer_key").drop("customer_key_right")
    return rows.select(
        "customer_key", "stage", "began_us", "entered_us", "spoke_us", "used_us", "third_week",
        is_new=(rows.cycle_week < NEW_WEEKS) | rows.third_week.isnull(),
    )  # fmt: skip


def known_until_us(feeds: Feeds, plan: Plan) -> tuple[int, int]:
    """Until when core use, and the signals of the last stage, are known: now, or the last event of stale sources."""
    use, speech = feeds.stands_of_most(plan.core_keys), feeds.stands_of(_last_stage_keys(plan))
    return int(use[-1]), int(speech[-1])


def last_week(snapshot: Snapshot) -> int:
    """The week of as_of."""
    return snapshot.first_week + snapshot.n_weeks - 1


def _third_events(snapshot: Snapshot) -> ir.Table:
    """customer_key, third_week: the week of the third event of everybody inside who has one; 0 where it came in time.

    Who had three before its cycle was 14 days old was not new for want of them; only the others' events are put in
    order, for that takes long.
    """
    log, stays = snapshot.log.select("customer_key", "occurred_us"), snapshot.stays
    began = stays.semi_join(snapshot.customer_now, ["customer_key", "cycle"]).group_by("customer_key")
    began = began.agg(began_us=ibis._.entered_us.min())
    counted = log.join(began, "customer_key")
    counted = counted.filter(counted.occurred_us < counted.began_us + int(NEW_WEEKS * 7 * US_PER_DAY))
    counts = counted.group_by("customer_key").agg(n=counted.count())
    early = counts.filter(counts.n >= NEW_EVENTS).select("customer_key", third_week=ibis.literal(0, "int32"))
    rest = log.semi_join(began.anti_join(early, "customer_key"), "customer_key")
    place = ibis.row_number().over(ibis.window(group_by="customer_key", order_by="occurred_us"))
    third = rest.mutate(place=place).filter(ibis._.place == NEW_EVENTS - 1)
    return early.union(third.select("customer_key", third_week=snapshot.calendar.week_of(third.occurred_us)))


def _last_stage_keys(plan: Plan) -> list[int]:
    last = plan.journey.stage_names[-1]
    return [key for key in plan.stage_keys if plan.signals[key].stage == last]


def _last_stage_events(log: ir.Table, plan: Plan) -> ir.Table:
    """Events that enter the last stage; `after` plays no part, for who is so far has been through what it asks for."""
    return log.filter(log.signal_key.isin(_last_stage_keys(plan) or [-1]) & meets_when(log, plan))


def is_spoken(event: Mapping[str, Any], plan: Plan) -> bool:
    """Whether an event is one of those."""
    signal = plan.signals.get(event["signal_key"])
    if signal is None or signal.stage != plan.journey.stage_names[-1]:
        return False
    return signal.when is None or signal.when.holds(event)


def _first_critical(snapshot: Snapshot) -> ir.Table:
    """customer_key, since_us: the first critical word of the last 90 days."""
    recent = snapshot.log.filter(snapshot.log.occurred_us >= snapshot.as_of_us - ACTION_DAYS * US_PER_DAY)
    said = critics(recent, snapshot.plan)
    return said.group_by("customer_key").agg(since_us=said.occurred_us.min())


def _pairs(snapshot: Snapshot, now: pa.Table, rows: pa.Table) -> dict[int, tuple[str, int]]:
    """Word, and since when, by customer_key."""
    keys, third, last = now["customer_key"].to_numpy(), now["third_week"].fill_null(_NEVER_WEEK), last_week(snapshot)
    friction, momentum = matrices(rows, keys, last)
    weeks = np.arange(last - len(friction) + 1, last + 1)
    is_new = weeks[:, None] < third.to_numpy()[None, :]
    found = pairs(*(np.where(is_new, np.int8(NONE), bands) for bands in (friction, momentum)))
    ends_us = np.minimum(Calendar(snapshot.zone, 0, 0).ends(int(weeks[0]), last), snapshot.as_of_us)
    told = zip(keys.tolist(), found.pair.tolist(), ends_us[found.since].tolist(), strict=True)
    return {key: (PAIRS[pair], us) for key, pair, us in told if pair != NONE}


def _states(snapshot: Snapshot, now: pa.Table) -> Iterable[tuple[int, State]]:
    """New, slipping back and quiet, by what is known: no source that fell silent makes anybody slip."""
    plan, stage, entered = snapshot.plan, now["stage"].to_numpy(), now["entered_us"].to_numpy()
    used, spoke = (np.maximum(now[name].fill_null(0).to_numpy(), entered) for name in ("used_us", "spoke_us"))
    use_us, speech_us = (min(us, snapshot.as_of_us) for us in (snapshot.use_until_us, snapshot.speech_until_us))
    yield from _those(NEW, now, now["is_new"].to_numpy(), now["began_us"].to_numpy())
    if plan.value_stage is not None and plan.core_keys:
        since = np.maximum(used, spoke) + int(SLIPPING_DAYS * US_PER_DAY)
        yield from _those(SLIPPING, now, (stage >= plan.value_stage) & (since <= min(use_us, speech_us)), since)
    since, last = spoke + int(QUIET_DAYS * US_PER_DAY), len(plan.journey.stages) - 1
    yield from _those(QUIET, now, (stage == last) & (since <= speech_us), since)


def _those(name: str, now: pa.Table, chosen: NDArray[np.bool_], since_us: Ints) -> Iterable[tuple[int, State]]:
    keys, since = now["customer_key"].to_numpy()[chosen].tolist(), since_us[chosen].tolist()
    return ((key, State(name, us)) for key, us in zip(keys, since, strict=True))


def _critics(rows: pa.Table) -> Iterable[tuple[int, State]]:
    return ((row["customer_key"], State(CRITIC, row["since_us"])) for row in rows.to_pylist())
