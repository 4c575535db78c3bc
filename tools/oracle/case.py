"""One case of the oracle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Case:
    """What was computed by whom, from what."""

    by: str
    given: dict[str, Any]
    expected: dict[str, Any]
