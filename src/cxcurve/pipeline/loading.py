"""Loading: sources into the log, every row and event accounted for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa

from cxcurve import tables
from cxcurve.model.event_checks import EventCheck, event_checks
from cxcurve.model.journey import Journey
from cxcurve.model.sources import Source
from cxcurve.sources import Batch, Refused, arrow_schema, derive_staged, read_source
from cxcurve.sources.files import find_parts
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
        return asdict(self)


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
    """
    reports = {}
    # Customers and people first: a person's events belong to the account that the people table names.
    for source in sorted(sources.values(), key=lambda source: source.table == "events"):
        loader = _Loader(store, folder, source, journey, received_us, progress or (lambda *_: None))
        reports[source.key] = loader.load()
    n_loaded = sum(report.events.loaded for report in reports.values())
    if n_loaded >= max(COMPACT_FROM, COMPACT_SHARE * store.rows("SELECT count(*) FROM event_log")[0][0]):
        store.compact()
    return {key: reports[key] for key in sources}


def keep(store: Store, batch: Batch, seen_us: int) -> Appended:
    """Write all that a batch holds: what was refused, customers, people, who is who, events.

    Returns:
        What became of the events.
    """
    quarantine(store, batch.refused, seen_us)
    if batch.customers is not None:
        store.upsert(tables.CUSTOMERS, batch.customers)
    if batch.people is not None:
        store.upsert_people(batch.people)
    if batch.links is not None:
        store.record_links(batch.links)
    return store.append(batch.events)


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
        batches = read_source(
            self.source,
            self.folder,
            received_us=self.received_us,
            known_events=self.journey.signals.keys(),
            data_classes=self._data_classes,
            checks=self._checks,
            progress=lambda done, total: self.progress(self.source.key, done, total),
        )
        if self.source.by:
            self._load_staged(batches)
        else:
            for batch in batches:
                self._keep(batch)
        self._forget()
        return self.report

    @property
    def _data_classes(self) -> dict[str, str]:
        return {name: signal.data_class for name, signal in self.journey.signals.items()}

    @cached_property
    def _checks(self) -> dict[str, EventCheck]:
        return event_checks(self.journey)

    def _keep(self, batch: Batch) -> None:
        self.report.add_rows(batch)
        self.report.add_events(batch, keep(self.store, batch, self.received_us))

    def _load_staged(self, batches: Iterable[Batch]) -> None:
        """Keep the rows, then derive the events of every key read, from all rows of the key that were ever read."""
        read_ids: Counter[str] = Counter()  # a row that stands in two files is read twice
        for batch in batches:
            self.report.add_rows(batch)
            quarantine(self.store, batch.refused, self.received_us)
            assert batch.staged is not None
            self.store.stage(self.source.key, batch.staged)
            read_ids.update(batch.staged["row_id"].to_pylist())
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
            )
            quarantine(self.store, batch.refused, self.received_us)
            used |= batch.used_row_ids
            appended = self.store.replace_keys(self.source.key, keys, batch.events)
            self.report.add_events(batch, appended)
        n_used = sum(count for row_id, count in read_ids.items() if row_id in used)
        self.report.rows.used, self.report.rows.no_event = n_used, self.report.rows.used - n_used

    def _forget(self) -> None:
        """What an earlier load of the same files refused and this one did not is mended."""
        parts, _ = find_parts(self.source, self.folder)
        for part in parts:
            self.store.forget_quarantine(self.source.key, part.name, self.received_us)


_REFUSED = ("source", "file", "line", "ordinal", "kind", "reason", "row")
