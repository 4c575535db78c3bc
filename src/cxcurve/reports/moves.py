"""What moved the level between two weeks, as a list whose points add up to the change, and are shown so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import floor, fsum
from typing import Any

from cxcurve.charts import format as fmt

MOST = 6
"""Signals told by name; the others are one line."""
LATE = "Came to be known later"
_NAMED = {"stage_reference": "What is usual at the stage", "new_weights": "New weights"}


@dataclass(frozen=True, slots=True)
class Move:
    """One contribution: points of the level, its interval where it has one, and its customers where it has some."""

    label: str
    points: float
    low: float | None = None
    high: float | None = None
    n: int | None = None

    @property
    def is_real(self) -> bool:
        """Whether its interval leaves zero out."""
        return _leaves_out_zero(self.low, self.high)


@dataclass(frozen=True, slots=True)
class Diff:
    """Two weeks side by side: what was told of each, and moves that add up to the difference.

    Attributes:
        since, until: the days on which the weeks ended, ISO.
        before: the level as it was told then, where a report of that week was kept; else as it is known now.
        after: the level at the end.
        moves: they add up to `after - before`.
        low, high: of the change, with what came to be known later, which has no doubt of its own.
        is_real: whether it leaves zero out, and did so by what customers did alone.
        is_told: whether `before` is what a report said.
    """

    since: str
    until: str
    before: float
    after: float
    moves: tuple[Move, ...]
    low: float | None
    high: float | None
    is_real: bool
    is_told: bool

    @property
    def change(self) -> float:
        """In points."""
        return self.after - self.before


def diff(
    moved: Mapping[str, Any], told: float | None = None, most: int = MOST, *, told_after: float | None = None
) -> Diff | None:
    """What moved the level, all of it.

    Args:
        moved: as `show moved --json` has it, with `kinds`.
        told: the level that a report said of the week before; what came to be known later is a move of its own.
        most: signals by name.
        told_after: the same of the week at the end.

    Returns:
        None where one of the weeks has too few customers.
    """
    if moved["reason"] is not None or moved["change"]["points"] is None:
        return None
    known, after = float(moved["before"]["level"]), float(moved["after"]["level"])
    moves = [*_kinds(moved), *_signals(moved["rate"]["signals"], most)]
    before, end = known if told is None else told, after if told_after is None else told_after
    late = (known - before) + (end - after)
    if late:
        moves.append(Move(LATE, late))
    own = moved["change"]["low"], moved["change"]["high"]
    low, high = (None if one is None else one + late for one in own)
    both = _leaves_out_zero(*own) and _leaves_out_zero(low, high)
    is_real = both and (own[0] > 0) == (low is not None and low > 0)
    return Diff(moved["since"], moved["until"], before, end, tuple(moves), low, high, is_real, told is not None)


def in_tenths(parts: Sequence[float], whole: float) -> list[float]:
    """Parts rounded to tenths so that they add up to the rounded whole: each is off by less than a tenth.

    The largest remainders are rounded up.
    """
    downs = [floor(part * 10) for part in parts]
    missing = round(whole * 10) - sum(downs)
    order = sorted(range(len(parts)), key=lambda i: (downs[i] - parts[i] * 10, i))
    for i in order[: max(missing, 0)]:
        downs[i] += 1
    return [down / 10 for down in downs]


def _leaves_out_zero(low: float | None, high: float | None) -> bool:
    return low is not None and high is not None and not low <= 0 <= high


def _kinds(moved: Mapping[str, Any]) -> list[Move]:
    sizes = {"left": moved["n_left"], "new": moved["n_new"]}
    found = [(label, kind, moved["mix"][kind]) for kind, label in moved["kinds"].items() if kind in moved["mix"]]
    return [Move(label, one["points"], one["low"], one["high"], sizes.get(kind)) for label, kind, one in found]


def _signals(signals: Sequence[Mapping[str, Any]], most: int) -> list[Move]:
    ranked = sorted(signals, key=lambda one: (-abs(one["points"]), one["signal"]))
    named = [Move(label_of(one["signal"]), one["points"], one["low"], one["high"]) for one in ranked[:most]]
    rest = ranked[most:]
    if not rest:
        return named
    return [*named, Move(f"{fmt.plural(len(rest), 'other signal')}", fsum(one["points"] for one in rest))]


def label_of(signal: str) -> str:
    """What a report calls a signal."""
    said = _NAMED.get(signal, fmt.words(signal))
    return said[:1].upper() + said[1:]
