"""`cxcurve write`: scores into the tools people work in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cxcurve.cli.output import complain, console, print_json
from cxcurve.cli.places import Folder, opened
from cxcurve.errors import WorkspaceError

if TYPE_CHECKING:
    from rich.console import RenderableType

MOST_REFUSED = 10
Said = Mapping[str, Mapping[str, Any]]


def write(
    ctx: typer.Context,
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME ...]", help="Which; default: all.", show_default=False)
    ] = None,
    *,
    is_dry: Annotated[bool, typer.Option("--dry-run", help="Show ten customers as they would be sent.")] = False,
    is_all: Annotated[bool, typer.Option("--all", help="Send all customers, not only those that changed.")] = False,
    is_status: Annotated[bool, typer.Option("--status", help="Say how the last writing went; send nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    folder: Folder = None,
) -> None:
    """Write stages, scores and reasons to where destinations.yaml says, such as HubSpot or a table."""
    with opened(ctx, folder) as workspace:
        if not workspace.destinations:
            raise WorkspaceError(
                "destinations.yaml: names no destination yet. Say there where scores go; docs/write-back.md shows how."
            )
        if is_status:
            told = workspace.written()
        else:
            done = workspace.write(*(names or []), dry_run=is_dry, is_all=is_all)
            told = {key: one.to_json() for key, one in done.items()}
    if as_json:
        print_json(told)
    else:
        _show(told, is_dry=is_dry)
    complain(*_complaints(told))
    if any(one["error"] for one in told.values()) and not is_status:
        raise typer.Exit(1)


def _show(told: Said, *, is_dry: bool) -> None:
    for part in _parts(told, is_dry=is_dry):
        console().print(part)


def _parts(told: Said, *, is_dry: bool) -> Iterator[RenderableType]:
    from rich.text import Text

    from cxcurve.cli.tables import clean, filled, heading, table

    names = ("n_customers", "n_changed", "n_written", "n_refused")
    yield filled(
        table("Destination", ">Customers", ">To send" if is_dry else ">Changed", ">Written", ">Refused", "Last"),
        ([clean(key), *("–" if one[name] is None else f"{one[name]:,}" for name in names), one["at"] or "never"]
         for key, one in told.items()),
    )  # fmt: skip
    for key, one in told.items() if is_dry else ():
        if one["customers"]:
            yield heading(clean(key), "as they would be sent")
        for customer in one["customers"]:
            yield Text(", ".join(f"{clean(name)} {_value(value)}" for name, value in customer.items()))


def _value(value: Any) -> str:
    from cxcurve.cli.tables import clean

    return "(empty)" if value is None else f'"{clean(value)}"' if isinstance(value, str) else f"{value:g}"


def _complaints(told: Said) -> Iterator[str]:
    for key, one in told.items():
        for refused in one["refused"][:MOST_REFUSED]:
            yield f"warning: {key}: {refused['customer_id']}: {refused['reason']}"
        if len(one["refused"]) > MOST_REFUSED:
            yield f"warning: {key}: and {len(one['refused']) - MOST_REFUSED:,} more; all with `--status --json`"
        if one["error"]:
            yield f"{key}: {one['error']}"
