"""Reports of a workspace: made once for a week or a quarter, kept with their numbers, and read again as they were."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from cxcurve.errors import BadValueError
from cxcurve.reports.documents import Document, document_of
from cxcurve.reports.moves import Diff, diff
from cxcurve.reports.periods import Kind, Period
from cxcurve.store.reports import Kept, all_reports, editions_of, keep_report, kept_report
from cxcurve.workspace.instants import now_us
from cxcurve.workspace.moved import LATELY_WEEKS
from cxcurve.workspace.quarters import quarter_numbers
from cxcurve.workspace.reports import check_kept, check_over, last_period, moved_numbers, part_of, week_numbers
from cxcurve.workspace.results import at

if TYPE_CHECKING:
    from cxcurve.store import Store
    from cxcurve.workspace.workspace import Workspace

ALL = 1_000
"""More signals than a plan has: each is told by name."""


@dataclass(frozen=True)
class ReportResult:
    """A report as it was first made, and what was known of the same time later, where that was asked for."""

    period: Period
    editions: tuple[Kept, ...]
    told: float | None = None
    segment: Mapping[str, str] = field(default_factory=dict)

    @property
    def first(self) -> Kept:
        """What it said first, and says for good."""
        return self.editions[0]

    @property
    def numbers(self) -> dict[str, Any]:
        """Of the first edition."""
        return self.first.document

    @property
    def document(self) -> Document:
        """As it is read: HTML, PDF, PNG or a message."""
        later = self.editions[-1].document if len(self.editions) > 1 else None
        return document_of(self.numbers, told=self.told, later=later)

    def to_json(self) -> dict[str, Any]:
        """Its numbers, and those of later editions beside."""
        return {
            "period": self.period.name,
            "segment": dict(self.segment),
            "made_at": at(self.first.made_us),
            "numbers": self.numbers,
            "later": [{"made_at": at(one.made_us), "numbers": one.document} for one in self.editions[1:]],
        }

    def _repr_html_(self) -> str:
        return self.document.html()


def report_of(
    workspace: Workspace, period: str | None, kind: Kind, *, again: bool = False,
    segment: Mapping[str, str] | None = None,
) -> ReportResult:  # fmt: skip
    """A report, made and kept where there is none yet; `again` adds an edition with what is known now.

    Raises:
        BadValueError: it is no such period, or the review of a quarter for a segment.
        TooFewError: the segment is too small, or nearly all customers.
    """
    if segment and kind == "quarter":
        raise BadValueError("the review of a quarter tells the stories of single customers: it is of all of them")
    whose = dict(segment or {})
    now = now_us()
    asked = last_period(workspace, kind, now) if period is None else Period.read(period, kind)
    if again or kept_report(workspace.store, asked.key(whose)) is None:
        check_over(asked, workspace, now)
        check_kept(asked, workspace, now)
        document = _made(workspace, asked, whose)
        as_of_us = document.pop("as_of_us")
        keep_report(workspace.store, asked.key(whose), as_of_us, now_us(), document)
    return found_report(workspace.store, asked, whose)


def found_report(store: Store, period: Period, segment: Mapping[str, str]) -> ReportResult:
    """A report that is kept, with what the one it is compared with said."""
    editions = tuple(editions_of(store, period.key(segment)))
    return ReportResult(period, editions, _told_before(store, editions[0].document, segment), segment)


def week_diff(
    workspace: Workspace, since: str | None, until: str | None, segment: Mapping[str, str] | None = None
) -> Diff | None:
    """What moved the level from one week's report to another's; both are made and kept where they are not yet.

    By default the last week, and that of four weeks before. None where one of them has too few customers.

    Raises:
        BadValueError: the first does not lie before the second.
    """
    after = report_of(workspace, until, "week", segment=segment)
    first = after.period.first - timedelta(weeks=LATELY_WEEKS)
    before = report_of(workspace, since or first.isoformat(), "week", segment=segment)
    if before.period >= after.period:
        raise BadValueError(f"{before.period.name} does not lie before {after.period.name}; start from an earlier week")
    with workspace.snapshot(after.period.last.isoformat()) as everybody:
        known = part_of(workspace, everybody, segment) if segment else everybody
        ends = [one.period.last + timedelta(days=1) for one in (after, before)]
        moved = moved_numbers(workspace.run_of(known), known, *ends, is_part=bool(segment))
    if moved is None:
        return None
    return diff(moved, _level_of(before.numbers), ALL, told_after=_level_of(after.numbers))


def reports_of(store: Store) -> list[Kept]:
    """Every report, the newest first."""
    return all_reports(store)


def _made(workspace: Workspace, period: Period, segment: Mapping[str, str]) -> dict[str, Any]:
    with workspace.snapshot(period.last.isoformat()) as everybody:
        if period.kind == "quarter":
            return {**quarter_numbers(workspace, everybody, period), "as_of_us": everybody.as_of_us}
        known = part_of(workspace, everybody, segment) if segment else everybody
        return {**week_numbers(workspace, known, period, segment), "as_of_us": known.as_of_us}


def _told_before(store: Store, numbers: dict[str, Any], segment: Mapping[str, str]) -> float | None:
    """The level that the report of the week it is compared with said; None where there is none."""
    moved = numbers.get("moved")
    if not moved:
        return None
    before = kept_report(store, _week_ending(moved["since"]).key(segment))
    return None if before is None else _level_of(before.document)


def _level_of(numbers: Mapping[str, Any]) -> float | None:
    """The level that a report said."""
    level = numbers["moved"]["after"]["level"] if numbers["moved"] else None
    return None if level is None else float(level)


def _week_ending(monday: str) -> Period:
    return Period.week_of(date.fromisoformat(monday) - timedelta(days=1))
