"""Rows out of text: CSV and JSON lines, one record at a time, each with its line and, if need be, its flaw."""

from __future__ import annotations

import codecs
import csv
import io
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from cxcurve.errors import clip
from cxcurve.sources.files import Unpacked
from cxcurve.sources.json_text import parsed

MAX_FIELD = 2**20
"""Characters of one CSV field; more is a quote that was never closed."""
_MARK = "\udcff"
_BOMS = ((codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"), (codecs.BOM_UTF8, "utf-8-sig"),
         (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))  # fmt: skip


def _mark_bytes(error: UnicodeError) -> tuple[str, int]:
    """Keep unreadable bytes as hexadecimal behind a mark that no readable text can hold."""
    assert isinstance(error, UnicodeDecodeError)
    unreadable = error.object[error.start : error.end]
    return _MARK + "".join(f"\\x{byte:02x}" for byte in unreadable), error.end


codecs.register_error("cxcurve.mark", _mark_bytes)


class Record(NamedTuple):
    """What stands at one line: values, or `raw` and the reason it is no row. `size` is in characters."""

    line: int
    values: Sequence[str] | dict[str, Any]
    size: int
    reason: str = ""
    raw: Any = None


class Lines:
    """The lines of a text, numbered from 1; lines taken since `start` can be given back."""

    def __init__(self, stream: Unpacked, encoding: str) -> None:
        self._stream = stream
        self._text = _decoded(stream, encoding)
        self._back: deque[str] = deque()
        self.taken: list[str] = []
        self.number = 0
        self.is_at_end = False

    def __iter__(self) -> Lines:
        return self

    def __next__(self) -> str:
        line = self._back.popleft() if self._back else next(self._text, "")
        is_half = self._stream.damage and not line.endswith(("\n", "\r"))
        if not line or is_half:
            self.is_at_end = True
            raise StopIteration
        self.taken.append(line)
        self.number += 1
        return line

    def peek(self) -> str:
        """The next line that is not blank, which stays where it is; empty at the end."""
        while (line := next(self, "")) and not line.strip():
            self.start()
        self.keep(0)
        return line

    def start(self) -> None:
        """Begin a record: what was taken is done with."""
        self.taken.clear()

    def keep(self, n: int) -> None:
        """Give back all lines taken but the first `n`."""
        self._back.extendleft(reversed(self.taken[n:]))
        self.number -= len(self.taken[n:])
        self.is_at_end = False
        del self.taken[n:]

    @property
    def first(self) -> int:
        """The line the record began on."""
        return self.number - len(self.taken) + 1

    @property
    def damage(self) -> str:
        """Why the file breaks off, or nothing."""
        return self._stream.damage


def csv_records(lines: Lines, separator: str) -> Iterator[list[str] | Record]:
    """The records of a CSV: lists of fields, or a `Record` with its flaw; blank lines are skipped.

    A record that is no CSV costs its first line only: reading goes on with the next line, so that a quote
    that is never closed does not swallow the rest of the file.
    """
    csv.field_size_limit(MAX_FIELD)
    reader = csv.reader(lines, delimiter=separator, strict=True)
    while True:
        lines.start()
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if lines.is_at_end and lines.damage:
                lines.keep(0)
                return
            lines.keep(1)
            yield Record(lines.first, (), 0, _csv_flaw(error), readable(lines.taken[0]))
            continue
        if flaw := _text_flaw(lines.taken):
            yield Record(lines.first, (), 0, flaw, [readable(field) for field in fields])
        elif fields:
            yield fields


def csv_rows(lines: Lines, separator: str, n_columns: int) -> Iterator[Record]:
    """The records behind the header, each with its line; ragged ones with the reason."""
    for record in csv_records(lines, separator):
        if isinstance(record, Record):
            yield record
        elif len(record) != n_columns:
            yield Record(lines.first, (), 0, f"has {_fields(len(record))}, the header has {n_columns}", record)
        else:
            yield Record(lines.first, record, sum(map(len, lines.taken)))
    yield from _cut(lines)


def json_rows(lines: Lines) -> Iterator[Record]:
    """The objects of a JSON-lines text, each with its line; what is none with the reason."""
    for line in lines:
        lines.start()
        if line.strip():
            yield _json_record(lines.number, line)
    yield from _cut(lines)


def sniff_separator(head: str) -> str:
    """The one of `,` `;` tab and `|` that cuts the header into the most columns."""
    return max(",;\t|", key=lambda separator: len(_first_record(head, separator)))


def sniff_encoding(head: bytes, encoding: str) -> str:
    """The encoding a byte order mark names, else `encoding`."""
    return next((name for bom, name in _BOMS if head.startswith(bom)), encoding)


def readable(text: str) -> str:
    """`text` without the marks of unreadable bytes, which stay visible in hexadecimal."""
    return text.replace(_MARK, "")


def _decoded(stream: Unpacked, encoding: str) -> Iterator[str]:
    buffered = io.BufferedReader(stream, 2**18)
    name = sniff_encoding(buffered.peek(4)[:4], encoding)
    return iter(io.TextIOWrapper(buffered, name, errors="cxcurve.mark", newline=""))


def _csv_flaw(error: csv.Error) -> str:
    if "unexpected end" in str(error) or "field larger" in str(error):
        return "has a quote that is never closed; double the quotes inside a field and close the field"
    return f"is no CSV: {error}"


def _text_flaw(taken: Iterable[str]) -> str:
    for line in taken:
        if _MARK in line:
            return "has bytes that the encoding cannot read; give the file's `encoding`"
        if "\0" in line:
            return "has a NUL byte; the file is damaged, or UTF-16: give its `encoding`"
    return ""


def _fields(n: int) -> str:
    return f"{n} field" if n == 1 else f"{n} fields"


def _cut(lines: Lines) -> Iterator[Record]:
    if lines.damage:
        what = f"the file is cut off after line {lines.number} ({lines.damage})"
        yield Record(lines.number + 1, (), 0, f"{what}; the rows before it were read, send the whole file again", "")


def _first_record(head: str, separator: str) -> list[str]:
    try:
        return next(csv.reader(io.StringIO(head, newline=""), delimiter=separator), [])
    except csv.Error:
        return []


def _json_record(number: int, line: str) -> Record:
    if flaw := _text_flaw([line]):
        return Record(number, (), len(line), flaw, readable(line))
    try:
        value = parsed(line.rstrip())
    except ValueError as error:
        return Record(number, (), len(line), f"is no JSON: {error}", line)
    if not isinstance(value, dict):
        return Record(number, (), len(line), f"is no JSON object: {clip(line.strip(), 40)}", line)
    return Record(number, value, len(line))
