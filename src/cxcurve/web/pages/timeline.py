"""All that happened to a customer on its page: filtered and paged by the address alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from cxcurve.charts.format import words
from cxcurve.model import Journey
from cxcurve.web.asked import Asked
from cxcurve.web.pages import brief
from cxcurve.web.pages.frame import Field, local
from cxcurve.web.reader import View
from cxcurve.workspace import happened
from cxcurve.workspace.customers import CustomerResult
from cxcurve.workspace.happened import DRAG, NEITHER, OUTSIDE, PAGE, PULL, Filters
from cxcurve.workspace.names import stage_label
from cxcurve.workspace.results import at

FILTERS = ("source", "touchpoint", "stage", "person", "valence")
PARAMETERS = (*FILTERS, "page", "event")
VALENCES = {DRAG: "Adds friction", PULL: "Adds Momentum", NEITHER: "Neither"}
_LABELS = {"source": "Source", "touchpoint": "Touchpoint", "stage": "Stage", "person": "Person", "valence": "Effect"}


@dataclass(frozen=True)
class Shown:
    """What the template wants: a page of events and entered stages, and what can be chosen."""

    events: tuple[Mapping[str, Any], ...]
    fields: tuple[Field, ...]
    pager: Mapping[str, int]
    is_filtered: bool
    event: str
    found: happened.Timeline

    def to_json(self) -> dict[str, Any]:
        """For programs: the page as asked for."""
        names = ("event_id", "name", "source", "touchpoint", "stage", "person_id", "valence", "value", "amount")
        rows = [{"occurred_at": at(one["occurred_us"]), **{k: one[k] for k in names}} for one in self.found.events]
        return {"n": self.found.n, "page": self.found.page, "n_pages": self.found.n_pages, "events": rows}


def build(view: View, asked: Asked, result: CustomerResult) -> Shown:
    """The part of the page.

    Raises:
        BadValueError: the page is no number.
    """
    filters = Filters(**{name: asked.given.get(name, "") for name in FILTERS})
    wanted = asked.given.get("event", "")
    found = happened.timeline(view.happened(result), filters, asked.count("page"), wanted)
    journey, zone = view.workspace.journey, view.workspace.settings.zone
    rows = [{**_row(event, journey, zone), "us": event["occurred_us"]} for event in found.events]
    if filters.given.keys() <= {"stage"}:
        rows += _entered(result, found, filters, zone)
    rows.sort(key=lambda row: row["us"], reverse=True)
    first = (found.page - 1) * PAGE + 1
    pager = {"page": found.page, "pages": found.n_pages, "n": found.n, "first": first}
    return Shown(
        tuple(rows),
        tuple(_field(name, found, filters, journey) for name in FILTERS),
        {**pager, "last": min(found.page * PAGE, found.n)},
        bool(filters.given),
        wanted,
        found,
    )


def place_of(asked: Asked) -> str:
    """The address of an event in the timeline of the same page, but for its id: the page finds where that is."""
    kept = {"as_of": asked.given["as_of"]} if "as_of" in asked.given else {}
    return f"?{urlencode({**kept, 'event': ''})}"


def _row(event: Mapping[str, Any], journey: Journey, zone: str) -> dict[str, Any]:
    told = brief.told({**event, "tone": event["valence"]}, journey, zone)
    return {**told, "person": event["person"]}


def _entered(result: CustomerResult, found: happened.Timeline, filters: Filters, zone: str) -> list[dict[str, Any]]:
    """The stages entered within the page; of the first and last page also those beyond its events."""
    times = [event["occurred_us"] for event in found.events]
    since = min(times, default=0) if found.page < found.n_pages else 0
    until = max(times, default=0) if found.page > 1 else 2**62
    none = {"event_id": None, "channel": None, "text": None, "kind": "stage", "person": ""}
    return [
        {**none, "at": local(stay["entered_us"], zone), "label": f"Entered {stay['label']}", "us": stay["entered_us"]}
        for stay in result.stays
        if since <= stay["entered_us"] <= until and filters.stage in {"", stay["stage"]}
    ]


def _field(name: str, found: happened.Timeline, filters: Filters, journey: Journey) -> Field:
    value = getattr(filters, name)
    options = [(one, f"{_label(name, one, journey)} ({n:,})") for one, n in found.choices.counts[name]]
    if value and value not in dict(options):
        options.append((value, f"{_label(name, value, journey)} (0)"))
    return Field(name, _LABELS[name], (("", "All"), *options), value)


def _label(name: str, value: str, journey: Journey) -> str:
    if name == "stage" and value in journey.stage_names:
        return stage_label(journey, value)
    if name == "stage" and value == OUTSIDE:
        return "Outside the journey"
    return VALENCES.get(value, value) if name == "valence" else words(value)[:60]
