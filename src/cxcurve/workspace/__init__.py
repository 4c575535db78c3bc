"""A folder opened: `cxcurve.open(path)`."""

from cxcurve.workspace.folder import find
from cxcurve.workspace.workspace import Workspace, init, open

__all__ = ["Workspace", "find", "init", "open"]
