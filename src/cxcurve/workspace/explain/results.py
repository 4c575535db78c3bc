"""What explanations read: the results that pages show, each worked out once."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from cxcurve.learn.backtest import Backtest, backtest
from cxcurve.learn.forecasts import Forecasts, Index
from cxcurve.metrics.curve import X
from cxcurve.metrics.exit_chances import Matched
from cxcurve.metrics.growth import Growth
from cxcurve.metrics.leavers import Leavers
from cxcurve.metrics.periods import Periods
from cxcurve.metrics.snapshot import Snapshot
from cxcurve.pipeline.friction import friction_weeks
from cxcurve.pipeline.learning import forecasts_of
from cxcurve.pipeline.periods import read_periods
from cxcurve.pipeline.run import Run
from cxcurve.workspace.advocacy import AdvocacyResult
from cxcurve.workspace.curves import CurveResult
from cxcurve.workspace.customers import CustomerResult, customer_result
from cxcurve.workspace.deals import DealsResult, deals_result
from cxcurve.workspace.drift import Drift
from cxcurve.workspace.flows import FlowResult, flow_result
from cxcurve.workspace.friction import InventoryResult
from cxcurve.workspace.moved import Weeks, weeks_between
from cxcurve.workspace.read_outs import ActionsResult
from cxcurve.workspace.revenue import RevenueResult
from cxcurve.workspace.scorecards import Scorecard
from cxcurve.workspace.time_to_value import TimeToValueResult, time_to_value_result

if TYPE_CHECKING:
    from cxcurve.workspace.workspace import Workspace


class Results(Protocol):
    """The results about some customers at one as_of."""

    @property
    def run(self) -> Run:
        """What was needed for the score."""

    @property
    def known(self) -> Snapshot:
        """The customers asked for."""

    @property
    def drift(self) -> Drift:
        """The drift zones."""

    @property
    def scorecard(self) -> Scorecard:
        """The scorecard of the week."""

    @property
    def time_to_value(self) -> TimeToValueResult:
        """Time to value, and who is waiting."""

    @property
    def advocacy(self) -> AdvocacyResult:
        """Who speaks for us, and who against."""

    @property
    def revenue(self) -> RevenueResult:
        """What customers pay again and again."""

    @property
    def friction(self) -> InventoryResult:
        """The friction inventory."""

    def friction_weeks(self, signal: int) -> Matched | None:
        """The weeks that the odds of a friction rest on, of all customers."""

    @property
    def growth(self) -> Growth | None:
        """Expansions of all customers."""

    @property
    def deals(self) -> DealsResult:
        """Prospects, and what comes of them."""

    def flow(self, steps: tuple[str, ...], window_days: int, horizon_days: int) -> FlowResult:
        """The way through the stages, or through some events."""

    @property
    def actions(self) -> ActionsResult:
        """What was done, and what was seen of it."""

    def curve(self, x: X, leavers: Leavers = "survivors") -> CurveResult:
        """The curve."""

    def customer(self, customer_id: str) -> CustomerResult:
        """One customer."""

    def weeks_between(self, since: str | None, until: str | None) -> Weeks:
        """Who was inside at two weeks."""

    def tested(self, index: Index) -> tuple[Forecasts | None, Backtest]:
        """The weeks that a backtest rests on, and what it says; takes as long as a backtest."""


class Found:
    """The results of a snapshot."""

    def __init__(self, workspace: Workspace, known: Snapshot) -> None:
        self.workspace, self.known = workspace, known
        self._curves: dict[tuple[X, Leavers], CurveResult] = {}
        self._customers: dict[str, CustomerResult] = {}
        self._tested: dict[Index, tuple[Forecasts | None, Backtest]] = {}
        self._friction_weeks: dict[int, Matched | None] = {}
        self._flows: dict[tuple[tuple[str, ...], int, int], FlowResult] = {}
        self._weeks: dict[tuple[str | None, str | None], Weeks] = {}

    @cached_property
    def run(self) -> Run:
        """What was needed for the score."""
        return self.workspace.run_of(self.known)

    @cached_property
    def drift(self) -> Drift:
        """The drift zones."""
        return self.workspace.drift_of(self.known)

    @cached_property
    def scorecard(self) -> Scorecard:
        """The scorecard of the week."""
        return self.workspace.scorecard_of(self.known, self.drift)

    @cached_property
    def time_to_value(self) -> TimeToValueResult:
        """Time to value, and who is waiting."""
        return time_to_value_result(self.known, self.workspace.store.arrow)

    @cached_property
    def advocacy(self) -> AdvocacyResult:
        """Who speaks for us, and who against."""
        return self.workspace.advocacy_of(self.known)

    @cached_property
    def revenue(self) -> RevenueResult:
        """What customers pay again and again."""
        return self.workspace.revenue_of(self.known)

    @cached_property
    def friction(self) -> InventoryResult:
        """The friction inventory."""
        return self.workspace.inventory_of(self.known)

    def friction_weeks(self, signal: int) -> Matched | None:
        """The weeks that the odds of a friction rest on, of all customers."""
        if signal not in self._friction_weeks:
            self._friction_weeks[signal] = friction_weeks(self.run, signal)
        return self._friction_weeks[signal]

    @cached_property
    def growth(self) -> Growth | None:
        """Expansions of all customers."""
        return self.workspace.growth_of(self.run)

    @cached_property
    def deals(self) -> DealsResult:
        """Prospects, and what comes of them."""
        return deals_result(self.run, self.known)

    def flow(self, steps: tuple[str, ...], window_days: int, horizon_days: int) -> FlowResult:
        """The way through the stages, or through some events."""
        asked = (steps, window_days, horizon_days)
        if asked not in self._flows:
            store = self.workspace.store
            self._flows[asked] = flow_result(self.known, store.arrow, store.temporary, *asked)
        return self._flows[asked]

    @cached_property
    def actions(self) -> ActionsResult:
        """What was done, and what was seen of it."""
        return self.workspace.actions_of(self.known)

    def curve(self, x: X, leavers: Leavers = "survivors") -> CurveResult:
        """The curve."""
        if (x, leavers) not in self._curves:
            self._curves[x, leavers] = self.workspace.curve_of(self.known, x, self.drift, leavers=leavers)
        return self._curves[x, leavers]

    def customer(self, customer_id: str) -> CustomerResult:
        """One customer."""
        if customer_id not in self._customers:
            self._customers[customer_id] = customer_result(self.run, self.known, customer_id)
        return self._customers[customer_id]

    def weeks_between(self, since: str | None, until: str | None) -> Weeks:
        """Who was inside at two weeks."""
        if (since, until) not in self._weeks:
            self._weeks[since, until] = weeks_between(self.run, self.known, since, until)
        return self._weeks[since, until]

    @cached_property
    def _periods(self) -> Periods:
        return read_periods(self.run)

    def tested(self, index: Index) -> tuple[Forecasts | None, Backtest]:
        """The weeks that a backtest rests on, and what it says."""
        if index not in self._tested:
            told = forecasts_of(self.run, index, self._periods)
            self._tested[index] = told, backtest(told, n_stages=len(self.known.stage_names))
        return self._tested[index]
