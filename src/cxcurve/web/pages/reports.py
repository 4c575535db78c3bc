"""Reports: those that are kept, to be downloaded, and to whom they go."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.util import find_spec
from itertools import groupby
from typing import Any
from urllib.parse import quote

from cxcurve.charts.format import words
from cxcurve.errors import BadValueError, ProblemsError, UnknownNameError, clip
from cxcurve.reports.headline import headline
from cxcurve.reports.periods import Period, read_key
from cxcurve.store.reports import Kept
from cxcurve.web.asked import Asked
from cxcurve.web.pages.frame import Frame, bare, kept_of, local
from cxcurve.web.reader import View
from cxcurve.web.visitor import may
from cxcurve.workspace import Workspace
from cxcurve.workspace.reported import found_report
from cxcurve.workspace.results import at

PARAMETERS = ()
KINDS = {"html": "text/html; charset=utf-8", "pdf": "application/pdf", "png": "image/png"}


@dataclass(frozen=True, kw_only=True)
class ReportsPage(Frame):
    """What reports.html shows."""

    reports: tuple[Mapping[str, Any], ...]
    subscriptions: tuple[Mapping[str, Any], ...]
    problems: tuple[str, ...]
    segments: tuple[tuple[str, str], ...]
    may_make: bool

    def to_json(self) -> dict[str, Any]:
        """The reports without their numbers, and what became of those that were sent."""
        times = ("made_at", "at")
        plain = [
            [{key: _iso(value) if key in times else value for key, value in one.items()} for one in rows]
            for rows in (self.reports, self.subscriptions)
        ]
        return {"reports": plain[0], "subscriptions": plain[1], "problems": list(self.problems)}


@dataclass(frozen=True)
class ReportFile:
    """A file to be downloaded: its name, its kind, and what makes it."""

    name: str
    kind: str
    content: Callable[[], bytes]


def build(view: View, asked: Asked) -> ReportsPage:
    """The page; it is about what was said, not about customers now."""
    workspace = view.workspace
    frame = bare(workspace, "Reports") | {
        "nav": "reports", "json_url": "/reports.json", "kept": kept_of(asked, workspace.journey)
    }  # fmt: skip
    zone = workspace.settings.zone
    sent: Mapping[str, Mapping[str, Any]] = {}
    problems: tuple[str, ...] = ()
    try:
        sent = workspace.sent_reports()
    except ProblemsError as error:  # what is kept can be downloaded all the same
        problems = tuple(map(str, error.problems))
    return ReportsPage(
        **frame,
        reports=tuple(_listed(workspace.reports(), zone)),
        subscriptions=tuple(_subscription(key, one, zone) for key, one in sent.items()),
        problems=problems,
        segments=tuple(
            (f"{key}={value}", f"{words(key).capitalize()}: {value}")
            for key in view.values
            for value in view.values[key]
        ),
        may_make=may("POST", "/reports"),
    )


def make(workspace: Workspace, form: Mapping[str, str]) -> str:
    """Make the report that a form asks for, of the last week or quarter; says where to go then.

    Raises:
        BadValueError: it is no such report, or of a segment that none is made of.
        WorkspaceError: nothing was scored yet.
    """
    kind, (key, _, value) = form.get("kind", "week"), form.get("segment", "").partition("=")
    if kind not in ("week", "quarter"):
        raise BadValueError(f'kind "{clip(kind)}" is no report; expected week or quarter')
    workspace.report(None, "week" if kind == "week" else "quarter", segment={key: value} if key else None)
    return "/reports"


def file_of(workspace: Workspace, name: str) -> ReportFile:
    """The file of a report, by a name such as 2026-W47.pdf; what is asked for is made when its content is.

    Raises:
        UnknownNameError: no such report is kept, or not in this form.
    """
    period, _, kind = name.rpartition(".")
    kept = [one.period for one in workspace.reports()]
    if period not in kept or kind not in KINDS:
        raise UnknownNameError("report", name, [f"{one}.{kind}" for one in kept])
    document = found_report(workspace.store, *_read(period)).document
    makes: Mapping[str, Callable[[], bytes]] = {
        "html": lambda: document.html().encode(),
        "pdf": document.pdf,
        "png": lambda: document.png()[0],
    }
    return ReportFile(f"{document.name}.{kind}", KINDS[kind], makes[kind])


def _listed(found: Sequence[Kept], zone: str) -> Iterator[dict[str, Any]]:
    kinds = [kind for kind in KINDS if kind == "html" or find_spec("typst") is not None]
    for period, editions in groupby(found, lambda one: one.period):
        first, *later = editions
        numbers = first.document
        of, segment = _read(period)
        said = of.said
        yield {
            "period": of.name,
            "segment": segment,
            "kind": numbers["kind"],
            "label": f"{said[0].upper()}{said[1:]}",
            "of": ", ".join(f"{words(key)} {value}" for key, value in sorted(segment.items())),
            "headline": headline(numbers["scorecard"], numbers["currency"]).title,
            "made_at": local(first.made_us, zone),
            "n_later": len(later),
            "files": [{"label": kind.upper(), "href": f"/reports/{quote(period, safe='')}.{kind}"} for kind in kinds],
        }


def _subscription(key: str, one: Mapping[str, Any], zone: str) -> dict[str, Any]:
    when = None if one["at"] is None else local(round(datetime.fromisoformat(one["at"]).timestamp() * 1e6), zone)
    return {**one, "name": key, "at": when}


def _read(name: str) -> tuple[Period, dict[str, str]]:
    try:
        return read_key(name)
    except BadValueError:
        raise UnknownNameError("report", name) from None


def _iso(value: datetime | None) -> str | None:
    return None if value is None else at(round(value.timestamp() * 1e6))
