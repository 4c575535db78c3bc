"""How right are the scores? The newest backtest, and the weights that are in force."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cxcurve import charts
from cxcurve.charts.format import days, interval, number, odds, share, words
from cxcurve.metrics.versions import LearnedIndex, Version
from cxcurve.web.asked import Asked
from cxcurve.web.lost_form import Answer
from cxcurve.web.pages.frame import Frame, customer_href, framed, local, shown_end
from cxcurve.web.reader import View
from cxcurve.workspace.lost import ListedCustomer, untested_said

PARAMETERS = ()
NARROW = 360.0
MOST_LISTED = 200
"""Customers of a list that the page shows; the command line has all."""
_LOG = {"agrees": "agrees", "no_exit": "knows of no exit"}
_RIVALS = {
    "equal_weights": "Equal weights",
    "expert_weights": "Expert weights",
    "recency": "Days since the last sign",
}


@dataclass(frozen=True, kw_only=True)
class ScoresPage(Frame):
    """What scores.html shows."""

    found: Mapping[str, Any] | None
    tested_at: datetime | None
    momentum: Mapping[str, Any] | None
    pictures: tuple[charts.Picture, ...]
    pull_pictures: tuple[charts.Picture, ...]
    ranks: tuple[Mapping[str, Any], ...]
    measures: tuple[Mapping[str, Any], ...]
    indexes: tuple[Mapping[str, Any], ...]
    lost: Answer | None
    lost_rows: tuple[Mapping[str, Any], ...]
    n_lost_rows: int
    wrong_alarms: tuple[Mapping[str, Any], ...]

    def to_json(self) -> dict[str, Any]:
        """As interfaces.md, `backtest`, or why there is none; and how often alarms were called wrong."""
        found = dict(self.found) if self.found is not None else {"reason": "not_made"}
        return {**found, "wrong_alarms": list(self.wrong_alarms)}


def build(view: View, asked: Asked, lost: Answer | None = None) -> ScoresPage:
    """The page for a query; the backtest is of all customers, whoever is asked for. `lost` is what a list was told."""
    listed = lost.found.customers if lost and lost.found else ()
    found = view.workspace.last_backtest
    pull = None if found is None else found.get("momentum")  # a test kept before it was one of momentum too
    is_told = found is not None and not found["reason"]
    tested = None if found is None else datetime.fromisoformat(found["as_of"])
    return ScoresPage(
        **framed(view, asked, "How right are the scores?", "scores", "/scores") | {"picker": ()},
        found=found,
        tested_at=tested and shown_end(round(tested.timestamp() * 1e6), view.workspace.settings.zone),
        momentum=pull,
        pictures=tuple(_picture(found, width) for width in (720.0, NARROW)) if found and is_told else (),
        pull_pictures=tuple(_pull_picture(pull, width) for width in (720.0, NARROW)) if pull and pull["bands"] else (),
        ranks=_ranks(found) if found and is_told else (),
        measures=_measures(found, pull or {}) if found else (),
        indexes=_indexes(view.version) if view.version else (),
        lost=lost,
        lost_rows=tuple(_listed(one, view.workspace.settings.zone) for one in listed[:MOST_LISTED]),
        n_lost_rows=len(listed),
        wrong_alarms=tuple(view.wrong_alarms),
    )


def _picture(found: Mapping[str, Any], width: float) -> charts.Picture:
    return charts.promise(_promises(found, "n_exits"), width=width)


def _pull_picture(found: Mapping[str, Any], width: float) -> charts.Picture:
    title = "Odds of moving on, claimed and seen"
    return charts.promise(
        _promises(found, "n_moves"), width=width, index="Momentum", happened="Moved on", tone="pull", title=title
    )


def _promises(found: Mapping[str, Any], counted: str) -> list[charts.Promise]:
    return [
        charts.Promise(
            f"{band['from']:.0f} to {band['to']:.0f}",
            band["claimed_odds_ratio"],
            band["observed_odds_ratio"],
            band["low"],
            band["high"],
            band[counted],
        )
        for band in found["bands"]
        if band["n"]
    ]


def _ranks(found: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    """Ours and the others, the best first."""
    own, between = found["own_score"], found.get("baseline_intervals", {})  # not kept by earlier versions
    ours = (found["auc_low"], found["auc_high"])
    rows = [("Journey Friction Index", found["auc_within_stage"], ours)]
    rows += [(label, found["baselines"][name], between.get(name)) for name, label in _RIVALS.items()]
    if own:
        rows.append((f"Your own {words(own['column'])}, where known", own["auc"], (own["low"], own["high"])))
    told = [
        {"name": name, "value": value, "interval": between and interval(*between, "share"), "is_ours": between is ours}
        for name, value, between in rows
        if value is not None
    ]
    return tuple(sorted(told, key=lambda row: -row["value"]))


def _measures(found: Mapping[str, Any], pull: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    """Label, meaning, and of friction and of momentum the value and its interval where there is one."""
    told = (
        ("Calibration slope", "slope", "1 is right; below it the chances told are too far apart"),
        ("Seen against told", "observed_expected", "1 is right; above it more left, or moved on, than was told"),
        ("Brier skill", "brier_skill", "0 is no better than the share of the stage, 1 is perfect"),
        ("Ranking of shuffled customers", "shuffled_auc", "0.5, or something of the future leaks in"),
    )
    rows = [(label, meaning, [_measure(one, name) for one in (found, pull)]) for label, name, meaning in told]
    return tuple(
        {"label": label, "meaning": meaning, "values": values}
        for label, meaning, values in rows
        if any(value is not None for value, _ in values)
    )


def _measure(found: Mapping[str, Any], name: str) -> tuple[float | None, str | None]:
    low, high = found.get(f"{name}_low"), found.get(f"{name}_high")
    return found.get(name), None if low is None else f"{number(low, 2)} to {number(high, 2)}"


def _indexes(version: Version) -> tuple[Mapping[str, Any], ...]:
    return tuple(_index(name, one) for name, one in (("Friction", version.friction), ("Momentum", version.momentum)))


def _index(name: str, one: LearnedIndex) -> dict[str, Any]:
    rows = [
        {
            "signal": signal,
            "value": weight.value,
            "low": weight.low,
            "high": weight.high,
            "expert": weight.expert,
            "note": "its own data say the contrary" if signal in one.against else "",
        }
        for signal, weight in one.weights.items()
        if signal not in one.unseen
    ]
    return {"name": name, "kind": one.kind, "rows": sorted(rows, key=lambda row: -float(row["value"]))}


def _listed(one: ListedCustomer, zone: str) -> dict[str, Any]:
    """A line of a list as the page shows it."""
    mark, exit_us = one.mark, one.exit_us
    told: dict[str, Any] = {
        "name": one.name,
        "href": customer_href(one.lost.customer_id, {}),
        "lost_at": local(one.lost.at_us, zone),
        "reason": one.lost.reason,
        "untested": untested_said(one.untested) if one.untested else None,
        "n_weeks": one.verdict.n_weeks,
        "log": _LOG.get(one.log_says),
        "log_exit_at": None if exit_us is None else local(exit_us, zone),
        "marked_at": None,
    }
    if mark is None or one.untested:
        return told
    chance = mark.chance
    return told | {
        "marked_at": local(mark.at_us, zone),
        "before": days(round(mark.days_before)),
        "chance": None if chance is None else f"{share(chance)}, {odds(chance / mark.usual)} its stage's",
        "friction_index": mark.friction_index,
        "signals": [(str(feature), added) for feature, added in mark.reasons],
    }
