"""Groups, as a directory keeps them: one that is called like a role, as in cxcurve-analyst, gives it to its members."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from cxcurve.errors import BadValueError, UnknownNameError
from cxcurve.people.database import Database
from cxcurve.people.roles import Role
from cxcurve.people.schema import GROUPS, MEMBERS, USERS

PREFIX = "cxcurve-"
WITHOUT = Role.EXECUTIVE
"""The role of who is in no such group any more; it changes nothing."""


@dataclass(frozen=True, slots=True)
class Group:
    """A group and its members' ids."""

    group_id: str
    name: str
    external_id: str | None
    members: tuple[str, ...]

    @property
    def role(self) -> Role | None:
        """The role it gives; None where it is called otherwise."""
        name = self.name.casefold().removeprefix(PREFIX)
        return Role(name) if name in set(Role) else None


class Groups:
    """The groups of a workspace."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, name: str, external_id: str | None = None) -> Group:
        """A new one.

        Raises:
            BadValueError: it has no name, or another one has it.
        """
        group_id = secrets.token_hex(16)
        with self._database.writing() as connection:
            _check_name(connection, name)
            connection.execute(insert(GROUPS).values(group_id=group_id, name=name, external_id=external_id))
        return Group(group_id, name, external_id, ())

    def all(self) -> list[Group]:
        """By name."""
        with self._database.reading() as connection:
            rows = connection.execute(select(GROUPS).order_by(GROUPS.c.name)).mappings().all()
            return [_group(connection, row) for row in rows]

    def find(self, group_id: str) -> Group:
        """One by id.

        Raises:
            UnknownNameError: there is none.
        """
        with self._database.reading() as connection:
            row = connection.execute(select(GROUPS).where(GROUPS.c.group_id == group_id)).mappings().first()
            if row is None:
                raise UnknownNameError("group", group_id)
            return _group(connection, row)

    def of(self, user_id: str) -> list[Group]:
        """Those that somebody is in."""
        return [group for group in self.all() if user_id in group.members]

    def rename(self, group_id: str, name: str) -> None:
        """Call it otherwise.

        Raises:
            BadValueError: it has no name, or another one has it.
        """
        with self._database.writing() as connection:
            _check_name(connection, name, group_id)
            connection.execute(update(GROUPS).where(GROUPS.c.group_id == group_id).values(name=name))

    def set_members(self, group_id: str, user_ids: Collection[str]) -> None:
        """Exactly these are in it; ids of nobody are left out."""
        with self._database.writing() as connection:
            known = set(connection.scalars(select(USERS.c.user_id).where(USERS.c.user_id.in_(list(user_ids)))))
            connection.execute(delete(MEMBERS).where(MEMBERS.c.group_id == group_id))
            if known:
                rows = [{"group_id": group_id, "user_id": user_id} for user_id in sorted(known)]
                connection.execute(insert(MEMBERS), rows)

    def remove(self, group_id: str) -> None:
        """Delete it; its members stay."""
        with self._database.writing() as connection:
            connection.execute(delete(GROUPS).where(GROUPS.c.group_id == group_id))

    def role_of(self, user_id: str) -> Role:
        """The role that somebody's groups give: of several that which may do most."""
        given = {group.role for group in self.of(user_id)}
        return next((role for role in Role if role in given), WITHOUT)


def _group(connection: Connection, row: Any) -> Group:
    where = MEMBERS.c.group_id == row["group_id"]
    members = connection.scalars(select(MEMBERS.c.user_id).where(where).order_by(MEMBERS.c.user_id))
    return Group(row["group_id"], row["name"], row["external_id"], tuple(members))


def _check_name(connection: Connection, name: str, but: str = "") -> None:
    if not name.strip():
        raise BadValueError("the group has no displayName; expected such as cxcurve-analyst")
    taken = select(GROUPS.c.group_id).where((GROUPS.c.name == name) & (GROUPS.c.group_id != but))
    if connection.scalar(taken) is not None:
        raise BadValueError(f'there is a group "{name[:80]}" already')
