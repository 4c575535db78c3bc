"""What is in an export: its encoding, separator, columns, times and the words for "nothing"."""

from __future__ import annotations

import csv
import gzip
import io
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cxcurve.errors import BadValueError

SAMPLE_BYTES = 2_000_000
"""How much of a file is looked at: enough to tell its columns, little enough to answer at once."""

NULL_WORDS = frozenset({"?", "NULL", "null", "\\N", "None", "N/A", "#N/A", "NaN", "nan"})

TIME_FORMATS = (
    "%d/%m/%Y %H:%M",
    "%m/%d/%Y %H:%M",
    "%d/%m/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %I:%M %p",
    "%m/%d/%Y %I:%M:%S %p",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%Y/%m/%d %H:%M:%S",
    "%d-%m-%Y %H:%M",
    "%d-%m-%Y %H:%M:%S",
    "%d %b %Y %H:%M",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d.%m.%Y",
    "%d-%m-%Y",
    "%Y/%m/%d",
    "%Y%m%d",
)
"""Formats tried where a time is not ISO 8601; the first of those that read most values is taken."""

BAD_TIMES = 20
"""One time of so many may be none: bad rows are refused one by one when they are loaded."""

_ISO = re.compile(r"^\d{4}-\d\d-\d\d([T ]\d?\d:\d\d.*)?$")
_EPOCH = {10: "s", 13: "ms", 16: "us"}
_CLOCK_WORDS = re.compile(r"time|date|created|updated|(_|\b)(at|on|ts)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class TimeGuess:
    """How a column writes its times; ISO 8601 has neither format nor unit. `other` reads as many of them."""

    format: str | None = None
    unit: str | None = None
    other: str | None = None


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """One column of the sample: its values without the empty ones."""

    name: str
    values: tuple[str, ...]
    time: TimeGuess | None

    @property
    def distinct(self) -> tuple[str, ...]:
        """Each value once, in the order of appearance."""
        return tuple(dict.fromkeys(self.values))

    @property
    def is_number(self) -> bool:
        """Whether every value is a number."""
        return bool(self.values) and all(re.fullmatch(r"[-+]?\d*\.?\d+", value) for value in self.values)


@dataclass(frozen=True, slots=True)
class Profile:
    """A CSV export as far as its first rows tell."""

    path: Path
    encoding: str
    separator: str
    nulls: tuple[str, ...]
    columns: tuple[ColumnProfile, ...]
    n_rows: int

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names."""
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> ColumnProfile:
        """The column called `name`."""
        return self.columns[self.names.index(name)]

    def is_key(self, name: str) -> bool:
        """Whether every row has a value of its own there."""
        column = self.column(name)
        return self.n_rows > 0 and len(column.distinct) == len(column.values) == self.n_rows


def profile(path: Path) -> Profile:
    """Look at the first rows of a CSV file, plain, gzipped or the only one of a zip.

    Raises:
        BadValueError: the file is not there, is no CSV, or has no columns.
    """
    data, is_whole = _head(path)
    text, encoding = _decoded(data if is_whole else data[: data.rfind(b"\n") + 1])
    try:
        separator = _separator(text)
        rows = list(csv.reader(io.StringIO(text), delimiter=separator))
    except csv.Error as error:
        raise BadValueError(f"{path}: this is no CSV: {error}") from error
    if not rows or not any(name.strip() for name in rows[0]):
        raise BadValueError(f"{path}: no columns found; expected a CSV file with a header")
    return _profile(path, encoding, separator, rows[0], [row for row in rows[1:] if any(row)])


def _profile(path: Path, encoding: str, separator: str, header: list[str], rows: list[list[str]]) -> Profile:
    nulls = tuple(sorted({value for row in rows for value in row} & NULL_WORDS))
    columns = []
    for position, name in enumerate(header):
        cells = (row[position].strip() for row in rows if position < len(row))
        values = tuple(cell for cell in cells if cell and cell not in nulls)
        columns.append(ColumnProfile(name, values, guess_time(name, values)))
    return Profile(path, encoding, separator, nulls, tuple(column for column in columns if column.name), len(rows))


def _head(path: Path) -> tuple[bytes, bool]:
    try:
        if path.suffix == ".zip":
            with zipfile.ZipFile(path) as archive, archive.open(_only_csv(path, archive)) as file:
                data = file.read(SAMPLE_BYTES + 1)
        else:
            with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
                data = file.read(SAMPLE_BYTES + 1)
    except (OSError, zipfile.BadZipFile, EOFError, zlib.error, RuntimeError) as error:
        raise BadValueError(f"{path}: the file cannot be read: {error}") from error
    if b"\0" in data:
        raise BadValueError(f"{path}: this is no text; expected a CSV export")
    return data[:SAMPLE_BYTES], len(data) <= SAMPLE_BYTES


def _only_csv(path: Path, archive: zipfile.ZipFile) -> str:
    names = [name for name in archive.namelist() if name.lower().endswith((".csv", ".tsv", ".txt"))]
    if not names:
        raise BadValueError(f"{path}: no CSV file in this zip")
    return names[0]


def _decoded(data: bytes) -> tuple[str, str]:
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return data.decode(encoding), encoding.removesuffix("-sig")
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1"), "latin-1"


def _separator(text: str) -> str:
    """The one of , ; tab | that splits the header into most parts."""
    header = text.lstrip().partition("\n")[0]
    return max(",;\t|", key=lambda separator: len(next(csv.reader([header], delimiter=separator), [])))


def guess_time(name: str, values: Sequence[str]) -> TimeGuess | None:
    """How `values` write times, None where they are none. Numbers are times only where the name says so."""
    if not values:
        return None
    if sum(_ISO.match(value) is None for value in values) <= len(values) // BAD_TIMES:
        return TimeGuess()
    lengths = {len(value) for value in values if value.isdecimal()}
    if all(value.isdecimal() for value in values) and not (_CLOCK_WORDS.search(name) and lengths == {8}):
        unit = _EPOCH.get(min(lengths)) if len(lengths) == 1 and _CLOCK_WORDS.search(name) else None
        return TimeGuess(unit=unit) if unit else None
    fitting = _fitting(TIME_FORMATS, values)
    return TimeGuess(fitting[0], other=fitting[1] if len(fitting) > 1 else None) if fitting else None


def _fitting(formats: Iterable[str], values: Sequence[str]) -> list[str]:
    """The formats that read most values, and nearly all; a first few decide soon against most."""
    first, all_of_them = values[:BAD_TIMES], values[:5000]
    some = [pattern for pattern in formats if _misses(pattern, first) <= 1]
    misses = {pattern: _misses(pattern, all_of_them) for pattern in some}
    least = min(misses.values(), default=0)
    return [pattern for pattern in some if misses[pattern] == least <= len(all_of_them) // BAD_TIMES]


def _misses(pattern: str, values: Sequence[str]) -> int:
    return sum(n for value, n in Counter(values).items() if not _reads(pattern, value))


def _reads(pattern: str, value: str) -> bool:
    try:
        datetime.strptime(value, pattern)
    except ValueError:
        return False
    return True
