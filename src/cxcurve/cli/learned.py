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
    """The sentences, then the meaning of the index band by band."""
    n = said.plural(found["n_customers"], "customer")
    yield heading("How right are the scores?", manner.as_of(found["as_of"]), n, f"{said.number(found['n_exits'])} left")
    for word in found["words"]:
        yield Text(word)
    if found["reason"]:
        return
    yield filled(
        table(">Friction index", ">Weeks", ">Left", ">Odds claimed", ">Odds seen", "95 %"), map(_band, found["bands"])
    )
    measures = [
        ("AUC within stage", "auc_within_stage"),
        ("Calibration slope", "slope"),
        ("Observed / expected", "observed_expected"),
        ("Brier skill", "brier_skill"),
        ("AUC of shuffled exits", "shuffled_auc"),
    ]
    yield filled(
        table("Measure", ">Value"), ([name, f"{found[key]:.2f}"] for name, key in measures if found[key] is not None)
    )


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


def _band(band: Found) -> list[Any]:
    name = f"{band['from']:.0f} to {band['to']:.0f}"
    told = [name, said.number(band["n"]), said.number(band["n_exits"]), f"x {band['claimed_odds_ratio']:.1f}"]
    if band["observed_odds_ratio"] is None:
        return [*told, said.NOTHING, why_not(band["reason"])]
    return [*told, f"x {band['observed_odds_ratio']:.1f}", f"{band['low']:.1f} to {band['high']:.1f}"]
