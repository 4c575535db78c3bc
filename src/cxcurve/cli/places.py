"""Which workspace a command is about: `-w DIR`, before or after the command's name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from cxcurve.errors import WorkspaceError

if TYPE_CHECKING:
    from cxcurve.workspace import Workspace

Folder: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "-w", "--workspace", metavar="DIR", help="The workspace. Default: here, or the nearest folder above.",
        show_default=False,
    ),
]  # fmt: skip


def opened(ctx: typer.Context, folder: Path | None) -> Workspace:
    """The workspace of a command; a `with` closes it.

    Raises:
        WorkspaceError: there is none. A folder that was named is not looked for upwards: a slip of the pen must
            not end in another workspace.
    """
    from cxcurve.model.starters import SETTINGS_FILE
    from cxcurve.workspace import open as open_workspace

    named = folder or ctx.obj
    if named is not None and not (named / SETTINGS_FILE).is_file():
        raise WorkspaceError(f"{named}: is no workspace, it has no {SETTINGS_FILE}. `cxcurve init {named}` makes one.")
    return open_workspace(named or Path())


def segment_of(said: Sequence[str]) -> dict[str, str]:
    """What is said by `--segment KEY=VALUE`, each key once."""
    found: dict[str, str] = {}
    for text in said:
        key, sign, value = text.partition("=")
        if not sign or not key:
            raise typer.BadParameter(f'"{text}" is not KEY=VALUE, such as plan=pro', param_hint="--segment")
        if key in found:
            raise typer.BadParameter(f'"{key}" is there twice; a customer has one value', param_hint="--segment")
        found[key] = value
    return found
