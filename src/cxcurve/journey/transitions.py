"""Transitions: from a stay to the next one, or to the exit (definitions.md, 2)."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from cxcurve.tables import US_PER_DAY

EXIT = -1
"""Stands for the exit where a stage's position is expected."""


def transitions(stays: ir.Table) -> ir.Table:
    """One row per stay that ended.

    Args:
        stays: `tables.STAYS`.

    Returns:
        customer_key, cycle, from_stage, to_stage (positions; `EXIT` for the exit), at_us (when), dwell_days (in
        from_stage). A stay that is open has no transition; a skipped stage has none either.
    """
    ended = stays.filter(stays.ended_by != "open")
    return ended.select(
        "customer_key",
        "cycle",
        from_stage=ended.stage,
        to_stage=(ended.ended_by == "exited").ifelse(ibis.literal(EXIT, "int32"), ended.next_stage),
        at_us=ended.left_us,
        dwell_days=(ended.left_us - ended.entered_us).cast("float64") / ibis.literal(float(US_PER_DAY), "float64"),
    )
