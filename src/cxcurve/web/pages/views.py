"""Saved views: one's own, and those that others share."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from cxcurve.charts.format import words
from cxcurve.errors import ProblemsError
from cxcurve.people.people import People
from cxcurve.people.roles import Role
from cxcurve.people.views import SavedView
from cxcurve.web.pages.frame import Frame, bare, local
from cxcurve.web.places import GROUPS
from cxcurve.web.visitor import Visitor
from cxcurve.workspace import Workspace
from cxcurve.workspace.results import at

GONE = "somebody who is gone"
NOBODY = "whoever was here before sign-in"
_LABELS = {place.href: place.label for group in GROUPS for place in group.places}


@dataclass(frozen=True, slots=True)
class ShownView:
    """A view as the page tells it; `asks` are its filters in words, name and value, `sent` when its link goes where."""

    view: SavedView
    page: str
    asks: tuple[tuple[str, str], ...]
    owner: str
    is_mine: bool
    may_change: bool
    made_at: datetime
    sent: tuple[str, ...] = ()

    @property
    def schedule(self) -> str:
        """What reports.yaml says to have its link sent."""
        key = re.sub(r"[^a-z0-9]+", "_", self.view.name.lower()).strip("_") or "view"
        return f"{key}:\n  view: {json.dumps(self.view.name, ensure_ascii=False)}\n  to: chat\n  every: monday 07:00"

    def to_json(self) -> dict[str, Any]:
        """Where it leads, and whose it is."""
        one = self.view
        return {
            "view_id": one.view_id, "name": one.name, "href": one.href, "is_shared": one.is_shared,
            "is_mine": self.is_mine, "owner": self.owner, "made_at": at(one.made_us), "sent": list(self.sent),
        }  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class ViewsPage(Frame):
    """What views.html shows."""

    own: tuple[ShownView, ...]
    others: tuple[ShownView, ...]
    wrong: str | None = None
    is_scoped: bool = False

    def to_json(self) -> dict[str, Any]:
        """All of them."""
        return {"views": [one.to_json() for one in (*self.own, *self.others)]}


def build(
    workspace: Workspace, people: People, who: Visitor, own: Sequence[SavedView], others: Sequence[SavedView],
    wrong: str | None = None,
) -> ViewsPage:  # fmt: skip
    """The page, for whoever asks."""
    names = {user.user_id: user.name for user in people.users.all()} if others else {}
    zone, is_admin = workspace.settings.zone, who.role is Role.ADMIN
    sent = _sent(workspace)
    return ViewsPage(
        **(bare(workspace, "Saved views") | {"nav": "views", "json_url": "/views.json"}),
        own=tuple(_shown(one, "you", True, True, zone, sent) for one in own),
        others=tuple(_shown(one, _owner(one, names), False, is_admin, zone, sent) for one in others),
        wrong=wrong,
        is_scoped=who.scope is not None,
    )


def _owner(view: SavedView, names: Mapping[str, str]) -> str:
    return names.get(view.owner, GONE if view.owner else NOBODY)


def _sent(workspace: Workspace) -> Mapping[str, tuple[str, ...]]:
    """By name of a view when its link goes where; nothing where reports.yaml cannot be read."""
    try:
        every = workspace.subscriptions.values()
    except ProblemsError:
        return {}
    found: dict[str, tuple[str, ...]] = {}
    for one in every:
        if one.view is not None:
            name, to = one.view.strip().casefold(), "chat" if one.to == "chat" else "e-mail"
            found[name] = (*found.get(name, ()), f"{one.every or 'when it is asked for'} by {to}")
    return found


def _shown(
    view: SavedView, owner: str, is_mine: bool, may_change: bool, zone: str, sent: Mapping[str, tuple[str, ...]]
) -> ShownView:  # fmt: skip
    page, asks = _LABELS.get(view.path, view.path), tuple(_told(*one) for one in parse_qsl(view.query))
    goes = sent.get(view.name.casefold(), ()) if view.is_shared else ()
    return ShownView(view, page, asks, owner, is_mine, may_change, local(view.made_us, zone), goes)


def _told(name: str, value: str) -> tuple[str, str]:
    """A parameter in words."""
    if name == "sort":
        return "sorted by", f"{words(value.removeprefix('-'))}, {'down' if value.startswith('-') else 'up'}"
    return {"q": "search", "as_of": "as of"}.get(name, words(name)), value
