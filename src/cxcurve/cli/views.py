"""Results as compact tables for people: the interval, how many it rests on, and the reason where there is no number."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from cxcurve.charts import format as said
from cxcurve.errors import clip

if TYPE_CHECKING:
    from cxcurve.workspace import Workspace

MOST_POINTS, MOST_ROWS, MOST_REASONS = 18, 30, 5
BAR = 12
"""Characters on each side of a bar's zero."""

Parts = Iterator[RenderableType]


def clean(value: Any, length: int = 48) -> str:
    """Text from outside, safe for a terminal: no control characters, not too long."""
    text = "" if value is None else str(value)
    return clip("".join("�" if unicodedata.category(sign) in _UNSHOWN else sign for sign in text[: length + 1]), length)


_UNSHOWN = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


def table(*columns: str, title: str = "") -> Table:
    """An empty table; a column that begins with ">" is one of numbers."""
    made = Table(box=SIMPLE_HEAD, title=title or None, title_justify="left", title_style="bold", pad_edge=False)
    for column in columns:
        made.add_column(column.removeprefix(">"), justify="right" if column[0] == ">" else "left", overflow="fold")
    return made


def filled(made: Table, rows: Iterable[Sequence[Any]]) -> Table:
    """The table with these rows; cells are plain text, never markup."""
    for row in rows:
        made.add_row(*(cell if isinstance(cell, Text) else Text(str(cell)) for cell in row))
    return made


def heading(what: str, rest: str = "") -> Text:
    """The line above a result."""
    return Text.assemble((what, "bold"), f"  {rest}" if rest else "")


def why_not(reason: str | None) -> Text:
    """The reason why there is no number."""
    return Text(said.reason(reason), style="italic")


# --- load and check


def load_view(reports: Mapping[str, Any], refused: Sequence[Mapping[str, Any]]) -> Parts:
    """What became of rows and events, and the first reasons of those that were refused."""
    parts = (("rows", ("read", "used", "no_event", "quarantined")),
             ("events", ("made", "loaded", "duplicate", "conflict", "quarantined")))  # fmt: skip
    made = table("Source", *(f">{clean(said.words(name))}" for _, names in parts for name in names))
    for column in (made.columns[1], made.columns[5]):
        column.header = Text(f"{'rows' if column is made.columns[1] else 'events'} {column.header}")
    yield filled(
        made,
        ([clean(key), *(said.number(report[part][name]) for part, names in parts for name in names)]
         for key, report in reports.items()),
    )  # fmt: skip
    mine = [row for row in refused if row["source"] in reports]
    if mine:
        yield from _refused_view(mine)


def _refused_view(refused: Sequence[Mapping[str, Any]]) -> Parts:
    kinds: dict[str, list[Mapping[str, Any]]] = {}
    for row in refused:
        kinds.setdefault(row["reason"], []).append(row)
    yield heading(
        f"In quarantine: {said.plural(len(refused), 'row or event', 'rows and events')}.",
        "Mend the cause and load again.",
    )
    most = sorted(kinds.items(), key=lambda item: -len(item[1]))
    yield filled(table(">n", "Reason", "First"),
                 ([said.number(len(rows)), clean(reason, 100), _place(rows[0])] for reason, rows in most[:MOST_REASONS]))  # fmt: skip
    if len(most) > MOST_REASONS:
        yield Text(f"… and {said.plural(len(most) - MOST_REASONS, 'other reason')}: `cxcurve show quarantine`")


def _place(row: Mapping[str, Any]) -> str:
    return clean(f"{row['file']}:{row['line']}" if row["line"] else row["file"])


def check_view(n_errors: int, n_warnings: int, signals: Mapping[str, Any] | None, unseen: str | None) -> Parts:
    """The verdict, then the signals."""
    if n_errors:
        yield Text(f"{said.plural(n_errors, 'error')} to mend before loading.", style="bold")
    elif n_warnings:
        yield Text(f"No errors, {said.plural(n_warnings, 'warning')}.")
    else:
        yield Text("No problems in the files.")
    if unseen is not None:
        yield Text(unseen)
    if signals is None:
        return
    n_there, n_missing = len(signals["present"]), len(signals["missing"])
    yield Text(f"{n_there} of {said.plural(n_there + n_missing, 'signal')} of the tracking plan have data.")
    if n_missing:
        yield Text(f"Missing: {', '.join(clean(name) for name in signals['missing'])}")
    if signals["add_first"]:
        rows = ([clean(one["signal"]), clean(one["reason"], 120)] for one in signals["add_first"])
        yield filled(table("Would add most", "Why"), rows)


# --- show


def curve_view(found: Mapping[str, Any]) -> Parts:
    """The curve as rows: level with its interval, friction, momentum, and a bar."""
    axis = {"week": "week of the cycle", "position": "journey position", "date": "calendar week"}[found["x"]]
    yield heading("CX Curve", f"{_as_of(found)} · {said.plural(found['n_customers'], 'customer')} · by {axis}")
    if not found["points"]:
        yield why_not(found["reason"])
        return
    made = table(f">{axis.split()[0]}", "Stage", ">Level", "95 %", ">Friction", ">Momentum", ">n", "below zero | above")
    yield filled(made, (_point_cells(point, found) for point in _spread(found["points"])))
    for drop in (one for one in found["annotations"] if one["kind"] == "drop"):
        yield Text(
            f"Drop of {said.number(-drop['change'], 1)} from {_x(drop['from'], found)} to {_x(drop['to'], found)}: {_causes(drop)}"
        )
    for note in (one for one in found["annotations"] if one["kind"] == "note"):
        yield Text(f"{said.day(note['at'])}: {clean(note['text'], 120)}")


def _spread(points: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """At most so many points, evenly spread, the first and the last among them."""
    if len(points) <= MOST_POINTS:
        return list(points)
    return [points[round(i * (len(points) - 1) / (MOST_POINTS - 1))] for i in range(MOST_POINTS)]


def _point_cells(point: Mapping[str, Any], found: Mapping[str, Any]) -> list[Any]:
    stage = next((s["stage"] for s in found["stages"] if s["from"] <= point["x"] < s["to"]), "")
    cells = [_x(point["x"], found), clean(said.words(stage)), said.signed(point["level"]),
             said.interval(point["low"], point["high"]) or "too few", said.number(point["friction_index"]),
             said.number(point["momentum_index"]), said.number(point["n"])]  # fmt: skip
    style = "dim" if point["is_thin"] else ""
    return [*(Text(cell, style=style) for cell in cells), _bar(point["level"])]


def _x(x: float, found: Mapping[str, Any]) -> str:
    if found["x"] == "date":
        from cxcurve.workspace.curves import monday

        return f"{monday(x):%d %b %Y}"
    return f"{x:.1f}" if found["x"] == "position" else f"{x:g}"


def _bar(level: float) -> Text:
    size = min(BAR, round(abs(level) / 100 * BAR))
    below, above = ("█" * size, "") if level < 0 else ("", "█" * size)
    return Text.assemble((f"{below:>{BAR}}", "red"), "|", (above, "green"))


def _causes(drop: Mapping[str, Any]) -> str:
    told = [f"{said.words(one['signal'])} {said.signed(one['points'], 1)}" for one in drop["signals"]]
    return ", ".join(told) or "no signal stands out"


def scorecard_view(found: Mapping[str, Any], currency: str) -> Parts:
    """A row for each metric, focus first."""
    yield heading("Scorecard", f"as of {said.day(found['week_end'])}")
    made = table("Metric", "Layer", ">Current", "95 %", ">n", ">Target", "Change", "Lead")
    yield filled(made, (_metric_cells(row, currency) for row in found["rows"]))


def _metric_cells(row: Mapping[str, Any], currency: str) -> list[Any]:
    unit = row["unit"]
    if row["current"] is None and row["reason"]:
        return [
            row["label"],
            row["layer"],
            said.NOTHING,
            why_not(row["reason"]),
            said.number(row["n"]),
            "",
            "",
            clean(row["lead"], 24),
        ]
    target = said.NOTHING if row["target"] is None else said.amount(row["target"], unit, currency)
    met = {True: " met", False: " missed", None: ""}[row["met"]]
    return [row["label"], row["layer"], said.amount(row["current"], unit, currency),
            said.interval(row["low"], row["high"], unit, currency), said.number(row["n"]), f"{target}{met}",
            _change(row, currency), clean(row["lead"], 24)]  # fmt: skip


def _change(row: Mapping[str, Any], currency: str) -> str:
    if row["current"] is None or row["previous"] is None:
        return said.NOTHING
    change = said.difference(row["current"] - row["previous"], row["unit"], currency)
    return f"{change}, {'real' if row['is_real_change'] else 'not to be told from chance'}"


def drift_view(found: Mapping[str, Any], currency: str) -> Parts:
    """A row for each zone."""
    yield heading("Drift Zones", _as_of(found))
    made = table(
        "Zone",
        ">Entered",
        ">Stalled",
        "95 %",
        ">Left",
        ">Deadline",
        "Change",
        ">Drifting now",
        ">Impact a year",
        "Signals early on",
    )
    yield filled(made, (_zone_cells(zone, currency) for zone in found["zones"]))


def _zone_cells(zone: Mapping[str, Any], currency: str) -> list[Any]:
    name = f"{said.words(zone['from'])} to {said.words(zone['to'])}"
    if zone["stall_share"] is None:
        return [name, said.number(zone["n_entered"]), said.NOTHING, why_not(zone["reason"]), "", "", "", "", "", ""]
    change = zone["change"]
    told = said.NOTHING
    if change["effect"] is not None:
        told = f"{said.difference(change['effect'], 'share')}, {said.p_value(change['p'])}"
    return [name, said.number(zone["n_entered"]), said.share(zone["stall_share"]),
            said.interval(zone["low"], zone["high"], "share"), said.share(zone["leak_share"]), said.days(zone["tau_days"]),
            told, said.number(len(zone["drifting_now"])), said.money(zone["impact_revenue"], currency),
            ", ".join(f"{said.words(one['signal'])} {said.odds(one['odds_ratio'])}" for one in zone["signals"][:3])]  # fmt: skip


def ttv_view(found: Mapping[str, Any]) -> Parts:
    """Median, shares by day, and who waits longest."""
    yield heading("Time to Value", _as_of(found))
    if found["median_days"] is not None:
        target = f", target {said.days(found['target_days'])}" if found["target_days"] is not None else ""
        yield Text(
            f"Median {said.days(found['median_days'])} (95 % {said.interval(found['low'], found['high'], 'days')}){target}"
        )
    else:
        yield why_not(found["reason"])
    if not found["n"]:
        return
    yield Text(
        f"{said.plural(found['n'], 'customer')} started: {said.number(found['n_reached'])} reached value, "
        f"{said.number(found['n_exited'])} left before, {said.number(found['n_waiting'])} are waiting."
    )
    yield Text(
        ", ".join(f"{said.share(value)} by day {day}" for day, value in found["reached"].items() if value is not None)
    )
    rows = (
        [clean(one["customer_id"]), clean(one["name"]), said.days(one["days"]), clean(one["owner"])]
        for one in found["waiting"][:MOST_ROWS]
    )
    if found["waiting"]:
        yield filled(table("Waiting", "Name", ">For", "Owner"), rows)
    yield from _more(len(found["waiting"]))


def friction_view(rows: Sequence[Mapping[str, Any]]) -> Parts:
    """Friction of the last 28 days."""
    yield heading("Friction", "signals of the last 28 days, the heaviest load first")
    if not rows:
        yield why_not("no_events")
        return
    yield filled(
        table("Signal", ">Weight (doublings)", ">Events", ">Customers"),
        ([clean(said.words(row["signal"])), f"{row['friction_weight']:.2f}", said.number(row["n_events"]), said.number(row["n_customers"])]
         for row in rows),
    )  # fmt: skip


def customers_view(rows: Sequence[Mapping[str, Any]], currency: str) -> Parts:
    """The lowest first."""
    inside = sum(row["reason"] is None for row in rows)
    yield heading(
        "Customers",
        f"{said.plural(len(rows), 'customer')}, {said.number(inside)} inside the journey; the lowest level first",
    )
    made = table("Customer", "Name", "Stage", "Since", ">Level", ">Friction", ">Momentum", ">A year", "Owner")
    yield filled(made, (_customer_cells(row, currency) for row in rows[:MOST_ROWS]))
    yield from _more(len(rows))


def _customer_cells(row: Mapping[str, Any], currency: str) -> list[Any]:
    about = f"{'~' if row['is_usual_revenue'] else ''}{said.money(row['revenue'], currency)}"
    if row["reason"]:
        return [
            clean(row["customer_id"]),
            clean(row["name"]),
            "outside",
            *[said.NOTHING] * 4,
            about,
            clean(row["owner"], 24),
        ]
    return [clean(row["customer_id"]), clean(row["name"]), clean(row["stage_label"]), said.day(row["stage_since"]),
            said.signed(row["level"]), said.number(row["friction_index"]), said.number(row["momentum_index"]), about,
            clean(row["owner"], 24)]  # fmt: skip


def customer_view(found: Mapping[str, Any]) -> Parts:
    """One customer: where, how, why, and the latest events."""
    yield heading(clean(found["customer"]["name"]), f"{clean(found['customer']['customer_id'])} · {_as_of(found)}")
    yield Text(clean(found["brief"], 400))
    if found["reason"]:
        yield why_not(found["reason"])
    else:
        names = (("level", "Level"), ("friction_index", "Friction"), ("momentum_index", "Momentum"))
        yield filled(table("", ">Now", ">Typical of the stage"),
                     ([label, _index(name, found[name]), _index(name, found["typical"][name])] for name, label in names))  # fmt: skip
    for part in ("friction", "momentum"):
        if found[part]:
            yield filled(
                table(f"{part.capitalize()} comes from", ">Points", ">Events"),
                (_share_cells(row) for row in found[part]),
            )
    if found["stays"]:
        yield filled(
            table("Stay", ">Cycle", "Entered", "Left", ">Days", "Ended by"),
            (_stay_cells(row) for row in found["stays"]),
        )
    if found["timeline"]:
        yield filled(
            table("Latest events", "When", "Source", "Text"), (_event_cells(row) for row in found["timeline"][:12])
        )


def _index(name: str, value: float | None) -> str:
    return said.signed(value) if name == "level" else said.number(value)


def _share_cells(row: Mapping[str, Any]) -> list[str]:
    return [clean(said.words(row["signal"])), said.number(row["points"], 1), said.number(len(row["events"]))]


def _stay_cells(row: Mapping[str, Any]) -> list[str]:
    left = said.day(row["left_at"]) if row["left_at"] else "still there"
    return [
        clean(row["label"]),
        str(row["cycle"]),
        said.day(row["entered_at"]),
        left,
        said.number(row["days"]),
        row["ended_by"] or "",
    ]


def _event_cells(row: Mapping[str, Any]) -> list[str]:
    return [
        clean(said.words(row["name"])),
        said.moment(row["occurred_at"]),
        clean(row["source"]),
        clean(row["text"], 60),
    ]


def signals_view(found: Mapping[str, Any]) -> Parts:
    """The tracking plan with what was seen of it."""
    yield heading("Signals", f"weights: {found['weights']}; in doublings of the odds")
    made = table("Signal", "Stage", ">Friction", ">Momentum", ">Advocacy", ">Half-life", ">Events", "Last seen")
    weights = ("friction_weight", "momentum_weight", "advocacy_weight")
    yield filled(
        made,
        ([clean(said.words(row["signal"])), row["stage"] or "", *(f"{row[name]:.2f}" if row[name] else "" for name in weights),
          said.days(row["half_life_days"]), said.number(row["n_events"]), said.day(row["last_seen_at"])] for row in found["signals"]),
    )  # fmt: skip


def quarantine_view(rows: Sequence[Mapping[str, Any]]) -> Parts:
    """What was refused, where and why."""
    yield heading("Quarantine", said.plural(len(rows), "row or event", "rows and events"))
    if rows:
        cells = (
            [clean(row["source"]), _place(row), row["kind"], clean(row["reason"], 100)] for row in rows[:MOST_ROWS]
        )
        yield filled(table("Source", "Where", "What", "Reason"), cells)
    yield from _more(len(rows))


def demo_view(company: Workspace, folder: Path) -> Parts:
    """What to look at in a demo."""
    with company.snapshot() as known:
        zones = company.drift_of(known).to_json()
    rows = company.customers()
    yield Text()
    yield heading(company.name, f"a simulated company of {said.plural(len(rows), 'customer')}, {_as_of(zones)}")
    worst = max(
        (zone for zone in zones["zones"] if zone["stall_share"] is not None),
        key=lambda zone: zone["stall_share"],
        default=None,
    )
    if worst is not None:
        yield Text(
            f"Worst drift zone: {said.words(worst['from'])} to {said.words(worst['to'])}, {said.share(worst['stall_share'])} "
            f"of {said.plural(worst['n_entered'], 'entrant')} stall ({said.interval(worst['low'], worst['high'], 'share')})."
        )
    low = next((row for row in rows if row["reason"] is None), None)
    if low is not None:
        yield Text(f"Lowest level: {clean(low['name'])} ({clean(low['customer_id'])}) at {said.signed(low['level'])}.")
        yield Text(
            f"Look at: cxcurve -w {folder} show curve | scorecard | drift | customers | customer {clean(low['customer_id'])}"
        )


def _as_of(found: Mapping[str, Any]) -> str:
    return f"as of {said.day(found['as_of'])}"


def _more(n: int) -> Parts:
    if n > MOST_ROWS:
        yield Text(f"… and {said.number(n - MOST_ROWS)} more: all of them with `--csv FILE` or `--json`", style="dim")
