"""Values that may hold free text: properties, traits, whatever a sender puts beside what is asked for."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from cxcurve.sources.masking.masking import mask

MOST_REMEMBERED, LONGEST_REMEMBERED = 65_536, 200
_WORTH_A_LOOK = re.compile(r"[\s@]|(?:\d\D{0,3}){6}")
"""A single word without an @ and without six digits is a code, a path, an answer to choose: looking costs the most."""


def mask_value(value: Any) -> Any:
    """The same with personal data in its texts replaced by marks; names of keys stay."""
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, dict):
        return {key: mask_value(inner) for key, inner in value.items()}
    return [mask_value(inner) for inner in value] if isinstance(value, list) else value


def _text(text: str) -> str:
    if not _WORTH_A_LOOK.search(text):
        return text
    return _remembered(text) if len(text) <= LONGEST_REMEMBERED else mask(text)


@lru_cache(MOST_REMEMBERED)
def _remembered(text: str) -> str:
    """Most values of a property are one of a few."""
    return mask(text)
