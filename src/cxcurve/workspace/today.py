"""Whom to call today, and how to begin: who drifts with most to save, then who is held by friction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, islice
from typing import Any

from cxcurve.metrics.customer_states import CRITIC, SLIPPING
from cxcurve.metrics.drift import Zone
from cxcurve.metrics.drifting import Drifting
from cxcurve.model import Journey
from cxcurve.tables import US_PER_DAY
from cxcurve.workspace.fields import next_step
from cxcurve.workspace.names import labels, stage_label

TEN, MOST = 10, 1_000
STALL = "stall"
TROUBLES = ("stuck", SLIPPING, CRITIC)
"""Why somebody is called who does not drift: the pair and states, the first that holds is told."""
_OPENINGS: Mapping[str, str] = {
    "open_issues": "Some of what you asked us for is open longer than it should be. What does that keep you from?",
    "silence": "We have not heard from you for a while. Has anything changed on your side?",
    "decline": "Your team does less with it than some weeks ago. What changed?",
}
_TO_WHO_STANDS_STILL = "You have stood at the same point for a while now. What would help you take the next step?"
_TO_OTHERS = "How far have you come with what you want it for, and what is in the way?"

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """A customer to call.

    Attributes:
        why: a drift zone, as in "Drifting: Invest to Transform", or a state.
        days: for how long: in the zone, or in the state.
        progress_share: P(moves on within 28 days | still here); None for who does not drift, or too few are known.
        worth_saving_revenue: a year's revenue x that chance.
        reason: the signal or state with most friction, in words.
        sentence: how to begin.
        next_step: what the journey names for the way to the next stage.
    """

    customer_id: str
    name: str
    segment: str | None
    owner: str | None
    revenue: float | None
    is_usual_revenue: bool
    why: str
    days: float | None
    progress_share: float | None
    worth_saving_revenue: float | None
    reason: str | None
    sentence: str
    next_step: str | None

    def to_json(self) -> dict[str, Any]:
        """As it is."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Calls:
    """The most urgent of `n` calls: nobody makes more in a day."""

    n: int
    first: tuple[Call, ...]


def calls(
    rows: Sequence[Row], drifting: Iterable[tuple[Zone, Drifting]], reasons: Mapping[int, str], journey: Journey,
    as_of_us: int,
) -> Calls:  # fmt: skip
    """Everybody worth a call, the most urgent first.

    First who drifts, by revenue x chance to save; a customer in two zones is called about the one that is worth more.
    Then those stuck, slipping back or speaking against us, by revenue.

    Args:
        rows: of `lists.customer_rows`.
        drifting: who is beyond the usual end of a zone.
        reasons: of `reasons.top_reasons` but for `STALL`, by customer_key: that somebody drifts is told already.
        journey: names stages and signals.
        as_of_us: now.
    """
    best: dict[int, tuple[Zone, Drifting]] = {}
    for zone, one in drifting:
        if one.customer_key not in best or _worth(one) > _worth(best[one.customer_key][1]):
            best[one.customer_key] = zone, one
    label = labels(journey)

    def first(row: Row) -> Call:
        zone, one = best[row["customer_key"]]
        why = f"Drifting: {stage_label(journey, zone.start)} to {stage_label(journey, zone.goal)}"
        return _call(row, why, one.days, one, reasons.get(row["customer_key"]), label, journey)

    def then(row: Row) -> Call:
        state, since = _trouble(row)
        days = None if since is None else as_of_us / US_PER_DAY - datetime.fromisoformat(since).timestamp() / 86_400
        return _call(row, state.capitalize(), days, None, reasons.get(row["customer_key"]), label, journey)

    late = [row for row in rows if row["customer_key"] in best]
    held = [row for row in rows if row["customer_key"] not in best and row["stage"] is not None and _trouble(row)[0]]
    late.sort(key=lambda row: (-_worth(best[row["customer_key"]][1]), -(row["revenue"] or 0.0), row["customer_id"]))
    held.sort(key=lambda row: (-(row["revenue"] or 0.0), row["level"], row["customer_id"]))
    return Calls(len(late) + len(held), tuple(islice(chain(map(first, late), map(then, held)), MOST)))


def _worth(one: Drifting) -> float:
    return -1.0 if one.worth_saving_revenue is None else one.worth_saving_revenue


def _trouble(row: Row) -> tuple[str, str | None]:
    """The first of `TROUBLES` that holds, and since when; "" where none does."""
    held = {one["state"]: one["since"] for one in row["states"]}
    if row["pair"] is not None:
        held[row["pair"]] = row["pair_since"]
    return next(((name, held[name]) for name in TROUBLES if name in held), ("", None))


def _call(
    row: Row, why: str, days: float | None, one: Drifting | None, reason: str | None, label: Callable[[str], str],
    journey: Journey,
) -> Call:  # fmt: skip
    told = None if reason is None else label(reason)
    return Call(
        customer_id=row["customer_id"],
        name=row["name"] or row["customer_id"],
        segment=row["segment"],
        owner=row["owner"],
        revenue=row["revenue"],
        is_usual_revenue=bool(row["is_usual_revenue"]),
        why=why,
        days=days,
        progress_share=one.progress_share if one else None,
        worth_saving_revenue=one.worth_saving_revenue if one else None,
        reason=told,
        sentence=_opening(reason, told, is_drifting=one is not None),
        next_step=next_step(journey, row["stage"]),
    )


def _opening(reason: str | None, told: str | None, *, is_drifting: bool) -> str:
    """Nothing of what is measured, and one question."""
    if reason is None or told is None:
        return _TO_WHO_STANDS_STILL if is_drifting else _TO_OTHERS
    return _OPENINGS.get(reason, f"I saw that there was “{told}” lately. How was that for you, and what is still open?")
