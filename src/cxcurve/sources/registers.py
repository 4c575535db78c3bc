"""Registers: files of customers or people, one row each, the last one of a key holding."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from cxcurve.errors import clip
from cxcurve.model.sources import Source, Time
from cxcurve.sources.columns import register_of
from cxcurve.sources.events import properties
from cxcurve.sources.json_text import parsed
from cxcurve.sources.mapping import prepared
from cxcurve.sources.rows import Batch, Reasons, Rows, arrow_table, no_events
from cxcurve.sources.values import first_reason, no_reasons, read_numbers, read_texts, read_times, reason_where
from cxcurve.tables import CUSTOMERS, Column

_Reader: TypeAlias = "Callable[[Source, pd.Series[Any], str], tuple[Any, Reasons]]"
_ROLES = {"customer_id": "account", "person_id": "person", "partner_id": "partner"}


def map_register(source: Source, rows: Rows) -> Batch:
    """Customers or people out of raw rows; columns without a place of their own go to `attributes`."""
    table = register_of(source)
    frame = prepared(source, rows.frame)
    taken = {column.name: _theirs(source, frame, column.name) for column in table.columns}
    read: dict[str, Any] = {}
    reasons = [_nobody(frame, taken[table.key[0]], table.key[0])]
    for column in table.columns:
        read[column.name], flaw = _read(source, frame, column, taken[column.name])
        reasons.append(flaw)
    others = [name for name in source.properties or map(str, rows.frame.columns) if name not in taken.values()]
    refusal = first_reason(*reasons)
    is_good = pd.isna(refusal)
    result = pd.DataFrame(read | {"attributes": properties(frame, others)}, index=frame.index)[is_good]
    register = arrow_table(table, result.drop_duplicates(list(table.key), keep="last"))
    return Batch(
        events=no_events(),
        refused=(*rows.refused, *rows.refuse(source.key, refusal)),
        n_read=len(rows) + len(rows.refused),
        n_used=int(is_good.sum()),
        n_no_event=0,
        customers=register if table is CUSTOMERS else None,
        people=None if table is CUSTOMERS else register,
    )


def column_for(source: Source, ours: str) -> str:
    """The name of the file's column that fills `ours`: mapped, or of the same name; `_us` is `_at` in files."""
    named = {"created_us": "created_at", "valid_from_us": "valid_from"}.get(ours, ours)
    role = _ROLES.get(ours, "")
    return source.columns.get(named) or source.columns.get(ours) or (getattr(source, role) if role else None) or named


def _theirs(source: Source, frame: pd.DataFrame, ours: str) -> str | None:
    name = column_for(source, ours)
    return name if name in frame else None


def _nobody(frame: pd.DataFrame, name: str | None, ours: str) -> Reasons:
    kind = "customer" if ours == "customer_id" else "person"
    if name is None:
        return reason_where(np.ones(len(frame), dtype=bool), f"names no {kind}: there is no column {ours}")
    return reason_where(frame[name].isna().to_numpy(), f"names no {kind}: {name} is empty")


def _read(source: Source, frame: pd.DataFrame, column: Column, name: str | None) -> tuple[Any, Reasons]:
    cells = frame[name] if name else pd.Series([None] * len(frame), index=frame.index, dtype=object)
    reader = _consent if column.name == "consent" else _READERS[column.type]
    values, reasons = reader(source, cells, name or column.name)
    # A row that does not say since when it holds, holds from the beginning.
    return (values.fillna(0) if column.name == "valid_from_us" else values), reasons


def _text(source: Source, cells: pd.Series[Any], name: str) -> tuple[Any, Reasons]:
    return read_texts(cells), no_reasons(len(cells))


def _number(source: Source, cells: pd.Series[Any], name: str) -> tuple[Any, Reasons]:
    return read_numbers(cells, name)


def _time(source: Source, cells: pd.Series[Any], name: str) -> tuple[Any, Reasons]:
    """Microseconds; null where no time is given."""
    us, reasons = read_times(cells, source.time or Time(), name)
    return pd.Series(us, cells.index, dtype="Int64").mask(cells.isna()), reasons


def _consent(source: Source, cells: pd.Series[Any], name: str) -> tuple[Any, Reasons]:
    """JSON as it is; nothing is an empty object."""
    texts = read_texts(cells).fillna("{}")
    reasons = [None if _is_json(text) else f'could not read "{clip(text)}" as JSON in column {name}' for text in texts]
    return texts, np.array(reasons, dtype=object)


_READERS: dict[str, _Reader] = {"string": _text, "float64": _number, "int64": _time}


def _is_json(text: str) -> bool:
    try:
        return isinstance(parsed(text), dict | list)
    except ValueError:
        return False
