"""The autopsy of a customer who left: the path, the first warning, what was done, and what one who stayed got.

A warning is a week at a Journey Friction Index of 50 or more, by the weights that scored it. A version of learned
weights keeps no chances, so that no other rule can be told of a single customer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cxcurve.charts.format import day, days, number, plural, words
from cxcurve.learn.backtest import WARNED_DAYS
from cxcurve.learn.forecasts import AT_RISK_INDEX
from cxcurve.metrics import why
from cxcurve.metrics.snapshot import Snapshot
from cxcurve.pipeline.periods import periods_of
from cxcurve.pipeline.run import Run
from cxcurve.tables import US_PER_DAY
from cxcurve.workspace.comparables import Alone, Comparable, Done, company_events, comparable, weeks
from cxcurve.workspace.curves import date_of
from cxcurve.workspace.results import at

MOST_REASONS = 3
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class FirstWarning:
    """The first week of the last run at risk in the 90 days before the exit; `signals` in points of the index."""

    at_us: int
    days_before: float
    friction_index: float
    momentum_index: float
    dwell_days: float
    is_older: bool
    signals: tuple[tuple[str, float], ...]

    def to_json(self) -> dict[str, Any]:
        """For programs."""
        names = ("days_before", "friction_index", "momentum_index", "dwell_days", "is_older")
        signals = [{"signal": name, "points": points} for name, points in self.signals]
        return {"at": at(self.at_us), **{name: getattr(self, name) for name in names}, "signals": signals}


@dataclass(frozen=True, slots=True)
class Autopsy:
    """What led to an exit.

    Attributes:
        left_us: the exit.
        exit: the event that was it.
        path: (stage, its label, days) of the cycle.
        highest: largest index in the 90 days before; None where no week ended in them.
        warning: None where no week was at risk.
        done: by the company between warning and exit.
        comparable: one who stayed; None with `alone`, the reason.
    """

    left_us: int
    exit: str | None
    path: tuple[tuple[str, str, float], ...]
    highest: float | None
    warning: FirstWarning | None
    done: tuple[Done, ...]
    comparable: Comparable | None
    alone: Alone | None
    zone: str

    @property
    def words(self) -> tuple[str, ...]:
        """What it says, a sentence each."""
        return (_path_said(self), _warning_said(self), *_done_said(self))

    def day(self, us: int) -> str:
        """A day, in the workspace's zone."""
        return day(date_of(us, self.zone))

    def to_json(self) -> dict[str, Any]:
        """As docs/backtest.md, `autopsy` of `show customer`."""
        return {
            "left_at": at(self.left_us),
            "exit": self.exit,
            "path": [{"stage": name, "label": label, "days": stayed} for name, label, stayed in self.path],
            "rule": f"friction_index >= {AT_RISK_INDEX:g}",
            "highest_friction_index": self.highest,
            "warning": None if self.warning is None else self.warning.to_json(),
            "done": [one.to_json() for one in self.done],
            "comparable": None if self.comparable is None else self.comparable.to_json(),
            "no_comparable": self.alone,
            "words": list(self.words),
        }


def autopsy_of(run: Run, snapshot: Snapshot, facts: Row, stays: Sequence[Row]) -> Autopsy | None:
    """The autopsy of a customer; None where the last thing it did was not to leave.

    Args:
        run: what the score needed.
        snapshot: what is known.
        facts: the customer's row of `snapshot.customers`.
        stays: its stays in order, with label, days, entered_us and left_us.
    """
    if not stays or stays[-1]["ended_by"] != "exited":
        return None
    key, cycle, left_us = facts["customer_key"], stays[-1]["cycle"], stays[-1]["left_us"]
    found = sorted(weeks(run, snapshot, f"customer_key = {key} AND cycle = {cycle}"), key=lambda row: row["week"])
    ends = [(run.calendar.end_at(row["week"]), float(row["friction_index"])) for row in found]
    first = first_warning(ends, left_us)
    warning = None if first is None else _warning(run, key, found, first, left_us)
    done: tuple[Done, ...] = ()
    other: tuple[Comparable | None, Alone | None] = (None, Alone.NO_WARNING)
    if first is not None and warning is not None:
        done = company_events(run, facts, warning.at_us, left_us)
        other = comparable(run, snapshot, facts, found[first], warning.days_before)
    return Autopsy(
        left_us=left_us,
        exit=_exit_name(run, key, left_us),
        path=tuple((stay["stage"], stay["label"], stay["days"]) for stay in stays if stay["cycle"] == cycle),
        highest=max((index for end_us, index in ends if _is_near(end_us, left_us)), default=None),
        warning=warning,
        done=done,
        comparable=other[0],
        alone=other[1],
        zone=snapshot.zone,
    )


def first_warning(weeks: Sequence[tuple[int, float]], left_us: int) -> int | None:
    """Position of the first week of the last run at risk in the 90 days before; None where there is none.

    Args:
        weeks: end and index of the weeks before the exit, in order of time.
        left_us: the exit.
    """
    first = None
    for place in range(len(weeks) - 1, -1, -1):
        end_us, index = weeks[place]
        if not _is_near(end_us, left_us):
            break
        if index >= AT_RISK_INDEX:
            first = place
        elif first is not None:
            break
    return first


def _is_near(end_us: int, left_us: int) -> bool:
    return (left_us - end_us) / US_PER_DAY < WARNED_DAYS


def _warning(run: Run, key: int, found: Sequence[Row], first: int, left_us: int) -> FirstWarning:
    row, at_us = found[first], run.calendar.end_at(found[first]["week"])
    return FirstWarning(
        at_us=at_us,
        days_before=(left_us - at_us) / US_PER_DAY,
        friction_index=row["friction_index"],
        momentum_index=row["momentum_index"],
        dwell_days=row["dwell_days"],
        is_older=first > 0 and found[first - 1]["friction_index"] >= AT_RISK_INDEX,
        signals=_reasons(run, key, row),
    )


def _reasons(run: Run, key: int, row: Row) -> tuple[tuple[str, float], ...]:
    """The signals that made most of the index in that week, in points, by the weights that scored it."""
    weights = [one.weights for one in run.versions if one.in_force_week <= row["week"]][-1]
    known = periods_of(run, key)
    parts = known.drag[known.week == row["week"]][0] * weights.of_features(0)
    shares: dict[str, tuple[float, dict[str, float]]] = {}
    for feature, part in zip(weights.features(0), parts.tolist(), strict=True):
        if part > 0:
            shares[feature.signal] = shares.get(feature.signal, (0.0, {}))[0] + part, {}
    points = why.points(shares, row["friction_index"])
    return tuple((one.signal, one.points) for one in points[:MOST_REASONS] if one.points)


def _exit_name(run: Run, key: int, left_us: int) -> str | None:
    """The event that was the exit."""
    names = {number: name for name, number in run.plan.keys.items() if name in run.journey.exits}
    sql = run.store.compiled(("log", run.mark), lambda: run.log)
    rows = run.store.records(f"SELECT signal_key FROM ({sql}) WHERE customer_key = {key} AND occurred_us = {left_us}")
    return min((names[row["signal_key"]] for row in rows if row["signal_key"] in names), default=None)


def _path_said(one: Autopsy) -> str:
    way = ", ".join(f"{label} {days(stayed)}" for _, label, stayed in one.path)
    how = f" ({words(one.exit)})" if one.exit else ""
    return f"Left on {one.day(one.left_us)}{how}. The path: {way}."


def _warning_said(one: Autopsy) -> str:
    warning = one.warning
    if warning is None:
        top = "no week ended in them" if one.highest is None else f"the highest was {number(one.highest)}"
        return f"No warning: in the 90 days before no week stood at a friction index of 50 or more; {top}."
    since = ", and for longer already" if warning.is_older else ""
    return (
        f"First warning {days(round(warning.days_before))} before, on {one.day(warning.at_us)}{since}: friction index "
        f"{number(warning.friction_index)}; 50 or more is at risk. Most of it from "
        f"{', '.join(f'{words(name)} {number(points, 1)}' for name, points in warning.signals)}."
    )


def _done_said(one: Autopsy) -> tuple[str, ...]:
    if one.warning is None:
        return ()
    n = len(one.done)
    said = f"From then to the exit there {'is' if n == 1 else 'are'} {plural(n, 'event')} by the company."
    return said, comparable_said(one)


_ALONE = {
    Alone.NO_WARNING: "Without a warning there is nobody to compare with.",
    Alone.NOT_FOLLOWED: "Nobody to compare with yet: the warning is not 90 days old.",
    Alone.NOBODY: "Nobody to compare with: of its segment and stage nobody at risk that week was there 90 days later.",
}


def comparable_said(one: Autopsy) -> str:
    """Who stayed and what it got; or why there is nobody to compare with."""
    other = one.comparable
    if other is None:
        return _ALONE[one.alone or Alone.NOBODY]
    return (
        f"{other.name} was most alike that week and still there 90 days later: {plural(len(other.done), 'event')} by "
        "the company in as many days. One comparable customer, no proof."
    )
