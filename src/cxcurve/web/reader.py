"""What pages read from the workspace: one at a time, and kept until the data or the scores change."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any, TypeVar

from cxcurve.errors import BadValueError, UnknownNameError
from cxcurve.learn.backtest import Backtest
from cxcurve.learn.forecasts import Forecasts, Index
from cxcurve.metrics.curve import X
from cxcurve.metrics.leavers import Leavers
from cxcurve.metrics.snapshot import Snapshot
from cxcurve.metrics.staleness import SilentSource
from cxcurve.metrics.versions import Version
from cxcurve.pipeline.run import Run
from cxcurve.web.asked import Whom
from cxcurve.workspace import Workspace
from cxcurve.workspace.advocacy import AdvocacyResult
from cxcurve.workspace.by_name import Named, by_name
from cxcurve.workspace.curves import CurveResult, check_curve
from cxcurve.workspace.customers import CustomerResult, customer_result
from cxcurve.workspace.drift import Drift
from cxcurve.workspace.instants import instant_us
from cxcurve.workspace.lists import TimeToValueResult, customer_rows, recent_levels, time_to_value_result
from cxcurve.workspace.moved import MovedResult, Weeks, weeks_between
from cxcurve.workspace.plans import PlanResult
from cxcurve.workspace.populations import MOST_VALUES, population, segment_values
from cxcurve.workspace.scorecards import Scorecard, scorecard

T = TypeVar("T")
KEPT = 96
"""Results kept; the least recently used goes first."""
TESTED_COMMAND = "cxcurve explain backtest/INDEX/FACT"


class Reader:
    """Guards a workspace: its one connection serves one page at a time, and results are kept."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._lock = threading.RLock()
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()
        self._mark: object = None

    @contextmanager
    def view(self, whom: Whom) -> Iterator[View]:
        """What is known about some customers; nothing is read before it is needed."""
        with self._lock, ExitStack() as stack:
            self._forget_when_changed()
            yield View(self, self._at_score(whom), stack)

    @contextmanager
    def held(self) -> Iterator[Workspace]:
        """The workspace, for a short moment of one's own."""
        with self._lock:
            yield self.workspace

    def kept(self, key: Hashable, make: Callable[[], T]) -> T:
        """What was made for `key` since the last load or score, made now where nothing was."""
        if key not in self._kept:
            self._kept[key] = make()
        self._kept.move_to_end(key)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return self._kept[key]  # type: ignore[no-any-return]

    def _at_score(self, whom: Whom) -> Whom:
        """The moment of the last score needs no score of its own."""
        if whom.as_of is None:
            return whom
        workspace = self.workspace
        is_last = str(instant_us(whom.as_of, workspace.settings.zone)) == workspace.store.meta("scored_as_of_us")
        return replace(whom, as_of=None) if is_last else whom

    def _forget_when_changed(self) -> None:
        store = self.workspace.store
        mark = tuple(store.meta(key) for key in ("scored_as_of_us", "scored_us", "loaded_us", "model"))
        if mark != self._mark:
            self._kept.clear()
            self._mark = mark


class View:
    """What is known about `whom`. Each result is worked out once and shared by all pages."""

    def __init__(self, reader: Reader, whom: Whom, stack: ExitStack) -> None:
        self.workspace, self.whom = reader.workspace, whom
        self._reader, self._stack = reader, stack
        self._everybody: Snapshot | None = None
        self._known: Snapshot | None = None

    @property
    def everybody(self) -> Snapshot:
        """All customers as known at as_of."""
        if self._everybody is None:
            self._everybody = self._stack.enter_context(self.workspace.snapshot(self.whom.as_of))
        return self._everybody

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

    def kept(self, key: Hashable, make: Callable[[], T], *, of_everybody: bool = False) -> T:
        """A result about `whom`, or about everybody at the same time."""
        whom = self.whom.everybody if of_everybody else self.whom
        return self._reader.kept((whom, key), make)

    @property
    def as_of_us(self) -> int:
        """Nothing at or after it is known."""
        return self.kept("as_of", lambda: self.known.as_of_us)

    @property
    def values(self) -> dict[str, list[str]]:
        """What customers can be picked by."""
        return self.kept("values", lambda: segment_values(self.everybody, self.workspace.store), of_everybody=True)

    @property
    def silent(self) -> tuple[SilentSource, ...]:
        """The sources that bring nothing for longer than is usual."""
        return self.kept("silent", lambda: self.everybody.silent, of_everybody=True)

    @property
    def version(self) -> Version | None:
        """The version of the weights in force; None where they are the expert's."""
        return self.kept("version", lambda: self.workspace.version(self.as_of_us), of_everybody=True)

    @property
    def drift(self) -> Drift:
        """The drift zones."""
        return self.kept("drift", lambda: self.workspace.drift_of(self.known))

    def curve(self, x: X, leavers: Leavers = "survivors") -> CurveResult:
        """The curve, with the notes as they are now."""
        check_curve(x, leavers)
        made = self.kept(
            ("curve", x, leavers), lambda: self.workspace.curve_of(self.known, x, self.drift, leavers=leavers)
        )
        return replace(made, notes=tuple(self.workspace.notes(made.as_of_us)))

    @property
    def moved(self) -> MovedResult | None:
        """What moved the level in the last four weeks; None before there are two."""
        return self.kept("moved", lambda: self.workspace.moved_of(self.known) if self.known.n_weeks > 2 else None)

    def weeks_between(self, since: str | None, until: str | None) -> Weeks:
        """Who was inside at two weeks."""
        return self.kept(("weeks", since, until), lambda: weeks_between(self.run, self.known, since, until))

    def tested(self, index: Index) -> tuple[Forecasts | None, Backtest]:
        """Nothing that a page can wait for.

        Raises:
            BadValueError: always.
        """
        raise BadValueError(f"a number of the backtest takes a backtest; ask on the command line: {TESTED_COMMAND}")

    @property
    def time_to_value(self) -> TimeToValueResult:
        """Time to value, and who is waiting."""
        return self.kept("time_to_value", lambda: time_to_value_result(self.known, self.workspace.store.arrow))

    @property
    def scorecard(self) -> Scorecard:
        """The scorecard of the week."""
        return self.kept("scorecard", lambda: scorecard(self.known, self.workspace.store.arrow, self.drift))

    @property
    def advocacy(self) -> AdvocacyResult:
        """Who speaks for us, and who against."""
        return self.kept("advocacy", lambda: self.workspace.advocacy_of(self.known))

    @property
    def plan(self) -> PlanResult:
        """The tracking plan against what came; of all events up to now, whoever is asked about."""
        return self._reader.kept("plan", self.workspace.plan)

    @property
    def by_name(self) -> tuple[Named, ...]:
        """Customers by name where there are few."""
        return self.kept("by_name", lambda: by_name(self.known, self.workspace.store.arrow))

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
        return self.kept(("customer", customer_id), lambda: customer_result(self.run, self.everybody, customer_id))

    def events(self, event_ids: tuple[str, ...]) -> list[dict[str, Any]]:
        """Some events by their ids."""
        names = ("event_id", "name", "occurred_us", "source", "channel", "value", "amount", "text")
        sql = f"SELECT {', '.join(names)} FROM events WHERE list_contains($1, event_id)"
        rows = self.workspace.store.rows(sql, list(event_ids)) if event_ids else []
        return [dict(zip(names, row, strict=True)) for row in rows]

    def _check_values(self) -> None:
        for key, value in self.whom.segment:
            values = self.values.get(key, [])
            if value not in values and len(values) < MOST_VALUES:
                raise UnknownNameError(f"{key} of customers", value, values)
