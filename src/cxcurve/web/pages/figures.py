"""Key figures: a line of the scorecard as a card, the metrics in focus first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cxcurve.charts import format as fmt
from cxcurve.web.pages.explain import href_of
from cxcurve.web.reader import View
from cxcurve.workspace.explain import Key
from cxcurve.workspace.scorecards import Row

Figure = Mapping[str, Any]
USUAL = ("friction_index", "momentum_index", "drift_impact", "churn", "core_use")
"""Shown after the focus, as far as there is room."""
CARDS = 5
_FINER = {"share": fmt.share, "index": fmt.number, "number": fmt.number}


def figures(view: View) -> tuple[tuple[Figure, ...], tuple[Figure, ...]]:
    """The metrics in focus, and the usual ones that fill the row."""
    rows = {row.metric.name: row for row in view.scorecard.rows}
    currency = view.workspace.settings.currency
    focus = [name for name in view.workspace.journey.focus if name in rows]
    others = [name for name in USUAL if name in rows and name not in focus][: max(0, CARDS - len(focus))]
    made = {name: {**figure(rows[name], currency), "href": _explained(view, name)} for name in (*focus, *others)}
    return tuple(made[name] for name in focus), tuple(made[name] for name in others)


def _explained(view: View, name: str) -> str:
    """The page that explains a metric."""
    return href_of(Key("scorecard", (name,), view.whom.segment, view.whom.cohort, view.whom.as_of))


def figure(row: Row, currency: str) -> Figure:
    """A card: value, interval, and in a line whether it changed or meets its target."""
    unit, current = row.metric.unit, row.current
    has_value = current.value is not None
    return {
        "label": row.metric.label,
        "value": told(row, currency)[0] if has_value else None,
        "interval": fmt.interval(current.low, current.high, unit, currency) if has_value else None,
        "note": note(row, currency) if has_value else fmt.reason(current.reason),
        "tone": tone(row),
    }


def note(row: Row, currency: str) -> str:
    """As in "-2 on 4 weeks before, not sure; target 20"."""
    said = [change(row, currency)]
    if row.target is not None:
        said.append(f"target {told(row, currency)[1]}")
    return "; ".join(part for part in said if part)


def told(row: Row, currency: str) -> tuple[str, str]:
    """Value and target; finer where the value misses the target and both would read the same."""
    unit, value = row.metric.unit, row.current.value
    value_text, target_text = (fmt.amount(one, unit, currency) for one in (value, row.target))
    if row.met is False and value_text == target_text and unit in _FINER:
        return _FINER[unit](value, 1), _FINER[unit](row.target, 1)
    return value_text, target_text


def change(row: Row, currency: str) -> str:
    """The change, and whether it is real; empty where there is nothing to compare with."""
    if row.current.value is None or row.previous.value is None:
        return ""
    moved = fmt.difference(row.current.value - row.previous.value, row.metric.unit, currency)
    return f"{moved} against {row.against}, {'a real change' if row.is_real_change else 'not sure'}"


def tone(row: Row) -> str:
    """Colour only what is sure: a real change, or a missed target."""
    if row.is_better is not None:
        return "good" if row.is_better else "bad"
    return "warn" if row.met is False else ""
