"""The friction inventory as a table for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.text import Text

from cxcurve.charts import format as said
from cxcurve.cli.tables import MOST_ROWS, Manner, Parts, clean, filled, heading, more, named, table, why_not

Found = Mapping[str, Any]


def inventory_view(found: Found, manner: Manner) -> Parts:
    """A row for each signal, touchpoint and stage, the largest risk first."""
    yield heading("Friction inventory", manner.as_of(found["as_of"]), found["label"])
    rows = found["rows"]
    if not rows:
        yield why_not("no_events")
        return
    heads = ("Friction", "Where", "Stage", ">Revenue at risk", "95 %", ">Customers", ">Odds", "Status", "Owner")
    yield filled(table(*heads), (_row(row, manner) for row in rows[:MOST_ROWS]))
    yield from more(len(rows))
    if found["reason"]:
        yield why_not(found["reason"])
    elif found["revenue_at_risk"] is not None:
        risk, whole = (manner.money(found[name]) for name in ("revenue_at_risk", "leaving_revenue"))
        days = f"{found['horizon_days']:g} days"
        yield Text(f"{risk} of the {whole} a year that may leave within {days} goes with these frictions.")


def _row(row: Found, manner: Manner) -> list[Any]:
    place = [named(row["signal"]), clean(row["touchpoint"], 16), clean(row["stage_label"], 16)]
    if row["revenue_at_risk"] is None:
        risk = [said.NOTHING, why_not(row["reason"])]
    else:
        risk = [manner.money(row["revenue_at_risk"]), f"{manner.money(row['low'])} to {manner.money(row['high'])}"]
    told = [said.number(row["n_customers"]), said.odds(row["loyalty_odds"])]
    return [*place, *risk, *told, named(row["status"]), clean(row["owner"], 24)]
