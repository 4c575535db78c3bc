"""What every page has around its content: title, as_of, the picker, where its JSON is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from cxcurve.charts.format import day, number, plural, silent_said, words
from cxcurve.model import Journey
from cxcurve.web.asked import Asked, parameter_of
from cxcurve.web.reader import View
from cxcurve.workspace import Workspace
from cxcurve.workspace.names import stage_label
from cxcurve.workspace.results import moment

COHORT_TIME, COHORT_TIME_WORDS = "90d", "90 days"
BEHIND = "Data was loaded since the last score; the scores and events shown do not know it yet. Run: cxcurve score"
PROVISIONAL = "Early numbers: the weights are expert judgement, and what counts as typical still moves with your data."


@dataclass(frozen=True, slots=True)
class Field:
    """One choice of the picker; a date where there are no options."""

    key: str
    label: str
    options: tuple[tuple[str, str], ...]
    value: str


@dataclass(frozen=True, kw_only=True)
class Frame:
    """What the template of every page wants. `kept` is the part of the query that follows to other pages."""

    title: str
    nav: str
    workspace: str
    json_url: str
    as_of: datetime | None = None
    query: Mapping[str, str]
    kept: Mapping[str, str]
    picker: tuple[Field, ...] = ()
    provisional: str | None = PROVISIONAL
    silent: str | None = None
    currency: str = ""


def framed(view: View, asked: Asked, title: str, nav: str, path: str) -> dict[str, Any]:
    """The fields of `Frame`, for a page to build on."""
    workspace = view.workspace
    return {
        "title": title,
        "nav": nav,
        "workspace": workspace.name,
        "json_url": with_query(f"{path}.json", asked.given),
        "as_of": shown_end(view.as_of_us, workspace.settings.zone),
        "query": asked.given,
        "kept": kept_of(asked, workspace.journey),
        "picker": picker(view, asked),
        # Another as_of is worked out from all events.
        "provisional": BEHIND if workspace.is_behind and view.whom.as_of is None else weights_said(view),
        "silent": silent_said(view.silent),
        "currency": workspace.settings.currency,
    }


def weights_said(view: View) -> str:
    """Whose judgement the weights are."""
    version = view.version
    if version is None or view.whom.scope is not None:  # how many left is not for those who know of some only
        return PROVISIONAL
    when = shown_end(version.as_of_us, view.workspace.settings.zone)
    left, moved = version.friction, version.momentum
    said = f"Version {version.number} of the weights, {day(when.date())}"
    if left.kind == "expert":
        return f"{said}: expert judgement; {plural(left.n_events, 'exit')} so far, and 25 are needed to learn from."
    rests = f"{plural(left.n_events, 'exit')} and {number(moved.n_events)} steps forward"
    return f"{said}: {left.kind} from {rests} of your own customers."


def bare(workspace: Workspace, title: str) -> dict[str, Any]:
    """The same for a page that knows no customers, such as an error."""
    frame = {"title": title, "nav": "", "workspace": workspace.name, "json_url": "/curve.json", "query": {}, "kept": {}}
    return {**frame, "provisional": None, "silent": None}


def kept_of(asked: Asked, journey: Journey) -> dict[str, str]:
    """Whom and when: what a link to another page carries along."""
    names = {"as_of", "cohort", *map(parameter_of, journey.segments)}
    return {key: value for key, value in asked.given.items() if key in names}


def picker(view: View, asked: Asked) -> tuple[Field, ...]:
    """A select for each segment that has values, the cohort, and the date."""
    fields = [_segment(key, values, asked) for key, values in view.values.items() if values]
    as_of = Field("as_of", "As of", (), asked.given.get("as_of", "")[:10])
    return (*fields, _cohort(view.workspace.journey, asked), as_of)


def local(us: int, zone: str) -> datetime:
    """A time as the workspace's clocks show it."""
    return moment(us).astimezone(ZoneInfo(zone))


def shown_end(us: int, zone: str) -> datetime:
    """An end: midnight is told as the last minute of the day before."""
    end = local(us, zone)
    return end - timedelta(minutes=1) if (end.hour, end.minute) == (0, 0) else end


def with_query(path: str, query: Mapping[str, str]) -> str:
    """A link."""
    return f"{path}?{urlencode(query)}" if query else path


def customer_href(customer_id: str, kept: Mapping[str, str]) -> str:
    """A customer's page, at the same as_of."""
    return with_query(f"/customers/{quote(customer_id, safe='')}", {k: v for k, v in kept.items() if k == "as_of"})


def _segment(key: str, values: list[str], asked: Asked) -> Field:
    name = parameter_of(key)
    chosen = asked.given.get(name, "")
    shown = values if not chosen or chosen in values else [chosen, *values]
    label = words(key.removesuffix("_id")).capitalize()
    return Field(name, label, (("", "All"), *((value, value) for value in shown)), chosen)


def _cohort(journey: Journey, asked: Asked) -> Field:
    chosen = asked.given.get("cohort", "")
    options = [("", "Everybody")]
    for stage in journey.stages:
        told = f"Entered {stage_label(journey, stage.name)} in the last {COHORT_TIME_WORDS}"
        options.append((f"entered {stage.name} in the last {COHORT_TIME}", told))
    if chosen not in dict(options):
        options.append((chosen, chosen.capitalize()))
    return Field("cohort", "Cohort", tuple(options), chosen)
