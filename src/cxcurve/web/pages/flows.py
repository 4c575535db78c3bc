"""Flows: from step to step, how many go on and how fast, who stops, what they do then, and the ways between stages."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from cxcurve import charts
from cxcurve.charts import Link, Node
from cxcurve.charts import format as fmt
from cxcurve.metrics.flows import Step
from cxcurve.stats.estimates import THIN, Estimate
from cxcurve.web.asked import Asked, Whom
from cxcurve.web.pages.explain import explained
from cxcurve.web.pages.frame import Field, Frame, framed, with_query
from cxcurve.web.reader import View
from cxcurve.workspace.explain.flows import DEFINITIONS, STAGES
from cxcurve.workspace.flows import HORIZONS, MOST_NEXT, WINDOWS, FlowResult
from cxcurve.workspace.names import stage_label

PARAMETERS = ("steps", "window", "within")
CSV = "flows.csv"
HALF, MOST_KNOWN, FIELDS = 540.0, 100, 5
LEFT = "left"
Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class FlowsPage(Frame):
    """What flows.html shows."""

    result: FlowResult
    stats: tuple[Row, ...]
    rows: tuple[Row, ...]
    after: tuple[Row, ...]
    steps: tuple[Field, ...]
    times: tuple[Field, ...]
    stage_names: tuple[tuple[str, str], ...]
    stages_url: str
    csv_url: str
    reason: str | None

    @cached_property
    def funnel(self) -> charts.Picture | None:
        """How many reached each step."""
        return self._funnel(HALF)

    @cached_property
    def funnel_narrow(self) -> charts.Picture | None:
        """The same for a phone."""
        return self._funnel(charts.NARROW)

    @cached_property
    def ways(self) -> charts.Picture | None:
        """Between the stages, in the window."""
        return self._ways(charts.WIDE)

    @cached_property
    def ways_narrow(self) -> charts.Picture | None:
        """The same for a phone."""
        return self._ways(charts.NARROW)

    def _funnel(self, width: float) -> charts.Picture | None:
        items = [(row["label"], float(row["n"])) for row in self.rows]
        return charts.bars(
            items,
            tone="level",
            unit="number",
            columns=("Step", "Customers"),
            width=width,
            title="Who reached each step",
        )

    def _ways(self, width: float) -> charts.Picture | None:
        if not self.result.links:
            return None
        nodes = [Node(name, label, place) for place, (name, label) in enumerate(self.stage_names)]
        nodes.append(Node(LEFT, "Left", len(nodes), "drag"))
        links = [Link(start, end or LEFT, float(n)) for start, end, n in self.result.links]
        return charts.transitions(nodes, links, width=width, title="From stage to stage")

    def to_json(self) -> dict[str, Any]:
        """As `cxcurve show flows --json`."""
        return self.result.to_json()

    def to_csv(self) -> str:
        """A row for each step."""
        rows, out = self.result.rows(), io.StringIO()
        writer = csv.DictWriter(out, rows[0].keys() if rows else ("step",))
        writer.writeheader()
        writer.writerows(rows)
        return out.getvalue()


def build(view: View, asked: Asked) -> FlowsPage:
    """The page for a query."""
    frame = framed(view, asked, "Flows", "flows", "/flows")
    names = tuple(name.strip() for name in asked.given.get("steps", "").split(",") if name.strip())
    window, within = (
        asked.choice(key, [str(day) for day in days], str(days[0]))
        for key, days in (("window", WINDOWS), ("within", HORIZONS))
    )
    result = view.flow(names, int(window), int(within))
    rows = tuple(
        _row(one, label, place, result, _hrefs(view.whom, names, result, one))
        for place, (one, label) in enumerate(_labelled(result))
    )
    journey = view.workspace.journey
    return FlowsPage(
        **frame,
        result=result,
        stats=() if result.reason else _stats(result, rows),
        rows=rows,
        after=tuple(_after(result, place) for place in range(len(result.after)) if result.after[place][0]),
        steps=_step_fields(result, names),
        times=_time_fields(window, within),
        stage_names=tuple((name, stage_label(journey, name)) for name in journey.stage_names),
        stages_url=with_query("/flows", {k: v for k, v in asked.given.items() if k != "steps"}),
        csv_url=frame["json_url"].replace("/flows.json", "/flows.csv"),
        reason=result.reason,
    )


def _labelled(result: FlowResult) -> list[tuple[Step, str]]:
    return list(zip(result.steps, result.labels, strict=True))


def _step_fields(result: FlowResult, names: tuple[str, ...]) -> tuple[Field, ...]:
    known = [*dict.fromkeys([*names, *result.known[:MOST_KNOWN]])]
    options = (("", "–"), *((name, fmt.words(name)) for name in sorted(known)))
    n = max(FIELDS, len(names) + 1)
    return tuple(
        Field("steps", f"Step {place + 1}", options, names[place] if place < len(names) else "") for place in range(n)
    )


def _time_fields(window: str, within: str) -> tuple[Field, ...]:
    began = tuple((str(day), f"the last {fmt.days(day)}") for day in WINDOWS)
    goes = tuple((str(day), fmt.days(day)) for day in sorted(HORIZONS))
    return Field("window", "Began in", began, window), Field("within", "Goes on within", goes, within)


def _hrefs(whom: Whom, names: tuple[str, ...], result: FlowResult, one: Step) -> Row:
    """The pages that explain the facts of a step."""
    flow = "flows", ",".join(names) or STAGES, result.window_days, result.horizon_days
    return {fact: explained(whom, *flow, one.name, fact) for fact in DEFINITIONS}


def _row(one: Step, label: str, place: int, result: FlowResult, hrefs: Row) -> Row:
    is_last = place + 1 == len(result.steps) and len(result.after) <= place
    first = result.steps[0].n
    return {
        "label": label,
        "n": one.n,
        "n_skipped": one.n_skipped,
        "of_first": one.n / first if first else None,
        "is_last": is_last,
        "n_left": one.n_left,
        "n_waiting": one.n_waiting,
        "stops": one.stops,
        "goes_on": one.goes_on.value,
        "goes_on_band": fmt.interval(one.goes_on.low, one.goes_on.high, "share"),
        "leaves": one.leaves.value,
        "median": one.median.value,
        "median_band": _days_band(one.median),
        "median_reason": one.median.reason,
        "quick": one.quick.value,
        "slow": one.slow.value,
        "reason": one.goes_on.reason,
        "is_thin": one.n < THIN,
        "hrefs": hrefs,
    }


def _days_band(found: Estimate) -> str:
    if found.value is None or found.low is None:
        return ""
    return f"{fmt.number(found.low, 1)} to {fmt.number(found.high, 1)}" if found.high is not None else "no upper end"


def _stats(result: FlowResult, rows: tuple[Row, ...]) -> tuple[Row, ...]:
    """How many began, how many came to the end, where most stop, and what takes longest."""
    told = [row for row in rows if row["stops"] is not None]
    timed = [row for row in rows if row["median"] is not None]
    # Where not even half ever go on, as in a stage that is lived in for years, stopping is no drop-off.
    worst = max([row for row in told if row["median"] is not None] or told, key=lambda row: row["stops"], default=None)
    slowest = max(timed, key=lambda row: row["median"], default=None)
    began, end = f"in the last {fmt.days(result.window_days)}", rows[-1]
    stops = "" if worst is None else f"{fmt.share(worst['stops'])} not on within {fmt.days(result.horizon_days)}"
    needs = "" if slowest is None else f"half need {fmt.days(slowest['median'])} or more"
    return (
        _stat("Began", fmt.number(rows[0]["n"]), f"{rows[0]['label']}, {began}"),
        _stat(f"Reached {end['label']}", fmt.share(end["of_first"]), f"{fmt.number(end['n'])} so far"),
        _stat("Most stop at", worst["label"] if worst else None, stops),
        _stat("Takes longest", slowest["label"] if slowest else None, needs),
    )


def _stat(label: str, value: str | None, note: str) -> Row:
    return {"label": label, "value": value, "interval": "", "note": note, "tone": ""}


def _after(result: FlowResult, place: int) -> Row:
    n, found = result.after[place]
    return {
        "label": result.labels[place],
        "n": n,
        "next": [
            {"name": fmt.words(one.name) if one.name else "nothing", "channel": one.channel, "n": one.n,
             "share": one.share}
            for one in found[:MOST_NEXT]
        ],
        "n_more": max(len(found) - MOST_NEXT, 0),
    }  # fmt: skip
