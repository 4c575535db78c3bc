"""Saved views: what the frame of a page shows of them, and the forms that keep, share and remove them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit

from fastapi import Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from starlette.concurrency import run_in_threadpool

from cxcurve.errors import BadValueError, UnknownNameError, clip
from cxcurve.people.people import People
from cxcurve.people.roles import Role
from cxcurve.people.views import LONGEST_NAME, LONGEST_QUERY, SavedView
from cxcurve.web.asked import Asked
from cxcurve.web.entrance import Entrance
from cxcurve.web.flash import say
from cxcurve.web.guard import FormGuard
from cxcurve.web.matrix import rule_of
from cxcurve.web.pages import views as pages
from cxcurve.web.pages.frame import Frame
from cxcurve.web.places import GROUPS
from cxcurve.web.rendering import render
from cxcurve.web.visitor import Visitor, visitor
from cxcurve.workspace import Workspace
from cxcurve.workspace.instants import now_us

MOST_IN_MENU = 12
FRAME = ("views", "settings")
"""Places without numbers: nothing of theirs is saved."""
HREFS = {place.key: place.href for group in GROUPS for place in group.places if place.key not in FRAME}
Form = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Corner:
    """What the frame of a page shows.

    Attributes:
        menu: the views that stand in it.
        path, query: the page as it would be saved; `path` "" where it cannot be.
        here: the view of one's own that it is.
    """

    menu: tuple[SavedView, ...] = ()
    path: str = ""
    query: str = ""
    here: SavedView | None = None
    longest_name: int = LONGEST_NAME


def corner(people: People, page: object, who: Visitor | None = None) -> Corner:
    """What the frame of a page shows to whoever asks."""
    who = who or visitor()
    if not isinstance(page, Frame) or (owner := owner_of(who)) is None:
        return Corner()
    own, others = views_of(people, who)
    path, query = HREFS.get(page.nav, ""), _query(page.query)
    if urlsplit(page.json_url).path not in (f"{path}.json", "/today.json" if path == "/" else ""):
        path = ""  # a page below the place, such as a customer's: its address names somebody
    here = next((one for one in own if (one.path, one.query) == (path, query)), None)
    can_save = path and len(query) <= LONGEST_QUERY and owner is not None
    return Corner((*own, *others)[:MOST_IN_MENU], path if can_save else "", query, here)


def owner_of(who: Visitor) -> str | None:
    """Whose views are one's own; None who has none: programs, and nobody."""
    if who.user is not None:
        return who.user.user_id
    return "" if who.is_open else None


def views_of(people: People, who: Visitor) -> tuple[list[SavedView], list[SavedView]]:
    """One's own views, and those that others share, of pages that open to whoever asks.

    Whoever may know of some customers only is shown none of others: a name or a filter may tell of any customer.
    """
    owner = owner_of(who)
    own = [] if owner is None else people.views.of(owner)
    shared = [] if owner is None or who.scope is not None else people.views.shared()
    others = [one for one in shared if one.owner != owner]
    return [one for one in own if _opens(who, one.path)], [one for one in others if _opens(who, one.path)]


class SavedViews:
    """The page of saved views, and its forms."""

    def __init__(
        self, workspace: Workspace, entrance: Entrance, guard: FormGuard, parameters: Mapping[str, Sequence[str]]
    ) -> None:  # fmt: skip
        self._workspace, self._entrance, self._guard = workspace, entrance, guard
        self._people, self._parameters = entrance.people, parameters
        self._do: Mapping[str, Callable[[Form, str], str]] = {
            "save": self._save, "rename": self._rename, "share": self._share, "unshare": self._unshare,
            "remove": self._remove,
        }  # fmt: skip

    def show(self) -> Response:
        """All of them."""
        return self._page()

    def json(self) -> Response:
        """The same for programs."""
        return JSONResponse(self._built(None).to_json())

    async def change(self, request: Request) -> Response:
        """Take a form; `do` says which."""
        form = await self._entrance.form(request)
        return await run_in_threadpool(self._changed, form)

    def _changed(self, form: Form) -> Response:
        do, owner = self._do.get(form.get("do", "")), owner_of(visitor())
        if do is None or owner is None:
            return self._page("The form asks for nothing; nothing was changed", 400)
        try:
            return RedirectResponse(do(form, owner), 303)
        except BadValueError as error:
            return self._page(f"Nothing was changed: {error}", 400)
        except UnknownNameError as error:
            return self._page(str(error), 404)

    def _save(self, form: Form, owner: str) -> str:
        path, query = form.get("path", ""), form.get("query", "")
        if path not in HREFS.values() or not _opens(visitor(), path):
            raise BadValueError(f'"{clip(path)}" is no page of the menu that opens to you')
        if len(query) > LONGEST_QUERY:
            raise BadValueError(f"the view asks for {len(query):,} characters; at most {LONGEST_QUERY:,} are kept")
        asked = Asked.read(parse_qsl(query), self._workspace.journey, self._parameters[path])
        view = self._people.views.save(
            owner, form.get("name", ""), path, _query(asked.given), now_us(), is_shared=bool(form.get("shared"))
        )  # fmt: skip
        self._log("view saved", view)
        say(f"Kept as {view.name}.")
        return view.href

    def _rename(self, form: Form, owner: str) -> str:
        view = self._people.views.rename(self._one(form, owner).view_id, form.get("name", ""))
        self._log("view renamed", view)
        say(f"The view is called {view.name} now.")
        return "/views"

    def _share(self, form: Form, owner: str) -> str:
        view = self._people.views.share(self._own(form, owner).view_id, is_shared=True)
        self._log("view shared", view)
        say(f"The team sees {view.name} now.")
        return "/views"

    def _unshare(self, form: Form, owner: str) -> str:
        view = self._people.views.share(self._own(form, owner).view_id, is_shared=False)
        self._log("view not shared", view)
        say(f"{view.name} is yours alone again.")
        return "/views"

    def _remove(self, form: Form, owner: str) -> str:
        view = self._one(form, owner)
        self._people.views.remove(view.view_id)
        self._log("view removed", view)
        say(f"{view.name} is removed.")
        return "/views"

    def _own(self, form: Form, owner: str) -> SavedView:
        view = self._one(form, owner)
        if view.owner != owner:
            raise BadValueError("that view is somebody else's")
        return view

    def _one(self, form: Form, owner: str) -> SavedView:
        """A view that somebody may change: one's own, and for admins what is shared; no other is said to be there."""
        view_id = form.get("view", "")
        view = self._people.views.find(view_id)
        if view.owner != owner and not (visitor().role is Role.ADMIN and view.is_shared):
            raise UnknownNameError("view", view_id)
        return view

    def _log(self, what: str, view: SavedView) -> None:
        """Its page and id: a name and a query may tell of somebody, and the log outlives them."""
        who = visitor()
        shared = ", shared" if view.is_shared else ""
        self._entrance.log(who.name, what, f"{view.path}, {view.view_id}{shared}", who.address)

    def _built(self, wrong: str | None) -> pages.ViewsPage:
        own, others = views_of(self._people, visitor())
        return pages.build(self._workspace, self._people, visitor(), own, others, wrong)

    def _page(self, wrong: str | None = None, status: int = 200) -> Response:
        page = self._built(wrong)
        made = render("views.html", page, form_token=self._guard.token, views=corner(self._people, page))
        answer = Response(made, status, media_type="text/html; charset=utf-8")
        answer.headers["set-cookie"] = self._guard.cookie
        return answer


def _query(given: Mapping[str, str]) -> str:
    """As it is kept: always in the same order, and from the first page of a table on."""
    return urlencode(sorted((key, value) for key, value in given.items() if key != "page" and value))


def _opens(who: Visitor, path: str) -> bool:
    rule = rule_of("GET", path)
    return who.role is not None and rule is not None and rule.opens_to(who.role, has_scope=who.scope is not None)
