"""cxcurve: measures and steers customer experience as a journey.

    import cxcurve
    ws = cxcurve.open("acme")
    ws.load(); ws.score()
    ws.curve(segment={"plan": "pro"})

Importing this package loads nothing heavy; the names below are fetched when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cxcurve.workspace import Workspace as Workspace
    from cxcurve.workspace import open as open

__version__ = "0.1.0"
__all__ = ["Workspace", "__version__", "open"]


def __getattr__(name: str) -> Any:
    if name in {"Workspace", "open"}:
        from cxcurve import workspace

        return getattr(workspace, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
