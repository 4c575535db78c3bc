"""A report as it is read: every text and picture, in order; HTML and PDF only put them in place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Literal

from cxcurve import charts
from cxcurve.charts import format as fmt
from cxcurve.reports.headline import Headline, headline
from cxcurve.reports.moves import Diff, diff, in_tenths

LAYERS = (
    ("relationship", "Relationship"), ("journey", "Journey"), ("touchpoint", "Touchpoint"), ("leading", "Leading"),
)  # fmt: skip
USUAL = ("friction_index", "momentum_index", "drift_impact", "churn")
FEW = "Of some customers only: what is told of fewer than 10 of them is left out."
MOST_FIGURES, MOST_LATER = 4, 6
WIDTH = 940.0


Part = Literal["scorecard", "curve"]


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the scorecard in words; `tone` colours its verdict only."""

    label: str
    value: str
    interval: str
    target: str
    change: str
    verdict: str
    tone: str
    owner: str
    spark: str
    is_missing: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """A thing said: its name, its number, what stands beside, and how it is to be seen."""

    label: str
    value: str
    note: str = ""
    tone: str = ""
    share: float = 0.0


@dataclass(frozen=True, slots=True)
class Sheet:
    """A report of a week.

    Attributes:
        title, subtitle: what it is, of whom.
        headline: the one number that really changed.
        figures: the level and the metrics in focus.
        curve: SVG.
        curve_said: what the curve is of, in a sentence.
        layers: name and rows of each layer of the scorecard.
        moved_said, moved, moved_sum: what moved the level: a sentence, the parts, and their sum.
        zones: the drift zones.
        later: what came to be known since this report was first made.
        notes: what the numbers could not know, and how to read them.
        name: for files.
        part: "scorecard" or "curve" where only that is told; "": both.
    """

    title: str
    subtitle: str
    headline: Headline
    figures: tuple[Told, ...]
    curve: str
    curve_said: str
    layers: tuple[tuple[str, tuple[Line, ...]], ...]
    moved_said: str
    moved: tuple[Told, ...]
    moved_sum: Told | None
    zones: tuple[Told, ...]
    later: tuple[Told, ...]
    notes: tuple[str, ...]
    name: str
    part: str = ""

    def only(self, part: Part) -> Sheet:
        """The scorecard alone, or the curve with what moved it and its drift zones."""
        return replace(self, part=part, name=f"{self.name}-{part}")


def sheet(numbers: Mapping[str, Any], told: float | None = None, later: Mapping[str, Any] | None = None) -> Sheet:
    """The report of a week from its numbers.

    Args:
        numbers: as `workspace.reports.week_numbers` has them.
        told: the level that the report of the week it is compared with said.
        later: the numbers of a later edition, which stand beside.
    """
    currency = numbers["currency"]
    found = None if numbers["moved"] is None else diff(numbers["moved"], told)
    return Sheet(
        title=f"Customer experience, {_said(numbers)}",
        subtitle=f"{whose(numbers)} · {fmt.plural(numbers['n_customers'], 'customer')} in the journey",
        headline=headline(numbers["scorecard"], currency),
        figures=figures_of(numbers, found, "in four weeks"),
        curve=curve_picture(numbers).svg,
        curve_said=_curve_said(numbers["curve"]),
        layers=_layers(numbers["scorecard"], currency),
        moved_said=moved_said(found, "four weeks before"),
        moved=moves_of(found),
        moved_sum=sum_of(found),
        zones=tuple(zone_of(zone, currency) for zone in numbers["zones"]),
        later=_later(numbers, later),
        notes=tuple(notes_of(numbers)),
        name="-".join([slug(numbers["workspace"]), numbers["period"], *map(slug, _segment(numbers))]),
    )


def curve_picture(numbers: Mapping[str, Any], width: float = WIDTH) -> charts.Picture:
    """The curve as it was."""
    curve = numbers["curve"]
    return charts.curve(
        [charts.CurvePoint(**one) for one in curve["points"]],
        [charts.StageBand(**one) for one in curve["stages"]],
        [charts.Zone(**one) for one in curve["zones"]],
        [charts.Drop(**{**one, "signals": tuple(map(tuple, one["signals"]))}) for one in curve["drops"]],
        x=curve["x"],
        width=width,
        currency=numbers["currency"],
        version=curve["version"],
    )


def whose(numbers: Mapping[str, Any]) -> str:
    """The company, and which of its customers, as in "Acme, plan Pro"."""
    return ", ".join([numbers["workspace"], *_segment(numbers)])


def _segment(numbers: Mapping[str, Any]) -> list[str]:
    return [f"{fmt.words(key)} {value}" for key, value in sorted(numbers.get("segment", {}).items())]


def slug(name: str) -> str:
    """A name for files."""
    kept = "".join(one if one.isascii() and one.isalnum() else "-" for one in name.lower())
    return "-".join(part for part in kept.split("-") if part) or "report"


def _said(numbers: Mapping[str, Any]) -> str:
    return f"week to {fmt.day(numbers['last'])}"


def figures_of(numbers: Mapping[str, Any], found: Diff | None, lately: str) -> tuple[Told, ...]:
    """The level, and the metrics in focus; `lately` is the time of the level's change."""
    rows, currency = {row["metric"]: row for row in numbers["scorecard"]}, numbers["currency"]
    chosen = [name for name in rows if name in USUAL and rows[name]["current"] is not None]
    first = [name for name in rows if rows[name]["current"] is not None][:2]
    names = list(dict.fromkeys([*first, *chosen]))[: MOST_FIGURES - 1]
    return (*_level(numbers, found, lately), *(_figure(rows[name], currency) for name in names))


def _level(numbers: Mapping[str, Any], found: Diff | None, lately: str) -> list[Told]:
    if found is None or numbers["moved"] is None:
        return []
    after = numbers["moved"]["after"]
    change = f"{fmt.signed(found.change, 1)} {lately}, {'a real change' if found.is_real else 'not sure'}"
    band = fmt.interval(after["low"], after["high"], "score")
    tone = ("good" if found.change > 0 else "bad") if found.is_real else ""
    return [Told("Level (momentum less friction)", fmt.signed(after["level"], 1), f"{band} · {change}", tone)]


def _figure(row: Mapping[str, Any], currency: str) -> Told:
    band = fmt.interval(row["low"], row["high"], row["unit"], currency)
    target = "" if row["target"] is None else f"target {fmt.amount(row['target'], row['unit'], currency)}"
    note = " · ".join(part for part in (band, target) if part)
    return Told(row["label"], fmt.amount(row["current"], row["unit"], currency), note, _tone(row))


def _tone(row: Mapping[str, Any]) -> str:
    """Colour only what is sure: a real change, or a missed target."""
    if row["is_better"] is not None:
        return "good" if row["is_better"] else "bad"
    return "warn" if row["met"] is False else ""


def _curve_said(curve: Mapping[str, Any]) -> str:
    if not curve["points"]:
        return fmt.reason(curve["reason"]) or "No customer has a curve yet."
    whose = f" of {fmt.plural(curve['n_customers'], 'customer')}" if curve["n_customers"] else ""
    version = f", {curve['version']}" if curve["version"] else ""
    band = "the band holds the whole true curve in 95 of 100 cases"
    return f"Mean level{whose} by week since each began{version}; {band}."


def _layers(rows: Sequence[Mapping[str, Any]], currency: str) -> tuple[tuple[str, tuple[Line, ...]], ...]:
    grouped = ((name, tuple(_line(row, currency) for row in rows if row["layer"] == key)) for key, name in LAYERS)
    return tuple((name, lines) for name, lines in grouped if lines)


def _line(row: Mapping[str, Any], currency: str) -> Line:
    unit, owner = row["unit"], row["lead"]
    target = "" if row["target"] is None else fmt.amount(row["target"], unit, currency)
    if row["current"] is None:
        return Line(row["label"], fmt.reason(row["reason"]), "", target, "", "", "", owner, "", is_missing=True)
    change, verdict = "", ""
    if row["previous"] is not None:
        change = fmt.difference(row["current"] - row["previous"], unit, currency)
        verdict = "real change" if row["is_real_change"] else "not sure"
    thin = f"thin, n = {row['n']}" if row["is_thin"] else ""
    band = fmt.interval(row["low"], row["high"], unit, currency)
    tone = "" if row["is_better"] is None else "good" if row["is_better"] else "bad"
    target = f"{target}{'' if row['met'] is None else ' ✓' if row['met'] else ' ✗'}"
    return Line(
        row["label"], fmt.amount(row["current"], unit, currency), " · ".join(filter(None, (band, thin))), target,
        change, verdict, tone, owner, _spark(row, tone),
    )  # fmt: skip


def _spark(row: Mapping[str, Any], tone: str) -> str:
    if sum(value is not None for value in row["series"]) < 2:
        return ""
    least = {"share": 0.1, "score": 1.0}.get(row["unit"], 10.0)
    return charts.sparkline(row["series"], title=f"{row['label']}, by week", tone=tone, least_range=least).svg  # type: ignore[arg-type]


def moved_said(found: Diff | None, then: str) -> str:
    """From where to where the level went; `then` is what the first week is called."""
    if found is None:
        return "What moved the level can be told when there are two weeks with enough customers."
    whence = "as its report said" if found.is_told else then
    return (
        f"From {fmt.signed(found.before, 1)} at the end of {fmt.day(_eve(found.since))} ({whence}) to "
        f"{fmt.signed(found.after, 1)}. The parts add up to all of it."
    )


def moves_of(found: Diff | None) -> tuple[Told, ...]:
    """What moved the level, in tenths that add up; coloured where it is sure."""
    if found is None:
        return ()
    shown = in_tenths([move.points for move in found.moves], found.after - found.before)
    most = max((abs(one) for one in shown), default=0.0) or 1.0
    return tuple(
        Told(
            move.label if move.n is None else f"{move.label} ({fmt.number(move.n)})",
            fmt.signed(points, 1),
            _band(move.low, move.high),
            ("good" if points > 0 else "bad") if move.is_real and points else "",
            points / most,
        )
        for move, points in zip(found.moves, shown, strict=True)
    )


def sum_of(found: Diff | None) -> Told | None:
    """What the moves add up to."""
    if found is None:
        return None
    band = _band(found.low, found.high)
    return Told("All together", fmt.signed(found.change, 1), band, "real change" if found.is_real else "not sure")


def _band(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"{fmt.signed(low, 1)} to {fmt.signed(high, 1)}"


def zone_of(zone: Mapping[str, Any], currency: str) -> Told:
    """A drift zone in a line."""
    stall, impact = zone["stall"], zone["impact"]
    worth = "" if not impact["value"] else f", {fmt.money(impact['value'], currency)} a year at stake"
    n = zone["n_drifting"]
    drifting = "few drifting now" if n is None else f"{fmt.plural(n, 'customer')} drifting now{worth}"
    band = fmt.interval(stall["low"], stall["high"], "share")
    return Told(f"{zone['from']} → {zone['to']}", fmt.share(stall["value"]), f"{band} · {drifting}")


def _later(numbers: Mapping[str, Any], later: Mapping[str, Any] | None) -> tuple[Told, ...]:
    """What of the scorecard reads otherwise now, beside what it said then."""
    if later is None:
        return ()
    now, currency = {row["metric"]: row for row in later["scorecard"]}, numbers["currency"]
    found = []
    for row in numbers["scorecard"]:
        other = now.get(row["metric"])
        texts = [fmt.amount(one["current"], row["unit"], currency) for one in (row, other) if one is not None]
        if len(texts) == 2 and texts[0] != texts[1]:
            found.append(Told(row["label"], f"{texts[0]} → {texts[1]}"))
    rest = len(found) - MOST_LATER
    return (*found[:MOST_LATER], *([Told(f"and {fmt.plural(rest, 'other')}", "")] if rest > 0 else []))


def notes_of(numbers: Mapping[str, Any]) -> list[str]:
    """What the numbers could not know, and how to read them."""
    weights = numbers["weights"]
    whose = "expert judgement"
    if weights is not None and weights["kind"] != "expert":
        whose = f"version {weights['version']}, {weights['kind']} from your own customers"
    silent = fmt.silent_said([(name, gap, usual) for name, gap, usual in numbers["silent"]])
    return [
        f"As known on {fmt.moment(numbers['as_of'])} UTC; kept as it is, what comes later stands beside. "
        f"Weights: {whose}.",
        "Ranges hold the true value in 95 of 100 cases. A real change passes its own test; the headline also holds "
        "among all numbers looked at.",
        *([silent] if silent else []),
        *([FEW] if numbers.get("segment") else []),
    ]  # fmt: skip


def _eve(day_after: str) -> date:
    return date.fromisoformat(day_after) - timedelta(days=1)
