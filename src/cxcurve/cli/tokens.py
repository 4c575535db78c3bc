"""Keys for programs: made, listed and withdrawn."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer

from cxcurve.cli.output import console, print_json
from cxcurve.cli.people import Only, log
from cxcurve.cli.places import Folder, opened

app = typer.Typer(help="Keys for programs that send events or read: made, listed, withdrawn.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


class Kind(StrEnum):
    """What a key allows."""

    WRITE = "write"
    READ = "read"


class Allow(StrEnum):
    """What a key for reading may do."""

    READ = "read"
    EXPORT = "export"
    SCIM = "scim"


@app.command()
def create(
    ctx: typer.Context,
    kind: Annotated[Kind, typer.Option(help="Whether its owner sends events or reads.")] = Kind.WRITE,
    source: Annotated[
        str, typer.Option(help="The source that what is sent with it belongs to; of one that reads, its name.")
    ] = "live",
    allow: Annotated[
        list[Allow] | None, typer.Option(help="What one that reads may do; may be repeated.", show_default="read")
    ] = None,
    role: Annotated[str, typer.Option(help="Whose pages one that reads sees.")] = "analyst",
    only: Only = None,
    days: Annotated[int | None, typer.Option(help="For how many days it is good.", min=1, show_default="ever")] = None,
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """Make a key; it is shown this once."""
    from cxcurve.workspace.instants import now_us

    grant = {} if kind is Kind.WRITE else _grant(role, only or [], [one.value for one in allow or [Allow.READ]])
    with opened(ctx, folder) as workspace:
        now = now_us()
        until = None if days is None else now + days * 86_400_000_000
        key = workspace.live.keys.create(kind.value, source, now, until_us=until, grant=grant)
        log(workspace, "token made", f"{kind.value}, {source}")
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
    table = Table("number", "begins", "kind", "source", "allows", "made", "used", "until", "withdrawn", box=None)
    for key in found:
        days = (_day(us) for us in (key.made_us, key.used_us, key.until_us, key.withdrawn_us))
        table.add_row(str(key.number), key.prefix, key.kind, key.source, ", ".join(key.grant.get("allows", ())), *days)
    console().print(table)


@app.command()
def withdraw(
    ctx: typer.Context,
    number: Annotated[int, typer.Argument(help="The key's number in `cxcurve tokens list`.", show_default=False)],
    folder: Folder = None,
) -> None:
    """Refuse a key from now on."""
    from cxcurve.workspace.instants import now_us

    with opened(ctx, folder) as workspace:
        workspace.live.keys.withdraw(number, now_us())
        log(workspace, "token withdrawn", str(number))
    typer.echo(f"Key {number} is refused from now on.")


def _grant(role: str, only: list[str], allows: list[str]) -> dict[str, Any]:
    """What a key for reading allows, as it is kept.

    Raises:
        BadValueError: there is no such role, or the scope cannot be read or is missing.
        UnknownNameError: scopes are not made of such a column.
    """
    from cxcurve.people.roles import role_of
    from cxcurve.people.scope import Scope
    from cxcurve.people.users import check_scope

    read, scope = role_of(role), Scope.read(only)
    check_scope(read, scope)
    return {"allows": allows, "role": read.value, "scope": scope and scope.to_json()}


def _day(us: int | None) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(us / 1e6, UTC).date().isoformat() if us else ""
