"""Events of the simulated company as arrays, before they become rows of files."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cxcurve.sources.simulated_clock import Times

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Log:
    """Events in order of time; all arrays (events,). `value` is nan and `person` -1 where there is none."""

    customer: Ints
    kind: Ints
    at: Times
    value: Floats
    person: Ints
    conversation: Ints

    def where(self, chosen: NDArray[np.bool_] | Ints) -> Log:
        """Some of the events, by mask or position."""
        return Log(*(getattr(self, name)[chosen] for name in self.__slots__))


def join(logs: list[Log]) -> Log:
    """All events, one log behind the other."""
    return Log(*(np.concatenate([getattr(log, name) for log in logs]) for name in Log.__slots__))
