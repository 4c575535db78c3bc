"""A table that is sorted, searched and paged by its address, with columns to choose and a CSV of every row found.

What is asked for stands in the query string, so that a table works without scripts and can be sent as a link.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from cxcurve.web.asked import Asked
from cxcurve.web.pages.frame import Field, with_query
from cxcurve.workspace.results import plain

PARAMETERS = ("q", "sort", "page", "columns")
"""What a page with a grid takes from its address, beside the keys of its filters."""
PER_PAGE = 50
Kind = Literal[
    "text", "prose", "badge", "number", "score", "signed", "share", "money", "days", "odds", "day", "moment",
    "friction", "spark",
]  # fmt: skip
Row = Mapping[str, Any]
Found = tuple[Row, ...]
_TEXTS = ("text", "prose", "badge")
_LEFT = (*_TEXTS, "friction", "spark", "day", "moment")


def _anew(search: tuple[str, str], find: Callable[[], Found]) -> Found:
    return find()


@dataclass(frozen=True, slots=True)
class Column:
    """One column: the key of its values in a row, its heading, and how a value is told.

    `note`, `tone` and `href` are keys too: of a second, quieter line, of a tone (good, bad, warn; of badges, a tone by
    word), and of the page that explains the value. A column that is not `is_shown` can be chosen; one that is `is_less`
    is not shown on a phone.
    """

    key: str
    label: str
    kind: Kind = "text"
    note: str = ""
    tone: str = ""
    hint: str = ""
    href: str = ""
    is_shown: bool = True
    is_sorted: bool = True
    is_less: bool = False

    @property
    def is_number(self) -> bool:
        """Whether it stands to the right."""
        return self.kind not in _LEFT


@dataclass(frozen=True, kw_only=True, slots=True)
class Grid:
    """What the macro `table` draws. `found` holds every row of the search, `rows` those of this page."""

    columns: tuple[Column, ...]
    shown: tuple[Column, ...]
    found: Found
    rows: Found
    pager: Mapping[str, int]
    sort: str
    q: str
    searched: bool
    query: Mapping[str, str]
    filters: tuple[Field, ...]
    csv_url: str
    noun: str
    currency: str
    is_asked: bool

    def next_sort(self, column: Column) -> str:
        """What a click on its heading asks for: words from A, numbers from the largest, then the other way."""
        first, other = (column.key, f"-{column.key}") if column.kind in _TEXTS else (f"-{column.key}", column.key)
        return other if self.sort == first else first

    def to_csv(self) -> str:
        """Every row found, every column but pictures. Text a spreadsheet would take for a formula is quoted."""
        out, columns = io.StringIO(), [column for column in self.columns if column.kind != "spark"]
        writer = csv.writer(out)
        writer.writerow([column.key for column in columns])
        writer.writerows([safe(plain(row.get(column.key))) for column in columns] for row in self.found)
        return out.getvalue()


def grid(
    columns: Sequence[Column],
    rows: Sequence[Row],
    asked: Asked,
    *,
    sort: str,
    noun: str = "row",
    searched: Sequence[str] = (),
    filters: Sequence[Field] = (),
    csv_path: str = "",
    currency: str = "",
    per_page: int = PER_PAGE,
    kept: Callable[[tuple[str, str], Callable[[], Found]], Found] = _anew,
) -> Grid:
    """The rows an address asks for.

    Args:
        columns: all there are; the first names the row and is always shown.
        rows: all there are, filtered by the page where it has filters; `href` leads from a row to its page.
        asked: the query, read with `PARAMETERS`.
        sort: a column's key where nothing else is asked for, "-key" from the largest.
        noun: what a row is.
        searched: keys whose text is searched; none: there is no search.
        filters: choices beside the search. Their keys belong to the page's parameters.
        csv_path: where every row found can be had; none: it cannot.
        currency: ISO 4217.
        per_page: rows of a page.
        kept: answers a search from what was found before; sorting 100,000 rows takes seconds.

    Raises:
        BadValueError: a column or a number that is not known.
    """
    keys = [column.key for column in columns if column.is_sorted and column.kind != "spark"]
    chosen_sort = asked.choice("sort", [sign + key for key in keys for sign in ("", "-")], sort)
    q = asked.given.get("q", "") if searched else ""
    found = kept((q, chosen_sort), lambda: _sorted(_matching(rows, q, searched), chosen_sort))
    pager = _pager(len(found), asked.count("page"), per_page)
    query = {key: value for key, value in asked.given.items() if key != "page"}
    return Grid(
        columns=tuple(columns),
        shown=_shown(columns, asked),
        found=found,
        rows=found[(pager["page"] - 1) * per_page :][:per_page],
        pager=pager,
        sort=chosen_sort,
        q=q,
        searched=bool(searched),
        query=asked.given,
        filters=tuple(filters),
        csv_url=with_query(csv_path, query) if csv_path else "",
        noun=noun,
        currency=currency,
        is_asked=bool(q) or any(field.value for field in filters),
    )


def _shown(columns: Sequence[Column], asked: Asked) -> tuple[Column, ...]:
    """The first column, and those chosen; where none is, those shown as a rule."""
    chosen = [key for key in asked.given.get("columns", "").split(",") if key]
    for key in chosen:
        asked.one_of("columns", key, [column.key for column in columns])
    is_shown = {column.key: column.key in chosen if chosen else column.is_shown for column in columns}
    return tuple(column for index, column in enumerate(columns) if index == 0 or is_shown[column.key])


def _matching(rows: Sequence[Row], q: str, searched: Sequence[str]) -> Sequence[Row]:
    needle = q.casefold()
    return rows if not q else [row for row in rows if any(needle in str(row[k] or "").casefold() for k in searched)]


def _sorted(rows: Sequence[Row], sort: str) -> Found:
    """By one column, unknown values last either way; ties stay as they came."""
    key = sort.removeprefix("-")
    known = [row for row in rows if row[key] is not None]
    known.sort(key=lambda row: _comparable(row[key]), reverse=sort.startswith("-"))
    return (*known, *(row for row in rows if row[key] is None))


def _comparable(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value


def _pager(n: int, page: int, per_page: int) -> dict[str, int]:
    """A page past the end is the last one: the list may have become shorter since the link was made."""
    pages = max(1, -(-n // per_page))
    page = min(page, pages)
    return {"page": page, "pages": pages, "n": n, "first": (page - 1) * per_page + 1, "last": min(page * per_page, n)}


def safe(value: Any) -> Any:
    """A cell of a CSV: a text that a spreadsheet would take for a formula is quoted."""
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")) else value
