"""The tracking plan in a terminal: what was seen, what changed of itself, what was refused, and its versions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.text import Text

from cxcurve.charts import format as said
from cxcurve.cli.reports import where
from cxcurve.cli.tables import MOST_ROWS, Manner, Parts, clean, filled, heading, more, named, table

MOST_VERSIONS, MOST_CHANGES = 5, 8

Found = Mapping[str, Any]


def plan_view(found: Found, manner: Manner) -> Parts:
    """Events first, then alerts, quarantine and versions, each only where there is something."""
    seen = sum(one["n_events"] > 0 for one in found["events"] if one["is_planned"])
    planned = said.plural(sum(one["is_planned"] for one in found["events"]), "planned event")
    yield heading("Tracking plan", manner.as_of(found["as_of"]), planned, f"{said.number(seen)} seen")
    heads = ("Event", ">Events", ">Last 28 days", "Last seen", ">Refused", "Properties")
    yield filled(table(*heads), (_event(one, manner) for one in found["events"]))
    yield from _alerts(found)
    if found["refused"]:
        rows = ([said.number(one["n"]), clean(one["reason"], 100), where(one)] for one in found["refused"][:MOST_ROWS])
        yield filled(table(">Refused", "Reason", "First"), rows)
    yield from _versions(found["versions"], manner)


def _event(one: Found, manner: Manner) -> list[Any]:
    numbers = [said.number(one[name]) for name in ("n_events", "n_recent")]
    last = manner.day(one["last_seen_at"]) if one["last_seen_at"] else Text("never", style="italic")
    told = "checked" if one["has_schema"] else ""
    refused = said.number(one["n_refused"]) if one["n_refused"] else ""
    return [named(one["event"]), *numbers, last, refused, told if one["is_planned"] else "not in the plan"]


def _alerts(found: Found) -> Parts:
    if found["alerts_reason"]:
        yield Text("Alerts on events need eight weeks of data.", style="italic")
    if found["alerts"]:
        rows = (
            [said.day(one["day"]), clean(one["event"]), clean(one["said"], 120)] for one in found["alerts"][:MOST_ROWS]
        )
        yield filled(table("Alert", "Event", "What"), rows)
    yield from more(len(found["alerts"]))


def _versions(versions: list[Found], manner: Manner) -> Parts:
    for one in versions[:MOST_VERSIONS]:
        n = said.plural(one["n_events"], "event")
        yield heading(f"Version {one['number']}", manner.moment(one["made_at"]), n)
        yield from (Text(f"  {clean(line, 140)}") for line in one["changes"][:MOST_CHANGES])
        if len(one["changes"]) > MOST_CHANGES:
            yield Text(f"  … and {len(one['changes']) - MOST_CHANGES} more: `--json`", style="dim")
