"""Whom an action is for: some of those inside the journey at its start, or a list of ids; frozen once written."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from cxcurve.errors import BadValueError, Problem, ProblemsError, UnknownNameError, clip
from cxcurve.metrics.reached import inside_at
from cxcurve.metrics.snapshot import Snapshot
from cxcurve.stats.draws import held_out
from cxcurve.store import Store
from cxcurve.store.actions import arms, keys_named, own_ids
from cxcurve.workspace.populations import COLUMNS, value_of

MOST_LISTED, MOST_BYTES = 50_000, 2_000_000
MOST_UNKNOWN = 50
"""Unknown ids that are listed back; the others are counted."""
_HEADS = ("customer_id", "customer", "customer id", "account_id", "account", "id")


def listed_keys(store: Store, known: Snapshot, text: str, *, skip_unknown: bool = False) -> list[int]:
    """The customers of a pasted list, a line each, the id in its first column or in the one called so.

    Raises:
        ProblemsError: ids that are no customer's, all of them; or the list cannot be read.
    """
    names = read_ids(text)
    found = keys_named(store, names)
    here = set(store.arrow(known.customers.select("customer_key"))["customer_key"].to_pylist())
    unknown = {name: None for name in names if found.get(name) not in here}  # in their order
    if unknown and not skip_unknown:
        problems = [Problem("customers", 0, f'"{clip(name)}" is no customer') for name in list(unknown)[:MOST_UNKNOWN]]
        more = len(unknown) - len(problems)
        raise ProblemsError(problems + ([Problem("customers", 0, f"and {more:,} more are none")] if more else []))
    return sorted({found[name] for name in names if name not in unknown})


def read_ids(text: str) -> list[str]:
    """The ids of a list, each once, in its order.

    Raises:
        ProblemsError: it is empty, too long, or no table.
    """
    if len(text.encode("utf-8", "replace")) > MOST_BYTES:
        raise _problem(f"is longer than {MOST_BYTES:,} bytes; choose by segment instead, or write two actions")
    text = text.removeprefix("\ufeff")
    delimiter = max(",;\t", key=(text.splitlines() or [""])[0].count)
    try:
        rows = [row for row in csv.reader(io.StringIO(text), delimiter=delimiter, strict=True) if any(row)]
    except csv.Error as error:
        raise _problem(f"cannot be read as a table: {error}") from None
    if len(rows) > MOST_LISTED:
        raise _problem(f"has {len(rows):,} lines; at most {MOST_LISTED:,} are read")
    heads = [cell.strip().casefold() for cell in rows[0]] if rows else []
    place = next((heads.index(name) for name in _HEADS if name in heads), None)
    cells = [row[place or 0].strip() for row in rows[place is not None :] if len(row) > (place or 0)]
    names = list(dict.fromkeys(cell for cell in cells if cell))
    if not names:
        raise _problem("names no customer; expected an id a line")
    return names


def chosen_keys(
    store: Store, known: Snapshot, segment: Mapping[str, str], stage: str, owner: str, start_us: int
) -> list[int]:
    """Those inside the journey when an action begins, or now where it begins later, with these values then.

    Who has left since an earlier start is one of them: those who are still here today are a better lot.

    Raises:
        UnknownNameError: there is no such key, or nobody had such a value.
    """
    at_us = min(start_us, known.as_of_us)
    inside = store.arrow(inside_at(known, at_us).select("customer_key", "stage"))
    place = known.stage_names.index(stage) if stage else None
    rows = zip(inside["customer_key"].to_pylist(), inside["stage"].to_pylist(), strict=True)
    keys = {key for key, at in rows if place is None or at == place}
    wanted = {**segment, **({"owner": owner} if owner else {})}
    if not wanted:
        return sorted(keys)
    had = _attributes(store, at_us)
    for name, value in wanted.items():
        keys &= _having(had, known, name, value)
    return sorted(keys)


def drawn(store: Store, action_id: str, keys: Sequence[int], share: float) -> pa.Table:
    """The customers by their own ids, with who is left alone: id_kind, id, is_held_out."""
    ids = own_ids(store, keys)
    return pa.table({
        "id_kind": pa.array([kind for kind, _ in ids], pa.string()),
        "id": pa.array([id_ for _, id_ in ids], pa.string()),
        "is_held_out": pa.array(held_out(action_id, [id_ for _, id_ in ids], share), pa.bool_()),
    })  # fmt: skip


def action_rows(known: Snapshot, store: Store, action_id: str) -> list[dict[str, Any]]:
    """Whom to reach and whom to leave alone, as they are known at a snapshot.

    Returns:
        customer_id, name, owner, stage and is_held_out, which is None of who was two customers then and is one now.
    """
    chosen = store.temporary("action_chosen", arms(store, action_id))
    stages = known.customer_now.select("customer_key", "stage")
    rows = chosen.join(known.customers.select("customer_key", "name", "owner"), "customer_key")
    found = store.arrow(rows.left_join(stages, "customer_key").drop("customer_key_right")).to_pylist()
    for row in found:
        row["stage"] = None if row["stage"] is None else known.stage_name(row["stage"])
    return sorted(found, key=lambda row: str(row["customer_id"]))


def _attributes(store: Store, at_us: int) -> list[dict[str, Any]]:
    """What was known of customers at a moment."""
    names = ", ".join((*COLUMNS, "attributes"))
    return store.records(
        f"SELECT customer_key, {names} FROM customers JOIN customer_keys USING (customer_id) WHERE valid_from_us < $1 "
        "QUALIFY row_number() OVER (PARTITION BY customer_id ORDER BY valid_from_us DESC) = 1",
        at_us,
    )


def _having(rows: Sequence[Mapping[str, Any]], known: Snapshot, name: str, value: str) -> set[int]:
    keys = (*known.plan.journey.segments, *COLUMNS)
    if name not in keys:
        raise UnknownNameError("segment", name, keys)
    found = {row["customer_key"] for row in rows if value_of(row, name) == value}
    if not found:
        raise UnknownNameError(name, value, sorted({one for row in rows if (one := value_of(row, name)) is not None}))
    return found


def _problem(message: str) -> ProblemsError:
    return ProblemsError([Problem("customers", 0, message)])


def check_share(share: float) -> float:
    """A share that may be held out.

    Raises:
        BadValueError: nobody would be reached, or it is no share.
    """
    if not 0 <= share <= 0.9:
        raise BadValueError(f"{share:.0%} are to be left alone; expected 0 to 90 %")
    return share
