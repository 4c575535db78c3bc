"""Events of persons and visitors, and what was worked out from them, for tests of who is who and of consent."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from cxcurve import tables
from cxcurve.workspace.workspace import Workspace


def by_person(events: pa.Table, visitors: bool) -> pa.Table:
    """The events of persons alone; every second one of a visitor not signed in, where `visitors`."""
    is_visit = [visitors and n % 2 == 0 for n in range(events.num_rows)]
    ids = events["account_id"]
    person = pc.if_else(pa.array(is_visit), pa.nulls(len(ids), pa.string()), ids)
    visitor = pc.if_else(
        pa.array(is_visit), pc.binary_join_element_wise("v", ids, "-"), pa.nulls(len(ids), pa.string())
    )
    for name, column in (
        ("account_id", pa.nulls(len(ids), pa.string())),
        ("person_id", person),
        ("anonymous_id", visitor),
    ):
        events = events.set_column(events.schema.get_field_index(name), name, column)
    return events


def derived(workspace: Workspace) -> dict[str, list[tuple[Any, ...]]]:
    """Every derived row of every table, by the customer's name; integers to the bit, floats to 1e-9."""
    found = {}
    for name, table in tables.DERIVED.items():
        has_customer = "customer_key" in table.column_names
        exact = [f"round({c.name}, 9)" if c.type == "float64" else c.name for c in table.columns]
        columns = ", ".join(column for column in exact if column not in {"customer_key", "signal_key"})
        join = "JOIN customer_keys USING (customer_key)" if has_customer else ""
        who = "customer_id, " if has_customer else ""
        if "signal_key" in table.column_names:
            join, who = f"{join} LEFT JOIN signal_keys AS s USING (signal_key)", f"{who}s.name, "
        found[name] = workspace.store.rows(f"SELECT {who}{columns} FROM {name} {join} ORDER BY ALL")
    return found
