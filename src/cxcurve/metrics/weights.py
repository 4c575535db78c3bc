"""The weights of the signals, as columns: one for each signal and part that counts for an index."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cxcurve.journey.plan import US, Plan
from cxcurve.metrics.contributions import COUNT, FRICTION, MOMENTUM
from cxcurve.metrics.versions import LearnedIndex, Version

STATES = ("stall", "decline", "silence", "open_issues")
SEATS_EXPONENT = 0.8
SMALLEST = 1 / 32
"""A count under this is 0."""
PARTS = {COUNT: "", FRICTION: "negative", MOMENTUM: "positive"}


@dataclass(frozen=True, slots=True)
class Feature:
    """What carries a weight: a signal, the negative or positive part of one with valence, or a state."""

    signal: str
    part: str = ""

    def __str__(self) -> str:
        return f"{self.signal} ({self.part})" if self.part else self.signal


@dataclass(frozen=True)
class Weights:
    """Signal columns in a fixed order, with what each weighs: by the tracking plan, or as a version learned.

    Arrays have one entry per column; which columns there are is the plan's.
    """

    plan: Plan
    version: Version | None = None

    @property
    def version_number(self) -> int:
        """Of the version; 0 for the expert's weights."""
        return self.version.number if self.version else 0

    @cached_property
    def columns(self) -> list[tuple[int, int]]:
        """(signal_key, part) of every column: all that carry a weight.

        By name, since keys are given in the order of arrival and sums of floats must not depend on that.
        """
        return [
            (key, part)
            for key, signal in sorted(self.plan.signals.items(), key=lambda item: item[1].name)
            for part in ((FRICTION, MOMENTUM) if signal.valence else (COUNT,))
            if any(self._expert(key, part))
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

    def places(self, measure: int) -> NDArray[np.intp]:
        """Columns that carry friction (0), momentum (1) or advocacy (2) by the plan."""
        return np.flatnonzero([self._expert(key, part)[measure] for key, part in self.columns])

    def features(self, measure: int) -> tuple[Feature, ...]:
        """What carries friction (0: signals, then states) or momentum (1) by the plan."""
        found = [
            Feature(self.plan.signals[key].name, PARTS[part])
            for key, part in (self.columns[i] for i in self.places(measure))
        ]
        return (*found, *(Feature(name) for name in self.states)) if measure == 0 else tuple(found)

    def of_features(self, measure: int) -> NDArray[np.float64]:
        """What the features weigh, in doublings."""
        found = self.matrix[self.places(measure), measure]
        states = [self.state(name) for name in self.states] if measure == 0 else []
        return np.concatenate([found, states])

    @cached_property
    def states(self) -> tuple[str, ...]:
        """State signals that carry friction by the plan."""
        found = (name for name, state in self.plan.journey.states.items() if state.friction)
        return tuple(sorted(found, key=STATES.index))

    @cached_property
    def matrix(self) -> NDArray[np.float64]:
        """Columns x (friction, momentum, advocacy) weights in doublings per log2(1 + n)."""
        return np.array([self._weights(key, part) for key, part in self.columns], dtype=float).reshape(-1, 3)

    def _weights(self, key: int, part: int) -> tuple[float, float, float]:
        friction, momentum, advocacy = self._expert(key, part)
        name = self.plan.signals[key].name
        return (
            self._learned("friction", name, part, friction),
            self._learned("momentum", name, part, momentum),
            advocacy,
        )

    def _learned(self, index: Literal["friction", "momentum"], signal: str, part: int, expert: float) -> float:
        """What the version says; of a feature it does not know, such as a signal added since, the expert's, scaled."""
        if self.version is None or not expert:
            return expert
        learned: LearnedIndex = getattr(self.version, index)
        found = learned.weights.get(str(Feature(signal, PARTS[part])))
        return expert * learned.gamma if found is None else found.value

    def _expert(self, key: int, part: int) -> tuple[float, float, float]:
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
        return self._learned("friction", name, COUNT, state.friction if state else 0.0)

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
