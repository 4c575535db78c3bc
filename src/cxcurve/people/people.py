"""All that is kept of people, opened together."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from cxcurve.people.audit import Audit
from cxcurve.people.database import Database
from cxcurve.people.groups import Groups
from cxcurve.people.links import Links
from cxcurve.people.passwords import Hashing, Passwords
from cxcurve.people.sessions import Sessions
from cxcurve.people.signed import Signed
from cxcurve.people.users import Users
from cxcurve.people.views import Views


class People:
    """Users, sessions, links, passwords, saved views and the audit log of one file. Close it when done; `with` does."""

    def __init__(self, path: Path, hashing: Hashing | None = None) -> None:
        self._database = Database(path)
        self.users = Users(self._database)
        self.sessions = Sessions(self._database, self.users)
        self.groups = Groups(self._database)
        self.links = Links(self._database)
        self.audit = Audit(self._database)
        self.signed = Signed(self._database)
        self.views = Views(self._database)
        self.passwords = Passwords(hashing or Hashing())

    def close(self) -> None:
        """Give the file back."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
