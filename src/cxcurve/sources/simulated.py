"""A simulated company with known truth: a B2B software firm, its customers, and what they did.

`simulate` draws it, `write` saves it as the files a real user would have, with `truth.json` beside them: the
weights, hazards, drift zone and shocks that were planted, for estimates to find.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import yaml

from cxcurve.errors import BadValueError
from cxcurve.sources.company_names import CAPACITY
from cxcurve.sources.simulated_clock import WEEK, instant, iso, monday
from cxcurve.sources.simulated_kinds import INDEX, of_kinds
from cxcurve.sources.simulated_log import Log, join
from cxcurve.sources.simulated_market import (
    Market,
    customer_ids,
    customers_table,
    draw_market,
    partner_ids,
    people_table,
    person_ids,
)
from cxcurve.sources.simulated_truth import Shock, Truth, Weights, Zone, describe, plant
from cxcurve.sources.simulated_weeks import Walk
from cxcurve.sources.simulated_words import write_texts

__all__ = ["SOURCES", "Company", "Shock", "Truth", "Weights", "Zone", "plant", "simulate", "write"]

SOURCES = ("crm", "support", "product", "survey", "billing", "web", "community")
_GAPS_DAYS = {"community": 120, "billing": 45, "survey": 45}
"""How long a source may be silent; seven days the others."""
_GAPS_OF_FEW = 6
"""Times the mean gap: of a company so small that a source speaks rarely, nobody would call it broken sooner."""
_CURRENCY = "EUR"
_YEARLY = ("subscription_started", "subscription_renewed", "proposal_sent")
_MONTHLY = ("payment_failed", "invoice_disputed")
_PER_SEAT = ("seats_added", "seats_removed")


@dataclass(frozen=True, slots=True)
class Company:
    """What `simulate` made: Arrow tables of customers, people and, by source, events; and the planted truth."""

    customers: Any
    people: Any
    events: Mapping[str, Any]
    truth: dict[str, Any]


def simulate(
    *,
    customers: int = 2000,
    weeks: int = 104,
    seed: int = 7,
    end: date = date(2026, 6, 29),
    truth: Truth | None = None,
    weights: Weights | None = None,
) -> Company:
    """Draw a company; the same arguments give the same company, in any process.

    Args:
        customers: how many, prospects included.
        weeks: length of the window that ends at `end`. Earlier customers arrive in the
            `truth.warm_up_weeks` weeks ahead of it, and their events are part of the files.
        seed: of all random draws.
        end: nothing happens at or after its midnight UTC.
        truth: the planted parameters.
        weights: the planted weights; drawn from `seed` when None.

    Returns:
        Tables `customers`, `people`, `events` (one for each of `SOURCES`, in order of time), and `truth`.

    Raises:
        BadValueError: `customers` or `weeks` is out of range.
    """
    if not 1 <= customers <= CAPACITY:
        raise BadValueError(f"customers is {customers}; expected 1 to {CAPACITY}")
    if weeks < 8:
        raise BadValueError(f"weeks is {weeks}; expected 8 or more")
    plan, stop = truth or Truth(), instant(end)
    first = monday(stop - (weeks + plan.warm_up_weeks) * WEEK)
    for_weights, for_market, for_walk, for_words = np.random.default_rng(seed).spawn(4)
    weights = plant(plan, for_weights) if weights is None else weights
    walk = Walk(draw_market(customers, plan, for_market), plan, weights, first=first, end=stop, rng=for_walk)
    for week in range((stop - first + WEEK - 1) // WEEK):
        walk.step(week)
    log = join(walk.logs)
    log = log.where(log.at < stop)
    clock = {"seed": seed, "weeks": weeks, "end": stop, "start": stop - weeks * WEEK}
    planted = _truth(plan, weights, walk, log, clock)
    created = iso(walk.created)
    return Company(
        customers_table(walk.market, created), people_table(walk.market), _events(log, walk.market, for_words), planted
    )


def write(company: Company, folder: Path) -> None:
    """Save the company below `folder`: data/*.csv, sources.yaml and truth.json."""
    data = folder / "data"
    data.mkdir(parents=True, exist_ok=True)
    tables = {**company.events, "customers": company.customers, "people": company.people}
    for name, table in tables.items():
        pyarrow.csv.write_csv(table, data / f"{name}.csv", pyarrow.csv.WriteOptions(quoting_style="needed"))
    (folder / "sources.yaml").write_text(yaml.safe_dump(_sources(company.events), sort_keys=False), encoding="utf-8")
    (folder / "truth.json").write_text(json.dumps(company.truth, indent=1, ensure_ascii=False), encoding="utf-8")


def _sources(events: Mapping[str, Any]) -> dict[str, Any]:
    """sources.yaml: each file of events is the plain case, one row one event."""
    tables = {name: {"files": f"data/{name}.csv", "table": name} for name in ("customers", "people")}
    return {source: _plain(source, _expected_gap(source, events[source])) for source in SOURCES} | tables


def _expected_gap(source: str, events: Any) -> int:
    """Days that a source may be silent."""
    days = np.unique(pc.utf8_slice_codeunits(events["occurred_at"], 0, 10).to_numpy().astype("datetime64[D]"))
    mean = float((days[-1] - days[0]).astype(int)) / (len(days) - 1) if len(days) > 1 else 0.0
    return max(_GAPS_DAYS.get(source, 7), math.ceil(_GAPS_OF_FEW * mean))


def _plain(source: str, expected_gap: int) -> dict[str, Any]:
    same = ("name", "value", "amount", "currency", "text", "channel")
    return {
        "files": f"data/{source}.csv",
        "time": {"column": "occurred_at", "zone": "UTC"},
        "account": "account_id",
        "person": "person_id",
        "id": "event_id",
        **{column: column for column in same},
        "conversation": "conversation_id",
        "partner": "partner_id",
        "expected_gap": f"{expected_gap}d",
    }


def _events(log: Log, market: Market, rng: np.random.Generator) -> dict[str, Any]:
    texts, source = write_texts(log.kind, log.value, rng), of_kinds("source")[log.kind]
    return {name: _table(name, log.where(source == name), texts[source == name], market) for name in SOURCES}


def _table(source: str, log: Log, texts: Any, market: Market) -> Any:
    """The events of one source, in order of time."""
    order = np.argsort(log.at, kind="stable")
    log, texts = log.where(order), texts[order]
    amount = _amounts(log, market)
    return pa.table(
        {
            "event_id": np.array([f"{source}-{i:07d}" for i in range(1, len(log.at) + 1)], dtype=object),
            "occurred_at": iso(log.at),
            "account_id": customer_ids(len(market.segment))[log.customer],
            "person_id": _or_none(person_ids(len(market.person_customer)), log.person),
            "name": of_kinds("name")[log.kind],
            "channel": of_kinds("channel")[log.kind],
            "value": pa.array(log.value, from_pandas=True),
            "amount": pa.array(amount, from_pandas=True),
            "currency": pa.array(
                [None if no_money else _CURRENCY for no_money in np.isnan(amount).tolist()], pa.string()
            ),
            "text": pa.array(texts, pa.string()),
            "conversation_id": pa.array(_conversation_ids(log), pa.string()),
            "partner_id": pa.array(partner_ids(market)[log.customer], pa.string()),
        }
    )


def _or_none(names: Any, positions: Any) -> Any:
    return pa.array(np.array([*names, None], dtype=object)[positions], pa.string())


def _conversation_ids(log: Log) -> list[str | None]:
    return [None if number < 0 else f"t-{number + 1:06d}" for number in log.conversation.tolist()]


def _amounts(log: Log, market: Market) -> Any:
    """Money of each event, nan where there is none: per year, the month's invoice, or for the seats changed."""
    name, revenue = of_kinds("name")[log.kind], market.revenue[log.customer]
    per_seat = revenue / market.seats[log.customer] * log.value
    cases = [np.isin(name, _YEARLY), np.isin(name, _MONTHLY), np.isin(name, _PER_SEAT)]
    return np.round(np.select(cases, [revenue, revenue / 12, per_seat], np.nan), 2)


def _truth(plan: Truth, weights: Weights, walk: Walk, log: Log, clock: dict[str, int]) -> dict[str, Any]:
    def day(at: int) -> str:
        return datetime.fromtimestamp(at, UTC).date().isoformat()

    def since(weeks_before_end: int) -> str:
        return day(monday(clock["end"] - weeks_before_end * WEEK))

    planted = describe(plan, weights) | clock | {"start": day(clock["start"]), "end": day(clock["end"])}
    if plan.zone:
        planted["zone"]["from"] = since(plan.zone.weeks_before_end)
    for shock in planted["shocks"]:
        shock |= {"at": since(shock["weeks_before_end"]), "n_hit": walk.n_hit[shock["what"]]}
    ids = customer_ids(len(walk.satisfaction))
    planted["satisfaction"] = dict(zip(ids.tolist(), walk.satisfaction.round(3).tolist(), strict=True))
    planted["counts"] = _counts(log, walk.market)
    return planted


def _counts(log: Log, market: Market) -> dict[str, int]:
    """How many customers did what, and how often each event happened."""

    def did(name: str) -> int:
        return len(np.unique(log.customer[log.kind == INDEX[name]]))

    names, times = np.unique(of_kinds("name")[log.kind], return_counts=True)
    return {
        "customers": len(market.segment),
        "people": len(market.person_customer),
        "events": len(log.at),
        "bought": did("subscription_started"),
        "reached_value": did("first_value_reached"),
        "cancelled": did("subscription_cancelled"),
        "lost": did("deal_lost"),
    } | {f"n_{name}": int(n) for name, n in zip(names.tolist(), times.tolist(), strict=True)}
