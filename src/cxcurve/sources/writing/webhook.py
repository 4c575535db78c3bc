"""An address of your own: customers in messages signed as Standard Webhooks has it.

Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from time import time
from typing import TYPE_CHECKING, Any

from cxcurve.errors import ConnectError
from cxcurve.sources.writing.contract import Record, Refusal
from cxcurve.sources.writing.halving import halved
from cxcurve.sources.writing.http import of_records

if TYPE_CHECKING:
    from cxcurve.sources.connectors.client import Client

TYPE = "customers.changed"
_LEAST_BYTES, _MOST_BYTES = 24, 64


class Webhook:
    """A writer (`contract.Writer`) to one address."""

    at_once = 100

    def __init__(self, name: str, url: str, key: bytes, client: Client) -> None:
        self._name, self._url, self._key, self._client = name, url, key, client
        client.sign = self._sign

    def prepare(self) -> None:
        """There is nothing to look for."""

    def write(self, records: Sequence[Record]) -> Mapping[str, Refusal]:
        """Post them as one message."""
        return halved(self._post, records)

    def _post(self, records: Sequence[Record]) -> dict[str, Refusal]:
        customers = [dict(one.values) for one in records]
        body = json.dumps(
            {
                "type": TYPE,
                "timestamp": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
                "data": {"destination": self._name, "customers": customers},
            },
            ensure_ascii=False,
        )
        headers = {"Content-Type": "application/json", "webhook-id": message_id(self._name, records)}
        with of_records():
            self._client.send(self._url, "POST", data=body.encode(), headers=headers)
        return {}

    def _sign(self, request: Any) -> None:
        """Sign as it is sent: receivers take no signature older than five minutes, and a pause can last longer."""
        request.headers["webhook-timestamp"] = str(int(time()))
        said = f"{request.headers['webhook-id']}.{request.headers['webhook-timestamp']}.".encode() + request.body
        signature = hmac.new(self._key, said, hashlib.sha256).digest()
        request.headers["webhook-signature"] = f"v1,{base64.b64encode(signature).decode()}"


def message_id(name: str, records: Sequence[Record]) -> str:
    """The same for the same customers with the same values, so that a receiver can tell what it has had already."""
    said = json.dumps([name, [[one.customer_id, dict(one.values)] for one in records]], sort_keys=True)
    return f"msg_{hashlib.sha256(said.encode()).hexdigest()[:32]}"


def signing_key(secret: str) -> bytes:
    """The bytes of a secret such as "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".

    Raises:
        ConnectError: it is no such secret.
    """
    text = secret.removeprefix("whsec_")
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not _LEAST_BYTES <= len(key) <= _MOST_BYTES:
        raise ConnectError(
            "webhook: the secret has not the form of Standard Webhooks; expected whsec_ and 24 to 64 bytes in base64, "
            "such as `openssl rand -base64 32` gives"
        )
    return key
