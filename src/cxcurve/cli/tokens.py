"""Keys for programs: made, listed and withdrawn."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from cxcurve.cli.output import console, print_json
from cxcurve.cli.places import Folder, opened

app = typer.Typer(help="Keys for programs that send events or read: made, listed, withdrawn.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


class Kind(StrEnum):
    """What a key allows."""

    WRITE = "write"
    READ = "read"


@app.command()
def create(
    ctx: typer.Context,
    kind: Annotated[Kind, typer.Option(help="Whether its owner sends events or reads.")] = Kind.WRITE,
    source: Annotated[str, typer.Option(help="The source that what is sent with it belongs to.")] = "live",
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """Make a key; it is shown this once."""
    from cxcurve.workspace.workspace import now_us

    with opened(ctx, folder) as workspace:
        key = workspace.live.keys.create(kind.value, source, now_us())
    if as_json:
        print_json({"key": key, "kind": kind.value, "source": source})
    else:
        typer.echo(f"{key}\nKeep it: it is not shown again. `cxcurve tokens list` shows which keys there are.")


@app.command("list")
def list_(ctx: typer.Context, as_json: Json = False, folder: Folder = None) -> None:
    """Show which keys there are, not the keys themselves."""
    from dataclasses import asdict

    from rich.table import Table

    with opened(ctx, folder) as workspace:
        found = workspace.live.keys.all()
    if as_json:
        print_json([asdict(key) for key in found])
        return
    table = Table("number", "kind", "source", "made", "withdrawn", box=None)
    for key in found:
        table.add_row(str(key.number), key.kind, key.source, _day(key.made_us), _day(key.withdrawn_us))
    console().print(table)


@app.command()
def withdraw(
    ctx: typer.Context,
    number: Annotated[int, typer.Argument(help="The key's number in `cxcurve tokens list`.", show_default=False)],
    folder: Folder = None,
) -> None:
    """Refuse a key from now on."""
    from cxcurve.workspace.workspace import now_us

    with opened(ctx, folder) as workspace:
        workspace.live.keys.withdraw(number, now_us())
    typer.echo(f"Key {number} is refused from now on.")


def _day(us: int | None) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(us / 1e6, UTC).date().isoformat() if us else ""
