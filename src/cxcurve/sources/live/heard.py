"""What was heard: an item of a request, with the times it goes by."""

from __future__ import annotations

from dataclasses import dataclass

from cxcurve.sources.live.calls import Item


@dataclass(frozen=True, slots=True)
class Heard:
    """One item of a request, when the request came, and when by our clock it happened."""

    item: Item
    received_us: int
    occurred_us: int = 0
