"""Actions and whom they are for, kept by the customers' own ids: these outlive names and joins."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import pyarrow as pa

from cxcurve import tables
from cxcurve.store.queries import Queries

_OWN_ID = (
    "QUALIFY row_number() OVER (PARTITION BY customer_key ORDER BY id_kind <> 'account', "
    "own_key IS DISTINCT FROM customer_key, id_kind DESC, id) = 1"
)
"""As `remarks.subject_of` picks it."""
_WHOM = "action_whom"


def add_action(store: Queries, action: Mapping[str, Any], whom: pa.Table) -> None:
    """Keep an action with its customers; both or neither is the caller's transaction.

    Args:
        store: where it is kept.
        action: every column of `tables.ACTIONS`.
        whom: id_kind, id and is_held_out of each customer.
    """
    names = tables.ACTIONS.column_names
    marks = ", ".join(f"${place}" for place in range(1, len(names) + 1))
    store.execute(f"INSERT INTO actions VALUES ({marks})", *(action[name] for name in names))
    store.temporary(_WHOM, whom)
    store.execute(f"INSERT INTO action_customers SELECT $1, id_kind, id, is_held_out FROM {_WHOM}", action["action_id"])
    store.drop_temporary(_WHOM)


def close_action(store: Queries, action_id: str, how: str, reason: str, by: str, now_us: int) -> None:
    """Say that an action is over; what was said of it stays."""
    store.execute(
        "UPDATE actions SET closed_as = $2, closed_reason = $3, closed_us = $4, closed_by = $5 WHERE action_id = $1",
        action_id, how, reason, now_us, by,
    )  # fmt: skip


def actions_kept(store: Queries) -> list[dict[str, Any]]:
    """Every action, the one that began last first: the columns of `tables.ACTIONS`."""
    names = ", ".join(tables.ACTIONS.column_names)
    return store.records(f"SELECT {names} FROM actions ORDER BY started_us DESC, written_us DESC, action_id")


def arms(store: Queries, action_id: str) -> pa.Table:
    """The customers of an action as they are known now: customer_key, customer_id, is_held_out, by customer_id.

    Who was two customers then, and is one now, with one held out and the other not, is in no arm: is_held_out is null.
    """
    rows = store.records(
        """
        SELECT k.customer_key, any_value(k.customer_id) AS customer_id,
            CASE WHEN bool_or(c.is_held_out) = bool_and(c.is_held_out) THEN bool_or(c.is_held_out) END AS is_held_out
        FROM action_customers AS c JOIN identities AS d USING (id_kind, id) JOIN customer_keys AS k USING (customer_key)
        WHERE c.action_id = $1 GROUP BY 1 ORDER BY 2
        """,
        action_id,
    )
    schema = pa.schema([("customer_key", pa.int32()), ("customer_id", pa.string()), ("is_held_out", pa.bool_())])
    return pa.Table.from_pylist(rows, schema=schema)


def sizes_within(store: Queries, keys: Collection[int]) -> dict[str, tuple[int, int]]:
    """By action how many of some customers were to be reached, and to be left alone."""
    sql = """
        SELECT action_id, count(DISTINCT customer_key) FILTER (NOT is_held_out),
            count(DISTINCT customer_key) FILTER (is_held_out)
        FROM action_customers JOIN identities USING (id_kind, id)
        WHERE customer_key IN (SELECT unnest($1::INTEGER[])) GROUP BY 1
    """
    return {action_id: (n_treated, n_held_out) for action_id, n_treated, n_held_out in store.rows(sql, list(keys))}


def own_ids(store: Queries, keys: Sequence[int]) -> list[tuple[str, str]]:
    """The id each of some customers goes by, in order of the ids; who has none is left out."""
    chosen = "customer_key IN (SELECT unnest($1::INTEGER[]))"
    sql = f"SELECT id_kind, id FROM identities WHERE {chosen} {_OWN_ID} ORDER BY ALL"
    return [(kind, id_) for kind, id_ in store.rows(sql, list(keys))]


def keys_named(store: Queries, names: Sequence[str]) -> dict[str, int]:
    """customer_key of each of some customer ids that there are."""
    sql = "SELECT customer_id, customer_key FROM customer_keys WHERE customer_id IN (SELECT unnest($1::VARCHAR[]))"
    return dict(store.rows(sql, list(names)))
