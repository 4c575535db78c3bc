"""The file that people are kept in. Several processes may have it open: the server and the command line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, insert, select, update

from cxcurve.errors import WorkspaceError
from cxcurve.people.schema import FACTS, METADATA, VERSION


class Database:
    """Short reads and writes. Close it when done."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._engine: Engine = create_engine(f"sqlite:///{path}")
        event.listen(self._engine, "connect", _set_up)
        with self.writing() as connection:
            METADATA.create_all(connection)
            found = connection.scalar(select(FACTS.c.value).where(FACTS.c.name == "version"))
            if found is None:
                connection.execute(insert(FACTS).values(name="version", value=str(VERSION)))
            elif int(found) > VERSION:
                raise WorkspaceError(f"{path}: was made by a newer cxcurve; expected version {VERSION}, found {found}")
            elif int(found) < VERSION:
                connection.execute(update(FACTS).where(FACTS.c.name == "version").values(value=str(VERSION)))
        path.chmod(0o600)

    def close(self) -> None:
        """Give the file back."""
        self._engine.dispose()

    def rewrite(self) -> None:
        """Write the file anew, without what was removed: an engine keeps the pages it frees."""
        with self._engine.connect() as connection:
            connection.exec_driver_sql("VACUUM")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """To read, statement by statement."""
        with self._engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """To read and write as one; nobody else writes meanwhile, so that what was read still holds."""
        with self._engine.begin() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection


def _set_up(connection: Any, _: object) -> None:
    connection.isolation_level = None  # transactions are begun by us, at once and not at the first write
    for told in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "busy_timeout = 30000"):
        connection.execute(f"PRAGMA {told}")
