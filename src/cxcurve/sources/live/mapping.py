"""Requests of a live source as a batch: events by the same mapping as files, and what is said of who is who.

What is mapped is a message of the Segment spec, whatever form it came in. A mapping in sources.yaml names parts of it
by their path: `amount: properties.revenue`.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxcurve.errors import clip
from cxcurve.model.sources import Source, Time
from cxcurve.sources.columns import used_columns
from cxcurve.sources.events import GIVEN, RECEIVED, SAID, Plan
from cxcurve.sources.live import cloudevents, posthog, segment, webhooks
from cxcurve.sources.live.bodies import read_json, written
from cxcurve.sources.live.calls import Call, Item, Kind, read_items
from cxcurve.sources.live.consents import consents, purposes_of
from cxcurve.sources.live.heard import Heard
from cxcurve.sources.live.links import links
from cxcurve.sources.live.protecting import TIMES, as_refused, protected
from cxcurve.sources.live.traits import traits
from cxcurve.sources.mapping import map_rows
from cxcurve.sources.rows import Batch, Refused, Rows, no_events
from cxcurve.sources.values import read_times
from cxcurve.store.inbox import Request

FORMS = {"segment": segment, "posthog": posthog, "cloudevents": cloudevents, "webhook": webhooks}
"""The forms a request can have, by the first part of its name ("segment/batch")."""
MESSAGE = "message "
"""What the quarantine calls the file of a message, before its id."""
EVENT_KINDS: frozenset[Kind] = frozenset({"track", "page", "screen"})
OCCURRED, VALUE, AMOUNT, PURPOSE = "(occurred)", "(value)", "(amount)", "(purpose)"
_DEFAULTS: dict[str, Any] = {
    "account": "groupId", "person": "userId", "anonymous": "anonymousId", "value": VALUE, "amount": AMOUNT,
    "currency": "properties.currency", "text": "properties.text", "channel": "properties.channel",
    "conversation": "properties.conversation_id", "partner": "properties.partner_id", "purpose": PURPOSE,
}  # fmt: skip
_NUMBERS = {VALUE: ("value",), AMOUNT: ("revenue", "amount", "total")}
"""Where a number is taken from that no mapping names; what is no number there stays a property."""


def live_source(key: str, given: Source | None = None) -> Source:
    """A live source's mapping: what sources.yaml says, and for the rest what the Segment spec says."""
    source = given or Source(key=key, live=True)
    unsaid = {name: path for name, path in _DEFAULTS.items() if getattr(source, name) is None}
    if not (source.events or source.event or source.name):
        unsaid["name"] = "event"
    fixed = {"key": key, "time": Time(column=OCCURRED, unit="us"), "id": ("messageId",)}
    rename = {**webhooks.EVENTS.get(key, {}), **source.rename}
    return source.model_copy(update={**fixed, **unsaid, "rename": rename})


def heard_in(request: Request) -> list[Heard]:
    """The items of a request that was kept; reading it again gives the same."""
    form, _, kind = request.form.partition("/")
    return [Heard(item, request.received_us) for item in FORMS[form].items(kind, read_json(request.body))]


def heard_again(file: str, kind: str, row: str, seen_us: int) -> Heard:
    """What a row of the quarantine was made from, to be mapped once more; of an event its times are known."""
    message = read_json(row.encode())
    occurred, received = (message.pop(name) for name in TIMES) if kind == "event" else (0, seen_us)
    return Heard(replace(read_items([message])[0], own_id=file.removeprefix(MESSAGE)), received, occurred)


def map_heard(plan: Plan, heard: Sequence[Heard]) -> Batch:
    """Items as a batch; each is counted once, as used, as making no event, or as refused. Texts are masked.

    Args:
        plan: with the source as `live_source` gives it.
        heard: items in the order they came.
    """
    heard = [replace(one, item=protected(plan, one.item)) for one in heard]
    named = [replace(one, item=_with_id(one.item, id_)) for one, id_ in zip(heard, _message_ids(heard), strict=True)]
    timed = [*_timed(plan, [one for one in named if one.item.call]), *(one for one in named if not one.item.call)]
    events = [one for one in timed if one.item.call and one.item.call.kind in EVENT_KINDS]
    batch = _event_batch(plan, events) if events else Batch(no_events(), (), 0, 0, 0)
    refused = [_refused(plan.source.key, one) for one in timed if one.item.call is None]
    return replace(
        batch,
        refused=(*batch.refused, *refused),
        n_read=len(heard),
        n_no_event=batch.n_no_event + len(heard) - len(events) - len(refused),
        links=links(timed, plan),
        traits=traits(timed, plan.source),
        consents=consents(timed, plan.source.key, plan.consent),
    )


def _timed(plan: Plan, heard: Sequence[Heard]) -> list[Heard]:
    """Those with their times; a time that cannot be read makes an item that is refused."""
    again = [one for one in heard if one.occurred_us]  # told apart when they were heard first
    new = [one for one in heard if not one.occurred_us]
    calls = [one.item.call for one in new if one.item.call]
    occurred, unread = occurred_us(calls, np.array([one.received_us for one in new], dtype=np.int64))
    return again + [
        replace(one, occurred_us=us) if text is None else replace(one, item=_untimely(plan, one.item, text))
        for one, us, text in zip(new, occurred.tolist(), unread, strict=True)
    ]


def _untimely(plan: Plan, item: Item, text: str) -> Item:
    reason = f'has the timestamp "{clip(text, 40)}"; expected ISO 8601 such as 2026-05-31T14:00:00Z'
    return as_refused(plan, item, reason)


def _event_batch(plan: Plan, heard: Sequence[Heard]) -> Batch:
    calls = [one.item.call for one in heard if one.item.call]
    messages = [call.message() for call in calls]
    said = [written(message) for message in messages]
    paths = [name for name in used_columns(plan.source) if not name.startswith("(")]
    columns: dict[str, Any] = {path: [at_path(message, path) for message in messages] for path in paths}
    columns |= {name: [_number(call.properties, keys) for call in calls] for name, keys in _NUMBERS.items()}
    columns |= {
        OCCURRED: [one.occurred_us for one in heard],
        RECEIVED: [one.received_us for one in heard],
        PURPOSE: [purposes_of(call, plan.consent) for call in calls],
        GIVEN: [{**call.properties, **_context(call)} for call in calls],
        SAID: said,
    }
    frame = pd.DataFrame({name: pd.Series(cells, dtype=object) for name, cells in columns.items()})
    rows = Rows(frame, [f"{MESSAGE}{call.id}" for call in calls], np.arange(len(calls)))
    batch = map_rows(plan, rows, None)
    return replace(batch, refused=tuple(_as_sent(one, said[one.line], heard[one.line]) for one in batch.refused))


def occurred_us(
    calls: Sequence[Call], received_us: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], list[str | None]]:
    """When things happened, by our clock, and the text of a time that cannot be read.

    `received - (sent - said)`: the sender's clock may be wrong, the time that passed on it is not. Nothing happened
    after it was sent. Without the time of sending the sender's clock is believed; without a time it is that of receipt.

    Source: the Segment spec, common fields, timestamps.
    """
    said, no_said = _times([call.said_at for call in calls])
    sent, no_sent = _times([call.sent_at for call in calls])
    has_said = np.array([call.said_at is not None for call in calls], dtype=bool)
    has_sent = np.array([call.sent_at is not None for call in calls], dtype=bool) & pd.isna(no_sent)
    passed = np.where(has_sent, np.maximum(sent - said, 0), 0)
    occurred = np.where(has_said, np.where(has_sent, received_us - passed, said), received_us)
    unread = [str(call.said_at) if reason is not None else None for call, reason in zip(calls, no_said, strict=True)]
    return occurred, unread


def at_path(message: Mapping[str, Any], path: str) -> Any:
    """The value at a path such as `properties.cart.total`, also of a name with dots in it; None where nothing is."""
    if path in message:
        return message[path]
    head, _, rest = path.partition(".")
    inner = message.get(head)
    return at_path(inner, rest) if rest and isinstance(inner, dict) else None


def _times(values: Sequence[Any]) -> tuple[npt.NDArray[np.int64], Any]:
    """Microseconds; numbers are milliseconds since 1970, or seconds where they are too small for that."""
    numbers = pd.Series([_epoch_ms(value) for value in values], dtype=object)
    texts = pd.Series([value if isinstance(value, str) else None for value in values], dtype=object)
    us, reasons = read_times(texts, Time(), "timestamp")
    is_number = numbers.notna().to_numpy()
    if is_number.any():
        from_numbers, bad = read_times(numbers, Time(unit="ms"), "timestamp")
        us, reasons = np.where(is_number, from_numbers, us), np.where(is_number, bad, reasons)
    odd = np.array([value is not None and not isinstance(value, str | int | float) for value in values])
    return us, np.where(odd, "odd", reasons)


def _epoch_ms(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if abs(value) >= 1e11 else value * 1000


def _number(properties: Mapping[str, Any], keys: Iterable[str]) -> float | None:
    for key in keys:
        value = properties.get(key)
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300:
            return value
    return None


def _context(call: Call) -> dict[str, Any]:
    context = {key: value for key, value in call.context.items() if key != "groupId" and value is not None}
    return {"context": context} if context and "context" not in call.properties else {}


def _message_ids(heard: Sequence[Heard]) -> list[str]:
    """The ids as sent; without one a hash of what is said and its number among its like, which tells a repetition."""
    seen: Counter[str] = Counter()
    return [one.item.own_id or one.item.id or _made_id(one.item, seen) for one in heard]


def _made_id(item: Item, seen: Counter[str]) -> str:
    digest = hashlib.blake2b(_said(item).encode(), digest_size=16).hexdigest()
    seen[digest] += 1
    return f"{digest}-{seen[digest]}"


def _with_id(item: Item, id_: str) -> Item:
    return replace(item, own_id=id_, call=item.call and replace(item.call, id=id_))


def _said(item: Item) -> str:
    return written(item.call.message() if item.call else item.sent)


def _refused(source: str, heard: Heard) -> Refused:
    text = written(heard.item.sent)
    return Refused(source, f"{MESSAGE}{heard.item.own_id}", 0, _mark(text), "row", str(heard.item.reason), text)


def _as_sent(refused: Refused, said: str, heard: Heard) -> Refused:
    """What is kept of a refused event is the message, with the times that it is mapped by once more."""
    row = f'{said[:-1]},"occurredUs":{heard.occurred_us},"receivedUs":{heard.received_us}}}'
    return replace(refused, row=row, line=0, ordinal=_mark(said))


def _mark(text: str) -> int:
    """Tells what one message said from what another of the same id did."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest()) % 2**62
