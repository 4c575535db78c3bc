"""Key figures: a line of the scorecard as a card, the metrics in focus first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cxcurve.charts import format as fmt
from cxcurve.web.reader import View
from cxcurve.workspace.scorecards import Row

Figure = Mapping[str, Any]
USUAL = ("friction_index", "momentum_index", "drift_impact", "churn", "core_use")
"""Shown after the focus, as far as there is room."""
CARDS = 5


def figures(view: View) -> tuple[tuple[Figure, ...], tuple[Figure, ...]]:
    """The metrics in focus, and the usual ones that fill the row."""
    rows = {row.metric.name: row for row in view.scorecard.rows}
    currency = view.workspace.settings.currency
    focus = [name for name in view.workspace.journey.focus if name in rows]
    others = [name for name in USUAL if name in rows and name not in focus][: max(0, CARDS - len(focus))]
    return tuple(figure(rows[name], currency) for name in focus), tuple(figure(rows[name], currency) for name in others)


def figure(row: Row, currency: str) -> Figure:
    """A card: value, interval, and in a line whether it changed or meets its target."""
    unit, current = row.metric.unit, row.current
    has_value = current.value is not None
    return {
        "label": row.metric.label,
        "value": fmt.amount(current.value, unit, currency) if has_value else None,
        "interval": fmt.interval(current.low, current.high, unit, currency) if has_value else None,
        "note": note(row, currency) if has_value else fmt.reason(current.reason),
        "tone": tone(row),
    }


def note(row: Row, currency: str) -> str:
    """As in "-2 on 4 weeks before, not sure; target 20"."""
    said = [change(row, currency)]
    if row.target is not None:
        said.append(f"target {target_text(row, currency)}")
    return "; ".join(part for part in said if part)


def target_text(row: Row, currency: str) -> str:
    """The target; finer where it would read like the value that misses it."""
    unit, value = row.metric.unit, row.current.value
    told = fmt.amount(row.target, unit, currency)
    if row.met is False and row.target is not None and told == fmt.amount(value, unit, currency):
        return fmt.share(row.target, 1) if unit == "share" else fmt.number(row.target, 1)
    return told


def change(row: Row, currency: str) -> str:
    """The change, and whether it is real; empty where there is nothing to compare with."""
    if row.current.value is None or row.previous.value is None:
        return ""
    moved = fmt.difference(row.current.value - row.previous.value, row.metric.unit, currency)
    return f"{moved} on {row.against}, {'a real change' if row.is_real_change else 'not sure'}"


def tone(row: Row) -> str:
    """Colour only what is sure: a real change, or a missed target."""
    if row.is_better is not None:
        return "good" if row.is_better else "bad"
    return "warn" if row.met is False else ""
