"""Numbers in expressions, the same on every engine."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir


def float64(value: float) -> ir.FloatingScalar:
    """A literal as float64; written as digits, engines read it as DECIMAL and overflow, or cut what does not fit."""
    return ibis.literal(repr(float(value))).cast("float64")
