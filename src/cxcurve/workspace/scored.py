"""The scores of a workspace: made, kept up to date, made anew without somebody, and known as of a moment."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from cxcurve.errors import BadValueError, WorkspaceError
from cxcurve.journey.calendar import end_of_day
from cxcurve.metrics.snapshot import Snapshot
from cxcurve.metrics.versions import Version
from cxcurve.model.journey import Journey
from cxcurve.model.plan_versions import plan_document, written
from cxcurve.pipeline.moving import forget
from cxcurve.pipeline.run import Run, default_as_of
from cxcurve.pipeline.scoring import SCORER, changed_keys, goes_on, score
from cxcurve.pipeline.snapshots import snapshot
from cxcurve.store import Store
from cxcurve.store.plans import keep_plan
from cxcurve.workspace.consent import Choice, choices, statement, subject
from cxcurve.workspace.data import Data, Progress
from cxcurve.workspace.folder import DATA_FOLDER
from cxcurve.workspace.instants import instant_us, now_us
from cxcurve.workspace.live import KEYS_FILE
from cxcurve.workspace.populations import population
from cxcurve.workspace.privacy import Named, Receipt, files_with, find_ids, named

T = TypeVar("T")
WORDS_MARK = "journey"


@dataclass(frozen=True)
class _Done:
    """How many were scored, whether all were, and whether it differs from the score before."""

    n: int = 0
    is_full: bool = False
    is_new: bool = True


class Scored(Data):
    """A folder with its data, and what was worked out from them."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._runs: dict[tuple[int, int | None], Run] = {}
        self._snapshots: dict[int, Snapshot] = {}

    def erase(self, id_: str, kind: str | None = None) -> Receipt:
        """Delete everything that names an account, a person or a visitor, for good, and work out the scores without it.

        What is loaded or sent later of before the erasure is left out. Your own files are yours: the receipt names
        those in the workspace that still hold an id.

        Raises:
            UnknownNameError: nothing names it.
        """
        while self.move():  # what waits may name it
            pass
        self.forget()
        ids, erased_us = find_ids(self.store, id_, kind), now_us()
        who = named(self.store, ids)
        deleted = {**self.store.erase(ids, erased_us), "saved_views": self._erase_views(who)}
        if self.is_scored:
            self.score()
        self.store.rewrite()
        self.forget()
        receipt = Receipt(erased_us, len(ids), deleted, files_with(self.folder, ids))
        self.store.execute("INSERT INTO receipts VALUES ($1, $2)", erased_us, json.dumps(receipt.to_json()))
        self.store.remember("loaded_us", str(erased_us))
        return receipt

    def _erase_views(self, who: Named) -> int:
        """Take away the saved views that name somebody; their address would tell of them for good."""
        if not (self.folder / DATA_FOLDER / KEYS_FILE).is_file():
            return 0
        found = [one.view_id for one in self.team.views.all() if who.is_in(one)]
        if found:
            self.team.views.erase(found)
        return len(found)

    def consent(
        self, id_: str, *, give: Sequence[str] = (), withdraw: Sequence[str] = (), kind: str | None = None
    ) -> list[Choice]:
        """What a person, a visitor or an account allows; said anew where purposes are named, and scored by it at once.

        A withdrawal reaches back: all derived numbers are as if the purpose had never been allowed.

        Raises:
            UnknownNameError: nothing names the id, or there is no such purpose.
            BadValueError: a purpose is both given and withdrawn.
        """
        while self.move():  # what waits may name it, and may be of before
            pass
        self._allow()
        of, ids = subject(find_ids(self.store, id_, kind), id_)
        if give or withdraw:
            self.forget()
            self.store.record_consents(statement(of, give, withdraw, now_us()))
            if "analytics" in withdraw:
                self.store.forget_stories({one for _, one in ids} | {id_})
            if self.is_behind:
                self.score()
        return choices(self.store, ids, self.journey.consent.default, now_us())

    def retain(self) -> dict[str, int]:
        """Delete what is older than journey.yaml says it may be kept, from the file too; returns the rows by table.

        Every score does so once a day, but leaves what was deleted in the file until its place is needed.
        """
        deleted = self._retire()
        if deleted:
            if self.is_behind:
                self.score()
            self.store.rewrite()
            self.forget()
        return deleted

    def score(self, *, full: bool = False, progress: Progress | None = None) -> int:
        """Score the customers whose events changed, or all; returns how many. All are told as of the same moment."""
        with self.store.transaction():
            done = self._score(full=full, progress=progress)
            if done.is_new:
                self.store.remember("scored_us", str(now_us()))
        if done.is_full:  # a few customers may wait in the write-ahead log
            self.store.checkpoint()
        return done.n

    def _score(self, *, full: bool = False, progress: Progress | None = None) -> _Done:
        self.forget()
        self._allow()
        self._retire(once_a_day=True)
        run = self._run(default_as_of(self.store, self.settings.zone, now_us()))
        is_same_model = self.is_scored and self.store.meta("model") == self._model_mark
        keys = changed_keys(run) if is_same_model and not full and goes_on(run) else None
        is_new = self._keep_words()
        if keys == [] and self.store.meta("scored_as_of_us") == str(run.as_of_us):
            return _Done(is_new=is_new)
        with self.store.transaction():  # a kill between the two would leave weeks of one journey marked as another's
            n = score(run, keys, progress)
            if not is_same_model:
                self.store.remember("model", self._model_mark)
        self.forget()
        return _Done(n, is_full=keys is None)

    def beat(self) -> int:
        """Bring in what was sent and score whom it is of; who reads beside sees both or neither.

        Returns:
            How many items were brought in.
        """
        with self.store.transaction():
            moved = self._take()
            if moved.n_items or self.is_behind:
                self._score()
                self.store.remember("beat_us", str(now_us()))
        forget(self.live.inbox, moved)
        return moved.n_items

    @property
    def is_scored(self) -> bool:
        """Whether there is anything to show."""
        return self.store.has("reference_weeks")

    @property
    def is_other_model(self) -> bool:
        """Whether what scores rest on of the journey, the time zone or an expected gap changed since the last score."""
        return self.store.meta("model") != self._model_mark

    @property
    def words_mark(self) -> str:
        """What tells this journey from any other, be it by a label."""
        journey, plan = self.journey, written(plan_document(self.journey))
        said = f"{journey.model_dump_json()}|{journey.recurring!r}|{plan}"
        return hashlib.sha256(said.encode()).hexdigest()

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

    def tried(self, journey: Journey, read: Callable[[Snapshot, Store], T]) -> tuple[int, T, T]:
        """What the last score says, and what it would say, were the journey this one; leaves nothing behind.

        It is worked out apart: whoever writes does not wait for it, and what comes in meanwhile is in neither.

        Returns:
            When the last score is of, and what was read of each of the two.

        Raises:
            WorkspaceError: nothing was scored yet, or the journey is another one since.
        """
        with self.store.apart() as store:
            other = type(self)(self.folder)
            other.__dict__.update(store=store, live=self.live, journey=self.journey, expected_gaps=self.expected_gaps)
            with other.snapshot() as known:
                as_of_us, until_us, before = known.as_of_us, known.received_until_us, read(known, store)
            faded = journey.faded(self._half_life_factor(as_of_us))
            run = Run(store, faded, self.settings.zone, as_of_us, until_us, self.expected_gaps)
            score(run, None)
            return as_of_us, before, read(snapshot(run), store)

    def adopt(self, journey: Journey, write: Callable[[], None]) -> None:
        """Go on with another journey: all are scored by it where they are by anything else, and `write` keeps its file.

        Where either fails the journey and the scores stay what they were.
        """
        before = self.journey
        self.__dict__["journey"] = journey
        try:
            with self.store.transaction():
                self._keep_words()
                if self.is_scored and self.is_other_model:
                    self._score(full=True)
                    self.store.remember("scored_us", str(now_us()))
                write()
        except BaseException:
            self.__dict__["journey"] = before
            raise
        finally:
            self.forget()
        self.__dict__.pop("sources", None)
        self.store.checkpoint()

    def is_last_score(self, as_of: str) -> bool:
        """Whether a moment is that of the last score, which needs no score of its own."""
        return str(instant_us(as_of, self.settings.zone)) == self.store.meta("scored_as_of_us")

    def version(self, as_of_us: int) -> Version | None:
        """The version of the weights in force at a moment; None where they are the expert's."""
        known = self.store.versions(as_of_us)
        return Version.read(known[-1]) if known else None

    def run_of(self, known: Snapshot) -> Run:
        """The run that a snapshot is of: it knows the same events."""
        return self._run(known.as_of_us, known.received_until_us)

    def _known_moment(self, as_of: str | datetime) -> int:
        us = instant_us(as_of, self.settings.zone)
        if not self.counts():
            raise WorkspaceError(f"{self.folder}: there are no events yet. Run `cxcurve load`, then `cxcurve score`.")
        first = self.store.rows(
            "SELECT min(occurred_us), strftime(make_timestamp(min(occurred_us)), '%Y-%m-%d') "
            f"FROM {self.store.log_name('analytics')}"
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
            if self.is_other_model:
                raise WorkspaceError(
                    f"{self.folder}: the journey, the time zone or an expected gap changed since the last score. "
                    "Run `cxcurve score`."
                )
            until = self.store.meta("scored_received_us") if self.is_behind else None
            self._snapshots[as_of_us] = snapshot(self._run(as_of_us, None if until is None else int(until)))
        return self._snapshots[as_of_us]

    def forget(self) -> None:
        """What was worked out from the data may be another now."""
        self._runs.clear()
        self._snapshots.clear()

    @property
    def _model_mark(self) -> str:
        versions = self.store.rows("SELECT number FROM versions ORDER BY number")
        gaps = sorted(self.expected_gaps.items())
        said = f"{SCORER}|{versions}|{self.journey.scored}|{self.settings.zone}|{gaps}"
        return hashlib.sha256(said.encode()).hexdigest()

    def _keep_words(self) -> bool:
        """Remember which journey pages tell by, and its plan; returns whether it is another one."""
        if self.store.meta(WORDS_MARK) == self.words_mark:
            return False
        self.store.remember(WORDS_MARK, self.words_mark)
        keep_plan(self.store, plan_document(self.journey), now_us())
        return True

    def _half_life_factor(self, as_of_us: int) -> float:
        version = self.version(as_of_us)
        return version.half_life_factor if version else 1.0
