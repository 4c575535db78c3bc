"""What people of the company write on a customer: notes, and that an alarm was wrong. Kept by the customer's own id.

Ids outlive what customers are called and whom they are joined with; so a remark goes where its customer goes.
"""

from __future__ import annotations

import secrets
from typing import Any

from cxcurve.store.queries import Queries
from cxcurve.store.resolution import Id

_OF = "(id_kind, id) IN (SELECT (id_kind, id) FROM identities WHERE customer_key = $1)"


def subject_of(store: Queries, customer_key: int) -> Id | None:
    """The id that a customer goes by: the account's, else its own; None where nothing names it."""
    rows = store.rows(
        "SELECT id_kind, id FROM identities WHERE customer_key = $1 "
        "ORDER BY id_kind <> 'account', own_key IS DISTINCT FROM customer_key, id_kind DESC, id LIMIT 1",
        customer_key,
    )
    return (rows[0][0], rows[0][1]) if rows else None


def add_note(store: Queries, of: Id, text: str, by: str, now_us: int) -> str:
    """Keep a note; returns its id."""
    note_id = secrets.token_hex(8)
    store.execute("INSERT INTO customer_notes VALUES ($1, $2, $3, $4, $5, $6)", note_id, *of, text, by, now_us)
    return note_id


def notes_of(store: Queries, customer_key: int) -> list[dict[str, Any]]:
    """The notes on a customer, the newest first: note_id, text, written_by, written_us."""
    columns = "note_id, text, written_by, written_us"
    return store.records(
        f"SELECT {columns} FROM customer_notes WHERE {_OF} ORDER BY written_us DESC, note_id", customer_key
    )


def remove_note(store: Queries, customer_key: int, note_id: str) -> None:
    """Delete a note of this customer; of another customer nothing is deleted."""
    store.execute(f"DELETE FROM customer_notes WHERE {_OF} AND note_id = $2", customer_key, note_id)


def add_wrong_alarm(
    store: Queries, of: Id, signal: str, reason: str, points: float | None, by: str, now_us: int
) -> None:
    """Keep that an alarm was wrong."""
    values = (secrets.token_hex(8), *of, signal, reason, points, by, now_us)
    store.execute("INSERT INTO wrong_alarms VALUES ($1, $2, $3, $4, $5, $6, $7, $8)", *values)


def wrong_alarms_of(store: Queries, customer_key: int) -> list[dict[str, Any]]:
    """What was called wrong of a customer, the newest first: signal, reason, points, said_by, said_us."""
    columns = "signal, reason, points, said_by, said_us"
    return store.records(
        f"SELECT {columns} FROM wrong_alarms WHERE {_OF} ORDER BY said_us DESC, alarm_id", customer_key
    )


def wrong_alarm_counts(store: Queries) -> list[dict[str, Any]]:
    """By signal: how often it was called wrong, of how many customers, when last; the most often first."""
    return store.records(
        """
        SELECT w.signal, count(*) AS n, count(DISTINCT coalesce(d.customer_key::VARCHAR, w.id_kind || w.id)) AS
            n_customers, max(w.said_us) AS last_us
        FROM wrong_alarms AS w LEFT JOIN identities AS d USING (id_kind, id)
        GROUP BY 1 ORDER BY 2 DESC, 1
        """
    )
