"""The numbers of a quarter's review: its trends, what was won and lost, and the stories of a few customers."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from cxcurve.metrics.curve import with_bucket
from cxcurve.metrics.pairs import PAIRS
from cxcurve.metrics.snapshot import Snapshot
from cxcurve.reports.periods import Period
from cxcurve.stats.bands import bucket_mean
from cxcurve.tables import N_BUCKETS
from cxcurve.workspace.curves import monday
from cxcurve.workspace.instants import note_us
from cxcurve.workspace.lists import customer_rows
from cxcurve.workspace.reasons import top_reasons
from cxcurve.workspace.reports import card_numbers, estimate, head, moved_numbers, zone_numbers
from cxcurve.workspace.results import plain

if TYPE_CHECKING:
    from cxcurve.workspace.workspace import Workspace

STORIES = 5
MEASURES = ("level", "friction_index", "momentum_index")


def quarter_numbers(workspace: Workspace, known: Snapshot, period: Period) -> dict[str, Any]:
    """What the review of a quarter says; `known` is what was known at its end.

    Returns:
        Numbers as JSON has them; `stories` alone name customers.
    """
    run = workspace.run_of(known)
    drift = workspace.drift_of(known)
    rows = [row for row in customer_rows(known, workspace.store.arrow) if row["pair"] is not None]
    return {
        **head(workspace, known, period),
        "scorecard": card_numbers(workspace.scorecard_of(known, drift)),
        "trend": trend_numbers(workspace, known, period),
        "moved": moved_numbers(run, known, period.last + timedelta(days=1), period.first),
        "zones": zone_numbers(drift, known),
        "moves": move_numbers(workspace, known, period),
        "pairs": {pair: sum(row["pair"] == pair for row in rows) for pair in PAIRS},
        "stories": _stories(workspace, known, period, rows),
        "n_erased": 0,
    }


def trend_numbers(workspace: Workspace, known: Snapshot, period: Period) -> list[dict[str, Any]]:
    """By week of the quarter the mean level, friction and momentum with intervals."""
    weeks = with_bucket(known.comparable_weeks, known)
    first, last = _week(period.first) + 1, _week(period.last + timedelta(days=1))
    shown = weeks.filter((weeks.week >= first) & (weeks.week <= last))
    totals = {name: shown[name].sum() for name in MEASURES}
    sums = workspace.store.arrow(shown.group_by("week", "bucket").agg(n=shown.count(), **totals))
    week, bucket = sums["week"].to_numpy(), sums["bucket"].to_numpy()
    found = []
    for number in range(first, last + 1):
        is_it = week == number
        n = _by_bucket(bucket[is_it], sums["n"].to_numpy()[is_it])
        means = {
            name: estimate(bucket_mean(_by_bucket(bucket[is_it], sums[name].to_numpy()[is_it]), n, seed=1))
            for name in MEASURES
        }
        found.append({"week_end": monday(number).isoformat(), **means})
    return found


def move_numbers(workspace: Workspace, known: Snapshot, period: Period) -> dict[str, Any]:
    """How many moved on to a later stage and how many left in the quarter, with the revenue a year of those who left.

    Revenue is that of the customers of whom it is known; `n_revenue` says of how many.
    """
    start_us = note_us(period.first.isoformat(), known.zone)
    ended = known.stays.filter((known.stays.left_us >= start_us) & (known.stays.left_us < known.as_of_us))
    on = ended.filter((ended.ended_by == "progressed") & (ended.next_stage > ended.stage))
    left = ended.filter(ended.ended_by == "exited").select("customer_key").distinct()
    worth = left.left_join(known.customers.select("customer_key", "revenue", "is_usual_revenue"), "customer_key")
    own = worth.revenue.notnull() & ~worth.is_usual_revenue.fill_null(True)
    read = workspace.store.arrow
    revenue = own.ifelse(worth.revenue, 0.0).sum()
    lost = read(worth.agg(n=worth.count(), n_revenue=own.sum(), revenue=revenue)).to_pylist()[0]
    return {
        "n_on": int(read(on.agg(n=on.customer_key.nunique()))["n"][0].as_py()),
        "n_left": int(lost["n"]),
        "n_revenue": int(lost["n_revenue"] or 0),
        "revenue": plain(float(lost["revenue"] or 0.0)),
    }


def drawn(rows: Sequence[Mapping[str, Any]], seed: str, n: int = STORIES) -> list[Mapping[str, Any]]:
    """As many rows drawn at random by their customer_id; the same seed draws the same, whoever else there is.

    Each customer's place is a hash of the seed and its id: nobody chooses, and whoever is drawn can be checked.
    """

    def place(row: Mapping[str, Any]) -> str:
        return hashlib.sha256(f"{seed}|{row['customer_id']}".encode()).hexdigest()

    return sorted(rows, key=place)[:n]


def _stories(
    workspace: Workspace, known: Snapshot, period: Period, rows: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    reasons = top_reasons(workspace.run_of(known), known)
    chosen = [row for pair in PAIRS for row in drawn([row for row in rows if row["pair"] == pair], period.name)]
    before = _levels(workspace, known, _week(period.first))
    return [
        {
            "customer_id": row["customer_id"],
            "name": row["name"] or row["customer_id"],
            "segment": row["segment"],
            "pair": row["pair"],
            "stage": row["stage_label"],
            "days": plain(row["dwell_days"]),
            "level": plain(row["level"]),
            "level_before": plain(before.get(row["customer_key"])),
            "friction_index": plain(row["friction_index"]),
            "momentum_index": plain(row["momentum_index"]),
            "states": [one["state"] for one in row["states"]],
            "reason": reasons.get(row["customer_key"]),
        }
        for row in chosen
    ]


def _levels(workspace: Workspace, known: Snapshot, week: int) -> dict[int, float]:
    weeks = known.comparable_weeks
    rows = workspace.store.arrow(weeks.filter(weeks.week == week).select("customer_key", "level"))
    return dict(zip(rows["customer_key"].to_pylist(), rows["level"].to_pylist(), strict=True))


def _week(day: date) -> int:
    """The week that has ended when a Monday begins."""
    return (day - monday(0)).days // 7


def _by_bucket(bucket: Any, values: Any) -> Any:
    found = np.zeros(N_BUCKETS)
    found[bucket] = values
    return found
