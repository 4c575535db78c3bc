"""What moved the mean level between two weeks of a snapshot: read, taken apart, and told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from cxcurve.charts import format as fmt
from cxcurve.errors import BadValueError
from cxcurve.metrics.curve import with_bucket
from cxcurve.metrics.loads import activity_at, counts_at, features_at, loads, part_names, rows_at
from cxcurve.metrics.moved import Kind, Moved, Part, Side, moved
from cxcurve.metrics.recursion import Floats, column
from cxcurve.metrics.snapshot import Snapshot
from cxcurve.metrics.ways import Stand, Way
from cxcurve.metrics.weights import Weights
from cxcurve.pipeline.run import Run
from cxcurve.stats.estimates import Estimate
from cxcurve.workspace.curves import monday
from cxcurve.workspace.results import at, html_table

REFERENCE, WEIGHTS = "stage_reference", "new_weights"
"""Names beside the signals: what is usual at the stage, and what the weights of another calibration add."""
LABELS: Mapping[Kind, str] = {
    "left": "Customers who left",
    "new": "New customers",
    "moved": "Moves between stages",
}
LATELY_WEEKS = 4
MOST_SIGNALS = 10


@dataclass(frozen=True)
class MovedResult:
    """What moved the level between two weeks; shows itself in a notebook."""

    as_of_us: int
    since: date
    until: date
    found: Moved

    @property
    def signals(self) -> tuple[Part, ...]:
        """What the rate comes from, the strongest first."""
        return tuple(sorted(self.found.of("signal"), key=lambda part: (-abs(part.points.value or 0.0), part.name)))

    def to_json(self) -> dict[str, Any]:
        """The whole, its two parts, and theirs; everything adds up."""
        found, kinds = self.found, dict(self.found.kinds)
        sides = (("before", found.before), ("after", found.after))
        return {
            "as_of": at(self.as_of_us),
            "since": self.since.isoformat(),
            "until": self.until.isoformat(),
            **{name: {"level": e.value, "low": e.low, "high": e.high, "n": e.n} for name, e in sides},
            "n_stayed": found.n_stayed,
            "n_left": found.n_left,
            "n_new": found.n_new,
            "change": _points(found.change),
            "mix": {
                **_points(found.mix),
                **{
                    kind: {**_points(kinds[kind]), "stages": [_of_stage(part) for part in found.of(kind)]}
                    for kind in LABELS
                    if kind in kinds
                },
            },
            "rate": {
                **_points(found.rate),
                "signals": [{"signal": part.name, **_points(part.points)} for part in found.of("signal")],
            },
            "reason": found.reason,
        }

    def rows(self) -> list[dict[str, Any]]:
        """Every part: kind, name, n, points, low, high."""
        return [
            {"kind": part.kind, "name": part.name, "n": part.n, **_points(part.points)} for part in self.found.parts
        ]

    @property
    def mix(self) -> list[tuple[str, Estimate, int | None]]:
        """(what, points, customers) of each kind of the mix."""
        sizes = {"left": self.found.n_left, "new": self.found.n_new}
        return [(LABELS[kind], points, sizes.get(kind)) for kind, points in self.found.kinds if kind in LABELS]

    def _repr_html_(self) -> str:
        heading = f"What moved the level from {fmt.day(self.since)} to {fmt.day(self.until)}"
        told = [("All together", self.found.change), *((label, points) for label, points, _ in self.mix)]
        told += [(fmt.words(part.name), part.points) for part in self.signals[:MOST_SIGNALS]]
        rows = [(label, one.value, fmt.interval(one.low, one.high, "score")) for label, one in told]
        return html_table(heading, ("What", "Points", "95 %"), rows)


def week_before(day: str | date, first_week: int, last_week: int) -> int:
    """The last week that ended by a day; weeks end on Mondays.

    Raises:
        BadValueError: it is no day, or no week with customers had ended by then.
    """
    try:
        found = date.fromisoformat(day) if isinstance(day, str) else day
    except ValueError:
        raise BadValueError(f'"{day}" is no date; expected such as 2026-05-03') from None
    week = (found - monday(0)).days // 7
    if week < first_week:
        raise BadValueError(f'"{day}" lies before the first week that is over; expected {monday(first_week)} or later')
    return min(week, last_week)


@dataclass(frozen=True, eq=False)
class Weeks:
    """Two weeks, who was inside the journey at each, and the stages and signals that their stands are made of."""

    since: date
    until: date
    before: Side
    after: Side
    stages: tuple[str, ...]
    signals: tuple[str, ...]

    @cached_property
    def moved(self) -> Moved:
        """What moved the level from the one to the other."""
        return moved(self.before, self.after, self.stages, self.signals)


def weeks_between(run: Run, snapshot: Snapshot, since: str | date | None, until: str | date | None) -> Weeks:
    """The weeks over by two days; by default the last one, and that of four weeks before.

    Raises:
        BadValueError: a day cannot be meant, or there is no week between the two.
    """
    first, last = run.ticks.first_week, run.ticks.last_whole_week
    if last <= first:
        raise BadValueError("there are no two whole weeks yet; what moved the level can be told when there are")
    end = last if until is None else week_before(until, first, last)
    start = max(end - LATELY_WEEKS, first) if since is None else week_before(since, first, last)
    if start >= end:
        raise BadValueError(
            f"the last week over by then ends on {monday(start)}, and the one to compare with on {monday(end)}; "
            "start from an earlier day"
        )
    tables = {week: _read(run, snapshot, week) for week in (start, end)}
    both = [_weights(run, table) for table in tables.values()]
    sides = [_side(run, snapshot, week, tables[week], own, both) for week, own in zip(tables, both, strict=True)]
    signals = (*part_names(both[0]), REFERENCE, WEIGHTS)
    return Weeks(monday(start), monday(end), sides[0], sides[1], snapshot.stage_names, signals)


def moved_result(run: Run, snapshot: Snapshot, since: str | date | None, until: str | date | None) -> MovedResult:
    """What moved the level between two days; by default in the last four weeks.

    Raises:
        BadValueError: a day cannot be meant, or there is no week between the two.
    """
    weeks = weeks_between(run, snapshot, since, until)
    return MovedResult(snapshot.as_of_us, weeks.since, weeks.until, weeks.moved)


def _read(run: Run, snapshot: Snapshot, week: int) -> pa.Table:
    weeks = snapshot.comparable_weeks
    return run.store.arrow(with_bucket(weeks.filter(weeks.week == week), snapshot)).sort_by("customer_key")


def _weights(run: Run, table: pa.Table) -> Weights:
    """The weights that the rows of a week were scored by."""
    numbers = table["version"].to_pylist()[:1]
    return next((one.weights for one in run.versions if one.weights.version_number in numbers), run.weights)


def _side(run: Run, snapshot: Snapshot, week: int, table: pa.Table, own: Weights, both: Sequence[Weights]) -> Side:
    """The customers of a week; `own` are its weights, `both` those of the two weeks."""
    plan_table = run.store.temporary("plan_now", run.plan.table)
    counts = run.store.arrow(counts_at(snapshot.signal_weeks, plan_table, run.calendar, week))
    done = run.store.arrow(activity_at(run.store.table("activity_weeks"), week))
    seats = run.facts.seat_factors(column(table, "customer_key"), week - run.ticks.first_week, 1)[0]
    rows = rows_at(table, run.ticks, week, seats)
    found = features_at(rows, counts, done, own, run.expected_days)
    mine, usual = loads(found, own), np.mean([loads(found, weights) for weights in both], axis=0)
    ways = (
        Way(_with_others(mine[i], usual[i], _floats(table, f"{index}_ref")), _floats(table, f"{index}_index"))
        for i, index in enumerate(("friction", "momentum"))
    )
    return Side(rows.key, column(table, "bucket"), Stand(rows.stage, *ways))


def _with_others(own: Floats, mean: Floats, reference: Floats) -> Floats:
    """Loads by the mean weights of both weeks, the reference taken off, and what this week's own weights add."""
    return np.column_stack([mean, -reference, (own - mean).sum(axis=1)])


def _floats(table: pa.Table, name: str) -> Floats:
    return np.asarray(table[name].to_numpy(), dtype=np.float64)


def _points(estimate: Estimate) -> dict[str, float | None]:
    return {"points": estimate.value, "low": estimate.low, "high": estimate.high}


def _of_stage(part: Part) -> dict[str, Any]:
    n = {} if part.n is None else {"n": part.n}
    return {"stage": part.name, **n, **_points(part.points)}
