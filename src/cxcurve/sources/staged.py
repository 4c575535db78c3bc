"""Sources with `by`: their rows are kept, and the events of a key are derived from all its rows.

The order of files and of rows in them does not matter: the rows of a key are sorted by `order`, and where that
leaves a tie by what they say.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from cxcurve.model.sources import EventRule, Source, Time
from cxcurve.sources.columns import changing, text_columns, used_columns
from cxcurve.sources.events import CUSTOMER, Plan, held, rule_drafts
from cxcurve.sources.mapping import assemble, prepared, row_refusal
from cxcurve.sources.rows import Batch, Rows, arrow_table, no_events, object_frame, row_texts
from cxcurve.sources.values import Mask, read_texts, read_times
from cxcurve.tables import STAGED

REMOVED = "(removed)"
"""The column of a staged row that says its key is gone where it comes from."""


def stage_rows(plan: Plan, rows: Rows, row_ids: Sequence[str]) -> Batch:
    """Rows ready to be kept (`tables.STAGED`), with the columns the source uses; no events yet.

    All rows kept count as used, until `derive_rows` tells which made an event. Texts and personal fields are kept as
    they may be stored; so that a rule which looks into a text looks into the masked one.
    """
    source = plan.source
    frame = prepared(source, rows.frame[[name for name in used_columns(source) if name in rows.frame]])
    refusal = row_refusal(source, frame)
    good = np.flatnonzero(pd.isna(refusal))
    staged = pd.DataFrame({
        "source": source.key,
        "row_id": np.array(row_ids, dtype=object)[good],
        "row_key": read_texts(frame[source.by]).to_numpy()[good],
        "file": np.array(rows.files, dtype=object)[good],
        "line": rows.lines[good],
        "row": row_texts(_protected(plan, frame.iloc[good][list(used_columns(source))])),
    })  # fmt: skip
    whose = {ours: _cells(frame, getattr(source, role))[good].tolist() for role, ours in CUSTOMER.items()}
    table = arrow_table(STAGED, staged)
    for name, cells in whose.items():
        table = table.append_column(name, pa.array(cells, pa.string()))
    return Batch(
        events=no_events(),
        refused=(*rows.refused, *rows.refuse(source.key, refusal)),
        n_read=len(rows) + len(rows.refused),
        n_used=len(good),
        n_no_event=0,
        staged=table.append_column("at_us", pa.array(_last_us(source, frame)[good])),
    )


def _cells(frame: pd.DataFrame, name: str | None) -> np.ndarray[Any, Any]:
    return read_texts(frame[name]).to_numpy() if name else np.full(len(frame), None, dtype=object)


def _last_us(source: Source, frame: pd.DataFrame) -> np.ndarray[Any, Any]:
    """The latest time a row names, 0 where none can be read: what comes after an erasure is a new beginning."""
    time = source.time or Time()
    names = {name for name in (time.column, *(rule.at for rule in source.events.values())) if name}
    times = [read_times(frame[name], time, name)[0] for name in sorted(names)]
    return np.max(times, axis=0) if times else np.zeros(len(frame), dtype=np.int64)


def _protected(plan: Plan, frame: pd.DataFrame) -> pd.DataFrame:
    names = sorted(text_columns(plan.source))
    return frame.assign(**{name: frame[name].map(partial(plan.personal["event"].field, name)) for name in names})


def derive_rows(plan: Plan, staged: pa.Table) -> Batch:
    """The events of all rows of some keys (`staged` holds `tables.STAGED`), each counted as used or without event."""
    source, names = plan.source, list(used_columns(plan.source))
    staged, removed_keys = _without_removed(source, staged)
    cells = object_frame(json.loads(f"[{','.join(staged['row'].to_pylist())}]"), names)
    key, row_id = (pd.Series(staged[name].to_pylist(), dtype=object) for name in ("row_key", "row_id"))
    order = _sorted(source, cells, key, row_id)
    frame = cells.iloc[order].reset_index(drop=True)
    key, row_id = (values.iloc[order].reset_index(drop=True) for values in (key, row_id))
    files, lines = (np.array(staged[name].to_pylist(), dtype=object)[order] for name in ("file", "line"))
    rows = Rows(frame, files.tolist(), lines.astype(np.int64))
    starts = (key != key.shift()).to_numpy()
    frame = _with_change(source, frame, starts)
    drafts = rule_drafts(plan, frame, row_id.tolist(), list(_holds(source, frame, starts)))
    drafts = drafts.assign(row_key=key.to_numpy()[drafts["row"].to_numpy(dtype=int)])
    refusal = row_refusal(source, frame)
    used = [i for i in drafts["row"].unique() if refusal[i] is None]
    batch = assemble(source, rows, drafts, refusal)
    return replace(batch, used_row_ids=frozenset(row_id.iloc[used]), removed_keys=removed_keys)


def _without_removed(source: Source, staged: pa.Table) -> tuple[pa.Table, frozenset[str]]:
    """The rows that still stand, and the keys that are gone: those whose last row says so."""
    texts = staged["row"].to_pylist()
    if not any(REMOVED in text for text in texts):
        return staged, frozenset()
    cells = object_frame([json.loads(text) for text in texts], [*used_columns(source), REMOVED])
    key, row_id = (pd.Series(staged[name].to_pylist(), dtype=object) for name in ("row_key", "row_id"))
    order = _sorted(source, cells, key, row_id)
    is_removed = cells[REMOVED].notna()
    is_last = ~key.iloc[order].duplicated(keep="last").sort_index()
    gone = frozenset(key[is_last & is_removed])
    return staged.filter(pa.array(~(is_removed | key.isin(gone)))), gone


def _with_change(source: Source, frame: pd.DataFrame, starts: Mask) -> pd.DataFrame:
    """With the change of the amount as a column, where `amount: change(column)` asks for it; the first row has none."""
    column = changing(source.amount or "")
    if column is None:
        return frame
    numbers = pd.to_numeric(read_texts(frame[column]), errors="coerce").astype(np.float64)
    change = (numbers - numbers.shift()).round(6)
    change[starts] = np.nan
    return frame.assign(**{source.amount or "": change.astype(object).where(change.notna(), None)})


def _holds(source: Source, frame: pd.DataFrame, starts: Mask) -> Iterator[Mask]:
    ends = np.append(starts[1:], True)[: len(starts)]
    names = sorted({name for rule in source.events.values() if rule.when for name in rule.when.previous})
    before = frame[names].shift().astype(object)
    before.loc[starts] = None
    return (_holds_one(rule, frame, before, starts, ends) for rule in source.events.values())


def _holds_one(rule: EventRule, frame: pd.DataFrame, before: pd.DataFrame, starts: Mask, ends: Mask) -> Mask:
    holds = held(rule, frame, before)
    if rule.first:
        holds = holds & starts
    return holds & ends if rule.last else holds


def _sorted(source: Source, frame: pd.DataFrame, key: pd.Series[Any], row_id: pd.Series[Any]) -> np.ndarray[Any, Any]:
    """Positions of the rows by key, then `order`, then what the row says."""
    ranks = [rank for name in source.order for rank in _ranks(source, frame[name], name, key)]
    columns = [key.to_numpy(), *ranks, row_id.to_numpy()]
    codes = [column if column.dtype != object else pd.factorize(column, sort=True)[0] for column in columns]
    return np.lexsort(codes[::-1])


def _ranks(source: Source, cells: pd.Series[Any], name: str, key: pd.Series[Any]) -> list[np.ndarray[Any, Any]]:
    """Numbers or times to sort by, and texts for the keys where a value is neither; nulls come first.

    Whether values are numbers is decided key by key, so that the events of a key depend on its own rows alone.
    """
    time = source.time or Time()
    texts = read_texts(cells)
    if name == time.column:
        us, reasons = read_times(cells, time, name)
        amount, is_other = us.astype(np.float64), pd.notna(reasons)
    else:
        amount = pd.to_numeric(texts, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
        is_other = np.isnan(amount) & texts.notna().to_numpy()
    is_text = pd.Series(is_other).groupby(key.to_numpy()).transform("any").to_numpy(dtype=bool)
    amount = np.where(is_text, 0.0, np.where(texts.isna(), -np.inf, amount))
    return [amount, np.where(is_text & texts.notna(), texts, "")]
