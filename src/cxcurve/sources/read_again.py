"""Events that were refused, read again from the rows that quarantine kept, as if the plan asked for nothing."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from cxcurve.model.event_checks import OWN
from cxcurve.model.sources import EventRule, Source
from cxcurve.model.unplanned import RefusedEvent
from cxcurve.sources.columns import used_columns
from cxcurve.sources.events import Plan, draft
from cxcurve.sources.mapping import event_names, prepared
from cxcurve.sources.rows import object_frame

_TYPED = re.compile(r"\.(jsonl|ndjson|json|parquet|pq)(\.gz)?$", re.IGNORECASE)
_NAMED = re.compile(r'event "(.*?)"(?: is not in the tracking plan\.|: )', re.DOTALL)

Record = Mapping[str, Any]


def read_again(sources: Mapping[str, Source], refused: Sequence[Record]) -> Iterator[RefusedEvent]:
    """The events of refused rows; those whose time cannot be read, or of no known source, as far as their reason tells.

    Args:
        sources: what sources.yaml says now.
        refused: rows of `tables.QUARANTINE` of the kind "event".
    """
    alike: dict[tuple[str, int, bool], list[Record]] = defaultdict(list)
    for one in refused:
        source = sources.get(one["source"])
        if source is None or source.table != "events" or source.live:
            yield from _by_reason(one)
            continue
        is_text = source.format in (None, "csv") and not _TYPED.search(one["file"])
        alike[one["source"], one["ordinal"] if source.events else 0, is_text].append(one)
    for (key, ordinal, is_text), rows in alike.items():
        yield from _mapped(sources[key], ordinal, rows, is_text)


def _mapped(source: Source, ordinal: int, rows: Sequence[Record], is_text: bool) -> Iterator[RefusedEvent]:
    rules = list(source.events.items())
    if ordinal > len(rules):  # sources.yaml has fewer events than when it was refused
        return
    name, rule = rules[ordinal - 1] if rules else (None, EventRule())
    records = [json.loads(one["row"]) for one in rows]
    names = dict.fromkeys([*used_columns(source), *(name for record in records for name in record)])
    frame = prepared(source, object_frame(records, names))
    said = pd.Series([name] * len(frame), dtype=object) if name else event_names(source, frame)
    made = draft(Plan(source, 0), frame, said, rule, [""] * len(frame))
    own = {one: made[one].tolist() for one in OWN}
    is_read = (made["unread"].isna() & made["no_time"].isna() & made["name"].notna()).to_numpy()
    for i, (event, at_us, told) in enumerate(zip(made["name"], made["occurred_us"], made["properties"], strict=True)):
        if is_read[i]:
            beside = {one: values[i] for one, values in own.items() if pd.notna(values[i])}
            yield RefusedEvent(event, int(at_us), json.loads(told), beside, is_text)


def _by_reason(one: Record) -> Iterator[RefusedEvent]:
    """Of a source that sources.yaml does not have: the name its reason tells, and `properties` of the row."""
    named, row = _NAMED.match(one["reason"]), json.loads(one["row"])
    if named is not None:
        inside = row.get("properties") if isinstance(row, dict) else None
        yield RefusedEvent(named[1], one["seen_us"], inside if isinstance(inside, dict) else {})
