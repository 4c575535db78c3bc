"""Into a channel: what Slack's incoming webhooks take, and those of other chats that take the same."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Callable
from urllib.parse import urlsplit

from cxcurve.errors import ConnectError
from cxcurve.model.subscriptions import LOOPBACK
from cxcurve.sources.posting.contract import Letter, UnsureError

TIMEOUT_S = 30.0
_MOST_READ = 2_000


class Chat:
    """A post (`contract.Post`) to one address, which is a secret and never told."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        is_own = parts.hostname in LOOPBACK
        if not parts.hostname or parts.scheme not in ("https", "http") or (parts.scheme == "http" and not is_own):
            raise ConnectError("chat: the secret address is none; expected https://..., as the chat shows it")
        self._parts = parts

    def send(self, recipient: str, letter: Letter, handing: Callable[[], None]) -> None:
        """Post one message."""
        parts = self._parts
        body = json.dumps({"text": letter.chat}, ensure_ascii=False).encode()
        connection = self._connected()
        try:
            handing()  # from here on it may have been taken
            path = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
            headers = {"Content-Type": "application/json; charset=utf-8", "X-Message-ID": letter.mark}
            try:
                connection.request("POST", path, body, headers)
                answer = connection.getresponse()
                answer.read(_MOST_READ)
            except (OSError, http.client.HTTPException) as error:
                raise UnsureError(f"the chat at {parts.hostname} gave no answer ({type(error).__name__})") from None
            if not 200 <= answer.status < 300:
                hint = " Is the address right?" if answer.status in (301, 302, 401, 403, 404, 410) else ""
                raise ConnectError(f"the chat at {parts.hostname} answered with {answer.status}.{hint}")
        finally:
            connection.close()

    def _connected(self) -> http.client.HTTPConnection:
        host, port = self._parts.hostname or "", self._parts.port
        if self._parts.scheme == "https":
            secure = ssl.create_default_context()
            connection: http.client.HTTPConnection = http.client.HTTPSConnection(
                host, port, timeout=TIMEOUT_S, context=secure
            )
        else:
            connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT_S)
        try:
            connection.connect()
        except OSError as error:
            raise ConnectError(f"the chat at {host} cannot be reached ({type(error).__name__})") from None
        return connection
