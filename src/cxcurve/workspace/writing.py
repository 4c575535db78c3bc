"""Scores written to where people work: what is to be sent, what was taken of it, and how it went."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cxcurve.errors import ConnectError, CxcurveError, ProblemsError
from cxcurve.model.destinations import KEY, Destination
from cxcurve.sources.writing import Change, Record, Refusal, changes, check_destination, open_writer
from cxcurve.sources.writing.owners import write_owners
from cxcurve.store import Store
from cxcurve.store.written import forget, keep_write, last_write, refusals, remember, remembered
from cxcurve.workspace.instants import now_us
from cxcurve.workspace.results import at

MOST_SHOWN = 10
TRY_AGAIN_US = 900_000_000
"""What failed is tried again after a quarter of an hour, however rarely it is to be done."""
Rows = Sequence[Mapping[str, Any]]
Keep = Callable[[Sequence[Change], Mapping[str, Refusal]], None]


@dataclass(frozen=True)
class Outgoing:
    """What one destination is to be sent.

    Attributes:
        destination: which.
        as_of_us: of the scores.
        rows: every customer, by our fields.
        changes: those to send.
        gone: customers among them that are none any more, or may not be written: their fields are emptied.
        files: of an earlier writing, where the destination is a folder.
    """

    destination: Destination
    as_of_us: int
    rows: Rows
    changes: tuple[Change, ...] = ()
    gone: frozenset[str] = frozenset()
    files: tuple[str, ...] = ()


@dataclass(frozen=True)
class WriteResult:
    """How a writing went; `n_written` are customers, of a folder the files that changed."""

    destination: str
    at_us: int
    as_of_us: int
    n_customers: int
    n_changed: int
    n_written: int = 0
    refused: tuple[tuple[str, str], ...] = ()
    error: str | None = None
    files: tuple[str, ...] = ()
    shown: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)

    def to_json(self) -> dict[str, Any]:
        """As `cxcurve write --json` has it."""
        return {
            "at": at(self.at_us), "as_of": at(self.as_of_us), "n_customers": self.n_customers,
            "n_changed": self.n_changed, "n_written": self.n_written, "n_refused": len(self.refused),
            "refused": [{KEY: customer_id, "reason": why} for customer_id, why in self.refused],
            "error": self.error, "files": list(self.files), "customers": [dict(one) for one in self.shown],
        }  # fmt: skip


def outgoing(
    store: Store, destination: Destination, as_of_us: int, rows: Rows, *, is_all: bool = False, is_retry: bool = True
) -> Outgoing:
    """What a destination is to be sent: what differs from what it took."""
    left_out = store.denied(destination.purpose, now_us()) if destination.purpose else set()
    rows = [row for row in rows if row[KEY] not in left_out]
    if destination.to == "csv":
        last = last_write(store, destination.key) or {}
        return Outgoing(destination, as_of_us, rows, files=tuple(last.get("files", ())))
    theirs, known = destination.theirs, remembered(store, destination.key)
    records = [Record(row[KEY], {name: row[ours] for ours, name in theirs.items()}) for row in rows]
    there = {row[KEY] for row in rows}
    gone = {customer_id for customer_id, before in known.items() if before.mark and customer_id not in there}
    records += [Record(one, {name: one if ours == KEY else None for ours, name in theirs.items()}) for one in gone]
    found = changes(
        records, known, destination.place, theirs.get("as_of"), now_us(), is_all=is_all, is_retry=is_retry
    )  # fmt: skip
    return Outgoing(destination, as_of_us, rows, tuple(found), frozenset(gone))


def dry(out: Outgoing) -> WriteResult:
    """What would be sent; nothing is."""
    if out.destination.to == "csv":
        shown = [_cells(out.destination, row) for row in out.rows[:MOST_SHOWN]]
        return _result(out, len(out.rows), shown=tuple(shown))
    shown = [{out.destination.matching: one.record.customer_id, **one.record.values} for one in out.changes]
    return _result(out, len(out.changes), shown=tuple(shown[:MOST_SHOWN]))


def deliver(out: Outgoing, folder: Path, keep: Keep, is_stopped: Callable[[], bool] = lambda: False) -> WriteResult:
    """Send what is to be sent; `keep` is called with each batch as soon as it was answered for.

    What fails is told in the result: what was kept before is not sent again.
    """
    try:
        if problems := check_destination(out.destination):
            raise ProblemsError(problems)
        return _files(out, folder) if out.destination.to == "csv" else _sent(out, keep, is_stopped)
    except (CxcurveError, OSError) as error:
        return _result(out, len(out.changes), error=str(error))


def keeper(store: Store, out: Outgoing) -> Keep:
    """Remembers what was answered for a batch."""
    key = out.destination.key

    def keep(batch: Sequence[Change], refused: Mapping[str, Refusal]) -> None:
        taken = [(one.record.customer_id, one.mark) for one in batch if one.record.customer_id not in refused]
        marks = {one.record.customer_id: one.mark for one in batch}
        told = {who: (marks[who], why.message) for who, why in refused.items() if not why.is_passing}
        with store.transaction():
            remember(store, key, taken, told, now_us())
            # Emptied there, or not there any more: nothing is left to be remembered.
            forget(store, key, out.gone & {*dict(taken), *told})

    return keep


def kept(store: Store, out: Outgoing, result: WriteResult) -> WriteResult:
    """Keep how it went, beside when it last went through."""
    before = last_write(store, out.destination.key) or {}
    done_us = before.get("done_us") if result.error else result.at_us
    document = {
        "at_us": result.at_us, "done_us": done_us, "as_of_us": result.as_of_us, "n_customers": result.n_customers,
        "n_changed": result.n_changed, "n_written": result.n_written, "n_refused": len(result.refused),
        "error": result.error, "files": list(result.files or before.get("files", ())),
    }  # fmt: skip
    keep_write(store, out.destination.key, document)
    return result


def is_due(store: Store, destination: Destination, now_us: int, zone: str) -> bool:
    """Whether a destination with `every` is to be written again."""
    if destination.every is None:
        return False
    last = last_write(store, destination.key) or {}
    if last.get("error") and now_us - last["at_us"] < TRY_AGAIN_US:
        return False
    return destination.every.is_due(last.get("done_us"), now_us, zone)


def status(store: Store, destinations: Mapping[str, Destination]) -> dict[str, dict[str, Any]]:
    """How the last writing to each destination went, and who is refused there."""
    return {key: _status(store, one) for key, one in destinations.items()}


def _status(store: Store, one: Destination) -> dict[str, Any]:
    last, refused = last_write(store, one.key) or {}, refusals(store, one.key)
    return {
        "to": one.to, "every": None if one.every is None else str(one.every),
        "at": at(last.get("at_us")), "done_at": at(last.get("done_us")), "as_of": at(last.get("as_of_us")),
        **{name: last.get(name) for name in ("n_customers", "n_changed", "n_written", "error")},
        "files": last.get("files", []), "n_refused": len(refused),
        "refused": [{KEY: customer_id, "reason": why} for customer_id, why in refused],
    }  # fmt: skip


def _sent(out: Outgoing, keep: Keep, is_stopped: Callable[[], bool]) -> WriteResult:
    if not out.changes:
        return _result(out, 0)
    writer, n, refused = open_writer(out.destination), 0, dict[str, str]()
    result = _result(out, len(out.changes))
    try:
        writer.prepare()
        for batch in _batches(out.changes, writer.at_once):
            if is_stopped():
                raise ConnectError("stopped; the rest is sent the next time")
            answers = writer.write([one.record for one in batch])
            keep(batch, answers)
            n += len(batch) - len(answers)
            refused |= {who: why.message for who, why in answers.items()}
    except CxcurveError as error:
        result = replace(result, error=str(error))
    return replace(result, n_written=n, refused=tuple(sorted(refused.items())))


def _files(out: Outgoing, folder: Path) -> WriteResult:
    assert out.destination.folder is not None
    rows = [(row["owner"], _cells(out.destination, row)) for row in out.rows]
    names = list(out.destination.theirs.values())
    files, n = write_owners(folder / out.destination.folder, rows, names, out.files)
    return _result(out, n, n_written=n, files=tuple(files))


def _cells(destination: Destination, row: Mapping[str, Any]) -> dict[str, Any]:
    return {theirs: row[ours] for ours, theirs in destination.theirs.items()}


def _batches(found: Sequence[Change], size: int) -> Iterator[Sequence[Change]]:
    for start in range(0, len(found), size):
        yield found[start : start + size]


def _result(out: Outgoing, n_changed: int, **more: Any) -> WriteResult:
    return WriteResult(out.destination.key, now_us(), out.as_of_us, len(out.rows), n_changed, **more)
