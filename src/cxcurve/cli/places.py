"""Which workspace a command is about: `-w DIR`, before or after the command's name."""

from __future__ import annotations

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
