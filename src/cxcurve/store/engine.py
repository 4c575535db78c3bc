"""The embedded engine: one DuckDB file, opened by one process. The only module that names DuckDB."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import ibis
from ibis.backends.duckdb import Backend

from cxcurve.errors import StoreError, WorkspaceBusyError

MEMORY_LIMIT = os.environ.get("CXCURVE_MEMORY", "1GB")
_HOLDER = re.compile(r"held in (.+?) \(PID (\d+)\)")


def connect(path: Path) -> Backend:
    """Open the store's file, made when missing.

    Raises:
        WorkspaceBusyError: another process has it open; the message names that process.
        StoreError: the file is damaged or cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        backend = ibis.duckdb.connect(
            path, memory_limit=MEMORY_LIMIT, temp_directory=str(path.parent / "spill"), preserve_insertion_order=False
        )
    except duckdb.IOException as error:
        holder = _HOLDER.search(str(error))
        if holder is None:
            raise StoreError(f"{path}: cannot be opened: {error}") from error
        raise WorkspaceBusyError(
            f"{path.parent.parent}: process {holder[2]} ({Path(holder[1]).name}) has this workspace open. "
            "One process at a time can: stop it (a running `cxcurve serve` answers over HTTP), then try again."
        ) from error
    except duckdb.Error as error:
        raise StoreError(f"{path}: is no readable store: {error}") from error
    backend.raw_sql("SET TimeZone = 'UTC'")
    return backend


@contextmanager
def said_clearly() -> Iterator[None]:
    """Engine errors, as errors of ours: what happened and what to do."""
    try:
        yield
    except (duckdb.IOException, duckdb.OutOfMemoryException, duckdb.TransactionException, OSError) as error:
        text = str(error)
        if "No space left" in text or "not enough disk" in text.lower() or "could not write" in text.lower():
            raise StoreError(
                "The disk is full: nothing of this step was kept, nothing was lost. Free some space and run it again."
            ) from error
        raise StoreError(f"The store could not do this: {text}") from error
