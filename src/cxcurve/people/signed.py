"""Signed addresses: who holds one may see the one thing it names until its time is over. Nothing of it is kept.

The time and the subject are sealed together by a key of this workspace. A new key ends all of them at once.
"""

from __future__ import annotations

import hashlib
import hmac
import re

from sqlalchemy import delete, insert, select

from cxcurve.people.database import Database
from cxcurve.people.schema import FACTS
from cxcurve.people.secret import new_secret

_TOKEN = re.compile(r"([1-9]\d{0,11})\.([0-9a-f]{64})", re.ASCII)
_KEY = "embed_key"
_SECOND_US = 1_000_000


class Signed:
    """Makes and reads the tokens."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def token(self, subject: str, until_us: int) -> str:
        """A token for a subject, good until a moment (whole seconds of it)."""
        until_s = until_us // _SECOND_US
        return f"{until_s}.{_seal(self._key(), subject, until_s)}"

    def holds(self, token: str, subject: str, now_us: int) -> bool:
        """Whether a token is for this subject and its time is not over."""
        found = _TOKEN.fullmatch(token)
        if found is None:
            return False
        until_s = int(found[1])
        is_sealed = hmac.compare_digest(_seal(self._key(), subject, until_s), found[2])
        return is_sealed and now_us < until_s * _SECOND_US

    def renew(self) -> None:
        """Refuse all that were made until now."""
        with self._database.writing() as connection:
            connection.execute(delete(FACTS).where(FACTS.c.name == _KEY))

    def _key(self) -> bytes:
        with self._database.reading() as connection:
            key = connection.scalar(select(FACTS.c.value).where(FACTS.c.name == _KEY))
        return (key or self._made()).encode()

    def _made(self) -> str:
        with self._database.writing() as connection:  # another process may have made it meanwhile
            key = connection.scalar(select(FACTS.c.value).where(FACTS.c.name == _KEY))
            if key is None:
                key = new_secret()
                connection.execute(insert(FACTS).values(name=_KEY, value=key))
        return str(key)


def _seal(key: bytes, subject: str, until_s: int) -> str:
    said = f"embed\n{until_s}\n{subject}".encode("utf-8", "surrogateescape")
    return hmac.new(key, said, hashlib.sha256).hexdigest()
