"""Results as tables for people: the interval, how many it rests on, and the reason where there is no number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from rich.text import Text

from cxcurve.charts import format as said
from cxcurve.cli.autopsy import autopsy_view
from cxcurve.cli.reports import where
from cxcurve.cli.tables import MOST_ROWS, Manner, Parts, clean, filled, heading, more, named, table, why_not

MOST_POINTS, BAR = 18, 12
"""Points of a curve that are told, and characters on each side of a bar's zero."""
MOST_NAMED, MOST_MONTHS = 8, 12
"""Customers of a zone that are named, and months of starts that are told."""

MOST_SIGNALS = 10
"""Signals that moved the level, told by name; the others together."""
Found = Mapping[str, Any]


def curve_view(found: Found, manner: Manner) -> Parts:
    """The curve as rows: level with its interval, friction, momentum, and a bar."""
    axis = {"week": "week of the cycle", "position": "journey position", "date": "calendar week"}[found["x"]]
    n = said.plural(found["n_customers"], "customer")
    kinds = {"survivors": "survivors only", "weighted": f"weighted for {said.plural(found['n_exits'], 'exit')}"}
    version = [kinds[found["leavers"]]] if found["x"] == "week" else []
    yield heading("CX Curve", manner.as_of(found["as_of"]), n, f"by {axis}", *version)
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


def moved_view(found: Found, manner: Manner) -> Parts:
    """What moved the level between two days: a row for each part, and sums that add up."""
    between = f"{said.day(found['since'])} to {said.day(found['until'])}"
    yield heading("What moved the level", manner.as_of(found["as_of"]), between)
    if found["reason"]:
        yield why_not(found["reason"])
        return
    sides, mix, rate = (found["before"], found["after"]), found["mix"], found["rate"]
    levels = (f"{said.signed(side['level'], 1)} ({said.plural(side['n'], 'customer')})" for side in sides)
    yield Text(f"Level {' to '.join(levels)}")
    signals = sorted(rate["signals"], key=lambda one: -abs(one["points"]))
    others = sum(one["points"] for one in signals[MOST_SIGNALS:])
    rows = [
        _told("Customers who left", mix["left"], found["n_left"]),
        _told("New customers", mix["new"], found["n_new"]),
        _told("Moves between stages", mix["moved"]),
        _told("Who is there", mix),
        *(_told(f"  {named(one['signal'])}", one) for one in signals[:MOST_SIGNALS]),
        _told("  other signals", {"points": others, "low": None, "high": None}),
        _told("What happened at the same stage", rate, found["n_stayed"]),
        _told("All together", found["change"]),
    ]
    yield filled(table("What", ">Points", "95 %", ">n"), rows)


def _told(label: str, one: Found, n: int | None = None) -> list[str]:
    band = said.interval(one["low"], one["high"], "score")
    return [label, said.signed(one["points"], 1), band, "" if n is None else said.number(n)]


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
    """A row for each zone, who drifts now and is most worth saving, and when the level inside a zone moved."""
    yield heading("Drift Zones", manner.as_of(found["as_of"]))
    heads = ("Zone", ">Entered", ">Stalled", "95 %", ">Left", ">Deadline", "Change", ">Drifting", ">Impact a year")
    yield filled(table(*heads, "Signals early on"), (_zone(zone, manner) for zone in found["zones"]))
    for zone in found["zones"]:
        yield from _people(zone, manner)
        yield from (Text(_moved(zone, one, manner)) for one in zone["change_points"])


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


def _people(zone: Found, manner: Manner) -> Parts:
    """Who drifts now, the most worth saving first; where nothing can be estimated, who is there."""
    start, goal, is_told = named(zone["from"]), named(zone["to"]), zone["reason"] is None
    rows = zone["drifting_now" if is_told else "present_now"]
    heads = [f"Drifting, {start} to {goal}" if is_told else f"In {start} now", "Name", ">Here", ">A year", "Owner"]
    chances = [">Moves on, 28 days", ">Leaves, 28 days", ">Worth saving"] if is_told else []
    if rows:
        cells = ([*_present(one, manner), *(_chances(one, manner) if is_told else ())] for one in rows[:MOST_NAMED])
        yield filled(table(*heads, *chances), cells)
    if len(rows) > MOST_NAMED:
        yield Text(f"… and {said.number(len(rows) - MOST_NAMED)} more: all with `--json`", style="dim")


def _present(one: Found, manner: Manner) -> list[Any]:
    money = f"{'~' if one['is_usual_revenue'] else ''}{manner.money(one['revenue'])}"
    return [clean(one["customer_id"]), clean(one["name"]), said.days(one["days"]), money, clean(one["owner"], 24)]


def _chances(one: Found, manner: Manner) -> list[Any]:
    if one["reason"] is not None:
        return [Text("too few followed so long", style="italic"), "", ""]
    shares = (said.share(one[name]) for name in ("progress_share", "exit_share"))
    return [*shares, manner.money(one["worth_saving_revenue"])]


def _last_day(week_end: str, manner: Manner) -> str:
    return manner.day((datetime.fromisoformat(week_end) - timedelta(seconds=1)).isoformat())


def _moved(zone: Found, one: Found, manner: Manner) -> str:
    levels = " to ".join(said.number(one[name]) for name in ("from_level", "to_level"))
    index = "Friction" if one["index"] == "friction_index" else "Momentum"
    return f"{index} inside {named(zone['from'])}: from {levels} from the week to {_last_day(one['week_end'], manner)}"


def ttv_view(found: Found, manner: Manner) -> Parts:
    """Median, shares by day, the trend by month of the start, cohorts with their test, and who waits longest."""
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
    days = list(found["reached"])
    heads = (">Started", ">Waiting", ">Median", "95 %", *(f">By day {day}" for day in days))
    if found["trend"]:
        yield filled(table("Month", *heads), ([one["month"], *_cohort(one)] for one in found["trend"][-MOST_MONTHS:]))
    if found["cohorts"]:
        rows = ([named(one["by"]), clean(one["value"], 32), *_cohort(one), _compared(one)] for one in found["cohorts"])
        yield filled(table("Segment", "Value", *heads, "Against the others"), rows)
    if found["waiting"]:
        yield filled(table("Waiting", "Name", ">For", "Owner"), map(_waiting, found["waiting"][:MOST_ROWS]))
    yield from more(len(found["waiting"]))


def _cohort(one: Found) -> list[Any]:
    n, band = [said.number(one[name]) for name in ("n", "n_waiting")], said.interval(one["low"], one["high"], "days")
    median = (
        [said.NOTHING, why_not(one["reason"])] if one["median_days"] is None else [said.days(one["median_days"]), band]
    )
    return [*n, *median, *(said.share(value) for value in one["reached"].values())]


def _compared(one: Found) -> Any:
    """The difference of the shares by the target day, the test, and where the curves cross the days."""
    found = one["compared"]
    if found is None:
        return why_not(one["compared_reason"])
    ends = [said.signed(100 * found[name], 1) for name in ("low", "high") if found[name] is not None]
    band = f" ({' to '.join(ends)})" if ends else ""
    told = f"{said.difference(found['effect'], 'share')}{band}, {said.p_value(found['p'])}"
    if not found["is_crossing"]:
        return told
    band = said.interval(found["waits_longer_low"], found["waits_longer_high"], "score")
    longer = said.difference(found["waits_longer_days"], "days")
    return f"{told}; curves cross: {longer} without value in {said.days(found['horizon_days'])} ({band})"


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


def customers_view(rows: Sequence[Found], manner: Manner, state: str | None = None) -> Parts:
    """The lowest first."""
    inside = sum(row["reason"] is None for row in rows)
    told = f"{said.plural(len(rows), 'customer')}, {said.number(inside)} inside the journey"
    yield heading("Customers", *([state] if state else []), told, "the lowest level first")
    made = table("Customer", "Name", "Stage", "Since", ">Level", ">Friction", ">Momentum", "State", ">A year", "Owner")
    yield filled(made, (_customer(row, manner) for row in rows[:MOST_ROWS]))
    yield from more(len(rows))


def _customer(row: Found, manner: Manner) -> list[str]:
    who, owner = [clean(row["customer_id"]), clean(row["name"])], clean(row["owner"], 24)
    money = f"{'~' if row['is_usual_revenue'] else ''}{manner.money(row['revenue'])}"
    state = ", ".join([*([row["pair"]] if row["pair"] else []), *(one["state"] for one in row["states"])])
    if row["reason"]:
        return [*who, "outside", *[said.NOTHING] * 4, state, money, owner]
    place = [clean(row["stage_label"]), manner.day(row["stage_since"])]
    indexes = [said.number(row[name]) for name in ("friction_index", "momentum_index")]
    return [*who, *place, said.signed(row["level"]), *indexes, state, money, owner]


def customer_view(found: Found, manner: Manner) -> Parts:
    """One customer: where, how, why, and the latest events."""
    facts = found["customer"]
    yield heading(clean(facts["name"]), clean(facts["customer_id"]), manner.as_of(found["as_of"]))
    yield from (Text(clean(one["text"], 400)) for one in found["sentences"])
    yield from (Text(f"{one.capitalize()}.") for one in _beside(found, manner))
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
    if found["autopsy"]:
        yield from autopsy_view(found["autopsy"], manner)


def _beside(found: Found, manner: Manner) -> list[str]:
    """The pair and the states, each with its day."""
    told = [(found["pair"], found["pair_since"]), *((one["state"], one["since"]) for one in found["states"])]
    return [f"{name} since {manner.day(since)}" for name, since in told if name]


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
