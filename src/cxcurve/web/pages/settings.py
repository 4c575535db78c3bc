"""Settings: one's own password, second factor, sessions and tokens; for admins users and the audit log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from markupsafe import Markup

from cxcurve.people.audit import Entry, Verdict
from cxcurve.people.people import People
from cxcurve.people.roles import MEANINGS, Role
from cxcurve.people.second import picture_of
from cxcurve.people.users import User
from cxcurve.store.keys import KeyFact, Keys
from cxcurve.web.pages.frame import Frame, bare, local
from cxcurve.web.visitor import Visitor
from cxcurve.workspace import Workspace
from cxcurve.workspace.results import at


@dataclass(frozen=True, slots=True)
class Said:
    """What came of a form: a problem, or something that is shown this once."""

    wrong: str | None = None
    done: str | None = None
    secrets: tuple[str, ...] = ()
    totp: tuple[str, str] | None = None
    """Secret and address for an app, to be confirmed by a code."""

    @property
    def qr(self) -> Markup | None:
        """The address as a picture for the phone's camera."""
        return Markup(picture_of(self.totp[1])) if self.totp else None


@dataclass(frozen=True, kw_only=True)
class SettingsPage(Frame):
    """What settings.html shows."""

    user: User | None
    is_admin: bool
    said: Said
    sessions: tuple[Mapping[str, Any], ...]
    tokens: tuple[Mapping[str, Any], ...]
    zone: str


@dataclass(frozen=True, kw_only=True)
class PeoplePage(Frame):
    """What people.html shows."""

    users: tuple[User, ...]
    roles: Mapping[str, str]
    tokens: tuple[Mapping[str, Any], ...]
    said: Said

    def to_json(self) -> dict[str, Any]:
        """Everybody, without secrets."""
        return {"users": [user.to_json() for user in self.users], "tokens": list(self.tokens)}


@dataclass(frozen=True, kw_only=True)
class AuditPage(Frame):
    """What audit.html shows."""

    entries: tuple[Entry, ...]
    verdict: Verdict
    zone: str

    def at(self, us: int) -> Any:
        """As the workspace's clocks show it."""
        return local(us, self.zone)

    def to_json(self) -> dict[str, Any]:
        """The newest entries, and whether all are as they were written."""
        return {"verdict": asdict(self.verdict), "entries": [asdict(entry) for entry in self.entries]}


def settings(workspace: Workspace, people: People, who: Visitor, now_us: int, said: Said) -> SettingsPage:
    """One's own."""
    mine = people.sessions.of(who.user.user_id, now_us) if who.user else []
    zone = workspace.settings.zone
    return SettingsPage(
        **(bare(workspace, "Settings") | {"nav": "settings"}),
        user=who.user and people.users.find(who.user.user_id),
        is_admin=who.role is Role.ADMIN,
        said=said,
        sessions=tuple(
            {"hash": one.hash, "seen_at": local(one.seen_us, zone), "address": one.address, "agent": one.agent,
             "is_this": who.session is not None and one.hash == who.session.hash}
            for one in mine
        ),
        tokens=tokens(workspace.live.keys, who.user.user_id if who.user else None),
        zone=zone,
    )  # fmt: skip


def people_page(workspace: Workspace, people: People, said: Said) -> PeoplePage:
    """Everybody."""
    frame = bare(workspace, "People") | {"nav": "settings", "json_url": "/settings/people.json"}
    roles = {str(role): meaning for role, meaning in MEANINGS.items()}
    return PeoplePage(
        **frame, users=tuple(people.users.all()), roles=roles, tokens=tokens(workspace.live.keys), said=said
    )


def audit_page(workspace: Workspace, people: People) -> AuditPage:
    """What was done."""
    frame = bare(workspace, "Audit log") | {"nav": "settings", "json_url": "/settings/audit.json"}
    entries = tuple(people.audit.latest())
    return AuditPage(**frame, entries=entries, verdict=people.audit.verify(), zone=workspace.settings.zone)


def tokens(keys: Keys, user_id: str | None = None) -> tuple[Mapping[str, Any], ...]:
    """The keys that are not withdrawn: all, or a user's own."""
    found = [key for key in keys.all() if key.withdrawn_us is None]
    return tuple(map(_token, found if user_id is None else (key for key in found if _is_of(key, user_id))))


def _is_of(key: KeyFact, user_id: str) -> bool:
    return key.grant.get("user_id") == user_id


def _token(key: KeyFact) -> Mapping[str, Any]:
    return {
        "number": key.number, "prefix": key.prefix, "kind": key.kind, "source": key.source, "until": at(key.until_us),
        "allows": list(key.grant.get("allows", ())), "made": at(key.made_us),
    }  # fmt: skip
