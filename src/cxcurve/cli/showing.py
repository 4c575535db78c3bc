"""`cxcurve show`: one result as a table, as JSON or as CSV."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cxcurve.cli.output import console, print_json, write_csv
from cxcurve.cli.places import Folder, opened

if TYPE_CHECKING:
    from rich.console import RenderableType

    from cxcurve.workspace import Workspace


class What(StrEnum):
    """What can be shown."""

    CURVE = "curve"
    SCORECARD = "scorecard"
    DRIFT = "drift"
    TTV = "ttv"
    FRICTION = "friction"
    CUSTOMERS = "customers"
    CUSTOMER = "customer"
    SIGNALS = "signals"
    QUARANTINE = "quarantine"


class Axis(StrEnum):
    """What the curve is drawn along."""

    WEEK = "week"
    POSITION = "position"
    DATE = "date"


@dataclass(frozen=True, slots=True)
class Shown:
    """A result three ways: for programs, for a spreadsheet, for people; and as a picture where it is one."""

    document: Mapping[str, Any]
    rows: Sequence[Mapping[str, Any]]
    view: Iterable[RenderableType]
    svg: str | None = None


def show(
    ctx: typer.Context,
    what: Annotated[What, typer.Argument(help="What to show.", show_default=False)],
    customer_id: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="With customer: which.", show_default=False)
    ] = None,
    segment: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=VALUE", help="Only these customers, such as plan=pro.", show_default=False),
    ] = None,
    cohort: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Such as 'entered invest in the last 90d'.", show_default=False)
    ] = None,
    as_of: Annotated[
        str | None, typer.Option(metavar="DATE", help="As it was known then.", show_default="the last score")
    ] = None,
    x: Annotated[Axis, typer.Option(help="With curve: what it is drawn along.")] = Axis.WEEK,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    csv: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the rows as CSV; - is stdout.", show_default=False)
    ] = None,
    svg: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="With curve and customer: write the picture.", show_default=False),
    ] = None,
    folder: Folder = None,
) -> None:
    """Show a result: of all customers, a segment or a cohort; now or as of a day."""
    _only_with("ID", customer_id, what, What.CUSTOMER)
    _only_with("--svg", svg, what, What.CURVE, What.CUSTOMER)
    _only_with("--x date or position", None if x is Axis.WEEK else x, what, What.CURVE)
    whom = {"segment": _segment(segment or []), "cohort": cohort, "as_of": as_of}
    if what in (What.CUSTOMER, What.QUARANTINE):
        _no_population(what, whom)
    if what is What.CUSTOMER and customer_id is None:
        raise typer.BadParameter("name the customer: cxcurve show customer ID", param_hint="ID")
    with opened(ctx, folder) as workspace:
        shown = _SHOW[what](workspace, whom, x.value, customer_id)
        _put_out(shown, as_json=as_json, csv=csv, svg=svg)


def _put_out(shown: Shown, *, as_json: bool, csv: Path | None, svg: Path | None) -> None:
    if csv is not None:
        write_csv(shown.rows, csv)
    if svg is not None and shown.svg is not None:
        svg.write_text(shown.svg, encoding="utf-8")
    if as_json:
        print_json(shown.document)
    elif csv is None and svg is None:
        for part in shown.view:
            console().print(part)


def _only_with(option: str, value: object, what: What, *allowed: What) -> None:
    if value is not None and what not in allowed:
        raise typer.BadParameter(f"goes with {' and '.join(allowed)}, not with {what}", param_hint=option)


def _no_population(what: What, whom: Mapping[str, Any]) -> None:
    for option in ("segment", "cohort", *(("as_of",) if what is What.QUARANTINE else ())):
        if whom[option]:
            raise typer.BadParameter(f"does not apply to {what}", param_hint=f"--{option.replace('_', '-')}")


def _segment(said: Sequence[str]) -> dict[str, str]:
    found = {}
    for text in said:
        key, sign, value = text.partition("=")
        if not sign or not key:
            raise typer.BadParameter(f'"{text}" is not KEY=VALUE, such as plan=pro', param_hint="--segment")
        if key in found:
            raise typer.BadParameter(f'"{key}" is there twice; a customer has one value', param_hint="--segment")
        found[key] = value
    return found


def _curve(workspace: Workspace, whom: Mapping[str, Any], x: Any, _: str | None) -> Shown:
    from cxcurve.cli import views

    with workspace.snapshot(**whom) as known:
        found = workspace.curve_of(known, x)
    document = found.to_json()
    return Shown(document, document["points"], views.curve_view(document), found.picture().standalone())


def _scorecard(workspace: Workspace, whom: Mapping[str, Any], *_: Any) -> Shown:
    from cxcurve.cli import views

    document = workspace.scorecard(**whom).to_json()
    return Shown(document, document["rows"], views.scorecard_view(document, workspace.settings.currency))


def _drift(workspace: Workspace, whom: Mapping[str, Any], *_: Any) -> Shown:
    from cxcurve.cli import views

    document = workspace.drift(**whom).to_json()
    return Shown(document, document["zones"], views.drift_view(document, workspace.settings.currency))


def _ttv(workspace: Workspace, whom: Mapping[str, Any], *_: Any) -> Shown:
    from cxcurve.cli import views

    document = workspace.time_to_value(**whom).to_json()
    return Shown(document, document.get("waiting", []), views.ttv_view(document))


def _friction(workspace: Workspace, whom: Mapping[str, Any], *_: Any) -> Shown:
    from cxcurve.cli import views

    rows = workspace.friction(**whom)
    return Shown({"friction": rows}, rows, views.friction_view(rows))


def _customers(workspace: Workspace, whom: Mapping[str, Any], *_: Any) -> Shown:
    from cxcurve.cli import views

    rows = [
        {name: value for name, value in row.items() if name != "customer_key"} for row in workspace.customers(**whom)
    ]
    return Shown({"customers": rows}, rows, views.customers_view(rows, workspace.settings.currency))


def _customer(workspace: Workspace, whom: Mapping[str, Any], _: Any, customer_id: str | None) -> Shown:
    from cxcurve.cli import views

    found = workspace.customer(customer_id or "", as_of=whom["as_of"])
    document = found.to_json()
    return Shown(document, document["timeline"], views.customer_view(document), found.picture().standalone())


def _signals(workspace: Workspace, whom: Mapping[str, Any], *_: Any) -> Shown:
    from cxcurve.cli import views

    document = workspace.signals(**whom)
    return Shown(document, document["signals"], views.signals_view(document))


def _quarantine(workspace: Workspace, *_: Any) -> Shown:
    from cxcurve.cli import views

    rows = workspace.quarantine()
    return Shown({"quarantine": rows}, rows, views.quarantine_view(rows))


_SHOW: Mapping[What, Callable[..., Shown]] = {
    What.CURVE: _curve,
    What.SCORECARD: _scorecard,
    What.DRIFT: _drift,
    What.TTV: _ttv,
    What.FRICTION: _friction,
    What.CUSTOMERS: _customers,
    What.CUSTOMER: _customer,
    What.SIGNALS: _signals,
    What.QUARANTINE: _quarantine,
}
