"""Numbers of the backtest, explained: it is made anew, for a workspace keeps what it found and not its rows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from cxcurve.errors import UnknownNameError
from cxcurve.learn.backtest import Backtest, leads, strata_of
from cxcurve.learn.forecasts import FRICTION, MOMENTUM, Forecasts
from cxcurve.stats.estimates import Estimate, nothing
from cxcurve.workspace.explain import queries
from cxcurve.workspace.explain.explanation import Grounds
from cxcurve.workspace.explain.keys import path_of
from cxcurve.workspace.explain.results import Results
from cxcurve.workspace.explain.rows import below_scores, named
from cxcurve.workspace.results import at

PLACE = "docs/explain.md#the-backtest"
INDEXES = {index.name: index for index in (FRICTION, MOMENTUM)}
BASELINES = "baselines"
RIVALS = ("equal_weights", "expert_weights", "recency")
_PAIRS = "Of two weeks of one stage and quarter, how often the one before an exit, or a move, had the higher"
FACTS: Mapping[str, tuple[str, str, str, str]] = {
    "auc_within_stage": ("Ranking", "share", "auc", f"{_PAIRS} score."),
    "observed_expected": ("Seen against told", "number", "mean", "Weeks before an exit, or a move, over the chances."),
    "brier_skill": ("Brier skill", "number", "mean", "1 - squared error of the chance over that of the stage's share."),
    "precision": ("At risk who left", "share", "mean", "Share of weeks at risk that an exit followed in 28 days."),
    "recall": ("Left who were at risk", "share", "mean", "Share of weeks within 28 days of an exit that were at risk."),
    "n_left": ("Left", "number", "count", "Exits in the tested weeks and the 90 days after them."),
    "n_warned": ("Warned", "number", "count", "Of the exits those with a week at risk in the 90 days before."),
    "lead_days": ("Ahead", "days", "median", "Median days from the first week at risk in the 90 days to the exit."),
}
"""By fact: label, unit, method and definition; those from precision on are of friction alone."""
_OF_EXITS = ("n_left", "n_warned", "lead_days")
_OF_FRICTION = ("precision", "recall", *_OF_EXITS)
_QUERIES = {"auc": queries.AUC, "mean": queries.MEAN, "count": queries.COUNT, "median": queries.MEDIAN}


def keys(results: Results) -> list[str]:
    """Every number that can be made again, where a backtest as of now is kept and had something to tell."""
    kept = json.loads(results.run.store.meta("backtest") or "{}")
    if kept.get("as_of") != at(results.known.as_of_us):
        return []
    reasons = {FRICTION.name: kept["reason"], MOMENTUM.name: kept.get("momentum", {"reason": "not_made"})["reason"]}
    facts = [(name, *fact) for name, reason in reasons.items() if not reason for fact in _facts(name)]
    return [path_of("backtest", *one) for one in facts]


def _facts(index: str) -> list[tuple[str, ...]]:
    own = [fact for fact in FACTS if index == FRICTION.name or fact not in _OF_FRICTION]
    return [*((fact,) for fact in own), *((BASELINES, rival) for rival in RIVALS)]


def grounds(results: Results, index: str, *fact: str) -> Grounds:
    """What a number of the backtest rests on: the tested weeks, each scored by weights learned before its quarter.

    Raises:
        UnknownNameError: there is no such index or number.
    """
    if index not in INDEXES:
        raise UnknownNameError("index of the backtest", index, INDEXES)
    if fact not in _facts(index):
        raise UnknownNameError("number of the backtest", "/".join(fact), ["/".join(one) for one in _facts(index)])
    told, found = results.tested(INDEXES[index])
    label, unit, method, definition = FACTS.get(fact[0]) or (fact[1], "share", "auc", f"{_PAIRS} {fact[1]}.")
    table = _NONE if told is None else pa.table(_columns(results, told, fact))
    spoken = f"{label}, {index}", unit, _shown(found, fact), definition, PLACE
    return Grounds(*spoken, method, _QUERIES[method], {"inputs": table}, below_scores(results))


_NONE = pa.table({"customer_id": pa.array([], pa.string()), "value": pa.array([], pa.float64())})


def _shown(found: Backtest, fact: tuple[str, ...]) -> Estimate:
    if found.reason is not None:
        return nothing(found.n_events, found.reason)
    if fact[0] == BASELINES:
        return found.rivals[fact[1]]
    if fact[0] == "auc_within_stage":
        return found.auc
    value = getattr(found.warning if fact[0] in _OF_EXITS else found, fact[0])
    return value if isinstance(value, Estimate) else Estimate(float(value))


def _columns(results: Results, told: Forecasts, fact: tuple[str, ...]) -> dict[str, Any]:
    """A row for each tested week, or for each exit."""
    if fact[0] in _OF_EXITS:
        who, lead = leads(told)
        counted = np.full(len(lead), True) if fact[0] == "n_left" else lead > 0
        return {"customer_id": named(results, who[counted]), "value": lead[counted]}
    happened = told.happened.astype(float)
    value, weight, rows = told.score, np.ones(len(happened)), np.full(len(happened), True)
    if fact[0] == BASELINES:
        value = np.asarray(told.rivals[fact[1]], dtype=float)
    elif fact[0] == "observed_expected":
        value, weight = happened / told.chance, told.chance
    elif fact[0] == "brier_skill":
        weight = (told.usual - happened) ** 2
        value = 1 - (told.chance - happened) ** 2 / weight
    elif fact[0] == "precision":
        value, rows = happened, told.is_at_risk
    elif fact[0] == "recall":
        value, rows = told.is_at_risk.astype(float), told.happened
    columns = {"week_end_us": told.periods.ends_us, "stratum": strata_of(told, len(results.known.stage_names)),
               "value": value, "weight": weight, "happened": told.happened}  # fmt: skip
    who = named(results, told.periods.customer[rows])
    return {"customer_id": who, **{name: values[rows] for name, values in columns.items()}}
