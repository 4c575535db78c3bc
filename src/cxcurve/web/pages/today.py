"""Today: what really changed, whom to call and how to begin, and who waits for value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cxcurve.charts import format as fmt
from cxcurve.errors import TooFewError
from cxcurve.web import grid as tables
from cxcurve.web.asked import Asked
from cxcurve.web.grid import Column, Grid, grid
from cxcurve.web.pages.curve import waiting
from cxcurve.web.pages.figures import told
from cxcurve.web.pages.frame import Frame, customer_href, framed, with_query
from cxcurve.web.reader import View
from cxcurve.workspace.names import stage_label
from cxcurve.workspace.results import at
from cxcurve.workspace.scorecards import Row
from cxcurve.workspace.today import TEN, Call, Calls

PARAMETERS = tables.PARAMETERS
CSV = "today.csv"
_IN_JSON = ("label", "from", "to", "interval", "n", "is_better", "action", "lead")
MOST_IN_JSON = 100
COLUMNS = (
    Column("name", "Customer", note="segment"),
    Column("why", "Why", note="why_more"),
    Column("revenue", "Revenue", kind="money", note="revenue_told"),
    Column("worth_saving_revenue", "Worth saving", kind="money", note="chance_told",
           hint="A year's revenue x the chance to move on within 28 days"),
    Column("sentence", "How to begin", kind="prose", note="next_step", is_sorted=False),
    Column("owner", "Owner"),
    Column("rank", "Order", kind="number", is_shown=False),
    Column("days", "For", kind="days", is_shown=False),
    Column("reason", "Most friction", is_shown=False),
    Column("progress_share", "Chance to move on", kind="share", is_shown=False),
    Column("next_step", "Next step", kind="prose", is_shown=False),
    Column("segment", "Segment", is_shown=False),
    Column("customer_id", "Id", is_shown=False),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class TodayPage(Frame):
    """What today.html shows; `calls` are all of them, `table` ten at a time. `few` says why nothing is told of many."""

    as_of_us: int
    changes: tuple[Mapping[str, Any], ...]
    calls: Calls
    table: Grid
    waiting: Mapping[str, Any] | None
    few: str
    to_read: tuple[Mapping[str, str], ...]

    def to_json(self) -> dict[str, Any]:
        """What changed, everybody worth a call in order, and who waits."""
        return {
            "as_of": at(self.as_of_us),
            "reason": self.few or None,
            "changed": [{key: one[key] for key in _IN_JSON} for one in self.changes],
            "n_calls": self.calls.n,
            "calls": [one.to_json() for one in self.calls.first[:MOST_IN_JSON]],
            "actions_to_read": [one["action_id"] for one in self.to_read],
            "waiting": self.waiting and {key: value for key, value in self.waiting.items() if key != "customers"},
        }

    def to_csv(self) -> str:
        """Everybody worth a call."""
        return self.table.to_csv()


def build(view: View, asked: Asked) -> TodayPage:
    """The page for a query."""
    frame = framed(view, asked, "Today", "today", "/today")
    changes, few = _changes(view, frame["kept"])
    rows = [_shown(rank, one, frame) for rank, one in enumerate(view.calls.first, 1)]
    return TodayPage(
        **frame,
        as_of_us=view.as_of_us,
        changes=changes,
        few=few,
        to_read=tuple({
            "action_id": one.action_id, "what": one.what, "promise": f"{one.movable.label}, {one.promise}",
            "href": with_query("/actions", {"action": one.action_id}) + "#chosen",
        } for one in view.actions_to_read),
        calls=view.calls,
        table=grid(
            COLUMNS, rows, asked, sort="rank", noun="customer", searched=("name", "owner", "segment", "why"),
            csv_path="/today.csv", currency=frame["currency"], per_page=TEN,
        ),
        waiting=None if few else waiting(view, frame["kept"]),
    )  # fmt: skip


def _shown(rank: int, one: Call, frame: Mapping[str, Any]) -> dict[str, Any]:
    share = one.progress_share
    return {
        **one.to_json(),
        "rank": rank,
        "href": customer_href(one.customer_id, frame["kept"]),
        "why_more": "; ".join(said for said in (_for(one.days), one.reason and f"most friction: {one.reason}") if said),
        "revenue_told": "usual in its segment" if one.is_usual_revenue and one.revenue else "",
        "chance_told": "" if share is None else f"{fmt.share(share)} move on within 28 days",
    }


def _for(days: float | None) -> str:
    return "" if days is None else f"for {fmt.days(days)}"


def _changes(view: View, kept: Mapping[str, str]) -> tuple[tuple[Mapping[str, Any], ...], str]:
    """What changed; or why that is not told of so few customers as whoever asks may know of."""
    try:
        return (*_metrics(view), *_zones(view, kept)), ""
    except TooFewError as few:
        return (), str(few)


def _metrics(view: View) -> list[dict[str, Any]]:
    """Lines of the scorecard that changed beyond chance, the bad ones first."""
    currency = view.workspace.settings.currency
    found = [row for row in view.scorecard.rows if row.is_real_change and row.current.value is not None]
    return [_metric(row, currency) for row in sorted(found, key=lambda row: row.is_better is not False)]


def _metric(row: Row, currency: str) -> dict[str, Any]:
    return {
        "label": row.metric.label,
        "from": fmt.amount(row.previous.value, row.metric.unit, currency),
        "to": told(row, currency)[0],
        "interval": fmt.interval(row.current.low, row.current.high, row.metric.unit, currency),
        "n": row.current.n,
        "against": row.against,
        "is_better": row.is_better,
        "action": row.action,
        "lead": row.lead,
        "key": f"scorecard/{row.metric.name}",
        "href": None,
    }


def _zones(view: View, kept: Mapping[str, str]) -> list[dict[str, Any]]:
    """Drift zones in which more, or fewer, stall than before."""
    journey, found = view.workspace.journey, []
    for zone in view.drift.zones:
        change, now = zone.change_stall.value, zone.stall.value
        if not zone.is_real_change or change is None or now is None:
            continue
        found.append({
            "label": f"Stall from {stage_label(journey, zone.start)} to {stage_label(journey, zone.goal)}",
            "from": fmt.share(now - change),
            "to": fmt.share(now),
            "interval": fmt.interval(zone.stall.low, zone.stall.high, "share"),
            "n": zone.stall.n,
            "against": "those who entered before",
            "is_better": change < 0,
            "action": "",
            "lead": journey.stage(zone.start).lead,
            "key": None,
            "href": f"{with_query('/drift', kept)}#{zone.start}-{zone.goal}",
        })  # fmt: skip
    return found
