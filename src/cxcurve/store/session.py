"""One transaction: all of a step, or nothing of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ibis.backends.duckdb import Backend

from cxcurve.store.engine import said_clearly

_RUNNING: set[int] = set()
"""Connections within a transaction. By identity: two connections to one file call themselves equal."""


def is_running(backend: Backend) -> bool:
    """Whether a transaction of this connection is under way."""
    return id(backend) in _RUNNING


@contextmanager
def transaction(backend: Backend, *, keep: bool = True) -> Iterator[None]:
    """Commit when the block ends, roll back when it fails, or always where nothing is to be kept.

    Inside a running transaction the block is part of it.
    """
    if is_running(backend):
        yield
        return
    with said_clearly():
        backend.con.begin()
    _RUNNING.add(id(backend))
    try:
        yield
    except BaseException:
        with said_clearly():
            backend.con.rollback()
        raise
    else:
        with said_clearly():
            if keep:
                backend.con.commit()
            else:
                backend.con.rollback()
    finally:
        _RUNNING.discard(id(backend))
