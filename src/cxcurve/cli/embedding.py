"""Links to a customer's brief for the page of another site."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

import typer

from cxcurve.cli.output import complain, print_json
from cxcurve.cli.people import log
from cxcurve.cli.places import Folder, opened

if TYPE_CHECKING:
    from cxcurve.workspace import Workspace

NOBODY = (
    "No site may show it within its pages yet; name those that may in cxcurve.toml, such as\n"
    '[embed]\nancestors = ["https://acme.zendesk.com"]'
)


def embed(
    ctx: typer.Context,
    customer: Annotated[str, typer.Argument(metavar="CUSTOMER", help="The customer's id.", show_default=False)] = "",
    days: Annotated[int, typer.Option(help="For how many days the link is good.", min=1, max=366)] = 7,
    at: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Where others reach the pages.", show_default="as served here")
    ] = "",
    renew: Annotated[
        bool, typer.Option("--renew", help="Refuse every link that was made until now.", show_default=False)
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    folder: Folder = None,
) -> None:
    """Make a link that shows one customer's brief, to whoever has it, for some days."""
    from cxcurve.errors import BadValueError
    from cxcurve.workspace.instants import now_us

    if not (customer or renew):
        raise BadValueError("no customer is named; expected such as `cxcurve embed c-1042`")
    with opened(ctx, folder) as workspace:
        if renew:
            workspace.team.signed.renew()
            log(workspace, "frame links ended", "all")
            typer.echo("Every link that was made until now is refused.", err=as_json)
        if not customer:
            return
        until_us = now_us() + days * 86_400_000_000
        link = _link(workspace, customer, workspace.team.signed.token(customer, until_us), at)
        log(workspace, "frame link made", f"of one, {workspace.team.audit.stand_in(customer)}; {days} days")
        is_shown = bool(workspace.settings.ancestors)
    frame = f'<iframe src="{escape(link)}" title="Customer brief" width="420" height="560"></iframe>'
    if as_json:
        print_json({"link": link, "frame": frame, "until_us": until_us})
    else:
        typer.echo(f"{link}\n\n{frame}")
    if not is_shown:
        complain(NOBODY)


def _link(workspace: Workspace, customer: str, token: str, at: str) -> str:
    from cxcurve.web.port import address

    base = at.rstrip("/") or address(workspace.settings.host, workspace.settings.port)
    return f"{base}/embed/customers/{quote(customer, safe='')}?token={token}"
