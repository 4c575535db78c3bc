"""Where events come from: `sources.yaml` as frozen objects; read it with `model.read_sources`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, TypeAlias

from pydantic import BeforeValidator, Field

from cxcurve.model.connect import Connect
from cxcurve.model.durations import Duration
from cxcurve.model.journey import Flag, Frozen, Names, When, one_or_many

Way: TypeAlias = Literal["hash", "mask", "keep"]
"""What is kept of a personal field: a keyed hash, that there was something, or the value as sent."""
Key: TypeAlias = Literal["email", "phone"]


class Time(Frozen):
    """How a time is written. Without `format`: ISO 8601, or epoch with `unit`."""

    column: str = ""
    format: str | None = None
    zone: str = "UTC"
    unit: Literal["s", "ms", "us"] | None = None


class EventRule(Frozen):
    """When a raw row makes this event, and at what time.

    `first` / `last`: only the first / last row of its key. `when`: only where true. `at`: another time column.
    """

    first: Flag = False
    last: Flag = False
    when: When | None = None
    at: str | None = None
    value: str | None = None
    text: str | None = None


class Source(Frozen):
    """One source: files of events, customers or people; rows of a service (`connect`); or what is sent to us (`live`).

    `key` is what sources.yaml calls it; `name` the column that names the event, `event` a name for all its rows.
    `personal` says what is kept of personal fields, `verified` which contacts the source has checked to be the
    person's, `ids` what becomes of ids that are e-mail addresses, `calling_code` the country of numbers written
    without one ("49").
    """

    key: str = ""
    files: Names = ()
    live: Flag = False
    connect: Connect | None = None
    table: Literal["events", "customers", "people"] = "events"
    format: Literal["csv", "jsonl", "parquet"] | None = None
    separator: str | None = None
    encoding: str = "utf-8"
    nulls: Names = ("",)
    time: Time | None = None
    account: str | None = None
    person: str | None = None
    anonymous: str | None = None
    id: Names = ()
    by: str | None = None
    order: Names = ()
    name: str | None = None
    event: str | None = None
    events: Mapping[str, EventRule] = Field(default_factory=dict)
    rename: Mapping[str, str] = Field(default_factory=dict)
    columns: Mapping[str, str] = Field(default_factory=dict)
    value: str | None = None
    amount: str | None = None
    currency: str | None = None
    text: str | None = None
    channel: str | None = None
    conversation: str | None = None
    partner: str | None = None
    purpose: str | None = None
    properties: Names = ()
    expected_gap: Duration | None = None
    personal: Mapping[str, Way] = Field(default_factory=dict)
    verified: Annotated[tuple[Key, ...], BeforeValidator(one_or_many)] = ()
    ids: Literal["keep", "hash"] = "keep"
    calling_code: str = ""
