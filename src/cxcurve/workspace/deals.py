"""Deals of a snapshot: prospects by what they are worth and how likely they move on, with the doubt that holds each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import ibis.expr.types as ir
import pyarrow as pa

from cxcurve.errors import Reason
from cxcurve.metrics.deals import Deal, deals, expected_sum
from cxcurve.metrics.drifting import AHEAD_DAYS
from cxcurve.metrics.passages import Passage, passages
from cxcurve.metrics.snapshot import Snapshot
from cxcurve.pipeline.run import Run
from cxcurve.stats.estimates import Estimate, nothing
from cxcurve.workspace.fields import next_step
from cxcurve.workspace.names import labels
from cxcurve.workspace.reasons import top_reasons
from cxcurve.workspace.results import at, html_table, plain

Row = Mapping[str, Any]
NO_DOUBT = "no friction to speak of"
COUNTS = ("n_there", "n_moved_on", "n_left")
"""What a chance rests on."""
_CUSTOMER = ("customer_id", "name", "segment", "owner", "revenue", "is_usual_revenue")


@dataclass(frozen=True)
class StageOfDeals:
    """The deals at a stage: how many, their amounts, and what of them moves on within 28 days."""

    stage: str
    label: str
    n: int
    n_with_amount: int
    amount: float
    expected: Estimate
    next_step: str | None


@dataclass(frozen=True)
class DealsResult:
    """Every prospect, and what comes of all of them.

    Attributes:
        as_of_us: now.
        rows: one per prospect, the most expected first; those without amount or chance last, with `reason`.
        stages: by stage before the purchase, in the order of the journey.
        doubts: (doubt, amount held, prospects), the most money first.
        expected: the sum of amount x chance of all of them.
        purchase: label of the stage that is entered by buying.
        reason: why there are none.
    """

    as_of_us: int
    rows: Sequence[Row] = ()
    stages: Sequence[StageOfDeals] = ()
    doubts: Sequence[tuple[str, float, int]] = ()
    expected: Estimate = field(default_factory=nothing)
    purchase: str = ""
    reason: Reason | None = None

    @property
    def amount(self) -> float:
        """What all with an amount would pay a year."""
        return sum(row["amount"] or 0.0 for row in self.rows)

    @property
    def n_without_amount(self) -> int:
        """Of how many nobody said what they would pay."""
        return sum(row["amount"] is None for row in self.rows)

    def to_json(self) -> dict[str, Any]:
        """As `cxcurve show deals --json`."""
        return {
            "as_of": at(self.as_of_us),
            "horizon_days": AHEAD_DAYS,
            "n": len(self.rows),
            "n_without_amount": self.n_without_amount,
            "amount": self.amount,
            **_expected(self.expected),
            "purchase": self.purchase,
            "stages": [
                {"stage": one.stage, "n": one.n, "n_with_amount": one.n_with_amount, "amount": one.amount,
                 **_expected(one.expected), "next_step": one.next_step}
                for one in self.stages
            ],
            "doubts": [{"doubt": doubt, "amount": amount, "n": n} for doubt, amount, n in self.doubts],
            "deals": [dict(row) for row in self.rows],
            "reason": self.reason,
        }  # fmt: skip

    def _repr_html_(self) -> str:
        names = ("name", "stage_label", "amount", "chance", "expected", "doubt")
        return html_table("Deals", names, [[row[name] for name in names] for row in self.rows])


def _expected(found: Estimate) -> dict[str, Any]:
    return {
        "expected": plain(found.value),
        "expected_low": plain(found.low),
        "expected_high": plain(found.high),
        "expected_n": found.n,
        "expected_reason": found.reason,
    }


def deals_result(run: Run, snapshot: Snapshot) -> DealsResult:
    """Read the deals: whoever is inside the journey and has not bought."""
    bought = _purchase_stage(snapshot)
    if not bought:
        return DealsResult(snapshot.as_of_us, reason=Reason.NOT_IN_MODEL)
    arrow = run.store.arrow
    now = snapshot.customer_now.select("customer_key", "stage", "dwell_days", "friction_index", "momentum_index")
    who = {row["customer_key"]: row for row in arrow(now.filter(now.stage < bought)).to_pylist()}
    people = arrow(snapshot.customers.select("customer_key", *_CUSTOMER)).to_pylist()
    known = {row["customer_key"]: row for row in people if row["customer_key"] in who}
    amounts = {key: row["revenue"] for key, row in known.items() if row["revenue"] and not row["is_usual_revenue"]}
    found = passages_of(snapshot, arrow)
    by_stage = {
        passage.stage: deals(passage, _present(who, passage.stage), amounts) for passage in found
    }  # fmt: skip
    every = [one for mine in by_stage.values() for one in mine]
    reasons = top_reasons(run, snapshot)
    rows = sorted((_row(snapshot, one, who, known, reasons) for one in every), key=_order)
    entrants = {passage.stage: passage for passage in found}
    stages = [_stage(snapshot, stage, mine, expected_sum(mine, entrants, seed=1)) for stage, mine in by_stage.items()]
    return DealsResult(
        snapshot.as_of_us, rows, stages, _doubts(rows), expected_sum(every, entrants, seed=1),
        snapshot.stage_label(bought), None if rows else Reason.NO_EVENTS,
    )  # fmt: skip


def passages_of(snapshot: Snapshot, arrow: Callable[[ir.Table], pa.Table]) -> list[Passage]:
    """Everybody who ever entered each stage before the purchase."""
    found = passages(arrow(snapshot.stays), len(snapshot.stage_names), snapshot.as_of_us)
    return found[: _purchase_stage(snapshot)]


def _purchase_stage(snapshot: Snapshot) -> int:
    """Position of the stage that the purchase enters, which is where the way to value begins; 0 where none does."""
    journey = snapshot.plan.journey
    bought = journey.signals.get(journey.time_to_value.start) if journey.time_to_value else None
    return journey.stage_names.index(bought.stage) if bought is not None and bought.stage else 0


def _present(who: Mapping[int, Row], stage: int) -> list[tuple[int, float]]:
    return sorted((key, row["dwell_days"]) for key, row in who.items() if row["stage"] == stage)


def _row(
    snapshot: Snapshot, one: Deal, who: Mapping[int, Row], known: Mapping[int, Row], reasons: Mapping[int, str]
) -> dict[str, Any]:
    mine, customer = who[one.customer_key], known[one.customer_key]
    doubt = reasons.get(one.customer_key)
    return {
        **{name: customer[name] for name in ("customer_id", "name", "segment", "owner")},
        "stage": snapshot.stage_name(one.stage),
        "stage_label": snapshot.stage_label(one.stage),
        "days": one.days,
        "amount": one.amount,
        "usual_amount": customer["revenue"] if one.amount is None and customer["revenue"] else None,
        "chance": one.chance,
        **{name: getattr(one, name) for name in COUNTS},
        "expected": one.expected,
        "doubt": None if doubt is None else labels(snapshot.plan.journey)(doubt),
        "friction_index": mine["friction_index"],
        "momentum_index": mine["momentum_index"],
        "reason": one.reason,
    }


def _order(row: Row) -> tuple[bool, float, float, str]:
    return row["expected"] is None, -(row["expected"] or 0.0), -(row["amount"] or 0.0), row["customer_id"]


def _stage(snapshot: Snapshot, stage: int, mine: Sequence[Deal], expected: Estimate) -> StageOfDeals:
    name, priced = snapshot.stage_name(stage), [one.amount for one in mine if one.amount is not None]
    step = next_step(snapshot.plan.journey, name)
    return StageOfDeals(name, snapshot.stage_label(stage), len(mine), len(priced), sum(priced), expected, step)


def _doubts(rows: Sequence[Row]) -> list[tuple[str, float, int]]:
    """What holds how much: each prospect's money by the strongest of its frictions."""
    held: dict[str, list[float]] = {}
    for row in rows:
        held.setdefault(row["doubt"] or NO_DOUBT, []).append(row["amount"] or 0.0)
    return sorted(((doubt, sum(sums), len(sums)) for doubt, sums in held.items()), key=lambda one: (-one[1], one[0]))
