"""Connections, within limits: how many, how long a request's head may be and take, how long an answer may lie unread.

uvicorn leaves these to a proxy; without one, whoever sends a byte a second holds a connection for ever.
"""

from __future__ import annotations

import asyncio
import re
import sys
from functools import cache
from typing import Any, cast

import orjson
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

LONGEST_HEAD_S = 10.0
LONGEST_UNREAD_S = 60.0
"""For an answer to be taken, once it was written."""
LONGEST_REST_S = 5.0
"""For the rest of a body that was answered before its end: its sender reads the answer when it has sent it."""
MOST_HEAD_BYTES = 64 * 1024
MOST_CONNECTIONS = 4_000
_UPGRADE = re.compile(rb"\r\nupgrade:[^\r\n]*", re.IGNORECASE)
_FILES_LEFT = 128
"""For the store, the inbox and the pages, out of those that a process may have open."""


class Connection(HttpToolsProtocol):
    """One connection; it ends where a limit is passed."""

    _timer: asyncio.TimerHandle | None = None
    _ending: asyncio.TimerHandle | None = None
    _head_bytes, _is_in_head, _has_begun, _is_at_start = 0, False, False, True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for a request, unless there are too many who do."""
        super().connection_made(cast("asyncio.Transport", transport))
        if len(self.connections) > most_connections():
            self._refuse(503, "too_many", "too many connections at once; try again in 5 s", b"retry-after: 5\r\n")
        else:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        for timer in (self._timer, self._ending):
            if timer:
                timer.cancel()
        self._timer = self._ending = None
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on, and count what belongs to a head that has not ended."""
        if self.transport.is_closing():
            return
        self._has_begun = False
        super().data_received(_without_upgrade(data) if self._is_at_start and b"pgrade" in data else data)
        if self._is_in_head and not self._has_begun:
            self._head_bytes += len(data)
            if self._head_bytes > MOST_HEAD_BYTES:
                self._refuse(431, "head_too_large", f"the head is larger than {MOST_HEAD_BYTES:,} bytes")
        if self._timer is None and (self.cycle is None or self.cycle.response_complete):
            self._wait()  # empty lines between requests are no request

    def send_400_response(self, msg: str) -> None:
        """What is said of a request that is none."""
        self._refuse(400, "bad_request", "this is no HTTP request that can be read")

    def _unsupported_upgrade_warning(self) -> None:
        """Behind a request that asks for another protocol nothing can be read."""
        self._refuse(400, "bad_request", "no other protocol than HTTP/1.1 is spoken here")

    # --- what the parser tells

    def on_message_begin(self) -> None:
        """A head begins."""
        super().on_message_begin()
        self._is_in_head = self._has_begun = True
        self._is_at_start = False
        self._head_bytes = 0
        if self._timer is None:
            self._wait()

    def on_headers_complete(self) -> None:
        """A head is there."""
        self._is_in_head = False
        if self._timer:
            self._timer.cancel()
            self._timer = None
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """All of a body is there."""
        self._is_at_start = True
        if self._ending:
            self._ending.cancel()
            self._ending = None
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """An answer was written; that it is taken, and the rest of the request comes, is waited for so long."""
        super().on_response_complete()
        if self.transport.is_closing():
            self._end(LONGEST_UNREAD_S)
        elif self.cycle.more_body:
            self._end(LONGEST_REST_S)

    def timeout_keep_alive_handler(self) -> None:
        """Nothing more was asked."""
        super().timeout_keep_alive_handler()
        self._end(LONGEST_UNREAD_S)

    # --- ending

    def _wait(self) -> None:
        self._timer = self.loop.call_later(LONGEST_HEAD_S, self._too_slow)

    def _too_slow(self) -> None:
        self._timer = None
        self._refuse(408, "too_slow", f"no whole head of a request came within {LONGEST_HEAD_S:.0f} s")

    def _end(self, seconds: float) -> None:
        if self._ending is None:
            self._ending = self.loop.call_later(seconds, self.transport.abort)

    def _refuse(self, status: int, code: str, message: str, header: bytes = b"") -> None:
        if self.transport.is_closing():
            return
        body = orjson.dumps({"code": code, "message": message})
        length = f"content-length: {len(body)}\r\nconnection: close\r\n\r\n".encode()
        head = (STATUS_LINE[status], b"content-type: application/json\r\n", header, length)
        self.transport.write(b"".join((*head, body)))
        self.transport.close()
        self._end(LONGEST_UNREAD_S)


def _without_upgrade(data: bytes) -> bytes:
    """A request without its wish for another protocol, which may be left unheard; the parser would drop its body.

    Java's own client has that wish in every first request.
    """
    head, end, rest = data.partition(b"\r\n\r\n")
    return _UPGRADE.sub(b"", head) + end + rest


@cache
def most_connections() -> int:
    """How many at once: one more file than a process may have open, and nobody is answered any more."""
    if sys.platform == "win32":
        return 400
    import resource

    return max(min(MOST_CONNECTIONS, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - _FILES_LEFT), 16)


def server(app: ASGIApp, **settings: Any) -> uvicorn.Server:
    """What serves an application within these limits."""
    told: dict[str, Any] = {"log_level": "warning", "server_header": False, "timeout_graceful_shutdown": 10, **settings}
    return uvicorn.Server(uvicorn.Config(app, http=Connection, ws="none", **told))
