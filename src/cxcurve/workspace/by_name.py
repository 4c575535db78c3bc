"""Small companies: where averages say little, the customers themselves are named.

Under 200 customers most intervals are too wide to act on, and everybody can be known by name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import ibis.expr.types as ir
import pyarrow as pa

from cxcurve.charts.format import FRICTION_CUT, days, number
from cxcurve.metrics.snapshot import Snapshot
from cxcurve.tables import US_PER_DAY
from cxcurve.workspace.lists import customer_rows, time_to_value_result

Arrow = Callable[[ir.Table], pa.Table]
NAMED_UP_TO = 200
MOST_NAMES = 8
LEFT_DAYS = 28


@dataclass(frozen=True, slots=True)
class Named:
    """A list of customers: what they have in common, how many there are, and the first of them with what is told."""

    title: str
    n: int
    customers: tuple[Mapping[str, Any], ...]


def by_name(snapshot: Snapshot, arrow: Arrow) -> tuple[Named, ...]:
    """Who left lately, who waits for value, and whom friction holds; nothing where there are more than 200 customers.

    Each customer: customer_id, name, owner, told.
    """
    if arrow(snapshot.customer_now.agg(n=snapshot.customer_now.count()))["n"][0].as_py() > NAMED_UP_TO:
        return ()
    rows = customer_rows(snapshot, arrow)
    known = {row["customer_id"]: row for row in rows}
    held = [row for row in rows if (row["friction_index"] or 0.0) >= FRICTION_CUT]
    waiting = time_to_value_result(snapshot, arrow).waiting()
    return tuple(
        _named(title, found)
        for title, found in (
            (f"Left in the last {LEFT_DAYS} days", [(known[one], how) for one, how in _left(snapshot, arrow)]),
            (
                f"Held by friction: an index of {number(FRICTION_CUT)} or more",
                [(row, number(row["friction_index"])) for row in sorted(held, key=lambda row: -row["friction_index"])],
            ),
            ("Waiting for first value", [(row, days(row["days"])) for row in waiting]),
        )
        if found
    )


def _left(snapshot: Snapshot, arrow: Arrow) -> list[tuple[str, str]]:
    """Who left, the latest first, and how long ago."""
    stays = snapshot.stays.filter(snapshot.stays.ended_by == "exited")
    since_us = snapshot.as_of_us - LEFT_DAYS * US_PER_DAY
    left = stays.filter(stays.left_us >= since_us).join(snapshot.customers, "customer_key")
    rows = arrow(left.group_by("customer_id").agg(left_us=left.left_us.max())).to_pylist()
    told = [(row["customer_id"], (snapshot.as_of_us - row["left_us"]) / US_PER_DAY) for row in rows]
    return [(one, f"{days(ago)} ago") for one, ago in sorted(told, key=lambda row: (row[1], row[0]))]


def _named(title: str, found: Iterable[tuple[Mapping[str, Any], str]]) -> Named:
    rows = [{**{key: row[key] for key in ("customer_id", "name", "owner")}, "told": told} for row, told in found]
    return Named(title, len(rows), tuple(rows[:MOST_NAMES]))
