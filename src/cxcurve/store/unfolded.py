"""Customers whose rows may not be what was said of them any more: who they are or what they are called changed."""

from __future__ import annotations

from ibis.backends.duckdb import Backend

_MAKE = "CREATE TEMP TABLE IF NOT EXISTS unfolded (id VARCHAR)"


def unfold(backend: Backend, names: str) -> None:
    """Remember these customers (SQL of names), whose rows are to be folded anew before the transaction ends."""
    backend.raw_sql(_MAKE)
    backend.raw_sql(f"INSERT INTO unfolded {names}")


def unfold_keys(backend: Backend, keys: str) -> None:
    """The same by keys (SQL of keys)."""
    unfold(backend, f"SELECT customer_id FROM customer_keys WHERE customer_key IN ({keys})")


def take(backend: Backend) -> bool:
    """Forget them but for the temporary table `folded_ids` (`id`); whether there were any."""
    backend.raw_sql(_MAKE)
    backend.raw_sql("CREATE OR REPLACE TEMP TABLE folded_ids AS SELECT DISTINCT id FROM unfolded")
    backend.raw_sql("DELETE FROM unfolded")
    return bool(backend.con.execute("SELECT 1 FROM folded_ids LIMIT 1").fetchall())
