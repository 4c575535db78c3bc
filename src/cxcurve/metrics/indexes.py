"""From doublings to indexes: JFI, Momentum, Advocacy and the level of the CX Curve (definitions.md, 3 and 7)."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from cxcurve.metrics.literals import float64


def with_indexes(customer_weeks: ir.Table, references: ir.Table) -> ir.Table:
    """`tables.CUSTOMER_WEEKS` with the three indexes (0 to 100) and the level (-100 to 100)."""
    rows = customer_weeks.join(references, ["week", "stage", "version"])
    hundred, one = float64(100.0), float64(1.0)
    beyond = ibis.greatest(rows.friction - rows.friction_ref, float64(0.0))
    rows = rows.mutate(
        friction_index=hundred * (one - _half_power(beyond)),
        momentum_index=hundred / (one + _half_power(rows.momentum - rows.momentum_ref)),
        advocacy_index=hundred * (one - _half_power(rows.advocacy)),
    )
    return rows.mutate(level=rows.momentum_index - rows.friction_index)


def _half_power(doublings: ir.FloatingValue) -> ir.FloatingValue:
    return float64(2.0) ** -doublings
