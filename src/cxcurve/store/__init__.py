"""The event store and the derived tables of one workspace."""

from cxcurve.store.log import Appended
from cxcurve.store.store import Store

__all__ = ["Appended", "Store"]
