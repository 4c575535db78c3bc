"""Temporary tables: rows of Python that a query is to know."""

from __future__ import annotations

from collections.abc import Collection

import pyarrow as pa
from ibis.backends.duckdb import Backend

from cxcurve.store.resolution import Id

IDS = pa.schema([("id_kind", pa.string()), ("id", pa.string())])


def temporary(backend: Backend, name: str, rows: pa.Table) -> None:
    """Some rows as a table of this connection only."""
    backend.con.register("rows_view", rows)
    backend.raw_sql(f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT * FROM rows_view")
    backend.con.unregister("rows_view")


def temporary_ids(backend: Backend, name: str, ids: Collection[Id]) -> None:
    """Some ids as a table of `id_kind` and `id`."""
    columns = [pa.array([id_[i] for id_ in ids], pa.string()) for i in (0, 1)]
    temporary(backend, name, pa.Table.from_arrays(columns, schema=IDS))
