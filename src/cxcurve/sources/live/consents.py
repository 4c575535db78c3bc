"""Consent in calls: what the sender's consent tool let an event be used for, and what somebody chose.

Source: the Segment spec's consent object, `context.consent.categoryPreferences`.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from cxcurve.model.journey import Consent
from cxcurve.sources.json_text import encoded
from cxcurve.sources.live.calls import Call
from cxcurve.sources.live.heard import Heard
from cxcurve.sources.rows import arrow_schema
from cxcurve.tables import CONSENTS, PURPOSES, Purpose

CHOSEN = frozenset({"Segment Consent Preference Updated", "Consent Preference Updated"})
"""Events that tell a choice; so does an identify call. On other calls the stamp is of that event alone."""


def preferences(call: Call, consent: Consent) -> dict[Purpose, bool]:
    """What the stamp of a call says of each purpose it names, by the purpose's own name or a category's."""
    stamp = call.context.get("consent")
    told = stamp.get("categoryPreferences") if isinstance(stamp, dict) else None
    ours: dict[str, Purpose] = {**{purpose: purpose for purpose in PURPOSES}, **consent.categories}
    if not isinstance(told, dict):
        return {}
    named = [(ours.get(name) or ours.get(name.lower()), value) for name, value in told.items()]
    found: dict[Purpose, bool] = {}
    for purpose, value in named:
        if purpose and isinstance(value, bool):
            found[purpose] = found.get(purpose, True) and value  # of two categories of one purpose both must allow it
    return found


def purposes_of(call: Call, consent: Consent) -> str | None:
    """What a call may be used for, as a JSON list; None where its stamp names no purpose."""
    told = preferences(call, consent)
    return encoded([one for one in PURPOSES if told.get(one, one in consent.default)]) if told else None


def consents(heard: Sequence[Heard], source: str, consent: Consent) -> pa.Table:
    """The choices in some items (`tables.CONSENTS`); each is known by its message."""
    rows = [
        {
            "consent_id": f"{source}/{call.id}",
            "id_kind": kind,
            "id": id_,
            "purpose": purpose,
            "is_given": is_given,
            "said_us": one.occurred_us,
            "recorded_us": one.received_us,
            "source": source,
        }
        for one in heard
        if (call := one.item.call) is not None and (call.kind == "identify" or call.name in CHOSEN)
        for kind, id_ in [_who(call)]
        for purpose, is_given in preferences(call, consent).items()
    ]
    return pa.Table.from_pylist(rows, schema=arrow_schema(CONSENTS))


def _who(call: Call) -> tuple[str, str | None]:
    if call.person:
        return "person", call.person
    return ("anonymous", call.anonymous) if call.anonymous else ("account", call.account)
