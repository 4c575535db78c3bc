"""Time to value: how many have reached it by when, whether that changes, for whom it takes long, and who is waiting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from cxcurve import charts
from cxcurve.charts import format as fmt
from cxcurve.metrics.time_to_value import RECENT_DAYS, TimeToValue
from cxcurve.metrics.value_cohorts import Cohort, Month
from cxcurve.web.asked import Asked, Whom
from cxcurve.web.pages.explain import href_of
from cxcurve.web.pages.frame import Frame, customer_href, framed
from cxcurve.web.reader import View
from cxcurve.workspace.explain import Key
from cxcurve.workspace.explain.keys import path_of
from cxcurve.workspace.time_to_value import TimeToValueResult

PARAMETERS = ()
MOST_WAITING, MOST_MONTHS = 50, 12
ALPHA = 0.05


@dataclass(frozen=True, kw_only=True)
class TtvPage(Frame):
    """What ttv.html shows."""

    result: TimeToValueResult
    stats: tuple[Mapping[str, Any], ...]
    pace: Mapping[str, Any]
    days: tuple[float, ...]
    compared_days: float
    months: tuple[Mapping[str, Any], ...]
    cohorts: tuple[tuple[str, tuple[Mapping[str, Any], ...]], ...]
    waiting: tuple[Mapping[str, Any], ...]
    n_waiting: int
    target_days: float | None
    reason: str | None

    @cached_property
    def picture(self) -> charts.Picture | None:
        """Drawn when shown: the JSON needs none."""
        return self.result.picture()

    @cached_property
    def picture_narrow(self) -> charts.Picture | None:
        """The same for a phone."""
        return self.result.picture(charts.NARROW)

    def to_json(self) -> dict[str, Any]:
        """As interfaces.md, `show ttv`."""
        return self.result.to_json()


def build(view: View, asked: Asked) -> TtvPage:
    """The page for a query."""
    frame = framed(view, asked, "Time to value", "ttv", "/ttv")
    result = view.time_to_value
    waiting = result.waiting()
    return TtvPage(
        **frame,
        result=result,
        stats=_stats(result, view.whom),
        pace=_pace(result),
        days=result.days,
        compared_days=result.compared_days,
        months=tuple(_month(one, result) for one in reversed(result.trend[-MOST_MONTHS:])),
        cohorts=_by_segment(result),
        waiting=tuple(
            {**one, "href": customer_href(one["customer_id"], frame["kept"])} for one in waiting[:MOST_WAITING]
        ),
        n_waiting=len(waiting),
        target_days=result.target_days,
        reason=_reason(result),
    )


def _reason(result: TimeToValueResult) -> str | None:
    if result.found is None:
        return "not_in_model"
    return None if result.found.incidence is not None else result.found.reason


def _stats(result: TimeToValueResult, whom: Whom) -> tuple[Mapping[str, Any], ...]:
    """The median, the share by each day, and how many wait."""
    found = result.found
    if found is None or found.incidence is None:
        return ()
    target = "" if result.target_days is None else f"; target {fmt.days(result.target_days)}"
    median = {
        "label": "Median",
        "value": fmt.days(found.median.value) if found.median.value is not None else None,
        "interval": fmt.interval(found.median.low, found.median.high, "days"),
        "note": fmt.reason(found.median.reason) or f"of {fmt.plural(found.n, 'customer')} who started{target}",
        "tone": "",
        "href": _explained(whom, "median_days"),
    }
    reached = (
        {**_reached(found, day, result.target_days), "href": _explained(whom, "reached", f"{day:g}")}
        for day in result.days
    )
    return (median, *reached, _waits(result))


def _explained(whom: Whom, *parts: str) -> str:
    """The page that explains a number of time to value."""
    return href_of(Key("ttv", parts, whom.segment, whom.cohort, whom.as_of))


def _reached(found: TimeToValue, day: float, target_days: float | None) -> Mapping[str, Any]:
    share = found.reached[day]
    return {
        "label": f"Reached by day {fmt.number(day)}",
        "value": fmt.share(share.value) if share.value is not None else None,
        "interval": fmt.interval(share.low, share.high, "share"),
        "note": fmt.reason(share.reason) or ("the target" if day == target_days else ""),
        "tone": "",
    }


def _waits(result: TimeToValueResult) -> Mapping[str, Any]:
    waiting = result.waiting()
    late = sum(one["days"] > result.compared_days for one in waiting)
    note = f"{fmt.number(late)} of them for more than {fmt.days(result.compared_days)}"
    return {"label": "Waiting now", "value": fmt.number(len(waiting)), "interval": None, "note": note, "tone": ""}


def _pace(result: TimeToValueResult) -> Mapping[str, Any]:
    pace, p = result.pace, result.pace.test.p_value
    medians = {"recent_days": RECENT_DAYS, "recent": pace.recent.value, "earlier": pace.earlier.value}
    return {**medians, "p": p, "is_real": p is not None and p < ALPHA}


def _month(one: Month, result: TimeToValueResult) -> Mapping[str, Any]:
    label = f"{date.fromisoformat(f'{one.month}-01'):%b %Y}"
    return {"label": label, "key": f"ttv/month/{one.month}", **_told(one.found, result)}


def _told(found: TimeToValue, result: TimeToValueResult) -> dict[str, Any]:
    share = found.reached[result.compared_days]
    return {
        "n": found.n,
        "n_waiting": found.n_waiting,
        "median_days": found.median.value,
        "median_low": found.median.low,
        "median_high": found.median.high,
        "reached": [found.reached[day].value for day in result.days],
        "target_share": share.value,
        "target_low": share.low,
        "target_high": share.high,
        "reason": found.reason or (share.reason if share.value is None else None),
        "median_reason": found.median.reason,
    }


def _by_segment(result: TimeToValueResult) -> tuple[tuple[str, tuple[Mapping[str, Any], ...]], ...]:
    """The cohorts of each segment of which there is something to tell."""
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for one in result.cohorts:
        groups.setdefault(one.by, []).append(_cohort(one, result))
    return tuple(
        (fmt.words(by.removesuffix("_id")).capitalize(), tuple(rows))
        for by, rows in groups.items()
        if len(rows) > 1 and any(row["target_share"] is not None for row in rows)
    )


def _cohort(one: Cohort, result: TimeToValueResult) -> Mapping[str, Any]:
    compared = one.compared
    key = path_of("ttv", one.by, one.value)
    told = {"label": one.value, "key": key, **_told(one.found, result)}
    told |= {"compared": None, "compared_reason": one.reason}
    if compared is None:
        return told
    longer = compared.waits_longer
    words = {
        "effect": compared.effect.value,
        "low": compared.effect.low,
        "high": compared.effect.high,
        "p": compared.p_value,
        "is_real": compared.p_value < ALPHA,
        "is_crossing": compared.is_crossing,
        "longer_days": longer.value,
        "longer_low": longer.low,
        "longer_high": longer.high,
        "horizon_days": compared.horizon_days,
    }
    return {**told, "compared": words}
