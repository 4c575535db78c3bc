"""What calls tell of a person, a visitor or an account: kept as told."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from cxcurve.sources.live.bodies import written
from cxcurve.sources.live.calls import Call
from cxcurve.sources.live.heard import Heard
from cxcurve.sources.rows import arrow_schema
from cxcurve.tables import TRAITS


def traits(heard: Sequence[Heard], source: str) -> pa.Table:
    """What some items tell (`tables.TRAITS`); each is known by its message."""
    rows = [
        {
            "trait_id": f"{source}/{call.id}",
            "id_kind": kind,
            "id": id_,
            "source": source,
            "said_us": one.occurred_us,
            "recorded_us": one.received_us,
            "traits": written(call.traits),
        }
        for one in heard
        if (call := one.item.call) is not None and call.traits and (told := _of(call)) is not None
        for kind, id_ in [told]
    ]
    return pa.Table.from_pylist(rows, schema=arrow_schema(TRAITS))


def _of(call: Call) -> tuple[str, str] | None:
    """Whom a call tells something of; what an event brings along in its context is no telling."""
    if call.kind == "group" and call.account:
        return "account", call.account
    if call.kind != "identify":
        return None
    return ("person", call.person) if call.person else ("anonymous", call.anonymous) if call.anonymous else None
