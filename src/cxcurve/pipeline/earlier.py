"""What the last score left, and what of it still holds."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from uuid import uuid4

from cxcurve import tables
from cxcurve.metrics.staleness import NONE_US
from cxcurve.pipeline.counted import span
from cxcurve.pipeline.run import Run
from cxcurve.store import Store

MOST_NEWS = 64
"""Scores of which is remembered of whom they wrote."""
EVER = -(2**31)
"""Stands for the week before all weeks."""


@dataclass(frozen=True)
class Earlier:
    """What the last score left.

    Attributes:
        as_of_us: when it was for.
        carried_week: the last whole week then.
        first_week: the first week that may differ now.
        late_keys: customers of whom something in the weeks until the carried one changed; None stands for all.
        is_told_anew: whether everybody is told anew at as_of: it has moved on, or sources are stale now that were not.
        is_past_moved: whether in the weeks that were over then other sources are stale than was known.
    """

    as_of_us: int
    carried_week: int
    first_week: int
    late_keys: frozenset[int] | None
    is_told_anew: bool
    is_past_moved: bool

    @classmethod
    def read(cls, run: Run) -> Earlier:
        """From what the store remembers."""
        store, known = run.store, run.store.metas()
        as_of_us, touched_us = int(known.get("scored_as_of_us", 0)), store.touched_since()
        since_us = as_of_us if touched_us is None else min(touched_us, as_of_us)
        first_week = run.calendar.week_at(since_us) if since_us > 0 else EVER
        carried_week = int(known.get("carried_week", 0))
        past, _, now = known.get("standing", "").partition("|")
        is_told_anew = run.as_of_us > as_of_us or now != _standing_now(run)
        late = frozenset(store.touched(run.calendar.end_at(carried_week)) if first_week <= carried_week else ())
        is_past_moved = past != _standing_until(run, carried_week)
        return cls(as_of_us, carried_week, first_week, late, is_told_anew, is_past_moved)

    def is_anew(self, key: int) -> bool:
        """Whether a customer that changed is scored from the first week on."""
        return self.late_keys is None or key in self.late_keys

    def since_ever(self) -> Earlier:
        """The same where every week may differ."""
        return replace(self, first_week=EVER, late_keys=None)


def goes_on(run: Run) -> bool:
    """Whether the last score can be taken further: not back in time, and with the same median of seats until then."""
    known = run.store.metas()
    scored, carried, medians = map(known.get, ("scored_as_of_us", "carried_week", "median_seats"))
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
        log = store.log("analytics")
        arrived = (log.occurred_us >= since_us) & (log.occurred_us < run.as_of_us)
        if run.plan.issue_keys and run.plan.overdue_us is not None:
            due_us = log.occurred_us + run.plan.overdue_us
            is_issue = log.signal_key.isin(run.plan.issue_keys)
            arrived = arrived | (is_issue & (due_us >= since_us) & (due_us < run.as_of_us))
        changed |= set(store.arrow(log.filter(arrived).select("customer_key").distinct())["customer_key"].to_pylist())
        changed |= run.facts.keys_from(since_us)
    return sorted(changed)


def remember(run: Run, changed: Collection[int] | None) -> None:
    """Keep what the next score needs to know of this one, and for who reads beside what was worked out.

    `changed` are the customers of whom something was written; None stands for all.
    """
    store, score_id = run.store, uuid4().hex
    store.execute("DELETE FROM touched")
    store.remember(
        "score_id",
        score_id,
        scored_as_of_us=str(run.as_of_us),
        scored_zone=run.zone,
        scored_received_us=str(span(store).received_us),
        carried_week=str(run.ticks.last_whole_week),
        standing=f"{_standing_until(run, run.ticks.last_whole_week)}|{_standing_now(run)}",
        median_seats=f"{_median_seats(run, run.ticks.last_whole_week)}|{run.facts.median_seats[-1]}",
    )
    store.shared["score"] = score_id, run
    news = None if changed is None else frozenset(changed)
    store.shared["news"] = (*store.shared.get("news", ())[1 - MOST_NEWS :], (score_id, news))


def changed_between(store: Store, before: str, now: str) -> frozenset[int] | None:
    """The customers of whom something was written after one score up to another; None where that may be all."""
    ids, news = zip(*store.shared.get("news") or [("", None)], strict=True)
    if before not in ids or now not in ids:
        return None
    written = news[ids.index(before) + 1 : ids.index(now) + 1]
    return None if None in written else frozenset().union(*written)


def clear(store: Store, names: Iterable[str], keys: list[int], earlier: Earlier | None) -> None:
    """Take away what will be written anew: everything, or of some customers the weeks since the first change."""
    for name in names:
        if earlier is None:
            store.clear(name, None)
        else:
            has_weeks = "week" in tables.DERIVED[name].column_names and name != "customer_now"
            store.clear(name, keys, f"week >= {earlier.first_week}" if has_weeks else "TRUE")
