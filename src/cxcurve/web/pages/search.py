"""What a search finds: customers, people, events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cxcurve.web.asked import Asked
from cxcurve.web.pages.frame import Frame, customer_href, framed, local, with_query
from cxcurve.web.reader import View
from cxcurve.workspace.results import at
from cxcurve.workspace.search import Found

PARAMETERS = ("q",)
Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class SearchPage(Frame):
    """What search.html shows."""

    q: str
    found: Found
    customers: tuple[Row, ...]
    people: tuple[Row, ...]
    events: tuple[Row, ...]

    def to_json(self) -> dict[str, Any]:
        """The same by kind."""
        names = ("customer_id", "name", "owner", "segment", "stage")
        return {
            "q": self.q,
            "n_customers": self.found.n_customers,
            "customers": [{name: row[name] for name in names} for row in self.found.customers],
            "people": [dict(row) for row in self.found.people],
            "events": [
                {"event_id": row["event_id"], "name": row["name"], "occurred_at": at(row["occurred_us"]),
                 "customer_id": row["customer_id"]}
                for row in self.found.events
            ],
            "signals": [row["name"] for row in self.found.signals],
        }  # fmt: skip


def build(view: View, asked: Asked) -> SearchPage:
    """The page for a query."""
    frame = framed(view, asked, "Search", "search", "/search")
    q, kept, zone = asked.given.get("q", ""), frame["kept"], view.workspace.settings.zone
    found = view.search(q)
    return SearchPage(
        **frame,
        q=q,
        found=found,
        customers=tuple({**row, "href": customer_href(row["customer_id"], kept)} for row in found.customers),
        people=tuple(
            {**row, "href": with_query(customer_href(row["customer_id"], kept), {"person": row["person_id"]})}
            for row in found.people
        ),
        events=tuple(
            {**row, "at": local(row["occurred_us"], zone), "href": customer_href(row["customer_id"], kept)}
            for row in found.events
        ),
    )
