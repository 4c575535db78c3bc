"""A customer's own numbers, explained by its events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from cxcurve.errors import Reason, UnknownNameError
from cxcurve.metrics.contributions import OVERDUE
from cxcurve.metrics.weights import PARTS, seat_factor
from cxcurve.metrics.why import STAGE_BASE
from cxcurve.pipeline.run import Run
from cxcurve.stats.estimates import Estimate, nothing
from cxcurve.workspace.briefs import events_of
from cxcurve.workspace.customers import CustomerResult, effects_now, rows_of, with_states
from cxcurve.workspace.explain import queries
from cxcurve.workspace.explain.explanation import Grounds, Told
from cxcurve.workspace.explain.keys import path_of
from cxcurve.workspace.explain.results import Results
from cxcurve.workspace.explain.rows import below_indexes

PLACE = "docs/explain.md#a-customer"
MEASURES = ("friction", "momentum", "advocacy")
INDEXES = {
    "friction_index": ("Journey Friction Index", "index", (0,), "Share of the odds of leaving that comes from friction "
                       "beyond the smoothest tenth of the stage: 100 (1 - 2^-(F - F_ref)), F the weighed signals."),
    "momentum_index": ("Momentum Score", "index", (1,), "Odds of moving on against the typical of the stage: "
                       "100 / (1 + 2^-(M - M_ref)), M the weighed signals."),
    "level": ("Level", "number", (0, 1), "Momentum minus friction."),
}  # fmt: skip
POINTS = (
    "The signal's share of the index: its weight times log2(1 + n), of the sum over all signals; rounded to 0.1 so "
    "that all points add up to the index as shown."
)


def keys(results: Results, customer_id: str) -> list[str]:
    """Every number of a customer that has one."""
    found = results.customer(customer_id)
    if found.level is None:
        return []
    rows = [path_of("customer", customer_id, name) for name in INDEXES]
    for measure, signals in (("friction", found.friction), ("momentum", found.momentum)):
        rows += [path_of("customer", customer_id, measure, one.signal) for one in signals]
    return rows


def grounds(results: Results, customer_id: str, what: str, signal: str = "") -> Grounds:
    """What an index, or the points of a signal, rests on.

    Raises:
        UnknownNameError: there is no such customer, index, or signal behind the index.
    """
    found = results.customer(customer_id)
    if not signal and what not in INDEXES:
        raise UnknownNameError("number of a customer", what, (*INDEXES, *MEASURES[:2]))
    if signal and what not in MEASURES[:2]:
        raise UnknownNameError("part of a customer's score", what, MEASURES[:2])
    return _points(results, found, what, signal) if signal else _index(results, found, what)


def _index(results: Results, found: CustomerResult, name: str) -> Grounds:
    label, unit, measures, definition = INDEXES[name]
    value = getattr(found, name)
    shown = nothing(reason=found.reason or Reason.OUTSIDE) if value is None else Estimate(value, n=1)
    base = _Base(results, found)
    query = queries.customer_index(name, base.friction_ref, base.momentum_ref)
    return base.grounds((label, unit, shown, definition, PLACE), "customer_index", query, {"index": name}, measures)


def _points(results: Results, found: CustomerResult, measure: str, signal: str) -> Grounds:
    rows = {one.signal: one.points for one in found.why()[measure]}
    if signal not in rows:
        raise UnknownNameError(f"signal behind this customer's {measure}", signal, rows)
    base = _Base(results, found)
    told = f"Points of {signal} in {measure}", "number", Estimate(rows[signal], n=1), POINTS, PLACE
    refs = base.friction_ref, base.momentum_ref
    settings = {"index": f"{measure}_index", "signal": signal}
    is_base = signal == STAGE_BASE
    query = queries.whole_points(measure, *refs) if is_base else queries.customer_points(measure, signal, *refs)
    return base.grounds(told, "customer_points", query, settings, (MEASURES.index(measure),))


class _Base:
    """What all numbers of a customer rest on."""

    def __init__(self, results: Results, found: CustomerResult) -> None:
        self.results, self.id = results, str(found.facts["customer_id"])
        self.carried = _carried(results, found.facts)
        self.friction_ref, self.momentum_ref = self.carried.friction_ref, self.carried.momentum_ref

    def grounds(
        self, told: Told, method: str, query: str, settings: dict[str, Any], measures: Sequence[int]
    ) -> Grounds:
        """The tables of some measures, with the settings all methods take."""
        tables = {"inputs": _inputs(self.results, self.id, self.carried, measures)}
        tables["states"] = _states(self.carried, is_counted=0 in measures)
        settings |= {name: getattr(self, name) for name in ("friction_ref", "momentum_ref")}
        return Grounds(*told, method, query, tables, below_indexes(self.results, measures), settings, self.id)


@dataclass(frozen=True, eq=False)
class _Carried:
    """What a customer's scores are made from.

    Attributes:
        effects: rows of `contributions` that count by now.
        states: weight and x of each state signal that is not 0.
        seat_factor: what `per: seats` divides by.
        friction_ref, momentum_ref: what is usual at the stage; 0 outside the journey.
    """

    effects: Sequence[Mapping[str, Any]]
    states: Mapping[str, tuple[float, float]]
    seat_factor: float
    friction_ref: float
    momentum_ref: float


def _carried(results: Results, facts: Mapping[str, Any]) -> _Carried:
    run, key = results.run, int(facts["customer_key"])
    now = rows_of(run, results.known, "customer_now", key)
    if not now:
        return _Carried((), {}, 1.0, 0.0, 0.0)
    effects = effects_now(run, events_of(run, key))
    found = with_states({}, run, effects, now[0])
    weights = {name: run.weights.state(name) for name in found}
    states = {name: (weights[name], load / weights[name]) for name, (load, _) in found.items()}
    seats = np.array([np.nan if facts["seats"] is None else facts["seats"]], dtype=float)
    factor = float(seat_factor(seats, float(run.facts.median_seats[-1]))[0])
    return _Carried(effects, states, factor, now[0]["friction_ref"], now[0]["momentum_ref"])


def _inputs(results: Results, customer_id: str, known: _Carried, measures: Sequence[int]) -> pa.Table:
    """One row for each thing an event does to a signal, with the weight of the signal's part."""
    weights = results.run.weights
    rows = [
        _row(results, customer_id, known, effect, measure)
        for effect in known.effects
        if effect["part"] != OVERDUE
        for measure in measures
        if (effect["signal_key"], effect["part"]) in weights.index
        if weights.matrix[weights.index[effect["signal_key"], effect["part"]], measure]
    ]
    return pa.Table.from_pylist(rows, schema=_INPUTS)


def _row(
    results: Results, customer_id: str, known: _Carried, effect: Mapping[str, Any], measure: int
) -> dict[str, Any]:
    weights = results.run.weights
    place, ends_us = weights.index[effect["signal_key"], effect["part"]], results.run.calendar.ends_us
    return {
        "customer_id": customer_id,
        "event_id": effect["event_id"],
        "measure": MEASURES[measure],
        "signal": results.known.plan.signals[effect["signal_key"]].name,
        "part": PARTS[effect["part"]],
        "weight": float(weights.matrix[place, measure]),
        "half_life_us": float(weights.half_life_us[place]),
        "seat_factor": known.seat_factor if weights.per_seats[place] else 1.0,
        "step": effect["step"],
        "amount": effect["amount"],
        "anchor_us": effect["anchor_us"],
        "told_us": _told_us(results.run, effect["signal_key"]),
        "week_end_us": int(ends_us[np.searchsorted(ends_us, effect["entered_us"], side="right")]),
    }


def _told_us(run: Run, signal_key: int) -> int:
    """Up to when a signal is known: as_of, or the last event of its sources where they have gone silent."""
    return run.standing.held_us.get(signal_key, run.as_of_us)


_INPUTS = pa.schema(
    [
        *((name, pa.string()) for name in ("customer_id", "event_id", "measure", "signal", "part")),
        *((name, pa.float64()) for name in ("weight", "half_life_us", "seat_factor")),
        ("step", pa.int64()), ("amount", pa.float64()), ("anchor_us", pa.int64()),
        ("told_us", pa.int64()),
        ("week_end_us", pa.int64()),
    ]
)  # fmt: skip


def _states(known: _Carried, *, is_counted: bool) -> pa.Table:
    """The state signals: state, weight, x; they count for friction alone."""
    found = known.states if is_counted else {}
    columns = [pa.array(list(found), pa.string())]
    columns += [pa.array([one[i] for one in found.values()], pa.float64()) for i in (0, 1)]
    return pa.table(columns, names=["state", "weight", "x"])
