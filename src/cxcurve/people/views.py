"""Saved views: a name for an address of a page. What stands there is asked for anew by whoever opens it."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, true, update

from cxcurve.errors import BadValueError, UnknownNameError
from cxcurve.people.database import Database
from cxcurve.people.schema import VIEWS

LONGEST_NAME, LONGEST_QUERY = 80, 2000
MOST = 200
"""Of one owner."""


@dataclass(frozen=True, slots=True)
class SavedView:
    """A page and what is asked of it; `owner` is a user's id, or "" as long as nobody signs in."""

    view_id: str
    owner: str
    name: str
    path: str
    query: str
    is_shared: bool
    made_us: int

    @property
    def href(self) -> str:
        """Where it is."""
        return f"{self.path}?{self.query}" if self.query else self.path


class Views:
    """The saved views of a workspace."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(
        self, owner: str, name: str, path: str, query: str, made_us: int, *, is_shared: bool = False
    ) -> SavedView:  # fmt: skip
        """Keep a view; one of the same owner and name leads here from now on.

        Raises:
            BadValueError: no name, a name or query that is too long, a shared name that is taken, or too many views.
        """
        name = view_name_of(name)
        if len(query) > LONGEST_QUERY:
            raise BadValueError(f"the view asks for {len(query):,} characters; at most {LONGEST_QUERY:,} are kept")
        with self._database.writing() as connection:
            mine = [one for one in _all(connection, VIEWS.c.owner == owner) if _same(one.name, name)]
            view_id = mine[0].view_id if mine else secrets.token_hex(16)
            if is_shared:
                _check_free(connection, name, view_id)
            values = {"name": name, "path": path, "query": query, "is_shared": is_shared}
            if mine:
                connection.execute(update(VIEWS).where(VIEWS.c.view_id == view_id).values(values))
            else:
                _check_room(connection, owner)
                connection.execute(insert(VIEWS).values(view_id=view_id, owner=owner, made_us=made_us, **values))
            return _one(connection, view_id)

    def of(self, owner: str) -> list[SavedView]:
        """Somebody's own, by name."""
        with self._database.reading() as connection:
            return _all(connection, VIEWS.c.owner == owner)

    def shared(self) -> list[SavedView]:
        """All that are shared, by name."""
        with self._database.reading() as connection:
            return _all(connection, VIEWS.c.is_shared)

    def all(self) -> list[SavedView]:
        """Everybody's, by name."""
        with self._database.reading() as connection:
            return _all(connection, true())

    def find(self, view_id: str) -> SavedView:
        """A view by id.

        Raises:
            UnknownNameError: there is none.
        """
        with self._database.reading() as connection:
            return _one(connection, view_id)

    def rename(self, view_id: str, name: str) -> SavedView:
        """Call it otherwise.

        Raises:
            BadValueError: no name, one that is too long, or one that is taken.
        """
        name = view_name_of(name)
        with self._database.writing() as connection:
            before = _one(connection, view_id)
            others = [one for one in _all(connection, VIEWS.c.owner == before.owner) if one.view_id != view_id]
            if any(_same(one.name, name) for one in others):
                raise BadValueError(f'a view of yours is called "{name}" already; nothing was changed')
            if before.is_shared:
                _check_free(connection, name, view_id)
            connection.execute(update(VIEWS).where(VIEWS.c.view_id == view_id).values(name=name))
            return _one(connection, view_id)

    def share(self, view_id: str, *, is_shared: bool) -> SavedView:
        """Show it to the team, or to its owner alone again.

        Raises:
            BadValueError: a shared view is called so already.
        """
        with self._database.writing() as connection:
            if is_shared:
                _check_free(connection, _one(connection, view_id).name, view_id)
            connection.execute(update(VIEWS).where(VIEWS.c.view_id == view_id).values(is_shared=is_shared))
            return _one(connection, view_id)

    def remove(self, view_id: str) -> None:
        """Take it away."""
        with self._database.writing() as connection:
            connection.execute(delete(VIEWS).where(VIEWS.c.view_id == view_id))

    def erase(self, view_ids: Collection[str]) -> None:
        """Take some away for good: nothing of them stays in the file."""
        with self._database.writing() as connection:
            connection.execute(delete(VIEWS).where(VIEWS.c.view_id.in_(view_ids)))
        self._database.rewrite()


def view_name_of(text: str) -> str:
    """A name in one line, without signs that nobody sees.

    Raises:
        BadValueError: nothing is left, or it is too long.
    """
    name = "".join(sign for sign in " ".join(text.split()) if sign.isprintable()).strip()
    if not name:
        raise BadValueError("the view has no name; write a few words, such as Stuck in EMEA")
    if len(name) > LONGEST_NAME:
        raise BadValueError(f"the name has {len(name)} characters; at most {LONGEST_NAME} are kept")
    return name


def _same(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()


def _check_free(connection: Connection, name: str, view_id: str) -> None:
    """A shared name leads to one view alone."""
    if any(_same(one.name, name) and one.view_id != view_id for one in _all(connection, VIEWS.c.is_shared)):
        raise BadValueError(f'a view called "{name}" is shared already; choose another name')


def _check_room(connection: Connection, owner: str) -> None:
    n = connection.scalar(select(func.count()).select_from(VIEWS).where(VIEWS.c.owner == owner)) or 0
    if n >= MOST:
        raise BadValueError(f"there are {n} views of yours; at most {MOST} are kept. Remove one first.")


def _all(connection: Connection, where: Any) -> list[SavedView]:
    found = [SavedView(**row) for row in connection.execute(select(VIEWS).where(where)).mappings()]
    return sorted(found, key=lambda one: (one.name.casefold(), one.view_id))


def _one(connection: Connection, view_id: str) -> SavedView:
    found = _all(connection, VIEWS.c.view_id == view_id)
    if not found:
        raise UnknownNameError("view", view_id)
    return found[0]
