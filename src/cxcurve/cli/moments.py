"""Moments of truth, recovery, advocacy and flows as tables for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.text import Text

from cxcurve.charts import format as said
from cxcurve.cli.tables import MOST_ROWS, Manner, Parts, clean, filled, heading, more, named, table, why_not
from cxcurve.workspace.moments import words

Found = Mapping[str, Any]
STEPS = {"sums": "Adding up events", "weeks": "Week by week", "periods": "Reading weeks", "moments": "Comparing"}
MOST_CRITICS, MOST_WORDS = 8, 80
_LIKE = "customers at the same stage, as long there and at the same risk the week before"
_HEADS = ("Then", ">Compared", ">They", ">Others", ">Odds", "95 %")


def moments_view(found: Found, manner: Manner) -> Parts:
    """Each moment with what came after, the clearest first; beside it what moments that mean nothing find."""
    n = said.plural(found["n_customers"], "customer")
    yield heading("Moments of truth", manner.as_of(found["as_of"]), n, found["label"])
    if found["reason"]:
        yield why_not(found["reason"])
        return
    yield Text(f"What came in the 90 days after an event's first time in a cycle, against {_LIKE}, without it.")
    told = [(one, name) for one in found["moments"] for name in ("exit", "progress")]
    rows = [(one, name) for one, name in told if one[name]["odds_ratio"] is not None]
    rows.sort(key=lambda row: (row[0][row[1]]["p"], row[0]["moment"]))
    shown = (_moment(one, name) for one, name in rows[:MOST_ROWS])
    yield filled(table("Moment", *_HEADS, ">p (Holm)", ""), shown)
    yield from more(len(rows))
    if len(rows) < len(told):
        yield Text(f"{len(told) - len(rows)} more comparisons: too few to say.", style="dim")
    yield Text(_false_alarms(found["false_alarms"]))


def _moment(one: Found, name: str) -> list[str]:
    effect = one[name]
    return [
        named(one["moment"]),
        *_effect(name, effect),
        _p_value(effect["p_holm"]),
        "clear" if effect["is_clear"] else "",
    ]


def _p_value(p: float) -> str:
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def _effect(outcome: str, effect: Found) -> list[str]:
    """What they did, of how many, how many of those like them, and the odds ratio."""
    start = [words(outcome), said.number(effect["n_matched"])]
    if effect["odds_ratio"] is None:
        return [*start, said.NOTHING, said.NOTHING, said.NOTHING, said.reason(effect["reason"])]
    shares = said.share(effect["share"]), said.share(effect["expected_share"])
    return [*start, *shares, f"x {effect['odds_ratio']:.2f}", f"{effect['low']:.2f} to {effect['high']:.2f}"]


def _false_alarms(found: Found) -> str:
    if not found["n"]:
        return "Too few customers to compare moments drawn at random."
    plain, holm = found["plain"], found["holm"]
    between = said.interval(plain["low"], plain["high"], "share")
    return (
        f"False alarms: of {found['n']} comparisons with moments drawn at random, which mean nothing, "
        f"{said.share(plain['share'], 1)} ({between}) were flagged at p < 0.05, where 5 % should be; "
        f"{said.share(holm['share'], 1)} by Holm."
    )


def recovery_view(found: Found, manner: Manner) -> Parts:
    """What came after issues handled well and badly."""
    issues = said.plural(found["n_issues"], "issue")
    yield heading(
        "Recovery", manner.as_of(found["as_of"]), issues, f"{said.number(found['n_well'])} handled well", found["label"]
    )
    if found["reason"]:
        yield why_not(found["reason"])
        return
    yield Text("Well: ended within the target, not back within 7 days, no negative score. Badly: all others.")
    yield Text(f"What came in the 90 days after, against {_LIKE}, without an issue.")
    yield filled(
        table("Handled", *_HEADS), ([row["handled"], *_effect(row["outcome"], row)] for row in found["effects"])
    )


def advocacy_view(found: Found, manner: Manner) -> Parts:
    """Who is ready, how many act, whether ready means anything, what was done, and who speaks against us."""
    n = f"{said.number(found['n_ready'])} ready of {said.number(found['n_reached_value'])} after first value"
    yield heading(
        "Advocacy", manner.as_of(found["as_of"]), n, f"{said.plural(found['n_critics'], 'critic')} in 90 days"
    )
    if found["reason"]:
        yield why_not(found["reason"])
    else:
        yield Text(_rate(found["rate"], manner))
        yield Text(_check(found["check"]))
        yield Text("Ready does not yet leave out who was asked in the last 90 days: no ask is kept.", style="dim")
    yield filled(
        table("Action, last 90 days", ">Events", ">Customers", ">Against the quarter before"),
        map(_action, found["actions"]),
    )
    yield from _list(
        "Ready",
        ("Customer", "Name", "Owner", "Stage", "Last action"),
        found["ready"],
        MOST_ROWS,
        lambda row: _ready(row, manner),
    )
    yield from more(len(found["ready"]))
    yield from _list(
        "Critics",
        ("Customer", "Owner", "What", "Day", ">Score", "Words"),
        found["critics"],
        MOST_CRITICS,
        lambda row: _critic(row, manner),
    )


def _rate(rate: Found, manner: Manner) -> str:
    if rate["share"] is None:
        return "Advocacy rate: nobody was ready long enough ago to say."
    thin = " (thin)" if rate["is_thin"] else ""
    between = said.interval(rate["low"], rate["high"], "share")
    return (
        f"Advocacy rate: of {said.plural(rate['n'], 'customer')} ready on {manner.day(rate['from'])}, "
        f"{said.share(rate['share'])} ({between}) have spoken for us in the 90 days since{thin}."
    )


def _check(check: Found) -> str:
    if check["odds_ratio"] is None:
        return "Whether who is ready speaks for us more often: too few to say yet."
    shares = f"{said.share(check['share_ready'])} of ready weeks, {said.share(check['share_not_ready'])} of others"
    return (
        f"Does who is ready speak for us more often? An action followed within 90 days: {shares} at the same stage, "
        f"after first value; odds x {check['odds_ratio']:.2f} ({check['low']:.2f} to {check['high']:.2f})."
    )


def _list(what: str, heads: Sequence[str], rows: Sequence[Found], most: int, cells: Any) -> Iterable[Any]:
    if rows:
        yield Text(what, style="bold")
        yield filled(table(*heads), map(cells, rows[:most]))


def _action(row: Found) -> list[str]:
    change = row["change"]
    told = (
        "too few"
        if change["ratio"] is None
        else f"x {change['ratio']:.2f} ({change['low']:.2f} to {change['high']:.2f})"
    )
    return [named(row["signal"]), said.number(row["n_events"]), said.number(row["n_customers"]), told]


def _ready(row: Found, manner: Manner) -> list[str]:
    return [
        *(clean(row[name]) for name in ("customer_id", "name", "owner")),
        named(row["stage"]),
        manner.day(row["last_action_at"]),
    ]


def _critic(row: Found, manner: Manner) -> list[str]:
    who = [clean(row[name]) for name in ("customer_id", "owner")]
    return [
        *who,
        named(row["signal"]),
        manner.day(row["at"]),
        said.number(row["value"]),
        clean(row["text"], MOST_WORDS),
    ]


def flows_view(found: Found, manner: Manner) -> Parts:
    """How many go from step to step, how fast, and what those do first who stop."""
    began = f"began in the last {said.days(found['window_days'])}, goes on within {said.days(found['horizon_days'])}"
    yield heading("Flow", manner.as_of(found["as_of"]), began)
    if found["reason"]:
        yield why_not(found["reason"])
        return
    heads = (">Reached", ">Left", ">There now", ">Goes on", "95 %", ">Half need")
    yield filled(table("Step", *heads), map(_flow_step, found["steps"]))
    for one in found["after"]:
        first = ", ".join(f"{named(row['event'] or 'nothing')} {said.share(row['share'])}" for row in one["next"][:3])
        if one["n_stopped"]:
            yield Text(f"Of {said.number(one['n_stopped'])} who stopped at {named(one['step'])} the next was: {first}.")


def _flow_step(row: Found) -> list[str]:
    counts = [said.number(row[name]) for name in ("n", "n_left", "n_waiting")]
    band = said.interval(row["goes_on_low"], row["goes_on_high"], "share")
    return [named(row["step"]), *counts, said.share(row["goes_on"]), band, said.days(row["median_days"])]
