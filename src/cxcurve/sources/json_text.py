"""JSON in and out, strictly: what is read can always be written again."""

from __future__ import annotations

import json
import math
from typing import Any

_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True, default=str)
encoded = _ENCODER.encode
"""Any value as JSON, with sorted keys, so that equal things are equal texts."""
_MARGIN = 100


def parsed(text: str) -> Any:
    """The value of a JSON text.

    Raises:
        ValueError: it is no JSON, is nested too deeply, or holds NaN or half a character (a lone surrogate).
    """
    try:
        value = json.loads(text, parse_constant=_no_constant, parse_float=_finite)
        if text.count("[") + text.count("{") > _MARGIN:
            json.loads("[" * _MARGIN + text + "]" * _MARGIN)  # so that writing it from a deeper place works too
        if "\\u" in text:
            encoded(value).encode()
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except UnicodeEncodeError:
        raise ValueError("it has half a character (a lone surrogate)") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"{error.msg} at character {error.pos + 1}") from None
    return value


def _finite(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError(f"{text[:40]} is too large a number")
    return value


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")
