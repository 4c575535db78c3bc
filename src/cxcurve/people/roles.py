"""Roles: what somebody is to the workspace. What each may open is said in `web/matrix.py`."""

from __future__ import annotations

from enum import StrEnum

from cxcurve.errors import BadValueError, UnknownNameError, did_you_mean


class Role(StrEnum):
    """From the one who may do most to the one who may do least."""

    ADMIN = "admin"
    ANALYST = "analyst"
    AGENT = "agent"
    EXECUTIVE = "executive"
    PARTNER = "partner"


MEANINGS = {
    Role.ADMIN: "everything, and users, tokens and the audit log",
    Role.ANALYST: "every page, exports, notes and decisions",
    Role.AGENT: "every page about customers, notes; no exports",
    Role.EXECUTIVE: "every page about customers; changes nothing",
    Role.PARTNER: "the boards and pages of the customers of the scope, nothing else",
}


def role_of(name: str) -> Role:
    """The role called so.

    Raises:
        BadValueError: there is none.
    """
    try:
        return Role(name)
    except ValueError:
        hint = did_you_mean(name, list(Role)) or f" Expected: {', '.join(Role)}."
        raise BadValueError(f'role "{name[:40]}" is not known.{hint}') from None


def unknown_user(name: str) -> UnknownNameError:
    """Nobody is called so."""
    return UnknownNameError("user", name)
