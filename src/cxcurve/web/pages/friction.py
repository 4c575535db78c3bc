"""The friction inventory: what goes wrong, where, what it may cost, who mends it and why it is there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from cxcurve import charts
from cxcurve.charts import format as fmt
from cxcurve.errors import BadValueError, UnknownNameError
from cxcurve.metrics.exit_chances import CLEAR_DAYS, FELT_DAYS, HORIZON_DAYS
from cxcurve.metrics.experience import EXPERIENCE_DAYS
from cxcurve.web import grid as grids
from cxcurve.web.asked import Asked, Whom
from cxcurve.web.grid import Column, Grid
from cxcurve.web.guard import FIELD
from cxcurve.web.pages.explain import href_of
from cxcurve.web.pages.frame import Field, Frame, framed, with_query
from cxcurve.web.reader import View
from cxcurve.web.visitor import may
from cxcurve.workspace import Workspace
from cxcurve.workspace.experience import Experience
from cxcurve.workspace.explain import Key
from cxcurve.workspace.friction import InventoryResult
from cxcurve.workspace.remedies import EFFORTS, LONGEST_NAME, LONGEST_TEXT, MOST_WHYS, PARENTS, STATUSES, friction_key
from cxcurve.workspace.results import moment

ROW, STATUS, OF = "row", "status", "of"
PARAMETERS = (*grids.PARAMETERS, STATUS, ROW, OF)
CSV = "friction.csv"
ANY = ("", "Any status")
COLUMNS = (
    Column("label", "Friction", note="where"),
    Column("revenue_at_risk", "Revenue at risk", kind="money", note="interval", tone="risk_tone",
           hint="Revenue a year times what of the chance to leave goes with it"),
    Column("n_customers", "Customers", kind="number", hint=f"Met in the last {FELT_DAYS} days, or still open"),
    Column("loyalty_odds", "Odds of leaving", kind="odds", note="loyalty_interval", is_less=True,
           hint="Who felt it against who did not, at the same stage and risk"),
    Column("drop_off", "Left in 90 days", kind="share", note="drop_off_interval", is_less=True),
    Column("status", "Status", kind="badge", tone="status_tone"),
    Column("owner", "Owner"),
    Column("due", "Due", kind="day", tone="due_tone"),
    Column("expansion_foregone", "Expansion foregone", kind="money", note="foregone_interval", is_shown=False,
           hint="What those it meets would come to pay more within 90 days without it; not part of revenue at risk"),
    Column("again_7_days", "Again in 7 days", kind="share", is_shown=False),
    Column("hours_lost", "Hours lost", kind="number", hint="Of the last 90 days, beyond what is usual", is_shown=False),
    Column("root_cause", "Root cause", is_shown=False),
    Column("parent", "Parent", is_shown=False),
    Column("effort", "Effort", is_shown=False),
    Column("plays", "Plays", is_shown=False),
    Column("competitive_gap_minutes", "Minutes over best rival", kind="score", is_shown=False),
    Column("competitive_gap_effort", "Effort over best rival", kind="score", is_shown=False),
    Column("signal", "Signal", is_shown=False),
    Column("touchpoint", "Touchpoint", is_shown=False),
    Column("stage", "Stage", is_shown=False),
    Column("low", "At least", kind="money", is_shown=False),
    Column("high", "At most", kind="money", is_shown=False),
)  # fmt: skip
_TONES = {"accepted": "drag", "in_work": "drag", "done": "smooth"}
MOST_TOUCHPOINTS, PER_PAGE = 12, 20
Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class FrictionPage(Frame):
    """What friction.html shows."""

    result: InventoryResult
    experience: Experience
    stats: tuple[Row, ...]
    table: Grid
    chosen: Row | None
    heat: charts.Picture
    heat_narrow: charts.Picture
    thin: tuple[str, ...]
    of: str
    segments: tuple[Row, ...]
    may_decide: bool
    may_see_actions: bool
    parents: ClassVar[Mapping[str, str]] = PARENTS
    statuses: ClassVar[Sequence[str]] = STATUSES
    efforts: ClassVar[Sequence[str]] = EFFORTS
    most_whys: ClassVar[int] = MOST_WHYS
    longest_name: ClassVar[int] = LONGEST_NAME
    longest_text: ClassVar[int] = LONGEST_TEXT
    felt_days: ClassVar[int] = FELT_DAYS
    clear_days: ClassVar[int] = CLEAR_DAYS
    horizon_days: ClassVar[float] = HORIZON_DAYS
    experience_days: ClassVar[int] = EXPERIENCE_DAYS
    reason: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The inventory as `cxcurve show friction --json` has it, and the cells of the heatmap."""
        return {**self.result.to_json(), "experience": self.experience.to_json()}

    def to_csv(self) -> str:
        """Every row found."""
        return self.table.to_csv()


def build(view: View, asked: Asked) -> FrictionPage:
    """The page for a query.

    Raises:
        UnknownNameError: there is no such row, or segment.
    """
    frame = framed(view, asked, "Friction inventory", "friction", "/friction")
    result, experience = view.friction, view.experience
    rows = [_told(row, view.whom, asked, frame["currency"], view.as_of_us) for row in result.rows()]
    status = asked.choice(STATUS, ("", *STATUSES), "")
    options = (ANY, *((one, fmt.words(one).capitalize()) for one in STATUSES))
    table = grids.grid(
        COLUMNS, [row for row in rows if not status or row["status_key"] == status], asked, sort="-revenue_at_risk",
        noun="friction", searched=("label", "where", "owner", "root_cause"), csv_path="/friction.csv",
        filters=(Field(STATUS, "Status", options, status),), currency=frame["currency"],
        per_page=PER_PAGE,
    )  # fmt: skip
    of = asked.given.get(OF, "")
    names = sorted({one.segment for one in experience.cells if one.segment})
    if of and of not in names:
        raise UnknownNameError("segment", of, names)
    return FrictionPage(
        **frame,
        result=result,
        experience=experience,
        stats=_stats(result, rows, view.whom, frame["currency"]),
        table=table,
        chosen=_chosen(rows, asked),
        heat=_heat(experience, of, charts.WIDE),
        heat_narrow=_heat(experience, of, charts.NARROW),
        thin=_thin(experience, of),
        of=of,
        segments=tuple(
            {"label": name or "Everybody", "href": with_query("/friction", _with(asked, OF, name)) + "#experience",
             "is_chosen": name == of}
            for name in ("", *names)
        ),
        may_decide=may("POST", "/friction"),
        may_see_actions=may("GET", "/actions"),
        reason=result.reason,
    )  # fmt: skip


def change(workspace: Workspace, form: Mapping[str, str], by: str) -> str:
    """Take the form of a row: what is decided about it; says where to go then.

    Raises:
        BadValueError: a value that cannot be, or it is accepted and nobody owns it.
        UnknownNameError: there is no such signal or stage.
    """
    for name in ("signal", "touchpoint", "stage", STATUS):
        if not form.get(name):
            raise BadValueError(f"The form names no {name}; nothing was changed")
    whys = [form[name] for i in range(1, MOST_WHYS + 1) if (name := f"why{i}") in form]
    made = workspace.decide_friction({**form, "whys": [why for why in whys if why.strip()]}, by)
    key = friction_key(*made.place)
    kept = {k[5:]: v for k, v in form.items() if k.startswith("kept_") and k != FIELD and v}
    return with_query("/friction", {**kept, ROW: key}) + "#decided"


def _with(asked: Asked, key: str, value: str) -> dict[str, str]:
    kept = {name: one for name, one in asked.given.items() if name not in (key, "page")}
    return {**kept, key: value} if value else kept


def _told(row: Row, whom: Whom, asked: Asked, currency: str, as_of_us: int) -> dict[str, Any]:
    def explained(fact: str) -> str:
        parts = (row["signal"], row["touchpoint"], row["stage"], fact)
        return href_of(Key("friction", parts, whom.segment, whom.cohort, whom.as_of)) if row["n_customers"] else ""

    is_late = row["due"] is not None and row["status"] in ("accepted", "in_work") and row["due"] < _day(as_of_us)
    return {
        **row,
        "label": fmt.words(row["signal"]).capitalize(),
        "where": f"{row['touchpoint']}, {row['stage_label']}",
        "href": with_query("/friction", _with(asked, ROW, row["friction"])) + "#chosen",
        "interval": fmt.interval(row["low"], row["high"], "money", currency) or fmt.reason(row["reason"]),
        "loyalty_interval": _odds(row["loyalty_low"], row["loyalty_high"]),
        "drop_off_interval": fmt.interval(row["drop_off_low"], row["drop_off_high"], "share"),
        "foregone_interval": fmt.interval(row["foregone_low"], row["foregone_high"], "money", currency)
        or fmt.reason(row["foregone_reason"]),
        "again_interval": fmt.interval(row["again_7_days_low"], row["again_7_days_high"], "share"),
        "risk_tone": "bad" if row["is_clear"] and (row["revenue_at_risk"] or 0) > 0 else "",
        "status_key": row["status"],
        "status": fmt.words(row["status"]),
        "status_tone": _TONES.get(row["status"], ""),
        "due_tone": "bad" if is_late else "",
        "is_late": is_late,
        "risk_href": explained("revenue_at_risk") if row["revenue_at_risk"] is not None else "",
        "customers_href": explained("n_customers"),
        "events_href": explained("n_events"),
        "foregone_href": explained("expansion_foregone") if row["expansion_foregone"] is not None else "",
        "odds_href": explained("loyalty_odds") if row["loyalty_odds"] is not None and whom.scope is None else "",
    }


def _day(us: int) -> str:
    return moment(us - 1).date().isoformat()


def _odds(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"{fmt.odds(low)} to {fmt.odds(high)}"


def _chosen(rows: Sequence[Row], asked: Asked) -> Row | None:
    """The row the address names, with the seven fields of its form."""
    key = asked.given.get(ROW)
    if key is None:
        return None
    found = {row["friction"]: row for row in rows}
    if key not in found:
        raise UnknownNameError("friction", key, found)
    row = found[key]
    whys = [*row["whys"], *[""] * (MOST_WHYS - len(row["whys"]))]
    return {**row, "why_fields": [(i + 1, why) for i, why in enumerate(whys)]}


def _stats(result: InventoryResult, rows: Sequence[Row], whom: Whom, currency: str) -> tuple[Row, ...]:
    found = result.found
    href = href_of(Key("friction", ("revenue_at_risk",), whom.segment, whom.cohort, whom.as_of))
    clear = [row for row in rows if row["is_clear"] and (row["revenue_at_risk"] or 0) > 0]
    open_ = [row for row in rows if row["status_key"] in ("accepted", "in_work")]
    late = [row for row in open_ if row["is_late"]]
    told = [
        _stat("Leaving, by chance", _money(found.leaving_revenue, currency),
              f"of {fmt.money(found.revenue, currency)} a year, within {HORIZON_DAYS:g} days"),
        _going(found.risk_revenue, len(clear), currency, href),
        _stat("Customers it meets", None if result.is_few else fmt.number(found.n_affected),
              f"of {fmt.number(found.n_customers)} inside the journey, last {FELT_DAYS} days"),
    ]  # fmt: skip
    if not result.is_few:
        told.append(_stat("Being mended", fmt.number(len(open_)), f"{fmt.number(len(late))} past their day", "",
                          "warn" if late else ""))  # fmt: skip
    return tuple(told)


def _going(risk: float | None, n_clear: int, currency: str, href: str) -> Row:
    """All rows together; where they come to less than nothing, no row being clear of it, that is said in words."""
    label, clear = "Of it goes with friction", f"{fmt.plural(n_clear, 'row')} with an interval above nothing"
    if risk is not None and risk < 0:
        return _stat(label, "nothing clear", f"all rows together come to {fmt.money(risk, currency)}; {clear}", href)
    return _stat(label, _money(risk, currency), clear, href if risk else "")


def _money(value: float | None, currency: str) -> str | None:
    return None if value is None else fmt.money(value, currency)


def _stat(label: str, value: str | None, note: str, href: str = "", tone: str = "") -> Row:
    return {"label": label, "value": value, "interval": "", "note": note, "tone": tone, "href": href}


def _heat(experience: Experience, of: str, width: float) -> charts.Picture:
    """Stages down, touchpoints across, those with most customers first."""
    here = [one for one in experience.cells if one.segment == of]
    reach: dict[str, int] = {}
    for one in here:
        reach[one.touchpoint] = reach.get(one.touchpoint, 0) + one.n_customers
    touchpoints = sorted(reach, key=lambda name: (-reach[name], name))[:MOST_TOUCHPOINTS]
    at = {(one.stage, one.touchpoint): one for one in here}
    stages = [i for i in range(len(experience.stages)) if any((i, name) in at for name in touchpoints)]
    values = [[at[i, name].value if (i, name) in at else None for name in touchpoints] for i in stages]
    notes = [[_note(at.get((i, name))) for name in touchpoints] for i in stages]
    labels = [experience.stages[i][1] for i in stages]
    title = f"Experience by stage and touchpoint{f', {of}' if of else ''}"
    return charts.heatmap(
        labels, touchpoints, values, tone="level", below="drag", notes=notes, width=width, title=title
    )


def _note(cell: Any) -> str:
    if cell is None:
        return "nobody in the last 90 days"
    return f"n = {cell.n_customers}" + (", too few to say" if cell.value is None else "")


def _thin(experience: Experience, of: str) -> tuple[str, ...]:
    """The cells that are too few to say, in words: also for who sees no picture."""
    few = [one for one in experience.cells if one.segment == of and one.value is None]
    return tuple(f"{experience.stages[one.stage][1]}, {one.touchpoint}" for one in few)
