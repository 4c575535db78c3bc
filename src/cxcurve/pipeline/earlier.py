"""What the last score left, and what of it still holds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from cxcurve import tables
from cxcurve.metrics.staleness import NONE_US
from cxcurve.pipeline.run import Run
from cxcurve.store import Store

EVER = -(2**31)
"""Stands for the week before all weeks."""


@dataclass(frozen=True)
class Earlier:
    """What the last score left.

    Attributes:
        as_of_us: when it was for.
        carried_week: the last whole week then.
        first_week: the first week that may differ now.
        is_told_anew: whether everybody is told anew at as_of: it has moved on, or sources are stale now that were not.
        is_past_moved: whether in the weeks that were over then other sources are stale than was known.
    """

    as_of_us: int
    carried_week: int
    first_week: int
    is_told_anew: bool
    is_past_moved: bool

    @classmethod
    def read(cls, run: Run) -> Earlier:
        """From what the store remembers."""
        store = run.store
        as_of_us, touched_us = int(store.meta("scored_as_of_us") or 0), store.touched_since()
        since_us = as_of_us if touched_us is None else min(touched_us, as_of_us)
        first_week = run.calendar.week_at(since_us) if since_us > 0 else EVER
        carried_week = int(store.meta("carried_week") or 0)
        past, _, now = (store.meta("standing") or "").partition("|")
        is_told_anew = run.as_of_us > as_of_us or now != _standing_now(run)
        return cls(as_of_us, carried_week, first_week, is_told_anew, past != _standing_until(run, carried_week))

    def since_ever(self) -> Earlier:
        """The same where every week may differ."""
        return replace(self, first_week=EVER)


def goes_on(run: Run) -> bool:
    """Whether the last score can be taken further: not back in time, and with the same median of seats until then."""
    store = run.store
    scored, carried, medians = (store.meta(name) for name in ("scored_as_of_us", "carried_week", "median_seats"))
    if scored is None or carried is None or medians is None or int(scored) > run.as_of_us:
        return False
    before, _, now = medians.partition("|")
    is_same_now = int(scored) < run.as_of_us or now == str(run.facts.median_seats[-1])
    return is_same_now and before == _median_seats(run, int(carried))


def _standing_until(run: Run, last_week: int) -> str:
    """As of when everything was told in the weeks up to one, and when core use was last heard of before its end."""
    n = last_week + 1 - run.ticks.first_week
    used_us = int(run.standing.used_us[n - 1]) if n > 0 else NONE_US
    used_week = EVER if used_us == NONE_US else run.calendar.week_at(used_us)
    return f"{run.standing.mark(run.ticks.ends_us, slice(0, max(n, 0)))} {used_week}"


def _standing_now(run: Run) -> str:
    return run.standing.mark(run.ticks.ends_us, slice(-1, None))


def _median_seats(run: Run, last_week: int) -> str:
    return run.facts.median_steps(run.ticks.first_week, last_week + 1 - run.ticks.first_week)


def changed_keys(run: Run) -> list[int]:
    """Customers whose past is not what the last score knew: touched ones, and those for whom time alone did it.

    An event dated later than the last as_of counts once as_of has passed it, and so do seats and a segment that hold
    from then on; an open issue falls due.
    """
    store, since_us = run.store, int(run.store.meta("scored_as_of_us") or 0)
    changed = set(store.touched())
    if run.as_of_us > since_us:
        log = store.log
        arrived = (log.occurred_us >= since_us) & (log.occurred_us < run.as_of_us)
        if run.plan.issue_keys and run.plan.overdue_us is not None:
            due_us = log.occurred_us + run.plan.overdue_us
            is_issue = log.signal_key.isin(run.plan.issue_keys)
            arrived = arrived | (is_issue & (due_us >= since_us) & (due_us < run.as_of_us))
        changed |= set(store.arrow(log.filter(arrived).select("customer_key").distinct())["customer_key"].to_pylist())
        changed |= run.facts.keys_from(since_us)
    return sorted(changed)


def remember(run: Run) -> None:
    """Keep what the next score needs to know of this one."""
    store = run.store
    store.execute("DELETE FROM touched")
    store.remember("scored_as_of_us", str(run.as_of_us))
    store.remember("scored_zone", run.zone)
    store.remember("scored_received_us", str(_received_until(store)))
    store.remember("carried_week", str(run.ticks.last_whole_week))
    store.remember("standing", f"{_standing_until(run, run.ticks.last_whole_week)}|{_standing_now(run)}")
    store.remember("median_seats", f"{_median_seats(run, run.ticks.last_whole_week)}|{run.facts.median_seats[-1]}")


def clear(store: Store, names: Iterable[str], keys: list[int], earlier: Earlier | None) -> None:
    """Take away what will be written anew: everything, or of some customers the weeks since the first change."""
    for name in names:
        if earlier is None:
            store.clear(name, None)
        else:
            has_weeks = "week" in tables.DERIVED[name].column_names and name != "customer_now"
            store.clear(name, keys, f"week >= {earlier.first_week}" if has_weeks else "TRUE")


def _received_until(store: Store) -> int:
    """When the latest event came; 0 where there is none."""
    return store.arrow(store.log.agg(latest=store.log.received_us.max()))["latest"][0].as_py() or 0
