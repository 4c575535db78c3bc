"""Drafts of events: for each row what its event says, and why it cannot be one.

A draft has the columns of `tables.EVENTS`, the position of its `row`, and three columns of reasons: `unread`
(a time or number could not be read), `no_time`, and `wrong` (an unknown name, an impossible date, properties that
break the plan).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxcurve.errors import clip, did_you_mean
from cxcurve.model.event_checks import EventCheck
from cxcurve.model.journey import Consent
from cxcurve.model.sources import EventRule, Source, Time
from cxcurve.sources.columns import used_columns
from cxcurve.sources.consents import read_purposes
from cxcurve.sources.json_text import encoded, parsed
from cxcurve.sources.masking import mask_texts
from cxcurve.sources.personal import DEFAULTS, Personal, Whose, personal_of
from cxcurve.sources.rows import Reasons
from cxcurve.sources.values import (
    Mask,
    Texts,
    all_null,
    first_reason,
    no_reasons,
    read_numbers,
    read_texts,
    read_times,
    reason_where,
)
from cxcurve.tables import US_PER_DAY

EARLIEST_US = 631_152_000_000_000
"""1990-01-01: an earlier event is a wrong time format."""
CUSTOMER = {"account": "account_id", "person": "person_id", "anonymous": "anonymous_id"}
"""What a source calls the columns of the customer, and what the events do."""
_TEXTS = {"channel": "channel", "currency": "currency", "conversation": "conversation_id", "partner": "partner_id"}


RECEIVED, GIVEN, SAID = "(received)", "(properties)", "(said)"
"""Columns that rows of a live source bring besides those of the mapping: when each was received, its properties as one
object, and what it says, by which the same event sent twice is told from another of the same id."""


@dataclass(frozen=True)
class Plan:
    """How events are made: the source's mapping, the time of receipt and the tracking plan.

    `is_text` says that the rows come from a file that knows texts only: a text that reads as a number may be one.
    `consent` says what a live source's consent tool calls the purposes.
    `secret` is the key of the hashes of personal fields.
    """

    source: Source
    received_us: int
    known_events: Collection[str] | None = None
    data_classes: Mapping[str, str] | None = None
    checks: Mapping[str, EventCheck] = field(default_factory=dict)
    is_text: bool = False
    consent: Consent = field(default_factory=Consent)
    secret: bytes = field(default=b"", repr=False)

    @cached_property
    def personal(self) -> Mapping[Whose, Personal]:
        """What becomes of personal fields, by what they tell something of."""
        return {whose: personal_of(self.source, whose, self.secret) for whose in DEFAULTS}


def draft(
    plan: Plan, frame: pd.DataFrame, names: Texts, rule: EventRule, row_ids: Sequence[str] | None
) -> pd.DataFrame:
    """One event for each row of `frame`, with why it could not be read (`unread`), has no time, or is `wrong`."""
    source, time = plan.source, plan.source.time or Time()
    at = rule.at or time.column
    occurred_us, bad_time = read_times(frame[at], time, at)
    value, bad_value = _numbers(frame, rule.value or source.value)
    amount, bad_amount = _numbers(frame, source.amount)
    received_us = frame[RECEIVED].to_numpy(dtype=np.int64) if RECEIVED in frame else plan.received_us
    no_time = reason_where(all_null(frame, [at]), f"has no time: column {at} is empty")
    purposes, bad_purpose = read_purposes(_texts(frame, source.purpose), source.purpose or "")
    classes = plan.data_classes or {}
    told = frame[GIVEN].tolist() if GIVEN in frame else property_rows(frame, _property_columns(source, frame))
    told = [plan.personal["event"].protected(one) for one in told]
    columns: dict[str, Any] = {
        "event_id": _event_ids(source, frame, names, row_ids),
        "occurred_us": occurred_us,
        "received_us": received_us,
        "name": names,
        "source": source.key,
        "value": value,
        "amount": amount,
        "text": mask_texts(_texts(frame, rule.text or source.text)),  # before anything is stored
        "data_class": [classes.get(name, "observed") for name in names],
        "purpose": purposes,
        "properties": [encoded(one) for one in told],
        "unread": first_reason(bad_time, bad_value, bad_amount),
        "no_time": no_time,
        "wrong": first_reason(_unknown(names, plan), _impossible(occurred_us, received_us), bad_purpose),
        "row": np.arange(len(frame)),
    }
    columns |= {ours: _texts(frame, getattr(source, role)) for role, ours in (CUSTOMER | _TEXTS).items()}
    if SAID in frame:
        columns["said"] = frame[SAID]
    if source.conversation is None and source.by:  # what its rows tell of one key belongs together
        columns["conversation_id"] = _texts(frame, source.by)
    columns["wrong"] = first_reason(columns["wrong"], _broken(names, told, columns, plan))
    return pd.DataFrame(columns, index=frame.index)


def rule_drafts(plan: Plan, frame: pd.DataFrame, row_ids: Sequence[str] | None, holds: Sequence[Mask]) -> pd.DataFrame:
    """The drafts of `source.events`, each rule where it `holds`; `ordinal` is the rule's number."""
    rules = enumerate(zip(plan.source.events.items(), holds, strict=True), 1)
    return pd.concat([_of_rule(plan, frame, row_ids, rule, mask).assign(ordinal=i) for i, (rule, mask) in rules])


def held(rule: EventRule, frame: pd.DataFrame, before: pd.DataFrame | None) -> Mask:
    """Where `rule.when` is true; `before` holds for each row the row before it of the same key."""
    if rule.when is None:
        return np.ones(len(frame), dtype=bool)
    held = rule.when.evaluate(
        lambda name: read_texts(frame[name]).astype("str"),
        None if before is None else lambda name: read_texts(before[name]).astype("str"),
        number=lambda texts: pd.to_numeric(texts, errors="coerce"),
    )
    return np.asarray(held, dtype=bool)


def properties(frame: pd.DataFrame, names: Sequence[str]) -> list[str]:
    """These columns of each row as one JSON object, nulls left out; a text that is a JSON object stays one."""
    return [encoded(row) for row in property_rows(frame, names)]


def property_rows(frame: pd.DataFrame, names: Sequence[str]) -> list[dict[str, Any]]:
    """The same before it is written."""
    names = sorted(names)
    rows = frame[names].to_numpy(dtype=object).tolist() if names else [()] * len(frame)
    return [{n: _parsed(v) for n, v in zip(names, row, strict=True) if v is not None} for row in rows]


def _of_rule(
    plan: Plan, frame: pd.DataFrame, row_ids: Sequence[str] | None, named: tuple[str, EventRule], holds: Mask
) -> pd.DataFrame:
    """An empty `at` column is a time yet to come, such as the closing of an open ticket: no event."""
    name, rule = named
    if rule.at:
        holds = holds & frame[rule.at].notna().to_numpy()
    chosen = np.flatnonzero(holds)
    part = frame.iloc[chosen].reset_index(drop=True)
    names = pd.Series([name] * len(part), dtype=object)
    ids = None if row_ids is None else [row_ids[int(i)] for i in chosen]
    return draft(plan, part, names, rule, ids).assign(row=chosen)


def _event_ids(source: Source, frame: pd.DataFrame, names: Texts, row_ids: Sequence[str] | None) -> list[str]:
    """The id as sent where one row is one event and one column its id; else source / event name / parts."""
    if len(source.id) == 1 and not source.events:
        return read_texts(frame[source.id[0]]).tolist()
    parts = [read_texts(frame[name]) for name in source.id] or [pd.Series(row_ids, dtype=object)]
    heads = {name: f"{_escaped(source.key)}/{_escaped(name or '')}" for name in names.unique()}
    return ["/".join((heads[name], *map(_escaped, values))) for name, *values in zip(names, *parts, strict=True)]


def _escaped(part: str | None) -> str:
    return (part or "").replace("%", "%25").replace("/", "%2F")


def _property_columns(source: Source, frame: pd.DataFrame) -> list[str]:
    """`properties`; without them, where one row is one event, all columns not used otherwise."""
    if source.properties or source.events:
        return [name for name in source.properties if name in frame]
    return [name for name in map(str, frame.columns) if name not in used_columns(source)]


def _parsed(value: Any) -> Any:
    if type(value) is str and value[:1] == "{" and value[-1:] == "}":
        try:
            return parsed(value)
        except ValueError:
            return value
    return value


def _unknown(names: Texts, plan: Plan) -> Reasons:
    if plan.known_events is None:
        return no_reasons(len(names))
    known = set(plan.known_events)
    reasons = {
        name: f'event "{clip(name)}" is not in the tracking plan.{did_you_mean(name, known)}'
        for name in names.unique()
        if name is not None and name not in known
    }
    return names.map(reasons.get).to_numpy(dtype=object)


def _broken(names: Texts, told: Sequence[dict[str, Any]], columns: Mapping[str, Sequence[Any]], plan: Plan) -> Reasons:
    """Why properties are not as the plan says; a column the event itself has is looked up where they lack it."""
    reasons = no_reasons(len(told))
    for i, (name, record) in enumerate(zip(names, told, strict=True)) if plan.checks else ():
        if (check := plan.checks.get(name)) is None:
            continue
        own = {one: value for one in check.own if one not in record and pd.notna(value := columns[one][i])}
        if wrong := check.broken({**own, **record} if own else record, is_text=plan.is_text):
            reasons[i] = f'event "{clip(name)}": {wrong}'
    return reasons


def _impossible(occurred_us: npt.NDArray[np.int64], received_us: int | npt.NDArray[np.int64]) -> Reasons:
    reasons = no_reasons(len(occurred_us))
    for i in np.flatnonzero((occurred_us < EARLIEST_US) | (occurred_us > received_us + US_PER_DAY)):
        is_early = occurred_us[i] < EARLIEST_US
        why = "before 1990; is the time's format right?" if is_early else "more than 24 h after it was received"
        reasons[i] = f"is dated {np.datetime64(int(occurred_us[i]), 'us').astype('datetime64[m]')}, {why}"
    return reasons


def _cells(frame: pd.DataFrame, name: str | None) -> pd.Series[Any]:
    return frame[name] if name else pd.Series([None] * len(frame), index=frame.index, dtype=object)


def _texts(frame: pd.DataFrame, name: str | None) -> Texts:
    return read_texts(_cells(frame, name))


def _numbers(frame: pd.DataFrame, name: str | None) -> tuple[npt.NDArray[np.float64], Reasons]:
    return read_numbers(_cells(frame, name), name or "")
