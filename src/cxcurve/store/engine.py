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
        if not path.exists():
            _make(path)
        backend = ibis.duckdb.connect(
            path, memory_limit=MEMORY_LIMIT, temp_directory=str(path.parent / "spill"), preserve_insertion_order=False
        )
    except duckdb.ParserException as error:
        raise StoreError(
            f'CXCURVE_MEMORY is "{MEMORY_LIMIT}", which is no amount of memory; expected such as "4GB"'
        ) from error
    except (duckdb.Error, OSError) as error:
        holder = _HOLDER.search(str(error))
        if holder is None:
            raise StoreError(f"{path}: cannot be opened. {_said(error)}") from error
        raise WorkspaceBusyError(
            f"{path.parent.parent}: process {holder[2]} ({Path(holder[1]).name}) has this workspace open. "
            "One process at a time can: stop it (a running `cxcurve serve` answers over HTTP), then try again."
        ) from error
    backend.raw_sql("SET TimeZone = 'UTC'")
    return backend


def beside(backend: Backend) -> Backend:
    """Another connection to the same file: what it reads is what was committed when its transaction began."""
    other = ibis.duckdb.from_connection(backend.con.cursor())
    other.raw_sql("SET TimeZone = 'UTC'")
    return other


def checkpoint(backend: Backend) -> None:
    """Write what is committed into the file proper; where others read what was before, the engine does it later."""
    try:
        backend.raw_sql("CHECKPOINT")
    except duckdb.Error as error:
        if "other write transactions" not in str(error):
            raise


def _make(path: Path) -> None:
    """An empty store: whole or not at all, for half a file is a damaged one to all who come after."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        duckdb.connect(fresh).close()
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


@contextmanager
def said_clearly() -> Iterator[None]:
    """Engine errors, as errors of ours: what happened and what to do.

    Raises:
        StoreError: what the engine met and a user can mend. Its complaints about our own SQL stay as they are.
        KeyboardInterrupt: Ctrl-C within a query, which the engine tells in two ways.
    """
    try:
        yield
    except (duckdb.ProgrammingError, StoreError):
        raise
    except duckdb.InterruptException as error:
        raise KeyboardInterrupt from error
    except RuntimeError as error:
        if str(error) == "Query interrupted":
            raise KeyboardInterrupt from error
        raise
    except (duckdb.Error, OSError) as error:
        raise StoreError(_said(error)) from error


_ANEW = (
    "Put back a copy of the workspace, or move its folder .cxcurve away and run `cxcurve load` and `cxcurve score` anew"
)
_SAID: tuple[tuple[type[Exception], str, str], ...] = (
    (
        Exception,
        "No space left|not enough disk|could not write|max_temp_directory_size",
        "The disk is full: nothing of this step was kept, nothing was lost. Free some space and run it again.",
    ),
    (
        duckdb.OutOfMemoryException,
        "",
        "The memory does not suffice: nothing of this step was kept. At most {limit} may be used; set the environment "
        "variable CXCURVE_MEMORY to more, such as CXCURVE_MEMORY=4GB, and run it again. ({text})",
    ),
    (
        duckdb.DataError,
        "",
        "A value is not what a rule takes it for, and nothing of this step was kept: {text}. Mend it where it comes "
        "from, or the rule in journey.yaml that reads it.",
    ),
    (
        duckdb.IntegrityError,
        "",
        "What was to be written contradicts what is there, and nothing of this step was kept: {text}. That is a fault "
        "of cxcurve: please report it with this message.",
    ),
    (
        Exception,
        "Permission denied|Read-only file system|read-only mode",
        "The file or its folder may not be written: {text}. Take the workspace to where you may write, or have the "
        "right given to you, and run it again.",
    ),
    (
        Exception,
        "corrupt|checksum|not a valid DuckDB|Could not read enough bytes|Serialization Error|INTERNAL Error|FATAL",
        "The file is damaged or was never a store: {text}. {anew}.",
    ),
    (Exception, "", "The store could not do this, and nothing of this step was kept: {text}"),
)
"""What is said of an engine's error: its kind, a pattern in its text, the words. The first that fits."""


def _said(error: Exception) -> str:
    text = str(error)
    words = next(w for kind, p, w in _SAID if isinstance(error, kind) and re.search(p, text, re.IGNORECASE))
    # What the engine adds below its first line is advice about its own settings, and the SQL.
    return words.format(text=text.partition("\n")[0].rstrip("!. "), limit=MEMORY_LIMIT, anew=_ANEW)
