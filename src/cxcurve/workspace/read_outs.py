"""Read-outs: what was seen of each action's promise, by the strongest evidence there is, once its days are over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from cxcurve.metrics import promised as rules
from cxcurve.metrics.action_lines import Line, cumulative_lines, weekly_lines
from cxcurve.metrics.promised import MEANING, OTHER, STRENGTH, TREATED, Evidence, Followed, Seen, Verdict, seen
from cxcurve.metrics.reached import contact_times, index_weeks, inside_at
from cxcurve.metrics.snapshot import Snapshot
from cxcurve.stats.estimates import THIN, Floats, Ints
from cxcurve.store import Store
from cxcurve.store.actions import arms
from cxcurve.tables import US_PER_DAY
from cxcurve.workspace.actions import WITHDRAWN, Action
from cxcurve.workspace.results import at, moment, plain

WEEKS_BEFORE = 8
_NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True, eq=False)
class ReadOut:
    """What was seen of an action at a moment.

    Attributes:
        action: which.
        as_of_us: nothing at or after it is known.
        zone: the workspace's time zone.
        seen: None while it is not read, and `why` says why.
        lines: the two sides over time, those reached first; one where nobody is compared.
        n_joined: customers who were two then and are one now, one of them held out: in no group.
        rows: customer_key, is_reached, value, before, weight: what the change is made of; None where there is none.
        sizes: what is told of how many were chosen, where that is not all of them.
    """

    action: Action
    as_of_us: int
    zone: str = "UTC"
    seen: Seen | None = None
    why: str | None = None
    lines: tuple[Line, ...] = ()
    n_joined: int = 0
    rows: pa.Table | None = None
    sizes: tuple[int | None, int | None] | None = None

    @property
    def n_treated(self) -> int | None:
        """How many were to be reached; of some visitors' own customers, None where these are few."""
        return self.sizes[0] if self.sizes else self.action.n_treated

    @property
    def n_held_out(self) -> int | None:
        """How many were to be left alone; the same."""
        return self.sizes[1] if self.sizes else self.action.n_held_out

    @property
    def evidence(self) -> Evidence:
        """How strong it is, or will be as far as that is known."""
        if self.seen:
            return self.seen.evidence
        is_enough = min(self.action.n_treated, self.action.n_held_out) >= THIN
        return Evidence.DRAWN if is_enough else Evidence.ALIKE

    @cached_property
    def verdict(self) -> Verdict:
        """What became of the promise."""
        if self.seen is None:
            return Verdict.OPEN
        return rules.verdict(self.seen.change, self.action.promised, self.seen.evidence)

    @property
    def is_within(self) -> bool | None:
        """Whether the promise lies in the interval."""
        return None if self.seen is None else rules.is_within(self.seen.change, self.action.promised)

    @property
    def read_on(self) -> str:
        """The first day on which it can be read."""
        return moment(self.action.end_us).astimezone(ZoneInfo(self.zone)).date().isoformat()

    @property
    def is_to_be_read(self) -> bool:
        """Whether its days are over and nobody has closed it."""
        return self.seen is not None and self.action.closed_as is None

    @property
    def reason(self) -> str | None:
        """Why nothing is told, as a code of `metrics.promised.WHY`."""
        if self.seen is None:
            return self.why
        return self.seen.why or (None if self.seen.change.value is not None else "too_few")

    def to_json(self) -> dict[str, Any]:
        """Flat, with the action."""
        found, change = self.seen, self.seen.change if self.seen else None
        value = {name: plain(getattr(change, name)) if change else None for name in ("value", "low", "high")}
        day = datetime.fromtimestamp(self.action.started_us / 1e6, ZoneInfo(self.zone)).date().isoformat()
        return {
            **self.action.to_json(),
            "started_on": day,
            "read_on": self.read_on,
            "n_treated": self.n_treated,
            "n_held_out": self.n_held_out,
            "label": self.action.movable.label,
            "unit": self.action.movable.unit,
            "as_of": at(self.as_of_us),
            "verdict": str(self.verdict),
            "evidence": str(self.evidence),
            "strength": STRENGTH[self.evidence],
            "meaning": MEANING[self.evidence],
            "seen": value["value"],
            "low": value["low"],
            "high": value["high"],
            "is_promise_in_interval": self.is_within,
            "reached": plain(found.reached) if found else None,
            "expected": plain(found.expected) if found else None,
            "n": found.n if found else None,
            "n_others": found.n_others if found else None,
            "n_inside": found.n_inside if found else None,
            "n_held_out_inside": found.n_held_out if found else None,
            "sample_ratio_p": plain(found.ratio_p) if found else None,
            "n_joined": self.n_joined,
            "reason": self.reason,
        }


@dataclass(frozen=True)
class ActionsResult:
    """Every action with what was seen of it."""

    as_of_us: int
    read_outs: Sequence[ReadOut] = ()
    is_few: bool = False

    def to_json(self) -> dict[str, Any]:
        """As `cxcurve actions --json`."""
        return {"as_of": at(self.as_of_us), "actions": [one.to_json() for one in self.read_outs]}


def read_out(known: Snapshot, store: Store, action: Action) -> ReadOut:
    """What was seen of an action by the moment of a snapshot of all customers."""
    told = unread(known, action)
    if told.why:
        return told
    chosen = arms(store, action.action_id)
    n_joined = chosen["is_held_out"].null_count
    if not len(chosen):
        return replace(told, why="forgotten")
    if action.metric == "contacts" and not (known.plan.issue_keys or known.plan.complaint_keys):
        return replace(told, why="no_plan")
    read = _Read(known, store, action, chosen)
    followed = read.followed
    found = seen(followed, action.movable, action.held_out_share, is_one_scale=read.is_one_scale)
    return replace(told, seen=found, lines=read.lines(found), n_joined=n_joined, rows=read.table(followed, found))


def unread(known: Snapshot, action: Action) -> ReadOut:
    """An action before anything is read of it; `why` says what that waits for."""
    return ReadOut(action, known.as_of_us, known.zone, why=_not_yet(action, known.as_of_us))


def _not_yet(action: Action, as_of_us: int) -> str | None:
    if action.closed_as == WITHDRAWN:
        return "withdrawn"
    if as_of_us < action.started_us:
        return "not_begun"
    return "not_over" if as_of_us < action.end_us else None


class _Read:
    """The customers inside the journey at the start as arrays, and what became of each."""

    def __init__(self, known: Snapshot, store: Store, action: Action, chosen: pa.Table) -> None:
        self.known, self.action = known, action
        self._arrow = store.arrow
        self.start_us, self.end_us = action.started_us, action.end_us
        inside = store.arrow(inside_at(known, self.start_us)).sort_by("customer_key")
        self.keys = np.asarray(inside["customer_key"].to_numpy(), np.int64)
        self.stage = np.asarray(inside["stage"].to_numpy(), np.int64)
        self.segment = np.unique(np.array(inside["segment"].to_pylist(), object).astype(str), return_inverse=True)[1]
        self.exit_us, self.moved_us = (
            np.asarray(inside[name].fill_null(_NEVER).to_numpy(), np.int64) for name in ("exit_us", "moved_us")
        )
        self.arm = self._arms(chosen)
        week_at = known.calendar.week_at
        self.week_before, self.last_week = week_at(self.start_us) - 1, week_at(self.end_us) - 1
        self.is_one_scale = True
        self.rows = np.ones(len(self.keys), bool)

    def _arms(self, chosen: pa.Table) -> Ints:
        """Where each belongs; -1 who is in no arm."""
        place, is_there = self._places(np.asarray(chosen["customer_key"].to_numpy(), np.int64))
        arms_by_chance = {True: rules.HELD_OUT, False: TREATED, None: -1}
        of = np.array([arms_by_chance[one] for one in chosen["is_held_out"].to_pylist()])
        arm = np.full(len(self.keys), OTHER)
        arm[place] = of.astype(np.int64)[is_there]
        return arm

    def _places(self, keys: Ints) -> tuple[Ints, Any]:
        """Where customers stand, of those who are there."""
        place = np.minimum(np.searchsorted(self.keys, keys), max(len(self.keys) - 1, 0))
        is_there = self.keys[place] == keys if len(self.keys) else np.zeros(len(keys), bool)
        return place[is_there], is_there

    @property
    def followed(self) -> Followed:
        """What the metric was for each; rows that say nothing of it are left out."""
        movable = self.action.movable
        value, before, alike, is_whole = getattr(self, f"_{movable.of}")()
        found = Followed(self.arm, value, before, alike, self.stage, np.asarray(self.segment, np.int64), is_whole)
        self.rows = (self.arm >= 0) & np.isfinite(value)
        return found.where(self.rows)

    def _index(self) -> tuple[Floats, Floats, Floats, Any]:
        matrix, versions = self._weeks(self.action.metric)
        self.is_one_scale = len({*versions.get(self.week_before, ()), *versions.get(self.last_week, ())}) <= 1
        before = matrix[:, WEEKS_BEFORE - 1]
        return matrix[:, -1], before, before, np.isfinite(before)

    def _weeks(self, measure: str) -> tuple[Floats, dict[int, set[int]]]:
        """(customers, weeks) an index, from `WEEKS_BEFORE` weeks up to the one before the start on.

        From the start on who has no value keeps the last one.
        """
        first = self.week_before - WEEKS_BEFORE + 1
        rows = self._arrow(index_weeks(self.known, measure, first, self.last_week))
        place, is_there = self._places(np.asarray(rows["customer_key"].to_numpy(), np.int64))
        week = np.asarray(rows["week"].to_numpy(), np.int64)[is_there]
        matrix = np.full((len(self.keys), self.last_week - first + 1), np.nan)
        matrix[place, week - first] = np.asarray(rows["value"].to_numpy(), float)[is_there]
        for column in range(WEEKS_BEFORE, matrix.shape[1]):
            matrix[:, column] = np.where(np.isfinite(matrix[:, column]), matrix[:, column], matrix[:, column - 1])
        number = np.asarray(rows["version"].to_numpy(), np.int64)[is_there]
        versions = {int(one): set(number[week == one].tolist()) for one in np.unique(week)}
        self._matrix = matrix
        return matrix, versions

    def _exit(self) -> tuple[Floats, Floats, Floats, Any]:
        return self._did(self.exit_us, np.ones(len(self.keys), bool))

    def _move(self) -> tuple[Floats, Floats, Floats, Any]:
        return self._did(self.moved_us, self.stage < len(self.known.stage_names) - 1)

    def _did(self, when_us: Ints, may: Any) -> tuple[Floats, Floats, Floats, Any]:
        matrix, _ = self._weeks(self.action.movable.alike)
        self._when = when_us
        value = np.where(may, (when_us < self.end_us).astype(float), np.nan)
        return value, np.full(len(value), np.nan), matrix[:, WEEKS_BEFORE - 1], np.zeros(len(value), bool)

    def _contacts(self) -> tuple[Floats, Floats, Floats, Any]:
        since = self.start_us - self.action.days * US_PER_DAY
        rows = self._arrow(contact_times(self.known, since, self.end_us))
        place, is_there = self._places(np.asarray(rows["customer_key"].to_numpy(), np.int64))
        when = np.asarray(rows["occurred_us"].to_numpy(), np.int64)[is_there]
        n_before, n = (
            np.bincount(place[one], minlength=len(self.keys)).astype(float)
            for one in (when < self.start_us, when >= self.start_us)
        )
        there = self._arrow(inside_at(self.known, since).select("customer_key"))["customer_key"].to_numpy()
        self._contact_rows = place, when
        a_hundred = rules.A_HUNDRED
        return n * a_hundred, n_before * a_hundred, n_before, np.isin(self.keys, there)

    def table(self, followed: Followed, told: Seen) -> pa.Table | None:
        """What the change is made of."""
        if told.change.value is None:
            return None
        counts = told.weights > 0
        columns = {"value": followed.value, "before": followed.before, "weight": told.weights}
        return pa.table({
            "customer_key": self.keys[self.rows][counts],
            "is_reached": followed.arm[counts] == TREATED,
            **{name: values[counts] for name, values in columns.items()},
        })  # fmt: skip

    def lines(self, told: Seen) -> tuple[Line, ...]:
        """The two sides over time; none where nothing is told."""
        if told.change.value is None:
            return ()
        first, weights, of = self.arm[self.rows] == TREATED, told.weights, self.action.movable.of
        if of == "index":
            weeks = range(self.week_before - WEEKS_BEFORE + 1, self.last_week + 1)
            ends = [self.known.calendar.end_at(week) for week in weeks]
            return weekly_lines(ends, self._matrix[self.rows], first, weights)
        if of == "contacts":
            place, when = self._contact_rows
            edges = np.arange(self.start_us - self.action.days * US_PER_DAY, self.end_us + 1, 7 * US_PER_DAY)
            cell = np.searchsorted(edges, when, "right") - 1
            is_in = cell < len(edges) - 1
            counts = np.zeros((len(self.keys), len(edges) - 1))
            np.add.at(counts, (place[is_in], cell[is_in]), rules.A_HUNDRED)
            return weekly_lines(edges[1:].tolist(), counts[self.rows], first, weights)
        edges = np.unique([*range(self.start_us, self.end_us, 7 * US_PER_DAY), self.end_us])
        return cumulative_lines(edges.tolist(), self._when[self.rows], first, weights)
