"""All customers: sorted, searched, paged, with friction against Momentum as a picture."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cxcurve import charts
from cxcurve.charts import format as fmt
from cxcurve.metrics.customer_states import ALL_STATES
from cxcurve.web.asked import Asked
from cxcurve.web.grid import PARAMETERS as TABLE
from cxcurve.web.grid import Column, Grid, grid
from cxcurve.web.pages.frame import Field, Frame, customer_href, framed
from cxcurve.web.reader import View
from cxcurve.workspace.lists import flat, in_state
from cxcurve.workspace.results import at, plain

PARAMETERS = (*TABLE, "state")
CSV = "customers.csv"
DRAWN, DRAWN_NARROW = 90, 40
DRIFTING = "drifting"
COLUMNS = (
    Column("name", "Customer", note="segment"),
    Column("customer_id", "Id", is_shown=False),
    Column("segment", "Segment", is_shown=False),
    Column("industry", "Industry", is_shown=False),
    Column("plan", "Plan", is_shown=False),
    Column("region", "Region", is_shown=False),
    Column("partner_id", "Partner", is_shown=False),
    Column("stage", "Stage", note="since"),
    Column("stage_since", "Since", kind="day", is_shown=False),
    Column("dwell_days", "Days there", kind="days", is_shown=False),
    Column("states", "State", kind="badge", tone="tones", is_sorted=False),
    Column("friction_index", "Friction", kind="friction", is_less=True),
    Column("momentum_index", "Momentum", kind="number", is_less=True),
    Column("advocacy_index", "Advocacy", kind="number", is_shown=False),
    Column("level", "Level", kind="signed"),
    Column("pair", "Pair", is_shown=False),
    Column("pair_since", "Pair since", kind="day", is_shown=False),
    Column("sparkline", "12 weeks", kind="spark", is_less=True),
    Column("revenue", "Revenue", kind="money"),
    Column("is_usual_revenue", "Usual revenue", is_shown=False),
    Column("is_drifting", "Drifting", is_shown=False),
    Column("owner", "Owner", is_less=True),
    Column("reason", "Why there is no stage", is_shown=False),
)
SEARCHED = ("name", "customer_id", "owner", "segment")

Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class CustomersPage(Frame):
    """What customers.html shows."""

    table: Grid
    drifting: frozenset[int]
    as_of_us: int
    scatter: charts.Picture | None
    scatter_narrow: charts.Picture | None
    state: str

    def to_json(self) -> dict[str, Any]:
        """The rows of this page, and where it stands among the others."""
        pager = self.table.pager
        rows = [_told(row, self.drifting) for row in self.table.found[pager["first"] - 1 : pager["last"]]]
        return {
            "as_of": at(self.as_of_us),
            **pager,
            "sort": self.table.sort,
            "state": self.state or None,
            "customers": [{name: plain(value) for name, value in row.items()} for row in rows],
        }

    def to_csv(self) -> str:
        """All rows of the search."""
        return replace(self.table, found=tuple(flat(_told(row, self.drifting)) for row in self.table.found)).to_csv()


def build(view: View, asked: Asked) -> CustomersPage:
    """The page for a query."""
    frame = framed(view, asked, "Customers", "customers", "/customers")
    state = asked.choice("state", ("", DRIFTING, *ALL_STATES), "")
    drifting = view.of_all(DRIFTING, lambda: _drifting(view))
    rows = view.of_all(("in state", state), lambda: _in_state(view, state, drifting)) if state else view.customers
    states = Field("state", "State", (("", "Any state"), *((one, one) for one in (DRIFTING, *ALL_STATES))), state)
    table = grid(
        COLUMNS, rows, asked, sort="level", noun="customer", searched=SEARCHED, filters=(states,),
        csv_path="/customers.csv", currency=frame["currency"],
        kept=lambda search, find: view.of_all(("customers", state, *search), find),
    )  # fmt: skip
    asked_for = (table.q, state)
    return CustomersPage(
        **frame,
        table=replace(table, rows=_shown(view, table.rows, drifting, frame["kept"])),
        drifting=drifting,
        as_of_us=view.as_of_us,
        scatter=_scatter(view, asked_for, table.found, frame, charts.WIDE, DRAWN),
        scatter_narrow=_scatter(view, asked_for, table.found, frame, charts.NARROW, DRAWN_NARROW),
        state=state,
    )


def _drifting(view: View) -> frozenset[int]:
    return frozenset(one.customer_key for _, one in view.drifting)


def _in_state(view: View, state: str, drifting: Collection[int]) -> list[Row]:
    if state != DRIFTING:
        return in_state(view.customers, state)
    return [row for row in view.customers if row["customer_key"] in drifting]


def _told(row: Row, drifting: Collection[int]) -> dict[str, Any]:
    """A row as JSON and CSV have it: every column but pictures."""
    told = {**row, "is_drifting": row["customer_key"] in drifting}
    return {column.key: told[column.key] for column in COLUMNS if column.kind != "spark"}


def _shown(view: View, rows: Sequence[Row], drifting: Collection[int], kept: Mapping[str, str]) -> tuple[Row, ...]:
    levels = view.levels(tuple(row["customer_key"] for row in rows))
    return tuple(_drawn(row, levels.get(row["customer_key"], []), drifting, kept) for row in rows)


def _drawn(row: Row, levels: Sequence[float], drifting: Collection[int], kept: Mapping[str, str]) -> Row:
    name, is_drifting = row["name"] or row["customer_id"], row["customer_key"] in drifting
    return {
        **_told(row, drifting),
        "name": name,
        "href": customer_href(row["customer_id"], kept),
        "stage": row["stage_label"],
        "since": _since(row["stage_since"]) if row["stage_since"] else fmt.reason(row["reason"]),
        "states": [
            *([DRIFTING] if is_drifting else []),
            *([row["pair"]] if row["pair"] else []),
            *(one["state"] for one in row["states"]),
        ],
        "tones": {DRIFTING: "warn"},
        "sparkline": _sparkline(levels, name),
    }


def _since(day: str) -> str:
    """On one line, for fifty rows of three lines are read less easily than of two."""
    return f"since {fmt.day(day)}".replace(" ", "\N{NO-BREAK SPACE}")


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
