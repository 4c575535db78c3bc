"""What the simulated customers carry with them: decayed counts, open issues, habits.

The features are those of the journey (decayed counts, `until`, `keep: latest`, state signals), computed here in
numpy from the events as they come, so that the planted weights act on what the system will measure.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cxcurve.sources.simulated_clock import DAY, WEEK, Times
from cxcurve.sources.simulated_kinds import (
    EXPECTED_DAYS,
    INDEX,
    KINDS,
    OPEN_ISSUE_DAYS,
    UNTIL,
    VALENCES,
    flagged,
    of_kinds,
)
from cxcurve.sources.simulated_log import Floats, Ints, Log
from cxcurve.sources.simulated_market import Market
from cxcurve.sources.simulated_truth import Weights

_SCORED = np.array([INDEX[name] for name in VALENCES])
_COLUMNS = np.concatenate([np.arange(len(KINDS)), _SCORED, _SCORED])
"""The kind behind each column: all kinds, then the negative and the positive part of the scored ones."""
_NEGATIVE, _POSITIVE = len(KINDS), len(KINDS) + len(_SCORED)
_HALF_LIVES = of_kinds("half_life_days")[_COLUMNS] * DAY
_PER_SEATS = flagged("seats")[_COLUMNS]
_COUNTS_WHOLE = np.array([kind.name not in UNTIL and kind.name not in VALENCES for kind in KINDS])
_IS_CUSTOMERS, _IS_COMPLAINT = ~flagged("company"), flagged("complaint")
_LATEST = tuple(kind.name for kind in KINDS if "latest" in kind.flags)
_ISSUES = (INDEX["ticket_opened"], INDEX["urgent_ticket_opened"])
_CORE = INDEX["core_feature_used"]
_LEAST_COUNT = 1 / 32
_SILENT_AFTER = 3.0
"""Events expected in the gap: that none comes has probability exp(-3), 5 %."""


class Memory:
    """Counts of every customer and event kind at the end of the last week, and the habits behind the state signals."""

    def __init__(self, market: Market) -> None:
        n, people = len(market.segment), len(market.person_customer)
        self._n, self._market = n, market
        self._counts = np.zeros((n, len(_COLUMNS)))
        self._issues = np.zeros((4, 0), dtype=np.int64)  # customer, kind, opened, ends
        self._answers = {name: (np.zeros(people), np.zeros(people, dtype=np.int64)) for name in _LATEST}
        self._core, self._best = np.zeros((n, 8)), np.zeros((n, 52))
        self._core_weeks, self._n_made = np.zeros(n), np.zeros(n)
        self._first_made, self._last_made, self._complained = (
            np.full(n, np.inf),
            np.full(n, np.inf),
            np.full(n, -np.inf),
        )

    def open(self, kind: int, customers: Ints, opened: Times, ends: Times) -> None:
        """Remember issues that stay open from `opened` to `ends`; shapes (issues,)."""
        issues = np.stack([customers, np.full(len(customers), kind), opened, ends])
        self._issues = np.concatenate([self._issues, issues], axis=1)

    def has_open(self, kind: int) -> NDArray[np.bool_]:
        """Who has an open issue of this kind; shape (customers,)."""
        return np.isin(np.arange(self._n), self._issues[0, self._issues[1] == kind])

    def learn(self, events: Log, week: int, week_end: int, season: float) -> None:
        """Take in all events of a week, in order of time."""
        self._counts *= 2.0 ** (-WEEK / _HALF_LIVES)
        self._count(events, week_end)
        self._hear_answers(events, week_end)
        self._close_issues(week_end)
        self._watch_core(events, week, season)
        self._watch_habits(events)

    def drag(self, weights: Weights) -> Floats:
        """Doublings of the odds of leaving that come from events; shape (customers,)."""
        return self._pull(weights.friction, _NEGATIVE)

    def lift(self, weights: Weights) -> Floats:
        """Doublings of the odds of moving on that come from events; shape (customers,)."""
        return self._pull(weights.momentum, _POSITIVE)

    def standing(
        self, weights: Weights, stage: Ints, entered: Times, has_bought: NDArray[np.bool_], now: int
    ) -> Floats:
        """Doublings of the odds of leaving that come from the state signals; shape (customers,)."""
        late = (now - entered) / DAY / np.array([*EXPECTED_DAYS, np.inf])[stage] - 1
        stall = np.where(stage < 4, np.clip(late, 0, 1), 0)
        is_overdue = np.isin(self._issues[1], _ISSUES) & (self._issues[2] < now - OPEN_ISSUE_DAYS * DAY)
        issues = np.log2(1 + np.bincount(self._issues[0, is_overdue], minlength=self._n))
        w = weights.states
        drag = w["stall"] * stall + w["decline"] * np.where(has_bought, self.decline(), 0)
        return np.asarray(drag + w["silence"] * self.is_silent(now) + w["open_issues"] * issues)

    def decline(self) -> Floats:
        """How far core use of four weeks lies below the best eight of the year; 0 to 1, shape (customers,)."""
        best, last = self._best.max(axis=1), self._core[:, -4:].mean(axis=1)
        fall = 1 - np.divide(last, best, out=np.ones(self._n), where=best > 0)
        return np.asarray(np.clip((fall - 0.2) / 0.8, 0, 1))

    def is_silent(self, now: int) -> NDArray[np.bool_]:
        """Who has done nothing for longer than is usual for them, and has not complained; shape (customers,)."""
        is_known = self._n_made >= 3
        first, last = (np.where(is_known, at, now) for at in (self._first_made, self._last_made))
        expected = self._n_made / np.maximum(last - first, 4 * WEEK) * (now - last)
        is_quiet = is_known & (now - last >= WEEK) & (expected > _SILENT_AFTER)
        return np.asarray(is_quiet & (now - self._complained > 60 * DAY))

    def _pull(self, weights: dict[str, float], part: int) -> Floats:
        by_kind = np.array(list(weights.values()))
        by_column = np.concatenate([by_kind, np.zeros(2 * len(_SCORED))])
        by_column[_SCORED] = 0
        by_column[part : part + len(_SCORED)] = by_kind[_SCORED]
        used = np.flatnonzero(by_column)
        return np.asarray(self._features(used) @ by_column[used])

    def _features(self, columns: Ints) -> Floats:
        counts = self._counts[:, columns] + self._by_column(self._issues[0], self._issues[1])[:, columns]
        counts /= np.where(_PER_SEATS[columns], self._market.seats_ratio[:, None], 1.0)
        return np.asarray(np.log2(1 + np.where(counts < _LEAST_COUNT, 0, counts)))

    def _by_column(self, customers: Ints, columns: Ints, amounts: Floats | None = None) -> Floats:
        shape = self._counts.shape
        flat = np.bincount(customers * shape[1] + columns, weights=amounts, minlength=shape[0] * shape[1])
        return flat.reshape(shape).astype(np.float64)

    def _count(self, events: Log, week_end: int) -> None:
        fresh = 2.0 ** (-(week_end - events.at) / _HALF_LIVES[events.kind])
        whole = _COUNTS_WHOLE[events.kind]
        self._counts += self._by_column(events.customer[whole], events.kind[whole], fresh[whole])
        for rank, (name, by_value) in enumerate(VALENCES.items()):
            mine = events.kind == INDEX[name]
            valence = np.array(by_value)[events.value[mine].astype(int)]
            for part, sign in ((_NEGATIVE, -1), (_POSITIVE, 1)):
                amounts = np.maximum(sign * valence, 0) * fresh[mine]
                self._counts[:, part + rank] += np.bincount(events.customer[mine], amounts, self._n)

    def _hear_answers(self, events: Log, week_end: int) -> None:
        """A newer answer of a person replaces the older: the counts come from each person's latest."""
        for name, (valence, at) in self._answers.items():
            rank, mine = list(VALENCES).index(name), events.kind == INDEX[name]
            people = events.person[mine]
            valence[people] = np.array(VALENCES[name])[events.value[mine].astype(int)]
            at[people] = events.at[mine]
            faded = valence * 2.0 ** (-(week_end - at) / _HALF_LIVES[INDEX[name]])
            for part, sign in ((_NEGATIVE, -1), (_POSITIVE, 1)):
                amounts = np.maximum(sign * faded, 0)
                self._counts[:, part + rank] = np.bincount(self._market.person_customer, amounts, self._n)

    def _close_issues(self, week_end: int) -> None:
        """An issue counts whole while open and fades from its end on."""
        is_done = self._issues[3] < week_end
        customers, kinds, _, ends = self._issues[:, is_done]
        self._counts += self._by_column(customers, kinds, 2.0 ** (-(week_end - ends) / _HALF_LIVES[kinds]))
        self._issues = self._issues[:, ~is_done]

    def _watch_core(self, events: Log, week: int, season: float) -> None:
        uses = np.bincount(events.customer[events.kind == _CORE], minlength=self._n) / season
        self._core = np.concatenate([self._core[:, 1:], uses[:, None]], axis=1)
        self._core_weeks += (self._core_weeks > 0) | (uses > 0)
        self._best[:, week % 52] = np.where(self._core_weeks >= 8, self._core.mean(axis=1), 0)

    def _watch_habits(self, events: Log) -> None:
        made = events.where(_IS_CUSTOMERS[events.kind])
        self._n_made += np.bincount(made.customer, minlength=self._n)
        np.minimum.at(self._first_made, made.customer, made.at)
        self._last_made[made.customer] = made.at
        complaints = events.where(_IS_COMPLAINT[events.kind])
        self._complained[complaints.customer] = complaints.at
