"""What a source says that cannot work: no time, nobody named, rows without an order."""

from __future__ import annotations

import codecs
import re
import zoneinfo
from collections.abc import Iterator

from cxcurve.errors import Severity, did_you_mean
from cxcurve.model.connect import find_secrets
from cxcurve.model.sources import EventRule, Source, Time
from cxcurve.model.wording import Finding
from cxcurve.tables import CUSTOMERS, PEOPLE

DIRECTIVES = frozenset("aAbBdfHIjmMpSyYzZ%")
"""What may follow a % in a time format; a dash between them (%-d) means without leading zeros."""

_NAMES_EVENTS = ("name", "event", "events")
_NAMES_CUSTOMERS = ("account", "person", "anonymous")


def _personal(source: Source) -> Iterator[Finding]:
    if source.calling_code and not re.fullmatch(r"\+?[1-9]\d{0,2}", source.calling_code):
        yield Finding(("calling_code",), f'has the calling code "{source.calling_code}"; expected such as "49"')
    if source.verified and not source.live and source.table != "people":
        yield Finding(("verified",), "has `verified`, which only what is live and tables of people tell of; remove it")


def check_source(key: str, source: Source) -> Iterator[Finding]:
    """Everything wrong between the parts of one source."""
    said = f'source "{key}"'
    findings = _event_source if source.table == "events" else _table_source
    for finding in (*_files(source), *findings(source), *_personal(source)):
        yield Finding((key, *finding.loc), f"{said} {finding.message}", finding.severity)


def _files(source: Source) -> Iterator[Finding]:
    if source.connect is not None:
        yield from find_secrets(source.connect)
    given = [name for name in ("files", "connect", "live") if getattr(source, name)]
    if len(given) > 1:
        message = f"has both `{given[0]}` and `{given[1]}`; rows come from one of them, make it two sources"
        yield Finding((given[0],), message)
    elif not given:
        message = "has no files; write `files: NAME.csv` (csv, jsonl or parquet, * for any), or `connect:` a service"
        yield Finding((), message)
    if source.separator is not None and len(source.separator) != 1:
        yield Finding(("separator",), f'has the separator "{source.separator}"; expected one character')
    try:
        codecs.lookup(source.encoding)
    except LookupError:
        yield Finding(("encoding",), f'has the unknown encoding "{source.encoding}"; most files are utf-8 or cp1252')


def _event_source(source: Source) -> Iterator[Finding]:
    if source.live:  # what the mapping does not name, the Segment spec does
        yield from _live(source)
        return
    if not any(getattr(source, name) for name in _NAMES_CUSTOMERS):
        yield Finding((), "names no customer; give the column with their ids: `account:`, `person:` or `anonymous:`")
    yield from _time(source)
    yield from _naming(source)
    yield from _order(source)
    for name, rule in source.events.items():
        yield from _rule(name, rule, source)
    if source.columns:
        yield Finding(("columns",), "has `columns`, which only tables of customers or people use", Severity.WARNING)


def _live(source: Source) -> Iterator[Finding]:
    for name in ("time", "by", "order", "id"):
        if getattr(source, name):
            yield Finding((name,), f"is live: `{name}` is what each message says itself; remove it")
    known = {*CUSTOMERS.column_names, *PEOPLE.column_names, "created_at"}
    for ours in source.columns:
        if ours not in known:
            hint = did_you_mean(ours, known) or f" Known: {', '.join(sorted(known))}."
            yield Finding(
                ("columns", ours), f'fills "{ours}" by a trait, which is no column of customers or people.{hint}'
            )
    for name, rule in source.events.items():
        yield from _rule(name, rule, source)


def _table_source(source: Source) -> Iterator[Finding]:
    named = (CUSTOMERS if source.table == "customers" else PEOPLE).column_names
    # Files say `created_at` and `valid_from`; `_us` is how the store keeps them.
    known = (*named, "created_at", "valid_from") if source.table == "customers" else named
    for ours in source.columns:
        if ours not in known:
            hint = did_you_mean(ours, known) or f" Known: {', '.join(known)}."
            yield Finding(("columns", ours), f'fills "{ours}", which is no column of {source.table}.{hint}')
    for name in _NAMES_EVENTS:
        if getattr(source, name):
            yield Finding((name,), f"is a table of {source.table} and makes no events; remove `{name}`")
    if source.time is not None:
        yield from _time_format(source.time)


def _time(source: Source) -> Iterator[Finding]:
    if source.time is None or not source.time.column:
        own = source.events and all(rule.at for rule in source.events.values())
        if not own:
            yield Finding((), "says not when things happened; write `time: {column: NAME}`")
    if source.time is not None:
        yield from _time_format(source.time)


def _time_format(time: Time) -> Iterator[Finding]:
    if time.format is not None and time.unit is not None:
        yield Finding(("time",), "has a time with both `format` and `unit`; `unit` is for numbers since 1970 only")
    for directive in re.findall(r"%-?(.?)", time.format or ""):
        if directive not in DIRECTIVES:
            known = " ".join(f"%{letter}" for letter in sorted(DIRECTIVES))
            yield Finding(("time", "format"), f'has the unknown time directive "%{directive}"; known: {known}')
    if time.format is not None and not re.search(r"%-?[yY]", time.format):
        yield Finding(("time", "format"), f'has a time format without a year: "{time.format}"; %Y is 2026, %y is 26')
    if time.zone not in zoneinfo.available_timezones():
        hint = did_you_mean(time.zone, zoneinfo.available_timezones()) or ' Expected such as "Europe/Berlin" or "UTC".'
        yield Finding(("time", "zone"), f'has the unknown time zone "{time.zone}".{hint}')


def _naming(source: Source) -> Iterator[Finding]:
    given = [name for name in _NAMES_EVENTS if getattr(source, name)]
    if not given:
        message = "names no event; give their column (`name:`), one name for all rows (`event:`) or rules (`events:`)"
        yield Finding((), message)
    if len(given) > 1:
        yield Finding((given[1],), f"names its events twice, by `{given[0]}` and by `{given[1]}`; keep one")
    if source.rename and source.name is None:
        yield Finding(("rename",), "has `rename` but no `name:`, the column whose values are renamed")


def _order(source: Source) -> Iterator[Finding]:
    if source.by and not source.events and (source.name or source.event):
        given = "name" if source.name else "event"
        yield Finding(("by",), f"has `by` with `{given}:`; rows that are events need no `by`, rules under `events:` do")
    elif source.by and not source.order:
        yield Finding(("by",), "has `by` but no `order`; name the columns that put the rows of one key in order")
    if source.amount and source.amount.startswith("change(") and not source.by:
        yield Finding(("amount",), "has `amount: change(...)` but no `by`, the column whose rows belong together")
    if source.order and not source.by:
        yield Finding(("order",), "has `order` but no `by`, the column whose rows belong together")


def _rule(name: str, rule: EventRule, source: Source) -> Iterator[Finding]:
    needs = [key for key in ("first", "last") if getattr(rule, key)]
    if rule.when is not None and rule.when.previous:
        needs.append("previous()")
    if needs and not source.by:
        yield Finding(("events", name), f'makes event "{name}" with {needs[0]}, which needs `by` and `order`')
