"""The weights of the signals, as columns: one for each signal and part that counts for an index."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from cxcurve.journey.plan import US, Plan
from cxcurve.metrics.contributions import COUNT, FRICTION, MOMENTUM

STATES = ("stall", "decline", "silence", "open_issues")
SEATS_EXPONENT = 0.8
SMALLEST = 1 / 32
"""A count under this is 0."""


@dataclass(frozen=True)
class Weights:
    """Signal columns in a fixed order, with what each weighs. Arrays have one entry per column."""

    plan: Plan

    @cached_property
    def columns(self) -> list[tuple[int, int]]:
        """(signal_key, part) of every column: all that carry a weight.

        By name, since keys are given in the order of arrival and sums of floats must not depend on that.
        """
        return [
            (key, part)
            for key, signal in sorted(self.plan.signals.items(), key=lambda item: item[1].name)
            for part in ((FRICTION, MOMENTUM) if signal.valence else (COUNT,))
            if any(self._weights(key, part))
        ]

    @cached_property
    def index(self) -> dict[tuple[int, int], int]:
        """Column number of (signal_key, part)."""
        return {column: number for number, column in enumerate(self.columns)}

    @cached_property
    def half_life_us(self) -> NDArray[np.float64]:
        """How fast each column fades."""
        return np.array([self.plan.signals[key].half_life.seconds * US for key, _ in self.columns])

    @cached_property
    def per_seats(self) -> NDArray[np.bool_]:
        """Which columns are divided by the account's size."""
        return np.array([self.plan.signals[key].per == "seats" for key, _ in self.columns], dtype=bool)

    @cached_property
    def has_until(self) -> NDArray[np.bool_]:
        """Which columns count something that may be open."""
        return np.array([self.plan.signals[key].until is not None for key, _ in self.columns], dtype=bool)

    @cached_property
    def matrix(self) -> NDArray[np.float64]:
        """Columns x (friction, momentum, advocacy) weights in doublings per log2(1 + n)."""
        return np.array([self._weights(key, part) for key, part in self.columns], dtype=float).reshape(-1, 3)

    def _weights(self, key: int, part: int) -> tuple[float, float, float]:
        signal = self.plan.signals[key]
        if part == FRICTION:
            return signal.valence_friction, 0.0, 0.0
        if part == MOMENTUM:
            # A bad review is no advocacy: of a signal with valence only the positive part counts.
            return 0.0, signal.valence_momentum, signal.advocacy
        return signal.friction, signal.momentum, signal.advocacy

    def state(self, name: str) -> float:
        """Friction weight of a state signal, 0 where the model has none."""
        state = self.plan.journey.states.get(name)  # type: ignore[call-overload]
        return state.friction if state else 0.0

    def state_stages(self, name: str) -> NDArray[np.bool_]:
        """In which stages (by position) a state signal counts."""
        state = self.plan.journey.states.get(name)  # type: ignore[call-overload]
        stages = state.stages if state and state.stages else None
        if stages is None:
            stages = self._before_value() if name == "stall" else self.plan.journey.stage_names
        return np.array([stage in stages for stage in self.plan.journey.stage_names], dtype=bool)

    def _before_value(self) -> tuple[str, ...]:
        """Stages before the one that value enters: a quiet loyal customer is not stalled."""
        names = self.plan.journey.stage_names
        goal = self.plan.journey.time_to_value
        signal = self.plan.journey.signals.get(goal.goal) if goal else None
        return names[: names.index(signal.stage)] if signal and signal.stage else names[:-1]


def feature(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """X = log2(1 + n), 0 where n is under 1/32: the tenth ticket counts less than the second. Works in place."""
    counts[counts < SMALLEST] = 0.0
    counts += 1.0
    return np.log2(counts, out=counts)


def seat_factor(seats: NDArray[np.float64], median: NDArray[np.float64] | float) -> NDArray[np.float64]:
    """What `per: seats` divides by; 1 where the seats are not known."""
    known = np.isfinite(seats) & (seats > 0) & (np.asarray(median) > 0)
    return np.asarray(np.divide(seats, median, out=np.ones(known.shape), where=known) ** SEATS_EXPONENT)
