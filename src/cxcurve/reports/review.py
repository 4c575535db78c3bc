"""The review of a quarter as it is read: trends, what was won and lost, stories, and an agenda."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from cxcurve import charts
from cxcurve.charts import format as fmt
from cxcurve.reports.headline import Headline, headline
from cxcurve.reports.moves import Diff, diff
from cxcurve.reports.sheet import (
    WIDTH,
    Told,
    figures_of,
    moved_said,
    moves_of,
    notes_of,
    slug,
    sum_of,
    zone_of,
)

QUADRANTS = (
    ("flowing", "Flowing", "little friction, good momentum"),
    ("pushing through", "Pushing through", "much friction, good momentum"),
    ("coasting", "Coasting", "little friction, little momentum"),
    ("stuck", "Stuck", "much friction, little momentum"),
)
MOST_POINTS = 3


@dataclass(frozen=True, slots=True)
class Quadrant:
    """Customers of one pair: how many there are, and the stories of those that were drawn."""

    name: str
    meaning: str
    n: str
    stories: tuple[Told, ...]


@dataclass(frozen=True, slots=True)
class Review:
    """A quarter's review; what it has in common with `sheet.Sheet` means the same."""

    title: str
    subtitle: str
    headline: Headline
    figures: tuple[Told, ...]
    trend: str
    trend_said: str
    moved_said: str
    moved: tuple[Told, ...]
    moved_sum: Told | None
    zones: tuple[Told, ...]
    wins: tuple[str, ...]
    losses: tuple[str, ...]
    drawn_said: str
    quadrants: tuple[Quadrant, ...]
    agenda: tuple[Told, ...]
    later: tuple[Told, ...]
    notes: tuple[str, ...]
    name: str


def review(numbers: Mapping[str, Any], told: float | None = None, said: str = "") -> Review:
    """The review from its numbers.

    Args:
        numbers: as `workspace.quarters.quarter_numbers` has them.
        told: the level that the report of the week before the quarter said.
        said: what the period is called.
    """
    currency = numbers["currency"]
    found = None if numbers["moved"] is None else diff(numbers["moved"], told)
    top = headline(numbers["scorecard"], currency)
    return Review(
        title=f"CX Lab, {said}",
        subtitle=f"{numbers['workspace']} · {fmt.plural(numbers['n_customers'], 'customer')} in the journey",
        headline=top,
        figures=figures_of(numbers, found, "in the quarter"),
        trend=_trend(numbers["trend"]).svg,
        trend_said="Means of all customers in the journey at the end of each week, with 95 % bands.",
        moved_said=moved_said(found, "as the quarter began"),
        moved=moves_of(found),
        moved_sum=sum_of(found),
        zones=tuple(zone_of(zone, currency) for zone in numbers["zones"]),
        wins=tuple(_points(numbers, found, is_win=True)) or ("Nothing that is sure.",),
        losses=tuple(_points(numbers, found, is_win=False)) or ("Nothing that is sure.",),
        drawn_said=_drawn_said(numbers),
        quadrants=tuple(_quadrant(numbers, *one) for one in QUADRANTS),
        agenda=tuple(_agenda(numbers, top)),
        later=(),
        notes=tuple(notes_of(numbers)),
        name=f"{slug(numbers['workspace'])}-{numbers['period']}",
    )


def _trend(weeks: Sequence[Mapping[str, Any]]) -> charts.Picture:
    def line(key: str, name: str, tone: charts.Tone) -> charts.Series:
        points = [
            charts.TrendPoint(date.fromisoformat(week["week_end"]), one["value"], one["low"], one["high"], one["n"])
            for week in weeks
            for one in (week[key],)
        ]
        return charts.Series(name, points, tone)

    lines = (
        line("level", "Level", "level"),
        line("friction_index", "Friction", "drag"),
        line("momentum_index", "Momentum", "pull"),
    )
    return charts.trend(lines, unit="score", width=WIDTH, title="Level, friction and momentum by week")


def _points(numbers: Mapping[str, Any], found: Diff | None, *, is_win: bool) -> list[str]:
    """What is sure only: moves, metrics and contributions whose interval or test says so."""
    currency, moves = numbers["currency"], numbers["moves"]
    said = []
    if is_win and moves["n_on"]:
        said.append(f"{fmt.plural(moves['n_on'], 'customer')} moved on to a later stage.")
    if not is_win and moves["n_left"]:
        worth = fmt.money(moves["revenue"], currency)
        known = f"; {worth} a year of the {fmt.number(moves['n_revenue'])} whose revenue is known"
        said.append(f"{fmt.plural(moves['n_left'], 'customer')} left{known if moves['n_revenue'] else ''}.")
    for row in numbers["scorecard"]:
        if row["is_better"] is is_win:
            now = fmt.amount(row["current"], row["unit"], currency)
            change = fmt.difference(row["change"]["value"], row["unit"], currency)
            said.append(f"{row['label']}: {now}, {change} against {row['against']}, by its own test a real change.")
    sure = [move for move in (found.moves if found else ()) if move.is_real and (move.points > 0) is is_win]
    largest = sorted(sure, key=lambda move: -abs(move.points))[:MOST_POINTS]
    return said + [f"{one.label}: {fmt.signed(one.points, 1)} points of the level in the quarter." for one in largest]


def _drawn_said(numbers: Mapping[str, Any]) -> str:
    gone = numbers["n_erased"]
    gone_said = (
        f" {fmt.plural(gone, 'story', 'stories')} taken out: the customers were erased, or withdrew their consent."
    )
    note = gone_said if gone else ""
    return (
        f"Up to five customers of each quadrant, drawn by chance and not chosen: the draw is fixed by the name of the "
        f"quarter, {numbers['period']}, so that it can be repeated.{note}"
    )


def _quadrant(numbers: Mapping[str, Any], pair: str, name: str, meaning: str) -> Quadrant:
    stories = tuple(_story(one) for one in numbers["stories"] if one["pair"] == pair)
    return Quadrant(name, meaning, fmt.plural(numbers["pairs"].get(pair, 0), "customer"), stories)


def _story(one: Mapping[str, Any]) -> Told:
    since = "new in the quarter"
    if one["level_before"] is not None:
        since = f"{fmt.signed(one['level'] - one['level_before'])} in the quarter"
    parts = [
        f"in {one['stage']} for {fmt.days(one['days'])}; {since}; friction {fmt.number(one['friction_index'])}, "
        f"momentum {fmt.number(one['momentum_index'])}"
    ]
    parts += [f"most friction from {fmt.words(one['reason'])}"] if one["reason"] else []
    parts += [", ".join(one["states"])] if one["states"] else []
    label = f"{one['name']} ({one['segment']})" if one["segment"] else str(one["name"])
    said = "; ".join(parts)
    return Told(label, fmt.signed(one["level"]), f"{said[0].upper()}{said[1:]}.")


def _agenda(numbers: Mapping[str, Any], top: Headline) -> list[Told]:
    """An hour: what is known first, then people, then one decision for each target that is missed."""
    zones, missed = numbers["zones"], [row for row in numbers["scorecard"] if row["met"] is False]
    worst = f"{zones[0]['from']} → {zones[0]['to']}" if zones else "the passage with the longest stays"
    owners = list(dict.fromkeys(row["lead"] for row in missed if row["lead"]))
    names = " and ".join([", ".join(owners[:-1]), owners[-1]] if len(owners) > 1 else owners) or "whoever leads each"
    first = top.title if top.action else "nothing, and what that means"
    targets = ", ".join(row["label"] for row in missed[:MOST_POINTS]) or "none is missed"
    return [
        Told("10 min", f"What really changed: {first}."),
        Told("10 min", f"What moved the level, and where it hurts most: {worst}."),
        Told("20 min", "Read the stories aloud, one quadrant at a time: what would this customer say we did?"),
        Told("15 min", f"Targets that are missed ({targets}): one action each, decided by {names}."),
        Told("5 min", "One metric and one segment to work on until the next review; who sponsors it."),
    ]
