"""What is known of somebody: given to him, or erased."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cxcurve.cli.output import print_json
from cxcurve.cli.people import log
from cxcurve.cli.places import Folder, opened

if TYPE_CHECKING:
    from cxcurve.workspace.consent import Choice

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


class Kind(StrEnum):
    """What an id is of."""

    ACCOUNT = "account"
    PERSON = "person"
    ANONYMOUS = "anonymous"


Who = Annotated[str, typer.Argument(metavar="CUSTOMER|PERSON", help="Whose: an id as the source sends it.")]
OfKind = Annotated[
    Kind | None, typer.Option("--kind", help="What the id is of, where it is of several.", show_default="the first")
]


def export(
    ctx: typer.Context,
    who: Who,
    kind: OfKind = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write export.json and a CSV a table there.", show_default=False)
    ] = None,
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """Give out everything that is kept of an account, a person or a visitor."""
    from cxcurve.workspace.privacy import write_export

    with opened(ctx, folder) as workspace:
        found = workspace.export(who, kind.value if kind else None)
        log(workspace, "export", f"of one, {workspace.team.audit.stand_in(who)}")
    if as_json:
        print_json(found)
        return
    for path in write_export(found, out or Path(f"export-{_plain(who)}")):
        typer.echo(str(path))


def erase(
    ctx: typer.Context,
    who: Who,
    kind: OfKind = None,
    is_sure: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """Delete everything that names an account, a person or a visitor, and work out the scores without it."""
    with opened(ctx, folder) as workspace:
        if not is_sure:
            typer.confirm(f'Erase everything that names "{who}"? It cannot be undone', abort=True)
        stand_in = workspace.team.audit.stand_in(who)
        receipt = workspace.erase(who, kind.value if kind else None)
        log(workspace, "erase", f"of one, {stand_in}; {sum(receipt.deleted.values()):,} rows")
    if as_json:
        print_json(receipt.to_json())
        return
    told = ", ".join(f"{n:,} {name}" for name, n in receipt.deleted.items() if n)
    typer.echo(f"Erased: {told or 'nothing was left'}. What is loaded of before now is left out from here on.")
    for name in receipt.found_in:
        typer.echo(f"{name} still holds an id of theirs: take it out there.", err=True)


def consent(
    ctx: typer.Context,
    who: Who,
    give: Annotated[list[str] | None, typer.Option(metavar="PURPOSE", help="Allow it from now on.")] = None,
    withdraw: Annotated[
        list[str] | None, typer.Option(metavar="PURPOSE", help="Allow it no more, neither what was before.")
    ] = None,
    kind: OfKind = None,
    as_json: Json = False,
    folder: Folder = None,
) -> None:
    """Show, give or withdraw what somebody's data may be used for: analytics, personalisation, outreach."""
    with opened(ctx, folder) as workspace:
        found = workspace.consent(who, give=give or (), withdraw=withdraw or (), kind=kind.value if kind else None)
        if give or withdraw:
            said = (
                f"of one, {workspace.team.audit.stand_in(who)}; given: {', '.join(give or ['-'])}; "
                f"withdrawn: {', '.join(withdraw or ['-'])}"
            )
            log(workspace, "consent", said)
    if as_json:
        print_json([one.to_json() for one in found])
        return
    for one in found:
        typer.echo(f"{one.purpose}: {'allowed' if one.is_given else 'not allowed'}{_since(one)}")


def retain(ctx: typer.Context, as_json: Json = False, folder: Folder = None) -> None:
    """Delete what is older than journey.yaml says it may be kept, from the file too, and score without it."""
    with opened(ctx, folder) as workspace:
        deleted = workspace.retain()
    if as_json:
        print_json(deleted)
        return
    told = ", ".join(f"{n:,} {name}" for name, n in deleted.items())
    typer.echo(f"Deleted: {told}." if told else "Nothing is older than it may be kept.")


def _since(choice: Choice) -> str:
    from cxcurve.workspace.results import at

    if choice.is_of_account:
        return " (withdrawn by the account)"
    if not choice.said:
        return " (nothing was said)"
    is_given, us = choice.said[-1]
    return f" ({'given' if is_given else 'withdrawn'} {at(us)})" if us else ""


def _plain(who: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in who)[:60]
