"""The gallery: every part of a page in every state, with invented numbers. What pages are built of, at one address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from math import sin
from typing import Any

from cxcurve import charts
from cxcurve.web import grid as grids
from cxcurve.web.asked import Asked
from cxcurve.web.gallery import STAGES, pictures, small_pictures
from cxcurve.web.grid import Column, Grid
from cxcurve.web.pages.frame import Field, Frame, bare
from cxcurve.web.reader import View

PARAMETERS = (*grids.PARAMETERS, "stage", "show")
VIEWS = (("", "Parts"), ("time", "Over time"), ("journey", "Journey"), ("compare", "Compared"), ("small", "Small"))
AS_OF = datetime(2026, 11, 1, 23, 59, tzinfo=UTC)
COLUMNS = (
    Column("name", "Customer", note="segment"),
    Column("stage", "Stage", kind="badge", tone="stage_tone"),
    Column("friction_index", "Friction", kind="friction"),
    Column("level", "Level", kind="signed", tone="tone"),
    Column("trend", "12 weeks", kind="spark", is_less=True),
    Column("revenue", "Revenue", kind="money"),
    Column("waiting_days", "Waiting", kind="days", is_shown=False),
    Column("won_share", "Moves on", kind="share", is_shown=False),
    Column("since", "Since", kind="day", is_less=True),
)
_NAMES = (
    "Wonka Foods", "Duff", "Sirius", "Gringotts", "Slate Rock", "Virtucon International Holdings", "Northwind", "Zorg",
    "Acme & Sons", "Ünïcode GmbH", "Initech", "Hooli", "Umbrella", "Stark", "Wayne", "Tyrell",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class DesignPage(Frame):
    """What design.html shows."""

    focus: tuple[Mapping[str, Any], ...]
    stats: tuple[Mapping[str, Any], ...]
    table: Grid
    bare_table: Grid
    views: tuple[Mapping[str, Any], ...]
    shows: tuple[Mapping[str, Any], ...]
    show: str
    pictures: Mapping[str, tuple[charts.Picture, charts.Picture]]


def build(view: View, asked: Asked) -> DesignPage:
    """The gallery; its table takes what an address asks of any table."""
    show = asked.choice("show", [key for key, _ in VIEWS], "")
    frame = {**bare(view.workspace, "How pages look"), "as_of": AS_OF, "query": asked.given, "currency": "EUR"}
    return DesignPage(
        **frame,
        focus=(_figure("Time to Value, median", "12 days", "10 to 14 days", "target 7 days", "bad"),),
        stats=(
            _figure("Journey Friction Index", "24", "22 to 26", "smooth; 2 less than four weeks ago, not sure"),
            _figure("Momentum Score", "54", "52 to 57", "+4 on four weeks ago, a real change", "good", _trend(3)),
            _figure("Drift Zone Impact", "€342k", "€210k to €486k", "187 customers drifting", "warn"),
            _figure("Advocacy rate", None, None, "Too few customers are ready yet"),
        ),
        table=_table(asked),
        bare_table=grids.grid(COLUMNS[:2], (), Asked({}, asked.whom), sort="name", noun="customer"),
        views=tuple({"label": one, "href": "#views", "is_chosen": one == "By week"} for one in ("By week", "By stage")),
        shows=tuple({"label": label, "href": f"/design?show={key}", "is_chosen": key == show} for key, label in VIEWS),
        show=show,
        pictures=_pictures(show),
    )


def _pictures(show: str) -> Mapping[str, tuple[charts.Picture, charts.Picture]]:
    """Wide and narrow; the small ones at the width of half a page."""
    drawn = small_pictures() if show == "small" else pictures().get(show, {})
    wide = 440.0 if show == "small" else charts.WIDE
    return {name: (draw(wide), draw(charts.NARROW)) for name, draw in drawn.items()}


def _figure(
    label: str, value: str | None, interval: str | None, note: str, tone: str = "", trend: charts.Picture | None = None
) -> Mapping[str, Any]:
    figure = {"label": label, "value": value, "interval": interval, "note": note, "tone": tone}
    return {**figure, "sparkline": trend}


def _trend(step: int) -> charts.Picture:
    values = [40 + 9 * sin(week * 0.9 + step * 2) + week * (step - 2) * 2 for week in range(12)]
    return charts.sparkline(values, title="12 weeks", tone=("bad", "bad", "", "good", "good")[step])


def _table(asked: Asked) -> Grid:
    chosen = asked.choice("stage", ("", *STAGES), "")
    options = (("", "Any stage"), *((stage, stage) for stage in STAGES))
    rows = [row for row in map(_row, range(len(_NAMES))) if chosen in {"", row["stage"]}]
    return grids.grid(
        COLUMNS,
        rows,
        asked,
        sort="level",
        noun="customer",
        searched=("name", "segment"),
        filters=(Field("stage", "Stage", options, chosen),),
        currency="EUR",
        per_page=6,
    )


def _row(index: int) -> dict[str, Any]:
    level = None if index == 7 else float((index * 37) % 120 - 60)
    return {
        "name": _NAMES[index],
        "href": f"#{index}" if index % 5 else None,
        "segment": ("Enterprise", "Mid-market", "")[index % 3],
        "stage": STAGES[index % 6],
        "stage_tone": "warn" if index % 6 == 3 else "",
        "friction_index": None if level is None else float((index * 29) % 100),
        "level": level,
        "tone": "" if level is None else "bad" if level < -20 else "good" if level > 30 else "",
        "trend": None if level is None else _trend(index % 5),
        "revenue": None if index == 4 else 4200.0 * (index + 1) ** 2,
        "waiting_days": index * 3.4,
        "won_share": (index * 13 % 100) / 100,
        "since": datetime(2026, 1 + index % 9, 3 + index, tzinfo=UTC),
    }
