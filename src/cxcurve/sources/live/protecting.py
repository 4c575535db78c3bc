"""Personal data goes before anything is made of an item: what is stored, compared and tried again has none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from cxcurve.sources.events import Plan
from cxcurve.sources.live.calls import Call, Item
from cxcurve.sources.masking import mask_value
from cxcurve.sources.personal import Personal, hashed_id
from cxcurve.tables import ONCE

TIMES = ("occurredUs", "receivedUs")
_WHO = ("userId", "anonymousId", "groupId", "previousId", "distinct_id", "id", "subject")
_AS_SENT = frozenset(
    {*_WHO, "messageId", "type", "event", "uuid", "timestamp", "originalTimestamp", "sentAt", "time", *TIMES}
)
_GIVEN = "traits"


def protected(plan: Plan, item: Item) -> Item:
    """The item as it may be stored; what was checked to be somebody's is in `verified` of its call.

    What was sent is stored only of one that is refused.
    """
    return as_refused(plan, item, item.reason) if item.call is None else replace(item, call=_call(plan, item.call))


def as_refused(plan: Plan, item: Item, reason: str | None) -> Item:
    """The item as quarantine keeps it."""
    return replace(item, call=None, sent=_sent(plan, item.sent), reason=reason)


def _call(plan: Plan, call: Call) -> Call:
    source = plan.source
    traits, told = call.traits, dict[str, Any]()
    if call.kind == "group":
        told = plan.personal["account"].protected(traits)
        keys: list[tuple[str, str]] = []
    else:
        person = plan.personal["person"]
        told = person.of_person(traits)
        keys = person.verified(_flat(traits), source.verified) if call.kind == "identify" and source.verified else []
    call = replace(
        call,
        properties=plan.personal["event"].protected(call.properties),
        context=plan.personal["event"].protected(call.context),
        traits=told,
        verified=tuple(keys),
    )
    if source.ids == "keep":
        return call
    ids = ("person", "anonymous", "account", "previous")
    return replace(call, **{name: hashed_id(plan.secret, getattr(call, name)) for name in ids})


def _flat(traits: Mapping[str, Any]) -> Mapping[str, Any]:
    once = traits.get(ONCE)
    return {**once, **traits} if isinstance(once, Mapping) else traits


def _sent(plan: Plan, sent: Any) -> Any:
    """The message as it was sent, which quarantine keeps where no call can be made of it."""
    if not isinstance(sent, dict):
        return mask_value(sent)
    whose = plan.personal["account" if sent.get("type") == "group" else "person"]
    return {key: _field(plan, whose, key, value) for key, value in sent.items()}


def _field(plan: Plan, whose: Personal, key: str, value: Any) -> Any:
    if key in _WHO and plan.source.ids == "hash":
        return hashed_id(plan.secret, value)
    if key in _AS_SENT:
        return value
    if key == _GIVEN:
        return whose.protected(value)
    if isinstance(value, Mapping) and _GIVEN in value:
        rest = {name: inner for name, inner in value.items() if name != _GIVEN}
        return {**plan.personal["event"].protected(rest), _GIVEN: whose.protected(value[_GIVEN])}
    return plan.personal["event"].protected(value)
