"""What pages read from the workspace: one at a time, and kept until the data or the scores change."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from typing import Any, TypeVar

from cxcurve.errors import BadValueError, TooFewError, UnknownNameError
from cxcurve.learn.backtest import Backtest
from cxcurve.learn.forecasts import Forecasts, Index
from cxcurve.metrics.curve import X
from cxcurve.metrics.drift import Zone
from cxcurve.metrics.drifting import Drifting
from cxcurve.metrics.exit_chances import Matched
from cxcurve.metrics.growth import Growth
from cxcurve.metrics.leavers import Leavers
from cxcurve.metrics.snapshot import Snapshot
from cxcurve.metrics.staleness import SilentSource
from cxcurve.metrics.versions import Version
from cxcurve.people.roles import Role
from cxcurve.pipeline.friction import friction_chances, friction_weeks
from cxcurve.pipeline.run import Run
from cxcurve.store.actions import sizes_within
from cxcurve.web.asked import Whom
from cxcurve.web.kept import Kept, Side
from cxcurve.web.turns import Turns
from cxcurve.web.visitor import visitor
from cxcurve.workspace import Workspace
from cxcurve.workspace.action_lists import action_rows
from cxcurve.workspace.actions import Action, action_of, actions, to_be_read
from cxcurve.workspace.advocacy import AdvocacyResult
from cxcurve.workspace.brief import Brief
from cxcurve.workspace.briefs import brief_result, events_of
from cxcurve.workspace.by_name import Named, by_name
from cxcurve.workspace.curves import CurveResult, check_curve
from cxcurve.workspace.customers import CustomerResult, customer_result
from cxcurve.workspace.deals import DealsResult, deals_result
from cxcurve.workspace.drift import Drift
from cxcurve.workspace.experience import Experience, experience_of
from cxcurve.workspace.few import (
    FEWEST,
    TOLD,
    check_told,
    few_actions,
    few_advocacy,
    few_curve,
    few_deals,
    few_drift,
    few_experience,
    few_flow,
    few_inventory,
    few_map,
    few_moved,
    few_revenue,
    few_scorecard,
    few_time_to_value,
    told_together,
)
from cxcurve.workspace.flows import FlowResult, flow_result
from cxcurve.workspace.friction import InventoryResult, inventory_result
from cxcurve.workspace.happened import facets_of, tone_of
from cxcurve.workspace.instants import instant_us
from cxcurve.workspace.lists import TimeToValueResult, customer_rows, recent_levels, time_to_value_result
from cxcurve.workspace.maps import MapResult, Persona, map_result
from cxcurve.workspace.moved import MovedResult, Weeks, weeks_between
from cxcurve.workspace.plans import PlanResult
from cxcurve.workspace.populations import MOST_VALUES, population, segment_values, within
from cxcurve.workspace.read_outs import ActionsResult, ReadOut, unread
from cxcurve.workspace.reasons import top_reasons
from cxcurve.workspace.remarks import on_customer, wrong_by_signal
from cxcurve.workspace.revenue import RevenueResult
from cxcurve.workspace.scorecards import Scorecard
from cxcurve.workspace.search import Found, search
from cxcurve.workspace.today import STALL, Calls, calls

T = TypeVar("T")
N_READING = 2
"""Connections that pages are read by."""
TESTED_COMMAND = "cxcurve explain backtest/INDEX/FACT"


class Reader:
    """Guards a workspace: one who reads beside it, and one at a time who writes or tries something.

    What the last score says is read beside by a connection of its own, whatever is being written meanwhile. Another
    moment is worked out in the tables themselves and taken back: that waits for who writes.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._kept = Kept()
        self._writing, self._refreshing = Turns([Side(lambda: workspace)]), Turns([Side(workspace.beside)])
        self._apart = Turns([Side(workspace.beside)])
        self._sides = tuple(Side(workspace.beside, self._kept) for _ in range(N_READING))
        self._reading = Turns(self._sides)

    @contextmanager
    def view(self, whom: Whom, *, tries: bool = False) -> Iterator[View]:
        """What whoever asks may know about some customers; nothing is read before it is needed.

        `tries`: it works out a moment.
        """
        whom = replace(whom, scope=visitor().scope)
        with self._reading.taken() as side:
            whom = _at_score(side.workspace, whom)
            if whom.as_of is None and not tries:
                with side.workspace.store.transaction(), ExitStack() as stack:
                    yield _viewed(side, whom, stack)
                return
        with self._writing.taken() as side, ExitStack() as stack:
            yield _viewed(side, whom, stack)

    def is_refreshed(self, *, value: bool) -> None:
        """Say whether somebody makes pages anew beside those who read."""
        for side in self._sides:
            side.is_refreshed = value

    def has_news(self) -> bool:
        """Whether anything was written since what is read was last made anew."""
        with self._refreshing.taken() as side:
            return side.forget_when_changed()

    @contextmanager
    def refreshing(self) -> Iterator[Callable[[Whom], AbstractContextManager[View]]]:
        """Views that work out everything anew; what that is of all is what the others read from when it ends."""

        @contextmanager
        def viewed(whom: Whom) -> Iterator[View]:
            with side.workspace.store.transaction(), ExitStack() as stack:
                yield _viewed(side, replace(whom, scope=visitor().scope), stack)

        with self._refreshing.taken() as side:
            yield viewed
            side.hand_over(self._kept)

    @contextmanager
    def held(self) -> Iterator[Workspace]:
        """The workspace, to write, for a short moment of one's own."""
        with self._writing.taken() as side:
            yield side.workspace

    @contextmanager
    def apart(self) -> Iterator[Workspace]:
        """The workspace as it was committed, for long: neither who writes nor who reads waits meanwhile."""
        with self._apart.taken() as side:
            side.forget_when_changed()
            yield side.workspace

    @contextmanager
    def beside(self) -> Iterator[Workspace]:
        """The workspace as it was committed, to read, for a short moment."""
        with self._reading.taken() as side:
            yield side.workspace


def _viewed(side: Side, whom: Whom, stack: ExitStack) -> View:
    side.forget_when_changed()
    stack.push(lambda kind, *_: side.workspace.forget() if kind else None)  # tables made within go with what failed
    return View(side, side.held_to_scope(whom), stack)


def _at_score(workspace: Workspace, whom: Whom) -> Whom:
    """The moment of the last score needs no score of its own."""
    if whom.as_of is None:
        return whom
    is_last = str(instant_us(whom.as_of, workspace.settings.zone)) == workspace.store.meta("scored_as_of_us")
    return replace(whom, as_of=None) if is_last else whom


class View:
    """What is known about `whom`. Each result is worked out once and shared by all pages."""

    def __init__(self, side: Side, whom: Whom, stack: ExitStack) -> None:
        self.workspace, self.whom = side.workspace, whom
        self._side, self._stack = side, stack
        self._everybody: Snapshot | None = None
        self._known: Snapshot | None = None
        self._events: dict[str, list[dict[str, Any]]] = {}

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

    def drifting_of(self, customer_key: int) -> tuple[tuple[Zone, Drifting], ...]:
        """Where a customer drifts now."""

        def made() -> dict[int, tuple[tuple[Zone, Drifting], ...]]:
            by_key: dict[int, tuple[tuple[Zone, Drifting], ...]] = {}
            for zone, one in self.drifting:
                by_key[one.customer_key] = (*by_key.get(one.customer_key, ()), (zone, one))
            return by_key

        return self.of_all("drifting by key", made).get(customer_key, ())

    @property
    def calls(self) -> Calls:
        """Who is worth a call, the most urgent first."""
        return self.of_all("calls", self._calls)

    def _calls(self) -> Calls:
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
        made = self.of_all("scorecard", lambda: self.workspace.scorecard_of(self.known, self.drift))
        return self._told(made, few_scorecard)

    @property
    def advocacy(self) -> AdvocacyResult:
        """Who speaks for us, and who against."""
        return self._told(self.of_all("advocacy", lambda: self.workspace.advocacy_of(self.known)), few_advocacy)

    @property
    def revenue(self) -> RevenueResult:
        """What customers pay again and again, and what is kept of it."""
        return self._told(self.of_all("revenue", lambda: self.workspace.revenue_of(self.known)), few_revenue)

    @property
    def deals(self) -> DealsResult:
        """Prospects, one by one, and what comes of all of them."""
        return self._told(self.of_all("deals", lambda: deals_result(self.run, self.known)), few_deals)

    def flow(self, steps: tuple[str, ...], window_days: int, horizon_days: int) -> FlowResult:
        """The way through the stages, or through some events."""
        if steps and self.whom.scope is not None:  # of any steps, some would differ by single customers
            raise TooFewError(f"Steps of one's own are told of all customers only; {TOLD}.")
        store, asked = self.workspace.store, (steps, window_days, horizon_days)
        made = self.of_all(("flow", asked), lambda: flow_result(self.known, store.arrow, store.temporary, *asked))
        return self._told(made, few_flow)

    @property
    def friction(self) -> InventoryResult:
        """The friction inventory, with what was decided as it is now."""
        # Expansions are told of everybody's customers only, to whoever may know of all.
        growth = self.growth
        chances = self.of_all("friction_chances", lambda: friction_chances(self.run, growth), of_everybody=True)
        made = self.of_all("inventory", lambda: inventory_result(self.run, self.known, chances))
        return self._told(self.workspace.inventory_with(made), few_inventory)

    @property
    def growth(self) -> Growth | None:
        """Expansions of all customers; None for whoever may know of some only."""
        if self.whom.scope is not None:
            return None
        return self.of_all("growth", lambda: self.workspace.growth_of(self.run), of_everybody=True)

    def friction_weeks(self, signal: int) -> Matched | None:
        """The weeks that the odds of a friction rest on, of all customers.

        Raises:
            TooFewError: whoever asks may know of some customers only.
        """
        if self.whom.scope is not None:
            raise TooFewError(f"The weeks behind it are of customers of others, too; {TOLD}.")
        return friction_weeks(self.workspace.run_of(self.everybody), signal)

    @property
    def experience(self) -> Experience:
        """How much of what customers met at a stage and touchpoint was good."""
        made = self.of_all("experience", lambda: experience_of(self.known, self.workspace.store.arrow))
        return self._told(made, few_experience)

    def map(self, persona: Persona) -> MapResult:
        """The journey map of a persona.

        Raises:
            TooFewError: whoever asks may know of some customers only, and asks for a role or mindset of them.
        """
        if self.whom.scope is not None and (persona.role or persona.mindset):
            raise TooFewError(f"A role or mindset would tell of few customers; {TOLD}.")
        made = self.of_all(("map", persona), lambda: map_result(self.workspace.store, self.known, persona))
        return self._told(self.workspace.map_with(made), few_map)

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
        return self.of_all("customers", lambda: customer_rows(self.known, self.workspace.store.arrow))

    def search(self, text: str) -> Found:
        """What a text names."""
        store, whom = self.workspace.store, self.whom
        return self.kept(
            ("search", text), lambda: search(text, self.customers, store, self.workspace.journey, whom.within)
        )

    @property
    def actions(self) -> ActionsResult:
        """What was done and what was seen of it; the actions are those of now."""
        known, store = self.everybody, self.workspace.store
        listed = actions(store)
        if self.whom.scope is not None:
            told = ActionsResult(known.as_of_us, [unread(known, one) for one in listed])
            return few_actions(told, sizes_within(store, self.whom.within or ()))
        made = self.of_all("read_outs", dict[Action, ReadOut], of_everybody=True)
        for one in listed:
            if one not in made:
                made[one] = self.workspace.read_out_of(known, one)
        return ActionsResult(known.as_of_us, [made[one] for one in listed])

    @property
    def actions_to_read(self) -> list[Action]:
        """Those whose days are over, for whoever may see what was seen of them."""
        return [] if self.whom.scope is not None else to_be_read(self.workspace.store, self.as_of_us)

    def action_list(self, action_id: str) -> list[dict[str, Any]]:
        """Whom an action is for, of those whom whoever asks may know of.

        Raises:
            UnknownNameError: there is no such action, or none for any of them.
        """
        action_of(self.workspace.store, action_id)
        rows = action_rows(self.everybody, self.workspace.store, action_id)
        if not rows and self.whom.scope is not None:  # whether there is one for others is not to be told
            raise UnknownNameError("action", action_id)
        return rows

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
            return customer_result(self.run, self.everybody, customer_id, self.events(customer_id))

        return self._side.kept_of_one((self.whom, ("customer", customer_id)), customer_id, make)

    def _among_many(self, made: CustomerResult) -> CustomerResult:
        """Without what is typical of the stage where few customers of others are at it."""
        if made.stage is None:
            return made
        peers = self.run.peers[self.workspace.journey.stage_names.index(made.stage)]
        if len(peers["friction_index"]) - len(self.whom.within or ()) >= FEWEST:
            return made
        return replace(made, typical=dict.fromkeys(made.typical), percentile=None)

    def brief(self, customer_id: str) -> Brief:
        """What to know of one customer before talking to them; of small questions, for it is waited for.

        Raises:
            UnknownNameError: no event names this customer.
        """
        if not self.has(customer_id):
            raise UnknownNameError("customer", customer_id)

        def make() -> Brief:
            return brief_result(self.run, self.everybody, customer_id, self.events(customer_id))

        return self._side.kept_of_one((self.whom, ("brief", customer_id)), customer_id, make)

    def remarks(self, customer_id: str) -> dict[str, list[dict[str, Any]]]:
        """The notes on one customer and what was called wrong, as they are now; of the company's own, for none else."""
        if visitor().role is Role.PARTNER:
            return {"notes": [], "wrong_alarms": []}
        return on_customer(self.workspace.store, customer_id)

    @property
    def wrong_alarms(self) -> list[dict[str, Any]]:
        """How often each signal was called wrong, as it is now."""
        return wrong_by_signal(self.workspace.store)

    def happened(self, result: CustomerResult) -> list[dict[str, Any]]:
        """All that happened to a customer who was read, with what it is filtered by."""
        journey = self.run.journey
        return facets_of(self.events(result.facts["customer_id"]), result.stays, lambda event: tone_of(event, journey))

    def events(self, customer_id: str) -> list[dict[str, Any]]:
        """All events of a customer in order of time, read once for all of a page."""
        if customer_id not in self._events:
            key = self.workspace.store.customer_key(customer_id)
            self._events[customer_id] = [] if key is None else events_of(self.run, key)
        return self._events[customer_id]

    def _check_values(self) -> None:
        for key, value in self.whom.segment:
            values = self.values.get(key, [])
            if value not in values and len(values) < MOST_VALUES:
                raise UnknownNameError(f"{key} of customers", value, values)
