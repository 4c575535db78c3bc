"""What calls say of who is who: a visitor is a person, a person has another id, somebody belongs to an account."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pyarrow as pa

from cxcurve.sources.events import Plan
from cxcurve.sources.live.calls import Call
from cxcurve.sources.live.heard import Heard
from cxcurve.sources.personal import verified_links
from cxcurve.sources.rows import arrow_schema
from cxcurve.tables import LINKS

Statement = tuple[str, str, str, str]
"""Kind and id of the one, kind and id of whose it is."""


def links(heard: Sequence[Heard], plan: Plan) -> pa.Table:
    """The statements in some items (`tables.LINKS`); each is known by its message."""
    source = plan.source.key
    said = [(one, call) for one in heard if (call := one.item.call) is not None]
    rows = [
        {
            "link_id": f"{source}/{call.id}/{number}",
            "how": call.kind,
            "from_kind": from_kind,
            "from_id": from_id,
            "to_kind": to_kind,
            "to_id": to_id,
            "source": source,
            "said_us": one.occurred_us,
            "recorded_us": one.received_us,
        }
        for one, call in said
        for number, (from_kind, from_id, to_kind, to_id) in enumerate(_statements(call))
    ]
    keys = [(call.person, *key, one.occurred_us) for one, call in said if call.person for key in call.verified]
    verified = verified_links(source, keys, plan.received_us)
    return pa.concat_tables([pa.Table.from_pylist(rows, schema=arrow_schema(LINKS)), verified])


def _statements(call: Call) -> Iterable[Statement]:
    """Nobody is linked by an event: that a signed-in person used a device says little of who used it before."""
    if call.kind == "identify" and call.person and call.anonymous:
        yield "anonymous", call.anonymous, "person", call.person
    elif call.kind == "alias" and call.previous and call.person and call.previous != call.person:
        # The spec does not say which kind of id is given up; the one that never was an id of that kind joins nothing.
        yield "anonymous", call.previous, "person", call.person
        yield "person", call.previous, "person", call.person
    elif call.kind == "group" and call.account and call.person:
        yield "person", call.person, "account", call.account
    elif call.kind == "group" and call.account and call.anonymous:
        yield "anonymous", call.anonymous, "account", call.account
