"""What was added to the log, step by step, for whoever keeps a sum over all of it and brings it up to date."""

from __future__ import annotations

from collections import deque

import pyarrow as pa

MOST_STEPS, MOST_ROWS = 100, 50_000
"""Steps that are remembered, and rows of one: beyond that counting anew is as quick."""


class Additions:
    """The last steps in which events were added and nothing else was done to the log.

    Kept in memory by the one process that has the store. Whatever else happens to events, and whatever is rolled back,
    makes them unknown: who asks counts anew. `is_blind` is who reads beside: he never hears of any.
    """

    def __init__(self, *, is_blind: bool = False) -> None:
        self.number = 0
        self._is_blind = is_blind
        self._steps: deque[pa.Table] = deque(maxlen=MOST_STEPS)

    def add(self, events: pa.Table) -> None:
        """Events were added: source, signal_key, occurred_us, received_us."""
        self.number += 1
        self._steps.append(events)

    def lose(self) -> None:
        """Something else happened to the log, or may have."""
        self.number += 1
        self._steps.clear()

    def since(self, number: int) -> list[pa.Table] | None:
        """What was added since the log was at `number`; None where that cannot be told."""
        n = self.number - number
        return None if self._is_blind or n > len(self._steps) else list(self._steps)[len(self._steps) - n :]
