"""The experience heatmap of a snapshot: stage by touchpoint, of everybody and of each segment."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import ibis.expr.types as ir
import pyarrow as pa

from cxcurve.errors import Reason
from cxcurve.metrics.experience import EXPERIENCE_DAYS, Cell, Met, cells, met
from cxcurve.metrics.snapshot import Snapshot
from cxcurve.tables import US_PER_DAY
from cxcurve.workspace.results import plain

Arrow = Callable[[ir.Table], pa.Table]


@dataclass(frozen=True, slots=True)
class Experience:
    """Its cells, with what stages are called."""

    cells: Sequence[Cell]
    stages: Sequence[tuple[str, str]]

    def to_json(self) -> list[dict[str, Any]]:
        """One row a cell; `value` is null where a cell is thin."""
        return [
            {"segment": one.segment or None, "stage": self.stages[one.stage][0], "touchpoint": one.touchpoint,
             "n_customers": one.n_customers,
             "value": plain(one.value), "reason": None if one.value is not None else Reason.TOO_FEW}
            for one in self.cells
        ]  # fmt: skip


def experience_of(known: Snapshot, arrow: Arrow) -> Experience:
    """Of the last 90 days."""
    since_us = known.as_of_us - EXPERIENCE_DAYS * US_PER_DAY
    table = arrow(met(known.log, known.stays, known.plan, since_us=since_us))
    names = ("customer_key", "stage", "touchpoint", "n_good", "n_bad")
    rows = [Met(*row) for row in zip(*(table[name].to_pylist() for name in names), strict=True)]
    who = arrow(known.customers.select("customer_key", "segment"))
    segment_of = dict(
        zip(who["customer_key"].to_pylist(), (name or "" for name in who["segment"].to_pylist()), strict=True)
    )
    stages = [(name, known.stage_label(i)) for i, name in enumerate(known.stage_names)]
    return Experience(cells(rows, segment_of), stages)
