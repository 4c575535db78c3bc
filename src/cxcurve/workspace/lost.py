"""A list of lost customers, set beside what was told of them: would we have warned, when, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from cxcurve.charts.format import days, interval, number, plural, share
from cxcurve.errors import did_you_mean
from cxcurve.learn.backtest import WARNED_DAYS
from cxcurve.learn.lost import Mark, Verdict
from cxcurve.pipeline.learning import check_losses
from cxcurve.pipeline.run import Run
from cxcurve.pipeline.sums import Progress
from cxcurve.sources.lost_list import Lost
from cxcurve.stats.estimates import Estimate, nothing
from cxcurve.stats.proportions import share_difference, wilson
from cxcurve.stats.quantiles import median
from cxcurve.store import Store
from cxcurve.tables import US_PER_DAY
from cxcurve.workspace.results import at, html_table, plain

AGREES_DAYS = 14.0
"""The log agrees where it has an exit within so many days: notice, last day and last invoice are not the same day."""
FEWEST = 5
"""Of fewer customers no share and no median is told."""
MOST_HINTS, MOST_NAMES = 20, 5_000


class LogSays(StrEnum):
    """What the log knows of a listed exit."""

    AGREES = "agrees"
    ANOTHER_DATE = "another_date"
    NO_EXIT = "no_exit"


class Untested(StrEnum):
    """Why nothing was told of a listed customer."""

    NO_HISTORY = "no_history"
    TOO_EARLY = "too_early"
    IN_FUTURE = "in_future"
    NOT_THERE = "not_there"


@dataclass(frozen=True, slots=True)
class ListedCustomer:
    """A line of the list and what was found: a verdict, or why there is none; and what the log says of the exit."""

    lost: Lost
    name: str
    verdict: Verdict
    untested: Untested | None
    exit_us: int | None

    @property
    def mark(self) -> Mark | None:
        """The first week at risk, where there was one."""
        return self.verdict.mark

    @property
    def log_says(self) -> LogSays:
        """Whether the log has the exit at that time, at another, or not at all."""
        if self.exit_us is None:
            return LogSays.NO_EXIT
        apart = abs(self.exit_us - self.lost.at_us) / US_PER_DAY
        return LogSays.AGREES if apart <= AGREES_DAYS else LogSays.ANOTHER_DATE

    def to_json(self) -> dict[str, Any]:
        """As docs/backtest.md, a line of `customers`."""
        mark = self.mark
        told = None if mark is None else _mark_json(mark)
        return {
            "line": self.lost.line,
            "customer_id": self.lost.customer_id,
            "name": self.name,
            "lost_at": at(self.lost.at_us),
            "reason": self.lost.reason,
            "was_marked": None if self.untested else mark is not None,
            "n_weeks": self.verdict.n_weeks,
            "mark": told,
            "log_says": self.log_says,
            "log_exit_at": at(self.exit_us),
            "untested": self.untested,
        }


@dataclass(frozen=True)
class LostResult:
    """A list of lost customers, as known at as_of; `unknown` are the lines whose customer has no event."""

    as_of_us: int
    tested_from_us: int | None
    customers: tuple[ListedCustomer, ...]
    unknown: tuple[tuple[Lost, str], ...]
    n_stayed: int
    n_stayed_marked: int

    @property
    def tested(self) -> tuple[ListedCustomer, ...]:
        """Those of whom something was told."""
        return tuple(one for one in self.customers if one.untested is None)

    @property
    def marks(self) -> tuple[Mark, ...]:
        """The first marks of those that were marked."""
        return tuple(one.mark for one in self.tested if one.mark is not None)

    @property
    def marked(self) -> Estimate:
        """Share of the tested customers that was marked."""
        return _share(len(self.marks), len(self.tested))

    @property
    def stayed(self) -> Estimate:
        """The same of customers who stayed, in equally long windows."""
        return _share(self.n_stayed_marked, self.n_stayed)

    @property
    def lead_days(self) -> Estimate:
        """Days from the first mark to the loss, at the median."""
        marks = self.marks
        return median([mark.days_before for mark in marks]) if len(marks) >= FEWEST else nothing(len(marks))

    @property
    def words(self) -> tuple[str, ...]:
        """What it says, a sentence each."""
        said = (_marked_said(self), _stayed_said(self), _log_said(self), _untested_said(self), _unknown_said(self))
        return tuple(one for one in said if one)

    def to_json(self) -> dict[str, Any]:
        """As docs/backtest.md."""
        marked, stayed, lead = self.marked, self.stayed, self.lead_days
        return {
            "as_of": at(self.as_of_us),
            "tested_from": at(self.tested_from_us),
            "window_days": WARNED_DAYS,
            "n_listed": len(self.customers) + len(self.unknown),
            "n_tested": len(self.tested),
            "n_marked": len(self.marks),
            "marked_share": plain(marked.value),
            "low": plain(marked.low),
            "high": plain(marked.high),
            "lead_days": plain(lead.value),
            "n_stayed": self.n_stayed,
            "n_stayed_marked": self.n_stayed_marked,
            "stayed_share": plain(stayed.value),
            "stayed_low": plain(stayed.low),
            "stayed_high": plain(stayed.high),
            "customers": [one.to_json() for one in self.customers],
            "unknown": [_unknown_json(lost, hint) for lost, hint in self.unknown],
            "words": list(self.words),
            "reason": marked.reason,
        }

    def _repr_html_(self) -> str:
        return html_table("Lost customers", ("what was found",), [(word,) for word in self.words])


def lost_result(run: Run, listed: Sequence[Lost], progress: Progress | None = None) -> LostResult:
    """Look for the customers of a list, and for what was told of them before they were lost."""
    store = run.store
    known = _known(store, listed)
    here = [lost for lost in listed if lost.customer_id in known]
    past = [lost for lost in here if lost.at_us <= run.as_of_us]
    keys = np.array([known[lost.customer_id][0] for lost in past], np.int64)
    lost_us = np.array([lost.at_us for lost in past], np.int64)
    found, since_us = check_losses(run, keys, lost_us, progress) if past else (None, None)
    verdicts = {} if found is None else dict(zip(past, found.verdicts, strict=True))
    exits = _exits(store, [key for key, _ in known.values()])
    rows = [
        _listed(lost, known[lost.customer_id], verdicts.get(lost, Verdict(0, None)), exits, (since_us, run.as_of_us))
        for lost in here
    ]
    unknown = [lost for lost in listed if lost.customer_id not in known]
    return LostResult(
        as_of_us=run.as_of_us,
        tested_from_us=since_us,
        customers=tuple(rows),
        unknown=tuple(zip(unknown, _hints(store, unknown), strict=True)),
        n_stayed=0 if found is None else found.n_stayed,
        n_stayed_marked=0 if found is None else found.n_stayed_marked,
    )


def _listed(
    lost: Lost,
    known: tuple[int, str],
    verdict: Verdict,
    exits: Mapping[int, Sequence[int]],
    tested_us: tuple[int | None, int],
) -> ListedCustomer:
    """A line of the list; the exit told is the one nearest to its date."""
    key, name = known
    exit_us = min(exits.get(key, ()), key=lambda us: abs(us - lost.at_us), default=None)
    return ListedCustomer(lost, name, verdict, _untested(lost, verdict, *tested_us), exit_us)


def _known(store: Store, listed: Sequence[Lost]) -> dict[str, tuple[int, str]]:
    """Key and name of the customers of a list that there are."""
    sql = """
        SELECT customer_id, customer_key, any_value(name) FROM customer_keys LEFT JOIN customers USING (customer_id)
        WHERE list_contains($1, customer_id) GROUP BY 1, 2
    """
    rows = store.rows(sql, sorted({lost.customer_id for lost in listed}))
    return {customer_id: (key, name or customer_id) for customer_id, key, name in rows}


def _exits(store: Store, keys: Sequence[int]) -> dict[int, list[int]]:
    """When each customer left, by the log."""
    sql = "SELECT customer_key, left_us FROM stays WHERE ended_by = 'exited' AND list_contains($1, customer_key)"
    found: dict[int, list[int]] = {}
    for key, us in store.rows(sql, sorted(set(keys))):
        found.setdefault(key, []).append(us)
    return found


def _hints(store: Store, unknown: Sequence[Lost]) -> list[str]:
    """For each a customer that may be meant: of that name, or of a similar id (of the first ones: it takes time)."""
    if not unknown:
        return []
    wanted = sorted({lost.customer_id.casefold() for lost in unknown})
    sql = "SELECT lower(name), min(customer_id) FROM customers WHERE list_contains($1, lower(name)) GROUP BY 1"
    by_name: Mapping[str, str] = dict(store.rows(sql, wanted))
    ids = [one for (one,) in store.rows(f"SELECT customer_id FROM customer_keys LIMIT {MOST_NAMES}")]
    return [
        f' Did you mean "{by_name[lost.customer_id.casefold()]}"?'
        if lost.customer_id.casefold() in by_name
        else did_you_mean(lost.customer_id, ids)
        if place < MOST_HINTS
        else ""
        for place, lost in enumerate(unknown)
    ]


def _untested(lost: Lost, verdict: Verdict, since_us: int | None, as_of_us: int) -> Untested | None:
    if lost.at_us > as_of_us:
        return Untested.IN_FUTURE
    if since_us is None:
        return Untested.NO_HISTORY
    if verdict.n_weeks:
        return None
    return Untested.TOO_EARLY if lost.at_us <= since_us else Untested.NOT_THERE


def _share(k: int, n: int) -> Estimate:
    return wilson(k, n) if n >= FEWEST else nothing(n)


def _mark_json(mark: Mark) -> dict[str, Any]:
    return {
        "at": at(mark.at_us),
        "days_before": round(mark.days_before, 2),
        "told_by": "friction_index" if mark.chance is None else "chance",
        "friction_index": mark.friction_index,
        "chance": mark.chance,
        "usual": mark.usual,
        "times_usual": None if mark.chance is None else mark.chance / mark.usual,
        "signals": [{"signal": str(one), "doublings": round(added, 4)} for one, added in mark.reasons],
    }


def _unknown_json(lost: Lost, hint: str) -> dict[str, Any]:
    return {"line": lost.line, "customer_id": lost.customer_id, "hint": hint.strip() or None}


def _marked_said(found: LostResult) -> str:
    n, marks = len(found.tested), len(found.marks)
    if not n:
        return "Of no customer on your list could be told whether there would have been a warning."
    said = f"Of {plural(n, 'customer')} on your list that could be tested, {_were(marks)} marked at risk in the 90 days"
    said += " before" if found.marked.value is None else f" before ({_told(found.marked)})"
    if found.lead_days.value is not None:
        said += f", {days(round(found.lead_days.value))} ahead at the median (n = {marks})"
    few = f" These are too few for a share; {FEWEST} are needed." if n < FEWEST else ""
    return f"{said}.{few}"


def _stayed_said(found: LostResult) -> str | None:
    if not found.tested:
        return None
    if found.stayed.value is None:
        return "Too few customers stayed through the same weeks to say how many of them would have been marked too."
    said = (
        f"Of {plural(found.n_stayed, 'customer')} who stayed, {_were(found.n_stayed_marked)} marked in equally long "
        f"windows, the same weeks ({_told(found.stayed)})"
    )
    if found.marked.value is None:
        return f"{said}."
    apart = share_difference(len(found.marks), len(found.tested), found.n_stayed_marked, found.n_stayed)
    return f"{said}. {_apart(apart)}"


def _apart(apart: Estimate) -> str:
    value, low, high = (100 * (one or 0.0) for one in (apart.value, apart.low, apart.high))
    band = f"95 %: {number(low)} to {number(high)}"
    if low > 0:
        return f"Those lost were marked more often by {number(value)} points ({band})."
    return f"The marks do not tell the two apart: {number(value)} points between them ({band})."


def _log_said(found: LostResult) -> str | None:
    counts = {kind: sum(one.log_says is kind for one in found.customers) for kind in LogSays}
    if not found.customers:
        return None
    return (
        f"The log agrees with {plural(counts[LogSays.AGREES], 'date')} (within {days(AGREES_DAYS)}), has another date "
        f"for {number(counts[LogSays.ANOTHER_DATE])}, and knows of no exit of {number(counts[LogSays.NO_EXIT])}."
    )


_WHY = {
    Untested.NO_HISTORY: "not followed long enough: half a year to learn from and a quarter to test on are needed",
    Untested.TOO_EARLY: "before the weeks that can be tested",
    Untested.IN_FUTURE: "dated after what is known",
    Untested.NOT_THERE: "not on the journey in the 90 days before",
}


def untested_said(code: str) -> str:
    """Why nothing was told of a listed customer, in plain words."""
    return _WHY[Untested(code)]


def _untested_said(found: LostResult) -> str | None:
    counts = {kind: sum(one.untested is kind for one in found.customers) for kind in Untested}
    told = [f"{number(n)} {_WHY[kind]}" for kind, n in counts.items() if n]
    return f"Not tested: {'; '.join(told)}." if told else None


def _unknown_said(found: LostResult) -> str | None:
    if not found.unknown:
        return None
    return f"Not known, and counted nowhere: {plural(len(found.unknown), 'line')} of your list."


def _told(one: Estimate) -> str:
    return f"{share(one.value)}, 95 %: {interval(one.low, one.high, 'share')}"


def _were(n: int) -> str:
    return f"{number(n)} {'was' if n == 1 else 'were'}"
