"""A saved view as it is sent: its name and its link, for everything else is asked for anew by whoever opens it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cxcurve.errors import UnknownNameError, WorkspaceError
from cxcurve.reports.messages import Message, view_message
from cxcurve.reports.periods import Period

if TYPE_CHECKING:
    from cxcurve.workspace.workspace import Workspace


def shared_view_message(workspace: Workspace, name: str, period: Period) -> Message:
    """What is sent for a view.

    Raises:
        UnknownNameError: no view of that name is shared.
        WorkspaceError: nobody said where the pages are.
    """
    shared = {view.name.casefold(): view for view in workspace.team.views.shared()}
    view = shared.get(name.strip().casefold())
    if view is None:
        raise UnknownNameError("shared view", name, [one.name for one in shared.values()])
    if not workspace.settings.address:
        told = 'a link needs the address of the pages, such as address = "https://cx.acme.example" under [server]'
        raise WorkspaceError(f"cxcurve.toml: {told}")
    return view_message(view.name, f"{workspace.settings.address}{view.href}", workspace.name, period.said)
