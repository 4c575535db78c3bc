"""Remarks on a customer by people of the company: notes, and which alarm was wrong and why, counted by signal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cxcurve.errors import BadValueError, UnknownNameError
from cxcurve.metrics.customer_states import ALL_STATES
from cxcurve.model import Journey
from cxcurve.model.journey import STATE_NAMES
from cxcurve.sources.masking import mask
from cxcurve.store import Store, remarks
from cxcurve.store.resolution import Id
from cxcurve.workspace.instants import now_us
from cxcurve.workspace.results import at

LONGEST = 1_000
DRIFTING = "drifting"


def alarm_names(journey: Journey) -> tuple[str, ...]:
    """What can be an alarm: signals, states of the score, states of the customer, and that somebody drifts."""
    return (*journey.signals, *STATE_NAMES, DRIFTING, *ALL_STATES)


def note(store: Store, customer_id: str, text: str, by: str) -> str:
    """Write a note on a customer; returns its id.

    Raises:
        UnknownNameError: there is no such customer.
        BadValueError: there is no text, or too much.
    """
    _, of = _customer(store, customer_id)
    return remarks.add_note(store, of, _text(text, "note"), by, now_us())


def remove(store: Store, customer_id: str, note_id: str) -> None:
    """Delete a note on a customer.

    Raises:
        UnknownNameError: there is no such customer, or it has no such note.
    """
    key, _ = _customer(store, customer_id)
    if note_id not in {one["note_id"] for one in remarks.notes_of(store, key)}:
        raise UnknownNameError("note", note_id)
    remarks.remove_note(store, key, note_id)


def call_wrong(
    store: Store, journey: Journey, customer_id: str, signal: str, reason: str, by: str, points: float | None = None
) -> None:
    """Keep that an alarm about a customer is wrong, and why. It changes no score; calibration is for that.

    Raises:
        UnknownNameError: there is no such customer, or no such alarm.
        BadValueError: there is no reason, or a very long one.
    """
    if signal not in alarm_names(journey):
        raise UnknownNameError("alarm", signal, alarm_names(journey))
    _, of = _customer(store, customer_id)
    remarks.add_wrong_alarm(store, of, signal, _text(reason, "reason"), points, by, now_us())


def on_customer(store: Store, customer_id: str) -> dict[str, list[dict[str, Any]]]:
    """The notes on a customer and what was called wrong, the newest first; none of whom nothing names."""
    key = store.customer_key(customer_id)
    notes, wrong = ([], []) if key is None else (remarks.notes_of(store, key), remarks.wrong_alarms_of(store, key))
    return {"notes": [_told(one, "written") for one in notes], "wrong_alarms": [_told(one, "said") for one in wrong]}


def wrong_by_signal(store: Store) -> list[dict[str, Any]]:
    """How often each signal was called wrong: signal, n, n_customers, last_at; the most often first."""
    return [
        {name: row[name] for name in ("signal", "n", "n_customers")} | {"last_at": at(row["last_us"])}
        for row in remarks.wrong_alarm_counts(store)
    ]


def _customer(store: Store, customer_id: str) -> tuple[int, Id]:
    key = store.customer_key(customer_id)
    of = None if key is None else remarks.subject_of(store, key)
    if key is None or of is None:
        raise UnknownNameError("customer", customer_id)
    return key, of


def _text(text: str, what: str) -> str:
    """Kept as everything that people write is: without names, addresses and numbers."""
    text = " ".join(text.split())
    if not text:
        raise BadValueError(f"The {what} is empty; write a few words")
    if len(text) > LONGEST:
        raise BadValueError(f"The {what} has {len(text):,} characters; at most {LONGEST:,} are kept")
    return mask(text)


def _told(row: Mapping[str, Any], how: str) -> dict[str, Any]:
    return {**{name: value for name, value in row.items() if name != f"{how}_us"}, f"{how}_at": at(row[f"{how}_us"])}
