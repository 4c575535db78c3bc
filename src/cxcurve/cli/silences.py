"""False alarms of silence and quiet exits, as tables for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.text import Text

from cxcurve.charts import format as said
from cxcurve.cli.tables import Parts, filled, heading, named, table, why_not

Found = Mapping[str, Any]


def silence_view(found: Found) -> Parts:
    """A row for each third of the customers, and one for each stage that was left."""
    yield heading("Silence", "gaps that ended by themselves, over the whole log")
    if found["silence"]:
        heads = ("Active days", ">Customers", ">Gaps", ">Called silent", "95 %", ">By a two-week rule")
        yield filled(table(*heads), map(_alarms, found["silence"]))
        yield Text("Called silent and then active again: a false alarm. Few, some and many: a third of customers each.")
    else:
        yield why_not(found["silence_reason"])
    yield heading("Quiet exits", "no complaint in the 90 days before, over the whole log")
    yield filled(table("Left from", ">Exits", ">Quiet", "95 %"), map(_exits, found["quiet_exits"]))


def _alarms(one: Found) -> list[Any]:
    days = f"{one['activity']} ({said.number(one['from_days'])} to {said.number(one['to_days'])})"
    counts = [said.number(one["n_customers"]), said.number(one["n"])]
    return [days, *counts, *_share(one, "false_alarm_share"), said.share(one["fixed_rule_share"], 1)]


def _exits(one: Found) -> list[Any]:
    return [named(one["stage"] or "any stage"), said.number(one["n"]), *_share(one, "share")]


def _share(one: Found, name: str) -> list[Any]:
    if one[name] is None:
        return [said.NOTHING, why_not(one["reason"])]
    return [said.share(one[name], 1), f"{said.share(one['low'], 1)} to {said.share(one['high'], 1)}"]
