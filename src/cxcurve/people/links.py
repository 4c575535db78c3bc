"""One-time links: to set up the workspace, to choose a password, to go on between two steps of a sign-in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import delete, insert, select, update

from cxcurve.people.database import Database
from cxcurve.people.schema import LINKS
from cxcurve.people.secret import hashed, new_secret

Kind = Literal["set_up", "password", "second", "oidc"]
MINUTE_US = 60_000_000
LIVES_US: Mapping[Kind, int] = {
    "set_up": 24 * 60 * MINUTE_US,
    "password": 72 * 60 * MINUTE_US,
    "second": 5 * MINUTE_US,
    "oidc": 10 * MINUTE_US,
}


@dataclass(frozen=True, slots=True)
class Link:
    """Of whom it is, and what it carries."""

    user_id: str | None
    payload: Mapping[str, Any]


class Links:
    """The links that may still be used."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def make(
        self, kind: Kind, now_us: int, *, user_id: str | None = None, payload: Mapping[str, Any] | None = None
    ) -> str:
        """A new one, told this once; of those to set up and of a user's to choose a password the newest holds alone."""
        secret = new_secret()
        with self._database.writing() as connection:
            connection.execute(delete(LINKS).where(LINKS.c.until_us <= now_us))
            if kind in {"set_up", "password"}:
                connection.execute(
                    delete(LINKS).where((LINKS.c.kind == kind) & (LINKS.c.user_id.is_not_distinct_from(user_id)))
                )
            connection.execute(
                insert(LINKS).values(
                    hash=hashed(secret),
                    kind=kind,
                    user_id=user_id,
                    payload=dict(payload or {}),
                    until_us=now_us + LIVES_US[kind],
                )
            )
        return secret

    def find(self, kind: Kind, secret: str, now_us: int) -> Link | None:
        """What it is of; None where there is none such, it was used, or it is too old."""
        with self._database.reading() as connection:
            row = connection.execute(select(LINKS).where(_is_it(kind, secret, now_us))).mappings().first()
        return None if row is None else Link(row["user_id"], row["payload"])

    def use(self, kind: Kind, secret: str, now_us: int) -> Link | None:
        """The same, and it cannot be used again."""
        with self._database.writing() as connection:
            row = connection.execute(select(LINKS).where(_is_it(kind, secret, now_us))).mappings().first()
            connection.execute(delete(LINKS).where(LINKS.c.hash == hashed(secret)))
        return None if row is None else Link(row["user_id"], row["payload"])

    def count(self, kind: Kind, secret: str, now_us: int) -> int:
        """How often it was tried, this time included."""
        with self._database.writing() as connection:
            row = connection.execute(select(LINKS).where(_is_it(kind, secret, now_us))).mappings().first()
            n = 1 + (row["payload"].get("n", 0) if row else 0)
            if row:
                kept = {**row["payload"], "n": n}
                connection.execute(update(LINKS).where(LINKS.c.hash == hashed(secret)).values(payload=kept))
        return int(n)


def _is_it(kind: Kind, secret: str, now_us: int) -> Any:
    return (LINKS.c.hash == hashed(secret)) & (LINKS.c.kind == kind) & (LINKS.c.until_us > now_us)
