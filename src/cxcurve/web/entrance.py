"""The entrance: signing in and out, and the one-time links that set up the workspace or a password."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any
from urllib.parse import quote

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from starlette.concurrency import run_in_threadpool

from cxcurve.errors import BadValueError
from cxcurve.people.limits import Buckets, Delays, origin
from cxcurve.people.links import Kind, Link
from cxcurve.people.passwords import check_new
from cxcurve.people.people import People
from cxcurve.people.roles import Role
from cxcurve.people.second import is_right
from cxcurve.people.users import User
from cxcurve.web.guard import SESSION, FormGuard, body_of
from cxcurve.web.notes import LONGEST_BODY, read_form
from cxcurve.web.rendering import render
from cxcurve.web.visitor import visitor
from cxcurve.workspace.instants import now_us

WRONG = "The e-mail address or the password is wrong."
WRONG_CODE = "The code is wrong, or was used before."
NO_LINK = "This link was used, or is too old. `cxcurve serve` prints a new one, or an admin makes one."
MOST_CODES = 5
"""For one password; then it is asked for again."""


@dataclass(frozen=True, kw_only=True)
class EntryPage:
    """What entry.html shows: a form, what went wrong, and what goes along unseen."""

    title: str
    workspace: str
    action: str
    fields: tuple[str, ...] = ()
    button: str = ""
    said: str | None = None
    is_wrong: bool = True
    told: str | None = None
    hidden: Mapping[str, str]
    other: tuple[str, str] | None = None


class Entrance:
    """Lets people in; pages behind the door are no business of its."""

    def __init__(self, people: People, guard: FormGuard, workspace: str, sso: str | None = None) -> None:
        self.people, self._guard, self._workspace, self._sso = people, guard, workspace, sso
        self._delays = Delays()
        self._tries, self._codes = Buckets(30, 0.2), Buckets(20, 1 / 180)

    # --- sign in

    def show_sign_in(self, request: Request) -> Response:
        """The form."""
        return self._sign_in_page(inside(request.query_params.get("next", "/")))

    async def sign_in(self, request: Request) -> Response:
        """Take the form: e-mail address and password."""
        return await run_in_threadpool(self._signed_in, request, await self.form(request))

    async def code(self, request: Request) -> Response:
        """Take the second form: the code of an app."""
        return await run_in_threadpool(self._second, request, await self.form(request))

    async def sign_out(self, request: Request) -> Response:
        """Here, or everywhere."""
        return await run_in_threadpool(self._signed_out, request, await self.form(request))

    async def form(self, request: Request) -> dict[str, str]:
        """A form of ours.

        Raises:
            BadValueError: it is too long, too slow, or another site's.
        """
        form = read_form(await body_of(request.stream(), LONGEST_BODY))
        self._guard.check(form, request.cookies, request.headers)
        return form

    def _signed_in(self, request: Request, form: Mapping[str, str]) -> Response:
        email, back = form.get("email", "").strip().casefold()[:254], inside(form.get("next", "/"))
        address, key = _address(request), (email, _origin(request))
        if wait_s := self._wait_s(key):
            return self._waiting(wait_s, back)
        user = self.people.users.by_email(email)
        kept = user.password if user is not None and user.is_active else None
        if not self.people.passwords.fits(kept, form.get("password", "")) or user is None:
            self._delays.failed(key, time.monotonic())
            # A password is typed into the wrong field now and then: only names that are known are written down.
            self.log(user.email if user else "unknown user", "sign-in failed", "", address)
            return self._sign_in_page(back, WRONG, 401)
        if kept and self.people.passwords.is_outdated(kept):
            self._rehash(user, form.get("password", ""))
        if user.has_totp:
            secret = self.people.links.make("second", now_us(), user_id=user.user_id)
            return self._code_page(secret, back)
        self._delays.passed(key)
        return self.welcome(request, user, back, "by password")

    def _second(self, request: Request, form: Mapping[str, str]) -> Response:
        secret, back = form.get("pending", ""), inside(form.get("next", "/"))
        link = self.people.links.find("second", secret, now_us())
        if link is None or link.user_id is None:
            return self._sign_in_page(back, "That took too long; sign in again.", 401)
        user = self.people.users.find(link.user_id)
        key = user.email, _origin(request)
        if wait_s := self._wait_s(key) or self._codes.wait_s(user.user_id, time.monotonic()):
            return self._waiting(wait_s, back)
        n = self.people.links.count("second", secret, now_us())
        if n <= MOST_CODES and is_right(self.people.users, user, form.get("code", ""), now_us()):
            if self.people.links.use("second", secret, now_us()) is None:  # another one was quicker
                return self._sign_in_page(back, "That took too long; sign in again.", 401)
            self._delays.passed(key)
            return self.welcome(request, user, back, "by password and code")
        self._delays.failed(key, time.monotonic())
        self.log(user.email, "sign-in failed", "wrong code", _address(request))
        if n >= MOST_CODES:
            self.people.links.use("second", secret, now_us())
            return self._sign_in_page(back, f"{WRONG_CODE} Sign in again.", 401)
        return self._code_page(secret, back, WRONG_CODE, 401)

    def welcome(self, request: Request, user: User, back: str, how: str) -> Response:
        """Begin a session anew, whatever session there was."""
        secret = request.cookies.get(SESSION, "")
        before = self.people.sessions.find(secret, now_us())
        if before is not None:
            self.people.sessions.end(before[0].hash)
        agent = request.headers.get("user-agent", "")
        secret = self.people.sessions.begin(user.user_id, now_us(), _address(request), agent)
        self.log(user.email, "sign-in", how, _address(request))
        answer = RedirectResponse(back, 303)
        is_secure = request.url.scheme == "https"
        answer.set_cookie(SESSION, secret, max_age=14 * 86_400, httponly=True, samesite="lax", secure=is_secure)
        return answer

    def _signed_out(self, request: Request, form: Mapping[str, str]) -> Response:
        who = visitor()
        if who.session is not None:
            self.people.sessions.end(who.session.hash)
            if form.get("everywhere"):
                self.people.sessions.end_all(who.session.user_id)
            self.log(who.name, "sign-out", "everywhere" if form.get("everywhere") else "", who.address)
        answer = RedirectResponse("/sign-in", 303)
        answer.delete_cookie(SESSION)
        return answer

    # --- set up

    def show_set_up(self, request: Request, secret: str) -> Response:
        """The form of a one-time link."""
        found = self._link(secret)
        if found is None:
            return self._page(EntryPage(title="Not any more", action="", said=NO_LINK, **self._around({})), 404)
        return self._set_up_page(secret, found)

    async def set_up(self, request: Request, secret: str) -> Response:
        """Take it: the first admin, or the password of somebody."""
        return await run_in_threadpool(self._set_up, request, secret, await self.form(request))

    def _set_up(self, request: Request, secret: str, form: Mapping[str, str]) -> Response:
        found = self._link(secret)
        if found is None:
            return self.show_set_up(request, secret)
        kind, link = found
        try:
            user = self._first(form) if kind == "set_up" else self._with_password(link, form)
        except BadValueError as error:
            return self._set_up_page(secret, found, str(error), form)
        self.people.links.use(kind, secret, now_us())
        self.log(user.email, "set-up" if kind == "set_up" else "password", "by a one-time link", _address(request))
        if user.has_totp:
            return self._code_page(self.people.links.make("second", now_us(), user_id=user.user_id), "/")
        return self.welcome(request, user, "/", "by a one-time link")

    def _link(self, secret: str) -> tuple[Kind, Link] | None:
        kinds: tuple[Kind, ...] = ("password",) if self.people.users.is_any else ("set_up",)
        for kind in kinds:
            link = self.people.links.find(kind, secret, now_us())
            if link is not None:
                return kind, link
        return None

    def _first(self, form: Mapping[str, str]) -> User:
        email, name, password = (form.get(part, "") for part in ("email", "name", "password"))
        check_new(password, email.partition("@")[0], name)
        kept = self.people.passwords.hash(password)
        return self.people.users.add(email, Role.ADMIN, now_us(), name=name, password=kept, is_first=True)

    def _with_password(self, link: Link, form: Mapping[str, str]) -> User:
        user = self.people.users.find(str(link.user_id))
        if not user.is_active:
            raise BadValueError("This user may not sign in any more; an admin can change that")
        check_new(form.get("password", ""), user.email.partition("@")[0], user.name)
        return self.people.users.change(user.user_id, password=self.people.passwords.hash(form["password"]))

    def _rehash(self, user: User, password: str) -> None:
        self.people.users.change(user.user_id, password=self.people.passwords.hash(password))

    # --- pages

    def refusal(
        self, title: str, message: str, status: int, advice: str = "", other: tuple[str, str] | None = None
    ) -> Response:
        """What somebody who is not signed in is told."""
        return self._page(
            EntryPage(title=title, action="", said=message, told=advice, **self._around({}, other)), status
        )

    def _sign_in_page(self, back: str, said: str | None = None, status: int = 200) -> Response:
        other = (f"/sign-in/oidc?next={quote(back)}", f"Sign in with {self._sso}") if self._sso else None
        page = EntryPage(
            title="Sign in", action="/sign-in", fields=("email", "password"), button="Sign in", said=said,
            **self._around({"next": back}, other),
        )  # fmt: skip
        return self._page(page, status)

    def _code_page(self, secret: str, back: str, said: str | None = None, status: int = 200) -> Response:
        page = EntryPage(
            title="Your code", action="/sign-in/code", fields=("code",), button="Go on", said=said,
            told="The six figures that your app shows for this workspace, or one of your recovery codes.",
            **self._around({"pending": secret, "next": back}),
        )  # fmt: skip
        return self._page(page, status)

    def _set_up_page(
        self, secret: str, found: tuple[Kind, Link], said: str | None = None, form: Mapping[str, str] | None = None
    ) -> Response:
        kind, link = found
        is_first = kind == "set_up"
        told = "You become the first admin. From then on everybody needs to sign in."
        if not is_first:
            told = f"For {self.people.users.find(str(link.user_id)).email}. Other browsers are signed out."
        page = EntryPage(
            title="Set up sign-in" if is_first else "Choose a password", action=f"/set-up/{secret}", told=told,
            fields=("email", "name", "new") if is_first else ("new",), button="Set up" if is_first else "Save",
            said=said, **self._around({}),
        )  # fmt: skip
        return self._page(page, 400 if said else 200)

    def _waiting(self, wait_s: float, back: str) -> Response:
        answer = self._sign_in_page(back, f"Too many tries. Try again in {ceil(wait_s)} s.", 429)
        answer.headers["retry-after"] = str(ceil(wait_s))
        return answer

    def _around(self, hidden: Mapping[str, str], other: tuple[str, str] | None = None) -> dict[str, Any]:
        return {"workspace": self._workspace, "hidden": hidden, "other": other}

    def _page(self, page: EntryPage, status: int = 200) -> Response:
        made = render("entry.html", page, form_token=self._guard.token)
        answer = Response(made, status, media_type="text/html; charset=utf-8")
        answer.headers["set-cookie"] = self._guard.cookie
        answer.headers["cache-control"] = "no-store"
        return answer

    def wait_s(self, request: Request) -> float:
        """How long somebody who is not signed in must wait for another try; 0 not at all."""
        return self._tries.wait_s(_origin(request), time.monotonic())

    def _wait_s(self, key: tuple[str, str]) -> float:
        now_s = time.monotonic()
        return self._delays.wait_s(key, now_s) or self._tries.wait_s(key[1], now_s)

    def log(self, who: str, what: str, about: str, address: str) -> None:
        """Write down what was done."""
        self.people.audit.add(now_us(), who or "nobody", what, about, address)


def inside(path: str) -> str:
    """Where to go then: a page of ours, never another site."""
    is_ours = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable() and len(path) < 2000
    return path if is_ours and "\\" not in path else "/"


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def _origin(request: Request) -> str:
    return origin(_address(request))
