"""The services' side of writing: a client that is signed in, and what their refusals mean."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from cxcurve.errors import ConnectError
from cxcurve.sources.connectors.contract import SecretOf
from cxcurve.sources.writing.halving import BatchRefusedError

if TYPE_CHECKING:
    from cxcurve.sources.connectors.client import Client
    from cxcurve.sources.connectors.services import Service

KEPT = "What was acknowledged before is remembered; the rest is sent the next time"
INSTALL = 'writing to services needs dlt: pip install "cxcurve[connect]"'
_OF_RECORDS = (400, 409, 413, 422)
"""Statuses that a record in the batch can be the reason of."""


def client_of(service: Service, settings: Mapping[str, str], secret_of: SecretOf) -> Client:
    """A client of a service; the network is not touched yet where a token alone signs in.

    Raises:
        ConnectError: dlt is not installed, a secret is missing, or the address is none.
    """
    if find_spec("dlt") is None:
        raise ConnectError(INSTALL)
    # dlt tells its makers what it is used for unless told not to, and it reads this when it is imported.
    os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
    from cxcurve.sources.connectors.client import Client

    return Client(service, settings, secret_of, kept=KEPT)


@contextmanager
def of_records() -> Iterator[None]:
    """Raise refusals that a record can be the reason of as such."""
    from cxcurve.sources.connectors.client import RefusedError

    try:
        yield
    except RefusedError as error:
        if error.status in _OF_RECORDS:
            raise BatchRefusedError(str(error)) from None
        raise


def listed(answer: Any, name: str, label: str) -> list[Any]:
    """The list inside an answer.

    Raises:
        ConnectError: there is none.
    """
    found = answer.get(name) if isinstance(answer, Mapping) else answer
    if not isinstance(found, list):
        raise ConnectError(f"{label}: the answer has no list `{name}`; its API may have changed. {KEPT}")
    return found
