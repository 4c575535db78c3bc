"""Guesses a source from what an export's columns are called and hold; every guess is marked to be confirmed."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from cxcurve.errors import did_you_mean
from cxcurve.model.profiles import ColumnProfile, Profile

CONFIRM = "   # guessed: confirm"

MOST_EVENTS = 200
"""A column with more different values than this names no events."""

_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
"""What JSON leaves as it is and YAML takes for a line break or refuses."""

_ROLES: Mapping[str, tuple[str, ...]] = {
    "account": ("account_id", "company_id", "organization_id", "customer_id", "client_id", "tenant_id", "org_id",
                "caller_id", "account", "customer", "company"),
    "person": ("person_id", "user_id", "contact_id", "requester_id", "visitor_id", "distinct_id", "email", "user"),
    "anonymous": ("anonymous_id", "session_id", "device_id", "cookie_id"),
    "id": ("event_id", "message_id", "insert_id", "id", "uuid"),
    "name": ("event", "event_name", "event_type", "activity", "action", "concept_name", "name", "type"),
    "value": ("value", "score", "rating", "answer"),
    "amount": ("amount", "revenue", "price", "total"),
    "currency": ("currency", "currency_code"),
    "text": ("text", "comment", "comments", "message", "body", "feedback"),
    "channel": ("channel", "via_channel"),
    "conversation": ("conversation_id", "ticket_id", "case_id"),
}  # fmt: skip
_SURE_NAMES = 6
"""So many of the names for `name` can mean events only."""
_TIME_NAMES = ("occurred_at", "event_time", "timestamp", "time", "updated_at", "sys_updated_at", "created_at")
_SEQUENCES = ("sys_mod_count", "sequence", "seq", "version")
_OPENED_AT = ("opened_at", "created_at", "sys_created_at")
_COUNTERS = {"reopen_count": "ticket_reopened", "reassignment_count": "ticket_reassigned"}
_CASE_KEYS = ("number", "ticket_id", "case_id", "ticket", "case", "incident", "id")
_STATE = re.compile(r"(^|_)(status|state)$")
_CLOSED = re.compile(r"closed|solved|resolved|done", re.IGNORECASE)
_CUSTOMER_COLUMNS = frozenset({"name", "segment", "industry", "plan", "region", "owner", "seats", "revenue_per_year"})


def guess_source(found: Profile, known_events: Collection[str]) -> Iterator[str]:
    """The lines of a source, below its `files`."""
    roles = _roles(found)
    if _is_customers(found, roles):
        yield f"table: customers{CONFIRM}"
        owner = roles.get("account") or roles["id"]
        yield f"columns: {{customer_id: {quoted(owner)}}}{CONFIRM}"
        return
    time = _time_column(found)
    yield from _time_lines(found, time)
    yield from _who(found, roles, time)
    key, state = _case(found)
    if key and state and time and not roles.get("name"):
        yield from _case_lines(found, key, state, time)
    else:
        yield from _event_lines(found, roles, known_events, time)
    for role in ("value", "amount", "currency", "text", "channel", "conversation"):
        if role in roles:
            yield f"{role}: {quoted(roles[role])}{CONFIRM}"


def _roles(found: Profile) -> dict[str, str]:
    """Which column plays which role, by its name; a column plays one role only."""
    by_name = {snake(name).removeprefix("property_"): name for name in reversed(found.names)}
    roles: dict[str, str] = {}
    for role, names in _ROLES.items():
        fitting = (by_name[name] for name in names if name in by_name and by_name[name] not in roles.values())
        chosen = next((name for name in fitting if _fits(role, found.column(name), found)), None)
        if chosen is not None:
            roles[role] = chosen
    return roles


def _fits(role: str, column: ColumnProfile, found: Profile) -> bool:
    if role == "id":
        return found.is_key(column.name)
    if role in ("value", "amount"):
        return column.is_number
    if role == "name":
        n_distinct = len(column.distinct)
        is_named = not found.is_key(column.name) or _is_surely_named(column)
        return 0 < n_distinct <= MOST_EVENTS and not column.is_number and is_named
    return bool(column.values)


def _is_surely_named(column: ColumnProfile) -> bool:
    """A short export may tell each event once; ids have digits, and a column called just "name" may name customers."""
    is_event = snake(column.name).removeprefix("property_") in _ROLES["name"][:_SURE_NAMES]
    return is_event and not any(char.isdigit() for value in column.values for char in value)


def _is_customers(found: Profile, roles: Mapping[str, str]) -> bool:
    """One row for each customer, with what is told of customers and no time an event would need."""
    owner = roles.get("account") or roles.get("id")
    told = _CUSTOMER_COLUMNS & {snake(name) for name in found.names}
    is_told = len(told) >= 2 or _time_column(found) is None
    return owner is not None and found.is_key(owner) and "name" not in roles and is_told


def _time_column(found: Profile) -> ColumnProfile | None:
    timed = [column for column in found.columns if column.time is not None and not column.name.startswith("_")]
    by_name = {snake(column.name).removeprefix("property_"): column for column in reversed(timed)}
    return next((by_name[name] for name in _TIME_NAMES if name in by_name), timed[0] if timed else None)


def _time_lines(found: Profile, column: ColumnProfile | None) -> Iterator[str]:
    if column is None or column.time is None:
        yield f"time: {{column: {quoted(found.names[0])}}}{CONFIRM}; no column looks like a time"
        return
    parts = [f"column: {quoted(column.name)}"]
    parts += [f"format: {json.dumps(column.time.format)}"] if column.time.format else []
    parts += [f"unit: {column.time.unit}"] if column.time.unit else []
    doubt = f"; {column.time.other} reads them too" if column.time.other else ""
    yield f"time: {{{', '.join(parts)}, zone: UTC}}{CONFIRM}{doubt}"


def _who(found: Profile, roles: Mapping[str, str], time: ColumnProfile | None) -> Iterator[str]:
    named = [role for role in ("account", "person", "anonymous") if role in roles]
    yield from (f"{role}: {quoted(roles[role])}{CONFIRM}" for role in named)
    if not named:
        held = _telling(found, roles, time)
        named_id = next((n for n in found.names if snake(n).endswith("id")), None)
        column = roles.get("id") or named_id or (held[0].name if held else found.names[0])
        yield f"account: {quoted(column)}{CONFIRM}; no column looks like a customer"
    if "id" in roles:
        yield f"id: {quoted(roles['id'])}{CONFIRM}"


def _telling(found: Profile, roles: Mapping[str, str], time: ColumnProfile | None) -> list[ColumnProfile]:
    """Columns of no known name whose values repeat, as those of customers and events do; the most different first."""
    free = [one for one in found.columns if one.time is None and one is not time and one.name not in roles.values()]
    told = [one for one in free if len(one.values) * 10 >= found.n_rows * 9 and 1 < len(one.distinct) < len(one.values)]
    return sorted(told, key=lambda one: -len(one.distinct))


def _case(found: Profile) -> tuple[str | None, str | None]:
    """The key of cases told in several rows, and the column of their state."""
    by_name = {snake(name): name for name in found.names}
    keys = (by_name[name] for name in _CASE_KEYS if name in by_name)
    key = next((name for name in keys if found.column(name).values and not found.is_key(name)), None)
    state = next((name for name in found.names if _STATE.search(snake(name))), None)
    return key, state


def _case_lines(found: Profile, key: str, state: str, time: ColumnProfile) -> Iterator[str]:
    by_name = {snake(column.name): column for column in found.columns}
    yield f"by: {quoted(key)}{CONFIRM}"
    counted = next((by_name[name].name for name in _SEQUENCES if name in by_name), None)
    order = f"[{quoted(counted)}, {quoted(time.name)}]" if counted else quoted(time.name)
    yield f"order: {order}{CONFIRM}"
    yield "events:"
    opened = next((by_name[name].name for name in _OPENED_AT if name in by_name and by_name[name].time), None)
    yield f"  ticket_opened: {{first: true{f', at: {quoted(opened)}' if opened else ''}}}{CONFIRM}"
    for counter in sorted(_COUNTERS.keys() & by_name):
        name = by_name[counter].name
        yield f'  {_COUNTERS[counter]}: {{when: "{name} > previous({name})"}}{CONFIRM}'
    closed = [value for value in found.column(state).distinct if _CLOSED.search(value)]
    if closed:
        column = state if re.fullmatch(r"[^\W\d]\w*", state) else f"`{state}`"
        within = ", ".join("'" + value.replace("'", "''") + "'" for value in closed)
        when = f"{column} in ({within}) and (previous({column}) is null or not previous({column}) in ({within}))"
        yield f"  ticket_closed: {{when: {quoted(when)}}}{CONFIRM}"


def _event_lines(
    found: Profile, roles: Mapping[str, str], known_events: Collection[str], time: ColumnProfile | None
) -> Iterator[str]:
    if "name" not in roles:
        event = snake(found.path.name.partition(".")[0]) or "event"
        near = did_you_mean(event, known_events).removeprefix(' Did you mean "').removesuffix('"?')
        words = [one for one in _telling(found, roles, time) if _may_name(one)]
        doubt = (
            f". Or does {quoted(words[0].name)} name the events? Then: name: {quoted(words[0].name)}" if words else ""
        )
        yield f"event: {quoted(near or event)}{CONFIRM}; one name for all rows{doubt}"
        return
    yield f"name: {quoted(roles['name'])}{CONFIRM}"
    renamed = {raw: snake(raw) for raw in found.column(roles["name"]).distinct if snake(raw) not in ("", raw)}
    if renamed:
        yield "rename:"
        yield from (f"  {quoted(raw)}: {quoted(name)}" for raw, name in renamed.items())


def _may_name(column: ColumnProfile) -> bool:
    """Whether its values could be names of events: few, and without digits."""
    return len(column.distinct) <= MOST_EVENTS and not any(char.isdigit() for one in column.distinct for char in one)


def snake(text: str) -> str:
    """`Text` as a name: lower case, words joined by _."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", text)
    return re.sub(r"\W+", "_", spaced).strip("_").lower()


def quoted(text: str) -> str:
    """A YAML scalar that is read back as this text."""
    is_plain = re.fullmatch(r"[A-Za-z_][\w.]*", text, re.ASCII) and text.lower() not in ("true", "false", "null")
    return text if is_plain else _UNPRINTABLE.sub(lambda m: f"\\u{ord(m[0]):04x}", json.dumps(text, ensure_ascii=False))


def flow(value: Any) -> str:
    """A value as YAML on one line, read back by us as what it is."""
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{quoted(str(key))}: {flow(part)}' for key, part in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(flow, value))}]"
    return quoted(value) if isinstance(value, str) else json.dumps(value)
