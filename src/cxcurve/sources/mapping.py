"""Rows to events, with every row counted exactly once.

A row is refused where it names no customer or no id, or, where one row is one event, where its name, time or a
number cannot be read. An event is refused where what it says cannot be: an unknown name, an impossible date,
or, where a row makes several events, its own time or number.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from cxcurve.model.sources import EventRule, Source
from cxcurve.sources.columns import used_columns
from cxcurve.sources.events import CUSTOMER, Plan, draft, held, rule_drafts
from cxcurve.sources.rows import Batch, Reasons, Rows, arrow_table, no_events
from cxcurve.sources.values import Texts, all_null, first_reason, read_texts, reason_where
from cxcurve.tables import EVENTS


def map_rows(plan: Plan, rows: Rows, row_ids: Sequence[str] | None) -> Batch:
    """Events of raw rows that each stand for themselves (a source without `by`)."""
    source = plan.source
    frame = prepared(source, rows.frame)
    refusal = row_refusal(source, frame)
    if source.events:
        holds = [held(rule, frame, None) for rule in source.events.values()]
        return assemble(source, rows, rule_drafts(plan, frame, row_ids, holds), refusal)
    names = event_names(source, frame)
    drafts = draft(plan, frame, names, EventRule(), row_ids).assign(ordinal=1)
    unread = first_reason(refusal, _no_name(source, names), drafts["unread"].to_numpy(), drafts["no_time"].to_numpy())
    return assemble(source, rows, drafts.assign(unread=None, no_time=None), unread)


def prepared(source: Source, frame: pd.DataFrame) -> pd.DataFrame:
    """`frame` with null for texts that mean nothing (an empty one always) and every column the source uses."""
    tokens = {*source.nulls, ""}
    missing = {name: [None] * len(frame) for name in used_columns(source) if name not in frame}
    there = {str(name): _meant(column, tokens) for name, column in frame.items()}
    return pd.DataFrame(there | missing, index=frame.index, dtype=object)


def row_refusal(source: Source, frame: pd.DataFrame) -> Reasons:
    """Why a row can make no event at all: it names no customer, or a part of its id is empty."""
    customers = [column for role in CUSTOMER if (column := getattr(source, role))]
    named = ", ".join(f"{role} ({column})" for role in CUSTOMER if (column := getattr(source, role)))
    nobody = f"names no customer: {named or 'account, person or anonymous'} is empty"
    reasons = [reason_where(all_null(frame, customers), nobody)]
    reasons += [reason_where(all_null(frame, [name]), f"has no id: column {name} is empty") for name in source.id]
    if source.by:
        reasons.append(reason_where(all_null(frame, [source.by]), f"has no key: column {source.by} is empty"))
    return first_reason(*reasons)


def assemble(source: Source, rows: Rows, drafts: pd.DataFrame, refusal: Reasons) -> Batch:
    """Events and refusals out of `drafts`, in the order of the rows; everything is counted exactly once."""
    is_good = pd.isna(refusal)
    drafts = drafts[is_good[drafts["row"].to_numpy()]].sort_values(["row", "ordinal"], kind="stable")
    flaw = first_reason(*(drafts[name].to_numpy() for name in ("unread", "no_time", "wrong")))
    is_event = pd.isna(flaw)
    positions, ordinals = (drafts[name].to_numpy(dtype=np.int64)[~is_event] for name in ("row", "ordinal"))
    refused = rows.refuse_events(source.key, positions, ordinals, flaw[~is_event])
    n_used = drafts["row"].nunique()
    return Batch(
        events=_events(drafts[is_event]),
        refused=(*rows.refused, *rows.refuse(source.key, refusal), *refused),
        n_read=len(rows) + len(rows.refused),
        n_used=n_used,
        n_no_event=int(is_good.sum()) - n_used,
    )


def _events(drafts: pd.DataFrame) -> pa.Table:
    """The drafts as events; with the key of their rows where these are staged, with what was said where it was sent."""
    events = arrow_table(EVENTS, drafts) if len(drafts) else no_events()
    for name in ("row_key", "said"):
        if name in drafts:
            events = events.append_column(name, pa.array(drafts[name].to_list(), pa.string()))
    return events


def _meant(cells: pd.Series[Any], nulls: set[str]) -> pd.Series[Any]:
    """`cells` with None for the texts that mean nothing."""
    try:
        empty = cells.isin(nulls)
    except TypeError:  # objects and lists have no hash
        empty = cells.map(lambda cell: isinstance(cell, str) and cell in nulls)
    return cells.mask(empty.astype(bool), None) if empty.any() else cells


def event_names(source: Source, frame: pd.DataFrame) -> Texts:
    """What the event of each row is called, where one row is one event."""
    if source.name:
        return pd.Series([source.rename.get(n, n) for n in read_texts(frame[source.name])], dtype=object)
    return pd.Series([source.event or source.key] * len(frame), dtype=object)


def _no_name(source: Source, names: Texts) -> Reasons:
    return reason_where(names.isna().to_numpy(), f"names no event: column {source.name} is empty")
