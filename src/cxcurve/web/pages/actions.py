"""Actions: what was done, for whom, what was promised of it and what was seen, and how strong the evidence is."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from cxcurve import charts
from cxcurve.charts import format as fmt
from cxcurve.errors import CxcurveError, ProblemsError, UnknownNameError
from cxcurve.metrics.action_lines import Line
from cxcurve.metrics.promised import MEANING, MEANINGS, MOVABLES, STRENGTH, VERDICTS, WHY, Evidence, Verdict
from cxcurve.web import grid as grids
from cxcurve.web.asked import Asked
from cxcurve.web.flash import say
from cxcurve.web.grid import Column, Grid
from cxcurve.web.pages.explain import href_of
from cxcurve.web.pages.frame import Field, Frame, framed, local, with_query
from cxcurve.web.reader import View
from cxcurve.web.visitor import may
from cxcurve.workspace import Workspace
from cxcurve.workspace.actions import CLOSED, DEFAULT_DAYS, LEAST_DAYS, MOST_DAYS, Action
from cxcurve.workspace.explain import Key
from cxcurve.workspace.instants import now_us
from cxcurve.workspace.names import stage_label
from cxcurve.workspace.read_outs import ReadOut
from cxcurve.workspace.remedies import LONGEST_NAME, LONGEST_TEXT
from cxcurve.workspace.results import moment

ACTION, STATUS, FRICTION, OVER = "action", "status", "friction", "over"
PARAMETERS = (*grids.PARAMETERS, ACTION, STATUS, FRICTION)
CSV, LIST_CSV = "actions.csv", "customers.csv"
LONGEST_BODY = 4_000_000
MOST_PROBLEMS = 60
FIELDS = (
    "what", "owner", "started_on", "metric", "direction", "promised", "days", "held_out", "stage", "friction",
    "segment", "chosen_owner", "customers", "skip_unknown",
)  # fmt: skip
COLUMNS = (
    Column("what", "What was done", note="for_whom"),
    Column("verdict_said", "Outcome", kind="badge", tone="tone", note="reason_said"),
    Column("promise", "Promised", note="label"),
    Column("seen_said", "Seen", note="interval"),
    Column("strength", "Strength of evidence"),
    Column("started_on", "Began", kind="day", note="read_said"),
    Column("owner", "Owner", is_less=True),
    Column("n_treated", "To be reached", kind="number", is_shown=False),
    Column("n_held_out", "Left alone by chance", kind="number", is_shown=False),
    Column("metric", "Metric", is_shown=False),
    Column("promised", "Promised, number", kind="score", is_shown=False),
    Column("seen", "Seen, number", kind="score", is_shown=False),
    Column("low", "At least", kind="score", is_shown=False),
    Column("high", "At most", kind="score", is_shown=False),
    Column("days", "Days", kind="number", is_shown=False),
    Column("stage_label", "Stage", is_shown=False),
    Column("friction", "Friction", is_shown=False),
    Column("closed_as", "Closed", is_shown=False),
    Column("action_id", "Id", is_shown=False),
)
_TONES = {Verdict.KEPT: "smooth", Verdict.OPPOSITE: "severe"}
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Refused:
    """What was sent, and what is to be mended in it."""

    form: Mapping[str, str]
    problems: tuple[str, ...]
    n_problems: int
    has_unknown: bool = False


@dataclass(frozen=True, kw_only=True)
class ActionsPage(Frame):
    """What actions.html shows."""

    told: Row
    table: Grid
    chosen: Row | None
    pictures: Sequence[tuple[str, charts.Picture, charts.Picture]]
    may_write: bool
    may_list: bool
    is_few: bool
    segments: Sequence[tuple[str, str]]
    stages: Sequence[tuple[str, str]]
    frictions: Sequence[tuple[str, str]]
    today: str
    refused: Refused | None = None
    movables: ClassVar[Any] = MOVABLES
    strengths: ClassVar[Sequence[tuple[str, str]]] = tuple((STRENGTH[one], MEANING[one]) for one in Evidence)
    closed: ClassVar[Sequence[str]] = CLOSED
    days: ClassVar[tuple[int, int, int]] = (DEFAULT_DAYS, LEAST_DAYS, MOST_DAYS)
    longest_name: ClassVar[int] = LONGEST_NAME
    longest_text: ClassVar[int] = LONGEST_TEXT

    @property
    def form(self) -> Mapping[str, str]:
        """What the form shows: what was sent, where it could not be kept."""
        start = {"started_on": self.today, "days": str(DEFAULT_DAYS), "held_out": "0"}
        asked = {FRICTION: self.query.get(FRICTION, "")}
        return {**dict.fromkeys(FIELDS, ""), **start, **asked, **(self.refused.form if self.refused else {})}

    def to_json(self) -> dict[str, Any]:
        """As `cxcurve actions --json`."""
        return dict(self.told)

    def to_csv(self) -> str:
        """Every action found."""
        return self.table.to_csv()


def build(view: View, asked: Asked, refused: Refused | None = None) -> ActionsPage:
    """The page for a query.

    Raises:
        UnknownNameError: there is no such action.
    """
    frame = framed(view, asked, "Actions", "actions", "/actions") | {"picker": ()}
    result, workspace = view.actions, view.workspace
    status, friction = asked.choice(STATUS, ("", *map(str, Verdict), OVER), ""), asked.given.get(FRICTION, "")
    rows = [_told(one, workspace, asked) for one in result.read_outs]
    options = (("", "Any outcome"), *((str(one), VERDICTS[one].capitalize()) for one in Verdict), (OVER, "To be read"))
    shown = [
        row for row in rows
        if status in ("", row["verdict"] if status != OVER else OVER * row["is_to_be_read"])
        and friction in ("", row["friction"])
    ]  # fmt: skip
    chosen = _chosen(rows, result.read_outs, asked)
    may_write = may("POST", "/actions")
    return ActionsPage(
        **frame,
        told=result.to_json(),
        table=grids.grid(
            COLUMNS, shown, asked, sort="-started_on", noun="action", csv_path="/actions.csv",
            searched=("what", "owner", "label", "for_whom"), filters=(Field(STATUS, "Outcome", options, status),),
        ),
        chosen=chosen[0] if chosen else None,
        pictures=_pictures(chosen[1]) if chosen else (),
        may_write=may_write,
        may_list=may("GET", "/actions/{action_id}/customers.csv"),
        is_few=result.is_few,
        segments=tuple(
            (f"{key}={value}", f"{fmt.words(key.removesuffix('_id')).capitalize()}: {value}")
            for key, values in view.values.items() for value in values
        ),
        stages=tuple((one.name, stage_label(workspace.journey, one.name)) for one in workspace.journey.stages),
        frictions=_frictions(view, friction) if may_write else (),
        today=local(now_us(), workspace.settings.zone).date().isoformat(),
        refused=refused,
    )  # fmt: skip


def change(workspace: Workspace, form: Mapping[str, str], by: str) -> str | Refused:
    """Take a form of the page: a new action, or that one is over; where to go then, or what is to be mended."""
    if form.get("closed_as"):
        one = workspace.close_action(form.get(ACTION, ""), form["closed_as"], form.get("reason", ""), by)
        say("The action is withdrawn." if one.closed_as == "withdrawn" else "The action is over.")
        return with_query("/actions", {ACTION: one.action_id}) + "#chosen"
    try:
        one = workspace.write_action(form, by)
    except ProblemsError as error:
        said = tuple(problem.message for problem in error.problems)
        return Refused(form, said[:MOST_PROBLEMS], len(said), has_unknown=True)
    except CxcurveError as error:
        return Refused(form, (str(error),), 1)
    return with_query("/actions", {ACTION: one.action_id}) + "#chosen"


def list_csv(view: View, action_id: str) -> str:
    """Whom to reach and whom to leave alone, as CSV: a team can obey it."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(("customer_id", "name", "owner", "stage", "group"))
    for row in view.action_list(action_id):
        group = {True: "leave alone", False: "reach", None: "joined: leave alone"}[row["is_held_out"]]
        cells = (row["customer_id"], row["name"], row["owner"], row["stage"], group)
        writer.writerow([grids.safe(cell) for cell in cells])
    return out.getvalue()


def _frictions(view: View, asked: str) -> Sequence[tuple[str, str]]:
    """Rows of the friction inventory that an action may mend; that which is asked for even where it is not there."""
    rows = view.friction.rows()
    named = {row["friction"]: f"{fmt.words(row['signal'])}, {row['touchpoint']}, {row['stage_label']}" for row in rows}
    return tuple({**({asked: asked.replace("/", ", ")} if asked else {}), **named}.items())


def _told(one: ReadOut, workspace: Workspace, asked: Asked) -> dict[str, Any]:
    row, movable, action = one.to_json(), one.action.movable, one.action
    waits = one.seen is None and one.why in ("not_over", "not_begun")
    reason = "" if row["seen"] is not None else f"Read on {fmt.day(row['read_on'])}" if waits else WHY[row["reason"]]
    is_open = one.verdict is Verdict.OPEN
    chosen = _whom(action)
    words = VERDICTS[one.verdict] if waits or not is_open else VERDICTS[one.verdict].removesuffix(" yet")
    return {
        **row,
        "href": with_query("/actions", {**_but(asked, ACTION), ACTION: action.action_id}) + "#chosen",
        "label": movable.label,
        "definition": movable.definition,
        "promise": action.promise,
        "verdict_said": "withdrawn" if action.closed_as == "withdrawn" else words,
        "verdict_meaning": MEANINGS[one.verdict]
        if row["low"] is not None and row["evidence"] != "before_after"
        else "",
        "tone": "" if is_open else _TONES.get(one.verdict, ""),
        "reason_said": reason,
        "is_waiting": waits,
        "seen_said": None if row["seen"] is None else _difference(row["seen"], action),
        "interval": _interval(row, _unit(movable.unit)),
        "explained": href_of(Key("action", (action.action_id,), as_of=asked.whom.as_of))
        if one.rows is not None
        else "",
        "reached_said": fmt.amount(row["reached"], _unit(movable.unit)),
        "expected_said": fmt.amount(row["expected"], _unit(movable.unit)),
        "strength": row["strength"] if one.seen else f"{row['strength']}, once read" if waits else None,
        "chosen_said": chosen,
        "for_whom": chosen if one.n_treated is None else f"{fmt.plural(one.n_treated, 'customer')}: {chosen}",
        "read_said": f"for {fmt.days(action.days)}",
        "stage_label": _stage(workspace, action.stage) if action.stage else None,
        "is_to_be_read": one.is_to_be_read,
        "evidence_thin": action.held_out_share > 0 and one.evidence is not Evidence.DRAWN,
    }


def _stage(workspace: Workspace, name: str) -> str:
    """A stage in words, also one that the journey had when the action was written."""
    journey = workspace.journey
    return stage_label(journey, name) if name in journey.stage_names else fmt.words(name).capitalize()


def _whom(action: Action) -> str:
    """How its customers were chosen, in words."""
    if "listed" in action.chosen:
        return "a list of its own"
    told = (f"{fmt.words(key.removesuffix('_id'))} {value}" for key, value in action.chosen.items())
    return ", ".join(told) or "everybody inside the journey"


def _unit(unit: str) -> str:
    """Means are told finer than counts."""
    return unit if unit == "share" else "score"


def _difference(value: float, action: Action) -> str:
    """With what it is counted in, as the promise beside it has it."""
    told = fmt.difference(value, _unit(action.movable.unit))
    return told if told.endswith(action.of) else f"{told} {action.of}"


def _interval(row: Row, unit: str) -> str:
    if row["low"] is None or row["high"] is None:
        return ""
    return f"{fmt.difference(row['low'], unit)} to {fmt.difference(row['high'], unit)}"


def _but(asked: Asked, key: str) -> dict[str, str]:
    return {name: value for name, value in asked.given.items() if name != key}


def _chosen(rows: Sequence[Row], found: Sequence[ReadOut], asked: Asked) -> tuple[Row, ReadOut] | None:
    """The action the address names."""
    key = asked.given.get(ACTION)
    if key is None:
        return None
    places = {row["action_id"]: place for place, row in enumerate(rows)}
    if key not in places:
        raise UnknownNameError("action", key, places)
    return rows[places[key]], found[places[key]]


def _pictures(one: ReadOut) -> Sequence[tuple[str, charts.Picture, charts.Picture]]:
    """Promised against seen, and the two sides over time; each wide and narrow."""
    if one.seen is None or one.seen.change.value is None:
        return ()
    movable, change = one.action.movable, one.seen.change
    row = charts.Effect(movable.label, one.action.promised, change.value, change.low, change.high)
    series = [_series(line, one) for line in one.lines]
    sides = "Those reached, and those they are compared with" if len(series) > 1 else "Those reached"

    def drawn(width: float) -> tuple[charts.Picture, charts.Picture]:
        title = f"{movable.label}: {sides.lower()}"
        unit = _unit(movable.unit)
        return charts.effect([row], unit=unit, width=width), charts.trend(series, unit=unit, width=width, title=title)

    (wide, wide_lines), (narrow, narrow_lines) = drawn(charts.WIDE), drawn(charts.NARROW)
    return (("Promised against seen", wide, narrow), (sides, wide_lines, narrow_lines))


def _series(line: Line, one: ReadOut) -> charts.Series:
    zone = ZoneInfo(one.zone)
    others = {Evidence.DRAWN: "Left alone by chance", Evidence.ALIKE: "Others alike"}
    name = "To be reached" if line.is_reached else others.get(one.evidence, "Others")

    def day(us: int) -> Any:
        return datetime.date(moment(us).astimezone(zone))

    points = [charts.TrendPoint(day(p.at_us), p.value, p.low, p.high, p.n, p.is_thin) for p in line.points]
    return charts.Series(name, points, "pull" if line.is_reached else "quiet")
