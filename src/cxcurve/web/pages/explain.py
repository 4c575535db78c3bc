"""A number explained: what it means, how it is made, and the customers and events it rests on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pyarrow as pa

from cxcurve.charts import format as fmt
from cxcurve.errors import BadValueError, TooFewError
from cxcurve.model import Journey
from cxcurve.web.asked import Asked, Whom, parameter_of
from cxcurve.web.pages.frame import Frame, customer_href, framed, local
from cxcurve.web.reader import View
from cxcurve.workspace.explain import Explanation, Key, explanation_of
from cxcurve.workspace.few import TOLD

PARAMETERS = ("key",)
SHOWN_ROWS, SHOWN_EVENTS = 30, 50
"""Rows of each table, and events, that the page names; all are in the export."""


@dataclass(frozen=True, kw_only=True)
class ExplainPage(Frame):
    """What explain.html shows."""

    result: Explanation
    key: str
    value: str | None
    exact: float | None
    interval: str | None
    recomputed: float | None
    definition: str
    place: str
    version: str
    sql: str
    tables: tuple[Mapping[str, Any], ...]
    n_customers: int
    events: tuple[Mapping[str, Any], ...]
    n_events: int
    reason: str | None

    def to_json(self) -> dict[str, Any]:
        """As `cxcurve explain KEY --json`."""
        return self.result.to_json()


def read_key(asked: Asked, journey: Journey) -> Key:
    """The key that a query asks for.

    Raises:
        BadValueError: there is none, or whom it is about is said beside it.
        UnknownNameError: a parameter of the key is no segment's.
    """
    if "key" not in asked.given:
        raise BadValueError("no number is named; expected such as /explain?key=scorecard/friction_index")
    if asked.whom != Whom():
        raise BadValueError("whom a number is about goes into its key, as in scorecard/nps?plan=pro")
    return Key.read(asked.given["key"], journey)


def whom_of(key: Key) -> Whom:
    """Whom and when a key is about."""
    return Whom(key.segment, key.cohort, key.as_of)


def href_of(key: Key) -> str:
    """The page that explains a number."""
    return f"/explain?key={quote(str(key), safe='/')}"


def explained(whom: Whom, *parts: object) -> str:
    """The page that explains a number of whom a page is about."""
    kind, *rest = map(str, parts)
    return href_of(Key(kind, tuple(rest), whom.segment, whom.cohort, whom.as_of))


def build(view: View, asked: Asked, key: Key) -> ExplainPage:
    """The page of a number.

    Raises:
        UnknownNameError: there is no such number.
    """
    found = explanation_of(view, key, SHOWN_EVENTS)
    grounds, currency, zone = found.grounds, view.workspace.settings.currency, view.workspace.settings.zone
    shown = grounds.shown
    if view.whom.scope is not None and shown.value is None:  # it would be made again from the rows below
        raise TooFewError(f"This number is not told; {TOLD}.")
    kept = _kept(key)
    frame = framed(view, asked, grounds.label, "", "/explain")
    return ExplainPage(
        **{**frame, "picker": (), "kept": kept},
        result=found,
        key=found.key,
        value=None if shown.value is None else fmt.amount(shown.value, grounds.unit, currency),
        exact=shown.value,
        interval=None if shown.low is None else fmt.interval(shown.low, shown.high, grounds.unit, currency),
        recomputed=found.recomputed,
        definition=grounds.definition,
        place=grounds.place,
        version=found.version,
        sql=grounds.query,
        tables=tuple(_table(name, rows, zone, kept) for name, rows in grounds.tables.items()),
        n_customers=len(grounds.customers),
        events=tuple(_event(row, zone, kept) for row in found.events.to_pylist()),
        n_events=found.n_events,
        reason=shown.reason,
    )


def _kept(key: Key) -> dict[str, str]:
    """What links to other pages carry along."""
    named = {parameter_of(name): value for name, value in key.segment}
    return named | {name: value for name, value in (("cohort", key.cohort), ("as_of", key.as_of)) if value}


def _table(name: str, rows: pa.Table, zone: str, kept: Mapping[str, str]) -> Mapping[str, Any]:
    """The first rows of a table, the greatest values first where there are values."""
    first = rows.sort_by([("value", "descending")]) if "value" in rows.column_names else rows
    cells = [_cells(row, zone, kept) for row in first.slice(0, SHOWN_ROWS).to_pylist()]
    heads = [column.removesuffix("_us") for column in rows.column_names]
    return {"name": name, "heads": heads, "rows": cells, "n": rows.num_rows}


def _cells(row: Mapping[str, Any], zone: str, kept: Mapping[str, str]) -> Sequence[Mapping[str, Any]]:
    return [
        {"text": _text(name, value, zone), "href": customer_href(value, kept) if name == "customer_id" else None}
        for name, value in row.items()
    ]


def _text(name: str, value: Any, zone: str) -> str:
    if value is None or value == "":
        return "–"
    if name == "half_life_us":
        return f"{value / 86_400e6:g} days"
    if name.endswith("_us"):
        return fmt.moment(local(value, zone))
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _event(row: Mapping[str, Any], zone: str, kept: Mapping[str, str]) -> Mapping[str, Any]:
    return {
        "event_id": row["event_id"],
        "name": row["name"],
        "at": local(row["occurred_us"], zone),
        "customer_id": row["customer_id"],
        "href": customer_href(row["customer_id"], kept),
    }
