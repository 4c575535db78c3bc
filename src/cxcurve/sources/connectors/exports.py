"""Services that give rows otherwise than by the page: exports by the day, and files made to order."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from cxcurve.sources.connectors.client import Client
from cxcurve.sources.connectors.contract import Page, State
from cxcurve.sources.connectors.services import Rows

WALKS: dict[str, Callable[[Client, Rows, State, int], Iterator[Page]]] = {}
