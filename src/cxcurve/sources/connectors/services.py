"""Services as data: where they are, how one signs in, which rows they have, and the sources these become.

One YAML file a service, in `services/`. Authentication and paginators are written as for dlt's `rest_api`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files as resources
from typing import Any, Literal

import yaml

from cxcurve.errors import UnknownNameError
from cxcurve.model.durations import Duration
from cxcurve.model.journey import Flag, Frozen, Names, When
from cxcurve.sources.connectors.patience import Limits


class Cursor(Frozen):
    """The column by which rows are known to have changed, and how the service is asked for later ones.

    `unit` is that of the column (none: ISO 8601), `format` how "{since}" is written: s, ms, iso, or as for strftime.
    What is asked for begins `overlap` before the latest row: clocks differ, and rows are told late.
    """

    field: str
    unit: Literal["s", "ms"] | None = None
    format: str = "iso"
    overlap: Duration = Duration.parse("10m")
    start: str = "2000-01-01"
    is_text: Flag = False


class Changes(Frozen):
    """Where a service tells what changed in records it lists: entries with the whole record and what it was before.

    They reach back some `days`; when the last look was longer ago, the list is read again.
    """

    path: str
    list: str
    params: Mapping[str, Any]
    record: str
    previous: str
    days: int
    cursor: Cursor


class Each(Frozen):
    """One row for each entry of a list inside a record; `keep` are columns of the record around it, theirs by ours."""

    list: str
    keep: Mapping[str, str] = {}


class Rows(Frozen):
    """One kind of rows: the request, where its rows are, how it goes on, and how changed rows are asked for."""

    path: str
    method: Literal["GET", "POST"] = "GET"
    params: Mapping[str, Any] = {}
    body: Mapping[str, Any] | None = None
    list: str = ""
    paginator: Mapping[str, Any] | str = "single_page"
    end: str | None = None
    keyset: Flag = False
    cursor: Cursor | None = None
    removed: When | None = None
    each: Each | None = None
    ends_empty: Flag = False
    changes: Changes | None = None
    shape: str | None = None
    walk: Literal["pages", "days", "lines", "job"] = "pages"
    days_at_once: int = 1
    limits: Limits | None = None


class Service(Frozen):
    """One service; sources that are `unplanned` make events the ready-made journeys do not have."""

    label: str
    base_url: str
    docs: str
    settings: Mapping[str, str] = {}
    optional: Names = ()
    secrets: Mapping[str, str] = {}
    auth: Mapping[str, str] = {}
    headers: Mapping[str, str] = {}
    limits: Limits = Limits()
    rows: Mapping[str, Rows]
    sources: Mapping[str, str]
    unplanned: Names = ()


@cache
def known_services() -> tuple[str, ...]:
    """The names of the services this package knows."""
    folder = resources("cxcurve.sources.connectors") / "services"
    return tuple(sorted(file.name.removesuffix(".yaml") for file in folder.iterdir() if file.name.endswith(".yaml")))


@cache
def service_named(name: str) -> Service:
    """A service by its name.

    Raises:
        UnknownNameError: there is none.
    """
    if name not in known_services():
        raise UnknownNameError("service", name, known_services())
    text = (resources("cxcurve.sources.connectors") / "services" / f"{name}.yaml").read_text(encoding="utf-8")
    return Service.model_validate(yaml.safe_load(text))
