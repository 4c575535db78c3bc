"""What every answer carries, and what a form must bring."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cxcurve.errors import BadValueError

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "x-frame-options": "DENY",
}
COOKIE, FIELD = "cxcurve_form", "form_token"


class SafeHeaders:
    """Puts the headers on every answer, errors included."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, with the headers."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                headers.setdefault("cache-control", "private, no-cache")
            await send(message)

        await self.app(scope, receive, send_with_headers if scope["type"] == "http" else send)


class FormGuard:
    """A token of this process, in the form and in a cookie that other sites' requests do not bring."""

    def __init__(self) -> None:
        self.token = secrets.token_urlsafe(24)

    @property
    def cookie(self) -> str:
        """The header that sets it."""
        return f"{COOKIE}={self.token}; Path=/; HttpOnly; SameSite=Strict"

    def check(self, form: Mapping[str, str], cookies: Mapping[str, str], headers: Mapping[str, str]) -> None:
        """Refuse a form that was not sent from a page of ours.

        Raises:
            BadValueError: token or cookie is another one, or the request comes from another site.
        """
        origin = headers.get("origin")
        is_ours = origin is None or urlsplit(origin).netloc == headers.get("host")
        sent = (form.get(FIELD, ""), cookies.get(COOKIE, ""))
        if not (is_ours and all(secrets.compare_digest(one.encode(), self.token.encode()) for one in sent)):
            raise BadValueError(
                "This form is out of date; nothing was changed. Open the page again and send it once more."
            )
