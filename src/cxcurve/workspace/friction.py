"""The friction inventory of a snapshot, with what was decided about each row and what happened after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxcurve.errors import Reason
from cxcurve.metrics.exit_chances import FELT_DAYS, HORIZON_DAYS, Chances
from cxcurve.metrics.inventory import FrictionEvent, Inside, Inventory, Place, Row, inventory
from cxcurve.metrics.recursion import column
from cxcurve.metrics.snapshot import Snapshot
from cxcurve.pipeline.friction import EVENT_DAYS, events_of, inside_of
from cxcurve.pipeline.run import Run
from cxcurve.stats.estimates import Estimate
from cxcurve.stats.rates import rate_ratio
from cxcurve.stats.strata import Stratified
from cxcurve.tables import US_PER_DAY
from cxcurve.workspace.remedies import Remedy, friction_key
from cxcurve.workspace.results import at, html_table, plain

Ints = NDArray[np.int64]
LABEL = "association, not cause"
NOT_KNOWN = "not known"
LEAST_DAYS, MOST_DAYS = 28, 90
"""What happened after is told from four weeks on, over as many days before, 90 at most."""


@dataclass(frozen=True, eq=False, slots=True)
class Times:
    """When customers were there and when each friction met them: what `after` compares.

    Attributes:
        since_us: from when on events are known.
        customer: (n,) customer_key of each stay.
        entered_us, left_us: (n,) from when until when (as_of where open).
        met: by place (m,) customer_key and moment of each event.
    """

    since_us: int
    customer: Ints
    entered_us: Ints
    left_us: Ints
    met: Mapping[Place, tuple[Ints, Ints]]


_NOBODY: Ints = np.zeros(0, np.int64)
NO_TIMES = Times(0, _NOBODY, _NOBODY, _NOBODY, {})


@dataclass(frozen=True, eq=False)
class InventoryResult:
    """The inventory by as_of.

    Attributes:
        found: the rows.
        names: signal by key.
        stages: name and label by position.
        customer_ids: by position of `inside`.
        inside: chance to leave and revenue of everybody inside the journey.
        decided: the last decision, by signal, touchpoint and stage.
        is_few: whether rows of few customers, and totals, were left out.
        rivals: by touchpoint our minutes less the best rival's, and effort likewise, from walks.
        reason: why revenue at risk is not told.
    """

    as_of_us: int
    found: Inventory
    names: Mapping[int, str]
    stages: Sequence[tuple[str, str]]
    customer_ids: Sequence[str]
    inside: Inside
    times: Times
    n_exits: int
    reason: Reason | None = None
    decided: Mapping[tuple[str, str, str], Remedy] = field(default_factory=dict)
    rivals: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    is_few: bool = False

    def place_of(self, row: Row) -> tuple[str, str, str]:
        """Signal, touchpoint and stage by their names."""
        return self.names[row.place.signal], row.place.touchpoint, self.stages[row.place.stage][0]

    def remedy_of(self, row: Row) -> Remedy:
        """What was decided last; a row nobody decided about is found."""
        place = self.place_of(row)
        return self.decided.get(place, Remedy(*place))

    def rows(self) -> list[dict[str, Any]]:
        """One flat row for each friction, the largest risk first, those decided about before and not met now last."""
        told = [self._row(row) for row in self.found.rows]
        here = {self.place_of(row) for row in self.found.rows}
        labels = dict(self.stages)
        gone = [one for place, one in sorted(self.decided.items()) if place not in here and one.stage in labels]
        return [*told, *(self._gone(one, labels) for one in gone)]

    def flat_rows(self) -> list[dict[str, Any]]:
        """The same for a spreadsheet: no cell holds more than one value."""
        return [
            {**row, "whys": " > ".join(row["whys"]), "after": (row["after"] or {}).get("ratio")} for row in self.rows()
        ]

    def to_json(self) -> dict[str, Any]:
        """As `cxcurve show friction --json` prints it, under `inventory`."""
        found = self.found
        return {
            "as_of": at(self.as_of_us),
            "label": LABEL,
            "horizon_days": HORIZON_DAYS,
            "felt_days": FELT_DAYS,
            "n_customers": found.n_customers,
            "n_affected": None if self.is_few else found.n_affected,
            "n_exits": None if self.is_few else self.n_exits,
            "revenue": plain(found.revenue),
            "leaving_revenue": plain(found.leaving_revenue),
            "revenue_at_risk": plain(found.risk_revenue),
            "rows": self.rows(),
            "reason": self.reason,
        }

    def _repr_html_(self) -> str:
        names = ("signal", "touchpoint", "stage", "n_customers", "revenue_at_risk", "low", "high", "owner", "status")
        return html_table(f"Friction inventory ({LABEL})", names, [tuple(row[n] for n in names) for row in self.rows()])

    def _row(self, row: Row) -> dict[str, Any]:
        signal, touchpoint, stage = self.place_of(row)
        remedy = self.remedy_of(row)
        gap = self.rivals.get(touchpoint, {})
        return {
            "friction": friction_key(signal, touchpoint, stage),
            "signal": signal,
            "touchpoint": touchpoint,
            "stage": stage,
            "stage_label": self.stages[row.place.stage][1],
            "n_customers": row.n_customers,
            "n_events": row.n_events,
            "revenue_at_risk": plain(row.risk.value),
            "low": plain(row.risk.low),
            "high": plain(row.risk.high),
            "is_clear": row.risk.is_real(),
            "reason": row.risk.reason,
            **_loyalty(row.loyalty),
            "hours_lost": plain(row.hours),
            **_share("drop_off", row.drop_off),
            **_share("again_7_days", row.again),
            "expansion_foregone": plain(row.foregone.value),
            "foregone_low": plain(row.foregone.low),
            "foregone_high": plain(row.foregone.high),
            "foregone_reason": row.foregone.reason,
            "competitive_gap_minutes": gap.get("minutes"),
            "competitive_gap_effort": gap.get("effort"),
            **remedy.to_json(),
            "after": after(self.times, row.place, remedy.accepted_us, self.as_of_us),
        }

    def _gone(self, one: Remedy, labels: Mapping[str, str]) -> dict[str, Any]:
        """A friction that was decided about and meets nobody now."""
        keys = {name: key for key, name in self.names.items()}
        positions = [name for name, _ in self.stages]
        place = Place(keys.get(one.signal, -1), one.touchpoint, positions.index(one.stage))
        row = Row(place, 0, 0, Estimate(None, reason=Reason.NO_EVENTS), _NONE, None, Estimate(None), Estimate(None))
        told = replace(self, names={**self.names, place.signal: one.signal})._row(row)
        return {**told, "stage_label": labels[one.stage], "reason": Reason.NO_EVENTS}


_NONE = Stratified(0, 0, 0, None, None, Estimate(None))


def inventory_result(run: Run, known: Snapshot, chances: Chances) -> InventoryResult:
    """The inventory of a snapshot, without what was decided."""
    events, inside = events_of(run, known), inside_of(run, known, chances)
    found = inventory(events, inside, chances, known.as_of_us)
    ids = dict(run.store.rows("SELECT customer_key, customer_id FROM customer_keys"))
    return InventoryResult(
        as_of_us=known.as_of_us,
        found=found,
        names={key: name for name, key in run.plan.keys.items()},
        stages=[(name, known.stage_label(i)) for i, name in enumerate(known.stage_names)],
        customer_ids=[ids[int(key)] for key in inside.customer],
        inside=inside,
        times=_times(run, known, events),
        n_exits=int(chances.n_exits.sum()),
        reason=chances.reason,
    )


def after(times: Times, place: Place, accepted_us: int | None, as_of_us: int) -> dict[str, Any] | None:
    """How often it met a customer a day since it was accepted, divided by as long before.

    It is no effect, for all that changed in between is in it. None as long as it is not accepted, or was less than
    four weeks ago, or so long ago that what was before is not read any more.
    """
    if accepted_us is None or as_of_us - accepted_us < LEAST_DAYS * US_PER_DAY:
        return None
    days = min((as_of_us - accepted_us) / US_PER_DAY, MOST_DAYS)
    length = int(days * US_PER_DAY)
    if accepted_us - length < times.since_us:
        return None
    keys, stay = np.unique(times.customer, return_inverse=True)
    who, when = times.met.get(place, (_NOBODY, _NOBODY))
    is_known = np.isin(who, keys)
    event, when = np.searchsorted(keys, who[is_known]), when[is_known]
    sides = []
    for since, until in ((accepted_us, accepted_us + length), (accepted_us - length, accepted_us)):
        there = np.clip(np.minimum(times.left_us, until) - np.maximum(times.entered_us, since), 0, None) / US_PER_DAY
        events = np.bincount(event[(since <= when) & (when < until)], minlength=len(keys))
        sides += [events.astype(float), np.bincount(stay, there, len(keys))]
    ratio = rate_ratio(*sides)
    return {
        "days": round(days, 1), "n_events": int(sides[0].sum()), "n_events_before": int(sides[2].sum()),
        "ratio": plain(ratio.value), "low": plain(ratio.low), "high": plain(ratio.high), "reason": ratio.reason,
        "label": "before and after, no effect",
    }  # fmt: skip


def _times(run: Run, known: Snapshot, events: Sequence[FrictionEvent]) -> Times:
    met: dict[Place, list[tuple[int, int]]] = {}
    for one in events:
        met.setdefault(one.place, []).append((one.customer, one.at_us))
    arrays = {place: np.array(rows, np.int64).T for place, rows in met.items()}
    stays = run.store.arrow(known.stays.select("customer_key", "entered_us", "left_us"))
    return Times(
        known.as_of_us - EVENT_DAYS * US_PER_DAY,
        column(stays, "customer_key"),
        column(stays, "entered_us"),
        column(stays, "left_us", missing=known.as_of_us),
        {place: (rows[0], rows[1]) for place, rows in arrays.items()},
    )


def _loyalty(found: Stratified) -> dict[str, Any]:
    ratio = found.odds_ratio
    return {
        "loyalty_odds": plain(ratio.value), "loyalty_low": plain(ratio.low), "loyalty_high": plain(ratio.high),
        "loyalty_n": found.n_matched,
    }  # fmt: skip


def _share(name: str, found: Estimate) -> dict[str, Any]:
    return {
        name: plain(found.value),
        f"{name}_low": plain(found.low),
        f"{name}_high": plain(found.high),
        f"{name}_n": found.n,
    }
