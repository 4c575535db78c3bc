"""Retention and revenue: what customers pay month by month, to the cent, what of it is kept, and by which cohort."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any

from cxcurve import charts
from cxcurve.charts import Series, TrendPoint
from cxcurve.charts import format as fmt
from cxcurve.metrics.recurring import KINDS
from cxcurve.metrics.revenue import Line
from cxcurve.metrics.revenue_cohorts import Cell, RevenueCohort
from cxcurve.stats.estimates import THIN, Estimate
from cxcurve.web.asked import Asked, Whom
from cxcurve.web.pages.explain import explained
from cxcurve.web.pages.frame import Frame, framed, local, with_query
from cxcurve.web.reader import View
from cxcurve.workspace.explain.revenue import COUNTS, LABELS, MONTH
from cxcurve.workspace.revenue import BEGINNINGS, SPANS, RevenueResult

PARAMETERS = ("begins", "span", "kept")
CSV = "revenue.csv"
MEASURES = ("customers", "revenue")
STATS = ("closing", "nrr", "grr", "customers_kept")
"""The cards, by the keys that explain them."""
HALF = 540.0
"""Width of a picture in one of two columns."""
MOST_NARROW, MOST_LINES = 7, 12
"""Columns of the heatmap that a phone has room for; months of the ledger that are not folded away."""
Row = Mapping[str, Any]
_LABELS = {
    "begins": {"revenue": "First revenue", "value": "First value"},
    "span": {"quarter": "Quarters", "month": "Months"},
    "kept": {"customers": "Customers", "revenue": "Revenue"},
}
TAB_NAMES = {"begins": "Cohorts begin with", "span": "By", "kept": "What is kept"}
KIND_LABELS = {"reactivation": "Came back", "new": "New", "expansion": "Expansion", "contraction": "Contraction",
               "churn": "Churn"}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class RevenuePage(Frame):
    """What revenue.html shows."""

    result: RevenueResult
    stats: tuple[Row, ...]
    remarks: tuple[str, ...]
    lines: tuple[Row, ...]
    earlier: tuple[Row, ...]
    columns: tuple[tuple[str, str], ...]
    year: Line | None
    tabs: tuple[tuple[str, tuple[Row, ...]], ...]
    chosen: tuple[str, ...]
    target: float | None
    reason: str | None
    zone: str
    csv_url: str

    @cached_property
    def waterfall(self) -> charts.Picture | None:
        """From the opening a year ago to now."""
        return _waterfall(self.year, self.currency, HALF)

    @cached_property
    def waterfall_narrow(self) -> charts.Picture | None:
        """The same for a phone."""
        return _waterfall(self.year, self.currency, charts.NARROW)

    @cached_property
    def trend(self) -> charts.Picture | None:
        """NRR and GRR of the twelve months up to the end of each month."""
        return _trend(self.result.trend, self.zone, self.target, HALF)

    @cached_property
    def trend_narrow(self) -> charts.Picture | None:
        """The same for a phone."""
        return _trend(self.result.trend, self.zone, self.target, charts.NARROW)

    @cached_property
    def heatmap(self) -> charts.Picture | None:
        """What of each cohort is left, by how long ago it began."""
        return _heatmap(self.result, self.chosen, charts.WIDE)

    @cached_property
    def heatmap_narrow(self) -> charts.Picture | None:
        """The same for a phone."""
        return _heatmap(self.result, self.chosen, charts.NARROW)

    def to_json(self) -> dict[str, Any]:
        """As `cxcurve show revenue --json`."""
        return self.result.to_json()

    def to_csv(self) -> str:
        """The ledger in whole cents, the first month first."""
        rows = self.result.rows()
        out = io.StringIO()
        writer = csv.DictWriter(out, rows[0].keys() if rows else ("month",))
        writer.writeheader()
        writer.writerows(rows)
        return out.getvalue()


def build(view: View, asked: Asked) -> RevenuePage:
    """The page for a query."""
    frame = framed(view, asked, "Retention and revenue", "retention", "/revenue")
    options = {"begins": BEGINNINGS, "span": SPANS, "kept": MEASURES}
    chosen = {key: asked.choice(key, words, words[0]) for key, words in options.items()}
    result = view.revenue
    frame["currency"] = result.currency
    lines = tuple(_line(one, place < result.n_over, view.whom) for place, one in reversed([*enumerate(result.lines)]))
    return RevenuePage(
        **frame,
        result=result,
        stats=tuple(
            {**item, "href": explained(view.whom, "revenue", name)}
            for name, item in zip(STATS, _stats(result, frame["currency"], _target(view)), strict=False)
        ),
        remarks=tuple(_remarks(result)),
        lines=lines[:MOST_LINES],
        earlier=lines[MOST_LINES:],
        columns=tuple((kind, KIND_LABELS[kind]) for kind in KINDS),
        year=result.year,
        tabs=tuple((TAB_NAMES[key], _tabs(asked, key, words, chosen[key])) for key, words in options.items()),
        chosen=tuple(chosen.values()),
        target=_target(view),
        reason=result.reason,
        zone=view.workspace.settings.zone,
        csv_url=frame["json_url"].replace("/revenue.json", "/revenue.csv"),
    )  # fmt: skip


def _target(view: View) -> float | None:
    goal = view.workspace.journey.targets.get("nrr")
    return float(goal) if isinstance(goal, int | float) else None


def _tabs(asked: Asked, key: str, words: Sequence[str], chosen: str) -> tuple[Row, ...]:
    hrefs = (with_query("/revenue", {**asked.given, key: word}) for word in words)
    return tuple(
        {"label": _LABELS[key][word], "href": href, "is_chosen": word == chosen}
        for word, href in zip(words, hrefs, strict=True)
    )


def _stats(result: RevenueResult, currency: str, goal: float | None) -> tuple[Row, ...]:
    """What is paid now, and what is kept of what was paid a year ago."""
    year = result.year
    if year is None:
        return ()
    kept = year.kept
    was = f"of {fmt.money(kept.start / 100, currency)} that {fmt.plural(kept.n, 'customer')} paid a year ago"
    nrr_note = f"{was}{f'; target {fmt.share(goal)}' if goal else ''}"
    return (
        {
            "label": "Recurring revenue a year",
            "value": fmt.money(year.closing / 100, currency) if result.reason is None else None,
            "interval": "",
            "note": f"{fmt.cents(year.closing, currency)} of {fmt.plural(year.n_closing, 'customer')}",
            "tone": "",
        },
        _kept("Net revenue retention", kept.nrr, nrr_note, _tone(kept.nrr, goal)),
        _kept("Gross revenue retention", kept.grr, "what is left of it without any growth", ""),
        _kept("Customers kept", kept.customers, f"{fmt.number(kept.n_kept)} of {fmt.number(kept.n)} pay still", ""),
    )


def _kept(label: str, found: Estimate, note: str, tone: str) -> Row:
    thin = f" Thin: {fmt.plural(found.n, 'customer')}." if found.value is not None and found.n < THIN else ""
    return {
        "label": label,
        "value": None if found.value is None else fmt.share(found.value, 1),
        "interval": fmt.interval(found.low, found.high, "share"),
        "note": (fmt.reason(found.reason) or note) + thin,
        "tone": tone,
    }


def _tone(found: Estimate, goal: float | None) -> str:
    """Only what is sure is coloured."""
    if goal is None or found.low is None or found.high is None:
        return ""
    return "good" if found.low >= goal else "bad" if found.high < goal else ""


def _remarks(result: RevenueResult) -> list[str]:
    """What is not as it should be, in sentences."""
    moves, rule = result.moves, result.rule
    if moves is None or rule is None:
        return []
    said = []
    if not result.is_said:
        starts, ends = (", ".join(map(fmt.words, names)) or "nothing" for names in (rule.starts, rule.ends))
        said.append(
            f"journey.yaml does not say which events move revenue (recurring). Until it does, a customer pays from "
            f"“{starts}” until “{ends}” what the table of customers says today: growth and contraction are not known."
        )
    elif moves.n_from_table:
        began = fmt.plural(moves.n_from_table, "customer")
        said.append(f"{began} began without an amount: it was worked back from what is known of them later.")
    if moves.n_without:
        said.append(f"{fmt.plural(moves.n_without, 'start')} without any known revenue: counted as customers, with 0.")
    if moves.n_before_start:
        moved = fmt.plural(moves.n_before_start, "movement")
        said.append(f"{moved} of customers who had not begun to pay, or had ended, left out.")
    if moves.n_foreign:
        said.append(
            f"{fmt.plural(moves.n_foreign, 'amount')} in other currencies than {result.currency} left out: no rates."
        )
    if result.is_few:
        said.append("Months and cohorts in which few moved are left out, and sums that would tell of them.")
    return said


def _line(one: Line, is_over: bool, whom: Whom) -> Row:
    return {
        "label": _month(one.period.name),
        "is_over": is_over,
        "opening": one.opening,
        "closing": one.closing,
        "moved": {name: found.cents for name, found in one.moved.items()},
        "counts": {name: found.n for name, found in one.moved.items()},
        "n_opening": one.n_opening,
        "n_closing": one.n_closing,
        "nrr": one.kept.nrr.value,
        "grr": one.kept.grr.value,
        "hrefs": {name: explained(whom, "revenue", MONTH, one.period.name, name) for name in (*LABELS, *COUNTS)},
    }


def _month(name: str) -> str:
    return f"{date.fromisoformat(f'{name}-01'):%b %Y}"


def _waterfall(year: Line | None, currency: str, width: float) -> charts.Picture | None:
    if year is None:
        return None
    moved = [
        charts.Step(KIND_LABELS[kind], found.cents / 100, note=fmt.plural(found.n, "customer"))
        for kind, found in year.moved.items()
        if found.n
    ]
    opening = charts.Step("A year ago", year.opening / 100, True, fmt.plural(year.n_opening, "customer"))
    closing = charts.Step("Now", year.closing / 100, True, fmt.plural(year.n_closing, "customer"))
    return charts.waterfall(
        [opening, *moved, closing], currency=currency, width=width, title="Recurring revenue in twelve months",
        columns=("Movement", "Revenue a year"),
    )  # fmt: skip


def _trend(lines: Sequence[Line], zone: str, target: float | None, width: float) -> charts.Picture | None:
    ends = [local(one.period.until_us, zone).date() - timedelta(days=1) for one in lines]
    nrr, grr = (
        [_point(end, getattr(one.kept, name)) for end, one in zip(ends, lines, strict=True)] for name in ("nrr", "grr")
    )
    if not any(point.value is not None for point in nrr):
        return None
    series = [Series("NRR", nrr), Series("GRR", grr, "quiet")]
    return charts.trend(series, unit="share", target=target, width=width, title="Kept of what was paid a year before")


def _point(end: date, found: Estimate) -> TrendPoint:
    return TrendPoint(end, found.value, found.low, found.high, found.n, found.n < THIN)


def _heatmap(result: RevenueResult, chosen: tuple[str, ...], width: float) -> charts.Picture | None:
    begins, span, measure = chosen
    cohorts = list((result.cohorts or {}).get((begins, span), ()))
    everybody = (result.everybody or {}).get((begins, span))
    rows = [*([everybody] if everybody else []), *cohorts]
    most = MOST_NARROW if width < charts.WIDE else 99
    told = [age for one in rows for age, cell in enumerate(one.cells) if _value(cell, measure) is not None]
    if not told:
        return None
    n = min(max(told) + 1, most)
    values = [[_value(cell, measure) for cell in one.cells[:n]] + [None] * (n - len(one.cells)) for one in rows]
    notes = [[_note(one, cell) for cell in one.cells[:n]] + [""] * (n - len(one.cells)) for one in rows]
    title = f"{_LABELS['kept'][measure]} kept, by {span}s since {_LABELS['begins'][begins].lower()}"
    return charts.heatmap(
        [_named(one, span, is_short=width < charts.WIDE) for one in rows],
        [str(age) for age in range(n)],
        values,
        unit="share",
        notes=notes,
        width=width,
        title=title,
    )


def _value(cell: Cell, measure: str) -> float | None:
    return cell.customers.value if measure == "customers" else cell.revenue.value


def _note(one: RevenueCohort, cell: Cell) -> str:
    if cell.customers.value is None:
        return f"Too few to say: {fmt.plural(one.n, 'customer')}"
    thin = " (thin)" if one.is_thin else ""
    band = fmt.interval(cell.customers.low, cell.customers.high, "share")
    return f"{fmt.number(cell.n_kept)} of {fmt.plural(cell.customers.n, 'customer')}{thin}, {band}"


def _named(one: RevenueCohort, span: str, *, is_short: bool) -> str:
    if one.name == "all":
        return f"All · {fmt.number(one.n)}"
    when = _month(one.name) if span == "month" else f"{one.name[5:]} {one.name[:4]}"
    if is_short:
        return f"{when[:-4]}{when[-2:]} · {fmt.number(one.n)}"
    return f"{when} · {fmt.number(one.n)}{' thin' if one.is_thin else ''}"
