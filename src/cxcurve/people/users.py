"""Users: who may sign in, as what, and about which customers they may know."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from cxcurve.errors import BadValueError
from cxcurve.people.database import Database
from cxcurve.people.roles import Role, unknown_user
from cxcurve.people.schema import SESSIONS, USERS, VIEWS
from cxcurve.people.scope import NOBODY, Scope

_EMAIL = re.compile(r"[^@\s,;<>\"]{1,64}@[^@\s,;<>\"]{1,189}")
LONGEST_NAME = 120


@dataclass(frozen=True, slots=True)
class User:
    """What is known of a user; `scope` None is all customers, but for partners: theirs must be said."""

    user_id: str
    email: str
    name: str
    role: Role
    scope: Scope | None
    password: str | None
    totp_secret: str | None
    totp_step: int
    recovery: tuple[str, ...]
    is_active: bool
    made_us: int
    subject: str | None
    external_id: str | None

    @property
    def sees(self) -> Scope | None:
        """Which customers; None is all."""
        return sees(self.role, self.scope)

    @property
    def has_totp(self) -> bool:
        """Whether a code is asked for beside the password."""
        return self.totp_secret is not None

    def to_json(self) -> dict[str, Any]:
        """Without secrets."""
        told = {name: getattr(self, name) for name in ("user_id", "email", "name", "role", "is_active", "made_us")}
        return {**told, "scope": self.sees.to_json() if self.sees else None, "has_totp": self.has_totp}


class Users:
    """The users of a workspace."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._is_any = False

    @property
    def is_any(self) -> bool:
        """Whether there is a user; once there is one there always is, for the last admin stays."""
        if not self._is_any:
            with self._database.reading() as connection:
                self._is_any = connection.scalar(select(USERS.c.user_id).limit(1)) is not None
        return self._is_any

    def add(
        self, email: str, role: Role, made_us: int, *, name: str = "", scope: Scope | None = None,
        password: str | None = None, subject: str | None = None, external_id: str | None = None, is_first: bool = False,
    ) -> User:  # fmt: skip
        """Add a user; `is_first`: only where there is none yet.

        Raises:
            BadValueError: it is no address, somebody has it, a partner without a scope, or there are users already.
        """
        email = email_of(email)
        values = {
            "user_id": secrets.token_hex(16), "email": email, "name": name_of(name) or email.partition("@")[0],
            "role": role.value, "scope": scope.to_json() if scope else None, "password": password, "subject": subject,
            "external_id": external_id, "made_us": made_us,
        }  # fmt: skip
        with self._database.writing() as connection:
            if is_first and connection.scalar(select(func.count()).select_from(USERS)):
                raise BadValueError("There are users already; nothing was changed. Ask an admin to add you.")
            if role is not Role.ADMIN and not connection.scalar(_n_admins()):
                raise BadValueError("The first user must be an admin; nothing was changed")
            if _row(connection, USERS.c.email == email) is not None:
                raise BadValueError(f"{email} is a user already; nothing was changed")
            if not connection.scalar(select(func.count()).select_from(USERS)):
                # What was saved before anybody signed in is the first one's.
                connection.execute(update(VIEWS).where(VIEWS.c.owner == "").values(owner=values["user_id"]))
            connection.execute(insert(USERS).values(values))
            return _read(connection, str(values["user_id"]))

    def find(self, user_id: str) -> User:
        """A user by id.

        Raises:
            UnknownNameError: there is none.
        """
        with self._database.reading() as connection:
            return _read(connection, user_id)

    def by_email(self, email: str) -> User | None:
        """Whoever has an address, in whatever case it is written."""
        with self._database.reading() as connection:
            return _user(_row(connection, USERS.c.email == email.strip().casefold()))

    def named(self, email: str) -> User:
        """The same.

        Raises:
            UnknownNameError: nobody has it.
        """
        found = self.by_email(email)
        if found is None:
            raise unknown_user(email)
        return found

    def by_subject(self, subject: str) -> User | None:
        """Whoever signs in as this by OIDC."""
        with self._database.reading() as connection:
            return _user(_row(connection, USERS.c.subject == subject))

    def all(self) -> list[User]:
        """Everybody, by address."""
        with self._database.reading() as connection:
            rows = connection.execute(select(USERS).order_by(USERS.c.email)).mappings()
            return [made for row in rows if (made := _user(dict(row))) is not None]

    def change(self, user_id: str, **values: Any) -> User:
        """Set columns of a user; whoever is no longer active, or has another password, is signed out everywhere.

        Raises:
            UnknownNameError: there is no such user.
            BadValueError: no active admin would be left.
        """
        kept = dict(values)
        if isinstance(kept.get("scope"), Scope):
            kept["scope"] = kept["scope"].to_json()
        with self._database.writing() as connection:
            _read(connection, user_id)
            connection.execute(update(USERS).where(USERS.c.user_id == user_id).values(kept))
            _check_admin(connection)
            if kept.get("is_active") is False or "password" in kept:
                connection.execute(delete(SESSIONS).where(SESSIONS.c.user_id == user_id))
            return _read(connection, user_id)

    def remove(self, user_id: str) -> None:
        """Delete a user with sessions, links and private views; what was shared stays, and the audit log.

        Raises:
            UnknownNameError: there is no such user.
            BadValueError: no active admin would be left.
        """
        with self._database.writing() as connection:
            _read(connection, user_id)
            connection.execute(delete(USERS).where(USERS.c.user_id == user_id))
            connection.execute(delete(VIEWS).where((VIEWS.c.owner == user_id) & ~VIEWS.c.is_shared))
            _check_admin(connection)

    def take_step(self, user_id: str, step: int) -> bool:
        """Mark a step of the second factor as used; False where it, or a later one, was used before."""
        with self._database.writing() as connection:
            where = (USERS.c.user_id == user_id) & (USERS.c.totp_step < step)
            return connection.execute(update(USERS).where(where).values(totp_step=step)).rowcount == 1

    def take_recovery(self, user_id: str, hashed: str) -> bool:
        """Use up a recovery code; False where there is none such."""
        with self._database.writing() as connection:
            kept = _read(connection, user_id).recovery
            left = [one for one in kept if one != hashed]
            connection.execute(update(USERS).where(USERS.c.user_id == user_id).values(recovery=left))
            return len(left) < len(kept)


def sees(role: Role, scope: Scope | None) -> Scope | None:
    """Which customers a role with a scope may know of; None is all. A partner without a scope sees nobody."""
    if role is Role.ADMIN:
        return None
    return NOBODY if scope is None and role is Role.PARTNER else scope


def email_of(text: str) -> str:
    """An address as it is kept.

    Raises:
        BadValueError: it is none.
    """
    email = text.strip().casefold()
    if not _EMAIL.fullmatch(email):
        raise BadValueError(f'"{text[:80]}" is no e-mail address; expected such as ada@example.com')
    return email


def name_of(text: str) -> str:
    """A name in one line.

    Raises:
        BadValueError: it is too long.
    """
    name = " ".join(text.split())
    if len(name) > LONGEST_NAME:
        raise BadValueError(f"the name has {len(name)} characters; at most {LONGEST_NAME} are kept")
    return name


def check_scope(role: Role, scope: Scope | None) -> None:
    """Refuse a partner whose customers are not said, and an admin whose are.

    Raises:
        BadValueError: so it is.
    """
    if role is Role.ADMIN and scope is not None:
        raise BadValueError("an admin sees all customers; leave out which, or choose another role")
    if role is Role.PARTNER and scope is None:
        raise BadValueError("a partner sees the customers of a scope only; say it, such as partner_id=p-3")


def _row(connection: Connection, where: Any) -> Mapping[str, Any] | None:
    found = connection.execute(select(USERS).where(where)).mappings().first()
    return None if found is None else dict(found)


def _read(connection: Connection, user_id: str) -> User:
    found = _user(_row(connection, USERS.c.user_id == user_id))
    if found is None:
        raise unknown_user(user_id)
    return found


def _user(row: Mapping[str, Any] | None) -> User | None:
    if row is None:
        return None
    read = {"role": Role(row["role"]), "scope": Scope.from_json(row["scope"]), "recovery": tuple(row["recovery"])}
    return User(**{**row, **read})


def _check_admin(connection: Connection) -> None:
    if not connection.scalar(_n_admins()):
        raise BadValueError("This is the only admin; nothing was changed. Make somebody else an admin first.")


def _n_admins() -> Any:
    return select(func.count()).select_from(USERS).where((USERS.c.role == Role.ADMIN.value) & USERS.c.is_active)
