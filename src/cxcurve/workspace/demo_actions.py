"""The actions of the simulated company, with known truth: one that halves its contacts, and others that do nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cxcurve.metrics.reached import index_weeks
from cxcurve.sources.simulated import Company
from cxcurve.stats.draws import held_out
from cxcurve.workspace.actions import action_id
from cxcurve.workspace.workspace import Workspace

TICKETS = ("ticket_opened", "urgent_ticket_opened")
FRICTION = "ticket_opened"
HIGH = 50.0
BY = "demo"


@dataclass(frozen=True, slots=True)
class Deed:
    """An action of the company: days before its end at which it began, and how much it took away of the contacts."""

    what: str
    owner: str
    days_before_end: int
    days: int
    metric: str
    promised: float
    held_out: int
    stage: str = ""
    segment: str = ""
    takes_share: float = 0.0
    is_for_high_friction: bool = False

    def said(self, end: date) -> dict[str, str]:
        """As a form says it."""
        told = {name: getattr(self, name) for name in ("what", "owner", "metric", "stage", "segment")}
        numbers = {name: f"{getattr(self, name):g}" for name in ("days", "promised", "held_out")}
        return {**told, **numbers, "started_on": self.start(end).isoformat()}

    def start(self, end: date) -> date:
        """The day it began."""
        return end - timedelta(days=self.days_before_end)

    def written_us(self, end: date) -> int:
        """The day before it began, at noon."""
        noon = datetime(*self.start(end).timetuple()[:3], 12, tzinfo=UTC) - timedelta(days=1)
        return int(noon.timestamp()) * 1_000_000

    def drawn_by(self, end: date) -> str:
        """The name of its draw."""
        return action_id(self.what, self.start(end).isoformat(), self.metric, self.written_us(end))


DEEDS = (
    Deed("Answers beside each screen, before anybody has to ask", "Keiko Brandt", 91, 56, "contacts", 40, 40,
         takes_share=0.5),
    Deed("A letter from the founder", "Hugo Valdés", 70, 28, "moves_on", 5, 30),
    Deed("A call to those with the most friction", "Elif Sørensen", 49, 28, "friction_index", 5, 0,
         is_for_high_friction=True),
    Deed("A guide for the first week", "Greta Okonjo", 10, 28, "momentum_index", 3, 20, stage="invest"),
)  # fmt: skip


def eased(company: Company, end: date) -> Company:
    """The company with what its actions took away; everything else is as it was drawn.

    A contact goes with its whole conversation; which go is told by a hash, so no other draw of the company changes.
    """
    for deed in (one for one in DEEDS if one.takes_share):
        company = _without(company, _taken(company, deed, end))
        told = {"what": deed.what, "from": deed.start(end).isoformat(), "days": deed.days, "metric": deed.metric,
                "takes_share": deed.takes_share, "held_out_share": deed.held_out / 100}  # fmt: skip
        company = replace(company, truth=company.truth | {"actions": [told]})
    return company


def write_demo_actions(workspace: Workspace, end: date) -> None:
    """Write them down as of the day before each began; those for which there is nobody are left out."""
    if workspace.store.rows("SELECT 1 FROM actions LIMIT 1"):
        return
    inside = {row["customer_id"] for row in workspace.customers()}
    for deed in DEEDS:
        said = deed.said(end)
        if deed.is_for_high_friction:
            ids = [one for one in _high(workspace, deed, end) if one in inside]
            said |= {"customers": "\n".join(ids), "friction": f"{FRICTION}/mail/transform"} if ids else {}
        if inside and (not deed.is_for_high_friction or said.get("customers")):
            workspace.write_action(said, BY, deed.written_us(end))


def _taken(company: Company, deed: Deed, end: date) -> set[str]:
    """The conversations that never began."""
    draw, since = deed.drawn_by(end), deed.start(end)
    first, last = since.isoformat(), (since + timedelta(days=deed.days)).isoformat()
    support: Any = company.events["support"]
    is_in = pc.and_(pc.greater_equal(support["occurred_at"], first), pc.less(support["occurred_at"], last))
    rows = support.filter(pc.and_(is_in, pc.is_in(support["name"], pa.array(TICKETS))))
    ids, conversations = (rows[name].to_pylist() for name in ("account_id", "conversation_id"))
    is_left_alone = held_out(draw, ids, deed.held_out / 100)
    goes = held_out(f"{draw} takes", conversations, deed.takes_share) & ~is_left_alone
    return set(np.array(conversations, object)[goes].tolist())


def _without(company: Company, conversations: set[str]) -> Company:
    gone, tables = pa.array(sorted(conversations), pa.string()), {}
    n_gone: Counter[str] = Counter()
    for name, table in company.events.items():
        is_gone = pc.is_in(table["conversation_id"], gone)
        n_gone.update(table.filter(is_gone)["name"].to_pylist())
        tables[name] = table.filter(pc.invert(is_gone))
    counts: Mapping[str, int] = company.truth["counts"]
    left = {f"n_{name}": counts[f"n_{name}"] - n for name, n in n_gone.items()}
    truth = company.truth | {"counts": {**counts, **left, "events": counts["events"] - n_gone.total()}}
    return replace(company, events=tables, truth=truth)


def _high(workspace: Workspace, deed: Deed, end: date) -> list[str]:
    """Every other customer with high friction the week before: chosen at their worst."""
    with workspace.snapshot() as known:
        at_us = deed.written_us(end)
        week = known.calendar.week_at(at_us) - 1
        rows = index_weeks(known, "friction_index", week, week)
        named = rows.join(known.customers.select("customer_key", "customer_id"), "customer_key")
        found = workspace.store.arrow(named.select("customer_id", "value")).to_pylist()
    return sorted(row["customer_id"] for row in found if row["value"] >= HIGH)[::2]
