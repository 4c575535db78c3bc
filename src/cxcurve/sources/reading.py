"""A part of a source as chunks of raw rows, whatever its format; and its columns, for checking."""

from __future__ import annotations

import io
import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from cxcurve.errors import Problem, ProblemsError
from cxcurve.model.sources import Source
from cxcurve.sources.files import Part, Unpacked, is_parquet, opened
from cxcurve.sources.json_text import encoded
from cxcurve.sources.rows import Refused, Rows, object_frame
from cxcurve.sources.text import Lines, Record, csv_records, csv_rows, json_rows, sniff_separator

CHUNK_ROWS = 100_000
CHUNK_CHARACTERS = 32_000_000
_JSON_SAMPLE = 1000

Progress = Callable[[int], None]


def read_part(source: Source, part: Part, progress: Progress) -> Iterator[Rows]:
    """The raw rows of `part`, in chunks; `progress` hears how many bytes of the file were read.

    Raises:
        ProblemsError: the file has no usable header, or is no Parquet file.
    """
    with opened(part) as stream:
        for rows in _READERS[part.format](source, part, stream):
            yield rows
            progress(stream.position())


def column_names(source: Source, part: Part) -> list[str]:
    """The columns of `part`: its header, or for JSON lines the keys of the first 1000 objects.

    Raises:
        ProblemsError: the file has no usable header, or is no Parquet file.
    """
    with opened(part) as stream:
        if part.format == "parquet":
            with _parquet(part, stream) as file:
                return list(file.schema_arrow.names)
        lines = _lines(source, part, stream)
        if part.format == "csv":
            return _header(source, part, lines)[0]
        sample = itertools.islice(json_rows(lines), _JSON_SAMPLE)
        return _keys(record for record in sample if not record.reason)


def _csv(source: Source, part: Part, stream: Unpacked) -> Iterator[Rows]:
    lines = _lines(source, part, stream)
    names, separator = _header(source, part, lines)

    def frame(records: list[Record]) -> pd.DataFrame:
        return pd.DataFrame([record.values for record in records], columns=names, dtype=object)

    return _chunks(source, part, csv_rows(lines, separator, len(names)), frame)


def _jsonl(source: Source, part: Part, stream: Unpacked) -> Iterator[Rows]:
    def frame(records: list[Record]) -> pd.DataFrame:
        return object_frame([dict(record.values) for record in records], _keys(records))  # type: ignore[arg-type]

    return _chunks(source, part, json_rows(_lines(source, part, stream)), frame)


def _parquet_rows(source: Source, part: Part, stream: Unpacked) -> Iterator[Rows]:
    first = 1
    with _parquet(part, stream) as file:
        for batch in file.iter_batches(CHUNK_ROWS):
            frame = pd.DataFrame({name: plain(column) for name, column in zip(batch.schema.names, batch, strict=True)})
            yield Rows(frame, [part.name] * len(frame), np.arange(first, first + len(frame), dtype=np.int64))
            first += len(frame)


_READERS = {"csv": _csv, "jsonl": _jsonl, "parquet": _parquet_rows}


def _chunks(
    source: Source, part: Part, records: Iterable[Record], frame: Callable[[list[Record]], pd.DataFrame]
) -> Iterator[Rows]:
    for chunk in _grouped(records):
        good = [record for record in chunk if not record.reason]
        bad = tuple(_refused(source, part, record) for record in chunk if record.reason)
        lines = np.array([record.line for record in good], dtype=np.int64)
        yield Rows(frame(good), [part.name] * len(good), lines, bad)


def _grouped(records: Iterable[Record]) -> Iterator[list[Record]]:
    """Records by the chunk: bounded in rows and in characters, so that long texts do not fill the memory."""
    chunk: list[Record] = []
    size = 0
    for record in records:
        chunk.append(record)
        size += record.size
        if len(chunk) >= CHUNK_ROWS or size >= CHUNK_CHARACTERS:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def _refused(source: Source, part: Part, record: Record) -> Refused:
    return Refused(source.key, part.name, record.line, 0, "row", record.reason, encoded(record.raw))


def _keys(records: Iterable[Record]) -> list[str]:
    return list(Counter(key for record in records for key in record.values))


def _lines(source: Source, part: Part, stream: Unpacked) -> Lines:
    try:
        return Lines(stream, source.encoding)
    except LookupError:
        raise _problem(part, f'"{source.encoding}" is no encoding; expected utf-8, cp1252, latin-1, ...') from None


def _header(source: Source, part: Part, lines: Lines) -> tuple[list[str], str]:
    """The column names and the separator; `lines` stands behind the header afterwards."""
    separator = source.separator or sniff_separator(lines.peek())
    header = next(csv_records(lines, separator), None)
    if header is None:
        why = f" or damaged ({lines.damage})" if lines.damage else ""
        raise _problem(part, f"is empty{why}; expected a header line with the names of the columns")
    if isinstance(header, Record):
        raise _problem(part, f"the header {header.reason}")
    problems = [_problem(part, text) for text in _header_flaws(header)]
    if problems:
        raise ProblemsError([problem for error in problems for problem in error.problems])
    return header, separator


def _header_flaws(header: Sequence[str]) -> list[str]:
    counts = Counter(header)
    blank = [i for i, name in enumerate(header, 1) if not name.strip()]
    twice = [f'the header names column "{name}" {n} times' for name, n in counts.items() if n > 1 and name.strip()]
    return [f"column {i} has no name in the header" for i in blank] + twice


def _parquet(part: Part, stream: Unpacked) -> pq.ParquetFile:
    """Parquet is read from its end: packed files have to be unpacked as a whole."""
    try:
        return pq.ParquetFile(part.path if is_parquet(part.path) else io.BytesIO(stream.readall()))
    except pa.ArrowInvalid as error:
        raise _problem(part, f"is no Parquet file, or cut off: {str(error).splitlines()[0]}") from None


def plain(column: pa.Array) -> pd.Series:
    """Values as plain Python objects: times as ISO text, bytes as hexadecimal, NaN as null."""
    kind = column.type
    if pa.types.is_temporal(kind) or pa.types.is_decimal(kind):
        column = column.cast(pa.string())
    values = [None if value != value else value for value in column.to_pylist()]  # noqa: PLR0124 (NaN only)
    return pd.Series([v.hex() if isinstance(v, bytes) else v for v in values], dtype=object)


def _problem(part: Part, message: str) -> ProblemsError:
    return ProblemsError([Problem(part.name, 1, message)])
