"""What a writer is: it takes records a few at a time and says of each whether it was taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

Value: TypeAlias = str | float | None
"""Null empties the field: a figure that is not known any more must not stay."""


@dataclass(frozen=True, slots=True)
class Record:
    """One customer as it is sent: values by the destination's own fields."""

    customer_id: str
    values: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why one customer was not taken; one that is passing is tried again the next time."""

    message: str
    is_passing: bool = False


class Writer(Protocol):
    """A destination that is open."""

    at_once: int
    """How many records it takes at once."""

    def prepare(self) -> None:
        """Look whether the fields are there, and make those that can be made; nothing of a customer is sent.

        Raises:
            ConnectError: it cannot be reached, or lacks fields; the message names all of them.
        """
        ...

    def write(self, records: Sequence[Record]) -> Mapping[str, Refusal]:
        """Send records, twice without harm; returns the refusals by customer: the others were acknowledged.

        Raises:
            ConnectError: nothing more can be sent now; of these records nothing is known to have been taken.
        """
        ...
