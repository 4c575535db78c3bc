"""Consent in what sources say: what an event may be used for, and what somebody allows or withdraws."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cxcurve.errors import clip, did_you_mean
from cxcurve.sources.json_text import encoded, parsed
from cxcurve.sources.rows import Reasons, arrow_schema
from cxcurve.sources.values import Texts
from cxcurve.tables import CONSENTS, PURPOSES

NAMED = ("purposes", "purpose")
"""The property by which an event says for what consent is given or withdrawn; without it for everything."""


def read_purposes(texts: Texts, column: str) -> tuple[list[str | None], Reasons]:
    """Purposes written as `analytics, outreach` or as a JSON list, each as a JSON list; and why one cannot be read."""
    lists = [None if text is None else _names(text) for text in texts]
    reasons = [None if names is None else _unknown(names, column) for names in lists]
    return [None if names is None else encoded(names) for names in lists], np.array(reasons, dtype=object)


def statements(events: pa.Table, kinds: Mapping[str, bool]) -> pa.Table:
    """What events say of consent (`tables.CONSENTS`).

    Args:
        events: `tables.EVENTS`.
        kinds: by the name of an event whether it gives consent or withdraws it; others say nothing.
    """
    chosen = events.filter(pc.is_in(events["name"], pa.array(kinds, pa.string()))) if kinds else events.slice(0, 0)
    rows = [
        {
            "consent_id": row["event_id"],
            "id_kind": kind,
            "id": id_,
            "purpose": purpose,
            "is_given": kinds[row["name"]],
            "said_us": row["occurred_us"],
            "recorded_us": row["received_us"],
            "source": row["source"],
        }
        for row in chosen.to_pylist()
        for kind, id_ in [_who(row)]
        for purpose in _purposes_of(parsed(row["properties"]))
    ]
    return pa.Table.from_pylist(rows, schema=arrow_schema(CONSENTS))


def _who(row: Mapping[str, Any]) -> tuple[str, str]:
    """Whose consent it is: the nearest that an event names."""
    for kind in ("person", "anonymous"):
        if row[f"{kind}_id"] is not None:
            return kind, row[f"{kind}_id"]
    return "account", row["account_id"]


def _purposes_of(told: Mapping[str, Any]) -> Iterable[str]:
    named = next((told[name] for name in NAMED if name in told), PURPOSES)
    names = _names(named) if isinstance(named, str) else named if isinstance(named, list | tuple) else PURPOSES
    return [purpose for purpose in PURPOSES if purpose in names]


def _names(text: str) -> list[str]:
    if text.lstrip()[:1] == "[":
        try:
            return [str(name) for name in parsed(text)]
        except ValueError:
            return [text]
    return [name.strip() for name in text.split(",") if name.strip()]


def _unknown(names: Iterable[str], column: str) -> str | None:
    odd = next((name for name in names if name not in PURPOSES), None)
    if odd is None:
        return None
    known = ", ".join(PURPOSES)
    return f'names the purpose "{clip(odd, 40)}" in {column}; expected {known}.{did_you_mean(odd, PURPOSES)}'
