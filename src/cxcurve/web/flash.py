"""What was just done: said by whoever did it, told once on the next page.

It goes along in a cookie that is signed and lives for a minute: nothing in an address says what was done when somebody
opens it again, and nothing is kept here.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from contextvars import ContextVar
from dataclasses import dataclass

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cxcurve.web.matrix import rule_of

COOKIE, SECONDS, LONGEST = "cxcurve_done", 60, 300
_HOW = "Path=/; HttpOnly; SameSite=Strict"


@dataclass
class _Said:
    """Of one request: what was done before it, whether its page tells that, and what it does itself."""

    before: str = ""
    is_told: bool = False
    now: str = ""


_SAID: ContextVar[_Said | None] = ContextVar("said", default=None)


def say(text: str) -> None:
    """What the form that is being answered has done, for the page that comes next."""
    said = _SAID.get()
    if said is not None:
        said.now = text[:LONGEST]


def told() -> str:
    """What was done before the page that is being made; it is told there, and nowhere again."""
    said = _SAID.get()
    if said is None:
        return ""
    said.is_told = bool(said.before)
    return said.before


class Flash:
    """Carries it from a form to the page that comes next; a form that says nothing says what its rule has for it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._secret = secrets.token_bytes(32)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, with what was said."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_form = scope["method"] == "POST"
        said = _Said("" if is_form else self._opened(Headers(scope=scope).get("cookie", "")))

        async def send_on(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if is_form and message["status"] == 303 and (text := said.now or _done(scope["path"])):
                    headers.append("set-cookie", f"{COOKIE}={self._sealed(text)}; Max-Age={SECONDS}; {_HOW}")
                elif said.is_told:
                    headers.append("set-cookie", f"{COOKIE}=; Max-Age=0; {_HOW}")
            await send(message)

        token = _SAID.set(said)
        try:
            await self._app(scope, receive, send_on)
        finally:
            _SAID.reset(token)

    def _sealed(self, text: str) -> str:
        return f"{base64.urlsafe_b64encode(text.encode()).decode()}.{self._seal(text)}"

    def _opened(self, cookies: str) -> str:
        try:
            body, _, seal = cookie_parser(cookies).get(COOKIE, "").partition(".")
            text = base64.urlsafe_b64decode(body).decode()
        except (binascii.Error, ValueError):
            return ""
        return text if secrets.compare_digest(self._seal(text).encode(), seal.encode("utf-8", "replace")) else ""

    def _seal(self, text: str) -> str:
        return hmac.new(self._secret, text.encode(), hashlib.sha256).hexdigest()


def _done(path: str) -> str:
    rule = rule_of("POST", path)
    return rule.done if rule else ""
