"""Who asks: known from the door to the end of a request, wherever it is answered."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from cxcurve.people.roles import Role
from cxcurve.people.scope import Scope
from cxcurve.people.sessions import Session
from cxcurve.people.users import User
from cxcurve.web.matrix import rule_of


@dataclass(frozen=True, slots=True)
class Visitor:
    """What a request may know.

    Attributes:
        name: what the audit log calls them.
        role: None is nobody.
        scope: which customers; None is all.
        user, session: of whoever signed in; a token may be a user's.
        address: where it came from.
        allows: what a token allows; None where it is none.
    """

    name: str
    role: Role | None
    scope: Scope | None = None
    user: User | None = None
    session: Session | None = None
    address: str = ""
    allows: frozenset[str] | None = None

    @property
    def is_open(self) -> bool:
        """Whether nobody signs in here yet, so that anyone on this computer sees everything."""
        return self.role is not None and self.user is None and self.name == OPEN_NAME


OPEN_NAME = "nobody signed in"
NOBODY = Visitor("outside", None)
PROGRAM = Visitor("this program", Role.ADMIN)
"""What runs beside the pages: the pulse, the writer, a test that reads without HTTP."""

_VISITOR: ContextVar[Visitor] = ContextVar("visitor", default=PROGRAM)


def visitor() -> Visitor:
    """Whoever asked for what is being answered now."""
    return _VISITOR.get()


def may(method: str, path: str) -> bool:
    """Whether whoever asks may do that: what is not for him is not offered."""
    who, rule = visitor(), rule_of(method, path)
    return who.role is not None and rule is not None and rule.opens_to(who.role, has_scope=who.scope is not None)


@contextmanager
def visiting(who: Visitor) -> Iterator[None]:
    """For as long as a request is answered."""
    token = _VISITOR.set(who)
    try:
        yield
    finally:
        _VISITOR.reset(token)
