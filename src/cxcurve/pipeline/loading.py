"""Loading: sources into the log, every row and event accounted for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa

from cxcurve import tables
from cxcurve.errors import ConnectError, Problem
from cxcurve.model.event_checks import EventCheck, event_checks
from cxcurve.model.journey import Journey
from cxcurve.model.sources import Source
from cxcurve.sources import Batch, Fetched, Refused, arrow_schema, derive_staged, fetch_source, read_source
from cxcurve.sources.connectors import Connector, open_connector
from cxcurve.sources.consents import statements
from cxcurve.sources.files import find_parts
from cxcurve.sources.staged import REMOVED
from cxcurve.store import Appended, Store

KEYS_AT_ONCE = 20_000
COMPACT_FROM, COMPACT_SHARE = 50_000, 0.1
Progress = Callable[[str, int, int], None]


@dataclass
class Rows:
    """What became of rows: read = used + no_event + quarantined."""

    read: int = 0
    used: int = 0
    no_event: int = 0
    quarantined: int = 0


@dataclass
class Events:
    """What became of events: made = loaded + duplicate + conflict + quarantined."""

    made: int = 0
    loaded: int = 0
    duplicate: int = 0
    conflict: int = 0
    quarantined: int = 0


@dataclass
class Report:
    """The account of one source; both sides add up exactly."""

    rows: Rows = field(default_factory=Rows)
    events: Events = field(default_factory=Events)
    problems: list[Problem] = field(default_factory=list)

    def add_rows(self, batch: Batch) -> None:
        """Count a batch's rows."""
        self.rows.read += batch.n_read
        self.rows.used += batch.n_used
        self.rows.no_event += batch.n_no_event
        self.rows.quarantined += sum(one.kind == "row" for one in batch.refused)

    def add_events(self, batch: Batch, appended: Appended) -> None:
        """Count a batch's events."""
        self.events.made += batch.n_made
        self.events.quarantined += sum(one.kind == "event" for one in batch.refused)
        self.events.loaded += appended.loaded
        self.events.duplicate += appended.duplicate
        self.events.conflict += appended.conflict

    def to_json(self) -> dict[str, Any]:
        """As `cxcurve load --json` prints it."""
        told = {"rows": asdict(self.rows), "events": asdict(self.events)}
        return told | ({"problems": [str(problem) for problem in self.problems]} if self.problems else {})


def load(
    store: Store,
    folder: Path,
    sources: Mapping[str, Source],
    journey: Journey,
    *,
    received_us: int,
    progress: Progress | None = None,
) -> dict[str, Report]:
    """Read sources into the store; safe to repeat, also after a kill: what is there already counts as duplicate.

    Raises:
        ProblemsError: files or columns are missing.
        StoreError: the disk is full; what was loaded before stays.
        ConnectError: services cannot be reached or refuse; all other sources are loaded by then.
    """
    reports, unreached = {}, list[ConnectError]()
    # Customers and people first: a person's events belong to the account that the people table names.
    for source in sorted(sources.values(), key=lambda source: source.table == "events"):
        loader = _Loader(store, folder, source, journey, received_us, progress or (lambda *_: None))
        try:
            reports[source.key] = loader.load()
        except ConnectError as error:  # one service that is down must not keep the others waiting
            unreached.append(error)
    n_loaded = sum(report.events.loaded for report in reports.values())
    n_known = store.rows(f"SELECT count(*) FROM {store.log_name(tables.OPERATION)}")[0][0]
    if n_loaded >= max(COMPACT_FROM, COMPACT_SHARE * n_known):
        store.compact()
    if unreached:
        raise ConnectError("\n".join(map(str, unreached)))
    return {key: reports[key] for key in sources}


def keep(store: Store, batch: Batch, journey: Journey, source: str, seen_us: int) -> Appended:
    """Write all that a batch holds: what was refused, customers, people, who is who, events.

    Returns:
        What became of the events.
    """
    quarantine(store, batch.refused, seen_us)
    if batch.customers is not None:
        store.upsert_customers(batch.customers, source)
    if batch.people is not None:
        store.upsert_people(batch.people, source)
        store.record_consents_of(batch.people, source, seen_us)
    if batch.links is not None:
        store.record_links(batch.links)
    if batch.traits is not None:
        store.record_traits(batch.traits)
    if batch.consents is not None:
        store.record_consents(batch.consents)
    store.record_consents(statements(batch.events, consent_events(journey)))
    return store.append(batch.events)


def consent_events(journey: Journey) -> dict[str, bool]:
    """The events that give consent, and those that withdraw it."""
    return {name: one.consent == "given" for name, one in journey.signals.items() if one.consent}


def quarantine(store: Store, refused: Iterable[Refused], seen_us: int) -> None:
    """Keep what was refused; the same refused again is kept once."""
    rows = [{**{name: getattr(one, name) for name in _REFUSED}, "seen_us": seen_us} for one in refused]
    store.upsert(tables.QUARANTINE, pa.Table.from_pylist(rows, schema=arrow_schema(tables.QUARANTINE)))


@dataclass
class _Loader:
    store: Store
    folder: Path
    source: Source
    journey: Journey
    received_us: int
    progress: Progress
    report: Report = field(default_factory=Report)

    def load(self) -> Report:
        if self.source.connect is not None:
            self._load_fetched(open_connector(self.source.connect))
            return self.report
        batches = read_source(
            self.source,
            self.folder,
            received_us=self.received_us,
            known_events=self.journey.signals.keys(),
            data_classes=self._data_classes,
            checks=self._checks,
            secret=self.store.contact_key,
            progress=lambda done, total: self.progress(self.source.key, done, total),
        )
        if self.source.by:
            self._load_staged(batches)
        else:
            for batch in batches:
                self._keep(batch)
        self._forget()
        return self.report

    def _load_fetched(self, connector: Connector) -> None:
        """Rows of a service are kept together with the place to go on from: a kill loses and doubles nothing."""
        found = fetch_source(
            self.source,
            connector,
            self.store.meta(self._state_key),
            received_us=self.received_us,
            known_events=self.journey.signals.keys(),
            data_classes=self._data_classes,
            checks=self._checks,
            secret=self.store.contact_key,
        )
        if self.source.by:
            self._derive_staged(Counter(row_id for one in found for row_id in self._stage_fetched(one)))
        else:
            for one in found:
                with self._together(one):
                    self._keep(one.batch)

    def _stage_fetched(self, fetched: Fetched) -> list[str]:
        with self._together(fetched):
            return self._stage(fetched.batch)

    @contextmanager
    def _together(self, fetched: Fetched) -> Iterator[None]:
        with self.store.transaction():
            yield
            for name in fetched.rows_read & self._quarantined:
                self.store.forget_quarantine(self.source.key, name, self.received_us)
            self.store.remember(self._state_key, fetched.state)
        self.report.problems += [one for one in fetched.problems if one not in self.report.problems]
        self.progress(self.source.key, self.report.rows.read, self.report.rows.read)

    @property
    def _state_key(self) -> str:
        return f"connect/{self.source.key}"

    @cached_property
    def _quarantined(self) -> set[str]:
        return {file for (file,) in self.store.rows("SELECT file FROM quarantine WHERE source = $1", self.source.key)}

    @property
    def _data_classes(self) -> dict[str, str]:
        return {name: signal.data_class for name, signal in self.journey.signals.items()}

    @cached_property
    def _checks(self) -> dict[str, EventCheck]:
        return event_checks(self.journey)

    def _keep(self, batch: Batch) -> None:
        self.report.add_rows(batch)
        appended = keep(self.store, batch, self.journey, self.source.key, self.received_us)
        self.report.add_events(batch, appended)

    def _load_staged(self, batches: Iterable[Batch]) -> None:
        """Keep the rows, then derive the events of every key read, from all rows of the key that were ever read."""
        # A row that stands in two files is read twice.
        self._derive_staged(Counter(row_id for batch in batches for row_id in self._stage(batch)))

    def _stage(self, batch: Batch) -> list[str]:
        self.report.add_rows(batch)
        quarantine(self.store, batch.refused, self.received_us)
        assert batch.staged is not None
        self.store.stage(self.source.key, batch.staged)
        return list(batch.staged["row_id"].to_pylist())

    def _derive_staged(self, read_ids: Counter[str]) -> None:
        used: set[str] = set()
        while keys := self.store.pending_keys(self.source.key, KEYS_AT_ONCE):
            staged = self.store.staged(self.source.key, keys)
            batch = derive_staged(
                self.source,
                staged,
                received_us=self.received_us,
                known_events=self.journey.signals.keys(),
                data_classes=self._data_classes,
                checks=self._checks,
                secret=self.store.contact_key,
            )
            quarantine(self.store, batch.refused, self.received_us)
            used |= batch.used_row_ids
            with self.store.transaction():
                appended = self.store.replace_keys(self.source.key, keys, batch.events)
                self.store.record_consents(statements(batch.events, consent_events(self.journey)))
                self.store.forget_staged(self.source.key, list(batch.removed_keys), REMOVED)
            self.report.add_events(batch, appended)
        n_used = sum(count for row_id, count in read_ids.items() if row_id in used)
        self.report.rows.used, self.report.rows.no_event = n_used, self.report.rows.used - n_used

    def _forget(self) -> None:
        """What an earlier load of the same files refused and this one did not is mended."""
        parts, _ = find_parts(self.source, self.folder)
        for part in parts:
            self.store.forget_quarantine(self.source.key, part.name, self.received_us)


_REFUSED = ("source", "file", "line", "ordinal", "kind", "reason", "row")
