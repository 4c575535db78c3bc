"""Results as tables for people: the interval, how many it rests on, and the reason where there is no number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.text import Text

from cxcurve.charts import format as said
from cxcurve.cli.reports import where
from cxcurve.cli.tables import MOST_ROWS, Manner, Parts, clean, filled, heading, more, named, table, why_not

MOST_POINTS, BAR = 18, 12
"""Points of a curve that are told, and characters on each side of a bar's zero."""

Found = Mapping[str, Any]


def curve_view(found: Found, manner: Manner) -> Parts:
    """The curve as rows: level with its interval, friction, momentum, and a bar."""
    axis = {"week": "week of the cycle", "position": "journey position", "date": "calendar week"}[found["x"]]
    n = said.plural(found["n_customers"], "customer")
    yield heading("CX Curve", manner.as_of(found["as_of"]), n, f"by {axis}")
    if not found["points"]:
        yield why_not(found["reason"])
        return
    heads = (f">{axis.split()[0].capitalize()}", "Stage", ">Level", "95 %", ">Friction", ">Momentum", ">n", "Level")
    yield filled(table(*heads), (_point(point, found) for point in _spread(found["points"])))
    for one in found["annotations"]:
        yield Text(
            _drop(one, found) if one["kind"] == "drop" else f"{manner.day(one['at'])}: {clean(one['text'], 120)}"
        )


def _spread(points: Sequence[Found]) -> list[Found]:
    """At most so many points, evenly spread, the first and the last among them."""
    if len(points) <= MOST_POINTS:
        return list(points)
    return [points[round(i * (len(points) - 1) / (MOST_POINTS - 1))] for i in range(MOST_POINTS)]


def _point(point: Found, found: Found) -> list[Text]:
    stage = next((s["stage"] for s in found["stages"] if s["from"] <= point["x"] < s["to"]), "")
    band = said.interval(point["low"], point["high"]) or "too few"
    indexes = [said.number(point[name]) for name in ("friction_index", "momentum_index", "n")]
    cells = [_place(point["x"], found), named(stage), said.signed(point["level"]), band, *indexes]
    style = "dim" if point["is_thin"] else ""
    return [*(Text(cell, style=style) for cell in cells), _bar(point["level"])]


def _place(x: float, found: Found) -> str:
    if found["x"] == "date":
        from cxcurve.workspace.curves import monday

        return said.day(monday(x))
    return f"{x:.1f}" if found["x"] == "position" else f"{x:g}"


def _bar(level: float) -> Text:
    size = min(BAR, round(abs(level) / 100 * BAR))
    below, above = ("█" * size, "") if level < 0 else ("", "█" * size)
    return Text.assemble((f"{below:>{BAR}}", "red"), "│", (above, "green"))


def _drop(drop: Found, found: Found) -> str:
    told = [f"{said.words(one['signal'])} {said.signed(one['points'], 1)}" for one in drop["signals"]]
    between = f"{_place(drop['from'], found)} to {_place(drop['to'], found)}"
    return f"Drop of {said.number(-drop['change'], 1)} from {between}: {', '.join(told) or 'no signal stands out'}"


def scorecard_view(found: Found, manner: Manner) -> Parts:
    """A row for each metric, focus first."""
    yield heading("Scorecard", manner.as_of(found["week_end"]))
    made = table("Metric", "Layer", ">Current", "95 %", ">n", ">Target", "Change", "Lead")
    yield filled(made, (_metric(row, manner.currency) for row in found["rows"]))
    for row in found["rows"]:
        if row["note"]:
            yield Text(f"{row['label']}: {row['note']}")


def _metric(row: Found, currency: str) -> list[Any]:
    unit, value = row["unit"], said.amount(row["current"], row["unit"], currency)
    band: Any = said.interval(row["low"], row["high"], unit, currency)
    if row["current"] is None:
        band = why_not(row["reason"])
    met = {True: " met", False: " missed", None: ""}[row["met"]]
    target = f"{said.amount(row['target'], unit, currency)}{met}"
    n = f"{said.number(row['n'])}{' thin' if row['is_thin'] else ''}"
    lead, change = clean(row["lead"], 24), _change(row, currency)
    return [row["label"], row["layer"], value, band, n, target, change, lead]


def _change(row: Found, currency: str) -> str:
    if row["current"] is None or row["previous"] is None:
        return said.NOTHING
    change = said.difference(row["current"] - row["previous"], row["unit"], currency)
    sure = {True: "real", False: "may be chance", None: "not to be told"}[row["is_real_change"]]
    return f"{change}, {sure}"


def drift_view(found: Found, manner: Manner) -> Parts:
    """A row for each zone."""
    yield heading("Drift Zones", manner.as_of(found["as_of"]))
    heads = ("Zone", ">Entered", ">Stalled", "95 %", ">Left", ">Deadline", "Change", ">Drifting", ">Impact a year")
    yield filled(table(*heads, "Signals early on"), (_zone(zone, manner) for zone in found["zones"]))


def _zone(zone: Found, manner: Manner) -> list[Any]:
    name, n = f"{named(zone['from'])} to {named(zone['to'])}", said.number(zone["n_entered"])
    if zone["stall_share"] is None:
        return [name, n, said.NOTHING, why_not(zone["reason"]), *[""] * 6]
    change, told = zone["change"], said.NOTHING
    if change["effect"] is not None:
        told = f"{said.difference(change['effect'], 'share')}, {said.p_value(change['p'])}"
    shares = [said.share(zone["stall_share"]), said.interval(zone["low"], zone["high"], "share")]
    early = ", ".join(f"{named(one['signal'])} {said.odds(one['odds_ratio'])}" for one in zone["signals"][:3])
    drifting, impact = said.number(len(zone["drifting_now"])), manner.money(zone["impact_revenue"])
    leak, deadline = said.share(zone["leak_share"]), said.days(zone["tau_days"])
    return [name, n, *shares, leak, deadline, told, drifting, impact, early]


def ttv_view(found: Found, manner: Manner) -> Parts:
    """Median, shares by day, and who waits longest."""
    yield heading("Time to Value", manner.as_of(found["as_of"]))
    if found["median_days"] is None:
        yield why_not(found["reason"])
    else:
        band = said.interval(found["low"], found["high"], "days")
        target = "" if found["target_days"] is None else f", target {said.days(found['target_days'])}"
        yield Text(f"Median {said.days(found['median_days'])} (95 % {band}){target}")
    if not found["n"]:
        return
    reached, exited, waiting = (said.number(found[name]) for name in ("n_reached", "n_exited", "n_waiting"))
    started = said.plural(found["n"], "customer")
    yield Text(f"{started} started: {reached} reached value, {exited} left before, {waiting} are waiting.")
    shares = [f"{said.share(value)} by day {day}" for day, value in found["reached"].items() if value is not None]
    yield Text(", ".join(shares))
    if found["waiting"]:
        yield filled(table("Waiting", "Name", ">For", "Owner"), map(_waiting, found["waiting"][:MOST_ROWS]))
    yield from more(len(found["waiting"]))


def _waiting(one: Found) -> list[str]:
    return [clean(one["customer_id"]), clean(one["name"]), said.days(one["days"]), clean(one["owner"])]


def friction_view(rows: Sequence[Found]) -> Parts:
    """Friction of the last 28 days."""
    yield heading("Friction", "signals of the last 28 days, the heaviest load first")
    if rows:
        yield filled(table("Signal", ">Weight (doublings)", ">Events", ">Customers"), map(_friction, rows))
    else:
        yield why_not("no_events")


def _friction(row: Found) -> list[str]:
    counts = (said.number(row[name]) for name in ("n_events", "n_customers"))
    return [named(row["signal"]), f"{row['friction_weight']:.2f}", *counts]


def customers_view(rows: Sequence[Found], manner: Manner) -> Parts:
    """The lowest first."""
    inside = sum(row["reason"] is None for row in rows)
    told = f"{said.plural(len(rows), 'customer')}, {said.number(inside)} inside the journey"
    yield heading("Customers", told, "the lowest level first")
    made = table("Customer", "Name", "Stage", "Since", ">Level", ">Friction", ">Momentum", ">A year", "Owner")
    yield filled(made, (_customer(row, manner) for row in rows[:MOST_ROWS]))
    yield from more(len(rows))


def _customer(row: Found, manner: Manner) -> list[str]:
    who, owner = [clean(row["customer_id"]), clean(row["name"])], clean(row["owner"], 24)
    money = f"{'~' if row['is_usual_revenue'] else ''}{manner.money(row['revenue'])}"
    if row["reason"]:
        return [*who, "outside", *[said.NOTHING] * 4, money, owner]
    place = [clean(row["stage_label"]), manner.day(row["stage_since"])]
    indexes = [said.number(row[name]) for name in ("friction_index", "momentum_index")]
    return [*who, *place, said.signed(row["level"]), *indexes, money, owner]


def customer_view(found: Found, manner: Manner) -> Parts:
    """One customer: where, how, why, and the latest events."""
    facts = found["customer"]
    yield heading(clean(facts["name"]), clean(facts["customer_id"]), manner.as_of(found["as_of"]))
    yield Text(clean(found["brief"], 400))
    if found["reason"]:
        yield why_not(found["reason"])
    else:
        yield filled(table("Index", ">Now", ">Typical of the stage"), (_index(name, found) for name in _INDEXES))
    for part in ("friction", "momentum"):
        if found[part]:
            yield filled(table(f"{part.capitalize()} comes from", ">Points", ">Events"), map(_share, found[part]))
    if found["stays"]:
        yield filled(
            table("Stay", ">Cycle", "Entered", "Left", ">Days", "Ended by"),
            (_stay(row, manner) for row in found["stays"]),
        )
    if found["timeline"]:
        yield filled(
            table("Latest events", "When", "Source", "Text"), (_event(row, manner) for row in found["timeline"][:12])
        )


_INDEXES = {"level": "Level", "friction_index": "Friction", "momentum_index": "Momentum"}


def _index(name: str, found: Found) -> list[str]:
    say = said.signed if name == "level" else said.number
    return [_INDEXES[name], say(found[name]), say(found["typical"][name])]


def _share(row: Found) -> list[str]:
    return [named(row["signal"]), said.number(row["points"], 1), said.number(len(row["events"]))]


def _stay(row: Found, manner: Manner) -> list[str]:
    left = manner.day(row["left_at"]) if row["left_at"] else "still there"
    days, ended = said.number(row["days"]), row["ended_by"] or ""
    return [clean(row["label"]), str(row["cycle"]), manner.day(row["entered_at"]), left, days, ended]


def _event(row: Found, manner: Manner) -> list[str]:
    return [named(row["name"]), manner.moment(row["occurred_at"]), clean(row["source"]), clean(row["text"], 60)]


def signals_view(found: Found, manner: Manner) -> Parts:
    """The tracking plan with what was seen of it."""
    yield heading("Signals", f"weights: {found['weights']}; in doublings of the odds")
    made = table("Signal", "Stage", ">Friction", ">Momentum", ">Advocacy", ">Half-life", ">Events", "Last seen")
    yield filled(made, (_signal(row, manner) for row in found["signals"]))


def _signal(row: Found, manner: Manner) -> list[str]:
    weights = [row[name] for name in ("friction_weight", "momentum_weight", "advocacy_weight")]
    told = (f"{weight:.2f}" if weight else "" for weight in weights)
    seen = (said.days(row["half_life_days"]), said.number(row["n_events"]), manner.day(row["last_seen_at"]))
    return [named(row["signal"]), named(row["stage"]), *told, *seen]


def quarantine_view(rows: Sequence[Found]) -> Parts:
    """What was refused, where and why."""
    yield heading("Quarantine", said.plural(len(rows), "row or event", "rows and events"))
    if rows:
        cells = ([clean(row["source"]), where(row), row["kind"], clean(row["reason"], 100)] for row in rows[:MOST_ROWS])
        yield filled(table("Source", "Where", "What", "Reason"), cells)
    yield from more(len(rows))
