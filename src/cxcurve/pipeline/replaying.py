"""Replaying: what was sent and refused is mapped once more, after the plan or the mapping was changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from cxcurve.model.journey import Journey
from cxcurve.model.sources import Source
from cxcurve.pipeline.loading import keep
from cxcurve.pipeline.moving import Account, account_of, mapped, plan_of, record
from cxcurve.sources.live.mapping import MESSAGE, heard_again, live_source
from cxcurve.store import Store

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of messages that were refused: tried = loaded + duplicate + conflict + no_event + refused."""

    tried: int = 0
    loaded: int = 0
    duplicate: int = 0
    conflict: int = 0
    no_event: int = 0
    refused: int = 0

    def __add__(self, other: Replayed) -> Replayed:
        names = self.__slots__
        return Replayed(*(getattr(self, name) + getattr(other, name) for name in names))


def replay(store: Store, sources: Mapping[str, Source], journey: Journey, now_us: int) -> Replayed:
    """Map what live sources sent and was refused; what is good now is loaded, the rest stays with its new reason."""
    sql = """
        SELECT source, file, ordinal, kind, row, seen_us FROM quarantine
        WHERE kind <> 'conflict' AND replayed_us IS NULL AND starts_with(file, $1)
        ORDER BY source, seen_us, file, ordinal
    """
    total = Replayed()
    with store.transaction():
        for key, rows in groupby(store.rows(sql, MESSAGE), key=lambda row: row[0]):
            total += _replayed(store, live_source(key, sources.get(key)), journey, list(rows), now_us)
    return total


def _replayed(store: Store, source: Source, journey: Journey, rows: Sequence[Row], now_us: int) -> Replayed:
    heard = [heard_again(file, kind, row, seen_us) for _, file, _, kind, row, seen_us in rows]
    batch = mapped(plan_of(source, journey, now_us, store.contact_key), heard)
    refused = {(one.file, one.ordinal) for one in batch.refused}
    for _, file, ordinal, _, _, _ in rows:
        if (file, ordinal) not in refused:
            sql = "UPDATE quarantine SET replayed_us = $1 WHERE (source, file, line, ordinal) = ($2, $3, 0, $4)"
            store.execute(sql, now_us, source.key, file, ordinal)
    appended = keep(store, batch, journey, source.key, now_us)
    now = account_of(batch, appended, [True] * len(batch.refused))
    n_events = sum(kind == "event" for _, _, _, kind, _, _ in rows)
    record(store, source.key, now + Account(
        used=-n_events, made=-n_events, quarantined=-n_events, refused_items=n_events - len(rows),
    ))  # fmt: skip
    return Replayed(len(rows), now.loaded, now.duplicate, now.conflict, now.no_event, len(batch.refused))
