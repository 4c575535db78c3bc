"""All customers: sorted, searched, paged, with friction against Momentum as a picture."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cxcurve import charts
from cxcurve.metrics.customer_states import ALL_STATES
from cxcurve.web.asked import Asked
from cxcurve.web.pages.frame import Frame, customer_href, framed, with_query
from cxcurve.web.reader import View
from cxcurve.workspace.lists import flat, in_state
from cxcurve.workspace.results import at, plain

PARAMETERS = ("q", "state", "sort", "page")
CSV = "customers.csv"
PER_PAGE = 50
DRAWN, DRAWN_NARROW = 110, 50
KEYS = (
    "name",
    "stage",
    "friction_index",
    "momentum_index",
    "level",
    "revenue",
    "owner",
    "segment",
    "dwell_days",
    "pair",
)
SHOWN = (
    "customer_id", "name", "segment", "friction_index", "momentum_index", "level", "revenue", "owner", "is_drifting",
    "reason", "stage_since", "pair",
)  # fmt: skip
SEARCHED = ("name", "customer_id", "owner", "segment")
COLUMNS = (
    "customer_id", "name", "segment", "industry", "plan", "region", "owner", "partner_id", "stage", "stage_since",
    "friction_index", "momentum_index", "advocacy_index", "level", "pair", "pair_since", "states", "revenue",
    "is_usual_revenue", "is_drifting", "reason",
)  # fmt: skip

Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class CustomersPage(Frame):
    """What customers.html shows; `found` holds all rows of the search, `rows` those of this page."""

    found: tuple[Row, ...]
    drifting: frozenset[int]
    as_of_us: int
    rows: tuple[Row, ...]
    scatter: charts.Picture | None
    scatter_narrow: charts.Picture | None
    csv_url: str
    sort: str
    q: str
    state: str
    states: tuple[str, ...]
    pager: Mapping[str, int]

    def to_json(self) -> dict[str, Any]:
        """The rows of this page, and where it stands among the others."""
        start = (self.pager["page"] - 1) * PER_PAGE
        rows = [_plain(_marked(row, self.drifting)) for row in self.found[start : start + PER_PAGE]]
        return {
            "as_of": at(self.as_of_us),
            **self.pager,
            "sort": self.sort,
            "state": self.state or None,
            "customers": rows,
        }

    def to_csv(self) -> str:
        """All rows of the search. Text that a spreadsheet would take for a formula is quoted."""
        out = io.StringIO()
        writer = csv.writer(out)
        writer.writerow(COLUMNS)
        rows = (_plain(flat(_marked(row, self.drifting))) for row in self.found)
        writer.writerows([_cell(value) for value in row.values()] for row in rows)
        return out.getvalue()


def build(view: View, asked: Asked) -> CustomersPage:
    """The page for a query."""
    frame = framed(view, asked, "Customers", "customers", "/customers")
    sort = asked.choice("sort", [sign + key for key in KEYS for sign in ("", "-")], "level")
    q = asked.given.get("q", "")
    state = asked.choice("state", ("", *ALL_STATES), "")
    found = view.of_all(("customers", q, state, sort), lambda: _sorted(_matching(view.customers, q, state), sort))
    drifting = view.of_all("drifting", lambda: _drifting(view))
    pager = _pager(len(found), asked.count("page"))
    shown = found[(pager["page"] - 1) * PER_PAGE :][:PER_PAGE]
    return CustomersPage(
        **frame,
        found=found,
        drifting=drifting,
        as_of_us=view.as_of_us,
        rows=_shown(view, [_marked(row, drifting) for row in shown], frame["kept"]),
        scatter=_scatter(view, (q, state), found, frame, charts.WIDE, DRAWN),
        scatter_narrow=_scatter(view, (q, state), found, frame, charts.NARROW, DRAWN_NARROW),
        csv_url=with_query("/customers.csv", {k: v for k, v in asked.given.items() if k != "page"}),
        sort=sort,
        q=q,
        state=state,
        states=ALL_STATES,
        pager=pager,
    )


def _drifting(view: View) -> frozenset[int]:
    return frozenset(one.customer_key for _, one in view.drifting)


def _marked(row: Row, drifting: Collection[int]) -> Row:
    return {**row, "is_drifting": row["customer_key"] in drifting}


def _matching(rows: Sequence[Row], q: str, state: str) -> Sequence[Row]:
    needle, rows = q.casefold(), in_state(rows, state) if state else rows
    return rows if not q else [row for row in rows if any(needle in (row[k] or "").casefold() for k in SEARCHED)]


def _sorted(rows: Sequence[Row], sort: str) -> tuple[Row, ...]:
    """By one column, unknown values last either way; ties keep the lowest level first."""
    key = sort.removeprefix("-")
    known = [row for row in rows if row[key] is not None]
    known.sort(key=lambda row: _comparable(row[key]), reverse=sort.startswith("-"))
    return (*known, *(row for row in rows if row[key] is None))


def _comparable(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value


def _pager(n: int, page: int) -> dict[str, int]:
    """A page past the end is the last one: the list may have become shorter since the link was made."""
    pages = max(1, -(-n // PER_PAGE))
    page = min(page, pages)
    return {"page": page, "pages": pages, "n": n, "first": (page - 1) * PER_PAGE + 1, "last": min(page * PER_PAGE, n)}


def _shown(view: View, rows: Sequence[Row], kept: Mapping[str, str]) -> tuple[Row, ...]:
    levels = view.levels(tuple(row["customer_key"] for row in rows))
    return tuple(
        {
            **{name: row[name] for name in SHOWN},
            "href": customer_href(row["customer_id"], kept),
            "stage": row["stage_label"],
            "sparkline": _sparkline(levels.get(row["customer_key"], []), row["name"]),
            "states": [one["state"] for one in row["states"]],
        }
        for row in rows
    )


def _sparkline(levels: Sequence[float], name: str) -> charts.Picture | None:
    return charts.sparkline(levels, title=f"Level of {name[:60]}, 12 weeks") if len(levels) > 1 else None


def _scatter(
    view: View, asked: tuple[str, str], rows: Sequence[Row], frame: Mapping[str, Any], width: float, most: int
) -> charts.Picture | None:
    """The picture of a search; how its list is sorted plays no part."""

    def made() -> charts.Picture | None:
        points = [
            charts.ScatterPoint(
                row["name"], row["friction_index"], row["momentum_index"], row["revenue"],
                customer_href(row["customer_id"], frame["kept"]), row["pair"],
            )
            for row in rows
            if row["level"] is not None
        ]  # fmt: skip
        return charts.scatter(points, width=width, limit=most, currency=frame["currency"]) if points else None

    return view.of_all(("scatter", asked, width, tuple(frame["kept"].items())), made)


def _plain(row: Row) -> dict[str, Any]:
    return {name: plain(row[name]) for name in COLUMNS}


def _cell(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")) else value
