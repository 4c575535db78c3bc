"""Registers: files of customers or people, one row each, the last one of a key holding."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa

from cxcurve.errors import clip
from cxcurve.model.sources import Source, Time
from cxcurve.sources.columns import register_of
from cxcurve.sources.events import Plan, property_rows
from cxcurve.sources.json_text import encoded, parsed
from cxcurve.sources.mapping import prepared
from cxcurve.sources.personal import verified_links
from cxcurve.sources.rows import Batch, Reasons, Rows, arrow_table, no_events
from cxcurve.sources.values import (
    Texts,
    first_reason,
    no_reasons,
    read_numbers,
    read_texts,
    read_times,
    reason_where,
)
from cxcurve.tables import CUSTOMERS, Column, Table

_Reader: TypeAlias = "Callable[[Source, pd.Series[Any], str], tuple[Any, Reasons]]"
_ROLES = {"customer_id": "account", "person_id": "person", "partner_id": "partner"}


def map_register(plan: Plan, rows: Rows) -> Batch:
    """Customers or people out of raw rows; columns without a place of their own go to `attributes`."""
    source = plan.source
    table = register_of(source)
    frame = prepared(source, rows.frame)
    taken = {column.name: _theirs(source, frame, column.name) for column in table.columns}
    read: dict[str, Any] = {}
    reasons = [_nobody(frame, taken[table.key[0]], table.key[0])]
    for column in table.columns:
        read[column.name], flaw = _read(source, frame, column, taken[column.name])
        reasons.append(flaw)
    refusal = first_reason(*reasons)
    is_good = pd.isna(refusal)
    told = property_rows(frame, [name for name in map(str, rows.frame.columns) if name not in taken.values()])
    read |= _protected(plan, table, read, told)
    result = pd.DataFrame(read, index=frame.index)[is_good]
    register = arrow_table(table, result.drop_duplicates(list(table.key), keep="last"))
    return Batch(
        events=no_events(),
        refused=(*rows.refused, *rows.refuse(source.key, refusal)),
        n_read=len(rows) + len(rows.refused),
        n_used=int(is_good.sum()),
        n_no_event=0,
        customers=register if table is CUSTOMERS else None,
        people=None if table is CUSTOMERS else register,
        links=None if table is CUSTOMERS else _verified(plan, read["person_id"][is_good], told),
    )


def _protected(plan: Plan, table: Table, read: Mapping[str, Any], told: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The columns that personal fields are kept in, as they may be stored."""
    source = plan.source
    personal = plan.personal["account" if table is CUSTOMERS else "person"]
    declared = [name for name in table.column_names if name in source.personal and name not in table.key]
    columns: dict[str, Any] = {name: read[name].map(partial(personal.field, name)) for name in declared}
    if table is CUSTOMERS:
        return columns | {"attributes": [encoded(_wanted(source, personal.protected(one))) for one in told]}
    people = [personal.of_person(one) for one in told]
    hashes = [one.pop("email_hash", None) if one else None for one in people]
    given = [None if one is None else personal.hashed_contact(one) for one in read["email_hash"]]
    columns["email_hash"] = [one or other for one, other in zip(given, hashes, strict=True)]
    return columns | {"attributes": [encoded(_wanted(source, one)) for one in people]}


def _wanted(source: Source, told: Mapping[str, Any]) -> dict[str, Any]:
    """The columns asked for, where any are; a hash stands for its column."""
    wanted = {*source.properties, *(f"{name}_hash" for name in source.properties)}
    return {name: value for name, value in told.items() if not source.properties or name in wanted}


def _verified(plan: Plan, persons: Texts, told: Sequence[Mapping[str, Any]]) -> pa.Table:
    """What the source has checked to be a person's, as statements of who is who (`tables.LINKS`)."""
    personal = plan.personal["person"]
    keys = [
        (person, *key, 0)  # what a table says holds from the beginning
        for at, person in persons.items() if plan.source.verified
        for key in personal.verified(told[int(str(at))], plan.source.verified)
    ]  # fmt: skip
    return verified_links(plan.source.key, keys, plan.received_us)


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
