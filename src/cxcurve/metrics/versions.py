"""Versions of the weights: what one calibration learned, in force from its date on (definitions.md, 3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import TypeAdapter

Kind = Literal["expert", "blended", "learned"]
RESTATED_WEEKS = 8
"""So many weeks before a version are shown under it too: a new version is no change of the customers."""


@dataclass(frozen=True, slots=True)
class LearnedWeight:
    """The weight of one feature, in doublings of the 28-day odds, beside the expert's."""

    value: float
    low: float
    high: float
    expert: float


@dataclass(frozen=True, slots=True)
class LearnedIndex:
    """The weights of one index.

    Attributes:
        kind: where they come from.
        n_events: endings they rest on.
        gamma: doublings of the 28-day odds for one of the weekly odds; what features not in `weights` are scaled by.
        gamma_low, gamma_high: its interval, None where it was not learned.
        weights: by feature, such as "ticket_opened" or "nps_answered (negative)".
        references: by stage, what is usual there.
        against: features whose own data say the contrary of the expert.
        unseen: features that never occurred: their weight is the expert's.
    """

    kind: Kind
    n_events: int
    gamma: float
    gamma_low: float | None
    gamma_high: float | None
    weights: Mapping[str, LearnedWeight]
    references: Sequence[float]
    against: Sequence[str] = ()
    unseen: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Version:
    """What one calibration learned.

    Attributes:
        number: 1 for the first.
        as_of_us: its date: weeks that end there or later are scored by it.
        since_us: the first week it has seen.
        n_customers, n_periods: what it rests on.
        n_ref: by stage, customer-weeks behind the references.
        half_life_factor: what the half-lives of the tracking plan are multiplied by.
    """

    number: int
    as_of_us: int
    since_us: int
    n_customers: int
    n_periods: int
    friction: LearnedIndex
    momentum: LearnedIndex
    n_ref: Sequence[int]
    half_life_factor: float = 1.0

    @classmethod
    def read(cls, text: str) -> Version:
        """From the JSON it was kept as."""
        return _ADAPTER.validate_json(text)

    def written(self) -> str:
        """As JSON."""
        return _ADAPTER.dump_json(self).decode()


_ADAPTER = TypeAdapter(Version)
