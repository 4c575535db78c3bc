"""What is written of each customer: a row by the names of `model.destinations.FIELDS`."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from cxcurve.charts.format import words
from cxcurve.metrics.snapshot import Snapshot
from cxcurve.model import Journey
from cxcurve.model.destinations import FIELDS
from cxcurve.pipeline.run import Run
from cxcurve.workspace.drift import Drift
from cxcurve.workspace.lists import customer_rows
from cxcurve.workspace.names import labels
from cxcurve.workspace.reasons import top_reasons
from cxcurve.workspace.results import at, plain

DRIFTING, ON_ITS_WAY = "drifting", "on its way"
_INDEXES = ("friction_index", "momentum_index", "advocacy_index", "level")
_NAMED = """
    SELECT customer_id FROM customers
    UNION SELECT k.customer_id FROM customer_keys AS k JOIN identities AS d USING (customer_key)
    WHERE d.id_kind <> 'anonymous' AND d.undone_us IS NULL
"""


def field_rows(run: Run, known: Snapshot, drift: Drift) -> list[dict[str, Any]]:
    """A row for each customer that has a name or an account; visitors nobody has named are left out.

    Indexes are whole points, as pages show them: a tenth of a point is no news to anybody.
    """
    named = {customer_id for (customer_id,) in run.store.rows(_NAMED)}
    reasons, drifting = top_reasons(run, known), {one.customer_key for z in drift.zones for one in z.drifting_now}
    told = {zone.start for zone in drift.zones if zone.tau_days is not None}
    label = labels(known.plan.journey)
    rows = []
    for row in customer_rows(known, run.store.arrow):
        if row["customer_id"] not in named:
            continue
        is_drifting, reason = row["customer_key"] in drifting, reasons.get(row["customer_key"])
        state = DRIFTING if is_drifting else ON_ITS_WAY if row["stage"] in told else None
        rows.append({
            **{name: row.get(name) for name in FIELDS},
            **{name: None if row[name] is None else round(row[name]) for name in _INDEXES},
            "stage": row["stage_label"],
            "stage_since": _to_the_second(row["stage_since"]),
            "drift_state": state,
            "states": "; ".join(one["state"] for one in row["states"]) or None,
            "top_reason": None if reason is None else label(reason),
            "next_step": next_step(known.plan.journey, row["stage"]) if is_drifting or row["pair"] == "stuck" else None,
            "as_of": at(known.as_of_us),
        })  # fmt: skip
    return rows


def next_step(journey: Journey, stage: str | None) -> str | None:
    """The first thing that the journey names to bridge the zone after a stage; None where it names none."""
    bridge = journey.stage(stage).bridge if stage else None
    if bridge is None:
        return None
    named = (*bridge.content, *map(words, bridge.plays))
    to = journey.stage(bridge.to)
    return f"Towards {to.label or words(to.name)}: {named[0]}" if named else None


def _to_the_second(text: str | None) -> str | None:
    """Worked out from a number of days, it would be another by a microsecond with each score."""
    if text is None:
        return None
    since = datetime.fromisoformat(text)
    return str(plain((since + timedelta(milliseconds=500)).replace(microsecond=0)))
