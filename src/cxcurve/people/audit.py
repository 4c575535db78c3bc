"""The audit log: who did what, each entry sealed with the one before, so that a change shows.

Whoever can write the file can also write the whole log anew; `head`, noted elsewhere, tells even that.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import astuple, dataclass
from typing import Any

from sqlalchemy import delete, insert, select

from cxcurve.people.database import Database
from cxcurve.people.schema import AUDIT, FACTS
from cxcurve.people.secret import new_secret

FIRST = "0" * 64
LONGEST = 500


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that was done; `mark` seals all of it and `before`, the mark of the entry before."""

    number: int
    at_us: int
    who: str
    what: str
    about: str
    address: str
    before: str
    mark: str = ""

    def sealed(self) -> str:
        """The mark it must have."""
        told = json.dumps(astuple(self)[:-1], ensure_ascii=True, separators=(",", ":"))
        return hashlib.sha256(told.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Verdict:
    """How many entries there are, the mark of the last, and what is wrong with them; None where nothing is."""

    n: int
    head: str
    wrong: str | None = None


class Audit:
    """The log of a workspace; only added to."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, at_us: int, who: str, what: str, about: str = "", address: str = "") -> Entry:
        """Write down what was done."""
        with self._database.writing() as connection:
            last = connection.execute(select(AUDIT).order_by(AUDIT.c.number.desc()).limit(1)).mappings().first()
            number, before = (1, FIRST) if last is None else (last["number"] + 1, last["mark"])
            bare = Entry(number, at_us, who[:LONGEST], what[:40], about[:LONGEST], address[:64], before)
            values = {name: getattr(bare, name) for name in Entry.__slots__} | {"mark": bare.sealed()}
            connection.execute(insert(AUDIT).values(values))
            connection.execute(delete(FACTS).where(FACTS.c.name == "audit_head"))
            connection.execute(insert(FACTS).values(name="audit_head", value=f"{number} {values['mark']}"))
        return Entry(**values)

    def stand_in(self, id_: str) -> str:
        """What stands for a customer or a person: the log outlives them, and must not name whoever was erased.

        Whoever has the file can tell whether an id is meant, and cannot read ids from it without trying them.
        """
        with self._database.writing() as connection:
            key = connection.scalar(select(FACTS.c.value).where(FACTS.c.name == "audit_key"))
            if key is None:
                key = new_secret()
                connection.execute(insert(FACTS).values(name="audit_key", value=key))
        return hmac.new(key.encode(), id_.encode("utf-8", "surrogateescape"), hashlib.sha256).hexdigest()[:16]

    def latest(self, most: int = 200) -> list[Entry]:
        """The newest first."""
        return self._entries(select(AUDIT).order_by(AUDIT.c.number.desc()).limit(most))

    def all(self) -> list[Entry]:
        """The oldest first."""
        return self._entries(select(AUDIT).order_by(AUDIT.c.number))

    def verify(self, head: str | None = None) -> Verdict:
        """Whether every entry is as it was written and none is missing.

        Args:
            head: a mark noted earlier; it must be that of an entry.
        """
        entries = self.all()
        n, last = len(entries), entries[-1].mark if entries else FIRST
        before = FIRST
        for number, entry in enumerate(entries, 1):
            if entry.number != number:
                return Verdict(n, last, f"entry {number} is missing; the next is {entry.number}")
            if entry.before != before or entry.mark != entry.sealed():
                return Verdict(n, last, f"entry {number} is not as it was written")
            before = entry.mark
        return Verdict(n, last, self._wrong_end(entries, head))

    def _wrong_end(self, entries: list[Entry], head: str | None) -> str | None:
        with self._database.reading() as connection:
            kept = connection.scalar(select(FACTS.c.value).where(FACTS.c.name == "audit_head"))
        shown = f"{entries[-1].number} {entries[-1].mark}" if entries else None
        if kept != shown:
            return f"the log ends at entry {len(entries)}, and {str(kept).partition(' ')[0]} were written"
        if head is not None and head not in {FIRST, *(entry.mark for entry in entries)}:
            return f"no entry has the mark {head[:80]}: the log was written anew, or is another one's"
        return None

    def _entries(self, sql: Any) -> list[Entry]:
        with self._database.reading() as connection:
            return [Entry(**row) for row in connection.execute(sql).mappings()]
