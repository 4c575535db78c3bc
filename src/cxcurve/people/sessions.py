"""Sessions: a browser that somebody signed in with. It ends when nothing came for hours, and after two weeks anyway."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, insert, select, update

from cxcurve.people.database import Database
from cxcurve.people.schema import SESSIONS, USERS
from cxcurve.people.secret import hashed, new_secret
from cxcurve.people.users import User, Users

MINUTE_US = 60_000_000
LONGEST_REST_US = 12 * 60 * MINUTE_US
LONGEST_US = 14 * 24 * 60 * MINUTE_US


@dataclass(frozen=True, slots=True)
class Session:
    """Where and when somebody signed in; `hash` names it, its secret only the browser has."""

    hash: str
    user_id: str
    made_us: int
    seen_us: int
    address: str
    agent: str


class Sessions:
    """The sessions of a workspace."""

    def __init__(self, database: Database, users: Users) -> None:
        self._database, self._users = database, users

    def begin(self, user_id: str, now_us: int, address: str = "", agent: str = "") -> str:
        """A new session; its secret is told this once. Those that ended are forgotten."""
        secret = new_secret()
        row = Session(hashed(secret), user_id, now_us, now_us, address[:64], agent[:300])
        with self._database.writing() as connection:
            connection.execute(delete(SESSIONS).where(_is_over(now_us)))
            connection.execute(insert(SESSIONS).values({name: getattr(row, name) for name in Session.__slots__}))
        return secret

    def find(self, secret: str, now_us: int) -> tuple[Session, User] | None:
        """Whose session it is; None where there is none such, it ended, or its user may not sign in any more."""
        where = (SESSIONS.c.hash == hashed(secret)) & ~_is_over(now_us)
        with self._database.reading() as connection:
            joined = select(SESSIONS).join(USERS).where(where & USERS.c.is_active)
            row = connection.execute(joined).mappings().first()
        if row is None:
            return None
        found = Session(**row)
        if now_us - found.seen_us > MINUTE_US:
            with self._database.writing() as connection:
                connection.execute(update(SESSIONS).where(SESSIONS.c.hash == found.hash).values(seen_us=now_us))
        return found, self._users.find(found.user_id)

    def of(self, user_id: str, now_us: int) -> list[Session]:
        """A user's sessions, the latest first."""
        sql = select(SESSIONS).where((SESSIONS.c.user_id == user_id) & ~_is_over(now_us))
        with self._database.reading() as connection:
            return [Session(**row) for row in connection.execute(sql.order_by(SESSIONS.c.seen_us.desc())).mappings()]

    def end(self, hash_: str) -> None:
        """End one."""
        with self._database.writing() as connection:
            connection.execute(delete(SESSIONS).where(SESSIONS.c.hash == hash_))

    def end_all(self, user_id: str) -> int:
        """Sign somebody out everywhere; returns of how many sessions."""
        with self._database.writing() as connection:
            return connection.execute(delete(SESSIONS).where(SESSIONS.c.user_id == user_id)).rowcount


def _is_over(now_us: int) -> Any:
    return (SESSIONS.c.seen_us < now_us - LONGEST_REST_US) | (SESSIONS.c.made_us < now_us - LONGEST_US)
