"""What calls tell of a person, a visitor or an account: kept as told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from cxcurve.model.sources import Source
from cxcurve.sources.live.bodies import written
from cxcurve.sources.live.calls import Call
from cxcurve.sources.live.heard import Heard
from cxcurve.sources.rows import arrow_schema
from cxcurve.tables import ONCE, TRAITS


def traits(heard: Sequence[Heard], source: Source) -> pa.Table:
    """What some items tell (`tables.TRAITS`), by our names where `columns` has theirs; each known by its message."""
    ours = {theirs: ours for ours, theirs in source.columns.items()}
    rows = [
        {
            "trait_id": f"{source.key}/{call.id}",
            "id_kind": kind,
            "id": id_,
            "source": source.key,
            "said_us": min(one.occurred_us, one.received_us),  # nobody can say what holds against all that is to come
            "recorded_us": one.received_us,
            "traits": written(_by_name(call.traits, ours)),
        }
        for one in heard
        if (call := one.item.call) is not None and call.traits and (told := _of(call)) is not None
        for kind, id_ in [told]
    ]
    return pa.Table.from_pylist(rows, schema=arrow_schema(TRAITS))


def _by_name(told: Mapping[str, Any], ours: Mapping[str, str]) -> dict[str, Any]:
    return {
        ours.get(name, name): _by_name(value, ours) if name == ONCE and isinstance(value, dict) else value
        for name, value in told.items()
    }


def _of(call: Call) -> tuple[str, str] | None:
    """Whom a call tells something of; what an event brings along in its context is no telling."""
    if call.kind == "group" and call.account:
        return "account", call.account
    if call.kind != "identify":
        return None
    return ("person", call.person) if call.person else ("anonymous", call.anonymous) if call.anonymous else None
