"""Users from the command line, and the audit log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cxcurve.cli.output import complain, console, print_json
from cxcurve.cli.places import Folder, opened

if TYPE_CHECKING:
    from cxcurve.workspace import Workspace

users = typer.Typer(help="Who may sign in: added, listed, changed, removed.", no_args_is_help=True)
audit = typer.Typer(help="What was done, and whether the log of it is as it was written.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Email = Annotated[str, typer.Argument(metavar="EMAIL", help="The e-mail address.", show_default=False)]
Role = Annotated[str, typer.Option(help="admin, analyst, agent, executive or partner.", show_default=False)]
Only = Annotated[
    list[str] | None,
    typer.Option(
        metavar="COLUMN=VALUE",
        help="Only customers of this partner_id, region or owner; may be repeated.",
        show_default="all customers",
    ),
]
ON_COMMAND_LINE = "command line"


@users.command()
def add(
    ctx: typer.Context,
    email: Email,
    role: Role = "executive",
    name: Annotated[str, typer.Option(help="What pages call them.", show_default=False)] = "",
    only: Only = None,
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """Add a user and print a link, good once, to choose a password; the first one must be an admin."""
    from cxcurve.people.roles import role_of
    from cxcurve.people.scope import Scope
    from cxcurve.people.users import check_scope
    from cxcurve.workspace.instants import now_us

    with opened(ctx, folder) as workspace:
        read, scope = role_of(role), Scope.read(only or ())
        check_scope(read, scope)
        user = workspace.team.users.add(email, read, now_us(), name=name, scope=scope)
        log(workspace, "user added", f"{user.email}: {read}, {scope or 'all customers'}")
        link = _link(workspace, user.user_id)
    if as_json:
        print_json({**user.to_json(), "link": link})
    else:
        typer.echo(f"{user.email} is {read} now. To choose a password, open once within three days:\n{link}")


@users.command("list")
def list_(ctx: typer.Context, as_json: Json = False, folder: Folder = None) -> None:
    """Show who may sign in, as what, and which customers they see."""
    from rich.table import Table

    with opened(ctx, folder) as workspace:
        found = workspace.team.users.all()
    if as_json:
        print_json([user.to_json() for user in found])
        return
    table = Table("e-mail", "name", "role", "customers", "code", "active", box=None)
    for user in found:
        seen = "all" if user.sees is None else str(user.sees)
        table.add_row(user.email, user.name, user.role, seen, _yes(user.has_totp), _yes(user.is_active))
    console().print(table)


@users.command()
def role(
    ctx: typer.Context,
    email: Email,
    role: Annotated[str, typer.Argument(metavar="ROLE", help="The new role.", show_default=False)],
    only: Only = None,
    folder: Folder = None,
) -> None:
    """Give a user another role, and say anew which customers they see."""
    from cxcurve.people.roles import role_of
    from cxcurve.people.scope import Scope
    from cxcurve.people.users import check_scope

    with opened(ctx, folder) as workspace:
        read, scope = role_of(role), Scope.read(only or ())
        check_scope(read, scope)
        user = workspace.team.users.named(email)
        workspace.team.users.change(user.user_id, role=read.value, scope=scope)
        log(workspace, "role", f"{user.email}: {read}, {scope or 'all customers'}")
    typer.echo(f"{user.email} is {read} now, of {scope or 'all customers'}.")


@users.command()
def remove(ctx: typer.Context, email: Email, folder: Folder = None) -> None:
    """Remove a user, signed out everywhere at once."""
    with opened(ctx, folder) as workspace:
        user = workspace.team.users.named(email)
        workspace.team.users.remove(user.user_id)
        log(workspace, "user removed", user.email)
    typer.echo(f"{user.email} is no user any more.")


@users.command()
def reset(ctx: typer.Context, email: Email, folder: Folder = None) -> None:
    """Take off a user's second factor and print a link, good once, to choose another password."""
    with opened(ctx, folder) as workspace:
        user = workspace.team.users.named(email)
        workspace.team.users.change(user.user_id, totp_secret=None, recovery=[], password=None)
        log(workspace, "user reset", user.email)
        link = _link(workspace, user.user_id)
    typer.echo(f"{user.email} is signed out. To choose a password, open once within three days:\n{link}")


@audit.command()
def verify(
    ctx: typer.Context,
    head: Annotated[
        str | None, typer.Option(metavar="MARK", help="A mark noted earlier, which must be in the log.")
    ] = None,
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """Tell whether every entry is as it was written and none is missing; prints the mark of the last one."""
    from dataclasses import asdict

    with opened(ctx, folder) as workspace:
        found = workspace.team.audit.verify(head)
    if as_json:
        print_json(asdict(found))
    elif found.wrong is None:
        typer.echo(f"{found.n:,} entries, all as they were written. The last mark is {found.head}")
    if found.wrong is not None:
        complain(f"The audit log was changed: {found.wrong}.")
        raise typer.Exit(1)


@audit.command()
def show(
    ctx: typer.Context,
    most: Annotated[int, typer.Option(help="How many entries, the newest first.", min=1)] = 50,
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """Show what was done."""
    from dataclasses import asdict
    from datetime import UTC, datetime

    from rich.table import Table

    with opened(ctx, folder) as workspace:
        found = workspace.team.audit.latest(most)
    if as_json:
        print_json([asdict(entry) for entry in found])
        return
    table = Table("no.", "when", "who", "what", "about", "from", box=None)
    for entry in found:
        when = datetime.fromtimestamp(entry.at_us / 1e6, UTC).strftime("%Y-%m-%d %H:%M:%S")
        table.add_row(str(entry.number), when, entry.who, entry.what, entry.about, entry.address)
    console().print(table)


def log(workspace: Workspace, what: str, about: str) -> None:
    """Write down what was done here."""
    from cxcurve.workspace.instants import now_us

    workspace.team.audit.add(now_us(), ON_COMMAND_LINE, what, about)


def _link(workspace: Workspace, user_id: str) -> str:
    from cxcurve.web.port import address
    from cxcurve.workspace.instants import now_us

    secret = workspace.team.links.make("password", now_us(), user_id=user_id)
    return f"{address(workspace.settings.host, workspace.settings.port)}/set-up/{secret}"


def _yes(is_so: bool) -> str:
    return "yes" if is_so else ""
