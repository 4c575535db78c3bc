"""Rows on their way from files to tables: what was read, what was refused, and who they are."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from cxcurve.sources.json_text import encoded
from cxcurve.tables import EVENTS, Table

_ARROW = {
    "string": pa.string(),
    "int64": pa.int64(),
    "int32": pa.int32(),
    "int16": pa.int16(),
    "float64": pa.float64(),
    "boolean": pa.bool_(),
}
_BETWEEN = "\x1f"
Reasons: TypeAlias = npt.NDArray[np.object_]
"""One reason or None for each row."""
Positions: TypeAlias = npt.NDArray[np.int64]
"""Which rows, counted from 0."""


@dataclass(frozen=True, slots=True)
class Refused:
    """One row (`ordinal` 0) or event (1 and up) that could not be used; `row` is what was read, as JSON."""

    source: str
    file: str
    line: int
    ordinal: int
    kind: Literal["row", "event"]
    reason: str
    row: str


@dataclass(frozen=True)
class Rows:
    """Raw rows of one source as they were read: object columns, null where a row has nothing.

    `files` and `lines` say where each row came from; `refused` are the rows that could not be read at all.
    """

    frame: pd.DataFrame
    files: Sequence[str]
    lines: npt.NDArray[np.int64]
    refused: tuple[Refused, ...] = ()

    def __len__(self) -> int:
        return len(self.frame)

    def refuse(self, source: str, reasons: Reasons) -> tuple[Refused, ...]:
        """The rows that have a reason, each with it."""
        positions = np.flatnonzero(pd.notna(reasons))
        return self.refuse_events(source, positions, np.zeros(len(positions), dtype=int), reasons[positions])

    def refuse_events(
        self, source: str, positions: Positions, ordinals: Positions, reasons: Reasons
    ) -> tuple[Refused, ...]:
        """Event number `ordinals[i]` of the row at `positions[i]`, with its reason; 0 is the row itself."""
        texts = row_texts(self.frame.iloc[positions])
        found = zip(positions.tolist(), ordinals.tolist(), reasons, texts, strict=True)
        return tuple(
            Refused(source, self.files[i], int(self.lines[i]), n, "event" if n else "row", reason, text)
            for i, n, reason, text in found
        )


@dataclass(frozen=True)
class Batch:
    """What some rows became. `n_read == n_used + n_no_event + the refused of kind "row"`, always.

    A row is used once it made an event, be it one that was refused. `staged` holds the rows of a source with `by`,
    with whose they are and when (`account_id`, `person_id`, `anonymous_id`, `at_us`), `customers` and `people` those of
    such a source, `links`, `traits` and `consents` what is said of who is who, how they are, and what they allow and
    withdraw. `derive_staged` adds `used_row_ids`, the staged rows that made an event, `removed_keys`, those that are
    gone where they come from, and to its events the column `row_key`, by which the store replaces them.
    """

    events: pa.Table
    refused: tuple[Refused, ...]
    n_read: int
    n_used: int
    n_no_event: int
    staged: pa.Table | None = None
    customers: pa.Table | None = None
    people: pa.Table | None = None
    links: pa.Table | None = None
    traits: pa.Table | None = None
    consents: pa.Table | None = None
    used_row_ids: frozenset[str] = field(default=frozenset(), repr=False)
    removed_keys: frozenset[str] = field(default=frozenset(), repr=False)

    @property
    def n_made(self) -> int:
        """How many events were made, the refused ones too."""
        return len(self.events) + sum(one.kind == "event" for one in self.refused)


def arrow_schema(table: Table) -> pa.Schema:
    """The columns of `table` as an Arrow schema."""
    return pa.schema([pa.field(column.name, _ARROW[column.type], column.nullable) for column in table.columns])


def arrow_table(table: Table, columns: pd.DataFrame) -> pa.Table:
    """`columns` as an Arrow table with the schema of `table`; NaN and None become null."""
    schema = arrow_schema(table)
    arrays = [pa.array(columns[name].to_numpy(), schema.field(name).type, from_pandas=True) for name in schema.names]
    return pa.Table.from_arrays(arrays, schema=schema)


def no_events() -> pa.Table:
    """An events table without rows."""
    return arrow_schema(EVENTS).empty_table()


def object_frame(records: Sequence[dict[str, Any]], names: Iterable[str]) -> pd.DataFrame:
    """Records as object columns; a key that a record does not have is null."""
    columns = {name: pd.Series([record.get(name) for record in records], dtype=object) for name in names}
    return pd.DataFrame(columns, index=pd.RangeIndex(len(records)))


def row_ids(frame: pd.DataFrame, seen: Counter[bytes]) -> list[str]:
    """A name for each raw row: a hash of what it says and its occurrence number among identical rows.

    Twins count, reading the same file again gives the same names, and neither the file's name, the order of
    its columns nor its nulls matter. `seen` counts the rows of one file; it grows by about 100 bytes a row.
    """
    names = sorted(frame.columns)
    rows = frame[names].to_numpy(dtype=object).tolist()
    head = _joined(names)
    return [_numbered(_said(names, row) if None in row else head + _joined(row), seen) for row in rows]


def row_texts(frame: pd.DataFrame) -> list[str]:
    """Each row as a JSON object without its nulls."""
    names = sorted(frame.columns)
    rows = frame[names].to_numpy(dtype=object).tolist()
    return [encoded({n: v for n, v in zip(names, row, strict=True) if v is not None}) for row in rows]


def _said(names: list[str], row: list[Any]) -> str:
    """What a row says: the names of the columns it fills, and their values."""
    filled = [(name, value) for name, value in zip(names, row, strict=True) if value is not None]
    return _joined([name for name, _ in filled]) + _joined([value for _, value in filled])


def _joined(values: list[Any]) -> str:
    """Values as one text, never the same for others; joining texts takes a sixth of the time of JSON."""
    try:
        text = _BETWEEN.join(values)
    except TypeError:
        return encoded(values)
    return text if text.count(_BETWEEN) == len(values) - 1 else encoded(values)


def _numbered(text: str, seen: Counter[bytes]) -> str:
    digest = hashlib.blake2b(text.encode(), digest_size=16).digest()
    seen[digest] += 1
    return f"{digest.hex()}-{seen[digest]}"
