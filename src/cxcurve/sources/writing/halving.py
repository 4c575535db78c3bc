"""Batches that are taken as a whole or not at all: halved until it is known which record is at fault."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from cxcurve.errors import ConnectError
from cxcurve.sources.writing.contract import Record, Refusal


class BatchRefusedError(ConnectError):
    """A batch was refused, and the answer does not say for which of its records."""


Send = Callable[[Sequence[Record]], Mapping[str, Refusal]]


def halved(send: Send, records: Sequence[Record]) -> dict[str, Refusal]:
    """Send records, in halves where they are refused together; returns the refusals by customer.

    Raises:
        ConnectError: of a whole batch of several each was refused: then something else is wrong than a record, and the
            next batches would fare no better.
    """
    found = _halved(send, records)
    faults = [one for one in found.values() if one[1]]
    if len(records) > 1 and len(faults) == len(records):
        raise ConnectError(f"{faults[0][0].message} (and so for all {len(records)} of a batch; nothing more was sent)")
    return {customer_id: refusal for customer_id, (refusal, _) in found.items()}


def _halved(send: Send, records: Sequence[Record]) -> dict[str, tuple[Refusal, bool]]:
    """Refusals by customer, and whether it took halving to tell."""
    try:
        return {customer_id: (refusal, False) for customer_id, refusal in send(records).items()}
    except BatchRefusedError as error:
        if len(records) == 1:
            return {records[0].customer_id: (Refusal(str(error)), True)}
    middle = len(records) // 2
    return _halved(send, records[:middle]) | _halved(send, records[middle:])
