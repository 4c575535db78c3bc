"""A workspace: a folder with a journey, its sources, and the store made from them."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import ibis.expr.types as ir
import pyarrow as pa

from cxcurve import tables
from cxcurve.errors import BadValueError, Problem, ProblemsError, Severity, UnknownNameError, WorkspaceError
from cxcurve.journey.calendar import end_of_day
from cxcurve.metrics.curve import X
from cxcurve.metrics.customer_states import ALL_STATES
from cxcurve.metrics.leavers import Leavers
from cxcurve.metrics.snapshot import Snapshot
from cxcurve.metrics.versions import Version
from cxcurve.model.plan_versions import plan_document
from cxcurve.model.starters import SOURCES_FILE, copy_starter
from cxcurve.pipeline.learning import check_scores, learn_weights
from cxcurve.pipeline.loading import Report, load
from cxcurve.pipeline.moments import find_moments
from cxcurve.pipeline.moving import move
from cxcurve.pipeline.own_score import OwnScore
from cxcurve.pipeline.recovery import find_recovery
from cxcurve.pipeline.replaying import Replayed, replay
from cxcurve.pipeline.run import Run, default_as_of
from cxcurve.pipeline.scoring import SCORER, changed_keys, goes_on, score
from cxcurve.pipeline.snapshots import snapshot
from cxcurve.sources import arrow_schema
from cxcurve.sources.lost_list import read_lost_list
from cxcurve.store import Store
from cxcurve.store.plans import keep_plan
from cxcurve.store.resolution import Id
from cxcurve.workspace.advocacy import AdvocacyResult, advocacy_result
from cxcurve.workspace.backtests import BacktestResult
from cxcurve.workspace.calibrations import CalibrationResult
from cxcurve.workspace.curves import CurveResult, check_curve, curve_result
from cxcurve.workspace.customers import CustomerResult, customer_result
from cxcurve.workspace.drift import Drift, drift
from cxcurve.workspace.explain import MOST_EVENTS, Explanation, Found, Key, explanation_of
from cxcurve.workspace.folder import DATA_FOLDER, STORE_FILE, Folder, errors_of, find
from cxcurve.workspace.instants import instant_us, note_us
from cxcurve.workspace.intake import Intake, decided, intake
from cxcurve.workspace.lists import (
    TimeToValueResult,
    customer_rows,
    friction_rows,
    in_state,
    signal_rows,
    time_to_value_result,
)
from cxcurve.workspace.live import Live
from cxcurve.workspace.lost import LostResult, lost_result
from cxcurve.workspace.moments import MomentsResult, RecoveryResult
from cxcurve.workspace.moved import MovedResult, moved_result
from cxcurve.workspace.plans import PlanResult, plan_draft, plan_result
from cxcurve.workspace.populations import population, segment_values
from cxcurve.workspace.privacy import Receipt, export, files_with, find_ids
from cxcurve.workspace.scorecards import Scorecard, scorecard
from cxcurve.workspace.silences import SilenceResult, silence_result

Progress = Callable[[str, int, int], None]


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


class Workspace(Folder):
    """A folder with a journey, its sources and its data. Close it when done; `with` does."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._runs: dict[tuple[int, int | None], Run] = {}
        self._snapshots: dict[int, Snapshot] = {}

    @cached_property
    def store(self) -> Store:
        """The store, opened when first needed."""
        return Store(self.folder / DATA_FOLDER / STORE_FILE)

    @cached_property
    def live(self) -> Live:
        """What is sent to the workspace while it is open."""
        return Live(self.folder / DATA_FOLDER)

    def move(self) -> int:
        """Bring what was sent into the store, a few thousand items at most; returns how many items that were."""
        sources = {key: source for key, source in self.sources.items() if source.live}
        n = move(self.store, self.live.inbox, sources, self.journey)
        if n:
            self._forget()
            self.store.remember("loaded_us", str(now_us()))
        return n

    def replay(self) -> Replayed:
        """Map what was sent and refused once more, by the plan and the mapping of today.

        Rows of files are mended where they come from, and loaded again.
        """
        sources = {key: source for key, source in self.sources.items() if source.live}
        self._forget()
        found = replay(self.store, sources, self.journey, now_us())
        self.store.remember("loaded_us", str(now_us()))
        return found

    def intake(self) -> Intake:
        """What comes in: the last hour, where everything is, and who is who."""
        return intake(self.store, self.live, now_us())

    def decide(self, of: Id, to: Id) -> None:
        """Decide whose an id is of which statements contradict each other; its own says that it is nobody else's.

        Raises:
            BadValueError: it waits for no decision, or is none of those it may be.
        """
        self._forget()
        row = decided(self.store, of, to, now_us())
        self.store.record_links(pa.Table.from_pylist([row], schema=arrow_schema(tables.LINKS)))

    def undo_link(self, link_id: str) -> None:
        """Take back a statement of who is who.

        Raises:
            UnknownNameError: there is no such statement, or it is undone already.
        """
        self._forget()
        self.store.undo_link(link_id, now_us())

    def export(self, id_: str, kind: str | None = None) -> dict[str, list[dict[str, Any]]]:
        """Everything kept of an account, a person or a visitor, table by table.

        Raises:
            UnknownNameError: nothing names it.
        """
        return export(self.store, find_ids(self.store, id_, kind))

    def erase(self, id_: str, kind: str | None = None) -> Receipt:
        """Delete everything that names an account, a person or a visitor, for good, and work out the scores without it.

        What is loaded or sent later of before the erasure is left out. Your own files are yours: the receipt names
        those in the workspace that still hold an id.

        Raises:
            UnknownNameError: nothing names it.
        """
        while self.move():  # what waits may name it
            pass
        self._forget()
        ids, erased_us = find_ids(self.store, id_, kind), now_us()
        deleted = self.store.erase(ids, erased_us)
        if self.is_scored:
            self.score()
        self.store.rewrite()
        self._forget()
        receipt = Receipt(erased_us, len(ids), deleted, files_with(self.folder, ids))
        self.store.execute("INSERT INTO receipts VALUES ($1, $2)", erased_us, json.dumps(receipt.to_json()))
        self.store.remember("loaded_us", str(erased_us))
        return receipt

    def close(self) -> None:
        """Give the store back to other processes."""
        if "live" in self.__dict__:
            self.live.close()
            del self.__dict__["live"]
        if "store" in self.__dict__:
            self._forget()
            self.store.close()
            del self.__dict__["store"]

    def __enter__(self) -> Workspace:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def events(self) -> ir.Table:
        """The events as an Ibis table, for anything else."""
        return self.store.events

    def data_problems(self) -> list[Problem]:
        """Accounts and persons that no table of customers names: a wrong column or a misspelt id looks like that.

        Anonymous visitors never are in such a table.
        """
        if not self.store.rows("SELECT 1 FROM customers LIMIT 1"):
            return []
        known = "SELECT customer_key FROM identities WHERE id_kind <> 'anonymous'"
        told = f"FROM customer_keys SEMI JOIN ({known}) USING (customer_key)"
        n_all = self.store.rows(f"SELECT count(*) {told}")[0][0]
        unnamed = f"SELECT count(*), min(customer_id) {told} ANTI JOIN customers USING (customer_id)"
        n, example = self.store.rows(unnamed)[0]
        if not n:
            return []
        message = (
            f"{n:,} of {n_all:,} customers with events (anonymous visitors aside) are in no table of customers, such "
            f'as "{example[:60]}". Where that is no customer, mend the column after `account:`, or name the person\'s '
            "account in a table of people"
        )
        return [Problem(SOURCES_FILE, 0, message, Severity.WARNING)]

    def load(self, *names: str, progress: Progress | None = None) -> dict[str, Report]:
        """Load sources (all, or those named); every row and event is accounted for in the reports."""
        unknown = [name for name in names if name not in self.sources]
        if unknown:
            raise UnknownNameError("source", unknown[0], self.sources)
        if errors := errors_of(self.file_problems(*names)):
            raise ProblemsError(errors)
        chosen = {key: source for key, source in self.sources.items() if not names or key in names}
        chosen = {key: source for key, source in chosen.items() if not source.live}
        self._forget()
        keep_plan(self.store, plan_document(self.journey), now_us())
        try:
            return load(self.store, self.folder, chosen, self.journey, received_us=now_us(), progress=progress)
        finally:  # what was loaded before a failure stays, too
            self.store.remember("loaded_us", str(now_us()))

    def score(self, *, full: bool = False, progress: Progress | None = None) -> int:
        """Score the customers whose events changed, or all; returns how many. All are told as of the same moment."""
        self._forget()
        run = self._run(default_as_of(self.store, self.settings.zone, now_us()))
        is_same_model = self.is_scored and self.store.meta("model") == self._model_mark
        keys = changed_keys(run) if is_same_model and not full and goes_on(run) else None
        if keys == [] and self.store.meta("scored_as_of_us") == str(run.as_of_us):
            return 0
        with self.store.transaction():  # a kill between the two would leave weeks of one journey marked as another's
            n = score(run, keys, progress)
            self.store.remember("model", self._model_mark)
            keep_plan(self.store, plan_document(self.journey), now_us())
            self.store.remember("scored_us", str(now_us()))
        if keys is None:  # a few customers may wait in the write-ahead log
            self.store.checkpoint()
        self._forget()
        return n

    @property
    def is_scored(self) -> bool:
        """Whether there is anything to show."""
        return self.store.has("reference_weeks")

    @property
    def is_behind(self) -> bool:
        """Whether events, seats or segments changed since the last score: what is shown does not know them yet."""
        return self.is_scored and self.store.has_touched

    @contextmanager
    def snapshot(
        self,
        as_of: str | datetime | None = None,
        *,
        segment: Mapping[str, str] | None = None,
        cohort: str | None = None,
    ) -> Iterator[Snapshot]:
        """What is known at `as_of` (default: at the last score), for all customers, a segment or a cohort.

        Another as_of is recomputed from the events and leaves nothing behind.

        Raises:
            WorkspaceError: nothing was scored yet.
            BadValueError: as_of is no date, lies in the future, or before the first event.
        """
        if as_of is None:
            scored = self.store.meta("scored_as_of_us")
            if scored is None or not self.is_scored:
                raise WorkspaceError(f"{self.folder}: nothing is scored yet. Run `cxcurve load`, then `cxcurve score`.")
            yield population(self._scored(int(scored)), self.store, segment, cohort)
            return
        run = self._run(self._known_moment(as_of))
        with self.store.trial():
            score(run, None)
            yield population(snapshot(run), self.store, segment, cohort)

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
            return scorecard(known, self.store.arrow, self.drift_of(known))

    def customer(self, customer_id: str, as_of: str | datetime | None = None) -> CustomerResult:
        """One customer with the signals and events behind its scores."""
        with self.snapshot(as_of) as known:
            return customer_result(self.run_of(known), known, customer_id)

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

    def is_last_score(self, as_of: str) -> bool:
        """Whether a moment is that of the last score, which needs no score of its own."""
        return str(instant_us(as_of, self.settings.zone)) == self.store.meta("scored_as_of_us")

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

    def version(self, as_of_us: int) -> Version | None:
        """The version of the weights in force at a moment; None where they are the expert's."""
        known = self.store.versions(as_of_us)
        return Version.read(known[-1]) if known else None

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

    def _half_life_factor(self, as_of_us: int) -> float:
        version = self.version(as_of_us)
        return version.half_life_factor if version else 1.0

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

    def silence(self, **whom: Any) -> SilenceResult:
        """How often silence is a false alarm, by activity; and how many exits nobody complained before."""
        with self.snapshot(**whom) as known:
            return silence_result(known, self.store.arrow)

    def quarantine(self) -> list[dict[str, Any]]:
        """Rows and events that could not be used, with file, line and reason."""
        names = ("source", "file", "line", "ordinal", "kind", "reason", "row")
        kept = "FROM quarantine WHERE replayed_us IS NULL ORDER BY source, file, line, ordinal"
        rows = self.store.rows(f"SELECT {', '.join(names)} {kept}")
        return [dict(zip(names, row, strict=True)) for row in rows]

    def plan(self) -> PlanResult:
        """The tracking plan: what was seen of it and refused, what changed of itself, and its versions."""
        return plan_result(self._run(default_as_of(self.store, self.settings.zone, now_us())), self.journey)

    def suggest_plan(self) -> str:
        """Entries of the tracking plan drafted from what quarantine has of events."""
        return plan_draft(self.store, self.sources, self.journey)

    def counts(self) -> dict[str, int]:
        """Events of each name in the log."""
        sql = "SELECT s.name, count(*) FROM event_log JOIN signal_keys AS s USING (signal_key) GROUP BY 1"
        return dict(self.store.rows(sql))

    def note(self, text: str, at: str | datetime) -> None:
        """Write a note on the curve."""
        self.store.execute("INSERT INTO notes VALUES ($1, $2, $3)", note_us(at, self.settings.zone), text, now_us())

    def notes(self, as_of_us: int | None = None) -> list[tuple[int, str]]:
        """The notes written on the curve, in order of time; those of a later time than as_of are left out."""
        found = self.store.rows("SELECT at_us, text FROM notes ORDER BY at_us, text")
        return [(at_us, text) for at_us, text in found if as_of_us is None or at_us < as_of_us]

    def segment_values(self, known: Snapshot) -> dict[str, list[str]]:
        """What customers can be picked by."""
        return segment_values(known, self.store)

    def run_of(self, known: Snapshot) -> Run:
        """The run that a snapshot is of: it knows the same events."""
        return self._run(known.as_of_us, known.received_until_us)

    def _known_moment(self, as_of: str | datetime) -> int:
        us = instant_us(as_of, self.settings.zone)
        if not self.counts():
            raise WorkspaceError(f"{self.folder}: there are no events yet. Run `cxcurve load`, then `cxcurve score`.")
        first = self.store.rows(
            "SELECT min(occurred_us), strftime(make_timestamp(min(occurred_us)), '%Y-%m-%d') FROM event_log"
        )[0]
        if us > end_of_day(now_us(), self.settings.zone):
            raise BadValueError(f'as_of "{as_of}" lies in the future; the latest that can be asked for is today')
        if us <= first[0]:
            raise BadValueError(f'as_of "{as_of}" lies before the first event; expected a day from {first[1]} on')
        return us

    def _run(self, as_of_us: int, received_until_us: int | None = None) -> Run:
        """What a run needs, worked out once until events or scores change."""
        key = as_of_us, received_until_us
        if key not in self._runs:
            journey = self.journey.faded(self._half_life_factor(as_of_us))
            zone, gaps = self.settings.zone, self.expected_gaps
            self._runs[key] = Run(self.store, journey, zone, as_of_us, received_until_us, gaps)
        return self._runs[key]

    def _scored(self, as_of_us: int) -> Snapshot:
        """The tables of the last score and the events it knew, looked up once until it changes."""
        if as_of_us not in self._snapshots:
            if self.store.meta("model") != self._model_mark:
                raise WorkspaceError(
                    f"{self.folder}: the journey, the time zone or an expected gap changed since the last score. "
                    "Run `cxcurve score`."
                )
            until = self.store.meta("scored_received_us") if self.is_behind else None
            self._snapshots[as_of_us] = snapshot(self._run(as_of_us, None if until is None else int(until)))
        return self._snapshots[as_of_us]

    def _forget(self) -> None:
        self._runs.clear()
        self._snapshots.clear()

    @property
    def _model_mark(self) -> str:
        versions = self.store.rows("SELECT number FROM versions ORDER BY number")
        gaps = sorted(self.expected_gaps.items())
        said = f"{SCORER}|{versions}|{self.journey.model_dump_json()}|{self.settings.zone}|{gaps}"
        return hashlib.sha256(said.encode()).hexdigest()


def now_us() -> int:
    """The present, microseconds UTC."""
    return time.time_ns() // 1000
