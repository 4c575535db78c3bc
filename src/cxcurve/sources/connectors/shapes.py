"""What services with answers that are no rows yet need: one function each, records in, records out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from cxcurve.sources.connectors.client import Client

Records: TypeAlias = list[Mapping[str, Any]]

SHAPES: dict[str, Callable[[Records, Client], Records]] = {}
