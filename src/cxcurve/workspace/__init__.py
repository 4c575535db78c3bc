"""A folder opened: `cxcurve.open(path)`."""

from cxcurve.workspace.workspace import Workspace, find, init, open

__all__ = ["Workspace", "find", "init", "open"]
