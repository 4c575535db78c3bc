"""A workspace: a folder with a journey, its sources, and the store made from them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from cxcurve.errors import UnknownNameError
from cxcurve.metrics.curve import X
from cxcurve.metrics.customer_states import ALL_STATES
from cxcurve.metrics.growth import Growth, growth_of
from cxcurve.metrics.leavers import Leavers
from cxcurve.metrics.snapshot import Snapshot
from cxcurve.metrics.versions import Version
from cxcurve.model.starters import copy_starter
from cxcurve.pipeline.friction import friction_chances
from cxcurve.pipeline.learning import check_scores, learn_weights
from cxcurve.pipeline.moments import find_moments
from cxcurve.pipeline.own_score import OwnScore
from cxcurve.pipeline.recovery import find_recovery
from cxcurve.pipeline.run import Run, default_as_of
from cxcurve.pipeline.snapshots import snapshot
from cxcurve.reports.moves import Diff
from cxcurve.reports.periods import Kind
from cxcurve.sources.lost_list import read_lost_list
from cxcurve.store.reports import Kept
from cxcurve.workspace.action_lists import action_rows
from cxcurve.workspace.actions import Action, action_of, actions, close, write_action
from cxcurve.workspace.advocacy import AdvocacyResult, advocacy_result
from cxcurve.workspace.backtests import BacktestResult
from cxcurve.workspace.brief import Brief
from cxcurve.workspace.briefs import brief_result
from cxcurve.workspace.calibrations import CalibrationResult
from cxcurve.workspace.curves import CurveResult, check_curve, curve_result
from cxcurve.workspace.customers import CustomerResult, customer_result
from cxcurve.workspace.data import Progress
from cxcurve.workspace.deals import DealsResult, deals_result
from cxcurve.workspace.drift import Drift, drift
from cxcurve.workspace.explain import MOST_EVENTS, Explanation, Found, Key, explanation_of
from cxcurve.workspace.fields import field_rows
from cxcurve.workspace.flows import HORIZONS, WINDOWS, FlowResult, flow_result
from cxcurve.workspace.folder import DATA_FOLDER, find
from cxcurve.workspace.friction import InventoryResult, inventory_result
from cxcurve.workspace.instants import now_us
from cxcurve.workspace.lists import (
    TimeToValueResult,
    customer_rows,
    friction_rows,
    in_state,
    signal_rows,
    time_to_value_result,
)
from cxcurve.workspace.lost import LostResult, lost_result
from cxcurve.workspace.maps import MapResult, Persona, beliefs, believe, map_result
from cxcurve.workspace.moments import MomentsResult, RecoveryResult
from cxcurve.workspace.moved import MovedResult, moved_result
from cxcurve.workspace.plans import PlanResult, plan_draft, plan_result
from cxcurve.workspace.populations import segment_values
from cxcurve.workspace.read_outs import ActionsResult, ReadOut, read_out
from cxcurve.workspace.remedies import Remedy, decide, remedies
from cxcurve.workspace.reported import ReportResult, report_of, reports_of, week_diff
from cxcurve.workspace.revenue import RevenueResult, moves_in, revenue_result
from cxcurve.workspace.scorecards import Scorecard, scorecard
from cxcurve.workspace.scored import Scored
from cxcurve.workspace.sending import SendResult, dry_send, noter, send, sent_status, to_send
from cxcurve.workspace.silences import SilenceResult, silence_result
from cxcurve.workspace.walks import Step, gaps, walks, write_walks
from cxcurve.workspace.writing import Outgoing, WriteResult, deliver, dry, keeper, kept, outgoing, status


def init(folder: Path, starter: str = "blank") -> Workspace:
    """Make a workspace from a starter and open it."""
    copy_starter(starter, folder)
    (folder / ".gitignore").write_text(f"{DATA_FOLDER}/\n", encoding="utf-8")
    return open(folder)


def open(path: str | Path = ".") -> Workspace:
    """Open the workspace in `path`, or in the nearest folder above it.

    Raises:
        WorkspaceError: there is none.
    """
    return Workspace(find(Path(path)))


class Workspace(Scored):
    """A folder with a journey, its sources and its data, scored and read. Close it when done; `with` does."""

    # --- reading: every method takes segment={"plan": "pro"}, cohort="entered invest in the last 90d" and as_of

    def curve(self, x: X = "week", *, leavers: Leavers = "survivors", **whom: Any) -> CurveResult:
        """The CX Curve by week of the cycle, position on the journey, or date; shows itself in a notebook.

        Along the weeks of the cycle there are two: of those still there (`leavers="survivors"`), and weighted so that
        those like them who left are spoken for (`leavers="weighted"`).
        """
        check_curve(x, leavers)
        with self.snapshot(**whom) as known:
            return self.curve_of(known, x, leavers=leavers)

    def curve_of(
        self, known: Snapshot, x: X = "week", drift: Drift | None = None, *, leavers: Leavers = "survivors"
    ) -> CurveResult:
        """The same from a snapshot."""
        check_curve(x, leavers)
        return curve_result(
            self.run_of(known), known, x, drift=drift or self.drift_of(known), notes=self.notes(known.as_of_us),
            currency=self.settings.currency, leavers=leavers,
        )  # fmt: skip

    def moved(self, since: str | date | None = None, until: str | date | None = None, **whom: Any) -> MovedResult:
        """What moved the mean level between two days: who left, came and moved on, and which signals; all add up.

        The level is that of the last week that ended by each day; by default of the last four weeks.
        """
        with self.snapshot(**whom) as known:
            return self.moved_of(known, since, until)

    def moved_of(
        self, known: Snapshot, since: str | date | None = None, until: str | date | None = None
    ) -> MovedResult:
        """The same from a snapshot."""
        return moved_result(self.run_of(known), known, since, until)

    def drift(self, **whom: Any) -> Drift:
        """The drift zones."""
        with self.snapshot(**whom) as known:
            return self.drift_of(known)

    def drift_of(self, known: Snapshot) -> Drift:
        """The same from a snapshot."""
        return drift(known, self.store.arrow, self.store.temporary)

    def time_to_value(self, **whom: Any) -> TimeToValueResult:
        """Time to value, and who is waiting."""
        with self.snapshot(**whom) as known:
            return time_to_value_result(known, self.store.arrow)

    def scorecard(self, **whom: Any) -> Scorecard:
        """The scorecard of the week."""
        with self.snapshot(**whom) as known:
            return self.scorecard_of(known)

    def scorecard_of(self, known: Snapshot, drift: Drift | None = None) -> Scorecard:
        """The same from a snapshot; its drift zones are worked out where they are not given."""
        return scorecard(known, self.store.arrow, drift or self.drift_of(known), self.settings.currency)

    def customer(self, customer_id: str, as_of: str | datetime | None = None) -> CustomerResult:
        """One customer with the signals and events behind its scores."""
        with self.snapshot(as_of) as known:
            return customer_result(self.run_of(known), known, customer_id)

    def brief(self, customer_id: str, as_of: str | datetime | None = None) -> Brief:
        """What to know before talking to a customer: sentences, each with the events and facts it rests on."""
        with self.snapshot(as_of) as known:
            return brief_result(self.run_of(known), known, customer_id)

    def customers(self, *, state: str | None = None, **whom: Any) -> list[dict[str, Any]]:
        """Every customer with stage, indexes, pair and states, the lowest level first.

        With `state` only those of this pair or in this state, such as "stuck" or "slipping back".

        Raises:
            UnknownNameError: there is no such pair or state.
        """
        if state is not None and state not in ALL_STATES:
            raise UnknownNameError("state", state, ALL_STATES)
        with self.snapshot(**whom) as known:
            rows = customer_rows(known, self.store.arrow)
            return rows if state is None else in_state(rows, state)

    def explain(self, key: str, *, most_events: int | None = MOST_EVENTS) -> Explanation:
        """What a number rests on, down to its events; `cxcurve.workspace.explain.keys` says how numbers are named.

        Raises:
            BadValueError: the key has no form of a key.
            UnknownNameError: there is no such number.
        """
        asked = Key.read(key, self.journey)
        as_of = None if asked.as_of is None or self.is_last_score(asked.as_of) else asked.as_of
        with self.snapshot(**{**asked.whom, "as_of": as_of}) as known:
            return explanation_of(Found(self, known), asked, most_events)

    # --- writing back

    def write(self, *names: str, dry_run: bool = False, is_all: bool = False) -> dict[str, WriteResult]:
        """Write the scores to destinations (all, or those named): the customers that changed, or all.

        A destination that fails does not stop the others; its result says why.

        Raises:
            UnknownNameError: there is no such destination.
            ProblemsError: destinations.yaml has errors; all of them.
            WorkspaceError: nothing was scored yet.
        """
        found = {}
        for out in self.to_write(*names, is_all=is_all):
            key = out.destination.key
            done = dry(out) if dry_run else deliver(out, self.folder, keeper(self.store, out))
            found[key] = done if dry_run else kept(self.store, out, done)
        return found

    def to_write(self, *names: str, is_all: bool = False, is_retry: bool = True) -> list[Outgoing]:
        """What destinations (all, or those named) are to be sent; `is_retry` with what they refused lately."""
        for name in names:
            if name not in self.destinations:
                raise UnknownNameError("destination", name, self.destinations)
        with self.snapshot() as known:
            rows, as_of_us = field_rows(self.run_of(known), known, self.drift_of(known)), known.as_of_us
        chosen = [one for key, one in self.destinations.items() if not names or key in names]
        return [outgoing(self.store, one, as_of_us, rows, is_all=is_all, is_retry=is_retry) for one in chosen]

    def written(self) -> dict[str, dict[str, Any]]:
        """How the last writing to each destination went, as JSON."""
        return status(self.store, self.destinations)

    # --- reports

    def report(
        self, period: str | None = None, kind: Kind = "week", *, again: bool = False,
        segment: Mapping[str, str] | None = None,
    ) -> ReportResult:  # fmt: skip
        """The report of a week or a quarter (default: the last that is over), made and kept where there is none yet.

        What was kept is never made anew; `again` sets beside it what is known of the same time now. A segment, such as
        {"plan": "Pro"}, has reports of its own.

        Raises:
            BadValueError: it is no such period, or it is not over.
            WorkspaceError: nothing was scored yet.
        """
        return report_of(self, period, kind, again=again, segment=segment)

    def report_diff(
        self, since: str | None = None, until: str | None = None, segment: Mapping[str, str] | None = None
    ) -> Diff | None:
        """What moved the level from one week's report to another's, all of it; None where there are too few customers.

        Raises:
            BadValueError: they are no weeks that are over, one after the other.
        """
        return week_diff(self, since, until, segment)

    def send_report(self, name: str, *, dry_run: bool = False, again: bool = False) -> SendResult:
        """Send the last report to a subscription of reports.yaml: to those who were not sent it yet, or to all `again`.

        Raises:
            UnknownNameError: there is no such subscription.
            ProblemsError: reports.yaml has errors, or a secret is missing; all of them.
        """
        out = to_send(self, name, again=again)
        return dry_send(out) if dry_run else send(out, noter(self.store, out))

    def sent_reports(self) -> dict[str, dict[str, Any]]:
        """What became of the last report of each subscription, as JSON."""
        return sent_status(self)

    def reports(self) -> list[Kept]:
        """Every report that is kept, the newest first, in all editions."""
        return reports_of(self.store)

    # --- learning

    def calibrate(
        self, as_of: str | datetime | None = None, *, apply: bool = False, progress: Progress | None = None
    ) -> CalibrationResult:
        """Learn the weights from who left and who moved on by `as_of` (default: the last score).

        With `apply` they are kept as a version, dated as_of, and the weeks from then on are scored by it.
        """
        with self.snapshot(as_of) as known:
            run = self.run_of(known)
            learned, half_lives = learn_weights(run, progress)
            factor = half_lives.factor * self._half_life_factor(known.as_of_us)
            made = learned.version(self._next_version, factor)
            result = CalibrationResult(made, run.weights, half_lives, known.stage_names, apply)
        if apply:
            self.keep_version(made, progress)
        return result

    def keep_version(self, version: Version, progress: Progress | None = None) -> None:
        """Keep a version of the weights and score by it."""
        columns = (version.number, version.as_of_us, now_us(), version.written())
        self.store.execute("INSERT INTO versions VALUES ($1, $2, $3, $4)", *columns)
        self.score(full=True, progress=progress)

    def backtest(
        self,
        as_of: str | datetime | None = None,
        *,
        own_score: str | None = None,
        is_risk: bool = False,
        progress: Progress | None = None,
    ) -> BacktestResult:
        """How right the scores were, forward in time, of customers the weights were not learned from.

        `own_score` names a column of the customers that runs in the same test; higher is healthier unless `is_risk`.
        """
        own = OwnScore.read(self.store, own_score, is_risk=is_risk) if own_score else None
        with self.snapshot(as_of) as known:
            friction, momentum = check_scores(self.run_of(known), own, progress)
        result = BacktestResult(known.as_of_us, friction, momentum, own_score)
        if as_of is None:
            self.store.remember("backtest", json.dumps(result.to_json()))
        return result

    def lost(
        self,
        listed: str,
        as_of: str | datetime | None = None,
        *,
        name: str = "list",
        progress: Progress | None = None,
    ) -> LostResult:
        """Whether the customers of a list were marked at risk before they were lost, when and why; keeps nothing.

        Args:
            listed: lines of customer, date and, where there is one, reason, as CSV; the first line names them.
            as_of: what is known (default: the last score).
            name: what messages call the list.
            progress: told how far it is.

        Raises:
            ProblemsError: lines cannot be read; all of them.
        """
        rows = read_lost_list(listed, name, self.settings.zone)
        with self.snapshot(as_of) as known:
            return lost_result(self.run_of(known), rows, progress)

    @property
    def last_backtest(self) -> dict[str, Any] | None:
        """The newest backtest of the present, as JSON: it takes too long to be made for a page."""
        kept = self.store.meta("backtest")
        return None if kept is None else dict(json.loads(kept))

    def moments(self, *, progress: Progress | None = None, **whom: Any) -> MomentsResult:
        """What customers did after something happened to them first, against those like them: an association."""
        with self.snapshot(**whom) as known:
            found = find_moments(self.run_of(known), known.customers, progress)
            return MomentsResult(known.as_of_us, found)

    def recovery(self, *, progress: Progress | None = None, **whom: Any) -> RecoveryResult:
        """What customers did after an issue handled well, or badly, against those like them without one."""
        with self.snapshot(**whom) as known:
            found = find_recovery(self.run_of(known), known.customers, progress)
            return RecoveryResult(known.as_of_us, found)

    def advocacy(self, **whom: Any) -> AdvocacyResult:
        """Who is ready to speak for us, who does, who speaks against us, and whether ready means anything."""
        with self.snapshot(**whom) as known:
            return self.advocacy_of(known)

    def advocacy_of(self, known: Snapshot) -> AdvocacyResult:
        """The same from a snapshot."""
        return advocacy_result(
            known, self.store.arrow, lambda rows: self.store.temporary_from("ready_weeks", self.store.sql(rows))
        )

    def revenue(self, **whom: Any) -> RevenueResult:
        """Recurring revenue month by month, to the cent, what is kept of it, and its cohorts."""
        with self.snapshot(**whom) as known:
            return self.revenue_of(known)

    def revenue_of(self, known: Snapshot) -> RevenueResult:
        """The same from a snapshot."""
        return revenue_result(known, self.store.arrow, self.settings.currency)

    def deals(self, **whom: Any) -> DealsResult:
        """Prospects by what they are worth and how likely they move on, with the doubt that holds each."""
        with self.snapshot(**whom) as known:
            return deals_result(self.run_of(known), known)

    def flow(
        self, *steps: str, window_days: int = WINDOWS[0], horizon_days: int = HORIZONS[0], **whom: Any
    ) -> FlowResult:
        """The way through the stages, or through some events in order: how many go on, how fast, and who stops."""
        with self.snapshot(**whom) as known:
            store = self.store
            return flow_result(known, store.arrow, store.temporary, steps, window_days, horizon_days)

    @property
    def _next_version(self) -> int:
        return int(self.store.rows("SELECT coalesce(max(number), 0) + 1 FROM versions")[0][0])

    # --- lists

    def signals(self, **whom: Any) -> dict[str, Any]:
        """The tracking plan's signals with weights and what was seen of them."""
        with self.snapshot(**whom) as known:
            return signal_rows(known, self.store.arrow, self.run_of(known).weights)

    def friction(self, **whom: Any) -> list[dict[str, Any]]:
        """Friction signals of the last 28 days."""
        with self.snapshot(**whom) as known:
            return friction_rows(known, self.store.arrow, self.run_of(known).weights)

    def inventory(self, **whom: Any) -> InventoryResult:
        """The friction inventory: a row for each friction signal, touchpoint and stage, with revenue at risk."""
        with self.snapshot(**whom) as known:
            return self.inventory_of(known)

    def inventory_of(self, known: Snapshot) -> InventoryResult:
        """The same from a snapshot."""
        run = self.run_of(known)
        return self.inventory_with(inventory_result(run, known, friction_chances(run, self.growth_of(run))))

    def growth_of(self, run: Run) -> Growth | None:
        """Expansions of all customers; None where the journey does not say what they are, or there was none."""
        rule = self.journey.recurring
        if rule is None:
            return None
        return growth_of(moves_in(snapshot(run), self.store.arrow, rule, self.settings.currency, is_said=True)[0])

    def inventory_with(self, made: InventoryResult) -> InventoryResult:
        """An inventory with what was decided about its rows, and walked, up to its moment."""
        return replace(made, decided=remedies(self.store), rivals=gaps(walks(self.store)))

    def decide_friction(self, said: Mapping[str, Any], by: str) -> Remedy:
        """Keep a decision about a friction of the inventory: its owner, cause, status and due day.

        Raises:
            UnknownNameError: there is no such signal or stage.
            BadValueError: a value that cannot be, or it is accepted and nobody owns it.
        """
        return decide(self.store, self.journey, said, by, now_us())

    def map(self, persona: Persona, **whom: Any) -> MapResult:
        """The journey map of a role and mindset among some customers, with what was said of that persona.

        Raises:
            UnknownNameError: nobody has such a role, or there is no such mindset.
        """
        with self.snapshot(**whom) as known:
            return self.map_with(map_result(self.store, known, persona))

    def map_with(self, made: MapResult) -> MapResult:
        """A map with what is believed and wanted, as it was said last."""
        return replace(made, beliefs=beliefs(self.store, made.persona))

    def believe(self, said: Mapping[str, str], by: str) -> Persona:
        """Keep what somebody believes, or wants, of a persona at a stage.

        Raises:
            UnknownNameError: there is no such stage or mindset.
            BadValueError: a level is no number from -100 to 100, or a text is too long.
        """
        return believe(self.store, self.journey, said, by, now_us())

    def walks(self) -> list[Step]:
        """The steps of all walks, ours and rivals', the latest first."""
        return walks(self.store)

    def write_walks(self, text: str, given: Mapping[str, str], by: str) -> int:
        """Keep the steps of walks, a line each; returns how many.

        Raises:
            ProblemsError: lines cannot be read; all of them.
        """
        return write_walks(self.store, text, given, by, now_us())

    def actions(self, as_of: str | datetime | None = None) -> ActionsResult:
        """What was done, for whom, and what was seen of its promise, the action that began last first."""
        with self.snapshot(as_of) as known:
            return self.actions_of(known)

    def actions_of(self, known: Snapshot) -> ActionsResult:
        """The same from a snapshot of all customers."""
        return ActionsResult(known.as_of_us, [self.read_out_of(known, one) for one in actions(self.store)])

    def read_out_of(self, known: Snapshot, action: Action) -> ReadOut:
        """What was seen of one action, from a snapshot of all customers."""
        return read_out(known, self.store, action)

    def write_action(self, said: Mapping[str, str], by: str, at_us: int | None = None) -> Action:
        """Keep an action with whom it is for, drawn now: see `workspace.actions.write_action`.

        `at_us` is when it is written; now if not given. It is for what is brought in from elsewhere.

        Raises:
            BadValueError: a value that cannot be.
            UnknownNameError: there is no such stage, friction, metric or value of a segment.
            ProblemsError: ids that are no customer's, all of them.
        """
        with self.snapshot() as known:
            return write_action(self.store, known, self.journey, said, by, now_us() if at_us is None else at_us)

    def close_action(self, action_id: str, how: str, reason: str, by: str) -> Action:
        """Say that an action ended or is withdrawn, and why.

        Raises:
            UnknownNameError: there is no such action.
            BadValueError: there is no reason, or it is closed already.
        """
        return close(self.store, action_id, how, reason, by, now_us())

    def action_list(self, action_id: str) -> list[dict[str, Any]]:
        """Whom an action is for: customer_id, name, owner, stage, is_held_out; as they are known now.

        Raises:
            UnknownNameError: there is no such action.
        """
        action_of(self.store, action_id)
        with self.snapshot() as known:
            return action_rows(known, self.store, action_id)

    def silence(self, **whom: Any) -> SilenceResult:
        """How often silence is a false alarm, by activity; and how many exits nobody complained before."""
        with self.snapshot(**whom) as known:
            return silence_result(known, self.store.arrow)

    def plan(self) -> PlanResult:
        """The tracking plan: what was seen of it and refused, what changed of itself, and its versions."""
        return plan_result(self._run(default_as_of(self.store, self.settings.zone, now_us())), self.journey)

    def suggest_plan(self) -> str:
        """Entries of the tracking plan drafted from what quarantine has of events."""
        return plan_draft(self.store, self.sources, self.journey)

    def segment_values(self, known: Snapshot) -> dict[str, list[str]]:
        """What customers can be picked by."""
        return segment_values(known, self.store)
