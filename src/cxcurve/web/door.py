"""The door: who is it, and may they? In front of every page, so that no page can forget to ask."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from math import ceil
from urllib.parse import parse_qsl, quote, urlencode

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from starlette.concurrency import run_in_threadpool
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cxcurve.errors import UnknownNameError
from cxcurve.people.limits import Buckets
from cxcurve.people.people import People
from cxcurve.people.roles import Role
from cxcurve.people.scope import Scope as Rows
from cxcurve.people.users import sees
from cxcurve.web.guard import SESSION
from cxcurve.web.ingest import LONGEST_KEY, is_for_programs
from cxcurve.web.matrix import Rule, rule_of
from cxcurve.web.pages.error import Failure
from cxcurve.web.visitor import NOBODY, OPEN_NAME, Visitor, visiting
from cxcurve.workspace.instants import now_us
from cxcurve.workspace.live import Live

LOOPBACK = ("127.0.0.1", "localhost", "::1")
AT_ONCE, PER_S = 300, 20
"""Requests of one who signed in: a page is a few of them."""
Refuse = Callable[[Request, Failure], Response]

NOT_SET_UP = Failure(
    403, "not_set_up", "Nobody can sign in yet",
    "This workspace is served to other computers, and nobody can sign in yet: nothing is shown.",
    "Open the one-time link that `cxcurve serve` printed where it was started, or run `cxcurve users add`.",
)  # fmt: skip
OTHER_NAME = Failure(
    403, "other_name", "Not under this name",
    "Nobody signs in here yet, so pages are shown under this computer's own name only.",
    "Open http://127.0.0.1 with the port that `cxcurve serve` printed, or set up sign-in by the link it printed.",
)  # fmt: skip
SIGN_IN = Failure(401, "sign_in", "Sign in", "This needs a sign-in, or a read token that is known and not too old.")
NOT_YOURS = Failure(
    403, "not_yours", "Not for you", "Your role, or the customers you may know of, do not allow this.",
    "An admin of this workspace can change that.",
)  # fmt: skip
NOT_BY_TOKEN = Failure(403, "not_by_token", "Not by token", "This token does not allow this; a page needs a sign-in.")
NEEDS_TOKEN = Failure(403, "needs_token", "A token alone", "This is for programs: it needs a token that allows it.")


class Door:
    """Lets in whom the matrix lets in, and writes down what it says is to be written down."""

    def __init__(
        self, app: ASGIApp, *, people: People, live: Live, routes: Callable[[], Iterable[BaseRoute]], host: str | None,
        refuse: Refuse,
    ) -> None:  # fmt: skip
        self._app, self._people, self._live, self._routes = app, people, live, routes
        self._host, self._refuse = host, refuse
        self._busy = Buckets(AT_ONCE, PER_S)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let in, or answer why not."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        rule = rule_of(scope["method"], _path(self._routes(), scope))
        found: Visitor | Response = NOBODY
        if rule is None or not rule.is_public:
            found = await run_in_threadpool(self._admitted, request, rule)
        if isinstance(found, Response):
            await found(scope, receive, send)
            return
        with visiting(found):
            await self._answer(found, rule, scope, receive, send)

    async def _answer(self, who: Visitor, rule: Rule | None, scope: Scope, receive: Receive, send: Send) -> None:
        if rule is None or not rule.logged:
            await self._app(scope, receive, send)
            return

        async def send_on(message: Message) -> None:
            # Before whoever asked hears that it is done: what was answered is never missing, whatever comes after.
            if message["type"] == "http.response.start" and message["status"] < 400:
                about = _about(scope)
                await run_in_threadpool(self._people.audit.add, now_us(), who.name, rule.logged, about, who.address)
            await send(message)

        await self._app(scope, receive, send_on)

    def _admitted(self, request: Request, rule: Rule | None) -> Visitor | Response:
        try:
            who = self._who(request)
        except _RefusedError as refused:
            return self._answered(request, refused.failure, refused.wait_s)
        if who is None:
            return self._outside(request)
        if who.is_open:
            return who if rule is None or not rule.is_by_token else self._answered(request, NEEDS_TOKEN)
        wait_s = self._busy.wait_s(who.name, time.monotonic())
        if wait_s:
            return self._answered(request, too_many(wait_s), wait_s)
        return self._checked(request, who, rule)

    def _checked(self, request: Request, who: Visitor, rule: Rule | None) -> Visitor | Response:
        if rule is None:  # a page that is not there, or one that nobody said who may open
            is_there = _path(self._routes(), request.scope) is not None
            return self._answered(request, NOT_YOURS) if is_there else who
        if who.role is None or not rule.opens_to(who.role, has_scope=who.scope is not None):
            return self._answered(request, NOT_YOURS)
        if who.allows is None and rule.is_by_token:
            return self._answered(request, NEEDS_TOKEN)
        if who.allows is not None and not (rule.token in who.allows and _is_data(request.url.path)):
            return self._answered(request, NOT_BY_TOKEN)
        return who

    # --- who is it

    def _who(self, request: Request) -> Visitor | None:
        address = request.client.host if request.client else ""
        if not self._people.users.is_any:
            return self._anyone(request, address)
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return self._by_token(key.strip(), address)
        found = self._people.sessions.find(request.cookies.get(SESSION, ""), now_us())
        if found is None:
            return None
        session, user = found
        return Visitor(user.email, user.role, user.sees, user, session, address)

    def _by_token(self, key: str, address: str) -> Visitor | None:
        """Whose a read token is: a user's knows what its user may know now, another one what it was made for."""
        fact = self._live.keys.find(key[:LONGEST_KEY])
        if fact is None or fact.kind != "read" or fact.is_over(now_us()):
            return None
        grant, name = fact.grant, f"token {fact.number}"
        allows = frozenset(grant.get("allows", ("read",)))
        if "user_id" not in grant:
            role, rows = Role(grant.get("role", Role.ANALYST)), Rows.from_json(grant.get("scope"))
            return Visitor(name, role, sees(role, rows), None, None, address, allows)
        try:
            user = self._people.users.find(grant["user_id"])
        except UnknownNameError:
            return None
        name = f"{name} of {user.email}"
        return Visitor(name, user.role, user.sees, user, None, address, allows) if user.is_active else None

    def _anyone(self, request: Request, address: str) -> Visitor:
        """Whoever is at this computer, as long as nobody signs in."""
        if self._host is not None:
            if self._host not in LOOPBACK:
                raise _RefusedError(NOT_SET_UP)
            # Another site's name that leads here would let that site's scripts read everything.
            if (request.url.hostname or "") not in LOOPBACK:
                raise _RefusedError(OTHER_NAME)
        return Visitor(OPEN_NAME, Role.ADMIN, address=address)

    # --- why not

    def _outside(self, request: Request) -> Response:
        path = request.url.path
        if for_people(request):
            back = (
                f"?next={quote(path + (f'?{request.url.query}' if request.url.query else ''))}" if path != "/" else ""
            )
            return RedirectResponse(f"/sign-in{back}", 303)
        return self._answered(request, SIGN_IN)

    def _answered(self, request: Request, failure: Failure, wait_s: float = 0.0) -> Response:
        answer = self._refuse(request, failure)
        if wait_s:
            answer.headers["retry-after"] = str(ceil(wait_s))
        if failure is SIGN_IN:
            answer.headers["www-authenticate"] = "Bearer"
        return answer


class _RefusedError(Exception):
    def __init__(self, failure: Failure, wait_s: float = 0.0) -> None:
        super().__init__(failure.message)
        self.failure, self.wait_s = failure, wait_s


def too_many(wait_s: float) -> Failure:
    """More than a server bears."""
    return Failure(429, "too_many", "Too many at once", f"That was too much at once; try again in {ceil(wait_s)} s.")


def for_people(request: Request) -> bool:
    """Whether a browser shows the answer."""
    path = request.url.path
    is_page = not (path.endswith((".json", ".csv")) or is_for_programs(path)) and request.method in {"GET", "HEAD"}
    return is_page and "authorization" not in request.headers


def _is_data(path: str) -> bool:
    """Whether programs read it; pages are for those who sign in."""
    return path.endswith((".json", ".csv")) or path.startswith(("/api/", "/scim/"))


def _about(scope: Scope) -> str:
    """What was asked for; what was searched may name somebody, and the log outlives them."""
    asked = parse_qsl(scope["query_string"].decode("latin-1"))
    return f"{scope['path']}?{urlencode([(key, '...' if key == 'q' else value) for key, value in asked])}".rstrip("?")


def _path(routes: Iterable[BaseRoute], scope: Scope) -> str | None:
    """The path of the route that will answer."""
    for route in routes:
        match, _ = route.matches(scope)
        if match is Match.FULL:
            return str(getattr(route, "path", ""))
    return None
