"""`cxcurve show`: one result as a table, as JSON, as CSV, or as a picture."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cxcurve.charts.format import silent_said
from cxcurve.cli.output import console, print_json, progress, write_csv
from cxcurve.cli.places import Folder, opened, segment_of

if TYPE_CHECKING:
    from rich.console import RenderableType

    from cxcurve.workspace import Workspace


class What(StrEnum):
    """What can be shown."""

    CURVE = "curve"
    MOVED = "moved"
    SCORECARD = "scorecard"
    DRIFT = "drift"
    TTV = "ttv"
    FRICTION = "friction"
    CUSTOMERS = "customers"
    CUSTOMER = "customer"
    SIGNALS = "signals"
    MOMENTS = "moments"
    RECOVERY = "recovery"
    ADVOCACY = "advocacy"
    REVENUE = "revenue"
    DEALS = "deals"
    FLOWS = "flows"
    QUARANTINE = "quarantine"
    PLAN = "plan"


_OF_EVENTS = (What.QUARANTINE, What.PLAN)
"""What is told of events, and not of customers at a time."""


class Axis(StrEnum):
    """What the curve is drawn along."""

    WEEK = "week"
    POSITION = "position"
    DATE = "date"


class State(StrEnum):
    """What a customer can be: one of the pairs, or in a state beside its stage."""

    FLOWING = "flowing"
    PUSHING_THROUGH = "pushing through"
    COASTING = "coasting"
    STUCK = "stuck"
    NEW = "new"
    SLIPPING_BACK = "slipping back"
    QUIET_ADVOCATE = "quiet advocate"
    CRITIC = "critic"


class Leavers(StrEnum):
    """How the curve treats those who left."""

    SURVIVORS = "survivors"
    WEIGHTED = "weighted"


@dataclass(frozen=True, slots=True)
class Asked:
    """Whom and when a result is about; of a curve which one, of what moved it between which days, of whom the state."""

    whom: Mapping[str, Any]
    axis: Any
    customer_id: str
    leavers: Any
    days: tuple[str | None, str | None]
    state: str | None = None
    steps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Shown:
    """A result for programs, for a spreadsheet, for people; and its picture where there is one."""

    document: Mapping[str, Any]
    rows: Sequence[Mapping[str, Any]]
    view: Iterable[RenderableType]
    svg: Callable[[], str] = str


_SEGMENT = typer.Option(metavar="KEY=VALUE", help="Only these customers, such as plan=pro.", show_default=False)
_COHORT = typer.Option(metavar="TEXT", help="Such as 'entered invest in the last 90d'.", show_default=False)
_CSV = typer.Option(metavar="FILE", help="Write the rows as CSV; - is stdout.", show_default=False)
_STATE = typer.Option(help="With customers: only those of this pair, or in this state.", show_default=False)
_SVG = typer.Option(metavar="FILE", help="With curve and customer: write the picture.", show_default=False)
_LEAVERS = typer.Option(help="With curve: those still there alone, or weighted for those who left.")
_STEPS = typer.Option(
    metavar="EVENT,EVENT,...", help="With flows: these events in order, not the stages.", show_default=False
)
_SINCE = typer.Option(metavar="DATE", help="With moved: from when; four weeks before unless told.", show_default=False)
_UNTIL = typer.Option(metavar="DATE", help="With moved: until when; now unless told.", show_default=False)


def show(
    ctx: typer.Context,
    what: Annotated[What, typer.Argument(help="What to show.", show_default=False)],
    customer_id: Annotated[str | None, typer.Argument(metavar="[ID]", help="With customer: whom.")] = None,
    *,
    segment: Annotated[list[str] | None, _SEGMENT] = None,
    cohort: Annotated[str | None, _COHORT] = None,
    as_of: Annotated[str | None, typer.Option(metavar="DATE", help="As it was known at the end of that day.")] = None,
    x: Annotated[Axis, typer.Option(help="With curve: what it is drawn along.")] = Axis.WEEK,
    leavers: Annotated[Leavers, _LEAVERS] = Leavers.SURVIVORS,
    since: Annotated[str | None, _SINCE] = None,
    until: Annotated[str | None, _UNTIL] = None,
    state: Annotated[State | None, _STATE] = None,
    steps: Annotated[str | None, _STEPS] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    csv: Annotated[Path | None, _CSV] = None,
    svg: Annotated[Path | None, _SVG] = None,
    folder: Folder = None,
) -> None:
    """Show a result: of all customers, a segment or a cohort; now or as of a day."""
    _goes_with("ID", customer_id, what, What.CUSTOMER)
    _goes_with("--svg", svg, what, What.CURVE, What.CUSTOMER)
    _goes_with("--x", None if x is Axis.WEEK else x, what, What.CURVE)
    _goes_with("--leavers", None if leavers is Leavers.SURVIVORS else leavers, what, What.CURVE)
    _goes_with("--state", state, what, What.CUSTOMERS)
    _goes_with("--steps", steps, what, What.FLOWS)
    _goes_with("--since", since, what, What.MOVED)
    _goes_with("--until", until, what, What.MOVED)
    _goes_with("--as-of", as_of, what, *(one for one in What if one not in _OF_EVENTS))
    everybody = [one for one in What if one is not What.CUSTOMER and one not in _OF_EVENTS]
    _goes_with("--segment", segment, what, *everybody)
    _goes_with("--cohort", cohort, what, *everybody)
    if what is What.CUSTOMER and customer_id is None:
        raise typer.BadParameter("name the customer: cxcurve show customer ID", param_hint="ID")
    whom = {"segment": segment_of(segment or []), "cohort": cohort, "as_of": as_of}
    with opened(ctx, folder) as workspace:
        named = tuple(name.strip() for name in (steps or "").split(",") if name.strip())
        chosen = state.value if state else None
        asked = Asked(whom, x.value, customer_id or "", leavers.value, (since, until), chosen, named)
        shown = _SHOW[what](workspace, asked)
        if what not in _OF_EVENTS and as_of is None:
            with workspace.snapshot() as known:
                if said := silent_said(known.silent):
                    typer.echo(said, err=True)
        if what not in _OF_EVENTS and workspace.is_behind:
            typer.echo("Data was loaded since the last score; run `cxcurve score` to have it in it.", err=True)
    _put_out(shown, as_json=as_json, csv=csv, svg=svg)


def _put_out(shown: Shown, *, as_json: bool, csv: Path | None, svg: Path | None) -> None:
    if csv is not None:
        write_csv(shown.rows, csv)
    if svg is not None:
        svg.write_text(shown.svg(), encoding="utf-8")
    if as_json:
        print_json(shown.document)
    elif csv is None and svg is None:
        for part in shown.view:
            console().print(part)


def _goes_with(option: str, value: object, what: What, *allowed: What) -> None:
    if value and what not in allowed:
        raise typer.BadParameter(f"goes with {', '.join(allowed)}; not with {what}", param_hint=option)


def _curve(workspace: Workspace, asked: Asked) -> Shown:
    from cxcurve.cli.tables import Manner
    from cxcurve.cli.views import curve_view

    found = workspace.curve(x=asked.axis, leavers=asked.leavers, **asked.whom)
    document = found.to_json()
    return Shown(
        document, document["points"], curve_view(document, Manner.of(workspace)), lambda: found.picture().standalone()
    )


def _moved(workspace: Workspace, asked: Asked) -> Shown:
    from cxcurve.cli.tables import Manner
    from cxcurve.cli.views import moved_view

    found = workspace.moved(*asked.days, **asked.whom)
    document = found.to_json()
    return Shown(document, found.rows(), moved_view(document, Manner.of(workspace)))


def _scorecard(workspace: Workspace, asked: Asked) -> Shown:
    from cxcurve.cli.tables import Manner
    from cxcurve.cli.views import scorecard_view

    document = workspace.scorecard(**asked.whom).to_json()
    return Shown(document, document["rows"], scorecard_view(document, Manner.of(workspace)))


def _drift(workspace: Workspace, asked: Asked) -> Shown:
    from cxcurve.cli.tables import Manner
    from cxcurve.cli.views import drift_view

    document = workspace.drift(**asked.whom).to_json()
    return Shown(document, document["zones"], drift_view(document, Manner.of(workspace)))


def _ttv(workspace: Workspace, asked: Asked) -> Shown:
    from cxcurve.cli.tables import Manner
    from cxcurve.cli.views import ttv_view

    document = workspace.time_to_value(**asked.whom).to_json()
    return Shown(document, document.get("waiting", []), ttv_view(document, Manner.of(workspace)))


def _friction(workspace: Workspace, asked: Asked) -> Shown:
    from cxcurve.cli.inventory import inventory_view
    from cxcurve.cli.silences import silence_view
    from cxcurve.cli.tables import Manner
    from cxcurve.cli.views import friction_view

    rows, silence = workspace.friction(**asked.whom), workspace.silence(**asked.whom).to_json()
    result = workspace.inventory(**asked.whom)
    found = result.to_json()
    view = chain(inventory_view(found, Manner.of(workspace)), friction_view(rows), silence_view(silence))
    return Shown({"friction": rows, "inventory": found, **silence}, result.flat_rows(), view)


def _customers(workspace: Workspace, asked: Asked) -> Shown:
    from cxcurve.cli.tables import Manner
    from cxcurve.cli.views import customers_view
    from cxcurve.workspace.lists import flat

    found = workspace.customers(state=asked.state, **asked.whom)
    rows = [{name: row[name] for name in row if name != "customer_key"} for row in found]
    view = customers_view(rows, Manner.of(workspace), asked.state)
    return Shown({"customers": rows}, [flat(row) for row in rows], view)


def _customer(workspace: Workspace, asked: Asked) -> Shown:
    from cxcurve.cli.tables import Manner
    from cxcurve.cli.views import customer_view

    found = workspace.customer(asked.customer_id, as_of=asked.whom["as_of"])
    document = found.to_json()
    view = customer_view(document, Manner.of(workspace))
    return Shown(document, document["timeline"], view, lambda: found.picture().standalone())


def _signals(workspace: Workspace, asked: Asked) -> Shown:
    from cxcurve.cli.tables import Manner
    from cxcurve.cli.views import signals_view

    document = workspace.signals(**asked.whom)
    return Shown(document, document["signals"], signals_view(document, Manner.of(workspace)))


def _moments(workspace: Workspace, asked: Asked) -> Shown:
    from cxcurve.cli.moments import STEPS, moments_view
    from cxcurve.cli.tables import Manner

    with progress("steps") as said:
        found = workspace.moments(progress=lambda label, *n: said(STEPS.get(label, label), *n), **asked.whom)
    document = found.to_json()
    return Shown(document, found.rows(), moments_view(document, Manner.of(workspace)))


def _recovery(workspace: Workspace, asked: Asked) -> Shown:
    from cxcurve.cli.moments import recovery_view
    from cxcurve.cli.tables import Manner

    document = workspace.recovery(**asked.whom).to_json()
    return Shown(document, document["effects"], recovery_view(document, Manner.of(workspace)))


def _advocacy(workspace: Workspace, asked: Asked) -> Shown:
    from cxcurve.cli.moments import advocacy_view
    from cxcurve.cli.tables import Manner

    document = workspace.advocacy(**asked.whom).to_json()
    return Shown(document, document["ready"], advocacy_view(document, Manner.of(workspace)))


def _revenue(workspace: Workspace, asked: Asked) -> Shown:
    from cxcurve.cli.money import revenue_view
    from cxcurve.cli.tables import Manner

    document = workspace.revenue(**asked.whom).to_json()
    return Shown(document, document["months"], revenue_view(document, Manner.of(workspace)))


def _deals(workspace: Workspace, asked: Asked) -> Shown:
    from cxcurve.cli.money import deals_view
    from cxcurve.cli.tables import Manner

    document = workspace.deals(**asked.whom).to_json()
    return Shown(document, document["deals"], deals_view(document, Manner.of(workspace)))


def _flows(workspace: Workspace, asked: Asked) -> Shown:
    from cxcurve.cli.moments import flows_view
    from cxcurve.cli.tables import Manner

    document = workspace.flow(*asked.steps, **asked.whom).to_json()
    return Shown(document, document["steps"], flows_view(document, Manner.of(workspace)))


def _quarantine(workspace: Workspace, _: Asked) -> Shown:
    from cxcurve.cli.views import quarantine_view

    rows = workspace.quarantine()
    return Shown({"quarantine": rows}, rows, quarantine_view(rows))


def _plan(workspace: Workspace, _: Asked) -> Shown:
    from cxcurve.cli.plan import plan_view
    from cxcurve.cli.tables import Manner

    document = workspace.plan().to_json()
    return Shown(document, document["events"], plan_view(document, Manner.of(workspace)))


_SHOW: Mapping[What, Callable[[Workspace, Asked], Shown]] = {
    What.CURVE: _curve,
    What.MOVED: _moved,
    What.SCORECARD: _scorecard,
    What.DRIFT: _drift,
    What.TTV: _ttv,
    What.FRICTION: _friction,
    What.CUSTOMERS: _customers,
    What.CUSTOMER: _customer,
    What.SIGNALS: _signals,
    What.MOMENTS: _moments,
    What.RECOVERY: _recovery,
    What.ADVOCACY: _advocacy,
    What.REVENUE: _revenue,
    What.DEALS: _deals,
    What.FLOWS: _flows,
    What.QUARANTINE: _quarantine,
    What.PLAN: _plan,
}
