"""Why a customer's indexes are what they are: signals, their points, and the events behind them (definitions.md, 3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from cxcurve.metrics.contributions import OVERDUE
from cxcurve.metrics.weights import Weights, feature

STAGE_BASE = "stage base"


@dataclass(frozen=True, slots=True)
class EventShare:
    """One event and its part of the points of its signal."""

    event_id: str
    points: float


@dataclass(frozen=True, slots=True)
class SignalPoints:
    """A signal's part of an index, rounded so that all parts add up to what is shown."""

    signal: str
    points: float
    events: tuple[EventShare, ...] = ()


def signal_shares(
    effects: Sequence[Mapping[str, Any]],
    weights: Weights,
    seat_factor: float,
    now_us: int,
    measure: int,
    held_us: Mapping[int, int] = MappingProxyType({}),
) -> dict[str, tuple[float, dict[str, float]]]:
    """Weight x feature of each signal at `now_us`, and how its events share it.

    Args:
        effects: rows of `contributions` of one customer.
        weights: the weights.
        seat_factor: what `per: seats` divides by.
        now_us: as_of.
        measure: 0 friction, 1 momentum, 2 advocacy.
        held_us: by signal key as of when those are told whose sources are stale.
    """
    found: dict[str, tuple[float, dict[str, float]]] = {}
    grouped: dict[tuple[int, int], dict[str, float]] = {}
    for row in effects:
        key = row["signal_key"], row["part"]
        if row["part"] == OVERDUE or key not in weights.index:
            continue
        half_life = weights.half_life_us[weights.index[key]]
        until_us = held_us.get(row["signal_key"], now_us)
        worth = row["step"] + row["amount"] * 2.0 ** ((row["anchor_us"] - until_us) / half_life)
        events = grouped.setdefault(key, {})
        events[row["event_id"]] = events.get(row["event_id"], 0.0) + worth
    for (signal_key, part), events in grouped.items():
        column = weights.index[signal_key, part]
        n = sum(events.values()) / (seat_factor if weights.per_seats[column] else 1.0)
        value = float(weights.matrix[column, measure] * feature(np.array([n]))[0])
        if value > 0:
            name = weights.plan.signals[signal_key].name
            before = found.get(name, (0.0, {}))
            found[name] = before[0] + value, {**before[1], **events}
    return found


def overdue_issues(effects: Sequence[Mapping[str, Any]]) -> tuple[int, list[str]]:
    """How many issues are open beyond their target, and the events that opened them."""
    open_now: dict[str, int] = {}
    for row in effects:
        if row["part"] == OVERDUE:
            open_now[row["event_id"]] = open_now.get(row["event_id"], 0) + row["step"]
    late = [event_id for event_id, steps in open_now.items() if steps > 0]
    return len(late), late


def points(
    shares: Mapping[str, tuple[float, Mapping[str, float]]], index: float, *, empty: str | None = None
) -> list[SignalPoints]:
    """Points of each signal, to 0.1 by largest remainder, so that they add up to the index as shown.

    Args:
        shares: weight x feature by signal, and its events.
        index: 0 to 100.
        empty: name of the one row that has it all where no signal has a part; None gives no rows.
    """
    total = sum(value for value, _ in shares.values())
    tenths = round(round(index, 1) * 10)  # as it is printed: 0.35 is 0.3, and ten times it would round up
    if total <= 0:
        return [SignalPoints(empty, tenths / 10)] if empty and tenths else []
    names = sorted(shares, key=lambda name: (-shares[name][0], name))
    parts = largest_remainder([shares[name][0] / total for name in names], tenths)
    return [
        SignalPoints(name, part / 10, _event_points(shares[name][1], part))
        for name, part in zip(names, parts, strict=True)
    ]


def largest_remainder(shares: Sequence[float], total: int) -> list[int]:
    """Whole numbers in proportion to `shares` that add up to `total`."""
    exact = [share * total for share in shares]
    whole = [int(np.floor(value + 1e-9)) for value in exact]
    behind = sorted(range(len(exact)), key=lambda i: (-(exact[i] - whole[i]), i))
    for i in behind[: total - sum(whole)]:
        whole[i] += 1
    return whole


def _event_points(events: Mapping[str, float], tenths: int) -> tuple[EventShare, ...]:
    """Within a signal, events share by their faded weight."""
    counted = {event_id: worth for event_id, worth in events.items() if worth > 0}
    total = sum(counted.values())
    if not total:
        return ()
    order = sorted(counted, key=lambda event_id: (-counted[event_id], event_id))
    return tuple(EventShare(event_id, tenths / 10 * counted[event_id] / total) for event_id in order)
