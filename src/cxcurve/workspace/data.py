"""The data of a workspace: what is loaded and sent, who is who, what could not be used."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import ibis.expr.types as ir
import pyarrow as pa

from cxcurve import tables
from cxcurve.errors import Problem, ProblemsError, Severity, UnknownNameError
from cxcurve.model.plan_versions import plan_document
from cxcurve.model.starters import SOURCES_FILE
from cxcurve.pipeline.loading import Report, load
from cxcurve.pipeline.moving import Moved, forget, take
from cxcurve.pipeline.replaying import Replayed, replay
from cxcurve.sources import arrow_schema
from cxcurve.store import Store
from cxcurve.store.plans import keep_plan
from cxcurve.store.resolution import Id
from cxcurve.tables import Purpose
from cxcurve.workspace.consent import kept_since, people_for
from cxcurve.workspace.folder import DATA_FOLDER, STORE_FILE, Folder, errors_of
from cxcurve.workspace.instants import note_us, now_us
from cxcurve.workspace.intake import Intake, decided, intake
from cxcurve.workspace.live import KEYS_FILE, Live
from cxcurve.workspace.privacy import export, find_ids

if TYPE_CHECKING:
    from cxcurve.people.people import People

Progress = Callable[[str, int, int], None]


class Data(Folder):
    """A folder with its data, opened when first needed. Close it when done; `with` does."""

    @cached_property
    def store(self) -> Store:
        """The store, opened when first needed."""
        return Store(self.folder / DATA_FOLDER / STORE_FILE)

    @cached_property
    def live(self) -> Live:
        """What is sent to the workspace while it is open."""
        return Live(self.folder / DATA_FOLDER)

    @cached_property
    def team(self) -> People:
        """Who may sign in, and what they did; in the file of the keys."""
        from cxcurve.people.people import People

        return People(self.folder / DATA_FOLDER / KEYS_FILE)

    def beside(self) -> Self:
        """The same workspace for reading in another thread while this one is written; closed with it."""
        other = type(self)(self.folder)
        other.__dict__.update(store=self.store.beside(), live=self.live)
        return other

    def move(self) -> int:
        """Bring what was sent into the store, a few thousand items at most; returns how many items that were."""
        with self.store.transaction():
            moved = self._take()
            if moved.n_items:
                self.store.remember("loaded_us", str(now_us()))
        forget(self.live.inbox, moved)
        return moved.n_items

    def _take(self) -> Moved:
        self._allow()
        sources = {key: source for key, source in self.sources.items() if source.live}
        moved = take(self.store, self.live.inbox, sources, self.journey)
        if moved.n_items:
            self.forget()
        return moved

    def revive(self) -> None:
        """Go on after a full disk: an engine that was stopped while it wrote answers nothing until it is opened anew.

        Raises:
            StoreError: the disk is full still.
        """
        if self.store.revive():
            self.forget()

    def replay(self) -> Replayed:
        """Map what was sent and refused once more, by the plan and the mapping of today.

        Rows of files are mended where they come from, and loaded again.
        """
        self._allow()
        sources = {key: source for key, source in self.sources.items() if source.live}
        self.forget()
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
        self.forget()
        row = decided(self.store, of, to, now_us())
        self.store.record_links(pa.Table.from_pylist([row], schema=arrow_schema(tables.LINKS)))

    def undo_link(self, link_id: str) -> None:
        """Take back a statement of who is who.

        Raises:
            UnknownNameError: there is no such statement, or it is undone already.
        """
        self.forget()
        self.store.undo_link(link_id, now_us())

    def export(self, id_: str, kind: str | None = None) -> dict[str, list[dict[str, Any]]]:
        """Everything kept of an account, a person or a visitor, table by table.

        Raises:
            UnknownNameError: nothing names it.
        """
        return export(self.store, find_ids(self.store, id_, kind))

    def close(self) -> None:
        """Give the store back to other processes."""
        if "team" in self.__dict__:
            self.team.close()
            del self.__dict__["team"]
        if "live" in self.__dict__:
            self.live.close()
            del self.__dict__["live"]
        if "store" in self.__dict__:
            self.forget()
            self.store.close()
            del self.__dict__["store"]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def events(self) -> ir.Table:
        """The events that may be analysed, as an Ibis table, for anything else."""
        return self.store.events("analytics")

    def events_for(self, purpose: Purpose) -> ir.Table:
        """The same of those that may be used for another purpose."""
        return self.store.events(purpose)

    def data_problems(self) -> list[Problem]:
        """What in the data looks like a mistake: ids that are addresses, and customers that no table of them names."""
        return [*self._addresses(), *self._unnamed()]

    def _addresses(self) -> list[Problem]:
        """Ids that name somebody to everybody who sees them."""
        sql = "SELECT count(*) FROM identities WHERE regexp_full_match(id, '[^@ ]+@[^@ ]+[.][A-Za-z]+')"
        n = self.store.rows(sql)[0][0]
        if not n:
            return []
        message = (
            f"{n:,} of the ids of accounts, people and visitors are e-mail addresses, kept as they were sent. To keep "
            "hashes of them write `ids: hash` at their source, and load into a new workspace"
        )
        return [Problem(SOURCES_FILE, 0, message, Severity.WARNING)]

    def _unnamed(self) -> list[Problem]:
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
        self.forget()
        self._allow()
        keep_plan(self.store, plan_document(self.journey), now_us())
        try:
            return load(self.store, self.folder, chosen, self.journey, received_us=now_us(), progress=progress)
        finally:  # what was loaded before a failure stays, too
            self.store.remember("loaded_us", str(now_us()))
            self._retire()

    def _retire(self, *, once_a_day: bool = False) -> dict[str, int]:
        """Delete what is older than journey.yaml says it may be kept (`retention`); returns the rows by table.

        The next score is as if it had never come. What was deleted is written down, what it said is not.
        """
        kept, quarantined = kept_since(self.journey, now_us())
        if not kept or (once_a_day and self.store.meta("retired") == str(kept)):
            return {}
        deleted = self.store.retire(kept, quarantined)
        self.store.remember("retired", str(kept))
        if deleted:
            self.forget()
            self.store.execute("INSERT INTO receipts VALUES ($1, $2)", now_us(), json.dumps({"retention": deleted}))
        return deleted

    def people(self, purpose: Purpose) -> list[dict[str, Any]]:
        """The people whose data may be used for a purpose now, such as those who may be written to (outreach).

        Raises:
            UnknownNameError: there is no such purpose.
        """
        return people_for(self.store, purpose, self.journey.consent.default, now_us())

    def _allow(self) -> None:
        """Where journey.yaml says otherwise now what events may be used for, all are judged anew."""
        self.store.set_default_purposes(self.journey.consent.default)

    def quarantine(self) -> list[dict[str, Any]]:
        """Rows and events that could not be used, with file, line and reason."""
        names = ("source", "file", "line", "ordinal", "kind", "reason", "row")
        kept = "FROM quarantine WHERE replayed_us IS NULL ORDER BY source, file, line, ordinal"
        rows = self.store.rows(f"SELECT {', '.join(names)} {kept}")
        return [dict(zip(names, row, strict=True)) for row in rows]

    def counts(self) -> dict[str, int]:
        """Events of each name in the log."""
        log = self.store.log_name(tables.OPERATION)
        sql = f"SELECT s.name, count(*) FROM {log} JOIN signal_keys AS s USING (signal_key) GROUP BY 1"
        return dict(self.store.rows(sql))

    def note(self, text: str, at: str | datetime) -> None:
        """Write a note on the curve."""
        self.store.execute("INSERT INTO notes VALUES ($1, $2, $3)", note_us(at, self.settings.zone), text, now_us())

    def notes(self, as_of_us: int | None = None) -> list[tuple[int, str]]:
        """The notes written on the curve and the actions begun, in order of time, up to as_of."""
        begun = "SELECT started_us, what FROM actions WHERE closed_as IS DISTINCT FROM 'withdrawn'"
        found = self.store.rows(f"SELECT at_us, text FROM notes UNION ALL {begun} ORDER BY 1, 2")
        return [(at_us, text) for at_us, text in found if as_of_us is None or at_us < as_of_us]

    def forget(self) -> None:
        """What was worked out from the data may be another now."""
