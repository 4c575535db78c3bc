"""NRR and GRR of the scorecard: the twelve months up to now, against those up to four weeks before."""

from __future__ import annotations

from cxcurve.metrics.months import Period, year_before
from cxcurve.metrics.revenue import Line, kept_change, line
from cxcurve.metrics.snapshot import Snapshot
from cxcurve.tables import US_PER_DAY
from cxcurve.workspace.readings import BACK_WEEKS, SPARK_WEEKS, Arrow, Reading
from cxcurve.workspace.revenue import moves_in

_WEEK_US = 7 * US_PER_DAY


def retention_readings(snapshot: Snapshot, arrow: Arrow, currency: str) -> dict[str, Reading]:
    """NRR and GRR, where the journey says which events move revenue and anybody pays."""
    rule = snapshot.plan.journey.recurring
    if rule is None:
        return {}
    moves, buckets, _ = moves_in(snapshot, arrow, rule, currency, is_said=True)
    if not len(moves):
        return {}

    def year(weeks_ago: int) -> Period:
        until_us = snapshot.as_of_us - weeks_ago * _WEEK_US
        return Period("year", year_before(until_us, snapshot.zone), until_us)

    now, before = year(0), year(BACK_WEEKS)
    lines = {back: line(moves, year(back), buckets) for back in {0, BACK_WEEKS, *range(1, SPARK_WEEKS + 1)}}
    changes = kept_change(moves, now, before, buckets)
    return {
        name: Reading(
            getattr(lines[0].kept, name), getattr(lines[BACK_WEEKS].kept, name), f"{BACK_WEEKS} weeks before",
            tuple(getattr(lines[back].kept, name).value for back in range(SPARK_WEEKS, -1, -1)), change,
            n_fewest=_fewest(lines[0]),
        )
        for name, change in zip(("nrr", "grr"), changes, strict=True)
    }  # fmt: skip


def _fewest(one: Line) -> int:
    """The smallest number of customers who did something that it tells of."""
    kept = one.kept
    sizes = (
        *(moved.n for moved in one.moved.values()),
        one.n_opening,
        one.n_closing,
        kept.n_kept,
        kept.n - kept.n_kept,
    )
    return min((n for n in sizes if n), default=0)
