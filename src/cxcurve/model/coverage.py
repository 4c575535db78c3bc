"""Which signals of the tracking plan have data, and which missing ones would add most."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from cxcurve.model.journey import Journey, Signal

MOST = 5
"""How many missing signals are put forward: more is a project, not a next step."""


@dataclass(frozen=True, slots=True)
class Missing:
    """A signal without data, and in one sentence what it would add."""

    signal: str
    reason: str


@dataclass(frozen=True, slots=True)
class Coverage:
    """Signals with and without data in the order of the plan; `add_first` are the missing that would add most."""

    present: tuple[str, ...]
    missing: tuple[str, ...]
    add_first: tuple[Missing, ...]

    @property
    def present_share(self) -> float:
        """The share of the plan's signals that have data (0 to 1; 0 for an empty plan)."""
        n_signals = len(self.present) + len(self.missing)
        return len(self.present) / n_signals if n_signals else 0.0


def coverage(journey: Journey, counts: Mapping[str, int]) -> Coverage:
    """What of the tracking plan is there.

    Args:
        journey: the journey with its tracking plan.
        counts: how many events there are of each name; absent is none.
    """
    present = tuple(name for name in journey.signals if counts.get(name, 0) > 0)
    missing = tuple(name for name in journey.signals if name not in present)
    return Coverage(present, missing, tuple(_add_first(journey, set(present))))


def _add_first(journey: Journey, present: set[str]) -> Iterator[Missing]:
    """The best missing signal, then the best once that one is there: two ways into a stage count once."""
    for _ in range(MOST):
        worths = {
            name: list(_worths(journey, signal, present))
            for name, signal in journey.signals.items()
            if name not in present
        }
        best = max(worths, key=lambda name: sum(worth for worth, _ in worths[name]), default=None)
        if best is None or not worths[best]:
            return
        yield Missing(best, max(worths[best])[1])
        present.add(best)


def _worths(journey: Journey, signal: Signal, present: Collection[str]) -> Iterator[tuple[float, str]]:
    """What a signal would add, each with a worth in the unit of weights and the sentence that says it."""
    there = [journey.signals[name] for name in present]
    value = journey.time_to_value
    if value is not None and signal.name in (value.start, value.goal):
        verb = "starts" if signal.name == value.start else "ends"
        yield 5.0, f"It {verb} Time to Value, which cannot be measured without it."
    if signal.name in journey.exits and not any(name in journey.exits for name in present):
        yield 5.0, "No other event says that a customer left, so nothing can be learned from those who did."
    if signal.stage is not None and signal.stage not in {other.stage for other in there}:
        label = journey.stage(signal.stage).label or signal.stage
        yield 4.0, f"No other event with data leads to {label}, so nobody is seen to arrive there."
    closes = [other.name for other in there if other.until == signal.name]
    if closes:
        yield 3.0, f"It closes {closes[0]}, which never fades without it."
    if signal.core and not any(other.core for other in there):
        yield 3.0, "Decline of use can only be told from core use, and no other core event has data."
    yield from _weights(signal)


def _weights(signal: Signal) -> Iterator[tuple[float, str]]:
    friction, momentum = signal.friction + signal.valence_friction, signal.momentum + signal.valence_momentum
    if friction > 0 and friction >= momentum:
        yield friction, f"It weighs {friction:g} doublings of the odds of leaving."
    elif momentum > 0:
        yield momentum, f"It weighs {momentum:g} doublings of the odds of moving on."
    if signal.advocacy > 0:
        yield signal.advocacy / 2, f"It weighs {signal.advocacy:g} in advocacy."
