"""What pages read from the workspace: one at a time, and kept until the data or the scores change."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeVar

from cxcurve.errors import BadValueError, TooFewError, UnknownNameError
from cxcurve.learn.backtest import Backtest
from cxcurve.learn.forecasts import Forecasts, Index
from cxcurve.metrics.curve import X
from cxcurve.metrics.drift import Zone
from cxcurve.metrics.drifting import Drifting
from cxcurve.metrics.leavers import Leavers
from cxcurve.metrics.snapshot import Snapshot
from cxcurve.metrics.staleness import SilentSource
from cxcurve.metrics.versions import Version
from cxcurve.people.scope import Scope
from cxcurve.pipeline.earlier import changed_between
from cxcurve.pipeline.run import Run
from cxcurve.web.asked import Whom
from cxcurve.web.visitor import visitor
from cxcurve.workspace import Workspace
from cxcurve.workspace.advocacy import AdvocacyResult
from cxcurve.workspace.by_name import Named, by_name
from cxcurve.workspace.curves import CurveResult, check_curve
from cxcurve.workspace.customers import CustomerResult, customer_result
from cxcurve.workspace.drift import Drift
from cxcurve.workspace.few import (
    FEWEST,
    TOLD,
    check_told,
    few_advocacy,
    few_curve,
    few_drift,
    few_moved,
    few_scorecard,
    few_time_to_value,
    told_together,
)
from cxcurve.workspace.instants import instant_us
from cxcurve.workspace.lists import TimeToValueResult, customer_rows, recent_levels, time_to_value_result
from cxcurve.workspace.moved import MovedResult, Weeks, weeks_between
from cxcurve.workspace.plans import PlanResult
from cxcurve.workspace.populations import MOST_VALUES, keys_within, population, segment_values, within
from cxcurve.workspace.reasons import top_reasons
from cxcurve.workspace.scorecards import Scorecard, scorecard
from cxcurve.workspace.today import STALL, Call, calls

T = TypeVar("T")
OF_ALL_S, OF_ALL_TIMES = 30.0, 60.0
"""What is said of all customers together changes little from beat to beat: it may be so old, and what takes long so
many times as old as it took. One's own never is."""
KEPT = 96
"""Results kept; the least recently used goes first."""
TESTED_COMMAND = "cxcurve explain backtest/INDEX/FACT"


class Reader:
    """Guards a workspace: one who reads beside it, and one at a time who writes or tries something.

    What the last score says is read beside by a connection of its own, whatever is being written meanwhile. Another
    moment is worked out in the tables themselves and taken back: that waits for who writes.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._writing, self._reading = _Side(lambda: workspace), _Side(workspace.beside)

    @contextmanager
    def view(self, whom: Whom, *, tries: bool = False) -> Iterator[View]:
        """What whoever asks may know about some customers; nothing is read before it is needed.

        `tries`: it works out a moment.
        """
        whom = replace(whom, scope=visitor().scope)
        with self._reading.held() as workspace:
            whom = _at_score(workspace, whom)
        is_beside = whom.as_of is None and not tries
        side = self._reading if is_beside else self._writing
        with side.held() as workspace, ExitStack() as stack:
            if is_beside:
                stack.enter_context(workspace.store.transaction())
            side.forget_when_changed()
            yield View(side, side.held_to_scope(whom), stack)

    @contextmanager
    def held(self) -> Iterator[Workspace]:
        """The workspace, to write, for a short moment of one's own."""
        with self._writing.held() as workspace:
            yield workspace

    @contextmanager
    def beside(self) -> Iterator[Workspace]:
        """The workspace as it was committed, to read, for a short moment."""
        with self._reading.held() as workspace:
            yield workspace


class _Side:
    """A workspace whose one connection serves one at a time, and what was worked out from it."""

    def __init__(self, opened: Callable[[], Workspace]) -> None:
        self._open = opened
        self._lock = threading.RLock()
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()
        self._mark: object = None
        self._beat = _Beat()

    @cached_property
    def workspace(self) -> Workspace:
        """Opened when first needed."""
        return self._open()

    @contextmanager
    def held(self) -> Iterator[Workspace]:
        """For a moment of one's own."""
        with self._lock:
            yield self.workspace

    def kept(self, key: Hashable, make: Callable[[], T], *, is_of_all: bool = False) -> T:
        """What was made for `key` since the last load or score, made now where nothing was.

        What the pulse did since outdates it, too; what is said of all together only after a while.
        """
        made, now = self._kept.get(key), time.monotonic()
        if made is None or (made.beat != self._beat and not (is_of_all and now - made.at_s < made.may_age_s)):
            value = make()
            made = self._kept[key] = _Made(value, self._beat, now, time.monotonic() - now)
        self._kept.move_to_end(key)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return made.value  # type: ignore[no-any-return]

    def kept_of_one(self, key: Hashable, customer_id: str, make: Callable[[], T]) -> T:
        """The same of one customer, while nothing happens to him; what all of them make of him may be a little old."""
        made, store = self._kept.get(key), self.workspace.store
        if made is not None and made.beat != self._beat and time.monotonic() - made.at_s < made.may_age_s:
            changed = changed_between(store, made.beat.score_id, self._beat.score_id)
            if changed is not None and not self._beat.is_behind and store.customer_key(customer_id) not in changed:
                made = self._kept[key] = replace(made, beat=self._beat)
        return self.kept(key, make)

    def held_to_scope(self, whom: Whom) -> Whom:
        """With the customers of its scope as known now, whatever moment is asked for. What is kept is kept by them."""
        scope = whom.scope
        if scope is None:
            return whom
        return replace(whom, within=self.kept((scope, "within"), lambda: self._keys_within(scope)))

    def _keys_within(self, scope: Scope) -> frozenset[int]:
        with self.workspace.snapshot() as now:
            return keys_within(now, self.workspace.store, scope)

    def forget_when_changed(self) -> None:
        """What was worked out from other data or scores than there are now goes."""
        store = self.workspace.store
        known = store.metas()
        mark = tuple(map(known.get, ("scored_as_of_us", "scored_us", "loaded_us", "model")))
        beat = _Beat(known.get("beat_us"), known.get("score_id", ""), store.has_touched)
        if (mark, beat) != (self._mark, self._beat):
            self.workspace.forget()
        if mark != self._mark:
            self._kept.clear()
        self._mark, self._beat = mark, beat


@dataclass(frozen=True)
class _Beat:
    """What the pulse has done: when, to which score, and whether that knows all there is."""

    us: str | None = None
    score_id: str = ""
    is_behind: bool = False


@dataclass(frozen=True)
class _Made:
    """A result, the beat of the pulse it was made after, when by a clock that nobody sets, and how long that took."""

    value: Any
    beat: _Beat
    at_s: float
    took_s: float

    @property
    def may_age_s(self) -> float:
        """How old it may be where it is of all customers."""
        return max(OF_ALL_S, OF_ALL_TIMES * self.took_s)


def _at_score(workspace: Workspace, whom: Whom) -> Whom:
    """The moment of the last score needs no score of its own."""
    if whom.as_of is None:
        return whom
    is_last = str(instant_us(whom.as_of, workspace.settings.zone)) == workspace.store.meta("scored_as_of_us")
    return replace(whom, as_of=None) if is_last else whom


class View:
    """What is known about `whom`. Each result is worked out once and shared by all pages."""

    def __init__(self, side: _Side, whom: Whom, stack: ExitStack) -> None:
        self.workspace, self.whom = side.workspace, whom
        self._side, self._stack = side, stack
        self._everybody: Snapshot | None = None
        self._known: Snapshot | None = None

    @property
    def everybody(self) -> Snapshot:
        """All customers as known at as_of."""
        if self._everybody is None:
            keys = self.whom.within
            found = self._stack.enter_context(self.workspace.snapshot(self.whom.as_of))
            self._everybody = found if keys is None else within(found, self.workspace.store, keys)
        return self._everybody

    def has(self, customer_id: str) -> bool:
        """Whether there is such a customer, for whoever asks."""
        key, keys = self.workspace.store.customer_key(customer_id), self.whom.within
        return key is not None and (keys is None or key in keys)

    def _told(self, result: T, few: Callable[[T], T]) -> T:
        """A number of many customers: without small cells for whoever may know of some only.

        Raises:
            TooFewError: the population is too small, or differs from another one by few.
        """
        if self.whom.scope is None:
            return result
        self._check_told()
        return few(result)

    def _check_told(self) -> None:
        if self.whom.scope is not None:
            everybody, store = self.whom.everybody, self.workspace.store
            told = self._side.kept((everybody, "told"), lambda: told_together(self.everybody, store))
            check_told(told, dict(self.whom.segment), self.whom.cohort)

    @property
    def known(self) -> Snapshot:
        """The customers asked for.

        Raises:
            UnknownNameError: nobody has such a value, or the stage of the cohort is unknown.
            BadValueError: the cohort cannot be read.
        """
        if self._known is None:
            self._check_values()
            whom, store = self.whom, self.workspace.store
            self._known = population(self.everybody, store, dict(whom.segment), whom.cohort)
        return self._known

    @property
    def run(self) -> Run:
        """What was needed for a score of this moment."""
        return self.workspace.run_of(self.everybody)

    def kept(self, key: Hashable, make: Callable[[], T]) -> T:
        """A result about `whom`."""
        return self._side.kept((self.whom, key), make)

    def of_all(self, key: Hashable, make: Callable[[], T], *, of_everybody: bool = False) -> T:
        """The same of what is said of all of them together, or of everybody; at most `OF_ALL_S` old."""
        whom = self.whom.everybody if of_everybody else self.whom
        return self._side.kept((whom, key), make, is_of_all=True)

    @property
    def as_of_us(self) -> int:
        """Nothing at or after it is known."""
        return self.of_all("as_of", lambda: self.known.as_of_us)

    @property
    def values(self) -> dict[str, list[str]]:
        """What customers can be picked by."""
        return self.of_all("values", lambda: segment_values(self.everybody, self.workspace.store), of_everybody=True)

    @property
    def silent(self) -> tuple[SilentSource, ...]:
        """The sources that bring nothing for longer than is usual."""
        return self.of_all("silent", lambda: self.everybody.silent, of_everybody=True)

    @property
    def version(self) -> Version | None:
        """The version of the weights in force; None where they are the expert's."""
        return self.of_all("version", lambda: self.workspace.version(self.as_of_us), of_everybody=True)

    @property
    def drift(self) -> Drift:
        """The drift zones."""
        return self._told(self._drift, few_drift)

    @property
    def drifting(self) -> tuple[tuple[Zone, Drifting], ...]:
        """Who drifts now, one by one, and where."""
        return tuple((zone, one) for zone in self._drift.zones for one in zone.drifting_now)

    @property
    def calls(self) -> tuple[Call, ...]:
        """Everybody worth a call, the most urgent first."""
        return self.of_all("calls", self._calls)

    def _calls(self) -> tuple[Call, ...]:
        try:
            told = {zone.start for zone in self.drift.zones}
        except TooFewError:  # chances are told of many only; who is stuck is known all the same
            told = set()
        drifting = [(zone, one) for zone, one in self.drifting if zone.start in told]
        reasons = top_reasons(self.run, self.known, but=(STALL,))
        return calls(self.customers, drifting, reasons, self.workspace.journey, self.as_of_us)

    @property
    def _drift(self) -> Drift:
        return self.of_all("drift", lambda: self.workspace.drift_of(self.known))

    def curve(self, x: X, leavers: Leavers = "survivors") -> CurveResult:
        """The curve, with the notes as they are now."""
        check_curve(x, leavers)
        made = self.of_all(
            ("curve", x, leavers), lambda: self.workspace.curve_of(self.known, x, self.drift, leavers=leavers)
        )
        return self._told(replace(made, notes=tuple(self.workspace.notes(made.as_of_us))), few_curve)

    @property
    def moved(self) -> MovedResult | None:
        """What moved the level in the last four weeks; None before there are two."""
        made = self.of_all("moved", lambda: self.workspace.moved_of(self.known) if self.known.n_weeks > 2 else None)
        return self._told(made, few_moved)

    def weeks_between(self, since: str | None, until: str | None) -> Weeks:
        """Who was inside at two weeks."""
        if self.whom.scope is not None:  # of any two weeks, some would differ by single customers
            raise TooFewError(f"What moved between two weeks is explained of all customers only; {TOLD}.")
        return self.of_all(("weeks", since, until), lambda: weeks_between(self.run, self.known, since, until))

    def tested(self, index: Index) -> tuple[Forecasts | None, Backtest]:
        """Nothing that a page can wait for.

        Raises:
            BadValueError: always.
        """
        raise BadValueError(f"a number of the backtest takes a backtest; ask on the command line: {TESTED_COMMAND}")

    @property
    def time_to_value(self) -> TimeToValueResult:
        """Time to value, and who is waiting."""
        made = self.of_all("time_to_value", lambda: time_to_value_result(self.known, self.workspace.store.arrow))
        return self._told(made, few_time_to_value)

    @property
    def scorecard(self) -> Scorecard:
        """The scorecard of the week."""
        made = self.of_all("scorecard", lambda: scorecard(self.known, self.workspace.store.arrow, self.drift))
        return self._told(made, few_scorecard)

    @property
    def advocacy(self) -> AdvocacyResult:
        """Who speaks for us, and who against."""
        return self._told(self.of_all("advocacy", lambda: self.workspace.advocacy_of(self.known)), few_advocacy)

    @property
    def plan(self) -> PlanResult:
        """The tracking plan against what came; of all events up to now, whoever is asked about."""
        return self._side.kept("plan", self.workspace.plan, is_of_all=True)

    @property
    def by_name(self) -> tuple[Named, ...]:
        """Customers by name where there are few."""
        return self.of_all("by_name", lambda: by_name(self.known, self.workspace.store.arrow))

    @property
    def customers(self) -> list[dict[str, Any]]:
        """Every customer with stage and indexes."""
        return self.kept("customers", lambda: customer_rows(self.known, self.workspace.store.arrow))

    def levels(self, keys: tuple[int, ...]) -> dict[int, list[float]]:
        """The last weeks' levels of some customers."""
        return self.kept(("levels", keys), lambda: recent_levels(self.known, self.workspace.store.arrow, list(keys)))

    def customer(self, customer_id: str) -> CustomerResult:
        """One customer.

        Raises:
            UnknownNameError: no event names this customer.
        """
        if self.whom.scope is None:
            return self._one(customer_id)
        unknown = UnknownNameError("customer", customer_id)  # whether there is one outside is not to be told
        if not self.has(customer_id):
            raise unknown
        try:
            made = self._one(customer_id)
        except UnknownNameError:
            raise unknown from None
        return self._among_many(made)

    def _one(self, customer_id: str) -> CustomerResult:
        def make() -> CustomerResult:
            return customer_result(self.run, self.everybody, customer_id)

        return self._side.kept_of_one((self.whom, ("customer", customer_id)), customer_id, make)

    def _among_many(self, made: CustomerResult) -> CustomerResult:
        """Without what is typical of the stage where few customers of others are at it."""
        if made.stage is None:
            return made
        peers = self.run.peers[self.workspace.journey.stage_names.index(made.stage)]
        if len(peers["friction_index"]) - len(self.whom.within or ()) >= FEWEST:
            return made
        return replace(made, typical=dict.fromkeys(made.typical), percentile=None)

    def events(self, event_ids: tuple[str, ...]) -> list[dict[str, Any]]:
        """Some events by their ids."""
        names = ("event_id", "name", "occurred_us", "source", "channel", "value", "amount", "text")
        events = self.workspace.store.events_name("analytics")
        sql = f"SELECT {', '.join(names)} FROM {events} WHERE list_contains($1, event_id)"
        rows = self.workspace.store.rows(sql, list(event_ids)) if event_ids else []
        return [dict(zip(names, row, strict=True)) for row in rows]

    def _check_values(self) -> None:
        for key, value in self.whom.segment:
            values = self.values.get(key, [])
            if value not in values and len(values) < MOST_VALUES:
                raise UnknownNameError(f"{key} of customers", value, values)
