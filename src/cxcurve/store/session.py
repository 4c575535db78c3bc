"""One transaction: all of a step, or nothing of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ibis.backends.duckdb import Backend


@contextmanager
def transaction(backend: Backend) -> Iterator[None]:
    """Commit when the block ends, roll back when it fails."""
    backend.con.begin()
    try:
        yield
    except BaseException:
        backend.con.rollback()
        raise
    backend.con.commit()
