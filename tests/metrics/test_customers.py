"""What a customer is worth: its own revenue, its latest offer, the usual of its segment, the usual of all."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import yaml
from worlds import DAY_US, new_store, us

from cxcurve import tables
from cxcurve.model.journey import Journey
from cxcurve.pipeline.run import Run
from cxcurve.pipeline.scoring import score
from cxcurve.pipeline.snapshots import snapshot
from cxcurve.sources import arrow_schema

JOURNEY = Journey.model_validate(
    yaml.safe_load("""
journey: deals
stages: [look, compare, buy, use]
signals:
  visited: {stage: look, momentum: 0.2}
  offered: {stage: compare, momentum: 0.5}
  bought: {stage: buy, momentum: 1}
  reached: {stage: use, momentum: 1}
time_to_value: {from: bought, to: reached}
""")
)
NAMES = ("customer_id", "segment", "revenue_per_year", "valid_from_us", "attributes")
DAY = us("2026-02-02")
EVENTS = (
    ("own", "offered", 0, 500.0),
    ("prospect", "offered", 0, 300.0), ("prospect", "offered", 3, 700.0), ("prospect", "offered", 9, 900.0),
    ("buyer", "bought", 0, 55.0), ("free", "offered", 0, 0.0), ("alone", "visited", 0, None), ("b", "visited", 0, None),
)  # fmt: skip
CUSTOMERS = (
    ("own", "A", 1000.0, 0), ("own", "A", 4000.0, DAY + 8 * DAY_US), ("a2", "A", 2000.0, 0), ("prospect", "A", None, 0),
    ("buyer", "A", None, 0), ("b", "B", None, 0), ("b2", "B", 600.0, 0), ("free", None, None, 0),
)  # fmt: skip


def found(as_of_us: int) -> dict[str, tuple[float, bool]]:
    """Revenue, and whether it is a usual one, by customer."""
    events = [
        {
            "event_id": f"e{number}", "account_id": who, "occurred_us": DAY + day * DAY_US, "received_us": DAY,
            "name": name, "source": "test", "amount": amount, "data_class": "observed", "properties": "{}",
        }
        for number, (who, name, day, amount) in enumerate(EVENTS)
    ]  # fmt: skip
    known: list[dict[str, Any]] = [
        dict(zip(NAMES, (who, segment, revenue, since, "{}"), strict=True))
        for who, segment, revenue, since in CUSTOMERS
    ]
    with new_store({}) as store:
        store.upsert(tables.CUSTOMERS, pa.Table.from_pylist(known, schema=arrow_schema(tables.CUSTOMERS)))
        store.append(pa.Table.from_pylist(events, schema=arrow_schema(tables.EVENTS)))
        run = Run(store, JOURNEY, "UTC", as_of_us)
        score(run, None)
        rows = store.arrow(snapshot(run).customers).to_pylist()
    return {row["customer_id"]: (row["revenue"], row["is_usual_revenue"]) for row in rows}


def test_a_prospect_is_worth_its_latest_offer_else_the_usual() -> None:
    assert found(DAY + 7 * DAY_US) == {
        "own": (1000.0, False),
        "prospect": (700.0, False),  # the latest before as_of
        "buyer": (1500.0, True),  # what somebody paid once is no revenue a year
        "b": (600.0, True),
        "free": (1000.0, True),  # an offer of nothing says nothing; without a segment, the usual of all
        "alone": (1000.0, True),
    }


def test_what_holds_or_happens_from_as_of_on_is_not_known() -> None:
    assert found(DAY + 8 * DAY_US)["own"] == (1000.0, False)
    later = found(DAY + 10 * DAY_US)
    assert later["own"] == (4000.0, False)
    assert later["prospect"] == (900.0, False)
    assert later["buyer"] == (3000.0, True)
