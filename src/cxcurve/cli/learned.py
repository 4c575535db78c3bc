"""What was learned, and how right it is, as tables for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.text import Text

from cxcurve.charts import format as said
from cxcurve.cli.tables import Manner, Parts, clean, filled, heading, table, why_not

if TYPE_CHECKING:
    from cxcurve.truth.claims import Chapter, Claim

Found = Mapping[str, Any]
MOST_MOVED = 12
_KINDS = {
    "expert": "expert weights: too few to learn from",
    "blended": "blended: the experts' weights, moved by what happened",
    "learned": "learned from what happened",
}


def calibration_view(found: Found, manner: Manner, *, is_whole: bool) -> Parts:
    """What both indexes rest on, and the weights: all, or those that moved most."""
    n = said.plural(found["n_customers"], "customer")
    yield heading("Calibration", manner.as_of(found["as_of"]), n, f"{said.number(found['n_periods'])} customer-weeks")
    for index, what in (("friction", "left"), ("momentum", "moved on")):
        one = found[index]
        gamma = (
            ""
            if one["gamma_low"] is None
            else f", gamma {one['gamma']:.2f} ({one['gamma_low']:.2f} to {one['gamma_high']:.2f})"
        )
        yield Text(f"{index.capitalize()}: {_KINDS[one['weights']]} ({said.number(one['n_events'])} {what}{gamma})")
    yield Text(_half_lives(found))
    rows = found["signals"]
    shown = rows if is_whole else sorted(rows, key=lambda row: -abs(row["weight"] - row["in_force"]))[:MOST_MOVED]
    made = table("Signal", "Index", ">Expert", ">In force", ">Learned", "95 %", "")
    yield filled(made, map(_weight, shown))
    if not is_whole:
        yield Text("Weights are doublings of the 28-day odds. All of them: --compare", style="dim")
    if found["version"] is None:
        yield Text("Nothing was changed. `cxcurve calibrate --apply` keeps these weights and scores by them.")
    else:
        yield Text(
            f"Kept as version {found['version']}; weeks from {manner.as_of(found['as_of'])} on are scored by it."
        )


def _half_lives(found: Found) -> str:
    factor, tried = found["half_life_factor"], found["half_lives_tried"]
    if not tried:
        return "Half-lives: the plan's; too few left to try others."
    others = ", ".join(
        f"{one['factor']:g} times {'surely better' if one['low'] > 0 else 'not better'}" for one in tried
    )
    chosen = "the plan's" if factor == 1 else f"{factor:g} times the plan's"
    return f"Half-lives: {chosen} (tried forward in time: {others})."


def _weight(row: Found) -> list[str]:
    note = "its own data say the contrary" if row["is_against"] else "never seen" if row["is_unseen"] else ""
    numbers = [f"{row[name]:.2f}" for name in ("expert", "in_force", "weight")]
    return [clean(said.words(row["signal"])), row["index"], *numbers, f"{row['low']:.2f} to {row['high']:.2f}", note]


def backtest_view(found: Found, manner: Manner) -> Parts:
    """For each index the sentences, its meaning band by band, and the measures of both."""
    n, pull = said.plural(found["n_customers"], "customer"), found["momentum"]
    yield heading("How right are the scores?", manner.as_of(found["as_of"]), n, f"{said.number(found['n_exits'])} left")
    yield from _bands(found, "Friction index", "n_exits", "Left")
    yield heading("And Momentum?", f"moved on {said.plural(pull['n_moves'], 'time')}")
    yield from _bands(pull, "Momentum", "n_moves", "Moved on")
    measures = [
        ("AUC within stage", "auc_within_stage"),
        ("Calibration slope", "slope"),
        ("Observed / expected", "observed_expected"),
        ("Brier skill", "brier_skill"),
        ("AUC of what happened, shuffled", "shuffled_auc"),
    ]
    rows = [[name, *map(_measure, (found[key], pull[key]))] for name, key in measures]
    if not (found["reason"] and pull["reason"]):
        yield filled(table("Measure", ">Friction", ">Momentum"), rows)


def _bands(found: Found, index: str, counted: str, happened: str) -> Parts:
    for word in found["words"]:
        yield Text(word)
    if not found["reason"]:
        made = table(f">{index}", ">Weeks", f">{happened}", ">Odds claimed", ">Odds seen", "95 %")
        yield filled(made, (_band(band, counted) for band in found["bands"]))


def _measure(value: float | None) -> str:
    return said.NOTHING if value is None else f"{round(value, 2) + 0.0:.2f}"  # none is shown as -0.00


def proof_view(chapters: Sequence[Chapter]) -> Parts:
    """Every claim with its bar, what was found, and the verdict."""
    for chapter in chapters:
        yield heading(chapter.title)
        yield Text(chapter.how, style="dim")
        yield filled(table("Claim", "Bar", "Found", ""), map(_claim, chapter.claims))
        for claim in chapter.claims:
            for row in claim.rows:
                yield Text(row)
    claims = [claim for chapter in chapters for claim in chapter.claims]
    yield Text(f"{sum(claim.is_met is True for claim in claims)} of {len(claims)} claims found.", style="bold")


def _claim(claim: Claim) -> list[Any]:
    return [claim.name, claim.bar, claim.told, Text(claim.verdict, style="green" if claim.is_met else "bold red")]


def _band(band: Found, counted: str) -> list[Any]:
    told = [f"{band['from']:.0f} to {band['to']:.0f}", said.number(band["n"]), said.number(band[counted])]
    claimed, seen = (_odds(band[f"{kind}_odds_ratio"]) for kind in ("claimed", "observed"))
    interval = why_not(band["reason"]) if band["low"] is None else f"{band['low']:.1f} to {band['high']:.1f}"
    return [*told, claimed, seen, interval]


def _odds(value: float | None) -> str:
    return said.NOTHING if value is None else f"x {value:.1f}"
