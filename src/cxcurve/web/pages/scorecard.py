"""The scorecard: every metric with interval, target and change, by layer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from cxcurve import charts
from cxcurve.web.asked import Asked
from cxcurve.web.pages.figures import told
from cxcurve.web.pages.frame import Frame, customer_href, framed, shown_end
from cxcurve.web.reader import View
from cxcurve.workspace.by_name import Named
from cxcurve.workspace.results import at
from cxcurve.workspace.scorecards import Row, Scorecard

PARAMETERS = ()
_TONES: Mapping[bool | None, Literal["", "good", "bad"]] = {None: "", True: "good", False: "bad"}


@dataclass(frozen=True, kw_only=True)
class ScorecardPage(Frame):
    """What scorecard.html shows."""

    result: Scorecard
    as_of_us: int
    week_end: datetime
    rows: tuple[Mapping[str, Any], ...]
    named: tuple[Mapping[str, Any], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As interfaces.md, `show scorecard`."""
        return {"as_of": at(self.as_of_us), **self.result.to_json()}


def build(view: View, asked: Asked) -> ScorecardPage:
    """The page for a query."""
    result = view.scorecard
    return ScorecardPage(
        **framed(view, asked, "Scorecard", "scorecard", "/scorecard"),
        result=result,
        as_of_us=view.as_of_us,
        week_end=shown_end(view.as_of_us, view.workspace.settings.zone),
        rows=tuple(_row(row, view.workspace.settings.currency) for row in result.rows),
        named=tuple(_named(one, asked) for one in view.by_name),
    )


def _named(found: Named, asked: Asked) -> dict[str, Any]:
    customers = [
        {**row, "href": customer_href(str(row["customer_id"]), asked.given), "name": row["name"] or row["customer_id"]}
        for row in found.customers
    ]
    return {"title": found.title, "n": found.n, "customers": customers}


def _row(row: Row, currency: str) -> dict[str, Any]:
    current = row.current
    return {
        "metric": row.metric.name,
        "label": row.metric.label,
        "definition": row.metric.definition,
        "layer": row.metric.layer,
        "unit": row.metric.unit,
        "current": current.value,
        "low": current.low,
        "high": current.high,
        "target": row.target,
        "target_text": told(row, currency)[1],
        "current_text": told(row, currency)[0],
        "met": row.met,
        "previous": row.previous.value,
        "against": row.against,
        "is_real_change": row.is_real_change,
        "is_better": row.is_better,
        "action": row.action,
        "lead": row.lead,
        "supporting": tuple(team for team in row.supporting if team != row.lead),
        "n": current.n if current.value is not None else None,
        "is_thin": row.is_thin,
        "note": row.note,
        "reason": current.reason,
        "sparkline": _sparkline(row),
    }


def _sparkline(row: Row) -> charts.Picture | None:
    known = [value for value in row.series if value is not None]
    if len(known) < 2:
        return None
    least = {"share": 0.1, "score": 1.0}.get(row.metric.unit, 10.0)
    title = f"{row.metric.label}, by week"
    return charts.sparkline(row.series, title=title, tone=_TONES[row.is_better], least_range=least)
