"""What is known of somebody: given to him, or erased."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cxcurve.cli.output import print_json
from cxcurve.cli.places import Folder, opened

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
        receipt = workspace.erase(who, kind.value if kind else None)
    if as_json:
        print_json(receipt.to_json())
        return
    told = ", ".join(f"{n:,} {name}" for name, n in receipt.deleted.items() if n)
    typer.echo(f"Erased: {told or 'nothing was left'}. What is loaded of before now is left out from here on.")
    for name in receipt.found_in:
        typer.echo(f"{name} still holds an id of theirs: take it out there.", err=True)


def _plain(who: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in who)[:60]
