"""What every answer carries, and what a form must bring."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cxcurve.errors import BadValueError
from cxcurve.web.visitor import visitor

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
EMBEDDED = "/embed/"
"""Where the pages are that others may show within their own."""
LONGEST_WAIT_S = 30.0
COOKIE, FIELD, SESSION = "cxcurve_form", "form_token", "cxcurve_session"


def embedded_headers(ancestors: Sequence[str]) -> dict[str, str]:
    """The headers of what may be shown within other pages; without ancestors nobody may, as everywhere.

    Its address holds a token: it is told to nobody and kept nowhere.
    """
    private = {**HEADERS, "referrer-policy": "no-referrer", "cache-control": "no-store"}
    if not ancestors:
        return private
    del private["x-frame-options"]  # it knows no list
    policy = POLICY.replace("frame-ancestors 'none'", f"frame-ancestors {' '.join(ancestors)}")
    return {**private, "content-security-policy": policy, "cross-origin-resource-policy": "cross-origin"}


class SafeHeaders:
    """Puts the headers on every answer, errors included; `ancestors` may show the embedded ones within their pages."""

    def __init__(self, app: ASGIApp, ancestors: Sequence[str] = ()) -> None:
        self.app = app
        self._embedded = embedded_headers(ancestors)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, with the headers."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(self._embedded if scope["path"].startswith(EMBEDDED) else HEADERS)
                headers.setdefault("cache-control", "private, no-cache")
            await send(message)

        await self.app(scope, receive, send_with_headers if scope["type"] == "http" else send)


async def body_of(chunks: AsyncIterator[bytes], longest: int) -> bytes:
    """The body of a form.

    Raises:
        BadValueError: it is longer than this form may be, or takes too long; the rest is not read.
    """
    body = bytearray()
    try:
        async with asyncio.timeout(LONGEST_WAIT_S):
            async for chunk in chunks:
                body += chunk
                if len(body) > longest:
                    raise BadValueError(f"What was sent is longer than {longest:,} bytes; send it in parts")
    except TimeoutError:
        raise BadValueError(f"The form did not come within {LONGEST_WAIT_S:.0f} s; nothing was changed") from None
    except ClientDisconnect:
        raise BadValueError("The sender went away; nothing was changed") from None
    return bytes(body)


class FormGuard:
    """A token of this process and session, in the form and in a cookie that other sites' requests do not bring."""

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(32)

    @property
    def token(self) -> str:
        """What a form must bring, of whoever asks now."""
        session = visitor().session
        return hmac.new(self._secret, session.hash.encode() if session else b"", hashlib.sha256).hexdigest()

    @property
    def cookie(self) -> str:
        """The header that sets it."""
        return f"{COOKIE}={self.token}; Path=/; HttpOnly; SameSite=Strict"

    def check(self, form: Mapping[str, str], cookies: Mapping[str, str], headers: Mapping[str, str]) -> None:
        """Refuse a form that was not sent from a page of ours by whoever it was made for.

        Raises:
            BadValueError: token or cookie is another one, or the request comes from another site.
        """
        origin = headers.get("origin")
        is_ours = origin is None or urlsplit(origin).netloc == headers.get("host")
        sent, right = (form.get(FIELD, ""), cookies.get(COOKIE, "")), self.token.encode()
        if not (is_ours and all(secrets.compare_digest(one.encode(), right) for one in sent)):
            raise BadValueError(
                "This form is out of date; nothing was changed. Open the page again and send it once more."
            )
