"""A list of lost customers, as it comes out of a spreadsheet: customer, date, and a reason where there is one."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from cxcurve.errors import Problem, ProblemsError, clip, did_you_mean
from cxcurve.model.sources import Time
from cxcurve.sources.values import read_times

MOST_ROWS, MOST_BYTES = 10_000, 1_000_000
_NAMES = {
    "customer": ("customer", "customer_id", "account", "account_id", "id"),
    "date": ("date", "lost", "lost_on", "lost_at", "day"),
    "reason": ("reason", "why", "lost_reason"),
}
_EXAMPLE = "such as c-00012,2026-05-31,price"
_COLUMNS = "expected a first line with the columns customer and date (and reason, where you have it)"
Row = tuple[int, list[str]]
"""A line's number and its cells."""


@dataclass(frozen=True, slots=True)
class Lost:
    """One line of the list: whom, when (microseconds UTC; a date alone is its first moment), and why as listed."""

    line: int
    customer_id: str
    at_us: int
    reason: str | None


def read_lost_list(text: str, name: str, zone: str) -> list[Lost]:
    """The lines of a list; columns in any order, between commas, semicolons or tabs; the same line twice counts once.

    Args:
        text: what was written or pasted; the first line names the columns, unless the second cell in it is a date.
        name: what messages call it.
        zone: of dates without an offset.

    Raises:
        ProblemsError: a column is missing, or lines cannot be read; all of them.
    """
    size = len(text.encode("utf-8", "replace"))
    if size > MOST_BYTES:
        raise _problem(name, 0, f"the list has {size:,} bytes; at most {MOST_BYTES:,} are read")
    rows = _rows(text, name)
    if not rows:
        raise _problem(name, 0, f"the list is empty; expected a line for each lost customer, {_EXAMPLE}")
    places, below = _columns(rows, name, zone)
    if not below:
        raise _problem(name, 0, f"the list names its columns and nobody; expected a line for each customer, {_EXAMPLE}")
    if len(below) > MOST_ROWS:
        raise _problem(name, 0, f"the list has {len(below):,} customers; at most {MOST_ROWS:,} are read")
    return _read(below, places, name, zone)


def _rows(text: str, name: str) -> list[Row]:
    """The lines that are not empty."""
    text = text.removeprefix("\ufeff")
    head = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(",;\t", key=head.count)
    try:
        return list(_numbered(text, delimiter))
    except csv.Error as error:
        raise _problem(name, 0, f"cannot be read as a table: {error}. Look for a quote that is not closed") from None


def _numbered(text: str, delimiter: str) -> Iterator[Row]:
    """With the line each begins in: a cell in quotes may go over several."""
    lines, begins = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True), 1
    for cells in lines:
        if any(cell.strip() for cell in cells):
            yield begins, [cell.strip() for cell in cells]
        begins = lines.line_num + 1


def _columns(rows: Sequence[Row], name: str, zone: str) -> tuple[dict[str, int], Sequence[Row]]:
    """Where each column stands, and the lines below their names."""
    line, head = rows[0]
    names = ["_".join(cell.lower().split()) for cell in head]
    found: dict[str, int] = {}
    for column, others in _NAMES.items():
        place = next((names.index(one) for one in others if one in names), None)
        if place is not None:
            found[column] = place
    if not found and len(head) > 1 and _times([head[1]], zone)[1][0] is None:
        return {"customer": 0, "date": 1, "reason": 2}, rows
    missing = [column for column in ("customer", "date") if column not in found]
    if missing:
        hints = (did_you_mean(one, [*_NAMES["customer"], *_NAMES["date"]]) for one in names)
        said = f'no column {" and no column ".join(missing)} in "{clip(", ".join(head))}"; {_COLUMNS}.'
        raise _problem(name, line, f"{said}{next((hint for hint in hints if hint), '')}")
    return found, rows[1:]


def _read(rows: Sequence[Row], places: dict[str, int], name: str, zone: str) -> list[Lost]:
    cells = {column: [row[place] if place < len(row) else "" for _, row in rows] for column, place in places.items()}
    us, unread = _times(cells["date"], zone)
    problems = [
        Problem(name, line, said)
        for (line, _), who, when, why in zip(rows, cells["customer"], cells["date"], unread, strict=True)
        for said in _flaws(who, when, why)
    ]
    reasons = cells.get("reason", [""] * len(rows))
    found: dict[str, Lost] = {}
    for (line, _), who, at, why in zip(rows, cells["customer"], us, reasons, strict=True):
        first = found.setdefault(who, Lost(line, who, at, why or None))
        if at and who and first.at_us not in {at, 0}:
            said = f'customer "{clip(who)}" has another date in line {first.line}; keep the day it was lost'
            problems.append(Problem(name, line, said))
    if problems:
        raise ProblemsError(problems)
    return list(found.values())


def _flaws(customer: str, date: str, unread: str | None) -> Iterator[str]:
    if not customer:
        yield "names no customer"
    if not date:
        yield "has no date; expected the day the customer was lost, such as 2026-05-31"
    elif unread:
        yield f'"{clip(date)}" is no date; expected ISO 8601, such as 2026-05-31'


def _times(texts: Sequence[str], zone: str) -> tuple[list[int], list[str | None]]:
    values = pd.Series([text or None for text in texts], dtype=object)
    us, reasons = read_times(values, Time(zone=zone), "date")
    return us.tolist(), list(reasons)


def _problem(name: str, line: int, message: str) -> ProblemsError:
    return ProblemsError([Problem(name, line, message)])
