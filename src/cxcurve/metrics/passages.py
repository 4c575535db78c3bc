"""Passages: everybody who entered a stage, how long they were there and how it ended (definitions.md, 6)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from cxcurve.stats.estimates import Floats, Ints
from cxcurve.stats.event_table import EventTable
from cxcurve.tables import US_PER_DAY

PROGRESSED, EXITED = 1, 2
FEWEST = 20
"""Entrants from whom something is told."""


@dataclass(frozen=True, slots=True)
class Passage:
    """Everybody who entered one stage: arrays over stays."""

    stage: int
    customer_key: Ints
    days: Floats
    cause: Ints
    entered_us: Ints

    def part(self, rows: NDArray[np.bool_]) -> Passage:
        """Some of the stays."""
        return Passage(self.stage, self.customer_key[rows], self.days[rows], self.cause[rows], self.entered_us[rows])

    def is_since(self, as_of_us: int, days: float) -> NDArray[np.bool_]:
        """Which stays began in the last so many days."""
        return self.entered_us >= as_of_us - round(days * US_PER_DAY)

    @property
    def table(self) -> EventTable:
        """Counts by day."""
        return EventTable.from_rows(self.days, self.cause, 2)


def passages(stays: pa.Table, n_stages: int, as_of_us: int) -> list[Passage]:
    """The stays of every stage but the last, whole days apart from nothing: `days` are exact."""
    stage = stays["stage"].to_numpy()
    entered = stays["entered_us"].to_numpy().astype(np.int64)
    left = stays["left_us"].cast(pa.int64()).fill_null(as_of_us).to_numpy()
    codes = {"open": 0, "progressed": PROGRESSED, "exited": EXITED}
    cause = np.array([codes[how] for how in stays["ended_by"].to_pylist()], dtype=np.int64)
    days = np.maximum(left - entered, 0) / US_PER_DAY
    keys = stays["customer_key"].to_numpy().astype(np.int64)
    return [Passage(k, *(values[stage == k] for values in (keys, days, cause, entered))) for k in range(n_stages - 1)]


def known_at(stays: pa.Table, as_of_us: int) -> pa.Table:
    """Stays as they were known at an earlier time: who entered before, open where left at it or later."""
    entered = stays.filter(pc.less(stays["entered_us"], as_of_us))
    is_left = pc.fill_null(pc.less(entered["left_us"], as_of_us), False)
    left = pc.if_else(is_left, entered["left_us"], pa.scalar(None, entered["left_us"].type))
    ended = pc.if_else(is_left, entered["ended_by"], "open")
    place = entered.schema.get_field_index
    return entered.set_column(place("left_us"), "left_us", left).set_column(place("ended_by"), "ended_by", ended)
