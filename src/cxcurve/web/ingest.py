"""What programs send: taken in, acknowledged once it is on disk, with a verdict for each message.

A plain ASGI application in front of the pages: thousands of small requests a second leave no room for more. Clients
in use take nothing but 200 for a yes, and read errors of this form only (tests/web/test_clients.py).
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import logging
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, TypeAlias

import orjson
from starlette.types import ASGIApp, Receive, Scope, Send

from cxcurve.errors import InboxFullError
from cxcurve.sources.live import cloudevents, posthog, segment, webhooks
from cxcurve.sources.live.bodies import BadRequestError, read_json, too_large, unpacked
from cxcurve.sources.live.calls import KINDS, Item
from cxcurve.sources.live.mapping import FORMS
from cxcurve.store.inbox import Request
from cxcurve.web.faults import write_where
from cxcurve.workspace.instants import now_us
from cxcurve.workspace.live import Live

log = logging.getLogger("cxcurve.ingest")
LONGEST_WAIT_S = 30.0
"""For a body to arrive, and as long again for the disk."""
MOST_HELD_BYTES = 2**26
"""Of bodies that are on their way, all together."""
MOST_MESSAGES = 10_000
"""In one request: each has its verdict in the answer, so small ones would make a large one."""
MOMENT_S = 0.002
LONGEST_KEY = 200
_SHORT = {"t": "track", "i": "identify", "g": "group", "p": "page", "s": "screen", "a": "alias", "b": "batch"}


Headers: TypeAlias = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True)
class Route:
    """Where a request goes: its form, and which kind of that form."""

    form: str
    kind: str

    @property
    def module(self) -> ModuleType:
        """What reads it."""
        return FORMS[self.form]


ROUTES: Mapping[str, Route] = {
    **{f"/v1/{kind}": Route("segment", kind) for kind in (*KINDS, "batch")},
    **{f"/v1/{short}": Route("segment", kind) for short, kind in _SHORT.items()},
    **{path: Route("posthog", "batch") for path in ("/batch", "/batch/")},
    **{path: Route("posthog", "capture") for path in ("/capture", "/capture/", "/e", "/e/", "/i/v0/e", "/i/v0/e/")},
    "/v1/cloudevents": Route("cloudevents", "events"),
    **{f"/v1/webhooks/{service}": Route("webhook", service) for service in webhooks.EVENTS},
}
_COMMON = (
    (b"content-type", b"application/json"),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"access-control-allow-origin", b"*"),  # scripts on other sites send; no cookie is read here
    (b"access-control-expose-headers", b"retry-after"),
)
_ALLOW = ((b"allow", b"POST, OPTIONS"),)
_PREFLIGHT = (
    (b"access-control-allow-methods", b"POST, OPTIONS"),
    (b"access-control-allow-headers", b"authorization, content-type, content-encoding, anonymousid"),
    (b"access-control-max-age", b"86400"),
)


FOR_PROGRAMS = ("/v1/", "/api/", "/scim/", "/batch", "/capture", "/e/", "/i/")


def is_for_programs(path: str) -> bool:
    """Whether errors are read by programs there, whatever is wrong with the rest of the path."""
    return path.startswith(FOR_PROGRAMS) or path in ROUTES


class Ingest:
    """Answers what is sent to `ROUTES`; everything else goes on to the pages."""

    def __init__(self, app: ASGIApp, live: Live) -> None:
        self.app, self.live = app, live
        self._together = _Together(live)
        self._held_bytes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass on."""
        route = ROUTES.get(scope["path"]) if scope["type"] == "http" else None
        if route is None:
            await self._pass_on(scope, receive, send)
            return
        headers: Headers = ()
        try:
            status, said, headers = 200, *await self._answer(route, scope, receive)
        except BadRequestError as error:
            status, said = error.status, _error(error.code, str(error))
            headers = _ALLOW if status == 405 else ()
        except InboxFullError as error:
            status, said, headers = 429, _error("full", str(error)), _retry_after(error.retry_after_s)
        except TimeoutError:  # what is kept after all is known by its ids when it is sent again
            status, said, headers = 429, _error("too_slow", "the disk took too long; send it again"), _retry_after(10)
        except Exception as error:
            write_where(log, error)
            status, said = 500, _error("broken", "a fault of cxcurve; nothing of this request was kept")
        await _send(send, status, said, headers)

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self.app(scope, receive, send)
        except Exception as error:  # it was answered already, and the server would write down the error's own words
            write_where(log, error)

    async def _answer(self, route: Route, scope: Scope, receive: Receive) -> tuple[bytes, Headers]:
        if scope["method"] == "OPTIONS":
            return b"", _PREFLIGHT
        if scope["method"] != "POST":
            raise BadRequestError(405, "wrong_method", f"{scope['method'][:20]} cannot be answered here; expected POST")
        request, said = await self._read(route, scope, receive)
        if request is not None:
            async with asyncio.timeout(LONGEST_WAIT_S):
                await self._together.keep(request)
        return said, ()

    async def _read(self, route: Route, scope: Scope, receive: Receive) -> tuple[Request | None, bytes]:
        """What is to be kept, and the verdicts; the messages themselves are let go before the disk is waited for."""
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        most = route.module.MOST_BYTES
        sent = await self._body(receive, headers, most)
        if route.form == "webhook":
            self._check_signature(route.kind, scope, headers, sent)
        body = unpacked(sent, headers.get("content-encoding", ""), most)
        if route.form == "cloudevents":
            body = cloudevents.structured(headers, body)
        payload = read_json(body)
        source = route.kind if route.form == "webhook" else self._source(route, headers, payload)
        _check_count(payload)
        items: list[Item] = route.module.items(route.kind, payload)
        said = _verdicts(items, is_posthog=route.form == "posthog")
        return (Request(source, f"{route.form}/{route.kind}", now_us(), len(items), body) if items else None), said

    async def _body(self, receive: Receive, headers: Mapping[str, str], most: int) -> bytes:
        """The body as sent, at most `most` bytes of it.

        Raises:
            BadRequestError: it is larger, it takes too long, or its sender went away.
            InboxFullError: bodies of others that are on their way leave no room for it.
        """
        length = headers.get("content-length", "")
        if length.isdecimal() and int(length[:20]) > most:
            raise too_large(most)
        try:
            async with asyncio.timeout(LONGEST_WAIT_S):
                return await self._parts(receive, most)
        except TimeoutError:
            late = f"the body did not come within {LONGEST_WAIT_S:.0f} s; nothing of this request was kept"
            raise BadRequestError(408, "too_slow", late) from None

    async def _parts(self, receive: Receive, most: int) -> bytes:
        parts: list[bytes] = []
        held = 0
        try:
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise BadRequestError(400, "cut_off", "the sender went away")
                parts.append(message.get("body", b""))
                held += len(parts[-1])
                self._held_bytes += len(parts[-1])
                if held > most:
                    raise too_large(most)
                if self._held_bytes > MOST_HELD_BYTES:
                    raise InboxFullError("more comes in at once than can be held", retry_after_s=2)
                if not message.get("more_body"):
                    return b"".join(parts)
        finally:
            self._held_bytes -= held

    def _check_signature(self, service: str, scope: Scope, headers: Mapping[str, str], body: bytes) -> None:
        name = f"CXCURVE_{service.upper()}_WEBHOOK_SECRET"
        secret = os.environ.get(name, "")
        if not secret:
            raise BadRequestError(401, "no_secret", f"no secret is shared with {service}; set {name} where serve runs")
        # Behind a proxy the address the service signed is the one it was told.
        host = headers.get("x-forwarded-host") or headers.get("host", "")
        address = f"{headers.get('x-forwarded-proto') or scope.get('scheme', 'http')}://{host}{scope['path']}"
        webhooks.check_signature(service, headers, address, body, secret, time.time())

    def _source(self, route: Route, headers: Mapping[str, str], payload: Any) -> str:
        """The source that the write key is of.

        Raises:
            BadRequestError: there is no key, or it may not write.
        """
        key = _shown_key(headers) or _key_inside(route, payload)
        if not key:
            raise BadRequestError(
                401, "no_key", "no write key; send one as the user of Basic auth, as a Bearer token or in the body"
            )
        found = self.live.keys.find(key[:LONGEST_KEY])
        if found is None or found.is_over(now_us()):
            raise BadRequestError(
                401, "unknown_key", "this write key is not known; `cxcurve tokens create --kind write` makes one"
            )
        if found.kind != "write":
            raise BadRequestError(403, "no_write_key", "this key is for reading; sending needs one of kind write")
        return found.source


class _Together:
    """Hands over what arrives within a moment at once: waking the writing thread for each costs more than writing."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._requests: list[Request] = []
        self._answers: list[asyncio.Future[None]] = []

    async def keep(self, request: Request) -> None:
        """Return once the request is on disk.

        Raises:
            InboxFullError: it cannot be kept.
        """
        loop = asyncio.get_running_loop()
        if not self._requests:
            loop.call_later(MOMENT_S, self._hand_over, loop)
        self._requests.append(request)
        self._answers.append(loop.create_future())
        await self._answers[-1]

    def _hand_over(self, loop: asyncio.AbstractEventLoop) -> None:
        requests, answers = self._requests, self._answers
        self._requests, self._answers = [], []
        try:
            kept = self._live.inbox.put(requests)
        except InboxFullError as error:
            _answered(answers, error)
            return
        kept.add_done_callback(lambda done: loop.call_soon_threadsafe(_answered, answers, done.exception()))


def _answered(answers: Sequence[asyncio.Future[None]], error: BaseException | None) -> None:
    for answer in answers:
        if answer.done():  # its sender does not wait any more
            continue
        if error is None:
            answer.set_result(None)
        else:
            answer.set_exception(error)


def _check_count(payload: Any) -> None:
    batch = payload.get("batch") if isinstance(payload, dict) else payload
    if isinstance(batch, list) and len(batch) > MOST_MESSAGES:
        raise BadRequestError(413, "too_many", f"the body has more than {MOST_MESSAGES:,} messages; send it in parts")


def _retry_after(seconds: int) -> Headers:
    return ((b"retry-after", str(seconds).encode()),)


def _shown_key(headers: Mapping[str, str]) -> str | None:
    """The key in the header: the user of Basic auth, or a Bearer token."""
    scheme, _, rest = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return rest.strip() or None
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(rest.strip(), validate=True).decode("utf-8").partition(":")[0] or None
    except (binascii.Error, UnicodeDecodeError):
        raise BadRequestError(401, "bad_key", "the Basic auth header cannot be read") from None


def _key_inside(route: Route, payload: Any) -> str | None:
    if route.form == "cloudevents":
        return None
    return posthog.write_key(payload) if route.form == "posthog" else segment.write_key(payload)


def _verdicts(items: Sequence[Item], *, is_posthog: bool) -> bytes:
    said: dict[str, Any] = {"success": True, "items": [_verdict(item) for item in items]}
    return orjson.dumps({**said, "status": 1} if is_posthog else said)


def _verdict(item: Item) -> dict[str, Any]:
    if item.reason is None:
        return {"messageId": item.id, "ok": True}
    return {"messageId": item.id, "ok": False, "message": f"kept in quarantine: it {item.reason}"}


def _error(code: str, message: str) -> bytes:
    return orjson.dumps({"code": code, "message": message})


async def _send(send: Send, status: int, body: bytes, headers: Headers) -> None:
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*_COMMON, length, *headers]})
    await send({"type": "http.response.body", "body": body})
